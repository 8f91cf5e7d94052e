using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>What rules and their terms do, through the engine.</summary>
public sealed class EarningRules
{
    private static readonly FixedPoints Ten = new() { Name = "ten", Unit = "points", Points = 10 };

    [Theory]
    [InlineData(false, false, false, false, 90)]
    [InlineData(true, false, false, false, 100)]
    [InlineData(false, true, false, false, 85)]
    [InlineData(false, false, true, false, 70)]
    [InlineData(false, false, false, true, 120)]
    public async Task The_basis_is_what_the_rule_names(bool beforeDiscount, bool withoutTax, bool withoutDelivery, bool withPoints, long expected)
    {
        var basis = new EarningBasis.Spend { BeforeDiscount = beforeDiscount, WithoutTax = withoutTax, WithoutDelivery = withoutDelivery, WithPointsPaid = withPoints };
        var club = Of(Samples.Per(1, 1) with { Basis = basis });

        var receipt = await club.Records(Sale(120, ("discount", 10), ("tax", 5), ("delivery", 20), ("points-paid", 30)));

        Assert.Equal(expected, receipt.Total("points"));
    }

    [Fact]
    public async Task What_a_refund_leaves_has_the_same_part_of_tax_and_delivery()
    {
        var club = Of(Samples.Per(1, 1) with { Basis = new EarningBasis.Spend { WithoutTax = true, WithoutDelivery = true } });
        await club.Records(Sale(120, ("tax", 5), ("delivery", 15)) with { Key = EventKey.Parse("pos:sale") });

        await club.Returns("pos:sale", 60);

        // 60.00 are left, with 2.50 of tax and 7.50 of delivery.
        Assert.Equal(50, await club.Points());
    }

    [Theory]
    [InlineData(null, 10L, 10, 8, 8)]
    [InlineData(null, 10L, 10, 10, 1)]
    [InlineData(null, 10L, 9, 4, 5)]
    [InlineData(null, 10L, 10, 4, 0, 7)]
    [InlineData(10L, null, 22, 2, 20)]
    [InlineData(10L, null, 10, 2, 3)]
    [InlineData(10L, null, 10, 0, 0)]
    [InlineData(10L, 12L, 12, 11, 11)]
    [InlineData(10L, 12L, 10, 1)]
    public async Task The_least_and_the_most_of_a_rule_are_of_all_that_it_gives_for_an_event(long? least, long? most, long expected, params int[] parts)
    {
        var club = Of(new InParts(new() { Least = least, Most = most }, parts));

        foreach (var _ in (int[])[1, 2])
        {
            var receipt = await club.Buys(1);
            Assert.Equal((expected, Math.Max(3, least ?? 0)), (receipt.Total("points"), receipt.Total("status")));
            Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        }
    }

    [Fact]
    public async Task A_rule_counts_where_its_scope_says()
    {
        var club = Of(Ten with { Terms = new() { Scope = new() { Channels = ["shop"], Stores = ["central", "mong-kok"], Brands = ["tea"] } } });

        Assert.Equal(10, (await club.Records(Sale(1, ("store", "central")) with { Channel = "shop", Brand = "tea" })).Total("points"));
        Assert.Equal(0, (await club.Records(Sale(1, ("store", "sha-tin")) with { Channel = "shop", Brand = "tea" })).Total("points"));
        Assert.Equal(0, (await club.Records(Sale(1, ("store", "central")) with { Channel = "web", Brand = "tea" })).Total("points"));
        Assert.Equal(0, (await club.Records(Sale(1, ("store", "central")) with { Channel = "shop" })).Total("points"));
    }

    [Fact]
    public async Task A_programme_with_a_scope_is_a_wallet_of_that_shop()
    {
        var central = Samples.TeaClub with { Ladders = [], Name = "central", Scope = new() { Stores = ["central"] }, Rules = [Ten] };
        var club = Club.Of(central, central with { Name = "sha-tin", Scope = new() { Stores = ["sha-tin"] } });

        await club.Records(Sale(1, ("store", "central")));

        Assert.Equal((10, 0), ((await club.Membership("central")).Wallet("points").Available, (await club.Membership("sha-tin")).Wallet("points").Available));
    }

    [Fact]
    public async Task What_happens_outside_of_a_programmes_scope_is_nothing_to_it()
    {
        var central = Program(Ten) with
        {
            Name = "central", Scope = new() { Stores = ["central"] },
            Ladders = [Tests.Tiers.Ladders.Usual with { Metric = new QualificationMetric.Spend(Currency.Hkd), Window = QualificationWindow.Lifetime, Tiers = [new("gold", 50)] }],
            StampCards = [new() { Name = "cups", Goal = 9, Count = new StampCount.PerVisit(null) }],
            Challenges = [new() { Name = "three", Goals = [new("orders", 3)], Award = [new UnitAmount("points", 1_000)] }],
            Surprises = [new() { Name = "hello", OneIn = 1, Seed = "0123456789abcdef", Gift = new UnitAmount("points", 100) }],
            VelocityLimits = [new() { Name = "receipts", Kind = "purchase", Most = 2, Within = Duration.FromDays(1) }],
            Referrals = new() { For = ReferralFor.FirstPurchase, Friend = new UnitAmount("points", 10_000) },
        };
        var club = Club.Of(central);
        await club.Records(ReferralEvents.Accept("app:brought", Samples.Amy, await club.Meets("bob")));
        for (var i = 0; i < 3; i++)
        {
            Assert.Empty((await club.Records(Sale(100, ("store", "sha-tin")) with { Key = EventKey.Parse($"pos:elsewhere-{i}") })).Lines);
        }

        var elsewhere = await club.Membership("central");
        Assert.Equal((0L, null, 0L, 0), (elsewhere.Wallet("points").Balance, elsewhere.Standing()?.Tier, elsewhere.Card("cups").Stamps, elsewhere.Challenges.Count));

        // Two here are not too many, however many there were elsewhere.
        Assert.Equal(10 + 100 + 10_000, (await club.Records(Sale(100, ("store", "central")))).Total("points"));
        Assert.Equal(10 + 100, (await club.Records(Sale(100, ("store", "central")) with { Key = EventKey.Parse("pos:second") })).Total("points"));
        var here = await club.Membership("central");
        Assert.Equal(("gold", 2L), (here.Standing()?.Tier, here.Card("cups").Stamps));
        Assert.Contains((await club.Records(Sale(100, ("store", "central")) with { Key = EventKey.Parse("pos:third") })).Lines, line => line.Code == LineCodes.Velocity);
    }

