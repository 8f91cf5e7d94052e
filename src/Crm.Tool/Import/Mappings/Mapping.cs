using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Mappings;

/// <summary>How the rows of a file become events. People write it as JSON; see <see cref="MappingJson"/>.</summary>
internal sealed record Mapping
{
    /// <summary>Its name; also the source of its events' keys unless the mapping says another.</summary>
    public required string Name { get; init; }

    /// <summary>The source of the events' keys.</summary>
    public required string Source { get; init; }

    public required FileFormat Format { get; init; }

    /// <summary>The zone of the times in the file. A time that a clock change skips counts an hour (the length of the gap) later; one that comes twice is the first.</summary>
    public required DateTimeZone Zone { get; init; }

    public required Currency Currency { get; init; }

    public required CustomerColumn Customer { get; init; }

    public required TimeColumn Time { get; init; }

    /// <summary>The columns that name an event: rows with the same values become one event. None: each row is an event, named by its content and by how often that content came before.</summary>
    public Sequence<Column> Key { get; init; }

    public required LineColumns Line { get; init; }

    /// <summary>The channel of the events; null when there is none.</summary>
    public Cell? Channel { get; init; }

    /// <summary>The brand of the events; null when there is none.</summary>
    public Cell? Brand { get; init; }

    /// <summary>What a row is: the first rule that holds decides. The last one always holds.</summary>
    public required Sequence<RowRule> Rows { get; init; }

    /// <summary>Every column that the mapping looks at.</summary>
    public IEnumerable<Column> Columns =>
        Key.Concat([Customer.Column, Time.Column, Line.Amount])
            .Concat(new[] { Line.Article, Line.Category, Line.Quantity, Channel, Brand }.Select(cell => cell?.Column).OfType<Column>())
            .Concat(Rows.SelectMany(rule => rule.When.Select(test => test.Column)))
            .Distinct();
}

/// <summary>A column, by its name in the header or by its place.</summary>
/// <param name="Name">The name; null when it is known by its place.</param>
/// <param name="Place">Counted from 1; 0 when it is known by its name.</param>
internal sealed record Column(string? Name, int Place)
{
    public override string ToString() => Name ?? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"column {Place}");
}

/// <summary>A value that stands in a column, or is the same for all rows.</summary>
/// <param name="Column">The column; null for a constant.</param>
/// <param name="Constant">The constant; null for a column.</param>
internal sealed record Cell(Column? Column, string? Constant);

/// <summary>How a file is laid out.</summary>
/// <param name="Kind">The kind of file.</param>
/// <param name="Separator">Between the cells of a CSV file.</param>
/// <param name="Header">Whether the first row holds the names of the columns.</param>
/// <param name="Encoding">How bytes become characters.</param>
internal sealed record FileFormat(FileKind Kind, char Separator, bool Header, FileEncoding Encoding);

/// <summary>A kind of file. Each may also be compressed with gzip; an .xlsx file is known by its content, whatever the mapping says.</summary>
internal enum FileKind
{
    /// <summary>Cells between separators, quoted where need be (RFC 4180).</summary>
    Csv,

    /// <summary>Cells between runs of blanks.</summary>
    Spaced,

    /// <summary>The first sheet of an Excel workbook.</summary>
    Xlsx,
}

/// <summary>How bytes become characters. A byte-order mark is skipped.</summary>
internal enum FileEncoding
{
    /// <summary>UTF-8; other bytes are an error.</summary>
    Utf8,

    /// <summary>ISO 8859-1.</summary>
    Latin1,

    /// <summary>UTF-8, where bytes that are none are read as ISO 8859-1.</summary>
    Utf8OrLatin1,
}

/// <summary>Who.</summary>
/// <param name="Column">Where the source's own id stands.</param>
/// <param name="Kind">The kind of the identity.</param>
/// <param name="WithoutLeadingZeros">Whether "0042" means "42".</param>
internal sealed record CustomerColumn(Column Column, string Kind, bool WithoutLeadingZeros)
{
    /// <summary>Whom a cell names; null where no identity of the kind is written so.</summary>
    public Identity? IdentityOf(string cell)
    {
        try
        {
            return Identity.Of(Kind, WithoutLeadingZeros && cell.TrimStart('0') is { Length: > 0 } shorter ? shorter : cell);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>When.</summary>
/// <param name="Column">Where it stands.</param>
/// <param name="Formats">Patterns of NodaTime, tried in order. A pattern without a time of day means the start of the day.</param>
internal sealed record TimeColumn(Column Column, Sequence<string> Formats);

/// <summary>What and how much.</summary>
/// <param name="Amount">The total of the row or, when <paramref name="IsPrice"/>, the price of one.</param>
/// <param name="IsPrice">Whether the total is the quantity times the amount.</param>
/// <param name="Rounding">What becomes of a total that is finer than the currency.</param>
internal sealed record LineColumns(Column Amount, bool IsPrice, LineRounding Rounding)
{
    /// <summary>The article; null: events have no lines.</summary>
    public Cell? Article { get; init; }

    public Cell? Category { get; init; }

    /// <summary>How many; in refunds with or without a minus sign.</summary>
    public Cell? Quantity { get; init; }
}

/// <summary>What becomes of a total that is finer than the currency's minor unit.</summary>
internal enum LineRounding
{
    /// <summary>The nearest; a tie goes to the even one. Counted.</summary>
    HalfEven,

    /// <summary>The row is rejected.</summary>
    Refuse,
}

/// <summary>What rows are that pass all its tests.</summary>
/// <param name="When">All must hold; none: every row.</param>
/// <param name="Then">What the row is.</param>
/// <param name="Reason">Why a row is ignored or rejected; null for the others.</param>
internal sealed record RowRule(Sequence<RowTest> When, RowMeaning Then, string? Reason);

/// <summary>What a row is.</summary>
internal enum RowMeaning
{
    Purchase,
    Refund,
    Ignore,
    Reject,
}

/// <summary>A test of one cell.</summary>
/// <param name="Column">The cell's column.</param>
/// <param name="Kind">The test.</param>
/// <param name="Text">What the cell is compared with as text.</param>
/// <param name="Number">What it is compared with as a number.</param>
internal sealed record RowTest(Column Column, RowTestKind Kind, string? Text = null, decimal Number = 0);

/// <summary>A kind of test. Those of numbers reject a row whose cell is no number.</summary>
internal enum RowTestKind
{
    Empty,
    Present,
    TextEquals,
    StartsWith,
    NumberEquals,
    AtMost,
    Below,
    AtLeast,
    Above,
}
