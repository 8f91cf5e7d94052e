using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>
/// A store that forgets everything with its process: for tests, samples and simulations. It is complete, safe for several threads, and with it every law of storage can be read
/// in the simplest code that obeys it. One instance is one tenant.
/// </summary>
public sealed class InMemoryStore : ICustomerStore, IBulkCommit, IJournalScan, ILedgerNews, ICustomerPages, IOutbox, IWakeups, IQuotas, IDocumentStore, ICustomerIdentities, IAtomicCommits, IStoreStatus, IDeferredMessages, IJournalDisposal
{
    // As databases do it: characters by their numbers, of which halves of characters know nothing.
    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create((one, other) => one.AsSpan().SequenceCompareTo(other));

    private readonly Lock gate = new();
    private readonly Dictionary<CustomerId, InMemoryCustomer> customers = [];
    private KeyValuePair<CustomerId, InMemoryCustomer>[] ordered = [];
    private readonly Dictionary<CustomerId, CustomerId> survivors = [];
    private readonly Dictionary<Identity, (CustomerId Customer, int Reference)> identities = [];
    private readonly Dictionary<EventKey, (CustomerId Customer, JournalEntry Entry)> keys = [];
    private readonly Dictionary<string, long> quotas = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, string Name), List<StoredDocument>> documents = [];
    private readonly InMemoryOutbox outbox = new();
    private readonly InMemoryWakeups wakeups = new();
    private readonly InMemoryNews news = new();

    /// <inheritdoc/>
    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customer);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<CustomerSnapshot>(cancellationToken);
        }

        lock (gate)
        {
            return ValueTask.FromResult(Load(customer));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customers);
        return Locked<IReadOnlyList<CustomerSnapshot>>(() => [.. customers.Select(Load)], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        return Locked(() => customers.TryGetValue(customer, out var known) ? known.HistoryBefore(InstantOf(customer, start)) : new CustomerHistory(null, []), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit.Check();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<CommitResult>(cancellationToken);
        }

        lock (gate)
        {
            return ValueTask.FromResult(Write(commit));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        Commit.CheckAll(commits);
        return Locked<IReadOnlyList<CommitResult>>(() => [.. commits.Select(Write)], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        Commit.CheckTogether(commits);
        return Locked(() => WriteTogether(commits), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disposal);
        disposal.Check();
        return Locked(() => Write(disposal), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<LedgerEntry>>(() => customers.TryGetValue(customer, out var known) ? [.. known.Ledger] : [], cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) =>
        Copied(() => customers.TryGetValue(customer, out var known) ? known.Journal.Where(entry => entry.Version > afterVersion) : [], cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) =>
        Copied(() => InOrder.Where(pair => pair.Value.HasHistory && !survivors.ContainsKey(pair.Key)).Select(pair => pair.Key), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) =>
        OfEach(customer => customer.Journal, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) =>
        OfEach(customer => customer.Ledger, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) => Locked<IReadOnlyList<CustomerSnapshot>>(
        () => [.. After(after).Where(pair => pair.Value.HasHistory && !survivors.ContainsKey(pair.Key)).Take(most).Select(pair => pair.Value.Snapshot(pair.Key, null, null))],
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken) => Locked<IReadOnlyList<CustomerVersion>>(
        () => [.. After(after).Take(most).Select(pair => new CustomerVersion(pair.Key, pair.Value.Version))],
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) => Locked<IReadOnlyList<LedgerLine>>(
        () => [.. after.Where(known => customers.ContainsKey(known.Customer)).SelectMany(known => customers[known.Customer].LedgerAfter(known.Version).Select(line => new LedgerLine(known.Customer, line.Version, line.Entry)))],
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) => Locked(() => news.Since(since), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) =>
        OfEach(customer => customer.Identities, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => Locked<IReadOnlyList<Identity>>(
        () => [.. identities.Where(pair => pair.Value.Customer == customer).OrderBy(pair => pair.Value.Reference).Select(pair => pair.Key)],
        cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) =>
        OfEach(customer => customer.Facts, cancellationToken);

    /// <inheritdoc/>
    ValueTask<IReadOnlyList<OutboxItem>> IOutbox.LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        Locked(() => outbox.Lease(now, until, most), cancellationToken);

    /// <inheritdoc/>
    async ValueTask IOutbox.ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await Locked(() => outbox.Release(item.Id, lease, notBefore, wasTried: true), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    async ValueTask IOutbox.PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await Locked(() => outbox.Release(item.Id, lease, notBefore, wasTried: false), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    async ValueTask IOutbox.SettleAsync(OutboxItem item, CancellationToken cancellationToken) =>
        await Locked(() => outbox.Settle(item.Id), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        Locked(() => wakeups.Lease(due, now, until, most), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreStatus> ReadStatusAsync(Instant now, CancellationToken cancellationToken) => Locked(
        () =>
        {
            var (depth, waiting) = outbox.Waiting(now);
            var (due, since) = wakeups.Due(now);
            return new StoreStatus
            {
                OutboxDepth = depth,
                OutboxSince = waiting,
                TimersDue = due,
                TimersSince = since,
                StaleFacts = customers.Values.Sum(customer => customer.Facts.Count(fact => fact.ValidUntil <= now)),
            };
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> CountDeferredAsync(Instant at, CancellationToken cancellationToken) => Locked(() => outbox.Deferred(at), cancellationToken);

    /// <inheritdoc/>
    async ValueTask IQuotas.SetAsync(string name, long available, CancellationToken cancellationToken)
    {
        StorableText.CheckName(name, "The name of a supply", nameof(name));
        await Locked(() => quotas[name] = available, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    ValueTask<long> IQuotas.AvailableAsync(string name, CancellationToken cancellationToken) =>
        Locked(() => quotas.GetValueOrDefault(name), cancellationToken);

    /// <inheritdoc/>
    ValueTask<bool> IDocumentStore.AddAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        var whole = document.Checked();
        return Locked(() => Add(whole), cancellationToken);
    }

    /// <inheritdoc/>
    ValueTask<StoredDocument?> IDocumentStore.LatestAsync(string kind, string name, CancellationToken cancellationToken) =>
        Locked(() => documents.GetValueOrDefault((kind, name))?[^1], cancellationToken);

    /// <inheritdoc/>
    IAsyncEnumerable<StoredDocument> IDocumentStore.ReadAllAsync(string kind, CancellationToken cancellationToken) =>
        Copied(() => documents.Where(pair => pair.Key.Kind == kind).OrderBy(pair => Encoding.UTF8.GetBytes(pair.Key.Name), ByBytes).SelectMany(pair => pair.Value), cancellationToken);

    /// <inheritdoc/>
    ValueTask<bool> IDocumentStore.RemoveAsync(string kind, string name, CancellationToken cancellationToken) =>
        Locked(() => !documents.TryGetValue((kind, name), out var versions) || (versions.TrueForAll(document => document.Removable) && documents.Remove((kind, name))), cancellationToken);

    private CustomerSnapshot Load(CustomerRef customer)
    {
        var recorded = customer.Recording is { } key && keys.TryGetValue(key, out var known) ? new RecordedKey(known.Entry.PayloadHash, known.Entry.Receipt) : null;
        var (id, reference) = customer switch
        {
            { Id: { } given } => (given, (int?)null),
            { Identity: { } identity } when identities.TryGetValue(identity, out var owner) => (owner.Customer, owner.Reference),
            _ => (default, null),
        };
        while (survivors.TryGetValue(id, out var survivor))
        {
            id = survivor;
        }

        return customers.TryGetValue(id, out var found) ? found.Snapshot(id, reference, recorded)
            : recorded is null ? CustomerSnapshot.Nobody
            : CustomerSnapshot.Nobody with { Recorded = recorded };
    }

    private Instant? InstantOf(CustomerId customer, HistoryStart start) => start switch
    {
        HistoryStart.Before before => before.Instant,
        HistoryStart.BeforeEvent before => keys.TryGetValue(before.Key, out var known) && known.Customer == customer ? known.Entry.EffectiveAt : null,
        _ => null,
    };

    private CommitResult Write(Commit commit)
    {
        var customer = customers.GetValueOrDefault(commit.Customer);
        if (Refusal(commit, customer?.Version ?? 0) is { } refusal)
        {
            return refusal;
        }

        if (customer is null)
        {
            customers.Add(commit.Customer, customer = new InMemoryCustomer());
        }

        foreach (var entry in commit.Entries)
        {
            keys.Add(entry.Event.Key, (commit.Customer, entry));
        }

        if (!commit.Severed.IsEmpty)
        {
            Sever(commit);
        }

        foreach (var claim in commit.Claims)
        {
            identities.Add(claim.Identity, (commit.Customer, claim.Reference));
        }

        foreach (var draw in commit.NetDraws())
        {
            quotas[draw.Name] = draw.LeftOf(quotas.GetValueOrDefault(draw.Name));
        }

        customer.Write(commit);
        news.Write(commit);
        wakeups.Write(commit);
        outbox.Write(commit);
        return CommitResult.Done;
    }

    private void Sever(Commit commit)
    {
        var own = commit.Severed.Where(severed => identities.TryGetValue(severed, out var owner) && owner.Customer == commit.Customer).ToList();
        own.ForEach(severed => identities.Remove(severed));
        if (own.Count > 0)
        {
            outbox.Sever(commit.Customer, own);
        }
    }

    private CommitResult Write(JournalDisposal disposal)
    {
        if (!customers.TryGetValue(disposal.Commit.Customer, out var customer) || customer.Version != disposal.Commit.ExpectedVersion)
        {
            return new CommitResult.VersionConflict();
        }

        customer.Write(disposal);
        news.Write(disposal.Commit);
        foreach (var receipt in disposal.Receipts)
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrNullRef(keys, receipt.Key);
            known.Entry = new JournalEntry
            {
                Version = receipt.Version,
                Event = new CustomerEvent { Key = receipt.Key, Kind = known.Entry.Event.Kind },
                EffectiveAt = receipt.EffectiveAt,
                RecordedAt = known.Entry.RecordedAt,
                PayloadHash = known.Entry.PayloadHash,
                Receipt = receipt,
            };
        }

        return CommitResult.Done;
    }

    private AtomicResult WriteTogether(IReadOnlyList<Commit> commits)
    {
        for (var i = 0; i < commits.Count; i++)
        {
            // A draw that those before it give back for is covered only together with them.
            var alone = Refusal(commits[i], customers.GetValueOrDefault(commits[i].Customer)?.Version ?? 0);
            var refusal = InMemoryTogether.Refusal(commits[i], [.. commits.Take(i)], alone is CommitResult.QuotaExhausted ? null : alone, name => quotas.GetValueOrDefault(name));
            if (refusal is not null)
            {
                return new AtomicResult(refusal, i);
            }
        }

        foreach (var commit in commits)
        {
            Write(commit);
        }

        foreach (var commit in commits)
        {
            if (commit.Retirement is { } retirement)
            {
                Retire(commit.Customer, retirement);
            }
        }

        return new AtomicResult(CommitResult.Done, null);
    }

    private void Retire(CustomerId retired, Retirement retirement)
    {
        survivors.Add(retired, retirement.Survivor);
        foreach (var identity in customers[retired].Identities)
        {
            identities[identity] = (retirement.Survivor, retirement.Known + identities[identity].Reference);
        }

        customers[retirement.Survivor].Join(customers[retired], retirement.Joining);
        outbox.Move(retired, retirement.Survivor);
    }

    private CommitResult? Refusal(Commit commit, long version)
    {
        foreach (var entry in commit.Entries)
        {
            if (keys.TryGetValue(entry.Event.Key, out var known))
            {
                return known.Entry.PayloadHash == entry.PayloadHash
                    ? new CommitResult.AlreadyCommitted(entry.Event.Key, known.Entry.Receipt)
                    : new CommitResult.KeyReused(entry.Event.Key);
            }
        }

        if (version != commit.ExpectedVersion || (commit.Upon is { } upon && !customers[commit.Customer].Has(upon)))
        {
            return new CommitResult.VersionConflict();
        }

        foreach (var claim in commit.Claims)
        {
            if (identities.TryGetValue(claim.Identity, out var owner))
            {
                return new CommitResult.IdentityTaken(claim.Identity, owner.Customer);
            }
        }

        foreach (var draw in commit.NetDraws())
        {
            if (!draw.IsCoveredBy(quotas.GetValueOrDefault(draw.Name)))
            {
                return new CommitResult.QuotaExhausted(draw.Name);
            }
        }

        return null;
    }

    private bool Add(StoredDocument document)
    {
        var versions = documents.GetValueOrDefault((document.Kind, document.Name));
        if (document.Version != (versions?.Count ?? 0) + 1)
        {
            return false;
        }

        if (versions is null)
        {
            documents.Add((document.Kind, document.Name), versions = []);
        }

        versions.Add(document);
        return true;
    }

    // Customers never go, so as many as before are the same ones.
    private KeyValuePair<CustomerId, InMemoryCustomer>[] InOrder => ordered.Length == customers.Count ? ordered : ordered = [.. customers.OrderBy(pair => pair.Key.Bucket).ThenBy(pair => pair.Key)];

    private IEnumerable<KeyValuePair<CustomerId, InMemoryCustomer>> After(CustomerId? last)
    {
        var all = InOrder;
        var (low, high) = (0, all.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = all[middle].Key.IsAfter(last) ? (low, middle) : (middle + 1, high);
        }

        return all.Skip(low);
    }

    private ValueTask<T> Locked<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        lock (gate)
        {
            return ValueTask.FromResult(work());
        }
    }

    private ValueTask<bool> Locked(Action work, CancellationToken cancellationToken) => Locked(
        () =>
        {
            work();
            return true;
        },
        cancellationToken);

    private IAsyncEnumerable<(CustomerId Customer, T Item)> OfEach<T>(Func<InMemoryCustomer, IEnumerable<T>> items, CancellationToken cancellationToken) =>
        Copied(() => InOrder.SelectMany(pair => items(pair.Value).Select(item => (pair.Key, item))), cancellationToken);

    private async IAsyncEnumerable<T> Copied<T>(Func<IEnumerable<T>> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var item in await Locked(() => items().ToList(), cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }
    }
}
