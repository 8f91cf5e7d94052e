using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Forgets a person in two steps. The first is one commit: the identities are cut, the profile and what waits to be sent go, and the modules drop what they know of the person. From then on nobody finds the customer
/// but by id. The second disposes of the journal, those of whoever was merged into the customer first; stopped in between, it is ended when the request is sent again.
/// </summary>
internal sealed class Erasing(Kernel kernel, Recorder recorder, IClock clock, IIdSource ids)
{
    public async ValueTask<EraseResult> RunAsync(EraseRequest request, CancellationToken cancellationToken)
    {
        var store = kernel.Store as ICustomerIdentities ?? throw new InvalidOperationException(
            $"The store {kernel.Store.GetType().Name} cannot say which identities a customer has, and one that is not known cannot be cut; implement {nameof(ICustomerIdentities)} on it.");
        var journals = request.KeepJournal ? null : new JournalErasure(kernel, ids, clock);
        recorder.CheckErasure(request);
        using var turns = await recorder.EnterAsync([request.Customer], cancellationToken).ConfigureAwait(false);
        Receipt? severed;
        try
        {
            severed = await SeverAsync(request, store, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Neither is the person in the memory of this engine, nor whoever was merged into them, whoever merged them; where the store failed, it may have written all the same.
            kernel.ForgetEverybody();
        }

        if (severed is not { } receipt)
        {
            return new EraseResult.Nobody();
        }

        if (journals is not null)
        {
            await journals.ForgetAsync(receipt.Customer, request.Key, cancellationToken).ConfigureAwait(false);
        }

        return new EraseResult.Erased(receipt.Customer, receipt.EffectiveAt);
    }

    // The receipt of the erasure, be it an earlier one by the same key; null where nobody has the reference.
    private ValueTask<Receipt?> SeverAsync(EraseRequest request, ICustomerIdentities store, CancellationToken cancellationToken)
    {
        var happened = request.ToEvent();
        var hash = Binary.PayloadHash(happened);
        return Attempts.UntilWrittenAsync(
            kernel,
            $"The erasure '{request.Key}'",
            async shortages =>
            {
                var snapshot = await kernel.Store.LoadAsync(request.Customer with { Recording = request.Key }, cancellationToken).ConfigureAwait(false);
                if (snapshot.Recorded is { } recorded)
                {
                    return (CommitResult.Done, Same(request, hash, snapshot, recorded));
                }

                if (snapshot.Customer is not { } customer)
                {
                    return (CommitResult.Done, null);
                }

                var left = Left(request, snapshot);
                // An identity that is claimed after the customer was loaded raises the version, and the commit is refused.
                var identities = await store.IdentitiesOfAsync(customer, cancellationToken).ConfigureAwait(false);
                var now = clock.GetCurrentInstant();
                var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
                var receipt = decision.Erase(happened, hash, now, shortages);
                var commit = decision.ToCommit(now) ?? throw new InvalidOperationException("Somebody was erased and there is nothing to commit.");
                return (await kernel.CommitAsync(commit with { Severed = identities.ToSequence(), WithdrawsMessages = true, Slots = [.. commit.Slots, .. left] }, cancellationToken).ConfigureAwait(false), (Receipt?)receipt);
            },
            cancellationToken);
    }

    // What modules that are gone have left behind, emptied.
    private List<StoredSlot> Left(EraseRequest request, CustomerSnapshot snapshot)
    {
        var left = kernel.Codec.OfOthers(snapshot.Slots).ToList();
        return left.Find(slot => !request.RemovedModules.Contains(slot.Name)) is { Name: { } unknown }
            ? throw new InvalidOperationException($"There is a state of the module '{unknown}', which this engine does not have, and what it knows of the person would stay: erase with the engine that decides, or name it among the removed modules.")
            : left.ConvertAll(StateCodec.Emptied);
    }

    // Somebody new may have the identity by now: the key names the erasure, and the id says of whom it was.
    private static Receipt Same(EraseRequest request, UInt128 hash, CustomerSnapshot snapshot, RecordedKey recorded) =>
        recorded.PayloadHash == hash && (request.Customer.Id is null || snapshot.Customer == recorded.Receipt.Customer) ? recorded.Receipt : throw new KeyReusedException(request.Key);
}
