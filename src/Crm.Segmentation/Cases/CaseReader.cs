using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Cases;

/// <summary>Reads cases and gathers everything that is wrong with them.</summary>
internal static class CaseReader
{
    private const string ASegment = "the id of a segment";
    private static readonly string[] OfEvents = ["at", "recordedAt", "kind", "key", "channel", "brand", "actor", "spend", "currency", "lines", "original", "fields", "profile"];

    /// <summary>The cases; null when something is wrong, which is among the errors then.</summary>
    public static SegmentCases? Read(CasePart root)
    {
        if (!root.IsObject("$schema", "zone", "currency", "cases"))
        {
            return null;
        }

        if (root.Part("$schema", $"\"{SegmentCases.Schema}\"") is { } schema && schema.Text($"\"{SegmentCases.Schema}\"") is { } said && said != SegmentCases.Schema)
        {
            schema.Wrong($"\"{SegmentCases.Schema}\"");
        }

        var zone = DateTimeZone.Utc;
        if (root.Part("zone", "the zone of the business, such as \"Asia/Hong_Kong\",") is { } named && named.Text("a time zone such as \"Asia/Hong_Kong\"") is { } id)
        {
            zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? zone;
            if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) is null)
            {
                named.Wrong("a time zone of the IANA database such as \"Asia/Hong_Kong\"");
            }
        }

        var currency = Currency(root) ?? Values.Currency.Hkd;
        root.Part("cases", "a list of cases");
        return new SegmentCases(zone, [.. root.List("cases").Select(part => Case(part, zone, currency)).ToList().OfType<SegmentCase>()]);
    }

    private static SegmentCase? Case(CasePart part, DateTimeZone zone, Currency currency)
    {
        if (!part.IsObject("name", "events", "facts", "expect"))
        {
            return null;
        }

        var name = part.Part("name", "what the case says, as a sentence,")?.Text("a sentence");
        part.Part("expect", "a list of what is to be found");
        return new SegmentCase
        {
            Name = name ?? "",
            Events = [.. part.List("events").Select((one, i) => Event(one, i, zone, currency)).ToList().OfType<CaseEvent>()],
            Facts = [.. part.List("facts").Select(one => Facts(one, zone)).ToList().OfType<CaseFacts>()],
            Expect = [.. part.List("expect").SelectMany(one => Expected(one, zone)).ToList()],
        };
    }

    private static CaseEvent? Event(CasePart part, int place, DateTimeZone zone, Currency usual)
    {
        if (!part.IsObject(OfEvents) || part.Part("at", "when it occurred") is not { } when || when.At(zone) is not { } at)
        {
            return null;
        }

        var currency = Currency(part) ?? usual;
        var recorded = part.Optional("recordedAt") is { } late ? late.At(zone) ?? at : at;
        if (recorded < at)
        {
            part.Optional("recordedAt")?.Wrong("an instant not before the event's own");
        }

        var (profile, removed) = part.Optional("profile")?.Values() ?? default;
        var fields = part.Optional("fields")?.Values().Values ?? Fields.None;
        return new CaseEvent(
            new CustomerEvent
            {
                Key = Key(part, "key") ?? new EventKey("case", place.ToString(CultureInfo.InvariantCulture)),
                Kind = part.Optional("kind")?.Text("a kind of events") ?? EventKinds.PurchaseName,
                Identity = ToldFacts.Somebody,
                OccurredAt = at,
                Channel = part.Optional("channel")?.Text("a code"),
                Brand = part.Optional("brand")?.Text("a code"),
                Actor = part.Optional("actor")?.Text("a code"),
                Spend = part.Optional("spend") is { } spend && spend.Number("an amount such as 52.5") is { } amount ? Amount(spend, amount, currency) : null,
                Lines = [.. part.List("lines").Select(line => Line(line, currency)).ToList().OfType<EventLine>()],
                Original = Key(part, "original"),
                Fields = fields,
                Profile = profile,
                ProfileRemoved = removed,
            },
            recorded);
    }

    private static EventLine? Line(CasePart part, Currency currency)
    {
        if (!part.IsObject("sku", "quantity", "amount", "category"))
        {
            return null;
        }

        var sku = part.Part("sku", "the code of an article")?.Text("the code of an article");
        var quantity = part.Optional("quantity") is { } many ? many.Number("a number") : 1;
        var amount = part.Part("amount", "what the line costs");
        return sku is not null && quantity is { } number && amount is { } priced && priced.Number("an amount such as 52.5") is { } cost && Amount(priced, cost, currency) is { } money
            ? new EventLine(sku, number, money, part.Optional("category")?.Text("a code"))
            : null;
    }

    private static Money? Amount(CasePart part, decimal amount, Currency currency)
    {
        if (amount >= 0 && decimal.Round(amount, currency.Decimals) == amount && amount < 1_000_000_000_000m)
        {
            return Money.Of(amount, currency);
        }

        part.Wrong(string.Create(CultureInfo.InvariantCulture, $"an amount from 0 with at most {currency.Decimals} decimals"));
        return null;
    }

    private static Currency? Currency(CasePart part)
    {
        if (part.Optional("currency") is not { } named || named.Text("a currency code such as \"HKD\"") is not { } code)
        {
            return null;
        }

        if (Values.Currency.TryOf(code, out var currency))
        {
            return currency;
        }

        named.Wrong("a currency code of ISO 4217 such as \"HKD\"");
        return null;
    }

    private static EventKey? Key(CasePart part, string name)
    {
        if (part.Optional(name) is not { } given || given.Text("a key such as \"pos:1042\"") is not { } text)
        {
            return null;
        }

        try
        {
            return EventKey.Parse(text);
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException)
        {
            given.Wrong("a key such as \"pos:1042\"");
            return null;
        }
    }

    private static CaseFacts? Facts(CasePart part, DateTimeZone zone)
    {
        if (!part.IsObject("at", "set") || part.Part("at", "from when the facts are so") is not { } when || when.At(zone) is not { } at || part.Part("set", "an object with facts") is not { } set)
        {
            return null;
        }

        var (values, gone) = set.Values();
        return new CaseFacts(at, values, gone);
    }

    private static IEnumerable<CaseExpectation> Expected(CasePart part, DateTimeZone zone)
    {
        if (!part.IsObject("at", "in", "notIn") || part.Part("at", "the instant at which it is to be found") is not { } when || when.At(zone) is not { } at)
        {
            yield break;
        }

        if (!part.Has("in") && !part.Has("notIn"))
        {
            part.Wrong("an object with 'in', 'notIn' or both");
        }

        foreach (var (name, isMember) in new[] { ("in", true), ("notIn", false) })
        {
            foreach (var one in part.List(name))
            {
                if (one.Text(ASegment) is { } segment)
                {
                    yield return new CaseExpectation(at, segment, isMember);
                }
            }
        }
    }
}
