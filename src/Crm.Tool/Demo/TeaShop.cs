using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Customers;
using Crm.Customers.Profiles;
using Crm.Customers.Stages;
using Crm.Definitions;
using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Privacy;
using Crm.Privacy.Consents;
using Crm.Privacy.Marketing;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>What the shop of the demo decides by: a programme with a stamp card, segments, journeys and purposes, as a host would write them.</summary>
internal sealed class TeaShop
{
    public const string Channel = "email";
    public const string MarketingPurpose = "marketing";
    public const string Notice = "notice-2026-01";
    public const int CupsToFill = 9;

    private const string Points = "points";
    private const string Status = "status";
    private const string Gold = "gold";

    private readonly PurposeCatalog purposes = new(TeaShopRegister.Register.Purposes);

    public TeaShop()
    {
        Gate = new ConsentGate(new MarketingRules(purposes), null);
        Plan = new CampaignPlan(new DefinitionCatalog<Journey>(Journeys.Select(journey => journey.Define())), [new(Channel, [new Cap.PerDay(1), new Cap.Rolling(3, Duration.FromDays(7))])]);
        Campaigns = new CampaignsModule(Plan, Gate);
        Segments = new SegmentCatalog(AllSegments);
        Modules =
        [
            new CustomersModule(ProfileSchema.Usual, StageRules.Usual), new PrivacyModule(purposes), new LoyaltyModule(Program), new SegmentationModule(Segments), Campaigns, new WebShop(),
        ];
    }

    /// <summary>A point and a status unit for every 10.00, a second point in quiet hours, 9 cups and the 10th free.</summary>
    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "tea-club",
        Zone = ShopSimulation.Zone.Id,
        Units = [new(Points, UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(6, LastDay.Included) }, new(Status, UnitKind.Status)],
        Rules =
        [
            Per10("base", Points),
            Per10("quiet-hours", Points) with { When = If.On(IsoDayOfWeek.Monday, IsoDayOfWeek.Tuesday, IsoDayOfWeek.Wednesday, IsoDayOfWeek.Thursday) & If.Hours(new LocalTime(14, 0), new LocalTime(17, 0)) },
            Per10(Status, Status),
        ],
        Ladders = [new() { Unit = Status, Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 60), new(Gold, 200)] }],
        StampCards = [new() { Name = "cups", Goal = CupsToFill, Stamps = new() { Categories = [TeaShopMenu.Tea] } }],
    };

    /// <summary>The modules, in the order in which they decide.</summary>
    public Sequence<ICustomerModule> Modules { get; }

    public CampaignsModule Campaigns { get; }

    public CampaignPlan Plan { get; }

    public ConsentGate Gate { get; }

    public SegmentCatalog Segments { get; }

    private static IEnumerable<Segment> AllSegments =>
    [
        new() { Id = "regulars", Label = new("Regulars", "常客"), Where = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(4) },
        new() { Id = "sleeping", Label = new("Sleeping", "沉睡會員"), Where = If.Purchases().Count().AtLeast(3) & !If.Purchases().InLast(Duration.FromDays(45)).Count().AtLeast(1) },
        new() { Id = "snack-lovers", Label = new("Snack lovers", "小食愛好者"), Where = If.Purchases().Where(If.Field("line.category").Is(TeaShopMenu.Snack)).InLast(Duration.FromDays(60)).Count().AtLeast(5) },
        new() { Id = "top", Label = new("Gold members", "金級會員"), Where = If.Fact(LoyaltyNames.Fact(Program.Name, TierLadder.UsualName)).Is(Gold) },
        new() { Id = "free-cup", Label = new("With a free cup to take", "有免費飲品可換"), Where = If.Fact(LoyaltyNames.FreeFact(Program.Name, "cups")).AtLeast(1) },
    ];

    private static IEnumerable<Journey> Journeys =>
    [
        Journey("welcome", new Trigger.OnEvent(ConsentEvents.Given), Duration.FromDays(3)),
        Journey("tier-gold", new Trigger.OnEcho(LoyaltyNames.TierChanged, Fields.Of(("to", Gold))), Duration.FromDays(7)) with { Priority = 5 },
        Journey("new-regular", new Trigger.OnEcho(SegmentNames.Entered, Fields.Of((SegmentNames.SegmentField, "regulars"))), Duration.FromDays(7)) with { Caps = [new Cap.Rolling(1, Duration.FromDays(90))] },
        Journey("win-back", new Trigger.WhenSilent(Events.EventKinds.PurchaseName, [30, 60, 90]), Duration.FromDays(5)),
        Journey("birthday", new Trigger.OnBirthday(LeapDay: LeapDay.Feb28), Duration.FromHours(14)) with { Priority = 10 },
        Journey("cart", new Trigger.OnEvent(WebShop.CartAbandonedName), Duration.FromDays(1)),
    ];

    private static Journey Journey(string id, Trigger trigger, Duration usefulFor) => new()
    {
        Id = id,
        Trigger = trigger,
        Message = new JourneyMessage(Channel, id, MarketingPurpose, usefulFor),
    };

    private static PointsPerAmount Per10(string rule, string unit) => new() { Name = rule, Unit = unit, Points = 1, Every = Money.Hkd(10), Basis = EarningBasis.WholeSpend };
}
