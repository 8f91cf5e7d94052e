using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What all decisions of one engine share.</summary>
internal sealed class Kernel(ModuleSet modules, CrmOptions options, ICustomerStore store, ICustomerProfiles? profiles, Pacing? pacing = null)
{
    private const string HostKey = "user";
    private RecentCustomers? around;
    private Fold? spare;

    public ModuleSet Modules { get; } = modules;

    public StateCodec Codec { get; } = new(modules);

    public CrmOptions Options { get; } = options;

    /// <summary>Says what is wrong with events before anything is read.</summary>
    public EventCheck Check { get; } = new(modules.Kinds, modules.Validators, options.FutureTolerance);

    public ICustomerStore Store { get; } = store;

    public Pacing Pacing { get; } = pacing ?? Pacing.Real;

    /// <summary>Who was recorded lately, so that they need not be loaded.</summary>
    public RecentCustomers Recent { get; } = new(options.RememberCustomers, options.RememberFor);

    /// <summary>Where the host keeps the profiles; null: the store does.</summary>
    public ICustomerProfiles? Profiles => profiles;

    /// <summary>Whether the store is used for one thing at a time, as one within a host's transaction must be.</summary>
    public bool OneAtATime { get; private init; }

    /// <summary>The same modules over another store, where nothing is tried twice, and nothing is remembered that may yet be undone.</summary>
    public Kernel Once(ICustomerStore other) => new(Modules, Options with { Attempts = 1, RememberCustomers = 0 }, other, profiles, Pacing) { OneAtATime = true, around = Recent };

    /// <summary>Forgets everybody, also those whom the engine remembers around a transaction of the host: while that one is open, whoever writes to the customer waits for it, and keeps nobody before it ends.</summary>
    public void ForgetEverybody()
    {
        Recent.Clear();
        around?.Clear();
    }

    /// <summary>A fold for one decision; one that is given back serves the next.</summary>
    public Fold LendFold() => Interlocked.Exchange(ref spare, null) ?? new(Modules, Codec, Options);

    /// <summary>Takes a fold back that no decision uses any more.</summary>
    public void TakeBack(Fold fold) => spare = fold;

    /// <summary>The profile as it is now: the host's where it keeps one, otherwise the store's.</summary>
    /// <exception cref="ProfileFaultException">The host's table did not answer, so that nobody takes its fault for one of the store's.</exception>
    public ValueTask<Fields> ProfileAsync(CustomerId customer, Identity? identity, Fields stored, CancellationToken cancellationToken) =>
        profiles is null ? ValueTask.FromResult(stored) : OfHostAsync(profiles, customer, identity, cancellationToken);

    private async ValueTask<Fields> OfHostAsync(ICustomerProfiles host, CustomerId customer, Identity? identity, CancellationToken cancellationToken)
    {
        var user = identity is { Kind: HostKey, Value: var key } ? key : await HostKeyOfAsync(customer, cancellationToken).ConfigureAwait(false);
        try
        {
            return Storable(await host.ReadAsync(customer, user, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception fault) when (!IsCancelled(fault, cancellationToken))
        {
            throw new ProfileFaultException(fault);
        }
    }

    // What is observed of it goes into the journal.
    private static Fields Storable(Fields profile)
    {
        foreach (var (name, value) in profile)
        {
            if (value.Kind == ScalarKind.Code && StorableText.FaultOf(value.ToString()) is { } fault)
            {
                throw new InvalidDataException($"The field '{name}' has {fault}; whole characters other than U+0000 are expected, because no database keeps others.");
            }
        }

        return profile;
    }

    // Whoever came by id, or with a phone number, is somebody in the host's table all the same.
    private async ValueTask<string?> HostKeyOfAsync(CustomerId customer, CancellationToken cancellationToken)
    {
        var identities = Store is ICustomerIdentities known ? await known.IdentitiesOfAsync(customer, cancellationToken).ConfigureAwait(false) : [];
        return identities.Where(identity => identity.Kind == HostKey).Select(identity => identity.Value).FirstOrDefault();
    }

    /// <summary>Whether a fault is that somebody cancelled what is going on here. A time-out of a host's own HTTP client is a cancellation too, and a fault of it as any other.</summary>
    public static bool IsCancelled(Exception fault, CancellationToken cancellationToken) => fault is OperationCanceledException && cancellationToken.IsCancellationRequested;

    /// <summary>Whether an id leads to somebody who is not forgotten. Of a state that a later release wrote nothing else is known.</summary>
    public async ValueTask<bool> IsSomebodyAsync(CustomerId customer, CancellationToken cancellationToken)
    {
        var snapshot = await Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
        try
        {
            return snapshot.Customer is not null && !Codec.Decode(snapshot.Slots, snapshot.Version).IsForgotten;
        }
        catch (UnreadableStateException)
        {
            return true;
        }
    }

    /// <summary>Loads many, in one go where the store can.</summary>
    public async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadAllAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        if (customers.Count > 1 && Store is IBulkCommit bulk)
        {
            return await bulk.LoadManyAsync(customers, cancellationToken).ConfigureAwait(false);
        }

        var snapshots = new CustomerSnapshot[customers.Count];
        for (var i = 0; i < snapshots.Length; i++)
        {
            snapshots[i] = await Store.LoadAsync(customers[i], cancellationToken).ConfigureAwait(false);
        }

        return snapshots;
    }

    /// <summary>All customers in the order of scans, some at a time.</summary>
    /// <param name="after">Only those that come after this one; null: all.</param>
    /// <param name="atOnce">How many at a time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public async IAsyncEnumerable<CustomerId[]> ReadCustomersAsync(CustomerId? after, int atOnce, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = Store as IJournalScan ?? throw new InvalidOperationException($"The store {Store.GetType().Name} cannot list its customers; implement {nameof(IJournalScan)} on it.");
        var some = new List<CustomerId>(atOnce);
        await foreach (var customer in scan.ReadCustomersAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!customer.IsAfter(after))
            {
                continue;
            }

            some.Add(customer);
            if (some.Count == atOnce)
            {
                yield return [.. some];
                some.Clear();
            }
        }

