using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Experiments;

/// <summary>
/// That somebody counts in an experiment: from the first time that they would have got a message, whether they got it or were held out. It is pinned: what is refunded or comes late does not undo it, because the outside world has seen it.
/// Of two customers who turn out to be one, the exposure of the one who stays counts if there is one, else that of the other: so nobody who was exposed is moved, unless both were and to different arms.
/// </summary>
/// <param name="Experiment">The id.</param>
/// <param name="Arm">The name of the arm.</param>
/// <param name="At">From when on what they do counts.</param>
/// <param name="Customer">Of whom it was told: whoever takes it over in a merge from then on.</param>
/// <param name="ToldAt">From when on facts say so of that customer: from <paramref name="At"/>, or from the merge in which it was taken over.</param>
/// <param name="CrossedAt">When they were merged with somebody exposed to another arm, and so have seen two; it may become known later and is never forgotten. Null: they have seen one.</param>
public sealed record Exposure(string Experiment, string Arm, Instant At, CustomerId Customer, Instant ToldAt, Instant? CrossedAt = null)
{
    /// <summary>Whether they have seen two arms.</summary>
    public bool Crossed => CrossedAt is not null;

    /// <summary>When facts are told at the latest where history does not lead to them any more: after everything that happened at the instant at which they were.</summary>
    internal Instant PinnedAt => ToldAt + Duration.FromTicks(1);

    /// <summary>This exposure with that of the customer who goes.</summary>
    internal Exposure With(Exposure retired, Instant merge) => this with { CrossedAt = CrossedAt ?? (retired.Crossed || Arm != retired.Arm ? merge : null) };

    /// <summary>This exposure, of the customer who has it at a merge.</summary>
    internal Exposure Of(CustomerId customer, Instant merge) => Customer == customer ? this : this with { Customer = customer, ToldAt = merge, CrossedAt = Crossed ? merge : null };
}
