using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// Compiles a condition to SQL over events, lines, facts and profiles. What SQL says exactly is an expression (unknown: it does not hold); of other leaves the rows bring the value, and the test is asked
/// of it here. What the tables do not hold as values is refused with its path: fields of a kind, which are kept as bytes; profiles that the host keeps without a view.
/// </summary>
internal sealed partial class AudienceSql : IEvidence
{
    // SQLite joins 64 tables at most.
    private const int MostJoins = 60;
    private const string True = "1 = 1";
    private const string False = "1 = 0";

    private readonly EventKinds kinds;
    private readonly Moment moment;
    private readonly AudienceProfile profile;
    private readonly List<SqlType> types = [];
    private readonly List<SqlValue> values = [];
    private readonly List<ConditionError> refusals = [];
    private readonly Dictionary<(SqlType Type, SqlValue Value), string> parameters = [];
    private readonly List<string> columns = [];
    private readonly Dictionary<Condition, AudiencePart> parts = [];
    private readonly HashSet<string> numberFacts = new(StringComparer.Ordinal);
    private readonly SqlDialect dialect;
    private readonly string tenant;
    private IReadOnlyList<AudiencePart.Exact> exacts = [];
    private AudiencePart root = AudiencePart.All([]);
    private bool asksHistory;
    private long forgotten = long.MaxValue;
    private bool asksFacts;

    private AudienceSql(string tenant, SqlDialect dialect, EventKinds kinds, ICustomerProfiles? profiles, Moment moment)
    {
        this.kinds = kinds;
        this.moment = moment;
        this.dialect = dialect;
        this.tenant = Parameter(SqlType.Characters, tenant);
        Sources = new AudienceSources(this.tenant);
        profile = new AudienceProfile(this, profiles, dialect.JoinsAcrossBuckets);
    }

    /// <summary>What cannot be answered exactly.</summary>
    public Sequence<ConditionError> Refusals => refusals.ToSequence();

    /// <summary>Selects id, whether it must be asked one by one, and what the tests of the other leaves need.</summary>
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
    /// <param name="dialect">What the database can do.</param>
    /// <param name="kinds">The kinds of events there are.</param>
    /// <param name="profiles">Where the host keeps the profiles; null: the store does.</param>
    /// <param name="moment">As of when.</param>
    public static AudienceSql Of(Condition condition, string tenant, SqlDialect dialect, EventKinds kinds, ICustomerProfiles? profiles, Moment moment)
    {
        var compiling = new AudienceSql(tenant, dialect, kinds, profiles, moment);
        if (FactsOfAll(condition).FirstOrDefault() is { } lead)
        {
            compiling.Sources.LeadBy(compiling.Parameter(SqlType.Characters, lead));
        }

        compiling.root = compiling.Of(condition.WithZones(zone => zone is CalendarZone.Business ? CalendarZone.Of(moment.Zone) : zone), "$");
        if (compiling.Sources.Count > MostJoins)
        {
            compiling.Refuse("$", string.Create(CultureInfo.InvariantCulture, $"The condition asks for {compiling.Sources.Count} tables and groups of events; one statement joins at most {MostJoins}."));
        }

        compiling.exacts = compiling.root is AudiencePart.Exact ? [] : [.. compiling.root.Exacts];
        compiling.Write(compiling.Whole());
        return compiling;
    }

    /// <summary>The customer of a row, and whether the condition holds of it; null where that is to be asked one by one.</summary>
    public (CustomerId Customer, bool? Holds) Read(SqlReader row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return (row.Customer(0), row.Whole(1) != 0 ? null : root is AudiencePart.Exact ? true : root.Holds(row, exact => 2 + PlaceOf(exact)));
    }

    private int PlaceOf(AudiencePart.Exact exact)
    {
        for (var i = 0; i < exacts.Count; i++)
        {
            if (ReferenceEquals(exacts[i], exact))
            {
                return i;
            }
        }

        throw new InvalidOperationException("A part of the condition has no column.");
    }

