using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Members;

/// <summary>Who takes part in a programme.</summary>
public enum Enrolment
{
    /// <summary>Everybody, from their first event on; joining is possible and not needed.</summary>
    Open,

    /// <summary>Whoever has joined.</summary>
    ByJoining,

    /// <summary>Whoever staff have let join.</summary>
    ByInvitation,
}

/// <summary>What becomes of what a member has when they leave.</summary>
public enum LeavePolicy
{
    /// <summary>
    /// All of it is given up: units, those too that cannot be spent yet, what was counted towards tiers and the tiers that it reached, the open stamp cards and the free ones that wait, how far the member is with challenges,
    /// rewards whose code was not used, and what was wanted for carts.
    /// Whoever comes back begins with nothing. What they owe they owe on; what is given once, or so often, is not given anew; and a tier that staff have granted stays, as does one by what a fact or the profile says.
    /// In programmes without cascade a refund that comes later finds nothing left of cards and challenges to take from: what they handed out before stays, and is not owed. Units that were spent are.
    /// </summary>
    Forfeit,

    /// <summary>It waits, and runs out as it would have.</summary>
    Keep,
}

/// <summary>Whether a member is one now.</summary>
public enum MemberStatus
{
    /// <summary>A member.</summary>
    Member,

    /// <summary>Suspended by staff: earns nothing, spends nothing and uses no code. What was set aside before can still be taken or given back, and lapses as it would have.</summary>
    Suspended,

    /// <summary>Has left.</summary>
    Left,
}

/// <summary>The life of a membership.</summary>
/// <param name="Status">What it is now.</param>
/// <param name="Since">Since when.</param>
/// <param name="Joined">When the customer last joined; null: never, as somebody who takes part in an open programme without having joined, and was suspended or has left.</param>
/// <param name="Times">How often they have joined.</param>
/// <param name="Terms">The version of the terms that was accepted; null: none was asked for.</param>
public sealed record MembershipLife(MemberStatus Status, Instant Since, Instant? Joined, int Times, string? Terms);

/// <summary>How customers come into a programme and leave it.</summary>
public sealed record MembershipRules
{
    /// <summary>Who takes part.</summary>
    public Enrolment Enrolment { get; init; }

    /// <summary>The version of the terms that has to be accepted when joining, as a code; null: none.</summary>
    public string? Terms { get; init; }

    /// <summary>What joining gives, the first time.</summary>
    public Sequence<Wallets.UnitAmount> Welcome { get; init; }

    /// <summary>What becomes of what a member has when they leave.</summary>
    public LeavePolicy Leaving { get; init; }

    /// <summary>The usual rules: open, without terms or welcome.</summary>
    public static MembershipRules Usual { get; } = new();
}
