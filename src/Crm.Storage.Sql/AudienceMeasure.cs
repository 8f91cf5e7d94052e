using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// A measure over events as SQL. Where the test is a comparison of whole numbers it is a test of a column of the one pass over all events, or of a group that has a pass of its own; otherwise the rows bring what is measured.
/// </summary>
internal sealed class AudienceMeasure(AudienceSql sql, Condition.EventWindow leaf, string path)
{
    private static readonly AudienceValue Whole = new(ScalarKind.Number);
    private readonly AudienceFilter filter = new(sql);
    private readonly bool looksAtLines = AudienceFilter.LooksAtLines(leaf.Where);

    /// <summary>The part, about the customer c.</summary>
    public AudiencePart Compile()
    {
        var before = sql.Refusals.Count;
        var measured = leaf.Measure switch
        {
            Measure.Sequence sequence => Counted(Sequence(sequence), "COUNT(DISTINCT e.completed)"),
            Measure.Periods periods => Counted(Parts(periods), "COUNT(*)"),
            Measure.Count => Counted(Events("1", Whole), "COUNT(*)"),
            Measure.SumOfSpend(var currency) => Sum(new Measured.Spend(currency)),
            Measure.SumOfQuantity => Sum(new Measured.Quantity()),
            Measure.Aggregate aggregate => Aggregate(aggregate),
            _ => Unknown(),
        };
        return sql.Refusals.Count > before ? AudienceSql.Always(false) : measured();
    }

    private Func<AudiencePart> Aggregate(Measure.Aggregate aggregate)
    {
        if (aggregate.How == Aggregation.Sum && aggregate.Of is Measured.Spend or Measured.Quantity or Measured.Named { Name: AudienceFilter.LineQuantity })
        {
            return Sum(aggregate.Of is Measured.Named ? new Measured.Quantity() : aggregate.Of);
        }

        if (Samples(aggregate.Of) is not { } samples)
        {
            return () => AudienceSql.Always(false);
        }

        var isNumber = samples.Kind.Kind == ScalarKind.Number;
        switch (aggregate.How)
        {
            case Aggregation.Sum or Aggregation.Average when !isNumber:
                // What is no number does not count, so nothing does.
                return () => AudienceSql.Always(HoldsOfNothing);
            case Aggregation.Average:
                return () => Average(samples);
            case Aggregation.Distinct:
                return Counted(samples, $"COUNT(DISTINCT {samples.Value})");
            case Aggregation.Least or Aggregation.Greatest:
                return () => End(samples, $"{(aggregate.How == Aggregation.Least ? "MIN" : "MAX")}({samples.Value})");
            case Aggregation.First or Aggregation.Latest when aggregate.Of is Measured.At:
                return () => End(samples, $"{(aggregate.How == Aggregation.First ? "MIN" : "MAX")}({samples.Value})");
            case Aggregation.First or Aggregation.Latest:
                return () => Brought(samples.AtEnd(aggregate.How == Aggregation.Latest), samples.Kind, isOdd: true);
            case Aggregation.MostFrequent:
                return () => Brought(samples.MostFrequent(), samples.Kind, isOdd: true);
            case Aggregation.Unique when samples.Kind.Kind != ScalarKind.Code:
                // What is no code does not count, so nothing does.
                return () => AudienceSql.Always(HoldsOfNothing);
            case Aggregation.Unique:
                return Unique(samples with { Where = $"{samples.Where} AND {samples.Value} <> '' AND {samples.Value} NOT LIKE '%,%'" });
            default:
                return Unknown();
        }
    }

    /// <summary>Which of the codes that are asked for are there; the list itself is not brought.</summary>
    private Func<AudiencePart> Unique(AudienceSamples samples)
    {
        switch (leaf.Is)
        {
            case Test.Known:
                return () => InGroup(samples, "COUNT(*) > 0");
            case Test.AnyOf(var codes):
                return () => InGroup(samples, $"{Found(codes)} > 0");
            case Test.AllOf(var codes):
                var all = codes.Distinct(StringComparer.Ordinal).Count();
                return () => InGroup(samples, $"{Found(codes)} = {AudienceValue.Number(all)}");
            default:
                sql.Refuse(path + ".is", "The store lists no codes: it answers \"anyOf\", \"allOf\" and \"known\" of them.");
                return () => AudienceSql.Always(false);
        }

        string Found(Sequence<string> codes) => $"COUNT(DISTINCT CASE WHEN {AudienceTest.OfCode(sql, new Test.AnyOf(codes), samples.Value)} THEN {samples.Value} END)";
    }