    [Fact]
    public async Task What_happens_nowhere_is_an_occasion_in_every_shop()
    {
        var central = Of(Birthday(), new FixedPoints { Name = "registered", Unit = "points", Points = 7, On = [MemberEvents.Registered] }, new SegmentEntry { Name = "vip-gift", Unit = "points", Points = 40, Segment = "vip" }) with
        {
            Scope = new() { Stores = ["central"] },
        };
        var club = new Club(new LoyaltyModule(central), new Vips());
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 3, 1)))));
        await club.Records(MemberEvents.Join("app:2", Samples.Amy));
        Assert.Equal(7, await club.Points());
        await club.Records(Vips.Enters("crm:1"));
        Assert.Equal(47, await club.Points());
        club.On(2026, 3, 2);
        Assert.Equal(97, await club.Points());
    }

    [Theory]
    [InlineData(2026, 2, 2, 14, 0, 10)]
    [InlineData(2026, 2, 2, 13, 59, 0)]
    [InlineData(2026, 2, 2, 16, 0, 0)]
    [InlineData(2026, 2, 2, 23, 30, 10)]
    [InlineData(2026, 2, 3, 1, 59, 0)]
    [InlineData(2026, 2, 3, 14, 0, 0)]
    [InlineData(2026, 1, 26, 14, 0, 0)]
    [InlineData(2026, 3, 2, 14, 0, 0)]
    public async Task Days_and_hours_are_those_of_the_programmes_zone_at_the_purchase(int year, int month, int day, int hour, int minute, long expected)
    {
        var hours = new EarningHours
        {
            From = new LocalDateTime(2026, 2, 1, 0, 0), Until = new LocalDateTime(2026, 3, 1, 0, 0), Days = [IsoDayOfWeek.Monday],
            Hours = [new(new LocalTime(14, 0), new LocalTime(16, 0)), new(new LocalTime(23, 0), new LocalTime(2, 0))],
        };
        var club = Of(Ten with { Terms = new() { Hours = hours } });
        var at = new LocalDateTime(year, month, day, hour, minute).InZoneStrictly(Samples.HongKong).ToInstant();
        club.At(at + Duration.FromDays(1));

        Assert.Equal(expected, (await club.Records(Sale(1) with { OccurredAt = at })).Total("points"));
    }

    [Fact]
    public async Task Conditions_on_hours_are_in_the_programmes_zone_whatever_that_of_the_store()
    {
        var club = Of(Ten with { When = If.Hours(new LocalTime(14, 0), new LocalTime(15, 0)) });

        Assert.Equal(10, (await club.Records(Sale(1) with { OccurredAt = Samples.Local(2026, 1, 15, 14) - Duration.FromDays(1) })).Total("points"));
    }

    [Fact]
    public async Task A_visit_is_one_whatever_was_bought()
    {
        var club = Of(Ten with { On = ["visit"] }, Ten with { Name = "basket", Terms = new() { MinimumSpend = Money.Hkd(30) } });

        Assert.Equal(10, (await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy, "central"))).Total("points"));
        Assert.Equal(10, (await club.Records(Sale(30) with { Lines = [Samples.Line("a", 10), Samples.Line("b", 10), Samples.Line("c", 10)] })).Total("points"));
        Assert.Equal(0, (await club.Records(Sale(29.99m))).Total("points"));
    }

    [Fact]
    public async Task Articles_earn_for_every_so_many()
    {
        var club = Of(new PointsPerItem { Name = "cups", Unit = "points", Points = 5, Every = 2, Items = new() { Categories = ["cup"] } });
        var sale = Sale(60) with { Key = EventKey.Parse("pos:sale"), Lines = [new("mug", 5, Money.Hkd(50), "cup"), new("free", 1, Money.Hkd(0), "cup"), new("tea", 3, Money.Hkd(10), "drink")] };

        Assert.Equal(10, (await club.Records(sale)).Total("points"));
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(20), new EventLine("mug", 2, Money.Hkd(20))));
        Assert.Equal(5, await club.Points());
    }

    [Fact]
    public async Task An_action_counts_once_for_each_thing_it_is_about()
    {
        var club = Of(Ten with { On = ["action"], When = If.Field("event.action").Is("review"), Terms = new() { OncePer = "reference" } });

        var earned = new List<long>();
        foreach (var (key, action, reference) in new[] { ("1", "review", "oolong"), ("2", "review", "oolong"), ("3", "review", "puer"), ("4", "share", "puer"), ("5", "review", null), ("6", "review", null) })
        {
            earned.Add((await club.Records(LoyaltyEvents.Action($"web:{key}", Samples.Amy, action, reference))).Total("points"));
        }

        Assert.Equal([10, 0, 10, 0, 10, 0], earned);
    }

    [Fact]
    public async Task A_kind_of_the_hosts_own_earns()
    {
        var survey = new EventKind("survey.answered", EventNature.Happening) { Fields = [new("questions", ScalarKind.Number)] };
        var program = Samples.TeaClub with { Ladders = [], Rules = [Ten with { On = ["survey.answered"], When = If.Field("event.questions").AtLeast(5) }] };
        var club = new Club(new LoyaltyModule(new([program.Define()]), [survey]));

        var receipt = await club.Records(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "survey.answered", Identity = Samples.Amy, Fields = Fields.Of(("questions", 6)) });

        Assert.Equal(10, receipt.Total("points"));
    }

    [Fact]
    public async Task The_first_purchase_is_the_first_of_what_is_left_of_history()
    {
        var club = Of(Ten with { When = If.Purchases().Count().Is(1) });
        await club.Buys(10, "pos:first");
        club.On(2026, 1, 16);
        await club.Buys(10);
        Assert.Equal(10, await club.Points());

        await club.Records(new CustomerEvent { Key = EventKey.Parse("pos:void"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("pos:first") });

        // The second is the first now, and earns as such.
        Assert.Equal(10, await club.Points());
        Assert.Contains(await club.Ledger(), entry => entry.Corrects == EventKey.Parse("pos:1") && entry.Amount == 10);
    }

    [Fact]
    public async Task A_late_purchase_takes_the_first_place()
    {
        var club = Of(Ten with { When = If.Purchases().Count().Is(1), Terms = new() { Expiry = LotExpiry.AfterDays(10, LastDay.Included) } });
        club.On(2026, 1, 20);
        await club.Buys(10);
        await club.Records(Sale(10) with { Key = EventKey.Parse("pos:late"), OccurredAt = Samples.Local(2026, 1, 16) });

        Assert.Equal([new Lot(Samples.Local(2026, 1, 27), 10)], (await club.Membership()).Wallet("points").Lots);
    }

    [Fact]
    public async Task A_birthday_pays_once_a_year_even_when_the_date_is_changed()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday())));
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 3, 1)))));

        club.On(2026, 3, 2);
        Assert.Equal(50, await club.Points());
        await club.Records(Profile("app:2", Fields.Of(("birth-date", new LocalDate(1990, 6, 1)))));
        club.On(2026, 6, 2);
        Assert.Equal(50, await club.Points());
        club.On(2027, 6, 1, 1);
        Assert.Equal(100, await club.Points());
        await club.RunDue();
        Assert.Equal([Samples.Local(2026, 3, 1), Samples.Local(2027, 6, 1)], (await club.Ledger()).Select(entry => entry.OccurredAt));
    }

    [Theory]
    [InlineData(LeapDayPolicy.Before, 28, 2)]
    [InlineData(LeapDayPolicy.After, 1, 3)]
    public async Task A_leap_day_is_kept_as_the_rule_says(LeapDayPolicy leapDay, int day, int month)
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { LeapDay = leapDay })));
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(2000, 2, 29)))));
        club.On(2026, 3, 2);
        await club.RunDue();

        Assert.Equal(Samples.Local(2026, month, day), (await club.Ledger()).Single().OccurredAt);
    }

    [Fact]
    public async Task A_birthday_that_becomes_known_late_is_caught_up_for_some_days()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { CatchUpDays = 6 })));
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 1, 9)))));
        Assert.Equal(50, await club.Points());

        var late = new Club(new LoyaltyModule(Of(Birthday() with { CatchUpDays = 6 })));
        await late.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 1, 8)))));
        Assert.Equal(0, await late.Points());
    }

    [Fact]
    public async Task A_birthday_of_december_that_is_caught_up_in_january_is_that_of_the_old_year()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { CatchUpDays = 6 })));
        club.On(2026, 1, 3);
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 12, 30)))));
        Assert.Equal(50, await club.Points());

        club.At(Samples.Local(2026, 12, 30) - Duration.Epsilon);
        Assert.Equal(50, await club.Points());
        club.At(Samples.Local(2026, 12, 30));
        Assert.Equal(100, await club.Points());
        club.On(2027, 12, 30);
        Assert.Equal(150, await club.Points());
    }

    [Fact]
    public async Task A_date_moved_into_the_old_year_does_not_pay_again()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { CatchUpDays = 6 })));
        club.On(2026, 1, 2);
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 1, 2)))));
        Assert.Equal(50, await club.Points());

        club.On(2026, 1, 3);
        await club.Records(Profile("app:2", Fields.Of(("birth-date", new LocalDate(1990, 12, 30)))));
        Assert.Equal(50, await club.Points());
        club.On(2027, 12, 29);
        Assert.Equal(50, await club.Points());
        club.On(2027, 12, 30);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task A_birthday_may_be_kept_without_its_year()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { DateField = "birthday", CatchUpDays = 20 })));
        await club.Records(Profile("app:1", Fields.Of(("birthday", 115))));

        Assert.Equal(50, await club.Points());
    }

    [Theory]
    [InlineData("Asia/Hong_Kong", "2026-02-13T16:00:00Z")]
    [InlineData("Europe/London", "2026-02-14T00:00:00Z")]
    [InlineData("America/Los_Angeles", "2026-02-14T08:00:00Z")]
    [InlineData("Pacific/Kiritimati", "2026-02-13T10:00:00Z")]
    [InlineData("nowhere", "2026-02-13T16:00:00Z")]
    [InlineData(null, "2026-02-13T16:00:00Z")]
    public async Task A_birthday_begins_where_the_member_is(string? zone, string begins)
    {
        var rule = new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", ZoneField = "zone" };
        var club = Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Samples.TeaClub with { Rules = [rule], Ladders = [] })));
        await club.Records(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 2, 14)), ("zone", zone is null ? default : Scalar.Of(zone))) });
        var begin = NodaTime.Text.InstantPattern.ExtendedIso.Parse(begins).Value;

        club.At(begin - Duration.Epsilon);
        Assert.Equal(0, await club.Points());
        club.At(begin);
        Assert.Equal(50, await club.Points());
    }

    [Fact]
    public async Task Who_moves_on_the_eve_of_a_birthday_gets_one_where_they_are_then()
    {
        var rule = new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", ZoneField = "zone" };
        var club = Club.Of(Samples.TeaClub with { Rules = [rule], Ladders = [] });
        ValueTask<Receipt> Moves(string zone) => club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 2, 14)), ("zone", zone)) });
        await Moves("Asia/Hong_Kong");
        club.At(Instant.FromUtc(2026, 2, 13, 12, 0));
        await Moves("America/Los_Angeles");
        club.At(Instant.FromUtc(2026, 2, 13, 20, 0));
        Assert.Equal(0, await club.Points());
        club.At(Instant.FromUtc(2026, 2, 14, 9, 0));
        Assert.Equal(50, await club.Points());

        // Back home the day is not over; it has been given, and comes again in a year.
        await Moves("Asia/Hong_Kong");
        club.At(Instant.FromUtc(2026, 12, 31, 0, 0));
        Assert.Equal(50, await club.Points());
        club.At(Instant.FromUtc(2027, 2, 13, 16, 0));
        Assert.Equal(100, await club.Points());
    }

    [Theory]
    [InlineData(Enrolment.Open, false)]
    [InlineData(Enrolment.ByJoining, false)]
    [InlineData(Enrolment.ByJoining, true)]
    public async Task The_day_of_joining_pays_every_year(Enrolment enrolment, bool knownBefore)
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { DateField = null }, Samples.Per(1, 10)) with { Membership = new() { Enrolment = enrolment } }));
        if (knownBefore)
        {
            await club.Buys(10);
        }

        club.On(2026, 3, 10);
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        club.On(2026, 7, 1);
        await club.Buys(10);
        club.At(Samples.Local(2027, 3, 10) - Duration.Epsilon);
        Assert.Equal(1, await club.Points());
        club.At(Samples.Local(2027, 3, 10));
        Assert.Equal(1 + 50, await club.Points());
        club.On(2028, 3, 9);
        Assert.Equal(1 + 50, await club.Points());
    }

    [Fact]
    public async Task Who_joined_and_never_bought_is_given_something_on_the_day_too()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { DateField = null })));
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        club.On(2027, 1, 16);

        Assert.Equal(50, await club.Points());
    }

    [Fact]
    public async Task The_day_of_the_first_event_pays_every_year()
    {
        var club = new Club(new LoyaltyModule(Of(Birthday() with { DateField = null }, Samples.Per(1, 10))));
        await club.Buys(10);
        club.On(2028, 1, 16);

        Assert.Equal(1 + 100, await club.Points());
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 40)]
    public async Task Entering_a_segment_pays_once_and_those_inside_before_only_by_backfill(bool backfill, long forThoseInside)
    {
        var rule = new SegmentEntry { Name = "vip-gift", Unit = "points", Points = 40, Segment = "vip", Backfill = backfill };
        var club = new Club(new LoyaltyModule(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Program(rule)))), new Vips());
        Assert.Equal(40, (await club.Records(Vips.Enters("crm:1"))).Total("points"));
        Assert.Equal(0, (await club.Records(Vips.Enters("crm:2"))).Total("points"));
        Assert.Equal(0, await Total(club, 10));

        // Inside before the rule was there: the fact is known, and no echo comes any more.
        var before = new Club(new LoyaltyModule(Program(Samples.Per(1, 10))), new Vips());
        await before.Records(Vips.Enters("crm:1"));
        before.StartsAgainWith(new LoyaltyModule(Program(Samples.Per(1, 10), rule)), new Vips());
        Assert.Equal(1 + forThoseInside, await Total(before, 10));
        Assert.Equal(1, await Total(before, 10));
    }

    [Fact]
    public async Task Points_can_be_bought()
    {
        var bought = new EventKind("points.bought", EventNature.Happening);
        var club = new Club(new LoyaltyModule(new([Program(Samples.Per(10, 1) with { On = ["points.bought"] }).Define()]), [bought]));

        Assert.Equal(500, (await club.Records(Sale(50) with { Kind = "points.bought" })).Total("points"));
    }

    [Fact]
    public async Task Old_versions_of_a_rule_in_code_stay_beside_new_ones()
    {
        const string json = """{ "name": "tea-club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }], "rules": [{ "rule": "code", "name": "happy", "version": VERSION }] }""";
        LoyaltyProgram Of(int version) => LoyaltyProgramJson.Read(json.Replace("VERSION", $"{version}", StringComparison.Ordinal), new Versioned(1), new Versioned(2));
        Assert.NotEqual(Of(1).Hash, Of(2).Hash);
        var club = new Club(new LoyaltyModule(new Crm.Definitions.DefinitionCatalog<LoyaltyProgram>([Of(1).Define(), Of(2).Define(2, Samples.Local(2026, 2, 1))])));
        await club.Buys(10, "pos:old");
        club.On(2026, 2, 1);
        await club.Buys(10);
        Assert.Equal(300, await club.Points());

        await club.Returns("pos:old", 10);

        Assert.Equal(200, await club.Points());
    }

    [Fact]
    public async Task What_is_due_at_one_midnight_comes_in_the_published_order()
    {
        var program = Samples.TeaClub with
        {
            Rewards = [new Reward { Name = "mug", Kind = new RewardKind.Physical("mug-1"), Costs = [new("points", 67)], AutoAt = 70, MostPerMember = 1 }],
            Units = [new("points", UnitKind.Redeemable) { Activation = Activation.AfterDays(14), Expiry = LotExpiry.AfterDays(0, LastDay.Included) }, Samples.TeaClub.Units[1]],
            Rules = [.. Samples.TeaClub.Rules, Birthday() with { Terms = new() { Activation = Activation.AtOnce, Expiry = LotExpiry.Never } }, Ten with { Name = "old", Terms = new() { Activation = Activation.AtOnce, Expiry = LotExpiry.AfterDays(13, LastDay.Included) } }],
        };
        var club = new Club(new LoyaltyModule(program));
        club.On(2026, 12, 18);
        await club.Records(Profile("app:1", Fields.Of(("birth-date", new LocalDate(1990, 1, 1)))));
        await club.Buys(600);
        var before = (await club.Ledger()).Count;
        club.On(2027, 1, 1, 0);
        await club.RunDue();

        // Pending units become available, the reward gives itself of what dies first, the year of the tier closes, what is left of it runs out, and then the birthday gives.
        Assert.Equal(
            [
                (Crm.Ledger.Movement.Offset, -60L), (Crm.Ledger.Movement.Offset, 60L), (Crm.Ledger.Movement.Spent, -10L), (Crm.Ledger.Movement.Spent, -57L),
                (Crm.Ledger.Movement.Issued, 50L),
            ],
            (await club.Ledger()).Skip(before).Select(entry => (entry.Movement, entry.Amount)));
        Assert.Equal(53, await club.Points());
    }

    [Fact]
    public void Finding_rules_allocates_nothing_and_does_not_look_at_the_others()
    {
        var rules = Enumerable.Range(0, 10_000).Select(i => (IEarningRule)(Ten with { Name = $"rule-{i}", With = new() { Skus = [$"sku-{i}"] } })).Append(Ten).ToSequence();
        var plan = new ProgramPlan(Program([.. rules]).Define(), []);
        var index = plan.RulesFor("purchase") ?? throw new InvalidOperationException("There are rules for purchases.");
        var sale = Sale(10) with { Lines = [Samples.Line("sku-77", 5), Samples.Line("sku-9999", 5), Samples.Line("sku-77", 1), Samples.Line("other", 1)] };
        Assert.Equal(["rule-77", "rule-9999", "ten"], Found(index, sale));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            var found = index.Find(sale);
            found.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(200)]
    public void Rules_are_found_in_the_order_of_the_programme_and_each_once_however_many_there_are(int number)
    {
        // Articles name rules twice over, so that the lists of places overlap and are longer than what lies in the answer itself.
        var skus = Enumerable.Range(0, number).Select(i => FormattableString.Invariant($"rule-{i:000}")).ToList();
        var rules = skus.Select((name, i) => (IEarningRule)(Ten with { Name = name, With = new() { Skus = [i % 2 == 0 ? "even" : "odd", i % 3 == 0 ? "third" : "other"] } })).Append(Ten).ToSequence();
        var index = new ProgramPlan(Program([.. rules]).Define(), []).RulesFor("purchase") ?? throw new InvalidOperationException("There are rules for purchases.");

        Assert.Equal([.. skus, "ten"], Found(index, Sale(10) with { Lines = [Samples.Line("third", 5), Samples.Line("odd", 5), Samples.Line("even", 1)] }));
        Assert.Equal([.. skus.Where((_, i) => i % 3 == 0), "ten"], Found(index, Sale(10) with { Lines = [Samples.Line("third", 5)] }));
    }

    [Fact]
    public async Task Rules_of_a_group_give_what_its_policy_says()
    {
        var (one, two, three) = (Grouped("one", 10, 1), Grouped("two", 30, 0), Grouped("three", 20, 5));
        Assert.Equal(60, await Earned(StackingPolicy.Sum, one, two, three));
        Assert.Equal(30, await Earned(StackingPolicy.BestOf, one, two, three));
        Assert.Equal(20, await Earned(StackingPolicy.FirstMatch, one, two, three));
        Assert.Equal(10, await Earned(StackingPolicy.PriorityExclusive, one with { Terms = one.Terms with { Exclusive = true } }, two, three));

        // Equal priorities: the name decides, whatever the order in which somebody wrote them.
        Assert.Equal(20, await Earned(StackingPolicy.FirstMatch, two, three with { Terms = two.Terms }));
    }

    [Fact]
    public async Task The_receipt_says_what_another_rule_of_the_group_took()
    {
        var club = Club.Of(Program(Grouped("one", 10, 1), Grouped("two", 30, 0)) with { Groups = [new("g", StackingPolicy.BestOf)] });

        var withheld = (await club.Buys(1)).Lines.Single(line => line.Code == LineCodes.Withheld);

        Assert.Equal([(LineCodes.Base, "one", 10L), (LineCodes.Outranked, "g", -10L)], withheld.Parts.Select(part => (part.Code, part.Subject ?? "", part.Amount)));
    }

    [Theory]
    [InlineData(Rounding.Floor, 15, 22)]
    [InlineData(Rounding.Ceiling, 15, 23)]
    [InlineData(Rounding.Nearest, 15, 22)]
    [InlineData(Rounding.Nearest, 17, 26)]
    public async Task A_multiplier_multiplies_the_sum_and_rounds_once(Rounding rounding, long given, long expected)
    {
        var club = Of(Ten with { Points = given - 7 }, Ten with { Name = "seven", Points = 7 }, new Multiplier { Name = "half-more", Unit = "points", Factor = new Ratio(3, 2), Rounding = rounding });

        Assert.Equal(expected, (await club.Buys(1)).Total("points"));
    }

    [Fact]
    public async Task A_multiplier_may_be_of_some_rules_only()
    {
        var club = Of(Ten, Ten with { Name = "other" }, new Multiplier { Name = "double", Unit = "points", Factor = new Ratio(2, 1), Of = ["other"] });

        Assert.Equal(30, (await club.Buys(1)).Total("points"));
    }

    [Fact]
    public async Task Exact_parts_are_rounded_once_for_the_award()
    {
        // 19.90 / 10 and 79.90 / 10: 1.99 + 7.99 = 9.98, where each alone would give 1 + 7.
        var club = Of(
            Samples.Per(1, 10) with { Name = "one", Basis = new EarningBasis.Lines { Skus = ["a"] }, RoundAt = RoundingPoint.Award },
            Samples.Per(1, 10) with { Name = "two", Basis = new EarningBasis.Lines { Skus = ["b"] }, RoundAt = RoundingPoint.Award });

        var receipt = await club.Records(Sale(99.80m) with { Lines = [Samples.Line("a", 19.90m), Samples.Line("b", 79.90m)] });

        Assert.Equal(9, receipt.Total("points"));
        Assert.Equal(1, receipt.Lines.Single(line => line.Code == LineCodes.PartsTogether).Amount);
    }

    [Fact]
    public async Task A_rest_is_carried_to_the_next_event_exactly()
    {
        var club = Of(Samples.Per(1, 10) with { Rounding = Rounding.Carry });

        Assert.Equal((long[])[1, 0, 1, 1], await Totals(club, 15, 4.99m, 0.01m, 10));
    }

    [Fact]
    public async Task A_multipliers_rest_is_carried_too()
    {
        var club = Of(Ten with { Points = 1 }, new Multiplier { Name = "third-more", Unit = "points", Factor = new Ratio(4, 3), Rounding = Rounding.Carry });

        Assert.Equal((long[])[1, 1, 2, 1], await Totals(club, 1, 1, 1, 1));
    }

    [Fact]
    public async Task The_receipt_keeps_what_was_wanted_what_was_given_and_which_limit_cut()
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 60 }] });

        var receipt = await club.Buys(100);

        var award = receipt.Lines.Single(line => line.Code == LineCodes.Issued);
        Assert.Equal(60, award.Amount);
        Assert.Equal([(LineCodes.Basis, "100.00 HKD", 0L), (LineCodes.Base, "base", 100L), (LineCodes.Limited, "daily", -40L)], LoyaltyTexts.PartsOf(award).Select(part => (part.Code, part.Subject ?? "", part.Amount)));
        Assert.Contains("40 points over limit 'daily', not given.", award.Parts.Select(part => LoyaltyTexts.Describe(part).English));
    }

    [Theory]
    [InlineData(CapPeriod.Day, 2026, 1, 16)]
    [InlineData(CapPeriod.Week, 2026, 1, 19)]
    [InlineData(CapPeriod.Month, 2026, 2, 1)]
    [InlineData(CapPeriod.Year, 2027, 1, 1)]
    public async Task A_limit_begins_anew_with_its_span_in_the_programmes_zone(CapPeriod per, int year, int month, int day)
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "cap", Unit = "points", Per = per, Most = 60 }] });
        await club.Buys(50);
        club.At(Samples.Local(year, month, day) - Duration.FromTicks(1));
        Assert.Equal(10, await Total(club, 50));
        club.At(Samples.Local(year, month, day));

        Assert.Equal(50, await Total(club, 50));
    }

    [Fact]
    public async Task A_limit_rejects_what_does_not_fit_where_it_says_so()
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "cap", Unit = "points", Per = CapPeriod.Ever, Most = 60, Overflow = Overflow.Reject }] });

        Assert.Equal((long[])[50, 0, 10], await Totals(club, 50, 50, 10));
    }

    [Fact]
    public async Task A_limit_of_the_balance_counts_what_is_held()
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "cap", Unit = "points", Per = CapPeriod.Balance, Most = 60 }] });
        await club.Buys(50);
        await club.Redeems(30);

        Assert.Equal(40, await Total(club, 50));
    }

    [Fact]
    public async Task A_limit_of_the_balance_counts_what_is_set_aside_too()
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "cap", Unit = "points", Per = CapPeriod.Balance, Most = 60 }] });
        await club.Buys(50);
        await club.Records(RewardEvents.Reserve("app:r", SpendAuthority.SignedIn(Samples.Amy), 50, Duration.FromDays(1), unit: "points"));

        Assert.Equal(10, await Total(club, 60));
        await club.Records(RewardEvents.Void("app:v", Samples.Amy, "app:r"));
        Assert.Equal(60, await club.Points());
    }

    [Fact]
    public async Task A_limit_of_the_balance_counts_what_is_pending_too()
    {
        var slow = Samples.Per(1, 1) with { Terms = new() { Activation = Activation.AfterDays(5) } };
        var club = Club.Of(Program(slow, new Multiplier { Name = "double", Unit = "points", Factor = new Ratio(2, 1), TierAs = TierMoment.After }) with
        {
            Ladders = Samples.TeaClub.Ladders, Limits = [new() { Name = "cap", Unit = "points", Per = CapPeriod.Balance, Most = 60 }],
        });

        Assert.Equal((long[])[40, 20, 0], await Totals(club, 20, 15, 10));
    }

    [Fact]
    public async Task Reaching_a_tier_can_pay()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, Ten with { Name = "gold-gift", Points = 100, On = ["tier.changed"], When = If.Field("event.to").Is("gold"), Terms = new() { Frequency = new(1, CapPeriod.Ever) } }] });

        Assert.Equal((long[])[20, 130], await Totals(club, 200, 300));
    }

    [Fact]
    public async Task What_is_refunded_gives_the_limit_back()
    {
        var club = Club.Of(Program(Samples.Per(1, 1)) with { Limits = [new() { Name = "cap", Unit = "points", Per = CapPeriod.Month, Most = 60 }] });
        await club.Buys(50, "pos:sale");
        await club.Returns("pos:sale", 50);

        Assert.Equal(60, await Total(club, 80));
    }

    [Fact]
    public async Task A_rule_gives_as_often_as_its_frequency_and_its_cooldown_say()
    {
        var often = Of(Ten with { Terms = new() { Frequency = new(2, CapPeriod.Day) } });
        Assert.Equal((long[])[10, 10, 0], await Totals(often, 1, 1, 1));

        var cool = Of(Ten with { Terms = new() { Cooldown = Duration.FromHours(2) } });
        Assert.Equal(10, await Total(cool, 1));
        cool.At(Samples.Local(2026, 1, 15, 14) - Duration.FromTicks(1));
        Assert.Equal(0, await Total(cool, 1));
        cool.At(Samples.Local(2026, 1, 15, 14));
        Assert.Equal(10, await Total(cool, 1));
    }

    [Fact]
    public async Task A_budget_drains_and_then_stops_the_rule_and_a_refund_gives_back()
    {
        var program = Program(Samples.Per(1, 1)) with { Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 10 }] };
        var club = Club.Of(program);
        IQuotas quotas = club.Store;
        await quotas.SetAsync("loyalty.tea-club.spring", 700, TestContext.Current.CancellationToken);
        await club.Buys(50, "pos:sale");

        var receipt = await club.Buys(50);

        Assert.Equal(LineCodes.BudgetExhausted, receipt.Lines.Single(line => line.Code == LineCodes.Withheld).Parts[^1].Code);
        Assert.Equal(50, await club.Points());
        await club.Returns("pos:sale", 50);
        Assert.Equal(700, await quotas.AvailableAsync("loyalty.tea-club.spring", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_budget_that_suffices_for_one_of_two_rules_pays_that_one()
    {
        var program = Program(Samples.Per(1, 1), Ten) with { Budgets = [new() { Name = "spring", Unit = "points" }] };
        var module = new LoyaltyModule(program);
        var club = new Club(module);
        await club.Fills("loyalty.tea-club.spring", 55);

        var receipt = await club.Buys(50);

        Assert.Equal(LineCodes.BudgetExhausted, receipt.Lines.Single(line => line.Code == LineCodes.Withheld).Parts[^1].Code);
        Assert.Equal((50L, 5L), (await club.Points(), await club.Stock("loyalty.tea-club.spring")));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(TierMoment.Before, 50)]
    [InlineData(TierMoment.After, 100)]
    public async Task The_purchase_that_lifts_a_member_counts_in_the_tier_that_the_rule_says(TierMoment tierAs, long first)
    {
        var multiplier = new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = tierAs };
        var club = Club.Of(Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, multiplier] });

        Assert.Equal((long[])[first, 20], await Totals(club, 500, 100));
    }

    [Fact]
    public async Task Award_rule_tier_and_unit_say_in_this_order_when_units_run_out()
    {
        var unit = new LoyaltyUnit("points", UnitKind.Redeemable)
        {
            Expiry = LotExpiry.AfterDays(1, LastDay.Included), ExpiryByTier = [new("tier", "gold", LotExpiry.AfterDays(2, LastDay.Included))],
        };
        var club = Club.Of(Samples.TeaClub with
        {
            Units = [unit, Samples.TeaClub.Units[1]],
            Rules = [Samples.TeaClub.Rules[1], Ten, Ten with { Name = "rule", Terms = new() { Expiry = LotExpiry.AfterDays(3, LastDay.Included) } }, new OwnLife()],
        });
        await club.Buys(500);
        Assert.Equal([10, 10, 10], (await club.Membership()).Wallet("points").Lots.Select(lot => lot.Amount));
        Assert.Equal([17, 19, 20], await LastDays(club));

        await club.Buys(1);

        Assert.Equal([17, 18, 19, 20], await LastDays(club));
    }

    [Fact]
    public async Task Units_that_wait_for_an_event_live_as_award_rule_tier_and_unit_said_when_they_were_earned()
    {
        var delivered = new EventKind("order.delivered", EventNature.Happening);
        var unit = new LoyaltyUnit("points", UnitKind.Redeemable)
        {
            Activation = new Activation.OnEvent("order.delivered", null),
            Expiry = LotExpiry.AfterDays(1, LastDay.Included), ExpiryByTier = [new("tier", "gold", LotExpiry.AfterDays(2, LastDay.Included))],
        };
        var first = Samples.TeaClub with
        {
            Units = [unit, Samples.TeaClub.Units[1]],
            Rules = [Samples.TeaClub.Rules[1], Ten, Ten with { Name = "rule", Terms = new() { Expiry = LotExpiry.AfterDays(3, LastDay.Included) } }, new OwnLife()],
        };
        var second = first with { Units = [unit with { Expiry = LotExpiry.AfterDays(9, LastDay.Included), ExpiryByTier = [] }, first.Units[1]], Rules = [first.Rules[0]] };
        var module = new LoyaltyModule(new Crm.Definitions.DefinitionCatalog<LoyaltyProgram>([first.Define(), second.Define(2, Samples.Local(2026, 1, 17))]), [delivered]);
        var club = new Club(module);
        await club.Buys(500, "pos:before");
        await club.Buys(1, "pos:gold");
        Assert.Equal((60L, 6), ((await club.Membership()).Wallet("points").PendingTotal, (await club.Membership()).Wallet("points").Pending.Count));
        club.On(2026, 1, 18);
        foreach (var (key, order) in new[] { ("wms:1", "pos:before"), ("wms:2", "pos:gold") })
        {
            await club.Records(new CustomerEvent { Key = EventKey.Parse(key), Kind = "order.delivered", Identity = Samples.Amy, Original = EventKey.Parse(order) });
        }

        // Both orders: the rule's three days and the award's four. The first was of nobody with a tier, and the second of a gold member.
        Assert.Equal([(20, 10), (21, 10), (22, 20), (23, 20)], (await club.Membership()).Wallet("points").Lots.Select(lot => (lot.Expiry!.Value.InZone(Samples.HongKong).Day, lot.Amount)));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Another_currency_earns_at_the_rate_of_the_day_and_the_receipt_names_it()
    {
        var club = Of(Samples.Per(1, 10));
        var pataca = CustomerEvent.Purchase("pos:mop", Samples.Amy, Money.Of(200, Currency.Of("MOP")));

        var receipt = await club.Records(pataca with { Lookups = Fields.Of(("rate.mop.hkd", 0.97m)) });

        Assert.Equal(19, receipt.Total("points"));
        Assert.Equal("rate.mop.hkd 0.97", receipt.Lines.Single().Parts.Single(part => part.Code == LineCodes.Rate).Subject);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:mop", Money.Of(100, Currency.Of("MOP"))));
        Assert.Equal(9, await club.Points());

        var unknown = await club.Records(pataca with { Key = EventKey.Parse("pos:other") });
        Assert.Equal((LineCodes.RateMissing, "rate.mop.hkd"), (unknown.Lines.Single().Code, unknown.Lines.Single().Subject));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Amounts_in_another_currency_count_towards_tiers_stamps_and_challenges_at_the_rate_of_the_day_HO10(bool known)
    {
        var club = Club.Of(Program() with
        {
            Ladders = [new() { Metric = new QualificationMetric.Spend(Currency.Hkd), Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 19_400)] }],
            StampCards = [new() { Name = "tens", Goal = 100, Count = new StampCount.PerAmount(Money.Hkd(10)) }, new() { Name = "visits", Goal = 10, Count = new StampCount.PerVisit(Money.Hkd(190)) }],
            Challenges = [new() { Name = "spend", Goals = [new("money", 100_000) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }] }],
        });
        var pataca = CustomerEvent.Purchase("pos:mop", Samples.Amy, Money.Of(200, Currency.Of("MOP")));

        var receipt = await club.Records(known ? pataca with { Lookups = Fields.Of(("rate.mop.hkd", 0.97m)) } : pataca);

        var amy = await club.Membership();
        Assert.Equal(known ? (19_400L, "silver", 19L, 1L, 19_400L) : (0L, null, 0L, 0L, 0L), (amy.Standing()?.Counted ?? 0, await club.Tier(), amy.Card("tens").Stamps, amy.Card("visits").Stamps, amy.Challenge("spend")?.Counts[0].Done ?? 0));
        Assert.Equal(known ? (LineCodes.Rate, "rate.mop.hkd 0.97") : (LineCodes.RateMissing, "rate.mop.hkd"), Assert.Single(receipt.Lines.Where(line => line.Code is LineCodes.Rate or LineCodes.RateMissing).Select(line => (line.Code, line.Subject))));

        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:mop", Money.Of(100, Currency.Of("MOP"))));
        amy = await club.Membership();
        Assert.Equal(known ? (9_700L, 9L, 0L, 9_700L) : (0L, 0L, 0L, 0L), (amy.Standing()?.Counted ?? 0, amy.Card("tens").Stamps, amy.Card("visits").Stamps, amy.Challenge("spend")?.Counts[0].Done ?? 0));
    }

    [Fact]
    public async Task The_rate_at_which_a_minimum_was_reached_is_on_the_receipt_HO10()
    {
        var club = Of(Ten with { Terms = new() { MinimumSpend = Money.Hkd(190) } });

        var receipt = await club.Records(CustomerEvent.Purchase("pos:mop", Samples.Amy, Money.Of(200, Currency.Of("MOP"))) with { Lookups = Fields.Of(("rate.mop.hkd", 0.97m)) });

        Assert.Equal("rate.mop.hkd 0.97", receipt.Lines.Single().Parts.Single(part => part.Code == LineCodes.Rate).Subject);
        Assert.Equal(10, receipt.Lines.Single().Parts.Sum(part => part.Amount));
    }

    private static CustomerEvent Profile(string key, Fields values) => LoyaltyEvents.Visit(key, Samples.Amy) with { Profile = values };

    private static List<string> Found(RuleIndex index, CustomerEvent sale)
    {
        var found = index.Find(sale);
        var names = new List<string>();
        for (var i = 0; i < found.Count; i++)
        {
            names.Add(found[i].Name);
        }

        found.Dispose();
        return names;
    }

    private static YearlyPoints Birthday() => new() { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date" };

    private static FixedPoints Grouped(string name, long points, int priority) => Ten with { Name = name, Points = points, Terms = new() { Group = "g", Priority = priority } };

    private static LoyaltyProgram Program(params IEarningRule[] rules) => Samples.TeaClub with { Ladders = [], Rules = rules.ToSequence(), Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)] };

    private static Club Of(params IEarningRule[] rules) => Club.Of(Program(rules));

    private static LoyaltyProgram Of(YearlyPoints rule, params IEarningRule[] more) => Program([rule, .. more]);

    private static async Task<long> Earned(StackingPolicy policy, params IEarningRule[] rules) =>
        await Total(Club.Of(Program(rules) with { Groups = [new("g", policy)] }), 1);

    private static async Task<long[]> Totals(Club club, params decimal[] spends)
    {
        var totals = new long[spends.Length];
        for (var i = 0; i < spends.Length; i++)
        {
            totals[i] = await Total(club, spends[i]);
        }

        return totals;
    }

    private static async Task<long> Total(Club club, decimal spend) => (await club.Buys(spend)).Total("points");

    private static async Task<IEnumerable<int>> LastDays(Club club) =>
        (await club.Membership()).Wallet("points").Lots.Select(lot => lot.Expiry is { } expiry ? expiry.InZone(Samples.HongKong).Date.Day : 0);

    private static CustomerEvent Sale(decimal spend, params (string, Scalar)[] fields) =>
        Samples.Purchase(spend) with { Key = EventKey.Parse($"web:{Interlocked.Increment(ref keys)}"), Fields = Fields.Of(fields) };

    private static int keys;

    /// <summary>Gives these units, each in an earning of its own.</summary>
    private sealed class InParts(EarningTerms terms, params int[] parts) : IEarningRule
    {
        public string Name => "in-parts";

        public int Version => 1;

        public EarningTerms Terms => terms;

        public IEnumerable<Earning> Evaluate(EarningContext context) => parts.Select(part => new Earning("points", part)).Append(new Earning("status", 3));
    }

    private sealed class OwnLife : IEarningRule
    {
        public string Name => "own-life";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", 10) { Expiry = LotExpiry.AfterDays(4, LastDay.Included) }];
    }

    private sealed class Versioned(int version) : IEarningRule
    {
        public string Name => "happy";

        public int Version => version;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", version * 100)];
    }

    /// <summary>Tells that the customer entered a segment, as the segmentation package does.</summary>
    private sealed class Vips : Crm.Modules.CustomerModule<VipWhen.Nothing>
    {
        public override Crm.Modules.ModuleContract Contract { get; } = new()
        {
            Name = "vips", Codec = new VipWhen.NothingCodec(), Kinds = [new("vip.enters", EventNature.Happening)], Handles = ["vip.enters"], Publishes = [new("segment.vip")], Emits = [SegmentEntry.Entered],
        };

        public static CustomerEvent Enters(string key) => new() { Key = EventKey.Parse(key), Kind = "vip.enters", Identity = Samples.Amy };

        protected override Crm.Modules.Outcome Handle(VipWhen.Nothing state, Crm.Modules.ModuleContext context) =>
            new Crm.Modules.Outcome.Accepted { Facts = [new("segment.vip", true)], Echoes = [new(SegmentEntry.Entered, Fields.Of(("segment", "vip")))] };
    }
}
