using System.Globalization;
using Crm.Events;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Assembly;

/// <summary>Reads one row at a time by a mapping. Its rules are asked in their order before anything else, so a row that is ignored is not checked further.</summary>
internal sealed class RowReader
{
    private const NumberStyles Decimals = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private readonly Mapping mapping;
    private readonly ColumnPlaces places;
    private readonly Column[] columns;
    private readonly Instant latest;
    private readonly LocalTimes times;

    /// <param name="latest">Times after this instant are rejected: what has not happened cannot be recorded.</param>
    public RowReader(Mapping mapping, ColumnPlaces places, Instant latest)
    {
        this.mapping = mapping;
        this.places = places;
        columns = [.. mapping.Columns];
        this.latest = latest;
        times = new LocalTimes(mapping.Time.Formats, mapping.Zone);
    }

    public RowReading Read(SourceRow row)
    {
        if (places.FaultOf(row) is { } fault)
        {
            return Reject(row, null, string.Join(' ', row.Cells), fault);
        }

        foreach (var rule in mapping.Rows)
        {
            var holds = true;
            foreach (var test in rule.When)
            {
                if (row.IsError(places[test.Column]))
                {
                    return Reject(row, test.Column, RejectedRow.ErrorInTheCell);
                }

                if (Holds(test, row) is not { } answer)
                {
                    return Reject(row, test.Column, "not-a-number");
                }

                if (!answer)
                {
                    holds = false;
                    break;
                }
            }

            if (holds)
            {
                return rule.Then switch
                {
                    RowMeaning.Ignore => new RowReading.Ignored(rule.Reason ?? "ignored"),
                    RowMeaning.Reject => Reject(row, rule.When.IsEmpty ? null : rule.When[0].Column, rule.Reason ?? "rejected"),
                    RowMeaning.Purchase or RowMeaning.Refund => Use(row, rule.Then),
                    _ => throw new InvalidOperationException($"No meaning {rule.Then}."),
                };
            }
        }

        throw new InvalidOperationException($"No rule of the mapping '{mapping.Name}' holds for line {row.Line}; its last one should.");
    }

    private RowReading Use(SourceRow row, RowMeaning meaning)
    {
        if (row.Errors is not null && Array.Find(columns, column => row.IsError(places[column])) is { } failed)
        {
            return Reject(row, failed, RejectedRow.ErrorInTheCell);
        }

        var named = At(row, mapping.Customer.Column);
        if (string.IsNullOrWhiteSpace(named))
        {
            return Reject(row, mapping.Customer.Column, "missing-customer");
        }

        if (mapping.Customer.IdentityOf(named) is not { } customer)
        {
            return Reject(row, mapping.Customer.Column, "not-an-identity");
        }

        if (times.Read(row, places[mapping.Time.Column]) is not { } time)
        {
            return Reject(row, mapping.Time.Column, "not-a-time");
        }

        if (time > latest)
        {
            return Reject(row, mapping.Time.Column, "from-the-future");
        }

        var key = KeyOf(row);
        if (key is null && !mapping.Key.IsEmpty)
        {
            return Reject(row, mapping.Key[0], "not-a-key");
        }

        foreach (var cell in new[] { mapping.Channel, mapping.Brand })
        {
            if (At(row, cell) is { } name && !Names.IsName(name))
            {
                return Reject(row, cell?.Column, "not-a-name");
            }
        }

        foreach (var cell in new[] { mapping.Line.Article, mapping.Line.Category })
        {
            if (StorableText.FaultOf(At(row, cell)) is not null)
            {
                return Reject(row, cell?.Column, "not-a-text");
            }
        }

        return Total(row, meaning, new RowReading.Used(meaning, key, customer, time, default, false)
        {
            Channel = At(row, mapping.Channel),
            Brand = At(row, mapping.Brand),
        });
    }

