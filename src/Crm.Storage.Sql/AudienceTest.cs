using System.Globalization;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>Tests as SQL, exactly or not at all.</summary>
internal static class AudienceTest
{
    private const decimal Most = 4_000_000_000_000_000_000m;

    /// <summary>The test of a row of a fact, and the kind of value it is about; null kind: any. Null when it has no exact SQL.</summary>
    public static (Func<string, string> Holds, ScalarKind? Kind)? OfFact(AudienceSql sql, Test test)
    {
        switch (test)
        {
            case Test.Known:
                return (_ => "1 = 1", null);
            case Test.EqualTo { Value: var value }:
                return (row => $"{row}.content = {sql.Parameter(SqlType.Characters, value.ToString())}", value.Kind);
            case Test.OneOf { Values: var values }:
                return (row => $"{row}.content IN ({string.Join(", ", values.Select(value => sql.Parameter(SqlType.Characters, value.ToString())))})", values[0].Kind);
            case Test.StartsWith or Test.EndsWith or Test.Contains:
                return (row => OfText(sql, test, $"{row}.content"), ScalarKind.Code);
            case Test.Relative relative:
                return (row => Relative(sql, relative, $"{row}.number").Holds, Relative(sql, relative, "").Kind);
            default:
                return Ends(test) is { } ends && ends.TrueForAll(end => IsOrdered(end.Value))
                    ? (row => string.Join(" AND ", ends.Select(end => $"{row}.number {end.Operator} {Number(sql, end.Value)}")), ends[0].Value.Kind)
                    : null;
        }
    }

    /// <summary>The test of a code in a column.</summary>
    /// <returns>Null when the test is not about codes: then a code is of another kind than the test's.</returns>
    public static string? OfCode(AudienceSql sql, Test test, string column) => test switch
    {
        Test.Known => $"{column} IS NOT NULL",
        Test.EqualTo { Value.AsCode: { } code } => $"{column} = {sql.Parameter(SqlType.Characters, code)}",
        Test.OneOf { Values: var values } when values.All(value => value.AsCode is not null) => $"{column} IN ({string.Join(", ", values.Select(value => sql.Parameter(SqlType.Characters, value.AsCode ?? "")))})",
        Test.AnyOf { Codes: var codes } => $"{column} IN ({string.Join(", ", codes.Select(code => sql.Parameter(SqlType.Characters, code)))})",
        Test.AllOf { Codes: var codes } => codes.Distinct(StringComparer.Ordinal).Count() == 1 ? $"{column} = {sql.Parameter(SqlType.Characters, codes[0])}" : $"{column} <> {column}",
        Test.StartsWith or Test.EndsWith or Test.Contains => OfText(sql, test, column),
        _ => null,
    };

    /// <summary>The test of a whole number that stands for a number of so many in a unit (100 cents); null when it has no exact SQL.</summary>
    public static string? OfWhole(AudienceSql sql, Test test, string expression, long unit)
    {
        switch (test)
        {
            case Test.OneOf { Values: var values }:
                var whole = values.Select(value => InUnits(value, unit)).OfType<decimal>().Where(decimal.IsInteger).ToList();
                return whole.Count == 0 ? "1 = 0" : $"{expression} IN ({string.Join(", ", whole.Select(value => sql.Parameter(SqlType.Whole, (long)value)))})";
            case Test.EqualTo { Value: { Kind: ScalarKind.Number } value }:
                return InUnits(value, unit) is { } number && decimal.IsInteger(number) ? $"{expression} = {sql.Parameter(SqlType.Whole, (long)number)}" : "1 = 0";
            default:
                var ends = Ends(test)?.ConvertAll(end => (end.Operator, Value: InUnits(end.Value, unit)));
                return ends?.TrueForAll(end => end.Value is not null) == true
                    ? string.Join(" AND ", ends.Select(end => $"{expression} {end.Operator} {sql.Parameter(SqlType.Whole, Bound(end.Operator, end.Value ?? 0))}"))
                    : null;
        }
    }

    /// <summary>The test of a value that a whole number stands for: a number, the days of a date, the ticks of an instant. Null when it has no exact SQL.</summary>
    public static string? OfValue(AudienceSql sql, Test test, string expression, AudienceValue value)
    {
        switch (test)
        {
            case Test.Known:
                return $"{expression} IS NOT NULL";
            case Test.Relative relative:
                var (holds, kind) = Relative(sql, relative, expression);
                return kind == value.Kind ? holds : null;
            case not null when value.Kind == ScalarKind.Number:
                return OfWhole(sql, test, expression, value.Unit);
            default:
                return value.Kind is ScalarKind.Date or ScalarKind.Instant && test is not null && Ends(test) is { } ends && ends.TrueForAll(end => end.Value.Kind == value.Kind)
                    ? string.Join(" AND ", ends.Select(end => $"{expression} {end.Operator} {Number(sql, end.Value)}"))
                    : null;
        }
    }