    private string Whole()
    {
        var undecided = Undecided();
        var answers = exacts.Select((exact, i) => $", CASE WHEN {exact.Sql} THEN 1 ELSE 0 END AS b{AudienceValue.Number(i)}");
        var brought = string.Concat(answers.Concat(columns.Select((column, i) => $", {column} AS v{AudienceValue.Number(i)}")));
        var may = root.Bound(atMost: true);
        if (undecided.Count == 0)
        {
            return $"SELECT c.customer_id, 0 AS undecided{brought} FROM {Sources.From()} WHERE {Sources.Only} AND ({may}) ORDER BY c.customer_id";
        }

        return $"""
            WITH undecided AS ({string.Join(" UNION ", undecided)})
            SELECT customer_id, 1 AS undecided{string.Concat(Enumerable.Repeat(", NULL", exacts.Count + columns.Count))} FROM undecided
            UNION ALL
            SELECT c.customer_id, 0 AS undecided{brought} FROM {Sources.From()}
            LEFT JOIN undecided u ON u.bucket = c.bucket AND u.customer_id = c.customer_id
            WHERE {Sources.Only} AND u.customer_id IS NULL AND ({may})
            ORDER BY 1
            """;
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

    // Facts that everybody has who is meant.
    private static IEnumerable<string> FactsOfAll(Condition condition) => condition switch
    {
        Condition.Fact { WhenMissing: false, Name: var name } => [name],
        Condition.All { Of: var of } => of.SelectMany(FactsOfAll),
        _ => [],
    };

    private AudiencePart Of(Condition condition, string path)
    {
        switch (condition)
        {
            case Condition.All all:
                return AudiencePart.All(Parts(all.Of, path + ".all"));
            case Condition.Any any:
                return AudiencePart.Any(Parts(any.Of, path + ".any"));
            case Condition.Not not:
                return AudiencePart.Not(Of(not.Of, path + ".not"));
            case Condition.Moment or Condition.Field or Condition.Fact or Condition.EventWindow when condition.ZoneFields().Any():
                // The calendar of each customer's own zone is no expression: those of whom the other parts do not decide are asked one by one.
                asksFacts |= condition is Condition.Fact;
                return new AudiencePart.Asked(_ => null);
            case Condition.Moment fixedNow:
                return Always(Evaluator.Evaluate(fixedNow, this).Value);
            case Condition.Score score:
                return OfScore(score, path);
            case Condition.Field field when !field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal):
                return Always(Evaluator.Evaluate(field, this).Value);
            default:
                // A leaf that is asked twice is one column.
                return parts.TryGetValue(condition, out var known) ? known : parts[condition] = Leaf(condition, path);
        }
    }