    private Func<AudiencePart> Unknown()
    {
        sql.Refuse(path, $"The store has no SQL for the measure {leaf.Measure.GetType().Name}.");
        return () => AudienceSql.Always(false);
    }

    private bool HoldsOfNothing => HistoryWindows.Evaluate(leaf, [], sql.Moment.Instant).Value;

    /// <summary>A whole number of the rows of a customer; 0 of nobody's.</summary>
    private Func<AudiencePart> Counted(AudienceSamples? samples, string expression) => () => samples is null ? AudienceSql.Always(false) : Group(samples, expression, Whole, 0);

    private Func<AudiencePart> Sum(Measured of)
    {
        // The sum of all lines is that of the events.
        var samples = of is Measured.Quantity || looksAtLines ? Lines(of) : Samples(of);
        return () => samples is null ? AudienceSql.Always(false) : Group(samples, $"SUM({samples.Value})", samples.Kind, 0);
    }

    private AudiencePart End(AudienceSamples samples, string expression) => samples.Kind.Kind == ScalarKind.Code
        ? Brought(samples.Grouped($", {expression} AS a, {samples.Odd} AS odd"), samples.Kind, isOdd: true)
        : Group(samples, expression, samples.Kind, default);

    /// <summary>An expression of each customer's rows, tested by the database where that is exact.</summary>
    private AudiencePart Group(AudienceSamples samples, string expression, AudienceValue kind, Scalar ofNothing)
    {
        if (samples.Filter is { } events && !expression.Contains("DISTINCT", StringComparison.Ordinal))
        {
            var value = sql.Sources.Measured(expression, events);
            return AudienceTest.OfValue(sql, leaf.Is, value, kind) is { } holds ? InOnePass(holds, events) : Brought($"CAST({value} AS {{bigint}})", null, kind, ofNothing);
        }

        return AudienceTest.OfValue(sql, leaf.Is, expression, kind) is { } test ? InGroup(samples, test) : Brought(samples.Grouped($", CAST({expression} AS {{bigint}}) AS a"), kind, isOdd: false, ofNothing);
    }

    private AudiencePart.Exact InOnePass(string test, string events)
    {
        var count = sql.Sources.Measured("COUNT(*)", events);
        return new AudiencePart.Exact(HoldsOfNothing ? $"(COALESCE({count}, 0) = 0 OR ({test}))" : $"({count} > 0 AND {test})");
    }

    // A customer without events is in no group: the group's answer is turned round where nothing passes.
    private AudiencePart.Exact InGroup(AudienceSamples samples, string test) =>
        new($"{sql.Sources.Group(samples.From, samples.Present, HoldsOfNothing ? $"NOT ({test})" : test)}.customer_id IS {(HoldsOfNothing ? "" : "NOT ")}NULL");

    /// <summary>An average compares as the sum does with so many times the number, where that is a whole number of minor units.</summary>
    private AudiencePart Average(AudienceSamples samples)
    {
        var unit = samples.Kind.Unit;
        var (sum, count) = ($"SUM({samples.Value})", "COUNT(*)");
        (sum, count) = samples.Filter is { } events ? (sql.Sources.Measured(sum, events), sql.Sources.Measured(count, events)) : (sum, count);
        if (AudienceTest.Ends(leaf.Is) is { } ends && ends.TrueForAll(end => AudienceTest.InUnits(end.Value, unit) is { } number && IsWhole(number)))
        {
            var test = string.Join(" AND ", ends.Select(end => $"{sum} {end.Operator} {sql.Parameter(SqlType.Whole, (long)(end.Value.AsNumber * unit))} * {count}"));
            return samples.Filter is { } filtered ? InOnePass(test, filtered) : InGroup(samples, test);
        }

        if (samples.Filter is null)
        {
            var alias = sql.Sources.Selection(samples.Grouped($", {sum} AS a, {count} AS n"));
            (sum, count) = (alias + ".a", alias + ".n");
        }

        var (amount, number) = (sql.Column($"CAST({sum} AS {{bigint}})"), sql.Column(count));
        return new AudiencePart.Asked(row => sql.Passes(leaf.Is, row.IsNull(number()) || row.Whole(number()) == 0 ? default(Scalar) : samples.Kind.Read(row, amount()).AsNumber / row.Whole(number()), leaf.WhenMissing));
    }

    private AudiencePart.Asked Brought(string selection, AudienceValue kind, bool isOdd, Scalar ofNothing = default)
    {
        var alias = sql.Sources.Selection(selection);
        return Brought(alias + ".a", isOdd ? alias + ".odd" : null, kind, ofNothing);
    }