    /// <summary>The test of an amount of any currency, which is kept in its minor units; null when it has no exact SQL.</summary>
    public static string? OfAmount(AudienceSql sql, Test test, string minor, string currency)
    {
        var usual = OfWhole(sql, test, minor, 100);
        var cases = Currency.All.Append(default).GroupBy(Unit).Where(group => group.Key != 100).OrderBy(group => group.Key)
            .Select(group => (Codes: string.Join(", ", group.Select(one => $"'{one.Code}'")), Holds: OfWhole(sql, test, minor, group.Key))).ToList();
        return usual is null || cases.Exists(one => one.Holds is null)
            ? null
            : $"CASE{string.Concat(cases.Select(one => $" WHEN {currency} IN ({one.Codes}) THEN CASE WHEN {one.Holds} THEN 1 ELSE 0 END"))} WHEN {usual} THEN 1 ELSE 0 END = 1";
    }

    /// <summary>How many of the minor units of a currency make one of it.</summary>
    public static long Unit(Currency currency)
    {
        var unit = 1L;
        for (var i = 0; i < currency.Decimals; i++)
        {
            unit *= 10;
        }

        return unit;
    }

    /// <summary>The values that a test compares with, where it does so at all.</summary>
    public static IEnumerable<Scalar> Operands(Test test) => test switch
    {
        Test.EqualTo equal => [equal.Value],
        Test.OneOf oneOf => oneOf.Values,
        _ => Ends(test)?.Select(end => end.Value) ?? [],
    };

    /// <summary>The comparisons that a test of order makes, or null.</summary>
    public static List<(string Operator, Scalar Value)>? Ends(Test test) => test switch
    {
        Test.MoreThan more => [(">", more.Value)],
        Test.AtLeast least => [(">=", least.Value)],
        Test.LessThan less => [("<", less.Value)],
        Test.AtMost most => [("<=", most.Value)],
        Test.Between between => [(">=", between.From), ("<=", between.To)],
        _ => null,
    };

    /// <summary>How a comparison is written.</summary>
    public static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.EqualTo => "=",
        Comparison.MoreThan => ">",
        Comparison.AtLeast => ">=",
        Comparison.LessThan => "<",
        _ => "<=",
    };

    private static (string Holds, ScalarKind Kind) Relative(AudienceSql sql, Test.Relative relative, string expression)
    {
        var (value, kind) = relative.To switch
        {
            RelativeTime.Today today => ((long)Period.DaysBetween(new LocalDate(1970, 1, 1), CalendarDays.Zone(today.Zone).DayOf(sql.Moment.Instant) + today.Shift), ScalarKind.Date),
            RelativeTime.Now now => (sql.Moment.Instant.ToUnixTimeTicks() + now.Shift.BclCompatibleTicks, ScalarKind.Instant),
            _ => throw new InvalidOperationException($"The store has no SQL for the time {relative.To.GetType().Name}."),
        };
        return ($"{expression} {Operator(relative.Comparison)} {sql.Parameter(SqlType.Whole, value)}", kind);
    }

    // Letter by letter on every database: taking a text out of another changes it exactly when it is in it.
    private static string OfText(AudienceSql sql, Test test, string column)
    {
        var text = test switch { Test.StartsWith starts => starts.Text, Test.EndsWith ends => ends.Text, Test.Contains contains => contains.Text, _ => "" };
        var parameter = sql.Parameter(SqlType.Characters, text);
        // SQL counts whole characters, not the halves of pairs.
        var length = text.EnumerateRunes().Count().ToString(CultureInfo.InvariantCulture);
        return test switch
        {
            Test.StartsWith => $"SUBSTR({column}, 1, {length}) = {parameter}",
            Test.EndsWith => $"(LENGTH({column}) >= {length} AND SUBSTR({column}, LENGTH({column}) - {length} + 1) = {parameter})",
            _ => $"REPLACE({column}, {parameter}, '') <> {column}",
        };
    }

    private static bool IsOrdered(Scalar value) => value.Kind is ScalarKind.Date or ScalarKind.Instant || (value.Kind == ScalarKind.Number && value.ToString().Length <= 15);

    private static string Number(AudienceSql sql, Scalar value) => value switch
    {
        { AsDate: { } date } => sql.Parameter(SqlType.Whole, (long)Period.DaysBetween(new LocalDate(1970, 1, 1), date)),
        { AsInstant: { } instant } => sql.Parameter(SqlType.Whole, instant.ToUnixTimeTicks()),
        _ => sql.Parameter(SqlType.Exact, value.AsNumber),
    };

    /// <summary>A number in units of which so many make one; null where it is none, or more than a whole number of the store can be.</summary>
    public static decimal? InUnits(Scalar value, long unit) => value.Kind == ScalarKind.Number && Math.Abs(value.AsNumber) < Most / unit ? value.AsNumber * unit : null;

    private static long Bound(string comparison, decimal value) => (long)(comparison is ">=" or "<" ? decimal.Ceiling(value) : decimal.Floor(value));
}
