using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Crm.Tests.Shared;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>A store that cannot be written says so, loses nothing, and goes on when it can.</summary>
public sealed class FullAndReadOnly : IDisposable
{
    private const int IsFull = 13;
    private const int IsReadOnly = 8;
    private readonly TemporaryFile file = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => file.Dispose();

    [Fact]
    public async Task A_full_sqlite_store_says_so_and_loses_nothing()
    {
        var options = new SqliteStoreOptions();
        var database = new SqliteDatabase(file.Path, options);
        await using var store = new SqlStore(database, options);
        await store.CommitAsync(Samples.Birth(1), Token);
        await LimitAsync(database, pages: 300);
        var written = 1;

        var full = await Assert.ThrowsAsync<SqliteException>(async () =>
        {
            for (; written < 10_000; written++)
            {
                Assert.Equal(CommitResult.Done, await store.CommitAsync(Large(written + 1), Token));
            }
        });

        Assert.Equal(IsFull, full.SqliteErrorCode);
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.True(written > 2);
        for (var customer = 1; customer <= written; customer++)
        {
            Assert.Equal(1, (await store.LoadAsync(CustomerRef.Of(Samples.Customer(customer)), Token)).Version);
        }

        Assert.Equal(CustomerSnapshot.Nobody, await store.LoadAsync(CustomerRef.Of(Samples.Customer(written + 1)), Token));
        Assert.Equal(CustomerSnapshot.Nobody, await store.LoadAsync(CustomerRef.Of(Samples.User(written + 1)), Token));
        await LimitAsync(database, pages: 1_000_000);
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Large(written + 1), Token));
    }

    [Fact]
    public async Task A_read_only_sqlite_store_says_so_and_is_as_it_was()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        await using (var readOnly = SqliteStore.Open($"Data Source={file.Path};Mode=ReadOnly"))
        {
            var refused = await Assert.ThrowsAsync<SqliteException>(() => readOnly.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token).AsTask());
            Assert.Equal(IsReadOnly, refused.SqliteErrorCode);
            Assert.Contains("readonly", refused.Message, StringComparison.Ordinal);
        }

        await using var again = SqliteStore.Open(file.Path);
        Assert.Equal(CommitResult.Done, await again.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token));
    }

    [Fact]
    public async Task A_copy_of_a_sqlite_store_is_read_without_being_written()
    {
        using var copy = new TemporaryFile();
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        await using (var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False"))
        {
            await connection.OpenAsync(Token);
            await using var backup = connection.CreateCommand();
            backup.CommandText = $"VACUUM INTO '{copy.Path}'"; // a file that no program has written to since
            await backup.ExecuteNonQueryAsync(Token);
        }

        var before = await File.ReadAllBytesAsync(copy.Path, Token);
        await using (var readOnly = SqliteStore.Open($"Data Source={copy.Path};Mode=ReadOnly"))
        {
            Assert.Equal(1, (await readOnly.LoadAsync(CustomerRef.Of(Samples.User(1)), Token)).Version);
            Assert.Equal([Samples.Customer(1)], await readOnly.ReadCustomersAsync(Token).ToListAsync(Token));
            Assert.Equal(IsReadOnly, (await Assert.ThrowsAsync<SqliteException>(() => readOnly.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token).AsTask())).SqliteErrorCode);
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(copy.Path, Token));
    }

    [Fact]
    public async Task A_read_only_postgresql_store_says_so_and_is_as_it_was()
    {
        var options = new PostgreSqlStoreOptions { Schema = PostgreSqlServer.NewSchema() };
        await using var store = PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, options);
        await store.CommitAsync(Samples.Birth(1), Token);
        await using (var readOnly = PostgreSqlStore.Open($"{PostgreSqlServer.ConnectionString};Options=-c default_transaction_read_only=on", options))
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => readOnly.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token).AsTask());
            Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        }

        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token));
        PostgreSqlServer.Execute($"DROP SCHEMA {options.Schema} CASCADE");
    }

    [Fact]
    public async Task A_full_postgresql_store_says_so_loses_nothing_and_goes_on_when_there_is_room()
    {
        using var disk = SmallDisk.Start();
        await using var store = PostgreSqlStore.Open(disk.ConnectionString);
        await store.CommitAsync(Samples.Birth(1), Token);
        var written = 1;

        var full = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            for (; written < 10_000; written++)
            {
                Assert.Equal(CommitResult.Done, await store.CommitAsync(Incompressible(written + 1), Token));
            }
        });

        Assert.Equal(PostgresErrorCodes.DiskFull, full.SqlState);
        Assert.True(written > 2);
        await ExpectAsync(store, written);
        await Assert.ThrowsAsync<PostgresException>(async () => await store.CommitAsync(Incompressible(written + 1), Token));
        disk.Enlarge();
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Incompressible(written + 1), Token));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 1, "pos:after"), Token));
        Assert.Equal(written + 1, await store.ReadCustomersAsync(Token).CountAsync(Token));
        await ExpectAsync(store, written + 1, from: 2);
    }

    // Everybody who was acknowledged is there, whole; whoever was not is nowhere.
    private static async Task ExpectAsync(SqlStore store, int written, int from = 1)
    {
        for (var customer = from; customer <= written; customer++)
        {
            var birth = customer == 1 ? Samples.Birth(1) : Incompressible(customer);
            var found = await store.LoadAsync(CustomerRef.Of(Samples.User(customer)) with { Recording = birth.Entries[0].Event.Key }, Token);
            Assert.Equal((birth.Customer, 1L, birth.Slots), (found.Customer, found.Version, found.Slots));
            Assert.Equal(birth.Entries[0].Receipt, found.Recorded?.Receipt);
        }

        Assert.Equal(CustomerSnapshot.Nobody, await store.LoadAsync(CustomerRef.Of(Samples.Customer(written + 1)) with { Recording = Incompressible(written + 1).Entries[0].Event.Key }, Token));
        Assert.Equal(CustomerSnapshot.Nobody, await store.LoadAsync(CustomerRef.Of(Samples.User(written + 1)), Token));
    }

    private static Commit Incompressible(int customer)
    {
        var bytes = new byte[60_000];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(unchecked((ulong)(customer * 60_000 + i + 1) * 0x9e3779b97f4a7c15UL) >> 51);
        }

        return Samples.Birth(customer) with { Slots = [new StoredSlot("large", 1, bytes.ToSequence())] };
    }

    private static Commit Large(int customer) => Samples.Birth(customer) with { Slots = [new StoredSlot("large", 1, [.. new byte[60_000]])] };

    private static async Task LimitAsync(SqliteDatabase database, int pages)
    {
        await using var session = await database.WriteAsync(Token);
        await session.RunAsync($"PRAGMA max_page_count = {pages}", Token);
    }
}
