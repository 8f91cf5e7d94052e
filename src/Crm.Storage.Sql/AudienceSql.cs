using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// Compiles a condition to SQL over events, lines and facts, joined so that the database may read each table once. An expression that is unknown does not hold, and what negates it says so. What the tables do not say exactly is refused with its path:
/// profile fields and fields of a kind, which are kept as bytes; quantities, which some databases keep as text; facts that are not queryable.
/// </summary>
internal sealed partial class AudienceSql : IEvidence
{
    private const string True = "1 = 1";
    private const string False = "1 = 0";

    private readonly EventKinds kinds;
    private readonly Moment moment;
    private readonly List<SqlType> types = [];
    private readonly List<SqlValue> values = [];
    private readonly Dictionary<(SqlType Type, SqlValue Value), string> parameters = [];
    private readonly List<ConditionError> refusals = [];
    private readonly HashSet<string> numberFacts = new(StringComparer.Ordinal);
    private readonly bool exactNumbers;
    private readonly string tenant;
    private bool asksHistory;
    private bool asksFacts;

    private AudienceSql(string tenant, bool exactNumbers, EventKinds kinds, Moment moment)
    {
        this.kinds = kinds;
        this.moment = moment;
        this.exactNumbers = exactNumbers;
        this.tenant = Parameter(SqlType.Characters, tenant);
        Sources = new AudienceSources(this.tenant);
    }

    /// <summary>What cannot be answered exactly.</summary>
    public Sequence<ConditionError> Refusals => refusals.ToSequence();

    /// <summary>Selects id and whether it must be asked one by one.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The types of the parameters.</summary>
    public Sequence<SqlType> Types => types.ToSequence();

    /// <summary>The values of the parameters.</summary>
    public SqlValue[] Values => [.. values];

    /// <summary>Where the rows come from that the expressions are about.</summary>
    internal AudienceSources Sources { get; }

    /// <summary>Compiles a condition as of a moment.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="tenant">Of whom.</param>
    /// <param name="exactNumbers">Whether the database compares numbers of any length exactly.</param>
    /// <param name="kinds">The kinds of events there are.</param>
    /// <param name="moment">As of when.</param>
    public static AudienceSql Of(Condition condition, string tenant, bool exactNumbers, EventKinds kinds, Moment moment)
    {
        var compiling = new AudienceSql(tenant, exactNumbers, kinds, moment);
        var holds = compiling.Of(condition, "$");
        var undecided = compiling.Undecided();
        compiling.Write(undecided.Count == 0
            ? $"SELECT c.customer_id, 0 AS undecided FROM {compiling.Sources.From()} WHERE c.tenant = {compiling.tenant} AND ({holds}) ORDER BY c.customer_id"
            : $"""
            WITH undecided AS ({string.Join(" UNION ", undecided)})
            SELECT customer_id, 1 AS undecided FROM undecided
            UNION ALL
            SELECT c.customer_id, 0 AS undecided FROM {compiling.Sources.From()}
            LEFT JOIN undecided u ON u.bucket = c.bucket AND u.customer_id = c.customer_id
            WHERE c.tenant = {compiling.tenant} AND u.customer_id IS NULL AND ({holds})
            ORDER BY 1
            """);
        return compiling;
    }

