using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using NodaTime;

namespace WhyContacted;

/// <summary>Lets customers sleep.</summary>
public static class Nights
{
    // snippet: quiet
    /// <summary>No message of a journey leaves from nine in the evening to nine in the morning, where the customer is.</summary>
    public static void Configure(CampaignsBuilder campaigns) => campaigns
        .Quiet(new QuietHours(new LocalTime(21, 0), new LocalTime(9, 0)) { ZoneField = "zone", Zone = "Asia/Hong_Kong" });

    // end
}
