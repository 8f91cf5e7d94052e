using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides follow-ups that belong into the commit of what they follow from (<see cref="EventKind.WithCause"/>), so that all sides are written or none. What cannot be decided now is left to the outbox.
/// </summary>
internal sealed class Companions(Kernel kernel, IIdSource ids)
{
    private readonly bool possible = kernel.Store is IAtomicCommits && kernel.Modules.Kinds.Known.Any(name => kernel.Modules.Kinds.Find(name) is { WithCause: true });

    /// <summary>The follow-ups of a commit that belong into it; none where the store cannot write several customers together.</summary>
    public IReadOnlyList<OutboxItem.OfFollowUp> Of(Commit commit) => !possible || commit.Outbox.IsEmpty
        ? []
        : [.. commit.Outbox.OfType<OutboxItem.OfFollowUp>().Where(followUp => kernel.Modules.Kinds.Find(followUp.Event.Kind) is { WithCause: true })];

    /// <summary>Who gets them.</summary>
    public static CustomerRef ReceiverOf(OutboxItem.OfFollowUp followUp) => new(followUp.Event.Customer, followUp.Event.Identity);

    /// <summary>A commit without its follow-ups, and with the commits of those who get them; null where one of them is nobody, is forgotten, has it already or cannot be decided about.</summary>
    public async ValueTask<IReadOnlyList<Commit>?> JoinAsync(Commit commit, IReadOnlyList<OutboxItem.OfFollowUp> followUps, Instant now, CancellationToken cancellationToken)
    {
        var receivers = new Dictionary<CustomerId, Decision>();
        foreach (var followUp in followUps)
        {
            var happened = followUp.Event;
            if (followUp.NotBefore > now || !kernel.Check.Check([happened], now).IsEmpty)
            {
                return null;
            }

            var snapshot = await kernel.Store.LoadAsync(ReceiverOf(followUp) with { Recording = happened.Key }, cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is not { } customer || customer == commit.Customer || snapshot.Recorded is not null)
            {
                return null;
            }

            try
            {
                if (!receivers.TryGetValue(customer, out var receiver))
                {
                    receivers[customer] = receiver = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
                    receiver.HasOwnDue = true;
                }

                if (receiver.State.IsForgotten && kernel.Modules.Kinds.Find(happened.Kind) is { ComesBackAs: not null })
                {
                    return null;
                }

                await receiver.AddAsync(happened, Binary.PayloadHash(happened), followUp.Backfill ? RecordMode.Backfill : RecordMode.Live, now, Shortages.None, null, snapshot, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is ModuleFaultException or UnreadableStateException)
            {
                // The outbox keeps it until a mended module, or a later release, can decide it.
                return null;
            }
        }

        var together = new List<Commit>(receivers.Count + 1) { commit with { Outbox = commit.Outbox.Except(followUps).ToSequence() } };
        together.AddRange(receivers.Values.Select(receiver => receiver.ToCommit(now)).OfType<Commit>());
        return together;
    }
}
