using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>What an event earned in a programme whose refunds reach no further: kept so that a refund takes back by what was recorded, not by the rules of its day.</summary>
/// <param name="Key">The event, as "source:key".</param>
/// <param name="Unit">The unit.</param>
/// <param name="Lot">The lot that the units went into.</param>
/// <param name="Amount">How many.</param>
/// <param name="Taken">How many were taken back.</param>
/// <param name="Spend">The event's spend in minor units; 0 for events without.</param>
/// <param name="Left">What refunds have left of the spend.</param>
/// <param name="Day">The day, as a number; what is older than <see cref="RefundableDays"/> is forgotten.</param>
public sealed record KeptAward(string Key, string Unit, string Lot, long Amount, long Taken, long Spend, long Left, long Day)
{
    /// <summary>So many days after a purchase its refund is still known to belong to it.</summary>
    public const int RefundableDays = 400;

    /// <summary>The award after more of the spend was taken back, and how many units that takes: what was kept before less what is kept now, so that the pieces in which it comes do not matter.</summary>
    /// <param name="left">What is left of the spend; 0 takes everything.</param>
    internal (KeptAward After, long Takes) Keeping(long left)
    {
        var kept = left <= 0 || Spend == 0 ? 0 : (long)((Int128)Amount * left / Spend);
        var taken = Amount - kept;
        return (this with { Taken = taken, Left = Math.Max(left, 0) }, taken - Taken);
    }
}
