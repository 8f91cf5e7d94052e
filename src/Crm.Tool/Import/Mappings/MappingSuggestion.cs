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
        "d/M/yyyy H:mm:ss", "M/d/yyyy H:mm:ss", "d/M/yyyy H:mm", "M/d/yyyy H:mm", "d/M/yyyy", "M/d/yyyy", "d.M.yyyy H:mm", "d.M.yyyy",
    ];

    // What may come after the name of a document where it is its number and not its date or amount.
    private static readonly string[] Numbers =
        [.. new[] { "invoice", "order", "receipt", "transaction", "bill", "document", "ticket" }.SelectMany(document => new[] { "id", "no", "nr", "number", "code", "ref", "reference", "num", "key" }, (document, number) => $"{document} {number}")];

    private static readonly string[] Customers = ["customer id", "customer no", "customer number", "customer code", "customer", "member", "client", "user", "email", "e mail", "phone"];

    // What is taken off or added and is not what was sold.
    private static readonly string[] NotSales = ["discount", "tax", "vat", "shipping", "delivery", "fee", "cost"];

    // "Total incl. VAT" is what was paid, "VAT" is not.
    private static readonly string[] Sales = ["incl", "inc", "including", "excl", "ex", "excluding", "before", "after", "net of"];

    /// <summary>The proposal as JSON, and what it could not know.</summary>
    public static (string Json, IReadOnlyList<string> Doubts) For(string path, string zone, string currency)
    {
        var format = FormatOf(path);
        var rows = SourceFile.Rows(path, format).Take(Samples + 1).ToList();
        if (rows.Count == 0)
        {
            throw ToolException.Input($"{path}: found no row; expected at least a header or a row of a sale.");
        }

        var first = rows[0].Cells;
        format = format with { Header = first.All(cell => !IsNumber(cell) && FormatOfTime(cell) is null) };
        var samples = format.Header ? rows[1..] : rows;
        var columns = Enumerable.Range(0, first.Length)
            .Select(place => new Guess(place, format.Header && first[place].Length > 0 && first.Count(name => name == first[place]) == 1 ? first[place] : null, [.. samples.Where(row => place < row.Cells.Length)])).ToList();
        return Compose(path, format, columns, zone, currency);
    }

    private static bool IsSale(Guess guess) => !guess.IsNamed(NotSales) || guess.IsNamed(Sales);

    private static (string Json, IReadOnlyList<string> Doubts) Compose(string path, FileFormat format, List<Guess> columns, string zone, string currency)
    {
        var doubts = new List<string>();
        var time = Pick("the time", columns, doubts, guess => guess.TimeFormat is not null, "date", "timestamp", "time", "day");
        var timeFormat = time?.TimeFormat is { } guessed ? WayRound(path, format, time, guessed, doubts) : "yyyy-MM-dd";
        var customer = Pick("the customer", columns, doubts, guess => guess != time, Customers);
        var documents = columns.Where(guess => guess != time && guess != customer).ToList();
        var key = documents.Find(guess => guess.IsNamed(Numbers)) ?? documents.Find(guess => guess.Words?.Are("invoice", "order", "receipt", "transaction", "bill", "document", "ticket") == true);
        var free = documents.Where(guess => guess != key && guess.IsNumeric).ToList();
        var quantity = free.Find(guess => guess.IsNamed("quantity", "qty", "units", "pieces", "number of", "count"));
        var price = quantity is null ? null : free.Find(guess => guess != quantity && IsSale(guess) && guess.IsNamed("price") && !guess.IsNamed("total", "line", "order", "sum"));
        var sold = free.FindAll(guess => guess != quantity);
        var amount = price ?? Pick("the amount", sold.Exists(IsSale) ? sold.FindAll(IsSale) : sold, doubts, guess => guess.IsNumeric, "amount", "revenue", "total", "subtotal", "value", "spend", "sales", "dollar", "price");
        var article = Named([.. documents.Where(guess => guess != key && guess != quantity && guess != amount && !guess.IsNamed(NotSales))], "stock code", "sku", "article", "product", "item");
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
        var name = NameOf(Path.GetFileName(path));
        var mapping = new JsonObject
        {
            ["$schema"] = MappingJson.Schema,
            ["name"] = name,
            ["format"] = kind,
            ["zone"] = zone,
            ["currency"] = currency,
            ["customer"] = new JsonObject { ["column"] = Name(customer), ["kind"] = $"{name}-id" },
            ["time"] = new JsonObject { ["column"] = Name(time), ["formats"] = new JsonArray(timeFormat) },
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

        var separator = Separators.Best(beginning.Split('\n').FirstOrDefault(line => line.Trim().Length > 0, ""));
        return separator is null or ' '
            ? new FileFormat(FileKind.Spaced, ',', true, FileEncoding.Utf8OrLatin1)
            : new FileFormat(FileKind.Csv, separator.Value, true, FileEncoding.Utf8OrLatin1);
    }

    private static Guess? Pick(string what, List<Guess> columns, List<string> doubts, Func<Guess, bool> may, params string[] words)
    {
        var candidates = columns.Where(may).ToList();
        var named = Named(candidates, words);
        var picked = named ?? candidates.FirstOrDefault();
        if (named is null)
        {
            doubts.Add(picked is null ? $"no column looks like {what}: put it in." : $"no name of a column says which is {what}; {picked} is a guess.");
        }

        return picked;
    }

    // The earlier word decides, and among columns with it the first.
    private static Guess? Named(List<Guess> columns, params string[] words) => words.Select(word => columns.Find(guess => guess.IsNamed(word))).FirstOrDefault(guess => guess is not null);

    // Whether the day or the month comes first is told by the first row in which only one of the two can, wherever in the file it stands.
    private static string WayRound(string path, FileFormat format, Guess time, string guessed, List<string> doubts)
    {
        if (!guessed.Contains("d/M/", StringComparison.Ordinal) && !guessed.Contains("M/d/", StringComparison.Ordinal))
        {
            return guessed;
        }

        var turned = guessed[0] == 'd' ? $"M/d/{guessed[4..]}" : $"d/M/{guessed[4..]}";
        var cells = SourceFile.Rows(path, format).Skip(format.Header ? 1 : 0).Where(row => time.Place < row.Cells.Length && !row.IsDate(time.Place)).Select(row => row.Cells[time.Place]);
        var (here, there) = (LocalDateTimePattern.CreateWithInvariantCulture(guessed), LocalDateTimePattern.CreateWithInvariantCulture(turned));
        foreach (var cell in cells)
        {
            if (here.Parse(cell).Success != there.Parse(cell).Success)
            {
                return here.Parse(cell).Success ? guessed : turned;
            }
        }

        doubts.Add($"in {time} the day and the month could change places in every row: '{guessed}' is a guess, and '{turned}' would fit as well.");
        return guessed;
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
        /// <param name="name">Null where it has none of its own.</param>
        public Guess(int place, string? name, IReadOnlyList<SourceRow> rows)
        {
            Place = place;
            Name = name;
            Words = name is null ? null : new ColumnWords(name);
            var filled = rows.Where(row => row.Cells[place].Length > 0 && !row.IsError(place)).ToList();
            var texts = filled.Where(row => !row.IsDate(place)).Select(row => row.Cells[place]).ToArray();
            HasEmpty = rows.Any(row => row.Cells[place].Length == 0);
            IsNumeric = texts.Length > 0 && texts.Length == filled.Count && texts.All(IsNumber);
            HasNegative = IsNumeric && texts.Any(cell => cell.StartsWith('-'));

            // Dates of a workbook are read whatever the pattern.
            TimeFormat = texts.Length == 0 && filled.Count > 0 ? "yyyy-MM-dd HH:mm:ss" : FormatOfTime(texts);
        }

        public int Place { get; }

        public string? Name { get; }

        /// <summary>Null where it has no name.</summary>
        public ColumnWords? Words { get; }

        public bool HasEmpty { get; }

        public bool IsNumeric { get; }

        public bool HasNegative { get; }

        public string? TimeFormat { get; }

        public bool IsNamed(params ReadOnlySpan<string> phrases) => Words?.Have(phrases) == true;

        public override string ToString() => Name is null ? string.Create(CultureInfo.InvariantCulture, $"column {Place + 1}") : $"column '{Name}'";
    }
}
