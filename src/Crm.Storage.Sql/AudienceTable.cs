using System.Collections.Concurrent;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Selects customers by conditions.</summary>
internal sealed class AudienceTable(string tenant, SqlDialect dialect)
{
    private const int MostKept = 256;

    // Sessions keep a prepared command for each statement, so the same text is to be the same statement.
    private readonly ConcurrentDictionary<string, SqlStatement> statements = new(StringComparer.Ordinal);

    public Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(kinds);
        // Whether a calendar's day is asked about makes no difference to what can be compiled, so any moment does.
        var free = WithoutMoments(condition);
        return AudienceSql.Of(free, tenant, dialect, kinds, profiles, new Moment(NodaTime.Instant.FromUnixTimeTicks(0), NodaTime.DateTimeZone.Utc)).Refusals;
    }

    public async ValueTask<AudienceAnswer> SelectAsync(SqlSession session, Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(kinds);
        var sql = AudienceSql.Of(condition, tenant, dialect, kinds, profiles, moment);
        if (!sql.Refusals.IsEmpty)
        {
            throw new ArgumentException("The store cannot answer this exactly: " + string.Join(Environment.NewLine, sql.Refusals), nameof(condition));
        }

        if (statements.Count >= MostKept)
        {
            statements.Clear();
        }

        var statement = statements.GetOrAdd(sql.Text, (text, types) => new SqlStatement(text, types), sql.Types);
        var rows = await session.QueryAsync(new SqlCall(statement).Add(sql.Values), sql.Read, cancellationToken).ConfigureAwait(false);
        return new AudienceAnswer(
            rows.Where(row => row.Holds == true).Select(row => row.Customer).ToSequence(),
            rows.Where(row => row.Holds is null).Select(row => row.Customer).ToSequence());
    }

    private static Condition WithoutMoments(Condition condition) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(WithoutMoments).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(WithoutMoments).ToSequence()),
        Condition.Not not => new Condition.Not(WithoutMoments(not.Of)),
        Condition.Score score => score with { Of = score.Of.Select(part => part with { When = WithoutMoments(part.When) }).ToSequence() },
        Condition.Moment => new Condition.All([]),
        _ => condition,
    };
}
