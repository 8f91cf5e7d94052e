using System.Data.Common;
using System.Runtime.CompilerServices;
using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// The store in an SQL database: all ports of storage, for one tenant. Open it through a package for one database, such as Crm.Storage.Sqlite. The tables are made, and brought up to date, at
/// first use; a store that a later release wrote is refused with a <see cref="NewerSchemaException"/>. Safe for several threads.
/// </summary>
public sealed class SqlStore : ICustomerStore, IBulkCommit, IJournalScan, IHistoryScan, ILedgerNews, ICustomerPages, IOutbox, IWakeups, IQuotas, IDocumentStore, IAudienceQuery, IAtomicCommits, ICustomerIdentities, IStoreStatus, IDeferredMessages, IJournalDisposal, IHostTransactions, IAsyncDisposable, IDisposable
{
    // What a scan of journals or of the ledger holds, however much one customer has of them.
    private const int RowsAtOnce = 1_024;

    private readonly SqlDatabase database;
    private readonly SqlStoreOptions options;
    private readonly Migrations migrations;
    private readonly CustomerReader customers;
    private readonly JournalReader journal;
    private readonly HistoryReader history;
    private readonly CommitWriter writer;
    private readonly DisposalWriter disposals;
    private readonly StoreScan scan;
    private readonly HistoryScan histories;
    private readonly OutboxTable outbox;
    private readonly WakeupTable wakeups;
    private readonly QuotaTable quotas;
    private readonly StatusReader status;
    private readonly DocumentTable documents;
    private readonly AudienceTable audiences;
    private readonly LedgerNewsReader? news;

    /// <summary>A store in a database. Nothing is opened yet.</summary>
    /// <param name="database">The store disposes it.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The tenant's name is no name.</exception>
    public SqlStore(SqlDatabase database, SqlStoreOptions? options = null)
        : this(database, options ?? new SqlStoreOptions(), migrations: null)
    {
    }

    private SqlStore(SqlDatabase database, SqlStoreOptions options, Migrations? migrations)
    {
        ArgumentNullException.ThrowIfNull(database);
        this.options = options;
        var tenant = options.Tenant;
        if (!Names.IsName(tenant))
        {
            throw new ArgumentException($"'{tenant}' is not the name of a tenant: lower-case letters, digits, '-', '_' and '.' are expected, such as 'default'.", nameof(options));
        }

        this.database = database;
        this.migrations = migrations ?? new Migrations(database);
        customers = new CustomerReader(tenant, database.Dialect.JoinsAcrossBuckets);
        journal = new JournalReader(tenant);
        history = new HistoryReader(tenant, journal, database.Dialect.JoinsAcrossBuckets);
        scan = new StoreScan(tenant);
        writer = new CommitWriter(tenant, new CommitDiagnosis(tenant, customers), scan);
        disposals = new DisposalWriter(tenant);
        histories = new HistoryScan(tenant);
        outbox = new OutboxTable(tenant, options.Buckets);
        wakeups = new WakeupTable(tenant, options.Buckets);
        quotas = new QuotaTable(tenant);
        status = new StatusReader(tenant, options.Buckets);
        documents = new DocumentTable(tenant);
        audiences = new AudienceTable(tenant, database.Dialect);
        news = database.Dialect.LedgerOrder is { } order ? new LedgerNewsReader(tenant, order) : null;
    }

    /// <summary>Makes the tables, or brings them up to date. Everything else does so too; call it at start to hear early of a store that cannot be used.</summary>
    /// <exception cref="NewerSchemaException">A later release wrote the store.</exception>
    /// <exception cref="OlderSchemaException">An early release made the table of versions; the message has the statement that puts it right.</exception>
    public ValueTask MigrateAsync(CancellationToken cancellationToken = default) => migrations.EnsureAsync(cancellationToken);

