using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>Compiles a condition to scans, exactly or not at all.</summary>
internal sealed class ScanCompiler(PopulationColumns columns, Moment moment, bool judgesMoments) : IEvidence
{
    /// <summary>The fields of events that are numbered codes in the columns of events.</summary>
    internal static readonly string[] CodeFields = ["channel", "brand", "actor", "source"];

    private static readonly NumberRange[] Nothing = [];
    private readonly List<ConditionError> refusals = [];

    /// <summary>What cannot be answered exactly.</summary>
    public Sequence<ConditionError> Refusals => refusals.ToSequence();

    public Moment Moment => moment;

    /// <summary>Missing: no event is being handled.</summary>
    public Scalar Field(string name) => default;

    public bool Observed(Condition.Field leaf) => throw NoCustomer();

    public Scalar Fact(string name, out Instant? validUntil) => throw NoCustomer();

    public Truth Window(Condition.EventWindow leaf) => throw NoCustomer();

    /// <summary>The scan of a condition; nobody where it is refused.</summary>
    public Scan Compile(Condition condition, string path)
    {
        if (condition is Condition.Moment or Condition.EventWindow or Condition.Fact or Condition.Field)
        {
            condition = condition.WithZones(zone => zone is CalendarZone.Business ? CalendarZone.Of(moment.Zone) : zone);
            if (condition.Zones().OfType<CalendarZone.Customer>().FirstOrDefault() is { } own)
            {
                return InZones(condition, own, path);
            }
        }

        switch (condition)
        {
            case Condition.All all:
                return new Scan.Joined(Parts(all.Of, path + ".all"), all: true);
            case Condition.Any any:
                return new Scan.Joined(Parts(any.Of, path + ".any"), all: false);
            case Condition.Not not:
                return new Scan.Not(Compile(not.Of, path + ".not"));
            case Condition.Moment:
                return new Scan.Constant(judgesMoments && Evaluator.Evaluate(condition, this).Value);
            case Condition.Field field when !field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal):
                return new Scan.Constant(Evaluator.Evaluate(field, this).Value);
            case Condition.Field field:
                return columns.Profile.TryGetValue(field.Name[Evaluator.ProfileScope.Length..], out var ofProfile)
                    ? OfColumn(ofProfile, field.Is, field.WhenMissing)
                    : Refuse(path, $"The population was made without '{field.Name}'; give its builder a condition that asks for it.");
            case Condition.Fact fact:
                return columns.Facts.TryGetValue(fact.Name, out var ofFact)
                    ? OfColumn(ofFact, fact.Is, fact.WhenMissing)
                    : Refuse(path + ".fact", $"The population was made without the fact '{fact.Name}'; give its builder a condition that asks for it.");
            case Condition.EventWindow leaf when columns.DisposedUntil is { } until && !IsThere(leaf, until):
                return Refuse(path, $"Events up to {until} have been disposed of, and the columns do not have them; ask the engine, or of a window that begins later.");
            case Condition.EventWindow leaf:
                return OfEvents(leaf, path);
            case Condition.Score score:
                var parts = score.Of.Select((part, i) => (Compile(part.When, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].when")), part.Points)).ToArray();
                return new ScoreScan(parts, score.Is, moment.Instant);
            default:
                return Refuse(path, $"There is no scan for {condition.GetType().Name}.");
        }
    }

    /// <summary>Whether a leaf makes days of instants in a zone that is not the same for everybody.</summary>
    internal static bool AsksOpenDays(Condition.EventWindow leaf) => leaf.Measure is Measure.Aggregate { Of: Measured.Day { Zone: CalendarZone.Customer or CalendarZone.Business } };

    private bool IsThere(Condition.EventWindow leaf, Instant disposedUntil) => HistoryWindows.Forgotten(leaf, moment.Instant) is { } forgotten && (!judgesMoments || disposedUntil <= forgotten);

    /// <summary>A leaf that sees the calendar in each customer's own zone: of those in one zone, what it is in that zone. There are as many zones as the profiles name.</summary>
    private Scan InZones(Condition leaf, CalendarZone.Customer own, string path)
    {
        var field = own.Field[Evaluator.ProfileScope.Length..];
        if (!columns.Profile.TryGetValue(field, out var column))
        {
            return Refuse(path, $"The population was made without '{own.Field}', which names the customer's zone; give its builder a condition that asks for it.");
        }

        if (leaf is Condition.EventWindow window && window.Measure is Measure.Aggregate { Of: Measured.Day { Zone: var zone } } && zone == own)
        {
            return Refuse(path + ".zone", "The population keeps days of one zone; days of each customer's own are not in it.");
        }

        var named = column.Known.Where(value => value.AsCode is { } id && DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) is not null).ToList();
        var there = named.Select(value => new Scan.Joined([OfColumn(column, new Test.EqualTo(value), false), In(value.AsCode ?? own.Otherwise)], all: true));
        var elsewhere = named.Count == 0 ? In(own.Otherwise) : new Scan.Joined([new Scan.Not(OfColumn(column, new Test.OneOf(named.ToSequence()), false)), In(own.Otherwise)], all: true);
        return new Scan.Joined([.. there, elsewhere], all: false);

        Scan In(string id) => Compile(leaf.WithZones(one => one == own ? new CalendarZone.Named(id) : one), path);
    }

