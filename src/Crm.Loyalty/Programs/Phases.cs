namespace Crm.Loyalty.Programs;

/// <summary>
/// The order of what is due at one instant, such as midnight: pending units become available and what redeems itself does, what was set aside returns, the windows of tiers close, lots run out, and then the day's occasions give.
/// So units that run out at the turn of a year still count for what closes with it, and a birthday's points are not lost to the expiry of the day before.
/// </summary>
internal static class Phases
{
    /// <summary>Pending units become available, and rewards that give themselves are given of them.</summary>
    public const int Activation = 0;

    /// <summary>What was set aside returns, and what friends were brought for is paid.</summary>
    public const int Redemption = 1;

    /// <summary>Windows of tiers close.</summary>
    public const int Close = 2;

    /// <summary>Lots run out.</summary>
    public const int Expiry = 3;

    /// <summary>Birthdays and other occasions give; warnings are told.</summary>
    public const int Occasions = 4;
}
