using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>A measure over events as SQL: the customers of whom it holds are in, or not in, a grouped selection.</summary>
internal sealed class AudienceMeasure(AudienceSql sql, Condition.EventWindow leaf, string path)
{
    private readonly bool looksAtLines = leaf.Where is { } given && given.Leaves().Any(part => part is Condition.Field field && field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal));
    private int refusals;
    private string filter = "";

    // Lines make many rows of an event.
    private bool OfLines => leaf.Measure is Measure.SumOfSpend ? looksAtLines : leaf.Measure is Measure.Aggregate { How: Aggregation.Distinct, Of: Measured.Named { Name: var name } } && name.StartsWith(EventFields.LineScope, StringComparison.Ordinal);

    // Whatever needs the events in an order, or asks another table about each, has a pass of its own.
    private bool InOnePass => !looksAtLines && !OfLines && leaf.Window is not Conditions.Window.Since && leaf.Measure is not (Measure.Periods or Measure.Sequence or Measure.Aggregate { How: Aggregation.Distinct });

    /// <summary>The expression, about the customer c.</summary>
    public string Compile()
    {
        if (leaf.Measure is Measure.Sequence sequence)
        {
            return Sequence(sequence);
        }

        if (sql.Kind(leaf.Kind, path) is not { } kind)
        {
            return AudienceSql.Constant(false);
        }

        filter = $"e.kind = {kind} AND {Window("e.effective_at")}"
            + (leaf.Where is not { } asked ? "" : $" AND {(OfLines || !looksAtLines ? Filter(asked, path + ".where", leaf.Kind, "e", "l") : Where(asked, path + ".where", leaf.Kind, "e"))}")
            + (CurrencyOf(leaf.Measure) is { } currency ? In(currency) : "");
        if (GroupTest() is not var (test, holdsOfNothing) || refusals > 0)
        {
            return AudienceSql.Constant(false);
        }

        if (InOnePass)
        {
            var count = Of("COUNT(*)");
            return holdsOfNothing ? $"(COALESCE({count}, 0) = 0 OR ({test}))" : $"({count} > 0 AND {test})";
        }

        var lines = OfLines ? " JOIN crm_event_line l ON l.tenant = e.tenant AND l.bucket = e.bucket AND l.customer_id = e.customer_id AND l.version = e.version" : "";
        return Group($"crm_event e{lines}", $"e.tenant = {sql.Tenant} AND {filter}", test, holdsOfNothing);
    }

    // An aggregate of the events that are measured: a column of the one pass over all events, or of the group that asks for it.
    private string Of(string aggregate) => InOnePass ? sql.Sources.Measured(aggregate, filter) : aggregate;

    // A customer without events is in no group: the group's answer is turned round where nothing passes.
    private string Group(string from, string where, string test, bool holdsOfNothing) =>
        $"{sql.Sources.Group(from, where, holdsOfNothing ? $"NOT ({test})" : test)}.customer_id IS {(holdsOfNothing ? "" : "NOT ")}NULL";

    /// <summary>
    /// A sequence as a join of the steps: events of one customer, each later than the one before it, with nothing between them that must not be; how many instants complete it.
    /// </summary>
    private string Sequence(Measure.Sequence sequence)
    {
        var from = "crm_event e";
        var conditions = new List<string> { $"e.tenant = {sql.Tenant}", Matches(new EventPattern(leaf.Kind) { Where = leaf.Where }, "e", path) };
        var last = "e.effective_at";
        foreach (var (i, step) in sequence.Then.Index())
        {
            var number = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            var (alias, place, before) = ($"s{number}", $"{path}.then[{number}]", last);
            last = $"{alias}.effective_at";
            from += $" JOIN crm_event {alias} ON {SameCustomer(alias)}";
            conditions.Add($"{last} > {before} AND {Matches(step.Event, alias, place)}");
            if (step.After > Duration.Zero)
            {
                conditions.Add($"{last} - {before} >= {Ticks(step.After.BclCompatibleTicks)}");
            }

            if (step.Within is { } within)
            {
                conditions.Add($"{last} - {before} <= {Ticks(within.BclCompatibleTicks)}");
            }

            if (step.Without is { } without)
            {
                conditions.Add($"NOT EXISTS (SELECT 1 FROM crm_event w WHERE {SameCustomer("w")} AND w.effective_at > {before} AND w.effective_at < {last} AND {Matches(without, "w", place + ".without")})");
            }
        }

        var completed = last;
        if (sequence.Lacking is { } lacking)
        {
            completed = $"{last} + {Ticks(lacking.For.BclCompatibleTicks)}";
            conditions.Add($"NOT EXISTS (SELECT 1 FROM crm_event w WHERE {SameCustomer("w")} AND w.effective_at > {last} AND w.effective_at <= {completed} AND {Matches(lacking.Event, "w", path + ".lacking")})");
        }

        conditions.Add(Window(completed));
        return Whole($"COUNT(DISTINCT {last})", 1) is not var (test, holdsOfNothing) || refusals > 0
            ? AudienceSql.Constant(false)
            : Group(from, string.Join(" AND ", conditions), test, holdsOfNothing);
    }

    private static string SameCustomer(string alias) => $"{alias}.tenant = e.tenant AND {alias}.bucket = e.bucket AND {alias}.customer_id = e.customer_id";

    /// <summary>Whether an event of an alias is one of a pattern.</summary>
    private string Matches(EventPattern pattern, string alias, string place)
    {
        if (sql.Kind(pattern.Kind, place) is not { } kind)
        {
            refusals++;
            return AudienceSql.Constant(false);
        }

        return $"{alias}.kind = {kind}{(pattern.Where is { } where ? $" AND {Where(where, place + ".where", pattern.Kind, alias)}" : "")}";
    }

    /// <summary>A filter of an event: of one line of it, where it asks for lines.</summary>
    private string Where(Condition where, string place, string kind, string alias)
    {
        if (!where.Leaves().Any(part => part is Condition.Field field && field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal)))
        {
            return Filter(where, place, kind, alias, "l");
        }

        var line = alias + "l";
        return $"EXISTS (SELECT 1 FROM crm_event_line {line} WHERE {line}.tenant = {alias}.tenant AND {line}.bucket = {alias}.bucket AND {line}.customer_id = {alias}.customer_id AND {line}.version = {alias}.version AND {Filter(where, place, kind, alias, line)})";
    }

    /// <summary>What is measured of a customer's events, as a test of it, and whether it holds where there are none.</summary>
    private (string Test, bool HoldsOfNothing)? GroupTest()
    {
        switch (leaf.Measure)
        {
            case Measure.Count:
                return Whole("COUNT(*)", 1);
            case Measure.SumOfSpend(var currency):
                return Whole(looksAtLines ? "SUM(l.minor)" : "SUM(e.spend_minor)", Unit(currency));
            case Measure.Aggregate { How: Aggregation.Least or Aggregation.Greatest, Of: Measured.Spend { Currency: var currency } } aggregate when !looksAtLines:
                return Whole($"{(aggregate.How == Aggregation.Least ? "MIN" : "MAX")}(e.spend_minor)", Unit(currency));
            case Measure.Aggregate { How: Aggregation.Average, Of: Measured.Spend { Currency: var currency } } when !looksAtLines:
                return Average(currency);
            case Measure.Aggregate { How: Aggregation.First or Aggregation.Least or Aggregation.Latest or Aggregation.Greatest, Of: Measured.At } aggregate:
                return Instants(aggregate.How is Aggregation.First or Aggregation.Least ? "MIN(e.effective_at)" : "MAX(e.effective_at)");
            case Measure.Aggregate { How: Aggregation.Distinct, Of: Measured.At }:
                return Whole("COUNT(DISTINCT e.effective_at)", 1);
            case Measure.Aggregate { How: Aggregation.Distinct, Of: Measured.Named { Name: var name } } when Column(name, leaf.Kind, "e", "l") is { } column && (!looksAtLines || OfLines):
                return Whole($"COUNT(DISTINCT {column})", 1);
            case Measure.Periods { Times: 1 } periods when leaf.Window is Conditions.Window.Last last:
                var part = sql.Parameter(SqlType.Whole, last.Length.BclCompatibleTicks / periods.OutOf);
                return Whole($"COUNT(DISTINCT ({Ticks(sql.Moment.Instant.ToUnixTimeTicks())} - e.effective_at) / {part})", 1);
            default:
                Refuse(path, "The tables do not say this measure exactly: counts, sums, averages and extremes of spend, first and latest instants, different codes and instants, active periods and sequences are in SQL.");
                return null;
        }
    }

    private (string, bool)? Whole(string aggregate, long unit)
    {
        if (leaf.Is is Test.Known)
        {
            return ("1 = 1", leaf.WhenMissing);
        }

        return AudienceTest.OfWhole(sql, leaf.Is, Of(aggregate), unit, path) is { } test ? (test, HoldsOfNothing) : null;
    }

    private bool HoldsOfNothing => HistoryWindows.Evaluate(leaf, [], sql.Moment.Instant).Value;

    /// <summary>An average compares as the sum does with so many times the number.</summary>
    private (string, bool)? Average(Currency currency)
    {
        if (AudienceTest.Ends(leaf.Is) is { } ends && ends.TrueForAll(end => end.Value.Kind == ScalarKind.Number && IsWhole(end.Value.AsNumber * Unit(currency))))
        {
            var test = string.Join(" AND ", ends.Select(end => $"{Of("SUM(e.spend_minor)")} {end.Operator} {sql.Parameter(SqlType.Whole, (long)(end.Value.AsNumber * Unit(currency)))} * {Of("COUNT(*)")}"));
            return (test, HoldsOfNothing);
        }

        Refuse(path + ".is", "An average compares exactly only by order, with a number in whole minor units.");
        return null;
    }

    private (string, bool)? Instants(string aggregate)
    {
        if (leaf.Is is Test.Relative { To: RelativeTime.Now(var shift) } relative)
        {
            return ($"{Of(aggregate)} {AudienceTest.Operator(relative.Comparison)} {sql.Parameter(SqlType.Whole, sql.Moment.Instant.ToUnixTimeTicks() + shift.BclCompatibleTicks)}", HoldsOfNothing);
        }

        if (AudienceTest.Ends(leaf.Is) is { } ends && ends.TrueForAll(end => end.Value.Kind == ScalarKind.Instant))
        {
            return (string.Join(" AND ", ends.Select(end => $"{Of(aggregate)} {end.Operator} {sql.Parameter(SqlType.Whole, (end.Value.AsInstant ?? default).ToUnixTimeTicks())}")), HoldsOfNothing);
        }

        if (leaf.Is is Test.Known)
        {
            return ("1 = 1", leaf.WhenMissing);
        }

        Refuse(path + ".is", "An instant compares in SQL by order, with an instant or with one so far from now.");
        return null;
    }

    /// <summary>Whether an instant is in the window as of the moment.</summary>
    private string Window(string at)
    {
        var now = sql.Moment.Instant.ToUnixTimeTicks();
        switch (leaf.Window)
        {
            case Conditions.Window.Lifetime:
                return $"{at} <= {Ticks(now)}";
            case Conditions.Window.Last last:
                return $"{at} > {Ticks(now - last.Length.BclCompatibleTicks)} AND {at} <= {Ticks(now - last.Skip.BclCompatibleTicks)}";
            case Conditions.Window.Before before:
                return $"{at} <= {Ticks(now - before.Age.BclCompatibleTicks)}";
            case Conditions.Window.Between between:
                return $"{at} <= {Ticks(now)}{(between.From is { } from ? $" AND {at} >= {Ticks(Ceiling(from))}" : "")}{(between.Until is { } until ? $" AND {at} < {Ticks(Ceiling(until))}" : "")}";
            case Conditions.Window.Calendar calendar:
                var zone = CalendarDays.Zone(calendar.Zone);
                var today = zone.DayOf(sql.Moment.Instant);
                return $"{at} <= {Ticks(now)} AND {at} >= {Ticks(Start(zone, calendar, today, 1 - calendar.Skip - calendar.Count))} AND {at} < {Ticks(Start(zone, calendar, today, 1 - calendar.Skip))}";
            case Conditions.Window.Since since:
                return Since(since, at, now);
            default:
                Refuse(path + ".window", $"The store has no SQL for the window {leaf.Window.GetType().Name}.");
                return AudienceSql.Constant(false);
        }
    }

    private string Since(Conditions.Window.Since since, string at, long now)
    {
        var matches = Matches(since.Event, "s", path + (since.First ? ".window.sinceFirst" : ".window.sinceLatest"));
        var other = $"(SELECT {(since.First ? "MIN" : "MAX")}(s.effective_at) FROM crm_event s WHERE s.tenant = e.tenant AND s.bucket = e.bucket AND s.customer_id = e.customer_id AND {matches} AND s.effective_at <= {Ticks(now)})";
        return $"{at} <= {Ticks(now)} AND {at} > {other}{(since.Within is { } within ? $" AND {at} - {Ticks(within.BclCompatibleTicks)} <= {other}" : "")}";
    }

    private string Filter(Condition where, string place, string kind, string alias, string line)
    {
        switch (where)
        {
            case Condition.All all:
                return all.Of.IsEmpty ? AudienceSql.Constant(true) : "(" + string.Join(" AND ", all.Of.Select((part, i) => Filter(part, $"{place}.all[{i.ToString(System.Globalization.CultureInfo.InvariantCulture)}]", kind, alias, line))) + ")";
            case Condition.Any any:
                return any.Of.IsEmpty ? AudienceSql.Constant(false) : "(" + string.Join(" OR ", any.Of.Select((part, i) => Filter(part, $"{place}.any[{i.ToString(System.Globalization.CultureInfo.InvariantCulture)}]", kind, alias, line))) + ")";
            case Condition.Not not:
                return $"NOT ({Filter(not.Of, place + ".not", kind, alias, line)})";
            case Condition.Field field:
                return Field(field, place, kind, alias, line);
            default:
                Refuse(place, "A 'where' is built of all, any, not and fields.");
                return AudienceSql.Constant(false);
        }
    }

    private string Field(Condition.Field field, string place, string kind, string alias, string line)
    {
        if (Column(field.Name, kind, alias, line) is { } column)
        {
            return AudienceTest.OfCode(sql, field.Is, column) is { } test ? Answered(column, test, field) : AudienceSql.Constant(field.WhenMissing);
        }

        var amount = field.Name switch { "event.spend" when !sql.Declares(kind, "spend") => $"{alias}.spend_minor", "line.amount" => $"{line}.minor", _ => null };
        if (amount is not null && CurrencyOf(leaf.Measure) is { } currency && field.Is is not Test.Known)
        {
            if (AudienceTest.OfWhole(sql, field.Is, amount, Unit(currency), place) is { } test)
            {
                return Answered(amount, test, field);
            }

            refusals++;
            return AudienceSql.Constant(false);
        }

        Refuse(place + ".field", $"'{field.Name}' is not in a column that compares exactly: channel, brand, actor, kind, currency and source of events, sku and category of lines, and amounts in the measure's currency are.");
        return AudienceSql.Constant(false);
    }

    private static string Answered(string column, string test, Condition.Field field) => field.WhenMissing
        ? $"CASE WHEN {column} IS NULL THEN 1 WHEN {test} THEN 1 ELSE 0 END = 1"
        : $"CASE WHEN {test} THEN 1 ELSE 0 END = 1";

    // A field of the kind stands in where the column has no value, so it is asked for instead where one is declared.
    private string? Column(string name, string kind, string alias, string line) => name switch
    {
        "line.sku" => $"{line}.sku",
        "line.category" => $"{line}.category",
        "event.kind" => $"{alias}.kind",
        "event.source" => $"{alias}.source",
        "event.channel" when !sql.Declares(kind, "channel") => $"{alias}.channel",
        "event.brand" when !sql.Declares(kind, "brand") => $"{alias}.brand",
        "event.actor" when !sql.Declares(kind, "actor") => $"{alias}.actor",
        "event.currency" when !sql.Declares(kind, "currency") => $"{alias}.spend_currency",
        _ => null,
    };

    private void Refuse(string place, string why)
    {
        refusals++;
        sql.Refuse(place, why);
    }

    private string In(Currency currency) => $" AND e.spend_currency = {sql.Parameter(SqlType.Characters, currency.Code)}";

    private static Currency? CurrencyOf(Measure measure) => measure switch
    {
        Measure.SumOfSpend(var currency) => currency,
        Measure.Aggregate { Of: Measured.Spend(var currency) } => currency,
        _ => null,
    };

    private static long Unit(Currency currency)
    {
        var unit = 1L;
        for (var i = 0; i < currency.Decimals; i++)
        {
            unit *= 10;
        }

        return unit;
    }

    private static bool IsWhole(decimal value) => value == decimal.Truncate(value) && Math.Abs(value) < 1_000_000_000_000m;

    private string Ticks(long ticks) => sql.Parameter(SqlType.Whole, ticks);

    private static long Ceiling(Instant instant) => instant.ToUnixTimeTicks() is var ticks && Instant.FromUnixTimeTicks(ticks) < instant ? ticks + 1 : ticks;

    private static long Start(DateTimeZone zone, Conditions.Window.Calendar calendar, LocalDate today, int shift) => zone.Start(calendar.Unit.First(today, shift)).ToUnixTimeTicks();
}