        if (some.Count > 0)
        {
            yield return [.. some];
        }
    }

    /// <summary>Commits. The customer is remembered no more, whatever comes of it.</summary>
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        try
        {
            return await Store.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Recent.Forget(commit.Customer);
        }
    }

    /// <summary>Commits many, in one go where the store can. The customers are remembered no more, whatever comes of it.</summary>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAllAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAllAsync(commits, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(commits);
        }
    }

    /// <summary>Commits many, all or none. The customers are remembered no more, whatever comes of it.</summary>
    public async ValueTask<AtomicResult> CommitTogetherAsync(IAtomicCommits store, IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        try
        {
            return await store.CommitTogetherAsync(commits, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Forget(commits);
        }
    }

    /// <summary>Disposes of entries. The customer is remembered no more, whatever comes of it.</summary>
    public async ValueTask<CommitResult> DisposeOfAsync(IJournalDisposal store, JournalDisposal disposal, CancellationToken cancellationToken)
    {
        try
        {
            return await store.DisposeOfAsync(disposal, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Recent.Forget(disposal.Commit.Customer);
        }
    }

    private void Forget(IReadOnlyList<Commit> commits)
    {
        foreach (var commit in commits)
        {
            Recent.Forget(commit.Customer);
        }
    }

    /// <summary>Commits many, in one go where the store can, for whoever keeps the memory up to date.</summary>
    public async ValueTask<IReadOnlyList<CommitResult>> WriteAllAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        if (commits.Count > 1 && Store is IBulkCommit bulk)
        {
            return await bulk.CommitManyAsync(commits, cancellationToken).ConfigureAwait(false);
        }

        var results = new CommitResult[commits.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = await Store.CommitAsync(commits[i], cancellationToken).ConfigureAwait(false);
        }

        return results;
    }

    /// <summary>A customer brought forward to now, in memory.</summary>
    public async ValueTask<CustomerView> ViewAsync(CustomerSnapshot snapshot, Identity? identity, IIdSource ids, Instant now, CancellationToken cancellationToken)
    {
        var decision = await Decision.BeginAsync(this, snapshot, ids, cancellationToken).ConfigureAwait(false);
        // A till's clock may be a little ahead: what it told is not in the future of whoever reads it.
        var moment = decision.State.Handled is { } handled && handled > now ? handled : now;
        decision.BringForward(moment);
        var profile = await ProfileAsync(decision.Customer, identity, snapshot.Profile, cancellationToken).ConfigureAwait(false);
        return new CustomerView(Modules, decision.State, decision.Customer, snapshot.Version, new Moment(moment, Options.Zone) { Calendars = Options.Calendars }, profile) { Unwritten = decision.Unwritten };
    }

    /// <summary>Later than every earlier instant, so that the order of recording is total.</summary>
    public static Instant After(Instant? earlier, Instant now)
    {
        var tick = NodaTime.Instant.FromUnixTimeTicks(now.ToUnixTimeTicks());
        return earlier is { } before && tick <= before ? before + Duration.FromTicks(1) : tick;
    }
}
