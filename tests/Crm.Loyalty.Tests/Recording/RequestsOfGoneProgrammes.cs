using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>What was asked of a programme that is gone stands as it was recorded: whatever is corrected afterwards finds the same books as if the programme were still there.</summary>
public sealed class RequestsOfGoneProgrammes
{
    private const string Act = "app:act";

    private static LoyaltyProgram Second { get; } = RewardClub.Program() with { Name = "second-club" };

    private static LoyaltyProgram Program { get; } = Base() with
    {
        Rewards = [RewardClub.Mug, new() { Name = "stars", Kind = new RewardKind.Units(new("stars", 5)), Costs = [new("points", 70)] }],
        Conversions = [new("to-stars", "points", "stars", 10, 3)],
        Payment = new() { Unit = "points", Points = 1, Value = new Money(10, Currency.Hkd) },
        Membership = MembershipRules.Usual with { Leaving = LeavePolicy.Forfeit },
    };

    private const string Reinstated = "reinstate";

    public static TheoryData<string> Acts => [.. Requests.Keys];

    // How much had run out and could come back is kept by the programme alone: what a hand brought back stays.
    public static TheoryData<string> Spending => [.. Requests.Keys.Where(act => act != Reinstated)];

    private static Dictionary<string, Func<Club, Task>> Requests { get; } = new()
    {
        ["redeem"] = club => Records(club, LoyaltyEvents.Redeem(Act, RewardClub.Authority, 120, "tea-club", "points")),
        ["redeem all"] = club => Records(club, LoyaltyEvents.Redeem(Act, RewardClub.Authority, 160, "tea-club", "points")),
        ["give"] = club => Records(club, LoyaltyEvents.Adjust(Act, Samples.Amy, 30, "goodwill", "staff:1", "tea-club", "points")),
        ["take"] = club => Records(club, LoyaltyEvents.Adjust(Act, Samples.Amy, -90, "mistake", "staff:1", "tea-club", "points")),
        ["transfer"] = async club => await Records(club, LoyaltyEvents.Transfer(Act, Samples.Amy, await club.Meets("ben"), 80, "tea-club", "points")),
        ["convert"] = club => Records(club, LoyaltyEvents.Convert(Act, Samples.Amy, 95, "to-stars", "tea-club")),
        ["pay"] = club => Records(club, RewardEvents.Pay(Act, RewardClub.Authority, 75, Money.Hkd(100), "tea-club")),
        ["mug"] = club => Records(club, RewardEvents.Redeem(Act, RewardClub.Authority, "mug", program: "tea-club")),
        ["stars"] = club => Records(club, RewardEvents.Redeem(Act, RewardClub.Authority, "stars", 2, program: "tea-club")),
        ["reserve"] = club => Records(club, RewardEvents.Reserve(Act, RewardClub.Authority, 130, Duration.FromDays(30), "tea-club", "points")),
        ["reserve a mug"] = club => Records(club, RewardEvents.ReserveReward(Act, RewardClub.Authority, "mug", Duration.FromDays(30), program: "tea-club")),
        ["reserve and capture"] = async club =>
        {
            await Records(club, RewardEvents.Reserve(Act, RewardClub.Authority, 130, Duration.FromDays(30), "tea-club", "points"));
            await Records(club, RewardEvents.Capture("app:2", Samples.Amy, Act, 70, "tea-club"));
        },
        ["reserve and void"] = async club =>
        {
            await Records(club, RewardEvents.Reserve(Act, RewardClub.Authority, 130, Duration.FromDays(30), "tea-club", "points"));
            await Records(club, RewardEvents.Void("app:2", Samples.Amy, Act, "tea-club"));
        },
        ["reserve and let lapse"] = async club =>
        {
            await Records(club, RewardEvents.Reserve(Act, RewardClub.Authority, 130, Duration.FromMinutes(5), "tea-club", "points"));
            club.At(club.Now + Duration.FromHours(1));
            await club.RunDue();
        },
        ["redeem and return"] = async club =>
        {
            await Records(club, LoyaltyEvents.Redeem(Act, RewardClub.Authority, 120, "tea-club", "points"));
            await Records(club, LoyaltyEvents.Return("app:2", Samples.Amy, Act, 50, "tea-club", "points"));
        },
        ["amend"] = club => Records(club, LoyaltyEvents.AmendLots(Act, Samples.Amy, Samples.Local(2026, 9, 1), "terms", "consent-1", "staff:1", program: "tea-club", unit: "points")),
        [Reinstated] = async club =>
        {
            club.On(2027, 1, 17);
            await club.RunDue();
            await Records(club, LoyaltyEvents.Reinstate(Act, Samples.Amy, 80, null, "goodwill", "staff:1", program: "tea-club", unit: "points"));
        },
        ["leave"] = club => Records(club, MemberEvents.Leave(Act, Samples.Amy, "tea-club")),
        ["reserve and leave"] = async club =>
        {
            await Records(club, RewardEvents.Reserve("app:2", RewardClub.Authority, 130, Duration.FromDays(30), "tea-club", "points"));
            await Records(club, MemberEvents.Leave(Act, Samples.Amy, "tea-club"));
        },
    };

