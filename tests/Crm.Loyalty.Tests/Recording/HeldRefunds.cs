using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>In a programme without cascade a refund finds units that waited for an event where they are: waiting, in the lot that they went into when it came, or given up.</summary>
public sealed class HeldRefunds
{
    private static readonly EventKind Delivered = new("order.delivered", EventNature.Happening);
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 60);

    [Fact]
    public async Task What_still_waits_is_taken_where_it_waits()
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Buys(70, "pos:other");
        await Arrives(club, "pos:other");

        await club.Returns("pos:sale", 40);

        Assert.Equal((70L, 60L), await Numbers(club));
    }

    [Fact]
    public async Task What_has_come_is_taken_from_its_own_lot()
    {
        var club = Of();
        await club.Buys(100, "pos:early");
        await Arrives(club, "pos:early");
        await club.Buys(50, "pos:sale");
        club.On(2026, 1, 20);
        await Arrives(club, "pos:sale");

        await club.Returns("pos:sale", 50);

        Assert.Equal([(100L, Samples.Local(2026, 2, 15, 0))], (await Wallet(club)).Lots.Select(lot => (lot.Amount, lot.Expiry ?? default)));
    }

    [Fact]
    public async Task What_has_come_and_run_out_is_not_owed()
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await Arrives(club, "pos:sale");
        club.On(2026, 4, 1);

        var receipt = await club.Returns("pos:sale", 100);

        Assert.Equal((0L, 0L), ((await Wallet(club)).Balance, receipt.Total("points")));
    }

    [Fact]
    public async Task What_was_given_up_is_not_owed_and_the_rest_of_the_purchase_is()
    {
        var club = Of(Samples.Per(1, 2) with { Name = "at-once", Terms = new() { Activation = Activation.AtOnce } });
        await club.Buys(100, "pos:sale");
        Assert.Equal((50L, 100L), await Numbers(club));
        club.On(2026, 2, 20);
        await club.Buys(20, "pos:later");
        var before = await Numbers(club);
        Assert.Equal((10L, 20L), before);

        var receipt = await club.Returns("pos:sale", 40);

        Assert.Equal(before, await Numbers(club));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        Assert.Equal(0, receipt.Total("points"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_what_waits_to_wait(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        var before = await Wallet(club);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));

        await Cancels(club, "pos:back");

        Assert.Equal(before, await Wallet(club));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_nothing_that_would_have_been_given_up(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));
        club.On(2026, 2, 20);

        await Cancels(club, "pos:back");

        Assert.Equal((0L, 0L), await Numbers(club));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_into_the_lot_that_they_would_be_in(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));
        club.On(2026, 1, 20);
        await Arrives(club, "pos:sale");
        club.On(2026, 1, 22);

        await Cancels(club, "pos:back");

        Assert.Equal([(100L, Samples.Local(2026, 2, 20, 0))], (await Wallet(club)).Lots.Select(lot => (lot.Amount, lot.Expiry ?? default)));
    }

    /// <summary>Units wait for as long as the programme said that gave them, whatever it says by now.</summary>
    [Fact]
    public async Task A_cancelled_refund_gives_back_what_waits_for_as_long_as_it_was_going_to()
    {
        var program = Program([]);
        LoyaltyProgram hasty = program with { Units = [program.Units[0] with { Activation = new Activation.OnEvent(Delivered.Name, 10) }, program.Units[1]] };
        var club = new Club(new LoyaltyModule(new([program.Define(), hasty.Define(2, Samples.Local(2026, 1, 18))]), [Delivered]));
        await club.Buys(100, "pos:sale");
        var before = await Wallet(club);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(100)));
        club.On(2026, 2, 5);

        await Cancels(club, "pos:back");

        Assert.Equal(before, await Wallet(club));
        club.On(2026, 2, 15);
        Assert.Equal((0L, 0L), await Numbers(club));
    }

    /// <summary>A state of before it was kept what became of units that wait does not say in which lot they are: they are owed wherever they are, also after the time in which they would have been given up.</summary>
    [Fact]
    public async Task What_had_come_in_a_state_that_does_not_say_where_it_is_is_owed()
    {
        var module = Module();
        var club = new Club(new OfVersion10(module));
        await club.Buys(100, "pos:sale");
        await Arrives(club, "pos:sale");
        club.On(2026, 2, 10);
        club.StartsAgainWith(module);
        await club.Buys(70, "pos:other");
        await Arrives(club, "pos:other");
        club.On(2026, 2, 20);

        await club.Returns("pos:sale", 40);

        Assert.Equal(30, (await Wallet(club)).Balance);
    }

    [Fact]
    public async Task What_was_all_taken_back_and_given_up_since_is_taken_nowhere_else()
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Returns("pos:sale", 60);
        club.On(2026, 2, 20);
        await club.Buys(70, "pos:other");
        await Arrives(club, "pos:other");

        await club.Returns("pos:sale", 40);

        Assert.Equal((70L, 0L), await Numbers(club));
    }

    /// <summary>Laws (b) and (c) for units that wait: in however many pieces and in whichever order purchases come back, of which some have come, some wait and some were given up.</summary>
    [Fact]
    public void Pieces_and_order_of_refunds_make_no_difference() => PiecesLaw(Module).Check(Thorough);

    [Fact]
    public void Looking_for_what_came_under_its_old_name_is_caught() => Counterfeits.Caught(() => OwnLotLaw(() => new UnderTheOldName(Module())).Check(Thorough));

    /// <summary>A purchase that comes back as a whole, with nothing spent, leaves all others exactly as without it, wherever its units are by then.</summary>
    [Fact]
    public void What_comes_back_leaves_others_as_without_it() => OwnLotLaw(Module).Check(Thorough);

    private static Property PiecesLaw(Func<ICustomerModule> module) => Prop.ForAll(Stories.ToArbitrary(), Gen.Choose(1, 99).ToArbitrary(), async Task<bool> (story, piece) =>
    {
        var whole = await LeftAsync(module(), story, [(0, 100), (1, 100)]);
        Assert.Equal(whole, await LeftAsync(module(), story, [(0, piece), (1, 100), (0, 100 - piece)]));
        Assert.Equal(whole, await LeftAsync(module(), story, [(1, piece), (0, 100), (1, 100 - piece)]));
        return true;
    });

    private static Property OwnLotLaw(Func<ICustomerModule> module) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var unspent = story with { Spends = 0 };
        Assert.Equal(await LeftAsync(module(), unspent with { Orders = [.. unspent.Orders.Select((order, i) => i == 0 ? order with { Spend = 0 } : order)] }, []), await LeftAsync(module(), unspent, [(0, 100)]));
        return true;
    });

    // What of each lot is left, and owed, after refunds of so many hundredths of a purchase.
    private static async Task<string> LeftAsync(ICustomerModule module, Story story, (int Order, int Percent)[] refunds)
    {
        var club = new Club(module);
        await club.Buys(1, "pos:born");
        var events = story.Orders.SelectMany((order, i) => new[]
        {
            (order.Day, Happens: (Func<ValueTask<Receipt>>)(() => order.Spend == 0 ? club.Records(LoyaltyEvents.Visit($"web:{i}", Samples.Amy)) : club.Buys(order.Spend, $"till:{i}"))),
            (order.Day + order.Arrives, () => order.Spend == 0 || order.Arrives == 0 ? club.Records(LoyaltyEvents.Visit($"web:arrives-{i}", Samples.Amy)) : Arrives(club, $"till:{i}")),
        });
        foreach (var (day, happens) in events.OrderBy(one => one.Item1))
        {
            club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
            await happens();
        }

        club.At(Samples.Local(2026, 1, 15, 13) + Duration.FromDays(Math.Max(story.Until, story.Orders.Max(order => order.Day + order.Arrives))));
        if (story.Spends > 0)
        {
            await club.Redeems(story.Spends, unit: "points");
        }

        foreach (var (order, percent) in refunds)
        {
            await club.Returns($"till:{order % story.Orders.Length}", story.Orders[order % story.Orders.Length].Spend * percent / 100m);
        }

        var wallet = await Wallet(club);
        return string.Join(' ', wallet.Lots.Select(lot => $"{lot.Name}={lot.Amount}").Concat(wallet.Pending.Select(lot => $"{lot.Name}={lot.Lot.Amount}")).Append($"owed {wallet.Debt}"));
    }

    private static Gen<Story> Stories =>
        from orders in (from day in Gen.Choose(0, 40) from spend in Gen.Choose(1, 9) from arrives in Gen.Choose(0, 35) select new Order(day, spend * 100, arrives)).ArrayOf(3)
        from until in Gen.Choose(30, 90)
        from spends in Gen.Choose(0, 900)
        select new Story(orders, until, spends);

    private sealed record Order(int Day, int Spend, int Arrives);

    private sealed record Story(Order[] Orders, int Until, int Spends);

    private static ValueTask<Receipt> Arrives(Club club, string original) => club.Records(new CustomerEvent { Key = EventKey.Parse($"van:{original.Replace(':', '-')}"), Kind = Delivered.Name, Identity = Samples.Amy, Original = EventKey.Parse(original) });

    private static ValueTask<Receipt> Cancels(Club club, string original) => club.Records(new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) });

    private static Club Of(params IEarningRule[] more) => new(Module(more));

    private static LoyaltyModule Module() => Module([]);

    // Units wait 30 days for the delivery, and live 30 days from then on.
    private static LoyaltyModule Module(IEarningRule[] more)
    {
        return new LoyaltyModule(new([Program(more).Define()]), [Delivered]);
    }

    private static LoyaltyProgram Program(IEarningRule[] more) =>
        LotScenarios.Points(LotExpiry.AfterDays(30, LastDay.Included), [Samples.Per(1, 1), .. more]) is var program
            ? program with { Units = [program.Units[0] with { Activation = new Activation.OnEvent(Delivered.Name, 30) }, program.Units[1]], Cascade = Cascade.None }
            : throw new InvalidOperationException();

    private static async Task<Wallet> Wallet(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Wallet("points");

    private static async Task<(long Available, long Pending)> Numbers(Club club) => await Wallet(club) is var wallet ? (wallet.Available, wallet.PendingTotal) : default;

    /// <summary>Forgets what became of what waited.</summary>
    private sealed class UnderTheOldName(ICustomerModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Awards = membership.Awards.Select(award => award with { Awaited = null }).ToSequence() }) }
                : outcome;
    }

    /// <summary>Keeps of what came what a state of version 10 is read as.</summary>
    private sealed class OfVersion10(ICustomerModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Awards = membership.Awards.Select(award => award.Awaited is null ? award : award with { Awaited = new Awaited(award.Lot, award.At), LapsesAt = null }).ToSequence() }) }
                : outcome;
    }
}
