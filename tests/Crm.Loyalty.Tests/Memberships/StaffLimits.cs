using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Tiers;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Memberships;

/// <summary>What staff give is added up over a span, by who gives it, whoever it is for.</summary>
public sealed class StaffLimits
{
    private static readonly Identity Bob = Identity.User("bob");
    private static readonly StaffLimit Monthly = new() { Request = LoyaltyEvents.AdjustName, Unit = "points", Per = CapPeriod.Month, Alone = 100, Most = 150 };

    [Fact]
    public async Task What_one_person_gives_in_a_month_is_added_up_whoever_it_is_for()
    {
        var club = Club.Of(Limited(Monthly));

        Assert.Null(await Gives(club, Samples.Amy, 60));
        Assert.Null(await Gives(club, Bob, 40));
        Assert.Equal("approval-needed", await Gives(club, Samples.Amy, 1));
        Assert.Equal("approval-needed", await Gives(club, Samples.Amy, 1, approvedBy: "staff:17"));
        Assert.Null(await Gives(club, Bob, 40, approvedBy: "staff:3"));
        Assert.Equal("staff-limit", await Gives(club, Bob, 11, approvedBy: "staff:3"));
        Assert.Equal("staff-limit", await Gives(club, Bob, 11));
        Assert.Null(await Gives(club, Bob, -10, approvedBy: "staff:3"));
        Assert.Equal("staff-limit", await Gives(club, Bob, 1, approvedBy: "staff:3"));
        Assert.Null(await Gives(club, Samples.Amy, 100, by: "staff:18"));
        Assert.Equal(-150, await club.Stock("staff.tea-club.points.adjust/points/month/2026-01/staff:17"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("staff:17 ")]
    [InlineData("Staff:17")]
    public async Task Nobody_is_a_second_person_by_a_blank_or_in_other_letters_HO9(string second)
    {
        var club = Club.Of(Limited(new StaffLimit { Request = LoyaltyEvents.AdjustName, Unit = "points", Alone = 100 }));

        Assert.Equal("approval-needed", await Gives(club, Samples.Amy, 101, approvedBy: second));
        Assert.Null(await Gives(club, Samples.Amy, 101, approvedBy: "staff:3"));
    }

    [Theory]
    [InlineData(CapPeriod.Day, "day/2026-01-15")]
    [InlineData(CapPeriod.Week, "week/2026-01-12")]
    [InlineData(CapPeriod.Month, "month/2026-01")]
    [InlineData(CapPeriod.Year, "year/2026")]
    public async Task Each_span_begins_at_midnight_where_the_programme_is(CapPeriod per, string name)
    {
        var club = Club.Of(Limited(Monthly with { Per = per }));
        var moment = new Moment(club.Now, Samples.HongKong);
        var last = per switch { CapPeriod.Day => new LocalDate(2026, 1, 15), CapPeriod.Week => new(2026, 1, 18), CapPeriod.Month => new(2026, 1, 31), _ => new LocalDate(2026, 12, 31) };
        Assert.Null(await Gives(club, Samples.Amy, 100));

        club.At(moment.StartOf(last.PlusDays(1)) - Duration.FromTicks(1));
        Assert.Equal("approval-needed", await Gives(club, Bob, 1));
        club.At(moment.StartOf(last.PlusDays(1)));
        Assert.Null(await Gives(club, Bob, 100));

        Assert.Equal(-100, await club.Stock($"staff.tea-club.points.adjust/points/{name}/staff:17"));
    }

    [Fact]
    public async Task Several_limits_hold_at_once_and_what_one_refuses_none_counts()
    {
        var club = Club.Of(Limited(Monthly with { Per = CapPeriod.Day, Unit = null, Alone = 50, Most = 50 }, Monthly with { Most = 120 }));

        Assert.Null(await Gives(club, Samples.Amy, 50));
        Assert.Equal("staff-limit", await Gives(club, Bob, 1));
        club.On(2026, 1, 16);
        Assert.Null(await Gives(club, Samples.Amy, 50));
        club.On(2026, 1, 17);
        Assert.Equal("approval-needed", await Gives(club, Bob, 20));
        Assert.Equal("staff-limit", await Gives(club, Bob, 21, approvedBy: "staff:3"));
        Assert.Null(await Gives(club, Bob, 20, approvedBy: "staff:3"));
        Assert.Equal(-120, await club.Stock("staff.tea-club.points.adjust/points/month/2026-01/staff:17"));
        Assert.Equal(-20, await club.Stock("staff.tea-club.points.adjust/*/day/2026-01-17/staff:17"));
    }

    [Fact]
    public async Task What_is_cancelled_is_taken_off_and_what_comes_again_counts_once()
    {
        var module = new LoyaltyModule(Limited(Monthly));
        var club = new Club(module);
        var gift = Gift("desk:1", Samples.Amy, 80);
        await club.Records(gift);
        await club.Records(gift);
        Assert.Equal("approval-needed", await Gives(club, Bob, 30));

        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("desk:1") });

        Assert.Null(await Gives(club, Bob, 100));
        Assert.Equal("approval-needed", await Gives(club, Bob, 1));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Requests_without_an_amount_count_as_one()
    {
        var club = Club.Of(Ladders.Program(Ladders.Usual) with { StaffLimits = [new() { Request = TierEvents.FloorName, Per = CapPeriod.Day, Alone = 2, Most = 2 }] });
        async Task<string> Raises(string who) => (await club.Records(TierEvents.Floor(club.NextKey(), Identity.User(who), "gold", "invitation", "staff:17"))).Refusal?.Code ?? "granted";

        Assert.Equal(["granted", "granted", "staff-limit"], [await Raises("a"), await Raises("b"), await Raises("c")]);
    }

    [Fact]
    public async Task A_quote_says_what_staff_may_still_give()
    {
        var club = Club.Of(Limited(Monthly));
        await Gives(club, Samples.Amy, 60);
        var gift = Gift("desk:quoted", Bob, 50);

        var quote = await club.Engine.QuoteAsync(gift, TestContext.Current.CancellationToken);

        Assert.Equal("approval-needed", quote.Receipt.Refusal?.Code);
        Assert.Equal(quote.Receipt.Refusal, Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(gift, quote.Token, TestContext.Current.CancellationToken)).Receipt.Refusal);
    }