    private RowReading Total(SourceRow row, RowMeaning meaning, RowReading.Used used)
    {
        var line = mapping.Line;
        var quantity = 1m;
        if (line.Quantity is { } quantityCell && !Number(At(row, quantityCell) ?? "", out quantity))
        {
            return Reject(row, quantityCell.Column, "not-a-number");
        }

        if (!Number(At(row, line.Amount), out var amount))
        {
            return Reject(row, line.Amount, "not-a-number");
        }

        // A refund is written with the minus sign at the quantity, at the amount, or with none: the meaning says the direction.
        if (meaning == RowMeaning.Refund)
        {
            quantity = Math.Abs(quantity);
            amount = Math.Abs(amount);
        }

        if (line.Quantity is not null && quantity <= 0)
        {
            return Reject(row, line.Quantity.Column, "quantity-not-positive");
        }

        // Without an article there are no lines, and the quantity is only multiplied with.
        if (line is { Article: not null, Quantity: { } fromCell } && !EventLine.IsQuantity(quantity))
        {
            return Reject(row, fromCell.Column, quantity > EventLine.MostQuantity ? "too-large" : "too-fine");
        }

        if (amount < 0)
        {
            return Reject(row, line.Amount, "negative-amount");
        }

        decimal exact;
        try
        {
            exact = line.IsPrice ? quantity * amount : amount;
        }
        catch (OverflowException)
        {
            return Reject(row, line.Amount, "too-large");
        }

        if (exact > 1_000_000_000_000m)
        {
            return Reject(row, line.Amount, "too-large");
        }

        var total = Money.Rounded(exact, mapping.Currency);
        if (total.MinorUnits > CustomerEvent.MostMinorUnits)
        {
            return Reject(row, line.Amount, "too-large");
        }

        var rounded = total.Amount != exact;
        if (rounded && line.Rounding == LineRounding.Refuse)
        {
            return Reject(row, line.Amount, "finer-than-the-currency");
        }

        var article = At(row, line.Article);
        if (line.Article is not null && article is null)
        {
            return Reject(row, line.Article.Column, "missing-article");
        }

        RowReading complete = used with { Total = total, Rounded = rounded, Article = article, Category = At(row, line.Category), Quantity = quantity };
        return complete;
    }

    /// <summary>Null when the test wants a number and the cell is none.</summary>
    private bool? Holds(RowTest test, SourceRow row)
    {
        var cell = At(row, test.Column);
        switch (test.Kind)
        {
            case RowTestKind.Empty: return cell.Length == 0;
            case RowTestKind.Present: return cell.Length > 0;
            case RowTestKind.TextEquals: return string.Equals(cell, test.Text, StringComparison.Ordinal);
            case RowTestKind.StartsWith: return cell.StartsWith(test.Text ?? "", StringComparison.Ordinal);
            case RowTestKind.NumberEquals or RowTestKind.AtMost or RowTestKind.Below or RowTestKind.AtLeast or RowTestKind.Above:
                return !Number(cell, out var number) ? null : test.Kind switch
                {
                    RowTestKind.NumberEquals => number == test.Number,
                    RowTestKind.AtMost => number <= test.Number,
                    RowTestKind.Below => number < test.Number,
                    RowTestKind.AtLeast => number >= test.Number,
                    _ => number > test.Number,
                };
            default: throw new InvalidOperationException($"No test {test.Kind}.");
        }
    }

    /// <summary>Null when the mapping has no key, or the row none that could be one.</summary>
    private string? KeyOf(SourceRow row)
    {
        if (mapping.Key.IsEmpty || mapping.Key.Any(column => places[column] >= row.Cells.Length || At(row, column).Length == 0))
        {
            return null;
        }

        var key = OccurrenceKeys.Of([.. mapping.Key.Select(column => At(row, column))]);
        return OccurrenceKeys.CanBe(key) ? key : null;
    }

    private string At(SourceRow row, Column column) => row.Cells[places[column]];

    /// <summary>Null when there is no such cell or nothing in it.</summary>
    private string? At(SourceRow row, Cell? cell) => cell?.Constant ?? (cell?.Column is { } column && At(row, column) is { Length: > 0 } text ? text : null);

    internal static bool Number(string text, out decimal number) => decimal.TryParse(text, Decimals, CultureInfo.InvariantCulture, out number);

    public RowReading.Rejected Reject(SourceRow row, Column? column, string reason) =>
        Reject(row, column?.ToString(), column is null ? "" : At(row, column), reason);

    private RowReading.Rejected Reject(SourceRow row, string? column, string value, string reason) =>
        new(new RejectedRow(row.Line, column, value, reason), KeyOf(row));
}
