using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>One purchase that a law is tried with.</summary>
/// <param name="Event">The purchase, with its instant.</param>
internal sealed record RuleCase(CustomerEvent Event)
{
    private static readonly long[] Cents = [0, 1, 99, 100, 101, 999, 1_000, 1_001, 1_990, 5_000, 7_990, 10_500, 123_456];

    private static readonly int[] Minutes = [0, 1, 30, 59];

    public Instant At => Event.OccurredAt ?? default;

    /// <summary>Cases in an order that is the same on every machine: amounts a cent around whole ones, instants around midnight and changes of clocks, no line, one, many.</summary>
    public static IEnumerable<RuleCase> All(RuleClaims claims, int count)
    {
        var state = 0x9E3779B97F4A7C15UL;
        int Next(int below)
        {
            // SplitMix64: no contract of the platform is needed for the sequence to stay the same.
            state += 0x9E3779B97F4A7C15UL;
            var bits = state;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9UL;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBUL;
            return (int)((bits ^ (bits >> 31)) % (ulong)below);
        }

        for (var i = 0; i < count; i++)
        {
            var lines = Enumerable.Range(0, Next(5)).Select(_ =>
            {
                var (sku, category) = claims.Articles[Next(claims.Articles.Count)];
                return new EventLine(sku, 1 + Next(4), new Money(Cents[Next(Cents.Length)], claims.Currency), category);
            }).ToSequence();
            var spend = lines.IsEmpty ? Cents[Next(Cents.Length)] : lines.Sum(line => line.Amount.MinorUnits);
            var at = Instant.FromUtc(2026, 1, 1, 0, 0) + Duration.FromHours(Next(24 * 400)) + Duration.FromMinutes(Minutes[Next(Minutes.Length)]);
            var happened = new CustomerEvent
            {
                Key = new EventKey("case", i.ToString(CultureInfo.InvariantCulture)),
                Kind = EventKinds.PurchaseName,
                Identity = Identity.User("case"),
                OccurredAt = at,
                Spend = new Money(spend, claims.Currency),
                Lines = lines,
            };
            yield return new RuleCase(claims.Arrange(happened, i));
        }
    }

    public RuleCase With(Sequence<EventLine> lines) => new(Event with { Lines = lines, Spend = new Money(lines.IsEmpty ? 0 : lines.Sum(line => line.Amount.MinorUnits), Event.Spend?.Currency ?? default) });

    /// <summary>The same purchase with more paid for everything.</summary>
    public RuleCase Dearer(long minorUnits) => Event.Lines.IsEmpty
        ? new(Event with { Spend = new Money((Event.Spend?.MinorUnits ?? 0) + minorUnits, Event.Spend?.Currency ?? default) })
        : With(Event.Lines.Select((line, index) => index == 0 ? line with { Amount = line.Amount with { MinorUnits = line.Amount.MinorUnits + minorUnits } } : line).ToSequence());

    /// <summary>Smaller purchases, the smallest first.</summary>
    public IEnumerable<RuleCase> Smaller()
    {
        for (var i = 0; i < Event.Lines.Count; i++)
        {
            var rest = Event.Lines.ToList();
            rest.RemoveAt(i);
            yield return With(rest.ToSequence());
        }

        for (var i = 0; i < Event.Lines.Count; i++)
        {
            var (line, index) = (Event.Lines[i], i);
            if (line.Amount.MinorUnits > 0)
            {
                yield return With(Event.Lines.Select((other, place) => place == index ? other with { Amount = other.Amount with { MinorUnits = other.Amount.MinorUnits / 2 } } : other).ToSequence());
            }

            if (line.Quantity > 1)
            {
                yield return With(Event.Lines.Select((other, place) => place == index ? other with { Quantity = other.Quantity - 1 } : other).ToSequence());
            }
        }

        if (Event.Lines.IsEmpty && Event.Spend is { MinorUnits: > 0 } spend)
        {
            yield return new RuleCase(Event with { Spend = spend with { MinorUnits = spend.MinorUnits / 2 } });
            yield return new RuleCase(Event with { Spend = spend with { MinorUnits = spend.MinorUnits - 1 } });
        }
    }

    public override string ToString() => $"a purchase of {Event.Spend} at {Event.OccurredAt} with {(Event.Lines.IsEmpty ? "no lines" : string.Join(", ", Event.Lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Quantity} {line.Sku} for {line.Amount}"))))}";
}
