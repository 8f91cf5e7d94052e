using System.Runtime.InteropServices;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>Units set aside for something that is not finished. They are captured, voided or lapse, once; what is not captured returns to the lots it came from.</summary>
public sealed record Reservation
{
    /// <summary>The name in the ledger of all units of a wallet that are set aside.</summary>
    public const string Lot = "reserved";

    /// <summary>The key of the request that set them aside.</summary>
    public required string Id { get; init; }

    /// <summary>The unit; "" for a reward that costs nothing.</summary>
    public required string Unit { get; init; }

    /// <summary>Where they came from, what runs out first in front.</summary>
    public Sequence<Lot> Lots { get; init; }

    /// <summary>What was not there, when history was decided again and the reservation stood.</summary>
    public long Owed { get; init; }

    /// <summary>Whether <see cref="Owed"/> was written off, because the unit is not owed (<see cref="DebtPolicy"/>); otherwise it is a debt while they are set aside.</summary>
    public bool IsWrittenOff { get; init; }

    /// <summary>What is a debt while they are set aside.</summary>
    internal long InDebt => IsWrittenOff ? 0 : Owed;

    /// <summary>When they return by themselves.</summary>
    public required Instant Until { get; init; }

    /// <summary>The reward they are for; null: none.</summary>
    public string? Reward { get; init; }

    /// <summary>How many of the reward; 0 where there is none.</summary>
    public int Times { get; init; }

    /// <summary>How many units.</summary>
    public long Amount
    {
        get
        {
            var sum = Owed;
            foreach (var lot in Lots)
            {
                sum += lot.Amount;
            }

            return sum;
        }
    }
}

/// <summary>What a member has had of a reward.</summary>
public sealed record RewardStanding
{
    /// <summary>The reward.</summary>
    public required string Reward { get; init; }

    /// <summary>How many were given, ever.</summary>
    public long Taken { get; init; }

    /// <summary>When the latest were given, as far back as limits look; each as often as it was.</summary>
    public Sequence<Instant> Recent { get; init; }

    /// <summary>Those with a code that was not used yet.</summary>
    public Sequence<IssuedReward> Open { get; init; }

    /// <summary>Those whose code was used, by when and by code: they were had, whatever becomes of the redemption that gave them. One with an end is forgotten <see cref="KeptAward.RefundableDays"/> after it, at the next use; history still knows of it.</summary>
    public Sequence<UsedReward> Used { get; init; }

    /// <summary>This standing with others' used codes besides its own.</summary>
    internal RewardStanding With(IEnumerable<UsedReward> used) =>
        this with { Used = Used.Concat(used).DistinctBy(one => one.Code, StringComparer.Ordinal).OrderBy(one => one.At).ThenBy(one => one.Code, StringComparer.Ordinal).ToSequence() };
}

/// <summary>A reward with a code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Until">From this instant on it cannot be used; null: it can for ever.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct IssuedReward(string Code, Instant? Until)
{
    /// <summary>How many the code stands for.</summary>
    public int Times { get; init; } = 1;

    /// <summary>What was paid for them; null: nothing, or it is not known, as of codes that were issued before it was kept.</summary>
    public UnitAmount? Paid { get; init; }
}

/// <summary>A reward whose code was used.</summary>
/// <param name="Code">The code.</param>
/// <param name="At">When it was used.</param>
/// <param name="Times">How many it stood for.</param>
/// <param name="Paid">What had been paid for them; null: nothing.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct UsedReward(string Code, Instant At, int Times, UnitAmount? Paid)
{
    /// <summary>When it would have ended, after which it is forgotten in time; null: it is not forgotten, because the code had no end, because it was used before ends were kept, or because the redemption that gave it was taken back.</summary>
    public Instant? Until { get; init; }

    /// <summary>Whether the state need not know of it any more.</summary>
    internal bool IsForgotten(Instant now) => Until is { } end && Instant.Max(At, end) + KeptAward.Refundable < now;
}