    private Scan[] Parts(Sequence<Condition> parts, string path) => [.. parts.Select((part, i) => Compile(part, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")))];

    /// <summary>Whether a leaf is answered by the columns of events: a count or a sum of spend, compared with one or two ends, in a window that is the same for everybody, filtered by codes alone.</summary>
    internal static bool IsPlain(Condition.EventWindow leaf) =>
        leaf is { Measure: Measure.Count or Measure.SumOfSpend, Window: not Conditions.Window.Since, Is: not Test.Known }
        && (leaf.Where?.Leaves() ?? []).All(part => part is Condition.Field field && field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal) && CodeFields.Contains(field.Name[EventFields.Scope.Length..], StringComparer.Ordinal))
        && Wanted(leaf) is { Length: <= 1 };

    private Scan OfColumn(FactColumn column, Test test, bool whenMissing)
    {
        var now = moment.Instant.ToUnixTimeTicks();
        if (test is Test.Known)
        {
            return new FactScan(column, null, Nothing, whenMissing, now);
        }

        var operands = Operands(test);
        var kind = operands.Count == 0 ? ScalarKind.Missing : operands[0].Kind;
        if (kind == ScalarKind.Code && test is Test.EqualTo or Test.OneOf)
        {
            return new FactScan(column, (byte)kind, [.. operands.Select(operand => Array.IndexOf(column.Known, operand) + 1L).Where(place => place > 0).Select(place => new NumberRange(place, place))], whenMissing, now);
        }

        return kind is ScalarKind.Flag or ScalarKind.Date or ScalarKind.Instant || (kind == ScalarKind.Number && column.IsExact)
            ? Ranges(test, operand => Exactly(operand, column.Unit)) is { } ranges ? new FactScan(column, (byte)kind, ranges, whenMissing, now) : new AskedScan(column, test, whenMissing, moment.Instant)
            : new AskedScan(column, test, whenMissing, moment.Instant);
    }

    private Scan OfEvents(Condition.EventWindow leaf, string path)
    {
        if (!IsPlain(leaf) || !columns.Events.TryGetValue(leaf.Kind, out var of))
        {
            return OfSamples(leaf, path);
        }

        var range = Range(leaf.Window);
        var passing = Wanted(leaf) is [var wanted] ? wanted : new NumberRange(1, 0);
        var sums = leaf.Measure is Measure.SumOfSpend { Currency: var spent } ? of.Sums.GetValueOrDefault(spent) ?? new long[of.Ticks.Length] : null;
        if (leaf.Where is { } where)
        {
            return Filter(where, of, path + ".where") is { } counts ? new FilteredScan(of, sums, counts, range, passing) : new Scan.Constant(false);
        }

        return sums is null ? new CountScan(of, range, passing) : new SumScan(of, sums, range, passing);
    }

    /// <summary>The whole numbers that pass the test of a count or sum; null where they are not one row.</summary>
    private static NumberRange[]? Wanted(Condition.EventWindow leaf)
    {
        var unit = leaf.Measure is Measure.SumOfSpend { Currency: var currency } ? Unit(currency) : 1;
        return Ranges(leaf.Is, operand => operand.Kind == ScalarKind.Number && Math.Abs(operand.AsNumber) < 1_000_000_000_000m ? operand.AsNumber * unit : null);
    }

    private Scan OfSamples(Condition.EventWindow leaf, string path)
    {
        if (leaf.Measure is Measure.Aggregate { Of: Measured.Day { Zone: not CalendarZone.Named } })
        {
            return Refuse(path + ".zone", "The population keeps days of one zone, which the condition names; days of the zone of the business are not in it.");
        }

        if (!columns.Samples.TryGetValue(SampleColumns.KeyOf(leaf), out var samples))
        {
            return Refuse(path, "The population was made without what this measure counts; give its builder a condition with the same kind, filter and measure.");
        }

        SinceEvent? since = null;
        if (leaf.Window is Conditions.Window.Since window)
        {
            if (!columns.Samples.TryGetValue(SampleColumns.KeyOf(window.Event), out var anchors))
            {
                return Refuse(path + ".window", $"The population was made without the events of the kind '{window.Event.Kind}' since which others count; give its builder a condition that asks for them.");
            }

            since = new SinceEvent(anchors, window.First, window.Within?.BclCompatibleTicks);
        }

        var test = judgesMoments ? new SampleMeasure(samples, leaf, moment.Instant).Test() : (_, _) => false;
        return new SampleScan(samples, judgesMoments ? Range(leaf.Window) : default, since, test);
    }

    private TickRange Range(Window window)
    {
        var now = moment.Instant.ToUnixTimeTicks();
        switch (window)
        {
            case Conditions.Window.Lifetime or Conditions.Window.Since:
                return new TickRange(long.MinValue, now);
            case Conditions.Window.Last last:
                return new TickRange(now - last.Length.BclCompatibleTicks, now - last.Skip.BclCompatibleTicks);
            case Conditions.Window.Before before:
                return new TickRange(long.MinValue, now - before.Age.BclCompatibleTicks);
            case Conditions.Window.Between between:
                return new TickRange(between.From is { } from ? BeforeTick(from) : long.MinValue, Math.Min(now, between.Until is { } until ? BeforeTick(until) : now));
            case Conditions.Window.Calendar calendar:
                var zone = CalendarDays.Zone(calendar.Zone);
                var today = zone.DayOf(moment.Instant);
                return new TickRange(
                    BeforeTick(zone.Start(calendar.Unit, today, 1 - calendar.Skip - calendar.Count)),
                    Math.Min(now, BeforeTick(zone.Start(calendar.Unit, today, 1 - calendar.Skip))));
            default:
                throw new InvalidOperationException($"There is no scan for the window {window.GetType().Name}.");
        }
    }

    /// <summary>The last tick before an instant.</summary>
    private static long BeforeTick(Instant instant) => instant.ToUnixTimeTicks() is var ticks && Instant.FromUnixTimeTicks(ticks) < instant ? ticks : ticks - 1;

    private static List<Scalar> Operands(Test test) => test switch
    {
        Test.EqualTo equal => [equal.Value],
        Test.MoreThan more => [more.Value],
        Test.AtLeast least => [least.Value],
        Test.LessThan less => [less.Value],
        Test.AtMost most => [most.Value],
        Test.Between between => [between.From, between.To],
        Test.OneOf oneOf => [.. oneOf.Values],
        _ => [],
    };

    /// <summary>The whole numbers that pass a test; null where that cannot be said.</summary>
    private static NumberRange[]? Ranges(Test test, Func<Scalar, decimal?> scaled)
    {
        var operands = Operands(test).Select(scaled).ToList();
        if (operands.Count == 0 || operands.Contains(null))
        {
            return null;
        }

        var numbers = operands.OfType<decimal>().ToList();
        return test switch
        {
            Test.MoreThan => [new((long)decimal.Floor(numbers[0]) + 1, long.MaxValue)],
            Test.AtLeast => [new((long)decimal.Ceiling(numbers[0]), long.MaxValue)],
            Test.LessThan => [new(long.MinValue, (long)decimal.Ceiling(numbers[0]) - 1)],
            Test.AtMost => [new(long.MinValue, (long)decimal.Floor(numbers[0]))],
            Test.Between => [new((long)decimal.Ceiling(numbers[0]), (long)decimal.Floor(numbers[1]))],
            _ => [.. numbers.Where(number => number == decimal.Truncate(number)).Select(number => new NumberRange((long)number, (long)number))],
        };
    }

    private static decimal? Exactly(Scalar operand, long unit) => operand switch
    {
        { Kind: ScalarKind.Flag } => operand.AsFlag ? 1 : 0,
        { AsDate: { } date } => Period.DaysBetween(new LocalDate(1970, 1, 1), date),
        { AsInstant: { } instant } => instant.ToUnixTimeTicks(),
        { Kind: ScalarKind.Number } when Math.Abs(operand.AsNumber) < 100_000_000_000_000m => operand.AsNumber * unit,
        _ => null,
    };

    private Func<int, bool>? Filter(Condition where, EventColumns of, string path)
    {
        switch (where)
        {
            case Condition.All all:
                return Joined(all.Of, of, path + ".all") is { } every ? place => Array.TrueForAll(every, part => part(place)) : null;
            case Condition.Any any:
                return Joined(any.Of, of, path + ".any") is { } some ? place => Array.Exists(some, part => part(place)) : null;
            case Condition.Not not:
                return Filter(not.Of, of, path + ".not") is { } inner ? place => !inner(place) : null;
            case Condition.Field field when field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal) && of.Codes.TryGetValue(field.Name[EventFields.Scope.Length..], out var codes):
                // The answer for each code that occurs is asked of the test itself, once.
                var answers = codes.Known.Select(code => Holds(field, code)).Prepend(Holds(field, default)).ToArray();
                return place => answers[codes.Places[place]];
            default:
                Refuse(path, "Only channel, brand, actor and source of events that the builder's conditions ask for are in the columns.");
                return null;
        }
    }

    private Func<int, bool>[]? Joined(Sequence<Condition> parts, EventColumns of, string path)
    {
        var filters = parts.Select((part, i) => Filter(part, of, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))).ToList();
        return filters.Contains(null) ? null : [.. filters.OfType<Func<int, bool>>()];
    }

    private bool Holds(Condition.Field field, Scalar value) => Evaluator.Evaluate(field, new OneValue(moment, value)).Value;

    private Scan.Constant Refuse(string path, string why)
    {
        refusals.Add(new ConditionError(path, why));
        return new Scan.Constant(false);
    }

    internal static decimal Unit(Currency currency) => currency.Decimals switch { 0 => 1, 2 => 100, 3 => 1_000, _ => 10_000 };

    private static InvalidOperationException NoCustomer() => new("A condition is compiled for all customers; what belongs to one of them is in the columns.");

    /// <summary>Whatever field is asked, its value.</summary>
    private sealed class OneValue(Moment moment, Scalar value) : IEvidence
    {
        public Moment Moment => moment;

        public Scalar Field(string name) => value;

        public bool Observed(Condition.Field leaf) => throw NoCustomer();

        public Scalar Fact(string name, out Instant? validUntil) => throw NoCustomer();

        public Truth Window(Condition.EventWindow leaf) => throw NoCustomer();
    }
}