    [Theory]
    [MemberData(nameof(Spending))]
    public async Task A_refund_finds_the_books_as_if_the_programme_were_there_D4(string act)
    {
        var (kept, gone) = (await Played(act, new(Program, Second), Refund), await Played(act, new(Second), Refund));

        Assert.Equal(kept, gone);
    }

    [Theory]
    [MemberData(nameof(Acts))]
    public async Task A_request_is_taken_back_as_if_the_programme_were_there_D9(string act)
    {
        var (kept, gone) = (await Played(act, new(Program, Second), Cancel), await Played(act, new(Second), Cancel));

        Assert.Equal(kept, gone);
    }

    [Theory]
    [InlineData("mug")]
    [InlineData("reserve a mug")]
    [InlineData("convert")]
    public async Task What_a_request_cost_stands_whatever_it_would_cost_now_D4(string act)
    {
        async Task Late(Club club)
        {
            club.On(2027, 6, 1);
            await club.RunDue();
            await Refund(club);
        }

        var dear = Program with { Rewards = [RewardClub.Mug with { Costs = [new("points", 50)] }], Conversions = [new("to-stars", "points", "stars", 20, 9)] };

        Assert.Equal(await Played(act, new(Program, Second), Late), await Played(act, new(dear, Second), Late));
    }

    [Fact]
    public async Task Debts_are_made_of_what_was_spent_and_not_there()
    {
        var club = Club.Of(Program, Second);
        await club.Buys(100, "pos:first");
        await Requests["mug"](club);
        club.StartsAgainWith(new LoyaltyModule(Second));

        await club.Returns("pos:first", 40);

        Assert.Equal(40, (await club.Membership()).Wallet("points").Debt);
    }

    [Fact]
    public async Task What_is_set_aside_returns_at_its_time()
    {
        var club = Club.Of(Program, Second);
        await club.Buys(100, "pos:first");
        await Requests["mug"](club);
        await club.Buys(200);
        await club.Records(RewardEvents.Reserve("app:2", RewardClub.Authority, 130, Duration.FromDays(30), "tea-club", "points"));
        club.StartsAgainWith(new LoyaltyModule(Second));

        club.On(2026, 3, 15);
        await club.RunDue();

        var membership = await club.Membership();
        Assert.Equal((200, 0), (membership.Wallet("points").Available, membership.Reserved("points")));
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Corrects is not null);
    }

    private static LoyaltyProgram Base()
    {
        var program = RewardClub.Program();
        return program with { Ladders = [], Units = [program.Units[0] with { Transferable = true, Returns = new(90, GoneLots.StillExpired), ReinstateWithinDays = 90 }, .. program.Units.Skip(1)] };
    }

    private static async Task Records(Club club, CustomerEvent request) => Assert.Null((await club.Records(request)).Refusal);

    private static async Task Refund(Club club) => await club.Returns("pos:first", 100);

    private static async Task Cancel(Club club) => await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:cancels"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(Act) });

    // Two purchases, a request, then other programmes or the same, and a correction; the books right after it, and when all has run out.
    private static async Task<string> Played(string act, LoyaltyModule then, Func<Club, Task> correct)
    {
        var club = Club.Of(Program, Second);
        await club.Meets("ben");
        await club.Buys(100, "pos:first");
        club.On(2026, 1, 20);
        await club.Buys(60, "pos:other");
        club.On(2026, 1, 25);
        await Requests[act](club);
        await club.Pump();
        club.StartsAgainWith(then);
        await correct(club);
        await club.Pump();
        var after = await Books(club);
        club.On(2028, 6, 1);
        await club.RunDue();
        return $"{after}\n\n{await Books(club)}";
    }

    private static async Task<string> Books(Club club)
    {
        var ben = (await club.Reads(Identity.User("ben")))?.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club") ?? throw new InvalidOperationException("Nobody is called Ben.");
        var ledger = (await club.Ledger()).Where(entry => entry is { Program: "tea-club", Unit: not "status" }).ToList();
        return string.Join('\n', new[] { await club.Membership(), ben }.SelectMany(whose => whose.Holdings.Where(holding => holding.Unit != "status" && (holding.Wallet != Wallet.Empty || whose.Reserved(holding.Unit) > 0)).Select(holding => $"{holding.Unit} {string.Join(' ', holding.Wallet.Lots)} owes {holding.Wallet.Debt} aside {whose.Reserved(holding.Unit)}"))
            .Concat(Sums(ledger, entry => $"{entry.Unit} in {entry.Lot}"))
            .Concat(Sums(ledger.Where(entry => entry.Movement != Movement.Offset), entry => $"{entry.Unit} {(entry.Movement == Movement.Reversed ? Movement.Issued : entry.Movement)}")));
    }

    private static IEnumerable<string> Sums(IEnumerable<LedgerEntry> ledger, Func<LedgerEntry, string> by) =>
        ledger.GroupBy(by, (name, entries) => (name, Sum: entries.Sum(entry => entry.Amount))).Where(net => net.Sum != 0).Select(net => $"{net.name} {net.Sum}").Order(StringComparer.Ordinal);
}
