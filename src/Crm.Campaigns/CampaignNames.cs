namespace Crm.Campaigns;

/// <summary>The names of the module, of its agenda's entries and of its occasions.</summary>
public static class CampaignNames
{
    /// <summary>The module, and the slot of its state.</summary>
    public const string Module = "campaigns";

    /// <summary>The step of a journey that is its message; journeys have no other.</summary>
    public const string MessageStep = "message";

    /// <summary>The journey that an occasion belongs to: what stands before the first colon.</summary>
    public static string JourneyOf(string occasion)
    {
        ArgumentNullException.ThrowIfNull(occasion);
        return occasion.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? occasion[..colon] : occasion;
    }
}