    private AudiencePart Leaf(Condition leaf, string path)
    {
        switch (leaf)
        {
            case Condition.Field field:
                return profile.Of(field, path);
            case Condition.Fact fact:
                return OfFact(fact);
            case Condition.EventWindow window:
                asksHistory = true;
                forgotten = Math.Min(forgotten, HistoryWindows.Forgotten(window, moment.Instant)?.ToUnixTimeTicks() ?? long.MinValue);
                return new AudienceMeasure(this, window, path).Compile();
            default:
                return Refuse(path, $"The store has no SQL for {leaf.GetType().Name}.");
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

    internal AudiencePart Refuse(string path, string why)
    {
        refusals.Add(new ConditionError(path, why));
        return Always(false);
    }

    /// <summary>A column that rows bring; its place in the row.</summary>
    /// <returns>The place is known when all parts are, so it is asked for when a row is read.</returns>
    internal Func<int> Column(string expression)
    {
        var place = columns.Count;
        columns.Add(expression);
        return () => 2 + exacts.Count + place;
    }

    /// <summary>Whether a value passes a test now.</summary>
    internal bool Passes(Test test, Scalar value, bool whenMissing) => Evaluator.Passes(test, value, whenMissing, moment.Instant).Value;

    internal static AudiencePart Always(bool holds) => new AudiencePart.Exact(Constant(holds));

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

    private List<AudiencePart> Parts(Sequence<Condition> of, string path) => [.. of.Select((part, i) => Of(part, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")))];

    private AudiencePart OfScore(Condition.Score score, string path)
    {
        var whens = score.Of.Select((part, i) => Of(part.When, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].when"))).ToList();
        if (whens.TrueForAll(when => when is AudiencePart.Exact) && score.Of.All(part => part.Points == decimal.Truncate(part.Points)))
        {
            var terms = string.Concat(whens.Cast<AudiencePart.Exact>().Select((when, i) => string.Create(CultureInfo.InvariantCulture, $" + CASE WHEN {when.Sql} THEN {(long)score.Of[i].Points} ELSE 0 END")));
            if (AudienceTest.OfWhole(this, score.Is, $"(0{terms})", 1) is { } test)
            {
                return new AudiencePart.Exact(test);
            }
        }

        return new AudiencePart.ScoreOf([.. whens.Select((when, i) => (when, score.Of[i].Points))], score.Is, moment.Instant);
    }

    private AudiencePart OfFact(Condition.Fact fact)
    {
        asksFacts = true;
        var now = Parameter(SqlType.Whole, moment.Instant.ToUnixTimeTicks());
        var row = Sources.Fact(Parameter(SqlType.Characters, fact.Name));
        if (AudienceTest.OfFact(this, fact.Is) is not { } test)
        {
            var (kind, content) = (Column($"CASE WHEN {row}.valid_until IS NULL OR {row}.valid_until > {now} THEN {row}.kind END"), Column($"{row}.content"));
            return new AudiencePart.Asked(brought => Passes(fact.Is, brought.IsNull(kind()) ? default : FactValue.Read((ScalarKind)brought.Whole(kind()), brought.Text(content())), fact.WhenMissing));
        }

        if (test.Kind == ScalarKind.Number)
        {
            numberFacts.Add(fact.Name);
        }

        var ofKind = test.Kind is { } only ? string.Create(CultureInfo.InvariantCulture, $"{row}.kind = {(int)only} AND ") : "";
        var valid = $"({row}.valid_until IS NULL OR {row}.valid_until > {now}) AND {ofKind}";
        return new AudiencePart.Exact(fact.WhenMissing ? $"({valid}NOT ({test.Holds(row)})) IS NOT TRUE" : $"({row}.customer_id IS NOT NULL AND {valid}{test.Holds(row)})");
    }

    // Refunds leave less of an event than its row says; whoever a till with a fast clock recorded is answered as of that instant; what was disposed of has no row; who was merged has another journal; facts of who has something due are not those of now; and some databases may round a number of more than 15 digits where it is compared.
    private List<string> Undecided()
    {
        var undecided = new List<string>();
        var amendments = kinds.Known.Where(name => kinds.Find(name) is { Nature: EventNature.Amendment } || name == EventKinds.MergedName).Select(name => Parameter(SqlType.Characters, name)).ToList();
        if (asksHistory)
        {
            var amended = amendments.Count > 0 ? $"kind IN ({string.Join(", ", amendments)}) OR " : "";
            undecided.Add($"SELECT DISTINCT bucket, customer_id FROM crm_event WHERE tenant = {tenant} AND ({amended}effective_at > {Parameter(SqlType.Whole, moment.Instant.ToUnixTimeTicks())})");
        }

        if (asksHistory)
        {
            undecided.Add($"SELECT bucket, customer_id FROM crm_checkpoint WHERE tenant = {tenant} AND opening IS NOT NULL AND at > {Parameter(SqlType.Whole, forgotten)}");
        }

        if (asksFacts)
        {
            undecided.Add($"SELECT bucket, customer_id FROM crm_wakeup WHERE tenant = {tenant} AND due_at <= {Parameter(SqlType.Whole, moment.Instant.ToUnixTimeTicks())}");
        }

        if (numberFacts.Count > 0 && !dialect.ComparesExactly)
        {
            undecided.Add($"SELECT DISTINCT bucket, customer_id FROM crm_fact WHERE tenant = {tenant} AND kind = 2 AND LENGTH(content) > 15 AND name IN ({string.Join(", ", numberFacts.Order(StringComparer.Ordinal).Select(fact => Parameter(SqlType.Characters, fact)))})");
        }

        return undecided;
    }
}
