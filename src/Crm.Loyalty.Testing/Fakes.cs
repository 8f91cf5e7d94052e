using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>A rule made of a function.</summary>
internal sealed class Fake(string name, Func<EarningContext, IEnumerable<Earning>> evaluate) : IEarningRule
{
    public string Name => name;

    public int Version => 1;

    public IEnumerable<Earning> Evaluate(EarningContext context) => evaluate(context);
}

/// <summary>Rules that are deliberately wrong.</summary>
internal static class Fakes
{
    /// <summary>Gives one more each time it is asked.</summary>
    public static IEarningRule Rememberer()
    {
        var asked = 0;
        return new Fake("rememberer", _ => [new("points", ++asked)]);
    }

    /// <summary>Gives by the line that was missing first, and remembers it until it sees the whole purchase again.</summary>
    public static IEarningRule Partial()
    {
        Sequence<EventLine> whole = [];
        string? first = null;
        return new Fake("partial", context =>
        {
            var lines = context.Event.Lines;
            if (lines.Count >= whole.Count || lines.Any(line => whole.All(known => known.Sku != line.Sku)))
            {
                (whole, first) = (lines, null);
            }

            first ??= whole.FirstOrDefault(known => lines.All(line => line.Sku != known.Sku)).Sku;
            return [new("points", first?.Length ?? 10)];
        });
    }

    /// <summary>Says that it gave twice as much when it is asked again, and that it gives nothing any more when it is asked a third time.</summary>
    public static IEarningRule Turncoat()
    {
        var asked = 0;
        return new Fake("turncoat", _ => [new("points", (asked++ % 3) switch { 0 => 10, 1 => 20, _ => 0 })]);
    }

    /// <summary>Gives more where the last of several articles cost little, as it does once most of it was paid back.</summary>
    public static IEarningRule Consoling { get; } =
        new Fake("consoling", context => [new("points", context.Event.Lines is { Count: > 1 } lines && lines[^1].Amount.MinorUnits < 1_000 ? 10 : 1)]);

#pragma warning disable RS0030 // These are wrong on purpose.
    /// <summary>Gives by the machine's clock, and the same for an hour.</summary>
    public static IEarningRule ByTheHour { get; } = new Fake("hourly", _ => [new("points", DateTime.UtcNow.Hour)]);

    /// <summary>Gives by the machine's clock, and the same for a day.</summary>
    public static IEarningRule ByTheDay { get; } = new Fake("daily", _ => [new("points", (int)SystemClock.Instance.GetCurrentInstant().InUtc().DayOfWeek)]);
#pragma warning restore RS0030

    /// <summary>Leaves out of its settings what it earns.</summary>
    public static (IEarningRule Rule, RuleClaims Claims) Forgetful() =>
        (new ForgetfulRule(7), RuleClaims.Usual with { Kinds = new EarningRuleKinds(new EarningRuleKind("forgetful", [1], _ => new ForgetfulRule(1))) });

    private sealed class ForgetfulRule(long points) : IJsonEarningRule
    {
        public string Name => "forgetful";

        public int Version => 1;

        public string Kind => "forgetful";

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", points)];

        public void WriteSettings(Utf8JsonWriter json) => json.WriteString("unit", "points");
    }
}
