using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>What has been committed and must leave: messages to customers and events for other customers. Items are handed back whole: a store finds the row by customer and id.</summary>
public interface IOutbox
{
    /// <summary>Takes items that may leave now, oldest first (by <see cref="OutboxItem.NotBefore"/>, then as committed), so that nobody else takes them until the lease ends. An item whose lease has ended is taken again.</summary>
    /// <param name="now">The engine's now: items with a later <see cref="OutboxItem.NotBefore"/> wait.</param>
    /// <param name="until">When the lease ends.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken);

    /// <summary>Ends the lease of an item that could not leave, to be tried again later: the attempt is counted. Where the item is another's by now, nothing changes.</summary>
    /// <param name="item">The item, as it was leased.</param>
    /// <param name="lease">Which lease: its end, as <see cref="LeaseAsync"/> was given it. One that is over and that nobody followed can still be ended.</param>
    /// <param name="notBefore">When it may leave; later, where a commit has replaced it since by one for a later time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken);

    /// <summary>Ends the lease of an item whose time had not come, such as in quiet hours, to be taken again then: no attempt is counted. Otherwise as <see cref="ReleaseAsync"/>. A store that does not say how counts one, and so gives up sooner.</summary>
    ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => ReleaseAsync(item, lease, notBefore, cancellationToken);

    /// <summary>Removes an item that has been delivered and of which no customer's journal needs to know (a follow-up), whoever has leased it.</summary>
    ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken);
}

/// <summary>Something that must leave.</summary>
/// <param name="Id">The same decision always has the same id, and no two customers share one.</param>
/// <param name="Customer">Whose commit it came from.</param>
/// <param name="NotBefore">When it may leave.</param>
public abstract record OutboxItem(string Id, CustomerId Customer, Instant NotBefore)
{
    /// <summary>How often it was released after an attempt; from 0. What was postponed was not attempted.</summary>
    public int Attempts { get; init; }

    /// <summary>A message to the customer.</summary>
    public sealed record OfMessage(string Id, CustomerId Customer, Instant NotBefore, Message Message) : OutboxItem(Id, Customer, NotBefore);

    /// <summary>An event for another customer.</summary>
    public sealed record OfFollowUp(string Id, CustomerId Customer, Instant NotBefore, CustomerEvent Event) : OutboxItem(Id, Customer, NotBefore)
    {
        /// <summary>Whether it follows from history that is imported (<see cref="JournalEntry.Backfill"/>): then it is recorded as such, and nothing is sent for it either.</summary>
        public bool Backfill { get; init; }

        /// <summary>The same follow-up when identities were severed from the customer whom it names by one: it names the customer by id, and holds none of them any more. Null when it holds none anyway.</summary>
        /// <param name="customer">Whose they were.</param>
        /// <param name="severed">The identities.</param>
        public OfFollowUp? Without(CustomerId customer, IReadOnlyCollection<Identity> severed)
        {
            ArgumentNullException.ThrowIfNull(severed);
            var named = Event.Identity is { } identity && severed.Contains(identity);
            var further = Event.AlsoKnownAs.Any(severed.Contains);
            return named || further
                ? this with
                {
                    Event = Event with
                    {
                        Identity = named ? null : Event.Identity,
                        Customer = named ? customer : Event.Customer,
                        AlsoKnownAs = further ? Event.AlsoKnownAs.Where(known => !severed.Contains(known)).ToSequence() : Event.AlsoKnownAs,
                    },
                }
                : null;
        }
    }
}
