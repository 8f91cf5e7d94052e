using Crm.Campaigns;
using Crm.Campaigns.Decisions;
using Crm.Customers.Timelines;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Privacy.Consents;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;

namespace Crm.Tool.Demo;

/// <summary>One customer of a simulation looked at closely: what happened, what one purchase did, and why a message did not come.</summary>
internal sealed record DemoStory
{
    private const int Entries = 24;
    private const string SuppressedBefore = "last.";
    private const string DecidedBefore = "last.decided";

    /// <summary>The member's number.</summary>
    public required string Member { get; init; }

    /// <summary>The latest part of the timeline, newest first.</summary>
    public required Sequence<TimelineEntry> Timeline { get; init; }

    /// <summary>The purchase whose receipt has most to say.</summary>
    public required JournalEntry Purchase { get; init; }

    /// <summary>The lines of its receipt as sentences.</summary>
    public required Sequence<Text> Receipt { get; init; }

    /// <summary>Why a journey sends nothing now: the one about which there is most to say.</summary>
    public required WhyNot WhyNot { get; init; }

    /// <summary>Looks at the customer to whom most kinds of things happened.</summary>
    /// <returns>Null where nobody bought anything.</returns>
    public static async Task<DemoStory?> TellAsync(ICustomerStore store, TeaShop shop, ShopSimulation simulation, DemoResult result, CancellationToken cancellationToken)
    {
        var chosen = result.Arrivals.GroupBy(arrival => arrival.Event.Identity)
            .OrderByDescending(life => life.Select(arrival => arrival.Event.Kind).Distinct().Count()).ThenBy(life => life.Count()).ThenBy(life => life.Key?.Value, StringComparer.Ordinal)
            .FirstOrDefault()?.Key;
        if (chosen is not { } member || await result.Engine.ReadAsync(CustomerRef.Of(member), cancellationToken) is not { } customer)
        {
            return null;
        }

        var texts = new TimelineTexts { OfLine = line => Describe(line, shop, simulation), OfEvent = Describe };
        var page = await new Timeline(store, texts).ReadAsync(customer.Customer, new TimelineQuery { Most = Entries }, cancellationToken);
        JournalEntry? purchase = null;
        await foreach (var entry in store.ReadJournalAsync(customer.Customer, 0, cancellationToken))
        {
            if (entry.Event.Kind == EventKinds.PurchaseName && (purchase is null || entry.Receipt.Lines.Count > purchase.Receipt.Lines.Count))
            {
                purchase = entry;
            }
        }

        return purchase is null ? null : new DemoStory
        {
            Member = member.Value,
            Timeline = page.Entries,
            Purchase = purchase,
            Receipt = purchase.Receipt.Lines.Select(texts.Describe).ToSequence(),
            WhyNot = shop.Plan.Journeys.Names.Select(journey => shop.Campaigns.WhyNot(journey, customer))
                .MaxBy(why => (why.Findings.Any(finding => finding.Code.StartsWith(SuppressedBefore, StringComparison.Ordinal) && finding.Code != DecidedBefore), why.Findings.Count)) ?? throw new InvalidOperationException("The shop has journeys."),
        };
    }

    private static Text? Describe(ReceiptLine line, TeaShop shop, ShopSimulation simulation) => line.Module switch
    {
        LoyaltyNames.Module => LoyaltyTexts.Describe(line),
        CampaignNames.Module => CampaignTexts.Describe(line),
        SegmentNames.Module => shop.Segments.Describe(line, simulation.End),
        _ => EngineTexts.Describe(line),
    };

    private static Text? Describe(CustomerEvent happened) => happened.Kind switch
    {
        StampEvents.UseName => new("Asked for the free one of a full stamp card.", "要求換領集滿印花卡的免費一次。"),
        LoyaltyEvents.RedeemName => new($"Asked to redeem {happened.Fields["amount"]} points.", $"要求兌換 {happened.Fields["amount"]} 分。"),
        ConsentEvents.Given => new("Agreed to receive offers.", "同意接收推廣。"),
        ConsentEvents.Refused => new("Declined to receive offers.", "拒絕接收推廣。"),
        ConsentEvents.Withdrawn => new("Wants no more offers.", "不再接收推廣。"),
        WebShop.CartUpdatedName => new("Put something into the cart.", "把貨品加入購物車。"),
        WebShop.CartAbandonedName => new("Left the cart behind.", "遺下了購物車。"),
        _ => null,
    };
}
