using System.Collections.Concurrent;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Tests.Shared;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>Parameters that one batch takes over from another.</summary>
public sealed class PostgreSqlParameterReuse
{
    private static readonly SqlStatement Echo = new("SELECT {0}, {1}", SqlType.Characters, SqlType.Whole);
    private static readonly SqlStatement Quotient = new("SELECT 1 / {0}", SqlType.Whole);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    public void No_two_values_share_a_parameter_and_no_value_outlives_its_batch(int count)
    {
        var parameters = new PostgreSqlParameters();
        for (var batch = 0; batch < 3; batch++)
        {
            var numbers = Enumerable.Range(batch, count).Select(n => (NpgsqlParameter<long>)parameters.Of(n, SqlType.Whole)).ToList();
            var texts = Enumerable.Range(batch, count).Select(n => (NpgsqlParameter<string>)parameters.Of($"{n}", SqlType.Characters)).ToList();

            Assert.Equal(Enumerable.Range(batch, count).Select(n => (long)n), numbers.Select(parameter => parameter.TypedValue));
            Assert.Equal(Enumerable.Range(batch, count).Select(n => $"{n}"), texts.Select(parameter => parameter.TypedValue));

            parameters.Clear();
            Assert.All(numbers.Take(256), parameter => Assert.Equal(0, parameter.TypedValue));
            Assert.All(texts.Take(256), parameter => Assert.Null(parameter.TypedValue));
        }
    }

    [Fact]
    public async Task A_batch_that_is_over_gives_its_parameters_to_the_next()
    {
        var spare = new ConcurrentBag<PostgreSqlParameters>();
        await using var session = await SessionAsync(spare);

        for (var n = 0; n < 4; n++)
        {
            var answers = await session.QueryAsync(new SqlCall(Echo).Add($"customer {n}", n), row => (row.Text(0), row.Whole(1)), Token);
            Assert.Equal([($"customer {n}", (long)n)], answers);
            Assert.Single(spare);
        }
    }

    // The driver may still be reading them when the caller hears of the fault.
    [Fact]
    public async Task A_batch_that_failed_keeps_its_parameters()
    {
        var spare = new ConcurrentBag<PostgreSqlParameters> { new() };
        await using var session = await SessionAsync(spare);

        await Assert.ThrowsAsync<PostgresException>(() => session.QueryAsync(new SqlCall(Quotient).Add(0), row => row.Whole(0), Token).AsTask());

        Assert.Empty(spare);
    }

    private static async Task<PostgreSqlSession> SessionAsync(ConcurrentBag<PostgreSqlParameters> spare)
    {
        var connection = new NpgsqlConnection(PostgreSqlServer.ConnectionString);
        await connection.OpenAsync(Token);
        var dialect = new PostgreSqlDialect("public", 0, false);
        return new PostgreSqlSession(connection, dialect, new PostgreSqlTexts(dialect), spare, null);
    }
}
