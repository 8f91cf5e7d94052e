using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Pools;

/// <summary>What a member of a pool may do.</summary>
public enum PoolRole
{
    /// <summary>Gives, spends, admits others and lets them go, and dissolves the pool: the head of a household, the captain of a crew.</summary>
    Owner,

    /// <summary>Gives and spends.</summary>
    Spender,

    /// <summary>Gives only.</summary>
    Giver,
}

/// <summary>What a member who leaves takes along.</summary>
public enum PoolLeaving
{
    /// <summary>Nothing: what was given is the pool's.</summary>
    Keep,

    /// <summary>Their part of what is there, in proportion of what each member has given and not spent.</summary>
    Return,
}

/// <summary>
/// How members of a programme hold units together: a household, a team, a crew. A pool is an account of its own, a customer row that members give to and spend from;
/// what each has given and spent is kept with it.
/// </summary>
public sealed record PoolRules
{
    /// <summary>The most members of a pool; 2 to 1,000.</summary>
    public int MostMembers { get; init; } = 8;

    /// <summary>The most of a unit that one member spends from a pool in each <see cref="SpendPer"/>; null: no such limit.</summary>
    public long? SpendMost { get; init; }

    /// <summary>The span of <see cref="SpendMost"/>, in the programme's zone: a day, week, month or year, or ever.</summary>
    public CapPeriod SpendPer { get; init; } = CapPeriod.Month;

    /// <summary>What a member who leaves takes along. A pool that is dissolved returns all there is, whatever is said here.</summary>
    public PoolLeaving Leaving { get; init; }
}
