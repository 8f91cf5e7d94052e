using System.Globalization;
using System.Text.Json;
using Crm.Events;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Json;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Mappings;

/// <summary>Reads a mapping: strictly, and with all that is wrong at once.</summary>
internal static class MappingJson
{
    /// <summary>The value of "$schema" by which a mapping can say what it is.</summary>
    public const string Schema = "crm/mapping/1";

    private const string ColumnForm = "the name of a column, or its place counted from 1";

    private static readonly Dictionary<string, FileKind> Kinds = new(StringComparer.Ordinal) { ["csv"] = FileKind.Csv, ["spaced"] = FileKind.Spaced, ["xlsx"] = FileKind.Xlsx };

    private static readonly Dictionary<string, FileEncoding> Encodings = new(StringComparer.Ordinal)
    {
        ["utf-8"] = FileEncoding.Utf8, ["latin-1"] = FileEncoding.Latin1, ["utf-8-or-latin-1"] = FileEncoding.Utf8OrLatin1,
    };

    private static readonly Dictionary<string, LineRounding> Roundings = new(StringComparer.Ordinal) { ["half-even"] = LineRounding.HalfEven, ["refuse"] = LineRounding.Refuse };

    private static readonly Dictionary<string, RowMeaning> Meanings = new(StringComparer.Ordinal)
    {
        ["purchase"] = RowMeaning.Purchase, ["refund"] = RowMeaning.Refund, ["ignore"] = RowMeaning.Ignore, ["reject"] = RowMeaning.Reject,
    };

    private static readonly Dictionary<string, RowTestKind> NumberTests = new(StringComparer.Ordinal)
    {
        ["atMost"] = RowTestKind.AtMost, ["below"] = RowTestKind.Below, ["atLeast"] = RowTestKind.AtLeast, ["above"] = RowTestKind.Above,
    };

    private static readonly string[] Tests = ["is", "equals", "startsWith", .. NumberTests.Keys];

    /// <summary>Reads a mapping.</summary>
    /// <returns>The mapping, or null and what is wrong with it.</returns>
    public static (Mapping? Mapping, IReadOnlyList<JsonFault> Faults) Read(string json)
    {
        var faults = new List<JsonFault>();
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
        }
        catch (JsonException broken)
        {
            return (null, [new("", "a text that is not JSON", $"JSON ({broken.Message})")]);
        }