    [Fact]
    public async Task Of_many_who_give_at_once_in_one_name_no_more_is_granted_than_the_limit()
    {
        var club = Club.Of(Limited(Monthly));

        var refusals = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(() => Gives(club, Identity.User($"guest-{n}"), 10, approvedBy: n % 2 == 0 ? "staff:3" : null, key: $"desk:{n}"))));

        var granted = refusals.Count(refusal => refusal is null);
        Assert.InRange(granted, 10, 15);
        Assert.Equal(-10 * granted, await club.Stock("staff.tea-club.points.adjust/points/month/2026-01/staff:17"));
        Assert.All(refusals.Index().Where(one => one.Index % 2 == 0 && one.Item is not null), one => Assert.Equal("staff-limit", one.Item));
    }

    [Fact]
    public void What_is_granted_is_what_the_sums_of_the_day_allow() => Law(static module => module).Check(Config.QuickThrowOnFailure.WithMaxTest(80));

    [Fact]
    public void Looking_at_each_request_by_itself_is_caught() => Caught(static (outcome, _) => outcome with { Quotas = [] });

    [Fact]
    public void Adding_up_by_customer_is_caught() => Caught(static (outcome, context) => outcome with { Quotas = outcome.Quotas.Select(draw => draw with { Name = $"{draw.Name}/{context.Customer}", Credit = 1_000 }).ToSequence() });

    [Fact]
    public void A_request_that_no_programme_has_is_told_with_the_nearest()
    {
        var errors = new LoyaltyProgramValidator().Validate(Limited(
            new StaffLimit { Request = "points.ajdust" },
            new StaffLimit { Request = "stamps.give", Unit = "points" },
            Monthly with { Per = CapPeriod.Award },
            Monthly,
            Monthly with { Alone = 1 })).Errors;

        Assert.Equal(["staffLimits[0].request", "staffLimits[1].unit", "staffLimits[2].per", "staffLimits[3]", "staffLimits[4]"], errors.Select(error => error.PropertyName));
        Assert.StartsWith("'points.ajdust' is no request that staff are limited in: did you mean 'points.adjust'? There are: balance.open, ", errors[0].ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_request_that_staff_are_limited_in_is_one_of_the_module() =>
        Assert.Empty(StaffLimit.Requests.Except(new LoyaltyModule(Limited()).Contract.Kinds.Where(kind => kind.Nature == EventNature.Request).Select(kind => kind.Name)));

    private static void Caught(Func<Outcome.Accepted, ModuleContext, Outcome> wrong) =>
        Counterfeits.Caught(() => Law(module => new Counting(module, wrong)).Check(Config.QuickThrowOnFailure.WithMaxTest(80)));

    // Two of the staff, three customers, a limit of 20 alone and 30 with a colleague in a day, gifts about the limits.
    private static Property Law(Func<ICustomerModule, ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.Choose(20, 30)),
        Arb.From(Gen.Zip(Gen.Zip(Gen.Choose(1, 2), Gen.Choose(0, 2)), Gen.Zip(Gen.Choose(1, 12), Gen.Choose(0, 9))).ListOf().Where(steps => steps.Count < 25)),
        async Task<bool> (most, steps) =>
        {
            var club = new Club(module(new LoyaltyModule(Limited(Monthly with { Per = CapPeriod.Day, Alone = 20, Most = most }))));
            var sums = new Dictionary<(int, LocalDate), long>();
            foreach (var ((staff, customer), (amount, what)) in steps)
            {
                club.At(club.Now + Duration.FromHours(what % 3));
                var day = (staff, new Moment(club.Now, Samples.HongKong).Date);
                var (isApproved, sum) = (what > 5, sums.GetValueOrDefault(day) + amount);
                var expected = sum > most ? "staff-limit" : sum > 20 && !isApproved ? "approval-needed" : null;
                if (await Gives(club, Identity.User($"guest-{customer}"), amount, by: $"staff:{staff}", approvedBy: isApproved ? "staff:3" : null) != expected)
                {
                    return false;
                }

                sums[day] = expected is null ? sum : sum - amount;
            }

            return true;
        });

    private static LoyaltyProgram Limited(params StaffLimit[] limits) => RewardClub.Program() with { StaffLimits = limits.ToSequence() };

    private static CustomerEvent Gift(string key, Identity who, long amount, string by = "staff:17", string? approvedBy = null) =>
        LoyaltyEvents.Adjust(key, who, amount, "goodwill", by, unit: "points") is var asked && approvedBy is null ? asked : asked with { Fields = asked.Fields.With(StaffFields.ApprovedBy, approvedBy) };

    private static async Task<string?> Gives(Club club, Identity who, long amount, string by = "staff:17", string? approvedBy = null, string? key = null) =>
        (await club.Records(Gift(key ?? club.NextKey(), who, amount, by, approvedBy))).Refusal?.Code;

    /// <summary>Loyalty that counts otherwise.</summary>
    private sealed class Counting(ICustomerModule real, Func<Outcome.Accepted, ModuleContext, Outcome> wrong) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => real.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) => real.Handle(state, context) switch
        {
            Outcome.Accepted accepted => wrong(accepted, context),
            var refused => refused,
        };
    }
}
