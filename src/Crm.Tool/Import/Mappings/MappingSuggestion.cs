using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Tool.Import.Reading;
using NodaTime.Text;

namespace Crm.Tool.Import.Mappings;

/// <summary>Proposes a mapping for a file from its header and its first rows. A person must check it: what a column means can only be guessed.</summary>
internal static class MappingSuggestion
{
    private const int Samples = 200;

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "yyyyMMdd", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyy/MM/dd",
        "d/M/yyyy H:mm", "M/d/yyyy H:mm", "d/M/yyyy", "M/d/yyyy", "d.M.yyyy",
    ];

    /// <summary>The proposal as JSON, and what it could not know.</summary>
    public static (string Json, IReadOnlyList<string> Doubts) For(string path, string zone, string currency)
    {
        var format = FormatOf(path);
        var rows = SourceFile.Rows(path, format).Take(Samples + 1).Select(row => row.Cells).ToList();
        if (rows.Count == 0)
        {
            throw ToolException.Input($"{path}: found no row; expected at least a header or a row of a sale.");
        }

        var header = rows[0].All(cell => cell.Length > 0 && !IsNumber(cell) && FormatOfTime(cell) is null);
        var names = header ? rows[0] : null;
        var samples = header ? rows[1..] : rows;
        var columns = Enumerable.Range(0, rows[0].Length).Select(place => new Guess(place, names?[place], [.. samples.Where(row => place < row.Length).Select(row => row[place])])).ToList();
        return Compose(Path.GetFileName(path), format with { Header = header }, columns, zone, currency);
    }

    private static (string Json, IReadOnlyList<string> Doubts) Compose(string file, FileFormat format, List<Guess> columns, string zone, string currency)
    {
        var doubts = new List<string>();
        var time = Pick("the time", columns, doubts, guess => guess.TimeFormat is not null, "date", "time", "day");
        var customer = Pick("the customer", columns, doubts, guess => guess != time, "customer", "member", "client", "user", "email", "phone");
        var key = columns.Find(guess => guess != customer && guess.IsNamed("invoice", "order_id", "orderid", "order no", "orderno", "receipt", "transaction", "bill", "document"));
        key = key == time ? null : key;
        var free = columns.Where(guess => guess != time && guess != customer && guess != key && guess.IsNumeric).ToList();
        var quantity = free.Find(guess => guess.IsNamed("quantity", "qty", "units", "pieces", "number_of", "count"));
        var price = quantity is null ? null : free.Find(guess => guess != quantity && guess.IsNamed("unitprice", "unit_price", "unit price", "price"));
        var amount = price ?? Pick("the amount", [.. free.Where(guess => guess != quantity)], doubts, guess => guess.IsNumeric, "amount", "revenue", "total", "value", "spend", "sales", "dollar", "price");
        var article = columns.Find(guess => guess != customer && guess.IsNamed("stockcode", "sku", "article", "product", "item"));
        doubts.Add($"zone '{zone}' and currency '{currency}' are not in the file: check them.");
        if (key is null)
        {
            doubts.Add("no column looks like the number of a receipt, so every row becomes a purchase of its own.");
        }

        var line = new JsonObject();
        if (quantity is not null && article is not null)
        {
            line["article"] = Name(article);
        }

        if (quantity is not null && (article is not null || price is not null))
        {
            line["quantity"] = Name(quantity);
        }

        line[price is null ? "amount" : "price"] = Name(amount);
        var rows = new JsonArray();
        if (customer?.HasEmpty == true)
        {
            rows.Add(new JsonObject { ["when"] = new JsonObject { ["column"] = Name(customer), ["is"] = "empty" }, ["then"] = "ignore", ["reason"] = "missing-customer" });
        }

        if ((line.ContainsKey("quantity") ? quantity : amount) is { HasNegative: true } signed)
        {
            rows.Add(new JsonObject { ["when"] = new JsonObject { ["column"] = Name(signed), ["below"] = 0 }, ["then"] = "refund" });
            doubts.Add($"negative values in {signed} are taken for refunds.");
        }

        rows.Add(new JsonObject { ["then"] = "purchase" });
        var kind = new JsonObject { ["kind"] = format.Kind.ToString().ToLowerInvariant() };
        if (format.Kind == FileKind.Csv)
        {
            kind["separator"] = format.Separator.ToString();
        }

        kind["header"] = format.Header;
        kind["encoding"] = "utf-8-or-latin-1";
        var name = NameOf(file);
        var mapping = new JsonObject
        {
            ["$schema"] = MappingJson.Schema,
            ["name"] = name,
            ["format"] = kind,
            ["zone"] = zone,
            ["currency"] = currency,
            ["customer"] = new JsonObject { ["column"] = Name(customer), ["kind"] = $"{name}-id" },
            ["time"] = new JsonObject { ["column"] = Name(time), ["formats"] = new JsonArray(time?.TimeFormat ?? "yyyy-MM-dd") },
        };
        if (key is not null)
        {
            mapping["key"] = new JsonArray(Name(key));
        }

        mapping["line"] = line;
        mapping["rows"] = rows;
        return (mapping.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), doubts);
    }

    private static FileFormat FormatOf(string path)
    {
        if (SourceFile.Beginning(path, 65_536) is not { } beginning)
        {
            return new FileFormat(FileKind.Xlsx, ',', true, FileEncoding.Utf8);
        }

        var separator = Separators.Best(beginning.Split('\n').First(line => line.Trim().Length > 0 || line == beginning));
        return separator is null or ' '
            ? new FileFormat(FileKind.Spaced, ',', true, FileEncoding.Utf8OrLatin1)
            : new FileFormat(FileKind.Csv, separator.Value, true, FileEncoding.Utf8OrLatin1);
    }

    private static Guess? Pick(string what, List<Guess> columns, List<string> doubts, Func<Guess, bool> may, params string[] words)
    {
        var candidates = columns.Where(may).ToList();
        var named = words.Select(word => candidates.Find(guess => guess.IsNamed(word))).FirstOrDefault(guess => guess is not null);
        var picked = named ?? candidates.FirstOrDefault();
        if (named is null)
        {
            doubts.Add(picked is null ? $"no column looks like {what}: put it in." : $"no name of a column says which is {what}; {picked} is a guess.");
        }

        return picked;
    }

    private static JsonValue Name(Guess? guess) => guess?.Name is { } name ? JsonValue.Create(name) : JsonValue.Create((guess?.Place ?? 0) + 1);

    private static string NameOf(string file)
    {
        var stem = file.Split('.')[0].ToLowerInvariant();
        var name = string.Concat(stem.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-')).Trim('-');
        return name.Length is > 0 and <= 60 ? name : "sales";
    }

    private static bool IsNumber(string cell) => decimal.TryParse(cell, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);

    private static string? FormatOfTime(params string[] cells) =>
        cells.Length == 0 ? null : Array.Find(Formats, format => LocalDateTimePattern.CreateWithInvariantCulture(format) is var pattern && cells.All(cell => pattern.Parse(cell).Success));

    /// <summary>What the samples say about a column.</summary>
    private sealed class Guess
    {
        public Guess(int place, string? name, string[] cells)
        {
            Place = place;
            Name = name;
            var filled = cells.Where(cell => cell.Length > 0).ToArray();
            HasEmpty = filled.Length < cells.Length;
            IsNumeric = filled.Length > 0 && filled.All(IsNumber);
            HasNegative = IsNumeric && filled.Any(cell => cell.StartsWith('-'));
            TimeFormat = FormatOfTime(filled);
        }

        public int Place { get; }

        public string? Name { get; }

        public bool HasEmpty { get; }

        public bool IsNumeric { get; }

        public bool HasNegative { get; }

        public string? TimeFormat { get; }

        public bool IsNamed(params string[] words) => Name is not null && words.Any(word => Name.Contains(word, StringComparison.OrdinalIgnoreCase));

        public override string ToString() => Name is null ? string.Create(CultureInfo.InvariantCulture, $"column {Place + 1}") : $"column '{Name}'";
    }
}
