using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Something that a store may do by itself, and what happens where it does not.</summary>
/// <param name="Name">What, such as "many customers at once".</param>
/// <param name="Port">The optional port that the store would implement.</param>
/// <param name="IsNative">Whether the store does it by itself.</param>
/// <param name="Otherwise">What happens without.</param>
public sealed record CrmAbility(string Name, string Port, bool IsNative, string Otherwise)
{
    /// <summary>A line for a log at start.</summary>
    public override string ToString() => IsNative ? $"{Name}: native" : $"{Name}: {Otherwise} (the store does not implement {Port})";

    internal static Sequence<CrmAbility> Of(ICustomerStore store) =>
    [
        Of<IBulkCommit>(store, "many customers at once", "one round trip for each customer"),
        Of<IAtomicCommits>(store, "several customers in one transaction", "follow-ups through the outbox, and nobody can be merged"),
        Of<ICustomerPages>(store, "pages of customers", "the ids are listed from the first one on, and then loaded"),
        Of<IHostTransactions>(store, "recording within the host's transaction", "not possible"),
        Of<IOutbox>(store, "outbox", "messages and follow-ups do not leave"),
        Of<IWakeups>(store, "wake-ups", "what is due is handled when a customer is next read or has an event"),
        Of<IQuotas>(store, "supplies", "nobody can set what a supply has"),
        Of<IHistoryScan>(store, "reading histories side by side", "histories are read with everything else in them, one after the other"),
        Of<ILedgerScan>(store, "reading what is new in the ledger", "a certificate counts the whole ledger each time"),
        Of<ILedgerNews>(store, "telling whose ledger is new", "a certificate that goes on lists the versions of all customers"),
        Of<IJournalScan>(store, "reading the whole store", "no reports and no verification"),
        Of<IJournalDisposal>(store, "disposing of journal entries", "journals are kept for ever, and refunds of what replaced rules gave take what today's would have given"),
        Of<IAudienceQuery>(store, "choosing audiences", "customers are read one after another"),
        Of<IStoreStatus>(store, "counting what waits", "gauges and the check of the outbox say nothing"),
        Of<IDeferredMessages>(store, "counting messages put off", "reports say that none is"),
        Of<ICustomerIdentities>(store, "the identities of a customer", "the host's profiles are read with the host's key only where the event or the reader names it"),
        Of<IDocumentStore>(store, "documents", "definitions are kept by the host"),
    ];

    private static CrmAbility Of<TPort>(ICustomerStore store, string name, string otherwise) => new(name, typeof(TPort).Name, store is TPort, otherwise);
}
