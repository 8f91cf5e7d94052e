using System.Diagnostics;
using System.Globalization;
using Crm.Loyalty.Accounts;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;

namespace Crm.Benchmarks;

/// <summary>
/// The books of a hundred thousand customers with a million ledger entries, certified: everything, everything into a new book, and going on from it after ten customers got something:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- certify</c>. In a SQLite file, and in PostgreSQL where it is installed.
/// </summary>
internal static class CertifyRounds
{
    private const int Customers = 100_000;
    private const int CommitsOfEach = 5;
    private const int Changed = 10;
    private const int AtOnce = 1_000;

    public static async Task RunAsync()
    {
        var file = Path.Combine(Path.GetTempPath(), $"crm-certify-{Guid.NewGuid():N}.db");
        try
        {
            await using var store = SqliteStore.Open($"Data Source={file};Pooling=False", new SqliteStoreOptions { Durability = SqliteDurability.Normal });
            await MeasureAsync("SQLite", store);
        }
        finally
        {
            foreach (var part in new[] { "", "-wal", "-shm" })
            {
                File.Delete(file + part);
            }
        }

        if (PostgreSqlCluster.Start(durable: false) is { } server)
        {
            await using var store = PostgreSqlStore.Open(server, new PostgreSqlStoreOptions());
            await MeasureAsync("PostgreSQL", store);
        }
    }

    private static async Task MeasureAsync<TStore>(string name, TStore store)
        where TStore : IBulkCommit, ILedgerNews
    {
        var since = Stopwatch.GetTimestamp();
        for (var version = 0; version < CommitsOfEach; version++)
        {
            foreach (var some in Enumerable.Range(1, Customers).Chunk(AtOnce))
            {
                await store.CommitManyAsync([.. some.Select(customer => Paid(customer, version))], default);
            }
        }

        Say($"{name}, {Customers * CommitsOfEach} commits, {AtOnce} at once: {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
        var counted = new Counted(store);
        var book = new Pages();
        var whole = await TimeAsync($"{name}, everything", counted, book, () => new Certification(counted).CountAsync());
        await TimeAsync($"{name}, everything into a new book", counted, book, () => new Certification(counted).CountAsync(book));
        await TimeAsync($"{name}, nothing new", counted, book, () => new Certification(counted).CountAsync(book));
        for (var round = 0; round < 5; round++)
        {
            await store.CommitManyAsync([.. Enumerable.Range(1, Changed).Select(customer => Paid(customer * 9_001, CommitsOfEach + round))], default);
            await TimeAsync($"{name}, {Changed} customers with something new", counted, book, () => new Certification(counted).CountAsync(book));
        }

        var again = await new Certification(store).CountAsync();
        Say($"{name}: the count that went on is {(again.Equals(await new Certification(store).CountAsync(book)) && !again.Equals(whole) ? "" : "NOT ")}the whole count");
    }

    private static async Task<Certificate> TimeAsync(string what, Counted store, Pages book, Func<ValueTask<Certificate>> count)
    {
        (store.Customers, store.Lines, book.Read, book.Written) = (0, 0, 0, 0);
        var since = Stopwatch.GetTimestamp();
        var certificate = await count();
        Say($"{what}: {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0.0} ms; {store.Customers} customers and {store.Lines} ledger rows of the store, {book.Read} pages of the book read and {book.Written} written");
        return certificate;
    }

    private static Commit Paid(int customer, long version) =>
        Samples.Commit(customer, version, string.Create(CultureInfo.InvariantCulture, $"pos:{customer}-{version}")) with { Ledger = [Samples.Issued(5), Samples.Issued(1, "bonus")] };

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>Counts what is asked of a store.</summary>
    private sealed class Counted(ILedgerNews store) : ILedgerNews
    {
        public long Customers { get; set; }

        public long Lines { get; set; }

        public async ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(Values.CustomerId? after, int most, CancellationToken cancellationToken)
        {
            var some = await store.ReadVersionsAsync(after, most, cancellationToken);
            Customers += some.Count;
            return some;
        }

        public async ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken)
        {
            var lines = await store.ReadLedgerAfterAsync(after, cancellationToken);
            Lines += lines.Count;
            return lines;
        }

        public async ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken)
        {
            var news = await store.ReadNewsAsync(since, cancellationToken);
            Customers += news.Customers?.Count ?? 0;
            return news;
        }
    }

    /// <summary>A book in memory.</summary>
    private sealed class Pages : ICertificationBook
    {
        private readonly Dictionary<string, string> pages = new(StringComparer.Ordinal);

        public long Read { get; set; }

        public long Written { get; set; }

        public ValueTask<IReadOnlyList<BookPage>> ReadAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken)
        {
            Read += places.Count;
            return ValueTask.FromResult<IReadOnlyList<BookPage>>([.. places.Where(pages.ContainsKey).Select(place => new BookPage(place, pages[place]))]);
        }

        public ValueTask WriteAsync(IReadOnlyCollection<BookPage> fresh, CancellationToken cancellationToken)
        {
            Written += fresh.Count;
            foreach (var page in fresh)
            {
                pages[page.Place] = page.Text;
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask KeepAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
