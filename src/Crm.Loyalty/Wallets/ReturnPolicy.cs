namespace Crm.Loyalty.Wallets;

/// <summary>What becomes of spent units that come back to a lot which has run out since.</summary>
public enum GoneLots
{
    /// <summary>They run out too.</summary>
    StillExpired,

    /// <summary>They can be used for some more days.</summary>
    GraceDays,

    /// <summary>They live as if earned on the day they come back.</summary>
    NewLot,
}

/// <summary>How spent units come back: into the lots that they came from, what was taken last first.</summary>
/// <param name="WithinDays">So many days after the redemption; 1 or more.</param>
/// <param name="IfGone">What becomes of those whose lot has run out.</param>
/// <param name="GraceDays">For how many days they can be used then, the day of their return not counted; 0 for the other policies.</param>
public sealed record ReturnPolicy(int WithinDays, GoneLots IfGone, int GraceDays = 0);

/// <summary>An exchange of one unit into another. Only whole steps are exchanged; what is over stays where it is, so nothing is rounded away.</summary>
/// <param name="Name">The name.</param>
/// <param name="From">The unit that is given.</param>
/// <param name="To">The unit that is got; it lives as if earned at the exchange.</param>
/// <param name="Give">How many are given for a step; 1 or more.</param>
/// <param name="Get">How many are got for a step; 1 or more.</param>
public sealed record UnitConversion(string Name, string From, string To, long Give, long Get);
