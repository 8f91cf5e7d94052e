using System.Data.Common;
using System.Globalization;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using ExistingCustomerTable;
using Microsoft.Data.Sqlite;
using NodaTime;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>The sample over a host's own table, held to the laws of profiles on both databases.</summary>
public sealed class ExistingTables
{
    private static readonly string[] Databases = ["SQLite", "PostgreSQL"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static IEnumerable<ITheoryDataRow> TablesAndLaws =>
        from database in Databases
        from law in ProfileLaws.All
        select new TheoryDataRow<string, string>(database, law.Name);

    public static TheoryData<string> Names => [.. ProfileLaws.All.Select(law => law.Name)];

    [Theory]
    [MemberData(nameof(TablesAndLaws))]
    public async Task The_sample_keeps_every_law_of_profiles(string database, string law)
    {
        await using var table = new ShopTable(database);

        await ProfileLaws.Named(law).Check(table, Token);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_law_of_profiles_catches_its_counterfeit_and_no_other(string law)
    {
        var caught = new List<string>();
        foreach (var other in ProfileLaws.All)
        {
            try
            {
                await other.Check(ProfileLaws.Named(law).Counterfeit(), Token);
            }
            catch (LawBroken)
            {
                caught.Add(other.Name);
            }
        }

        Assert.Equal([law], caught);
    }

    [Theory]
    [InlineData("SQLite")]
    [InlineData("PostgreSQL")]
    public async Task The_view_says_what_the_port_says(string database)
    {
        await using var table = new ShopTable(database);
        for (var number = 1; number <= 20; number++)
        {
            await table.WriteAsync(number, table.Samples[number % table.Samples.Count], Token);
        }

        var staff = await table.NumberAsync($"SELECT COUNT(*) FROM {table.Profiles.View} WHERE staff = 1 AND district = '九龍城'");
        var read = await table.Profiles.ReadAllAsync(Token).CountAsync(row => row.Values["staff"].AsFlag && row.Values["district"].AsCode == "九龍城", Token);

        Assert.True(read > 0);
        Assert.Equal(read, staff);
        Assert.Equal(20, await table.NumberAsync($"SELECT COUNT(DISTINCT user_key) FROM {table.Profiles.View}"));
    }
}

/// <summary>The shop's table, as the shop writes it.</summary>
internal sealed class ShopTable : IHostTable, IAsyncDisposable
{
    private readonly TemporaryFile file = new();
    private readonly string schema = PostgreSqlServer.NewSchema();
    private readonly Func<DbConnection> connect;
    private readonly bool isPostgreSql;

    public ShopTable(string database)
    {
        isPostgreSql = database == "PostgreSQL";
        if (isPostgreSql)
        {
            PostgreSqlServer.Execute($"CREATE SCHEMA {schema}");
            connect = () => new NpgsqlConnection($"{PostgreSqlServer.ConnectionString};Search Path={schema}");
        }
        else
        {
            connect = () => new SqliteConnection($"Data Source={file.Path};Pooling=False");
        }

        Run(isPostgreSql
            ? "CREATE TABLE shop_customer (id bigint PRIMARY KEY, birthday date, district text, is_staff boolean NOT NULL, last_seen text)"
            : "CREATE TABLE shop_customer (id integer PRIMARY KEY, birthday text, district text, is_staff integer NOT NULL, last_seen text)");
        Run(ShopCustomers.CreateView);
        Profiles = new ShopCustomers(connect);
    }

    public Storage.ICustomerProfiles Profiles { get; }

    /// <summary>A store beside the table, in the same database.</summary>
    public Sql.SqlStore OpenStore() => isPostgreSql
        ? PostgreSql.PostgreSqlStore.Open($"{PostgreSqlServer.ConnectionString};Search Path={schema}", new PostgreSql.PostgreSqlStoreOptions { Schema = schema })
        : Sqlite.SqliteStore.Open($"Data Source={file.Path}");

    public IReadOnlyList<Fields> Samples { get; } =
    [
        Fields.Of(("birthday", new LocalDate(1988, 2, 29)), ("district", "九龍城"), ("staff", true)),
        Fields.Of(("birthday", new LocalDate(1988, 2, 28)), ("district", "九龍城"), ("staff", true)),
        Fields.Of(("district", "Kowloon City e\u0301 🏙️ 'quoted'"), ("staff", false)),
        Fields.Of(("staff", false)),
        Fields.Of(("district", "-"), ("staff", false)),
    ];

    public ValueTask<string> WriteAsync(int number, Fields values, CancellationToken cancellationToken)
    {
        var id = 1_000 + number;
        var birthday = values["birthday"].AsDate is { } date ? $"'{date.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture)}'" : "NULL";
        var district = values["district"].AsCode is { } code ? $"'{code.Replace("'", "''", StringComparison.Ordinal)}'" : "NULL";
        var staff = values["staff"].AsFlag ? "1=1" : "1=0";
        Run($"INSERT INTO shop_customer (id, birthday, district, is_staff) VALUES ({id}, {birthday}, {district}, {staff}) ON CONFLICT (id) DO UPDATE SET birthday = excluded.birthday, district = excluded.district, is_staff = excluded.is_staff");
        return ValueTask.FromResult(id.ToString(CultureInfo.InvariantCulture));
    }

    public ValueTask TouchAsync(int number, CancellationToken cancellationToken)
    {
        Run($"UPDATE shop_customer SET last_seen = COALESCE(last_seen, '') || '.' WHERE id = {1_000 + number}");
        return ValueTask.CompletedTask;
    }

    public async Task<long> NumberAsync(string sql)
    {
        await using var connection = connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)(await command.ExecuteScalarAsync() ?? 0L);
    }

    public ValueTask DisposeAsync()
    {
        if (isPostgreSql)
        {
            PostgreSqlServer.Execute($"DROP SCHEMA {schema} CASCADE");
        }

        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Run(string sql)
    {
        using var connection = connect();
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