    // A part that turned out to be constant leaves values behind that the text does not ask for, and a statement takes no others.
    private void Write(string text)
    {
        var kept = new List<int>();
        Text = Placeholder().Replace(text, found =>
        {
            var number = int.Parse(found.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
            if (!kept.Contains(number))
            {
                kept.Add(number);
            }

            return string.Create(CultureInfo.InvariantCulture, $"{{{kept.IndexOf(number)}}}");
        });
        var (allTypes, allValues) = (types.ToArray(), values.ToArray());
        types.Clear();
        values.Clear();
        types.AddRange(kept.Select(number => allTypes[number]));
        values.AddRange(kept.Select(number => allValues[number]));
    }

    [GeneratedRegex(@"\{(?<number>[0-9]+)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Placeholder();

    private string Of(Condition condition, string path)
    {
        switch (condition)
        {
            case Condition.All all:
                return Joined(all.Of, path + ".all", " AND ", True);
            case Condition.Any any:
                return Joined(any.Of, path + ".any", " OR ", False);
            case Condition.Not not:
                return $"({Of(not.Of, path + ".not")}) IS NOT TRUE";
            case Condition.Moment fixedNow:
                return Constant(Evaluator.Evaluate(fixedNow, this).Value);
            case Condition.Score score:
                return OfScore(score, path);
            case Condition.Field field when field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal):
                return Refuse(path, $"'{field.Name}' is kept as bytes; give the host's own table as a view, or make it a queryable fact.");
            case Condition.Field field:
                return Constant(Evaluator.Evaluate(field, this).Value);
            case Condition.Fact fact:
                return OfFact(fact, path);
            case Condition.EventWindow leaf:
                asksHistory = true;
                return new AudienceMeasure(this, leaf, path).Compile();
            default:
                return Refuse(path, $"The store has no SQL for {condition.GetType().Name}.");
        }
    }

    /// <summary>The moment of the question.</summary>
    public Moment Moment => moment;

    /// <summary>Missing: no event is being handled.</summary>
    Scalar IEvidence.Field(string name) => default;

    bool IEvidence.Observed(Condition.Field leaf) => throw NoCustomer();

    Scalar IEvidence.Fact(string name, out Instant? validUntil) => throw NoCustomer();

    Truth IEvidence.Window(Condition.EventWindow leaf) => throw NoCustomer();

    /// <summary>The parameter of the tenant.</summary>
    internal string Tenant => tenant;

    /// <summary>A kind of event that can be asked about: requests may be refused and amendments only take back, which the tables do not say.</summary>
    internal string? Kind(string name, string path)
    {
        if (kinds.Find(name) is { Nature: EventNature.Happening })
        {
            return Parameter(SqlType.Characters, name);
        }

        Refuse(path, $"Events of the kind '{name}' are no happenings; what became of them is not in the tables.");
        return null;
    }

    /// <summary>Whether a kind declares a field of its own with a name.</summary>
    internal bool Declares(string kind, string field) => kinds.Find(kind) is { } known && known.Fields.Any(declared => declared.Name == field);

    internal string Refuse(string path, string why)
    {
        refusals.Add(new ConditionError(path, why));
        return False;
    }

    internal string Parameter(SqlType type, SqlValue value)
    {
        if (!parameters.TryGetValue((type, value), out var name))
        {
            types.Add(type);
            values.Add(value);
            parameters[(type, value)] = name = string.Create(CultureInfo.InvariantCulture, $"{{{types.Count - 1}}}");
        }

        return name;
    }

    internal static string Constant(bool value) => value ? True : False;

    private static InvalidOperationException NoCustomer() => new("A condition is compiled for all customers; what belongs to one of them is asked by the database.");

    private string Joined(Sequence<Condition> parts, string path, string word, string none) => parts.IsEmpty
        ? none
        : string.Join(word, parts.Select((part, i) => $"({Of(part, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))})"));

    private string OfScore(Condition.Score score, string path)
    {
        var terms = new StringBuilder("0");
        for (var i = 0; i < score.Of.Count; i++)
        {
            var (when, points) = (score.Of[i].When, score.Of[i].Points);
            if (points != decimal.Truncate(points))
            {
                return Refuse(string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].points"), "Points that are no whole numbers are not added exactly.");
            }

            terms.Append(CultureInfo.InvariantCulture, $" + CASE WHEN {Of(when, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].when"))} THEN {(long)points} ELSE 0 END");
        }

        return AudienceTest.OfWhole(this, score.Is, $"({terms})", 1, path) ?? False;
    }

    private string OfFact(Condition.Fact fact, string path)
    {
        asksFacts = true;
        var name = Parameter(SqlType.Characters, fact.Name);
        var now = Parameter(SqlType.Whole, moment.Instant.ToUnixTimeTicks());
        if (AudienceTest.OfFact(this, fact.Is, path) is not { } test)
        {
            return False;
        }

        if (test.Kind == ScalarKind.Number)
        {
            numberFacts.Add(fact.Name);
        }

        var row = Sources.Fact(name);
        var kind = test.Kind is { } only ? string.Create(CultureInfo.InvariantCulture, $"{row}.kind = {(int)only} AND ") : "";
        var valid = $"({row}.valid_until IS NULL OR {row}.valid_until > {now}) AND {kind}";
        return fact.WhenMissing ? $"({valid}NOT ({test.Holds(row)})) IS NOT TRUE" : $"({row}.customer_id IS NOT NULL AND {valid}{test.Holds(row)})";
    }

    // Refunds leave less of an event than its row says; facts of who has something due are not those of now; and some databases may round a number of more than 15 digits where it is compared.
    private List<string> Undecided()
    {
        var undecided = new List<string>();
        var amendments = kinds.Known.Where(name => kinds.Find(name) is { Nature: EventNature.Amendment }).Select(name => Parameter(SqlType.Characters, name)).ToList();
        if (asksHistory && amendments.Count > 0)
        {
            undecided.Add($"SELECT bucket, customer_id FROM crm_event WHERE tenant = {tenant} AND kind IN ({string.Join(", ", amendments)})");
        }

        if (asksFacts)
        {
            undecided.Add($"SELECT bucket, customer_id FROM crm_wakeup WHERE tenant = {tenant} AND due_at <= {Parameter(SqlType.Whole, moment.Instant.ToUnixTimeTicks())}");
        }

        if (numberFacts.Count > 0 && !exactNumbers)
        {
            undecided.Add($"SELECT bucket, customer_id FROM crm_fact WHERE tenant = {tenant} AND kind = 2 AND LENGTH(content) > 15 AND name IN ({string.Join(", ", numberFacts.Order(StringComparer.Ordinal).Select(fact => Parameter(SqlType.Characters, fact)))})");
        }

        return undecided;
    }
}
