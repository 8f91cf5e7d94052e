using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Loyalty.Redemption;

namespace Crm.Loyalty.Accounts;

/// <summary>Where the units of an account came from and went: issued − spent − expired − reversed − transferred = available + pending + reserved − debt.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct UnitAccount
{
    /// <summary>Came into being.</summary>
    public long Issued { get; init; }

    /// <summary>Spent, less what came back.</summary>
    public long Spent { get; init; }

    /// <summary>Ran out, as far as it was written.</summary>
    public long Expired { get; init; }

    /// <summary>Taken back.</summary>
    public long Reversed { get; init; }

    /// <summary>Went to other customers or units, less what came from them.</summary>
    public long Transferred { get; init; }

    /// <summary>Can be spent.</summary>
    public long Available { get; init; }

    /// <summary>Will be available.</summary>
    public long Pending { get; init; }

    /// <summary>Set aside.</summary>
    public long Reserved { get; init; }

    /// <summary>Owed.</summary>
    public long Debt { get; init; }

    /// <summary>Whether nothing is lost and nothing came from nowhere.</summary>
    public bool IsConserved => Issued - Spent - Expired - Reversed - Transferred == Available + Pending + Reserved - Debt;

    /// <summary>Both accounts together, such as those of two customers.</summary>
    /// <exception cref="OverflowException">A sum is more than 64 bits hold.</exception>
    public UnitAccount Plus(UnitAccount other) => new()
    {
        Issued = checked(Issued + other.Issued),
        Spent = checked(Spent + other.Spent),
        Expired = checked(Expired + other.Expired),
        Reversed = checked(Reversed + other.Reversed),
        Transferred = checked(Transferred + other.Transferred),
        Available = checked(Available + other.Available),
        Pending = checked(Pending + other.Pending),
        Reserved = checked(Reserved + other.Reserved),
        Debt = checked(Debt + other.Debt),
    };

    /// <summary>What is left of these sums without those of another account.</summary>
    internal UnitAccount Less(UnitAccount other) => new()
    {
        Issued = checked(Issued - other.Issued),
        Spent = checked(Spent - other.Spent),
        Expired = checked(Expired - other.Expired),
        Reversed = checked(Reversed - other.Reversed),
        Transferred = checked(Transferred - other.Transferred),
        Available = checked(Available - other.Available),
        Pending = checked(Pending - other.Pending),
        Reserved = checked(Reserved - other.Reserved),
        Debt = checked(Debt - other.Debt),
    };

    internal UnitAccount Moved(Movement movement, long amount) => movement switch
    {
        Movement.Issued => this with { Issued = checked(Issued + amount) },
        Movement.Spent => this with { Spent = checked(Spent - amount) },
        Movement.Expired => this with { Expired = checked(Expired - amount) },
        Movement.Reversed => this with { Reversed = checked(Reversed - amount) },
        Movement.Transferred => this with { Transferred = checked(Transferred - amount) },
        _ => this,
    };

    internal UnitAccount Holding(string lot, long held) => held < 0 ? this with { Debt = checked(Debt - held) }
        : lot == Reservation.Lot ? this with { Reserved = checked(Reserved + held) }
        : lot.StartsWith("pending:", StringComparison.Ordinal) || lot.StartsWith("held:", StringComparison.Ordinal) ? this with { Pending = checked(Pending + held) }
        : this with { Available = checked(Available + held) };
}
