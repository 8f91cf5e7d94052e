using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What an event earned in a programme whose refunds reach no further: kept so that a refund takes back of what was recorded, and never more.</summary>
/// <param name="Key">The event, as "source:key".</param>
/// <param name="Unit">The unit.</param>
/// <param name="Lot">The lot that the units went into.</param>
/// <param name="Amount">How many.</param>
/// <param name="Taken">How many were taken back.</param>
/// <param name="At">When they were given, and counted where they count; what is older than <see cref="RefundableDays"/> is forgotten.</param>
public sealed record KeptAward(string Key, string Unit, string Lot, long Amount, long Taken, Instant At)
{
    /// <summary>What became of units that waited for an event; null while they wait, and of those that never did.</summary>
    public Awaited? Awaited { get; init; }

    /// <summary>When units that wait for an event are given up if it has not come, by the programme that gave them; null: never, and of those that do not wait.</summary>
    public Instant? LapsesAt { get; init; }

    /// <summary>Of those that were taken back, how many nobody owes because they had run out.</summary>
    public long Unowed { get; init; }

    /// <summary><see cref="Taken"/> when units of the kind last ran out: what was taken up to then is settled.</summary>
    public long TakenBefore { get; init; }

    /// <summary><see cref="Unowed"/> when units of the kind last ran out.</summary>
    public long UnowedBefore { get; init; }

    /// <summary>The lot in which the units are; null where they were given up because what they waited for did not come.</summary>
    internal string? Place => Awaited is { } came ? came.Lot : Lot;

    /// <summary>From when on they could run out.</summary>
    internal Instant From => Awaited?.At ?? At;

    /// <summary>This award with another of the same event, whose units are in the same lot from now on.</summary>
    internal KeptAward With(KeptAward other) => this with
    {
        Amount = checked(Amount + other.Amount),
        Taken = checked(Taken + other.Taken),
        Unowed = checked(Unowed + other.Unowed),
        TakenBefore = checked(TakenBefore + other.TakenBefore),
        UnowedBefore = checked(UnowedBefore + other.UnowedBefore),
    };

    /// <summary>So many days after a purchase its refund is still known to belong to it.</summary>
    public const int RefundableDays = 400;

    internal static readonly Duration Refundable = Duration.FromDays(RefundableDays);

    /// <summary>How many units of each award are to have been taken back in all, where of its event more or less is left: the difference of what the event would have made of the whole and of what is left, at its own moment.</summary>
    /// <param name="awards">What was given of one unit.</param>
    /// <param name="whole">What the whole event makes of the unit when it is decided again.</param>
    /// <param name="left">What would have been made of what is left.</param>
    internal static IReadOnlyList<long> Taking(IReadOnlyList<KeptAward> awards, IReadOnlyList<KeptAward> whole, IReadOnlyList<KeptAward> left)
    {
        var taken = awards.Select(award => Math.Clamp(Of(whole, award.Lot) - Of(left, award.Lot), 0, award.Amount)).ToArray();
        var rest = Math.Clamp(whole.Sum(award => award.Amount) - left.Sum(award => award.Amount), 0, awards.Sum(award => award.Amount)) - taken.Sum();
        for (var i = 0; i < taken.Length; i++)
        {
            // What would have gone into another lot, or lived otherwise, is evened out over all.
            var more = Math.Clamp(rest, -taken[i], awards[i].Amount - taken[i]);
            taken[i] += more;
            rest -= more;
        }

        return taken;
    }

    /// <summary>How many units are to have been taken back where the event cannot be decided again: a share of what is left of its spend stays, rounded up, because no rule that pays by the amount takes more.</summary>
    /// <param name="left">What is left of the spend, in minor units.</param>
    /// <param name="spend">The spend; 0 where there is none, and then everything stays as long as anything is left.</param>
    internal long Taking(long left, long spend) => spend <= 0 || left >= spend ? 0 : Amount - (long)((((Int128)Amount * Math.Max(left, 0)) + spend - 1) / spend);

    private static long Of(IReadOnlyList<KeptAward> awards, string lot) => awards.Where(award => award.Lot == lot).Sum(award => award.Amount);
}

/// <summary>What became of units that waited for an event.</summary>
/// <param name="Lot">The lot in which they are since it came; null: they were given up, because it did not come.</param>
/// <param name="At">When.</param>
public readonly record struct Awaited(string? Lot, Instant At);
