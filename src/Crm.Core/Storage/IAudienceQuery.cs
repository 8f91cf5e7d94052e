using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>An optional ability: selecting customers by a condition where they are stored. Never different from asking one customer after the other, only faster: what cannot be answered exactly is refused.</summary>
/// <remarks>The engine asks for facts with rows alone: who is meant by one that is not declared <see cref="Modules.FactDeclaration.Queryable"/> is asked one by one.</remarks>
public interface IAudienceQuery
{
    /// <summary>The parts of a condition that this store cannot answer exactly, each with its path and why; none when it can answer the whole.</summary>
    /// <param name="condition">A condition without errors.</param>
    /// <param name="kinds">The kinds of events there are.</param>
    /// <param name="profiles">Where the host keeps the profiles, its port with the view (<see cref="ICustomerProfiles.View"/>); null: the store keeps them.</param>
    Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles);

    /// <summary>The customers of whom a condition holds. Whoever has something due is undecided, because the facts stored of them are not those of now.</summary>
    /// <param name="condition">A condition that is not refused.</param>
    /// <param name="kinds">The kinds of events there are.</param>
    /// <param name="profiles">Where the host keeps the profiles, its port with the view; null: the store keeps them.</param>
    /// <param name="moment">
    /// As of when, not before the last commit. A till's clock may be a little ahead: of whom something takes effect after the moment, measures over events are left undecided, because that customer is answered as of then.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">The condition is refused; the message lists the parts.</exception>
    ValueTask<AudienceAnswer> SelectAsync(Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken);
}

/// <summary>Which customers a condition holds of.</summary>
/// <param name="Members">It holds of these, in the order of their ids.</param>
/// <param name="Undecided">These are to be asked one by one: something is due for them, or their latest event takes effect only after the moment, or what refunds and cancellations have left of their events is not in the tables, or some of their events have been disposed of that would count.</param>
public sealed record AudienceAnswer(Sequence<CustomerId> Members, Sequence<CustomerId> Undecided);