    /// <summary>Whether the store's tables are in the database; nothing is made.</summary>
    /// <exception cref="NewerSchemaException">A later release wrote the store.</exception>
    /// <exception cref="OlderSchemaException">An early release made the table of versions; the message has the statement that puts it right.</exception>
    public async ValueTask<bool> ExistsAsync(CancellationToken cancellationToken = default) => await FindSchemaAsync(cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>The version of the schema that the database has, which may be one that this release would bring forward (<see cref="SqlSchema.Versions"/>); nothing is made.</summary>
    /// <returns>Null where the store's tables are not in the database.</returns>
    /// <exception cref="NewerSchemaException">A later release wrote the store.</exception>
    /// <exception cref="OlderSchemaException">An early release made the table of versions; the message has the statement that puts it right.</exception>
    public ValueTask<int?> FindSchemaAsync(CancellationToken cancellationToken = default) => migrations.FindAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return (await LoadManyAsync([customer], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customers);
        return await UsingAsync(database.LoadAsync, session => this.customers.LoadAsync(session, customers, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        return ReadAsync(session => history.LoadAsync(session, customer, start, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return (await CommitManyAsync([commit], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        Commit.CheckAll(commits);
        return commits.Count == 0 ? [] : await WriteAsync(session => writer.WriteAsync(session, commits, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public int GroupsAtOnce => database.GroupsAtOnce;

    /// <inheritdoc/>
    public async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        Commit.CheckTogether(commits);
        return commits.Count == 0
            ? new AtomicResult(CommitResult.Done, null)
            : await WriteAsync(session => writer.WriteTogetherAsync(session, commits, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disposal);
        disposal.Check();
        return WriteAsync(session => disposals.WriteAsync(session, disposal, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<LedgerEntry>>(
        async session => [.. (await scan.LedgerAsync(session, [customer], cancellationToken).ConfigureAwait(false)).Select(row => row.Entry)],
        cancellationToken);

    /// <inheritdoc/>
    public ICustomerStore Within(DbConnection connection, DbTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(transaction);
        return transaction.Connection == connection
            ? new SqlStore(new HostDatabase(database, connection, transaction), options, migrations)
            : throw new ArgumentException("The transaction is over, or another connection's; the open transaction of the connection is expected.", nameof(transaction));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var entries = await ReadAsync(session => journal.ReadAsync(session, [customer], afterVersion, long.MinValue, cancellationToken), cancellationToken).ConfigureAwait(false);
        foreach (var entry in entries[customer])
        {
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CustomerId> ReadCustomersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in SomeAsync(withEntries: true, cancellationToken).ConfigureAwait(false))
        {
            foreach (var customer in some)
            {
                yield return customer;
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var (place, more) = (EntryPlace.Before(0), true); more;)
        {
            // No connection is kept while the caller looks at what was read.
            var after = place;
            var some = await ReadAsync(session => journal.NextAsync(session, after, RowsAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
            foreach (var row in some)
            {
                yield return row;
            }

            more = some.Count == RowsAtOnce;
            place = more ? EntryPlace.Of(some[^1].Customer, some[^1].Entry.Version) : place;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, CancellationToken cancellationToken) =>
        ReadHistoriesAsync(EntryPlace.Before(firstBucket), EntryPlace.Before(lastBucket + 1), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(CustomerId? after, CustomerId last, CancellationToken cancellationToken) =>
        ReadHistoriesAsync(after is { } known ? EntryPlace.After(known) : EntryPlace.Before(0), EntryPlace.After(last), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(IReadOnlyList<CustomerId> customers, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customers);
        foreach (var some in customers.Chunk(HistoryScan.CustomersAtOnce))
        {
            yield return await ReadAsync(session => histories.OfAsync(session, some, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<CustomerEntry>> ReadEntriesAsync(EntryRequest asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(asked);
        foreach (var some in asked.Customers.Chunk(HistoryScan.CustomersAtOnceInPart))
        {
            yield return await ReadAsync(session => histories.SomeAsync(session, asked, some, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(EntryPlace place, EntryPlace until, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (open, entries) = (default(CustomerId), new List<HistoryEntry>());
        for (var more = true; more;)
        {
            var after = place;
            var (some, isMore) = await ReadAsync(session => histories.NextAsync(session, after, until, cancellationToken), cancellationToken).ConfigureAwait(false);
            var whole = new List<StoredHistory>();
            foreach (var (customer, entry) in some)
            {
                if (customer != open && entries.Count > 0)
                {
                    whole.Add(new StoredHistory(open, entries));
                    entries = [];
                }

                open = customer;
                entries.Add(entry);
            }

            // The last one may go on with the next rows.
            more = isMore;
            place = some.Count > 0 ? EntryPlace.Of(some[^1].Customer, some[^1].Entry.Version) : place;
            if (!more && entries.Count > 0)
            {
                whole.Add(new StoredHistory(open, entries));
            }

            if (whole.Count > 0)
            {
                yield return whole;
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var (place, line, more) = (EntryPlace.Before(0), 0L, true); more;)
        {
            var (after, last) = (place, line);
            var some = await ReadAsync(session => scan.NextLedgerAsync(session, after, last, RowsAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
            foreach (var (customer, entry, _, _) in some)
            {
                yield return (customer, entry);
            }

            more = some.Count == RowsAtOnce;
            (place, line) = more ? (EntryPlace.Of(some[^1].Customer, some[^1].Version), some[^1].Line) : (place, line);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) =>
        ReadAsync(session => customers.LoadPageAsync(session, after, most, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<CustomerVersion>>(async session => await scan.VersionsAsync(session, after, most, cancellationToken).ConfigureAwait(false), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(after);
        return after.Count == 0 ? [] : await ReadAsync(session => scan.LedgerAfterAsync(session, after, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>See <see cref="ILedgerNews.ReadNewsAsync"/>. A database whose dialect has no <see cref="LedgerOrder"/>, such as a distributed one, cannot tell.</summary>
    public async ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) => news is { } reader
        ? await UsingAsync(database.ScanAsync, session => reader.ReadAsync(session, since, cancellationToken), cancellationToken).ConfigureAwait(false)
        : new LedgerNews(null, null);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) =>
        OfAllAsync((session, some) => scan.IdentitiesAsync(session, some, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<Identity>>(
        async session => [.. (await scan.IdentitiesAsync(session, [customer], cancellationToken).ConfigureAwait(false)).Select(row => row.Identity)],
        cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) =>
        OfAllAsync((session, some) => scan.FactsAsync(session, some, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    ValueTask<IReadOnlyList<OutboxItem>> IOutbox.LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        WriteAsync(session => outbox.LeaseAsync(session, now, until, most, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    async ValueTask IOutbox.ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await WriteAsync(session => outbox.ReleaseAsync(session, item, lease, notBefore, wasTried: true, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    async ValueTask IOutbox.PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await WriteAsync(session => outbox.ReleaseAsync(session, item, lease, notBefore, wasTried: false, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    async ValueTask IOutbox.SettleAsync(OutboxItem item, CancellationToken cancellationToken) =>
        await WriteAsync(session => outbox.SettleAsync(session, item, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        WriteAsync(session => wakeups.LeaseAsync(session, due, now, until, most, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreStatus> ReadStatusAsync(Instant now, CancellationToken cancellationToken) => ReadAsync(session => status.ReadAsync(session, now, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> CountDeferredAsync(Instant at, CancellationToken cancellationToken) => ReadAsync(session => status.DeferredAsync(session, at, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    async ValueTask IQuotas.SetAsync(string name, long available, CancellationToken cancellationToken)
    {
        StorableText.CheckName(name, "The name of a supply", nameof(name));
        await WriteAsync(session => quotas.SetAsync(session, name, available, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    ValueTask<long> IQuotas.AvailableAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(session => quotas.AvailableAsync(session, name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    ValueTask<bool> IDocumentStore.AddAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        var whole = document.Checked();
        return WriteAsync(session => documents.AddAsync(session, whole, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    ValueTask<StoredDocument?> IDocumentStore.LatestAsync(string kind, string name, CancellationToken cancellationToken) =>
        ReadAsync(session => documents.LatestAsync(session, kind, name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    async IAsyncEnumerable<StoredDocument> IDocumentStore.ReadAllAsync(string kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var document in await ReadAsync(session => documents.AllAsync(session, kind, cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return document;
        }
    }

    /// <inheritdoc/>
    public Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles) => audiences.Refusals(condition, kinds, profiles);

    /// <inheritdoc/>
    public ValueTask<AudienceAnswer> SelectAsync(Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken) =>
        UsingAsync(database.ScanAsync, session => audiences.SelectAsync(session, condition, kinds, profiles, moment, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    ValueTask<bool> IDocumentStore.RemoveAsync(string kind, string name, CancellationToken cancellationToken) =>
        WriteAsync(session => documents.RemoveAsync(session, kind, name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async IAsyncEnumerable<List<CustomerId>> SomeAsync(bool withEntries, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (CustomerId? last = null; ;)
        {
            var after = last;
            var some = await ReadAsync(session => scan.CustomersAsync(session, after, withEntries, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (some.Count == 0)
            {
                yield break;
            }

            last = some[^1];
            yield return some;
        }
    }

    private async IAsyncEnumerable<T> OfAllAsync<T>(Func<SqlSession, List<CustomerId>, ValueTask<List<T>>> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in SomeAsync(withEntries: false, cancellationToken).ConfigureAwait(false))
        {
            // No connection is kept while the caller looks at what was read.
            foreach (var item in await ReadAsync(session => read(session, some), cancellationToken).ConfigureAwait(false))
            {
                yield return item;
            }
        }
    }

    private ValueTask<T> ReadAsync<T>(Func<SqlSession, ValueTask<T>> work, CancellationToken cancellationToken) => UsingAsync(database.ReadAsync, work, cancellationToken);

    private async ValueTask<T> UsingAsync<T>(Func<CancellationToken, ValueTask<SqlSession>> open, Func<SqlSession, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        await migrations.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var session = await open(cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            return await work(session).ConfigureAwait(false);
        }
    }

    private async ValueTask<T> WriteAsync<T>(Func<SqlSession, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await UsingAsync(database.WriteAsync, work, cancellationToken).ConfigureAwait(false);
    }
}
