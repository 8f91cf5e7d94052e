namespace Crm.Loyalty.Programs;

/// <summary>The names of the module's facts, and of its agenda's entries.</summary>
public static class LoyaltyNames
{
    /// <summary>The module, and the slot of its state.</summary>
    public const string Module = "loyalty";

    /// <summary>The echo that tells of a new tier: fields "program", "ladder", "direction" (joined, upgraded, downgraded, left), "from" and "to"; "from" or "to" is left out where there is no tier.</summary>
    public const string TierChanged = "tier.changed";

    /// <summary>The echo that tells of a tier kept for longer: fields "program", "ladder", "tier" and "until".</summary>
    public const string TierProlonged = "tier.prolonged";

    private const string Expire = "expire";
    private const string Close = "close";

    /// <summary>
    /// The fact that holds the balance of a unit (available less debt) or the tier on a ladder: "loyalty.PROGRAMME.NAME", so "loyalty.tea-club.points" and "loyalty.tea-club.tier".
    /// </summary>
    public static string Fact(string program, string unitOrLadder) => $"{Module}.{program}.{unitOrLadder}";

    /// <summary>The fact that holds how many stamps are on the card that is not full yet: "loyalty.tea-club.cups.stamps".</summary>
    public static string StampsFact(string program, string card) => $"{Fact(program, card)}.stamps";

    /// <summary>The fact that holds how many free ones wait to be taken, below 0 when cards are owed: "loyalty.tea-club.cups.free".</summary>
    public static string FreeFact(string program, string card) => $"{Fact(program, card)}.free";

    /// <summary>The fact that holds what a tier grants while it is held: "loyalty.tea-club.tier.benefit.free-delivery".</summary>
    public static string BenefitFact(string program, string ladder, string benefit) => $"{Fact(program, ladder)}.benefit.{benefit}";

    internal static string ExpiryKey(string program, string unit) => $"{Expire}/{program}/{unit}";

    internal static string CloseKey(string program, string ladder) => $"{Close}/{program}/{ladder}";

    /// <summary>What a key of the agenda stands for.</summary>
    internal static (bool Expires, string Program, string Name) Parse(string key)
    {
        var parts = key.Split('/');
        return parts.Length == 3 && parts[0] is Expire or Close
            ? (parts[0] == Expire, parts[1], parts[2])
            : throw new InvalidOperationException($"'{key}' is no entry that the loyalty module put on its agenda; 'expire/PROGRAMME/UNIT' or 'close/PROGRAMME/LADDER' is expected.");
    }
}
