using Crm.Storage;
using Crm.Testing.Laws;

namespace Crm.Testing;

/// <summary>
/// What every store must keep to, as data: run each check against your own store in the test framework of your choice. Each law gets an empty database.
/// Every law ships with a counterfeit, a store that is wrong in just that point.
/// </summary>
public static class StorageLaws
{
    /// <summary>
    /// The version of the kit. It grows with every release that adds a law or makes one stricter; <see cref="StorageLaw.Since"/> says which version brought a law, so that an adapter can say "keeps all laws of
    /// version 1" while it is on its way to the next.
    /// </summary>
    public const int Version = 5;

    /// <summary>All laws, at the size for every day: some seconds for a store on a disk.</summary>
    public static IReadOnlyList<StorageLaw> All { get; } = OfSize(LawSize.Usual);

    /// <summary>What a store may be able to do, with the port that says so. <see cref="StorageLaw.Port"/> of every law is one of them: its laws are mandatory for who implements it.</summary>
    public static IReadOnlyList<StoreCapability> Capabilities { get; } =
    [
        new(typeof(ICustomerStore), Required: true, "Customers, their journal and state, in one atomic commit; quotas, messages and timers are written by it too."),
        new(typeof(IOutbox), Required: true, "Messages and follow-ups leave: CrmEngine.PumpAsync."),
        new(typeof(IWakeups), Required: true, "What is due is handled: CrmEngine.RunDueAsync."),
        new(typeof(IQuotas), Required: true, "Supplies that customers share are set and read; commits draw on them."),
        new(typeof(IDocumentStore), Required: true, "Definitions, registers and settings are kept in the store."),
        new(typeof(IBulkCommit), Required: false, "Many customers in few round trips: imports, and workers with much to do. Without it they go one by one."),
        new(typeof(IJournalScan), Required: false, "Reports and checks read the whole store."),
        new(typeof(IHistoryScan), Required: false, "Simulations and backfills read whole histories, ranges of buckets side by side. Without it they are read with everything else in them, one after the other."),
        new(typeof(ICustomerPages), Required: false, "Whole customers page by page. Without it the ids before a page are read again for each."),
        new(typeof(ILedgerScan), Required: false, "Certificates read what is new in the ledger since they last read it. Without it they count the whole ledger each time."),
        new(typeof(IHostTransactions), Required: false, "What is recorded is there with the host's own transaction or not at all: CrmEngine.Within."),
        new(typeof(IAtomicCommits), Required: false, "Several customers in one transaction: merging two needs it. Without it what else concerns two goes as a follow-up through the outbox."),
        new(typeof(IStoreStatus), Required: false, "Health checks and gauges: how much waits."),
        new(typeof(IDeferredMessages), Required: false, "Reports say how many messages wait for a later time, and waited. Without it they say none."),
        new(typeof(IJournalDisposal), Required: false, "Journal entries go when they need not be kept any longer: CrmEngine.DisposeOfJournalAsync. Without it journals are kept for ever."),
        new(typeof(ILedgerNews), Required: false, "A certificate of the books goes on from an earlier one at the cost of what is new. Without it the versions of all customers are compared."),
        new(typeof(ICustomerIdentities), Required: false, "Whose the profile in the host's own table is, when an event names the customer by id or by another identity than the host's."),
    ];

    /// <summary>The same laws at a size: those about many customers and long journals take more or fewer of them.</summary>
    public static IReadOnlyList<StorageLaw> OfSize(LawSize size) =>
    [
        .. KeyLaws.All, .. VersionLaws.All, .. RaceLaws.All, .. FaultLaws.All, .. CancellationLaws.All, .. JournalLaws.All, .. ExactnessLaws.All, .. StateLaws.All, .. SeveringLaws.All,
        .. WakeupLaws.All, .. OutboxLaws.All, .. QuotaLaws.All, .. BulkLaws.All, .. TogetherLaws.All, .. MergeLaws.All, .. DocumentLaws.All, .. DisposalLaws.All, .. NewsLaws.All, .. PageLaws.All, .. HostTransactionLaws.All, .. PlaceLaws.All, .. ScaleLaws.Of(size),
    ];

    /// <summary>The law with a name.</summary>
    /// <exception cref="ArgumentException">No law has it.</exception>
    public static StorageLaw Named(string name, LawSize size = LawSize.Usual) => OfSize(size).FirstOrDefault(law => law.Name == name)
        ?? throw new ArgumentException($"No law of storage is named '{name}'. There are: {string.Join(", ", All.Select(law => law.Name))}.", nameof(name));

    /// <summary>The laws that a store is held to: those about the ports that it implements.</summary>
    public static IEnumerable<StorageLaw> For(ICustomerStore store) => All.Where(law => law.AppliesTo(store));

    /// <summary>The names of the laws that can be checked of a store, for a theory to list.</summary>
    /// <typeparam name="TStore">The store: the laws about the ports that it implements.</typeparam>
    /// <typeparam name="TFactory">The store under test: the laws that need no more than it can do.</typeparam>
    public static IEnumerable<string> NamesFor<TStore, TFactory>()
        where TStore : ICustomerStore
        where TFactory : IStoreFactory => All.Where(law => law.AppliesTo(typeof(TStore), typeof(TFactory))).Select(law => law.Name);

    /// <summary>Checks one law, and disposes the store under test.</summary>
    /// <param name="law">The name of the law.</param>
    /// <param name="stores">An empty database.</param>
    /// <param name="size">How large the laws about many customers are.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="LawBroken">The store does not keep the law.</exception>
    public static async Task CheckAsync(string law, IStoreFactory stores, LawSize size = LawSize.Usual, CancellationToken cancellationToken = default)
    {
        try
        {
            await Named(law, size).Check(stores, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (stores is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Something that a store may be able to do.</summary>
/// <param name="Port">The interface by which the store says so.</param>
/// <param name="Required">Whether a full store has it: the engine needs it for all that it offers.</param>
/// <param name="For">What it is for, and what happens without it.</param>
public sealed record StoreCapability(Type Port, bool Required, string For)
{
    /// <summary>The laws that who implements it must keep.</summary>
    public IEnumerable<StorageLaw> Laws => StorageLaws.All.Where(law => law.Port == Port);
}

/// <summary>How large the laws about many customers and long journals are.</summary>
public enum LawSize
{
    /// <summary>Some hundreds: enough to pass from one page to the next.</summary>
    Small,

    /// <summary>10,000 events and as many customers.</summary>
    Usual,

    /// <summary>10,000 events and 1,000,000 customers; minutes, and some gigabytes on a disk.</summary>
    Full,
}