    private AudiencePart.Asked Brought(string expression, string? oddness, AudienceValue kind, Scalar ofNothing)
    {
        var value = sql.Column(expression);
        var odd = oddness is null ? null : sql.Column(oddness);
        return new AudiencePart.Asked(row =>
            odd is not null && !row.IsNull(odd()) && row.Whole(odd()) != 0 ? null
            : sql.Passes(leaf.Is, row.IsNull(value()) ? ofNothing : kind.Read(row, value()), leaf.WhenMissing));
    }

    private AudienceSamples? Samples(Measured of)
    {
        switch (of)
        {
            case Measured.Spend(var currency) when !looksAtLines:
                return Events("e.spend_minor", new AudienceValue(ScalarKind.Number, AudienceTest.Unit(currency)), In(currency));
            case Measured.Spend or Measured.Quantity:
                return Lines(of) is { } lines
                    ? lines with { From = $"(SELECT e.bucket, e.customer_id, e.version, e.effective_at, CAST(SUM({lines.Value}) AS {{bigint}}) AS amount FROM {lines.From} WHERE {lines.Where} GROUP BY e.bucket, e.customer_id, e.version, e.effective_at) e", Where = "1 = 1", Value = "e.amount" }
                    : null;
            case Measured.At:
                return Events("e.effective_at", new AudienceValue(ScalarKind.Instant));
            case Measured.Day(var zone):
                return Events(new AudienceDays(CalendarDays.Zone(zone), sql.Moment.Instant).Sql("e.effective_at"), new AudienceValue(ScalarKind.Date));
            case Measured.Named { Name: AudienceFilter.LineQuantity }:
                return Lines(new Measured.Quantity());
            case Measured.Named { Name: var name } when filter.Column(name, leaf.Kind, "e", "l") is { } column:
                return column[0] == 'l' ? OfLines(column, new AudienceValue(ScalarKind.Code)) : Events(column, new AudienceValue(ScalarKind.Code));
            default:
                sql.Refuse(path, $"{(of is Measured.Named named ? $"'{named.Name}'" : of.GetType().Name)} is in no column whose values are exact: channel, brand, actor, kind, currency and source of events, sku, category and quantity of lines, and spend in a currency are.");
                return null;
        }
    }

    /// <summary>Each event once.</summary>
    private AudienceSamples? Events(string value, AudienceValue kind, string further = "")
    {
        if (sql.Kind(leaf.Kind, path) is not { } name)
        {
            return null;
        }

        // Whatever needs the events in an order, or asks another table about each, has a pass of its own.
        var counted = $"e.kind = {name} AND {Window("e.effective_at")}{Filtered()}{further}";
        return new AudienceSamples("crm_event e", $"e.tenant = {sql.Tenant} AND {counted}", value, kind) { Filter = looksAtLines || leaf.Window is Conditions.Window.Since || kind.Kind == ScalarKind.Code ? null : counted };
    }

    /// <summary>What is spent, or how much is bought, with each line that counts.</summary>
    private AudienceSamples? Lines(Measured of) => of is Measured.Spend(var currency)
        ? OfLines("l.minor", new AudienceValue(ScalarKind.Number, AudienceTest.Unit(currency)), In(currency))
        : OfLines(AudienceFilter.Quantity("l"), new AudienceValue(ScalarKind.Number, AudienceFilter.QuantitySteps));

    /// <summary>Each line that counts.</summary>
    private AudienceSamples? OfLines(string value, AudienceValue kind, string further = "") => sql.Kind(leaf.Kind, path) is { } name
        ? new AudienceSamples(
            "crm_event e JOIN crm_event_line l ON l.tenant = e.tenant AND l.bucket = e.bucket AND l.customer_id = e.customer_id AND l.version = e.version",
            $"e.tenant = {sql.Tenant} AND e.kind = {name} AND {Window("e.effective_at")}{(leaf.Where is { } where ? $" AND {filter.Of(where, path + ".where", leaf.Kind, "e", "l")}" : "")}{further}",
            value,
            kind)
        : null;

    private string Filtered() => leaf.Where is { } where ? $" AND {filter.OfEvent(where, path + ".where", leaf.Kind, "e")}" : "";

    /// <summary>The parts of the window in which the customer was active often enough, each a row.</summary>
    private AudienceSamples? Parts(Measure.Periods periods)
    {
        if (Part(periods) is not { } part)
        {
            sql.Refuse(path + ".window", "Only a window of the last so many days, or one of the calendar, has equal parts.");
            return null;
        }

        return Events(part, Whole) is { } events
            ? events with { Filter = null, From = $"(SELECT e.bucket, e.customer_id, {part} AS part FROM {events.From} WHERE {events.Where} GROUP BY 1, 2, 3 HAVING COUNT(*) >= {Ticks(periods.Times)}) e", Where = "1 = 1", Value = "e.part" }
            : null;
    }

