using System.Text.Json;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Json;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Openings;

/// <summary>Reads a mapping of balances: strictly, and with all that is wrong at once.</summary>
internal static class OpeningMappingJson
{
    /// <summary>The value of "$schema" by which it can say what it is.</summary>
    public const string Schema = "crm/balances/1";

    private static readonly Dictionary<string, bool> Days = new(StringComparer.Ordinal) { ["included"] = true, ["excluded"] = false };
    private static readonly Dictionary<string, bool> WhenEmpty = new(StringComparer.Ordinal) { ["forever"] = true, ["reject"] = false };

    /// <summary>Reads a mapping from a file.</summary>
    /// <exception cref="ToolException">It cannot be read, or is wrong; the message lists all that is.</exception>
    public static OpeningMapping FromFile(string file)
    {
        string text;
        try
        {
            text = NamedFile.Text(file);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Input($"--map: '{file}' cannot be read: {wrong.Message}");
        }

        var (mapping, faults) = Read(text);
        return mapping ?? throw ToolException.Input(faults.Select(fault => $"{file}: {fault}"));
    }

    /// <returns>The mapping, or null and what is wrong with it.</returns>
    public static (OpeningMapping? Mapping, IReadOnlyList<JsonFault> Faults) Read(string json)
    {
        var faults = new List<JsonFault>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            faults.AddRange(HalfCharacters.In(document.RootElement));
            if (faults.Count > 0)
            {
                return (null, faults);
            }

            var mapping = Read(document.RootElement, faults);
            return (faults.Count == 0 ? mapping : null, faults);
        }
        catch (JsonException broken)
        {
            return (null, [new("", "a text that is not JSON", $"JSON ({broken.Message})")]);
        }
    }

    /// <summary>Stand-ins for what is wrong are never seen: a mapping with faults is not handed out.</summary>
    private static OpeningMapping Read(JsonElement element, List<JsonFault> faults)
    {
        var root = StrictObject.Read(element, "", faults, "$schema", "name", "format", "zone", "member", "program", "units", "tiers", "cards");
        root.Parsed("$schema", $"'{Schema}'", text => text == Schema ? text : null, required: false);
        var mapping = new OpeningMapping
        {
            Name = root.Parsed("name", "a name of lower-case letters, digits, '-', '_' and '.'", MappingJson.NameOrNull) ?? "unnamed",
            Format = MappingJson.Format(root, faults),
            Zone = root.Parsed("zone", "a time zone of the IANA database, such as 'Asia/Hong_Kong'", id => DateTimeZoneProviders.Tzdb.GetZoneOrNull(id)) ?? DateTimeZone.Utc,
            Member = Member(root, faults),
            Program = MappingJson.CellAt(root.Find("program"), faults),
            Units = Units(root, faults),
            Tiers = Tiers(root, faults),
            Cards = Cards(root, faults),
        };
        if (mapping is { Units: null, Tiers: null, Cards: null })
        {
            faults.Add(new("", "neither units nor tiers nor cards", "at least one of them"));
        }

        if (!mapping.Format.Header)
        {
            faults.AddRange(mapping.Columns.Where(column => column.Name is not null).Select(column => new JsonFault("format.header", $"false, while '{column.Name}' is a name of a column", "places counted from 1, or a file with a header")));
        }

        return mapping;
    }

    private static CustomerColumn Member(StrictObject root, List<JsonFault> faults)
    {
        if (root.Require("member", "an object with column, kind, withoutLeadingZeros") is not { } found)
        {
            return new(new Column(null, 1), "user", false);
        }

        var member = StrictObject.Read(found.Element, found.Path, faults, "column", "kind", "withoutLeadingZeros");
        return new(
            MappingJson.RequiredColumn(member, "column", faults),
            member.Parsed("kind", "a kind of identity of lower-case letters, digits, '-' and '_', such as 'user'", MappingJson.NameOrNull) ?? "user",
            member.Flag("withoutLeadingZeros", false));
    }

    private static OpeningUnits? Units(StrictObject root, List<JsonFault> faults)
    {
        if (root.Find("units") is not { } found)
        {
            return null;
        }

        var units = StrictObject.Read(found.Element, found.Path, faults, "unit", "amount", "expiry", "lastDay", "earned", "whenEmpty", "activeFrom", "issuer");
        units.Require("unit", "a column, or an object with a constant");
        var read = new OpeningUnits(MappingJson.CellAt(units.Find("unit"), faults) ?? new Cell(null, ""), MappingJson.RequiredColumn(units, "amount", faults))
        {
            Expiry = Time(units, "expiry", faults),
            LastDayIncluded = units.Choice<bool>("lastDay", Days, true),
            Earned = Time(units, "earned", faults),
            ForeverWhenEmpty = units.Choice<bool>("whenEmpty", WhenEmpty, false),
            ActiveFrom = Time(units, "activeFrom", faults),
            Issuer = MappingJson.CellAt(units.Find("issuer"), faults),
        };
        if (units.Has("expiry") == units.Has("earned") && (units.Has("expiry") || !read.ForeverWhenEmpty))
        {
            faults.Add(new(found.Path, units.Has("expiry") ? "expiry and earned" : "neither expiry nor earned", "either 'expiry' (when units run out) or 'earned' (when they were earned, so that the programme says when), or \"whenEmpty\": \"forever\" alone"));
        }

        return read;
    }

    private static OpeningTiers? Tiers(StrictObject root, List<JsonFault> faults)
    {
        if (root.Find("tiers") is not { } found)
        {
            return null;
        }

        var tiers = StrictObject.Read(found.Element, found.Path, faults, "tier", "ladder", "until", "lastDay", "since");
        return new OpeningTiers(MappingJson.RequiredColumn(tiers, "tier", faults))
        {
            Ladder = MappingJson.CellAt(tiers.Find("ladder"), faults),
            Until = Time(tiers, "until", faults),
            LastDayIncluded = tiers.Choice<bool>("lastDay", Days, true),
            Since = Time(tiers, "since", faults),
        };
    }

    private static OpeningCards? Cards(StrictObject root, List<JsonFault> faults)
    {
        if (root.Find("cards") is not { } found)
        {
            return null;
        }

        var cards = StrictObject.Read(found.Element, found.Path, faults, "card", "stamps", "free");
        if (!cards.Has("stamps") && !cards.Has("free"))
        {
            faults.Add(new(found.Path, "neither stamps nor free", "at least one of them"));
        }

        return new OpeningCards
        {
            Card = MappingJson.CellAt(cards.Find("card"), faults),
            Stamps = cards.Has("stamps") ? MappingJson.RequiredColumn(cards, "stamps", faults) : null,
            Free = cards.Has("free") ? MappingJson.RequiredColumn(cards, "free", faults) : null,
        };
    }

    private static TimeColumn? Time(StrictObject owner, string name, List<JsonFault> faults)
    {
        if (owner.Find(name) is not { } found)
        {
            return null;
        }

        var time = StrictObject.Read(found.Element, found.Path, faults, "column", "formats");
        var column = MappingJson.RequiredColumn(time, "column", faults);
        var formats = new List<string>();
        foreach (var (element, path) in time.Items("formats", "a list of patterns such as 'yyyy-MM-dd' or 'dd/MM/yyyy'", required: true))
        {
            if (element.ValueKind == JsonValueKind.String && element.GetString() is { Length: > 0 } pattern && TimePatterns.SayTheDay(pattern))
            {
                formats.Add(pattern);
            }
            else
            {
                faults.Add(new(path, StrictObject.Show(element), TimePatterns.Expected));
            }
        }

        return new TimeColumn(column, formats.ToSequence());
    }
}