        using (document)
        {
            faults.AddRange(HalfCharacters.In(document.RootElement));
            if (faults.Count > 0)
            {
                return (null, faults);
            }

            var mapping = Read(document.RootElement, faults);
            return (faults.Count == 0 ? mapping : null, faults);
        }
    }

    /// <summary>Stand-ins for what is wrong are never seen: a mapping with faults is not handed out.</summary>
    private static Mapping Read(JsonElement element, List<JsonFault> faults)
    {
        var root = StrictObject.Read(element, "", faults, "$schema", "name", "source", "format", "zone", "currency", "customer", "time", "key", "line", "channel", "brand", "rows");
        root.Parsed("$schema", $"'{Schema}'", text => text == Schema ? text : null, required: false);
        var name = root.Parsed("name", "a name of lower-case letters, digits, '-', '_' and '.'", NameOrNull) ?? "unnamed";
        var format = Format(root, faults);
        var mapping = new Mapping
        {
            Name = name,
            Source = root.Parsed("source", "a name of lower-case letters, digits, '-', '_' and '.'", NameOrNull, required: false) ?? name,
            Format = format,
            Zone = root.Parsed("zone", "a time zone of the IANA database, such as 'Europe/London'", id => DateTimeZoneProviders.Tzdb.GetZoneOrNull(id)) ?? DateTimeZone.Utc,
            Currency = CurrencyOf(root, faults),
            Customer = Customer(root, faults),
            Time = Time(root, faults),
            Key = root.Items("key", "a list of columns; left out when no column names an event", required: false).Select(item => ColumnAt(item, faults)).ToSequence(),
            Line = Line(root, faults),
            Channel = NameAt(root, "channel", faults),
            Brand = NameAt(root, "brand", faults),
            Rows = Rows(root, faults),
        };
        if (!format.Header)
        {
            faults.AddRange(mapping.Columns.Where(column => column.Name is not null)
                .Select(column => new JsonFault("format.header", $"false, while '{column.Name}' is a name of a column", "places counted from 1, or a file with a header")));
        }

        return mapping;
    }

    internal static FileFormat Format(StrictObject root, List<JsonFault> faults)
    {
        const string expected = "an object with kind, separator, header, encoding";
        if (root.Require("format", expected) is not { } found)
        {
            return new(FileKind.Csv, ',', true, FileEncoding.Utf8);
        }

        var format = StrictObject.Read(found.Element, found.Path, faults, "kind", "separator", "header", "encoding");
        var kind = format.Choice("kind", Kinds);
        var separator = format.Parsed("separator", "one character, such as ',' or ';' or a tab", text => text.Length == 1 && text[0] is not ('"' or '\r' or '\n') ? text : null, required: false);
        if (separator is not null && kind != FileKind.Csv)
        {
            faults.Add(new(format.At("separator"), $"'{separator}'", "no separator: only files of kind csv have one"));
        }

        return new(kind, separator?[0] ?? ',', format.Flag("header", true), format.Choice<FileEncoding>("encoding", Encodings, FileEncoding.Utf8));
    }

    private static Currency CurrencyOf(StrictObject root, List<JsonFault> faults)
    {
        const string expected = "a currency code of ISO 4217, such as 'HKD' or 'USD'";
        var code = root.Text("currency", expected);
        if (code is not null && Currency.TryOf(code, out var currency))
        {
            return currency;
        }

        if (code is not null)
        {
            faults.Add(new("currency", $"'{code}'", expected));
        }

        return default;
    }

    private static CustomerColumn Customer(StrictObject root, List<JsonFault> faults)
    {
        if (root.Require("customer", "an object with column, kind, withoutLeadingZeros") is not { } found)
        {
            return new(Unknown, "user", false);
        }

        var customer = StrictObject.Read(found.Element, found.Path, faults, "column", "kind", "withoutLeadingZeros");
        return new(
            RequiredColumn(customer, "column", faults),
            customer.Parsed("kind", "a kind of identity of lower-case letters, digits, '-' and '_', such as 'user'", NameOrNull) ?? "user",
            customer.Flag("withoutLeadingZeros", false));
    }

    private static TimeColumn Time(StrictObject root, List<JsonFault> faults)
    {
        if (root.Require("time", "an object with column, formats") is not { } found)
        {
            return new(Unknown, []);
        }

        var time = StrictObject.Read(found.Element, found.Path, faults, "column", "formats");
        var column = RequiredColumn(time, "column", faults);
        var formats = new List<string>();
        foreach (var (element, path) in time.Items("formats", "a list of patterns such as 'yyyy-MM-dd HH:mm:ss' or 'yyyyMMdd'", required: true))
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

        return new(column, formats.ToSequence());
    }

    private static LineColumns Line(StrictObject root, List<JsonFault> faults)
    {
        if (root.Require("line", "an object with article, category, quantity, and amount or price") is not { } found)
        {
            return new(Unknown, false, LineRounding.HalfEven);
        }

        var line = StrictObject.Read(found.Element, found.Path, faults, "article", "category", "quantity", "amount", "price", "rounding");
        var isPrice = line.Has("price");
        if (line.Has("amount") == isPrice)
        {
            faults.Add(new(found.Path, isPrice ? "amount and price" : "neither amount nor price", "either 'amount' (the total of the row) or 'price' (of one)"));
        }

        foreach (var dependent in new[] { isPrice ? "price" : null, line.Has("article") ? "article" : null }.OfType<string>().Where(_ => !line.Has("quantity")))
        {
            faults.Add(new(line.At("quantity"), "nothing", $"the quantity, because there is '{dependent}'"));
        }

        if (line.Has("category") && !line.Has("article"))
        {
            faults.Add(new(line.At("article"), "nothing", "the article, because there is 'category'"));
        }

        return new(
            line.Find(isPrice ? "price" : "amount") is { } amount ? ColumnAt(amount, faults) : Unknown,
            isPrice,
            line.Choice<LineRounding>("rounding", Roundings, LineRounding.HalfEven))
        {
            Article = CellAt(line.Find("article"), faults),
            Category = CellAt(line.Find("category"), faults),
            Quantity = QuantityAt(line, faults),
        };
    }

    private static Cell? NameAt(StrictObject root, string name, List<JsonFault> faults) =>
        Constant(CellAt(root.Find(name), faults), root.At(name), Names.IsName, "a name of lower-case letters, digits, '-', '_' and '.'", faults);

    private static Cell? QuantityAt(StrictObject line, List<JsonFault> faults) => Constant(
        CellAt(line.Find("quantity"), faults),
        line.At("quantity"),
        text => RowReader.Number(text, out var quantity) && EventLine.IsQuantity(quantity),
        string.Create(CultureInfo.InvariantCulture, $"a number above 0, at most {EventLine.MostQuantity} and with at most {EventLine.QuantityDecimals} decimals"),
        faults);

    // What no event may have is wrong in all rows.
    private static Cell? Constant(Cell? cell, string path, Func<string, bool> isRight, string expected, List<JsonFault> faults)
    {
        if (cell?.Constant is { } constant && !isRight(constant))
        {
            faults.Add(new($"{path}.constant", $"'{constant}'", expected));
        }

        return cell;
    }

    private static Sequence<RowRule> Rows(StrictObject root, List<JsonFault> faults)
    {
        var items = root.Items("rows", "a list of rules; the last one without 'when'", required: true);
        var rules = items.Select(item => Rule(item, faults)).ToSequence();
        for (var i = 0; i < items.Count; i++)
        {
            var always = items[i].Element.ValueKind == JsonValueKind.Object && !items[i].Element.TryGetProperty("when", out _);
            if (always && i < items.Count - 1)
            {
                faults.Add(new(items[i].Path, "a rule without 'when'", "'when', because the rules after it would never be asked"));
            }
            else if (!always && i == items.Count - 1 && items[i].Element.ValueKind == JsonValueKind.Object)
            {
                faults.Add(new(items[i].Path, "a last rule with 'when'", "a last rule without 'when' that says what all other rows are"));
            }
        }

        return rules;
    }

    private static RowRule Rule((JsonElement Element, string Path) item, List<JsonFault> faults)
    {
        var rule = StrictObject.Read(item.Element, item.Path, faults, "when", "then", "reason");
        var then = rule.Choice("then", Meanings);
        var tests = rule.Find("when") is not { } when
            ? []
            : when.Element.ValueKind == JsonValueKind.Array
                ? rule.Items("when", "a test or a list of tests", required: true).Select(test => Test(test, faults)).ToSequence()
                : [Test(when, faults)];
        var mustSay = then is RowMeaning.Ignore or RowMeaning.Reject;
        var reason = rule.Parsed("reason", "a reason of lower-case letters, digits and '-', such as 'missing-customer'", NameOrNull, required: mustSay && rule.Has("then"));
        if (reason is not null && !mustSay)
        {
            faults.Add(new(rule.At("reason"), $"'{reason}'", "no reason: only rows that are ignored or rejected have one"));
        }

        return new(tests, then, reason);
    }

    private static RowTest Test((JsonElement Element, string Path) item, List<JsonFault> faults)
    {
        var test = StrictObject.Read(item.Element, item.Path, faults, ["column", .. Tests]);
        var column = RequiredColumn(test, "column", faults);
        var kinds = Tests.Where(test.Has).ToList();
        if (kinds.Count != 1)
        {
            faults.Add(new(item.Path, kinds.Count == 0 ? "no test" : string.Join(" and ", kinds), $"exactly one of {string.Join(", ", Tests)}"));
            return new(column, RowTestKind.Present);
        }

        if (kinds[0] == "is")
        {
            var states = new Dictionary<string, RowTestKind>(StringComparer.Ordinal) { ["empty"] = RowTestKind.Empty, ["present"] = RowTestKind.Present };
            return new(column, test.Choice("is", states));
        }

        if (kinds[0] == "startsWith")
        {
            return new(column, RowTestKind.StartsWith, test.Text("startsWith", "the first characters of the cell"));
        }

        var (element, path) = test.Find(kinds[0]).GetValueOrDefault();
        if (kinds[0] == "equals" && element.ValueKind == JsonValueKind.String)
        {
            return new(column, RowTestKind.TextEquals, element.GetString());
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDecimal(out var number))
        {
            return new(column, kinds[0] == "equals" ? RowTestKind.NumberEquals : NumberTests[kinds[0]], Number: number);
        }

        faults.Add(new(path, StrictObject.Show(element), kinds[0] == "equals" ? "a text or a number" : "a number"));
        return new(column, RowTestKind.Present);
    }

    private static Column Unknown { get; } = new(null, 1);

    internal static Column RequiredColumn(StrictObject owner, string name, List<JsonFault> faults) =>
        owner.Require(name, ColumnForm) is { } found ? ColumnAt(found, faults) : Unknown;

    private static Column ColumnAt((JsonElement Element, string Path) item, List<JsonFault> faults)
    {
        if (item.Element.ValueKind == JsonValueKind.String && item.Element.GetString() is { Length: > 0 } name)
        {
            return new(name, 0);
        }

        if (item.Element.ValueKind == JsonValueKind.Number && item.Element.TryGetInt32(out var place) && place is >= 1 and <= 16_384)
        {
            return new(null, place);
        }

        faults.Add(new(item.Path, StrictObject.Show(item.Element), ColumnForm));
        return Unknown;
    }

    internal static Cell? CellAt((JsonElement Element, string Path)? item, List<JsonFault> faults)
    {
        if (item is not { } found)
        {
            return null;
        }

        if (found.Element.ValueKind != JsonValueKind.Object)
        {
            return new(ColumnAt(found, faults), null);
        }

        var constant = StrictObject.Read(found.Element, found.Path, faults, "constant");
        return new(null, constant.Text("constant", "the text that is the same for all rows"));
    }

    internal static string? NameOrNull(string text) => Names.IsName(text) ? text : null;
}