    private string? Part(Measure.Periods periods)
    {
        var now = sql.Moment.Instant;
        switch (leaf.Window)
        {
            case Conditions.Window.Last last:
                return $"(({Ticks(now.ToUnixTimeTicks())} - e.effective_at) / {Ticks(last.Length.BclCompatibleTicks / periods.OutOf)})";
            case Conditions.Window.Calendar calendar:
                var zone = CalendarDays.Zone(calendar.Zone);
                var today = zone.DayOf(now);
                var starts = Enumerable.Range(0, calendar.Count).Select(i => $" WHEN e.effective_at >= {Ticks(Start(zone, calendar, today, -calendar.Skip - i))} THEN {AudienceValue.Number(i)}");
                return $"CASE{string.Concat(starts)} ELSE {AudienceValue.Number(calendar.Count)} END";
            default:
                return null;
        }
    }

    /// <summary>
    /// A sequence as a join of the steps: events of one customer, each later than the one before it, with nothing between them that must not be. A row is one way to complete it.
    /// </summary>
    private AudienceSamples Sequence(Measure.Sequence sequence)
    {
        var from = "crm_event e";
        var conditions = new List<string> { $"e.tenant = {sql.Tenant}", filter.Matches(new EventPattern(leaf.Kind) { Where = leaf.Where }, "e", path) };
        var last = "e.effective_at";
        foreach (var (i, step) in sequence.Then.Index())
        {
            var number = AudienceValue.Number(i);
            var (alias, place, before) = ($"s{number}", $"{path}.then[{number}]", last);
            last = $"{alias}.effective_at";
            from += $" JOIN crm_event {alias} ON {SameCustomer(alias)}";
            conditions.Add($"{last} > {before} AND {filter.Matches(step.Event, alias, place)}");
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
                conditions.Add($"NOT EXISTS (SELECT 1 FROM crm_event w WHERE {SameCustomer("w")} AND w.effective_at > {before} AND w.effective_at < {last} AND {filter.Matches(without, "w", place + ".without")})");
            }
        }

        var completed = last;
        if (sequence.Lacking is { } lacking)
        {
            completed = $"{last} + {Ticks(lacking.For.BclCompatibleTicks)}";
            conditions.Add($"NOT EXISTS (SELECT 1 FROM crm_event w WHERE {SameCustomer("w")} AND w.effective_at > {last} AND w.effective_at <= {completed} AND {filter.Matches(lacking.Event, "w", path + ".lacking")})");
        }

        conditions.Add(Window(completed));
        return new AudienceSamples($"(SELECT e.bucket, e.customer_id, {last} AS completed FROM {from} WHERE {string.Join(" AND ", conditions)}) e", "1 = 1", "e.completed", new AudienceValue(ScalarKind.Instant));
    }

    private static string SameCustomer(string alias) => $"{alias}.tenant = e.tenant AND {alias}.bucket = e.bucket AND {alias}.customer_id = e.customer_id";

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
                sql.Refuse(path + ".window", $"The store has no SQL for the window {leaf.Window.GetType().Name}.");
                return AudienceSql.Constant(false);
        }
    }

    private string Since(Conditions.Window.Since since, string at, long now)
    {
        var matches = filter.Matches(since.Event, "s", path + (since.First ? ".window.sinceFirst" : ".window.sinceLatest"));
        var other = $"(SELECT {(since.First ? "MIN" : "MAX")}(s.effective_at) FROM crm_event s WHERE s.tenant = e.tenant AND s.bucket = e.bucket AND s.customer_id = e.customer_id AND {matches} AND s.effective_at <= {Ticks(now)})";
        return $"{at} <= {Ticks(now)} AND {at} > {other}{(since.Within is { } within ? $" AND {at} - {Ticks(within.BclCompatibleTicks)} <= {other}" : "")}";
    }

    private string In(Currency currency) => $" AND e.spend_currency = {sql.Parameter(SqlType.Characters, currency.Code)}";

    private static bool IsWhole(decimal value) => value == decimal.Truncate(value) && Math.Abs(value) < 1_000_000_000_000m;

    private string Ticks(long ticks) => sql.Parameter(SqlType.Whole, ticks);

    private static long Ceiling(Instant instant) => instant.ToUnixTimeTicks() is var ticks && Instant.FromUnixTimeTicks(ticks) < instant ? ticks + 1 : ticks;

    private static long Start(DateTimeZone zone, Conditions.Window.Calendar calendar, LocalDate today, int shift) => zone.Start(calendar.Unit, today, shift).ToUnixTimeTicks();
}
