using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Pools;

/// <summary>A pool: who belongs to it, and what each has given and spent. It is part of the membership of the pool's own account.</summary>
/// <param name="Opened">Since when.</param>
/// <param name="Dissolved">Whether it was dissolved: nobody gives or spends any more.</param>
/// <param name="Members">The members, by id.</param>
public sealed record PoolStanding(Instant Opened, bool Dissolved, Sequence<PoolMember> Members)
{
    /// <summary>The member with an id; null where there is none.</summary>
    public PoolMember? Member(CustomerId customer) => Members.FirstOrDefault(member => member.Customer == customer);

    internal PoolStanding With(PoolMember member) => this with { Members = Members.Where(known => known.Customer != member.Customer).Append(member).OrderBy(known => known.Customer).ToSequence() };

    /// <summary>The pool as it is when one of its members has become another, who may be a member, too: what both gave and spent is added, and what either may do they may.</summary>
    internal PoolStanding Merged(CustomerId retired, CustomerId survivor) => Member(retired) is not { } went ? this
        : Without(retired).With(Member(survivor) is { } stays ? stays.With(went) : went with { Customer = survivor });

    /// <summary>This pool and another that are one from now on. Of one that is dissolved nobody belongs to the other.</summary>
    internal PoolStanding With(PoolStanding other) => Dissolved != other.Dissolved ? (Dissolved ? other : this) with { Opened = Instant.Min(Opened, other.Opened) }
        : other.Members.Aggregate(this with { Opened = Instant.Min(Opened, other.Opened) }, (pool, member) => pool.With(pool.Member(member.Customer) is { } own ? own.With(member) : member));

    internal PoolStanding Without(CustomerId customer) => this with { Members = Members.Where(known => known.Customer != customer).ToSequence() };
}

/// <summary>A member of a pool.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Since">Since when, by the id that they have.</param>
/// <param name="Shares">What they have given and spent, by unit.</param>
public sealed record PoolMember(CustomerId Customer, PoolRole Role, Instant Since, Sequence<PoolShare> Shares)
{
    /// <summary>What they have given and spent of a unit.</summary>
    public PoolShare Share(string unit)
    {
        foreach (var share in Shares)
        {
            if (string.Equals(share.Unit, unit, StringComparison.Ordinal))
            {
                return share;
            }
        }

        return new PoolShare(unit, 0, 0);
    }

    internal PoolMember With(PoolMember other) => other.Shares.Aggregate(
        this with { Role = other.Role < Role ? other.Role : Role },
        (member, share) => member.Share(share.Unit) is var own ? member.With(own with { Given = checked(own.Given + share.Given), Spent = checked(own.Spent + share.Spent) }) : member);

    internal PoolMember With(PoolShare share) => this with { Shares = Memberships.Sorted.With(Shares, share, static item => item.Unit) };
}

/// <summary>What a member of a pool has given and spent of a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Given">How many they gave.</param>
/// <param name="Spent">How many they spent.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PoolShare(string Unit, long Given, long Spent)
{
    /// <summary>What they have given and not spent; 0 for who spent more.</summary>
    public long Left => Math.Max(0, Given - Spent);
}
