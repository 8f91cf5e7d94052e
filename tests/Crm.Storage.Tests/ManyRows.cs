using System.Numerics;
using System.Text.RegularExpressions;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Storage.Tests;

/// <summary>Many rows go to PostgreSQL as arrays, and what all of them have in common as one value.</summary>
public sealed partial class ManyRows : IAsyncDisposable
{
    private const int Rows = 40;
    private readonly PostgreSqlFactory database = new(new PostgreSqlStoreOptions());
    private int customers;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public void Many_rows_are_read_as_they_were_written_whatever_they_have_in_common()
    {
        using var store = database.OpenWith(options => options);
        Prop.ForAll(
            Arb.From(Gen.Elements(Enum.GetValues<Which>()).ArrayOf(7)),
            async columns =>
            {
                var commit = Hot(Interlocked.Increment(ref customers), columns);

                Assert.Equal(CommitResult.Done, await store.CommitAsync(commit, Token));

                Assert.Equal(commit.Entries, await store.ReadJournalAsync(commit.Customer, 0, Token).ToListAsync(Token));
                Assert.Equal(commit.Ledger, await store.LedgerOfAsync(commit.Customer, Token));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Fact]
    public async Task What_all_rows_of_a_hot_customer_have_in_common_is_sent_once()
    {
        var statements = new List<string>();
        await using var store = database.OpenWith(options => options with { OnStatement = statements.Add });
        await store.MigrateAsync(Token);
        statements.Clear();

        await store.CommitAsync(Hot(1, [.. Enumerable.Repeat(Which.None, 7)]), Token);

        var journal = Assert.Single(statements, sql => sql.Contains("crm_event ", StringComparison.Ordinal));
        Assert.Contains("SELECT $1::text, $2::bigint, $3::bytea, u.c3", journal, StringComparison.Ordinal);
        Assert.InRange(Arrays().Count(journal), 5, 8);
        Assert.InRange(Arrays().Count(Assert.Single(statements, sql => sql.Contains("crm_key ", StringComparison.Ordinal))), 3, 4);
    }

    [Fact]
    public void A_statement_has_few_shapes_and_none_in_which_rows_differ_or_nothing_tells_how_many_there_are()
    {
        var texts = new PostgreSqlTexts(new PostgreSqlDialect());
        var statement = new SqlStatement("INSERT INTO crm_customer (tenant, bucket, name, version) VALUES {rows}", SqlType.Characters, SqlType.Whole, SqlType.Characters, SqlType.Whole);

        var shapes = Enumerable.Range(0, 16).Select(common => (Common: (uint)common, Shape: texts.ShapeOf(statement, (uint)common))).ToList();

        Assert.All(shapes, each => Assert.Equal(0u, each.Shape & ~each.Common));
        Assert.All(shapes, each => Assert.InRange(BitOperations.PopCount(each.Shape), 0, 3));
        Assert.InRange(shapes.DistinctBy(each => each.Shape).Count(), 2, 7);
        Assert.Equal(3u, texts.ShapeOf(statement, 3));
    }

    [Fact]
    public void Rows_that_are_looked_for_are_sent_as_arrays_alone()
    {
        var texts = new PostgreSqlTexts(new PostgreSqlDialect());

        Assert.Equal(0u, texts.ShapeOf(CommitStatements.Versions, 1));
        Assert.Equal(0u, texts.ShapeOf(CommitStatements.VersionsUpon, 1));
        Assert.Equal(0u, texts.ShapeOf(CommitStatements.FactsGone, 1));
        Assert.Equal(1u, texts.ShapeOf(CommitStatements.Events, 1));
    }

    [Fact]
    public void A_statement_of_more_columns_than_a_shape_has_bits_is_sent_as_arrays_alone()
    {
        var texts = new PostgreSqlTexts(new PostgreSqlDialect());

        Assert.Equal(1u, texts.ShapeOf(Wide(32), 1));
        Assert.Equal(0u, texts.ShapeOf(Wide(33), 1));
    }

    private static SqlStatement Wide(int columns) => new("INSERT INTO crm_customer (tenant) VALUES {rows}", [.. Enumerable.Repeat(SqlType.Whole, columns)]);

    // One customer with many entries: in each column that may be empty, some have a value.
    private static Commit Hot(int customer, Which[] columns) => Samples.Commit(customer, 0) with
    {
        Version = Rows,
        Entries = Enumerable.Range(0, Rows).Select(row => Samples.Entry(customer, row + 1, Purchase(customer, row, columns)) with { IdentityReference = Has(columns[6], row) ? 1 + (row % 2) : null }).ToSequence(),
        Ledger = Enumerable.Range(0, Rows).Select(row => Samples.Issued(Has(columns[0], row) ? row + 2 : 1) with { Code = Has(columns[5], row) ? $"code-{row}" : null }).ToSequence(),
    };

    private static CustomerEvent Purchase(int customer, int row, Which[] columns) => Samples.Purchase($"pos:{customer}-{row}", Has(columns[0], row) ? row : 0) with
    {
        Channel = Has(columns[1], row) ? "shop" : null,
        Brand = Has(columns[2], row) ? $"brand-{row}" : null,
        Spend = Has(columns[3], row) ? Money.Hkd(52) : null,
        Original = Has(columns[4], row) ? EventKey.Parse("pos:earlier") : null,
        Fields = Has(columns[5], row) ? Fields.Of(("guests", 2)) : Fields.None,
    };

    private static bool Has(Which which, int row) => which switch
    {
        Which.All => true,
        Which.None => false,
        Which.First => row == 0,
        Which.Last => row == Rows - 1,
        Which.AllButFirst => row > 0,
        Which.AllButLast => row < Rows - 1,
        _ => row == Rows / 2,
    };

    private enum Which
    {
        None,
        All,
        First,
        Last,
        Middle,
        AllButFirst,
        AllButLast,
    }

    [GeneratedRegex(@"\[\]")]
    private static partial Regex Arrays();
}
