using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// A part of a compiled condition. What SQL says exactly is an expression; of the rest SQL gives the value, and the test is asked here, row by row, by the one meaning that tests have.
/// </summary>
internal abstract record AudiencePart
{
    private AudiencePart()
    {
    }

    /// <summary>All of several; what is exact of them is one expression.</summary>
    public static AudiencePart All(IReadOnlyList<AudiencePart> parts) => Joined(parts, " AND ", AudienceSql.Constant(true), mixed => new AllOf(mixed));

    /// <summary>Any of several; what is exact of them is one expression.</summary>
    public static AudiencePart Any(IReadOnlyList<AudiencePart> parts) => Joined(parts, " OR ", AudienceSql.Constant(false), mixed => new AnyOf(mixed));

    /// <summary>Not a part.</summary>
    public static AudiencePart Not(AudiencePart part) => part is Exact exact ? new Exact($"({exact.Sql}) IS NOT TRUE") : new NotOf(part);

    /// <summary>The expressions that rows are to bring as 1 or 0, in the order in which their columns are given.</summary>
    public IEnumerable<Exact> Exacts => this switch
    {
        Exact exact => [exact],
        AllOf { Parts: var parts } => parts.SelectMany(part => part.Exacts),
        AnyOf { Parts: var parts } => parts.SelectMany(part => part.Exacts),
        NotOf { Part: var part } => part.Exacts,
        ScoreOf { Parts: var parts } => parts.SelectMany(part => part.When.Exacts),
        _ => [],
    };

    /// <summary>An expression that holds of every customer of whom the part may hold; or, turned round, only of those of whom it surely does.</summary>
    public string Bound(bool atMost) => this switch
    {
        Exact exact => exact.Sql,
        AllOf { Parts: var parts } => string.Join(" AND ", parts.Select(part => $"({part.Bound(atMost)})")),
        AnyOf { Parts: var parts } => string.Join(" OR ", parts.Select(part => $"({part.Bound(atMost)})")),
        NotOf { Part: var part } => $"({part.Bound(!atMost)}) IS NOT TRUE",
        _ => AudienceSql.Constant(atMost),
    };

    /// <summary>Whether the part holds of a row; null where the row does not say.</summary>
    public bool? Holds(SqlReader row, Func<Exact, int> column)
    {
        switch (this)
        {
            case Exact exact:
                return row.Whole(column(exact)) != 0;
            case AllOf all:
                return Decided(all.Parts, row, column, decisive: false);
            case AnyOf any:
                return Decided(any.Parts, row, column, decisive: true);
            case NotOf not:
                return !not.Part.Holds(row, column);
            case ScoreOf score:
                var points = 0m;
                foreach (var (when, worth) in score.Parts)
                {
                    if (when.Holds(row, column) is not { } holds)
                    {
                        return null;
                    }

                    points += holds ? worth : 0;
                }

                return Evaluator.Passes(score.Is, points, false, score.Now).Value;
            case Asked asked:
                return asked.Answer(row);
            default:
                throw new InvalidOperationException($"There is no part {GetType().Name}.");
        }
    }

    private static AudiencePart Joined(IReadOnlyList<AudiencePart> parts, string word, string none, Func<IReadOnlyList<AudiencePart>, AudiencePart> join)
    {
        var exact = parts.OfType<Exact>().ToList();
        var rest = parts.Where(part => part is not Exact).ToList();
        var together = new Exact(exact.Count == 0 ? none : string.Join(word, exact.Select(part => $"({part.Sql})")));
        return rest.Count == 0 ? together : exact.Count == 0 && rest.Count == 1 ? rest[0] : join(exact.Count == 0 ? rest : [together, .. rest]);
    }

    private static bool? Decided(IReadOnlyList<AudiencePart> parts, SqlReader row, Func<Exact, int> column, bool decisive)
    {
        var open = false;
        foreach (var part in parts)
        {
            var holds = part.Holds(row, column);
            if (holds == decisive)
            {
                return decisive;
            }

            open |= holds is null;
        }

        return open ? null : !decisive;
    }

    /// <summary>An expression about the joined rows of a customer c; where it is unknown it does not hold.</summary>
    /// <param name="Sql">The expression.</param>
    internal sealed record Exact(string Sql) : AudiencePart
    {
        // Two parts with one text are still two columns.
        public bool Equals(Exact? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
    }

    /// <summary>A test of a value that the row brings.</summary>
    /// <param name="Answer">Null where the row does not say.</param>
    internal sealed record Asked(Func<SqlReader, bool?> Answer) : AudiencePart;

    internal sealed record AllOf(IReadOnlyList<AudiencePart> Parts) : AudiencePart;

    internal sealed record AnyOf(IReadOnlyList<AudiencePart> Parts) : AudiencePart;

    internal sealed record NotOf(AudiencePart Part) : AudiencePart;

    /// <summary>A sum of points, of which at least one part is not SQL's to decide, or not a whole number.</summary>
    internal sealed record ScoreOf(IReadOnlyList<(AudiencePart When, decimal Points)> Parts, Test Is, Instant Now) : AudiencePart;
}

/// <summary>A value that a row brings in columns.</summary>
/// <param name="Kind">What kind of value it is.</param>
/// <param name="Unit">How many of the stored whole numbers make one; 1 for everything but amounts and quantities.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AudienceValue(ScalarKind Kind, long Unit = 1)
{
    /// <summary>The value of a column; missing where there is none.</summary>
    public Scalar Read(SqlReader row, int column) => row.IsNull(column) ? default : Kind switch
    {
        ScalarKind.Number => (decimal)row.Whole(column) / Unit,
        ScalarKind.Date => new LocalDate(1970, 1, 1).PlusDays((int)row.Whole(column)),
        ScalarKind.Instant => row.Instant(column),
        _ => row.Text(column),
    };

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
