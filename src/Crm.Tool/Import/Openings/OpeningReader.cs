using System.Globalization;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Wallets;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Import.Openings;

/// <summary>What a file of balances says.</summary>
/// <param name="Rows">How many rows it has, the header left out.</param>
/// <param name="Balances">What could be read, row by row.</param>
/// <param name="Rejected">What could not, all of it.</param>
internal sealed record OpeningFile(long Rows, IReadOnlyList<OpeningRow> Balances, IReadOnlyList<RejectedRow> Rejected);

/// <summary>Reads a file of balances by a mapping.</summary>
internal sealed class OpeningReader
{
    private readonly OpeningMapping mapping;
    private readonly ColumnPlaces places;
    private readonly List<RejectedRow> rejected = [];
    private readonly Dictionary<TimeColumn, LocalTimes> times;

    private OpeningReader(OpeningMapping mapping, ColumnPlaces places)
    {
        this.mapping = mapping;
        this.places = places;
        times = new[] { mapping.Units?.Expiry, mapping.Units?.Earned, mapping.Units?.ActiveFrom, mapping.Tiers?.Until, mapping.Tiers?.Since }.OfType<TimeColumn>().Distinct()
            .ToDictionary(time => time, time => new LocalTimes(time.Formats, mapping.Zone));
    }

    /// <summary>Reads the whole file.</summary>
    /// <exception cref="ToolException">It cannot be read, or columns are missing.</exception>
    public static OpeningFile Read(OpeningMapping mapping, string path)
    {
        OpeningReader? reader = null;
        var (rows, balances) = (0L, new List<OpeningRow>());
        foreach (var row in SourceFile.Rows(path, mapping.Format))
        {
            if (reader is null)
            {
                reader = new OpeningReader(mapping, ColumnPlaces.Find(mapping.Name, mapping.Format, mapping.Columns, path, row));
                if (mapping.Format.Header)
                {
                    continue;
                }
            }

            rows++;
            if (reader.Read(row) is { } balance)
            {
                balances.Add(balance);
            }
        }

        return reader is null ? throw ToolException.Input($"{path}: found nothing; rows of balances are expected.") : new OpeningFile(rows, balances, reader.rejected);
    }

    // Null when the row is rejected, or brings nothing.
    private OpeningRow? Read(SourceRow row)
    {
        if (places.FaultOf(row) is { } fault)
        {
            rejected.Add(new(row.Line, null, string.Join(' ', row.Cells), fault));
            return null;
        }

        var before = rejected.Count;
        foreach (var column in mapping.Columns.Where(column => row.IsError(places[column])))
        {
            Reject(row, column, RejectedRow.ErrorInTheCell);
        }

        if (rejected.Count > before)
        {
            return null;
        }

        var named = At(row, mapping.Member.Column);
        var member = mapping.Member.IdentityOf(named);
        if (member is null)
        {
            Reject(row, mapping.Member.Column, string.IsNullOrWhiteSpace(named) ? "missing-member" : "not-an-identity");
        }

        var balance = new OpeningBalance { Program = At(row, mapping.Program) };
        balance = mapping.Units is { } units ? Units(row, units, balance) : balance;
        balance = mapping.Tiers is { } tiers ? Tier(row, tiers, balance) : balance;
        balance = mapping.Cards is { } cards ? Card(row, cards, balance) : balance;
        var brings = !balance.Lots.IsEmpty || !balance.Debts.IsEmpty || !balance.Tiers.IsEmpty || !balance.Cards.IsEmpty;
        return member is not { } whose || rejected.Count > before || !brings ? null : new OpeningRow(whose, balance, string.Create(CultureInfo.InvariantCulture, $"line {row.Line}"));
    }

    private OpeningBalance Units(SourceRow row, OpeningUnits units, OpeningBalance balance)
    {
        if (Whole(row, units.Amount) is not { } amount || amount == 0)
        {
            return balance;
        }

        if (At(row, units.Unit) is not { } unit)
        {
            Reject(row, units.Unit.Column ?? units.Amount, "missing-unit");
            return balance;
        }

        if (amount < 0)
        {
            return balance with { Debts = balance.Debts.Add(new UnitAmount(unit, amount == long.MinValue ? long.MaxValue : -amount)) };
        }

        var lot = new OpeningLot(unit, amount) { Issuer = At(row, units.Issuer), ActiveFrom = units.ActiveFrom is { } from ? Time(row, from, false, mayBeEmpty: true) : null };
        var life = units.Expiry ?? units.Earned;
        if (life is null || (At(row, life.Column).Length == 0 && units.ForeverWhenEmpty))
        {
            return balance with { Lots = balance.Lots.Add(lot with { Forever = true }) };
        }

        if (units.Expiry is { } expiry)
        {
            var end = Time(row, expiry, units.LastDayIncluded, mayBeEmpty: false);
            return balance with { Lots = balance.Lots.Add(end >= times[expiry].LastDay ? lot with { Forever = true } : lot with { Expiry = end }) };
        }

        return balance with { Lots = balance.Lots.Add(lot with { Earned = Time(row, life, false, mayBeEmpty: false)?.InZone(mapping.Zone).Date }) };
    }

    private OpeningBalance Tier(SourceRow row, OpeningTiers tiers, OpeningBalance balance) => At(row, tiers.Tier) is { Length: > 0 } tier
        ? balance with
        {
            Tiers = balance.Tiers.Add(new OpeningTier(tier)
            {
                Ladder = At(row, tiers.Ladder),
                Until = tiers.Until is { } until ? Time(row, until, tiers.LastDayIncluded, mayBeEmpty: true) : null,
                Since = tiers.Since is { } since ? Time(row, since, false, mayBeEmpty: true) : null,
            }),
        }
        : balance;

    private OpeningBalance Card(SourceRow row, OpeningCards cards, OpeningBalance balance)
    {
        var (stamps, free) = (cards.Stamps is { } one ? Whole(row, one) ?? 0 : 0, cards.Free is { } other ? Whole(row, other) ?? 0 : 0);
        return stamps == 0 && free == 0 ? balance : balance with { Cards = balance.Cards.Add(new OpeningCard(stamps, free) { Card = At(row, cards.Card) }) };
    }

    // An empty cell is 0; null when the cell is no whole number.
    private long? Whole(SourceRow row, Column column)
    {
        var text = At(row, column);
        if (text.Length == 0)
        {
            return 0;
        }

        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && decimal.Truncate(number) == number && number is >= -1_000_000_000_000_000m and <= 1_000_000_000_000_000m)
        {
            return (long)number;
        }

        Reject(row, column, "not-a-whole-number");
        return null;
    }

    private Instant? Time(SourceRow row, TimeColumn time, bool lastDayIncluded, bool mayBeEmpty)
    {
        var text = At(row, time.Column);
        if (text.Length == 0 && mayBeEmpty)
        {
            return null;
        }

        var (read, place) = (times[time], places[time.Column]);
        if (read.Read(row, place) is not { } instant)
        {
            Reject(row, time.Column, text.Length == 0 ? "missing-time" : "not-a-time");
            return null;
        }

        return lastDayIncluded && instant < read.LastDay && read.ReadDay(row, place) is { } day ? mapping.Zone.StartOf(day.PlusDays(1)) : instant;
    }

    private string At(SourceRow row, Column column) => row.Cells[places[column]];

    private string? At(SourceRow row, Cell? cell) => cell?.Constant ?? (cell?.Column is { } column && At(row, column) is { Length: > 0 } text ? text : null);

    private void Reject(SourceRow row, Column column, string reason) => rejected.Add(new(row.Line, column.ToString(), At(row, column), reason));
}
