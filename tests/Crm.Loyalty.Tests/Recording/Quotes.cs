using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>A quote is the commit: the same fold, with all that follows, and nothing written until it is committed unchanged.</summary>
public sealed class Quotes
{
    [Fact]
    public async Task A_quote_writes_nothing_and_its_token_commits_exactly_it()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        var before = (await club.Ledger()).Count;
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(480));

        var quote = await club.Engine.QuoteAsync(sale, Cancel);
        Assert.Equal(before, (await club.Ledger()).Count);
        Assert.Equal("bronze", await club.Tier());
        Assert.Contains(quote.Receipt.Lines, line => line is { Code: "tier-changed", Subject: "gold" });
        Assert.Contains(quote.Facts, fact => fact.Name == "loyalty.tea-club.tier" && fact.Value == Scalar.Of("gold"));

        Assert.True(QuoteToken.TryParse(quote.Token.ToString(), out var token));
        var committed = Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, token, Cancel));

        Assert.Equal(quote.Entries, (await club.Ledger()).Skip(before));
        Assert.Equal(quote.Receipt.Lines, committed.Receipt.Lines);
        Assert.Equal("gold", await club.Tier());
        Assert.Equal(committed.Receipt, Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, token, Cancel)).Receipt);
    }

    [Fact]
    public async Task A_quote_is_stale_when_the_customer_has_changed()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(100));
        var quote = await club.Engine.QuoteAsync(sale, Cancel);

        await club.Buys(10);

        Assert.Equal(new Quoted.Stale("customer-changed"), await club.Engine.CommitAsync(sale, quote.Token, Cancel));
        Assert.Equal(new Quoted.Stale("another-event"), await club.Engine.CommitAsync(sale with { Key = EventKey.Parse("pos:other") }, quote.Token, Cancel));
        Assert.Equal(new Quoted.Stale("decided-otherwise"), await club.Engine.CommitAsync(sale with { Spend = Money.Hkd(200) }, (await club.Engine.QuoteAsync(sale, Cancel)).Token, Cancel));
        Assert.Equal(11, await club.Points());
    }

    [Fact]
    public async Task A_quote_is_stale_when_a_budget_has_run_out()
    {
        var club = Club.Of(Samples.TeaClub with { Ladders = [], Rules = [Samples.Per(1, 1)], Budgets = [new() { Name = "spring", Unit = "points" }] });
        IQuotas quotas = club.Store;
        await quotas.SetAsync("loyalty.tea-club.spring", 100, Cancel);
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(100));
        var quote = await club.Engine.QuoteAsync(sale, Cancel);
        await quotas.SetAsync("loyalty.tea-club.spring", 99, Cancel);

        Assert.Equal(new Quoted.Stale("decided-otherwise"), await club.Engine.CommitAsync(sale, quote.Token, Cancel));
        Assert.Empty(await club.Ledger());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public async Task A_quote_gives_of_what_is_due_and_of_the_sale_what_the_stock_has(long stock)
    {
        var club = Club.Of(RewardClub.Program(RewardClub.Mug with { AutoAt = 100, Stocked = true }) with
        {
            Ladders = [],
            Rules = [new FixedPoints { Name = "later", Unit = "points", Points = 100, Terms = new() { Activation = Activation.AfterDays(1) } }, Samples.Per(1, 1)],
        });
        await club.Fills(LoyaltyNames.StockOf("tea-club", "mug"), stock);
        await club.Buys(1);
        club.On(2026, 2, 1);
        var before = (await club.Ledger()).Count;
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(300));

        var quote = await club.Engine.QuoteAsync(sale, Cancel);
        Assert.Equal(before, (await club.Ledger()).Count);
        var committed = Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, quote.Token, Cancel));

        Assert.Equal(quote.Entries, (await club.Ledger()).Skip(before));
        Assert.Equal(quote.Receipt.Lines, committed.Receipt.Lines);
        Assert.Equal(Math.Min(stock, 4), (await club.Membership()).Rewards is [var mug] ? mug.Taken : 0);
    }

    [Fact]
    public void What_is_quoted_is_what_is_recorded_whatever_the_history() => AgreeLaw((engine, happened) => engine.QuoteAsync(happened, Cancel)).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void Quoting_nothing_for_what_is_asked_is_caught() => Counterfeits.Caught(() => AgreeLaw((engine, happened) =>
        engine.QuoteAsync(happened.Kind == EventKinds.PurchaseName ? happened : LoyaltyEvents.Visit(happened.Key.ToString(), Samples.Amy), Cancel)).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    [Fact]
    public async Task A_sale_that_was_recorded_upon_another_state_without_its_token_is_not_what_was_quoted()
    {
        var club = Club.Of(Doubling);
        await club.Buys(100);
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(100));
        var quote = await club.Engine.QuoteAsync(sale, Cancel);
        await club.Buys(480);
        var recorded = await club.Records(sale);
        Assert.NotEqual(quote.Entries.Sum(entry => entry.Amount), (await club.Ledger()).Where(entry => entry.Cause == sale.Key).Sum(entry => entry.Amount));

        Assert.Equal(new Quoted.Stale("recorded-apart") { Recorded = recorded }, await club.Engine.CommitAsync(sale, quote.Token, Cancel));
    }

    [Fact]
    public async Task A_token_of_whose_sale_the_journal_knows_no_more_is_stale_and_says_so()
    {
        var club = Club.TeaClub();
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(100));
        var quote = await club.Engine.QuoteAsync(sale, Cancel);
        Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, quote.Token, Cancel));
        club.On(2026, 6, 1);
        await club.Buys(10);
        Assert.Equal(1, (await club.Engine.DisposeOfJournalAsync(new DisposalRequest(Samples.Local(2026, 5, 1)), Cancel)).Customers);

        var stale = Assert.IsType<Quoted.Stale>(await club.Engine.CommitAsync(sale, quote.Token, Cancel));
        Assert.Equal(("recorded-apart", true), (stale.Reason, stale.Recorded?.IsShort));
    }

    /// <summary>Whatever happens between a quote and its commit, what is answered as committed is exactly what was quoted, however often it is asked; everything else is a conflict, and writes nothing.</summary>
    [Fact]
    public void A_token_commits_what_was_quoted_or_nothing_whatever_happens_meanwhile() => TokenLaw((engine, sale, token) => engine.CommitAsync(sale, token, Cancel)).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void Taking_whatever_was_recorded_for_what_was_quoted_is_caught() => Counterfeits.Caught(() => TokenLaw(async (engine, sale, token) =>
        (await engine.FindRecordedAsync([sale], Cancel))[0] is Recorded.Already(var receipt) ? new Quoted.Committed(receipt) : await engine.CommitAsync(sale, token, Cancel)).Check(Config.QuickThrowOnFailure.WithMaxTest(150)));

    [Fact]
    public void Committing_upon_whatever_state_there_is_is_caught() => Counterfeits.Caught(() => TokenLaw(async (engine, sale, token) =>
        await engine.CommitAsync(sale, token, Cancel) is Quoted.Stale { Reason: "customer-changed" } ? new Quoted.Committed(await engine.RecordAsync(sale, Cancel)) : await engine.CommitAsync(sale, token, Cancel)).Check(Config.QuickThrowOnFailure.WithMaxTest(150)));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LoyaltyProgram Doubling => Samples.TeaClub with
    {
        Rules = [.. Samples.TeaClub.Rules, new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After }],
        Limits = [new EarningLimit { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 60 }],
    };

    private enum Meanwhile
    {
        Nothing,
        TimePasses,
        WhatIsDueIsHandled,
        AnotherSale,
        RecordedApart,
        RecordedApartAfterAnotherSale,
        CommittedByALaterToken,
    }

    private static Property TokenLaw(Func<CrmEngine, CustomerEvent, QuoteToken, ValueTask<Quoted>> commits) => Prop.ForAll(
        (from amount in Gen.Choose(1, 400) from days in Gen.Choose(0, 200) select (amount, days)).ListOf(4).ToArbitrary(),
        Gen.Elements(Enum.GetValues<Meanwhile>()).ToArbitrary(),
        Gen.Elements(1, 99, 250, 480).ToArbitrary(),
        async Task<bool> (history, meanwhile, amount) =>
        {
            var club = Club.Of(Doubling);
            foreach (var (spent, days) in history)
            {
                club.At(club.Now + NodaTime.Duration.FromDays(days));
                await club.Buys(spent);
            }

            var sale = CustomerEvent.Purchase("till:quoted", Samples.Amy, Money.Hkd(amount));
            var quote = await club.Engine.QuoteAsync(sale, Cancel);
            club.At(club.Now + NodaTime.Duration.FromDays(meanwhile is Meanwhile.Nothing ? 0 : 40));
            if (meanwhile is Meanwhile.WhatIsDueIsHandled)
            {
                await club.RunDue();
            }

            if (meanwhile is Meanwhile.AnotherSale or Meanwhile.RecordedApartAfterAnotherSale or Meanwhile.CommittedByALaterToken)
            {
                await club.Buys(480);
            }

            var before = await club.Ledger();
            if (meanwhile is Meanwhile.RecordedApart or Meanwhile.RecordedApartAfterAnotherSale)
            {
                await club.Records(sale);
            }
            else if (meanwhile is Meanwhile.CommittedByALaterToken)
            {
                Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, (await club.Engine.QuoteAsync(sale, Cancel)).Token, Cancel));
            }

            var (recorded, answer) = (await club.Ledger(), await commits(club.Engine, sale, quote.Token));
            var written = (await club.Ledger()).Skip(before.Count).ToList();
            if (answer is Quoted.Committed)
            {
                Assert.Equal(quote.Entries, written);
            }
            else
            {
                Assert.Equal(recorded, await club.Ledger());
                Assert.NotEqual(Meanwhile.Nothing, meanwhile);
                Assert.NotEqual(Meanwhile.TimePasses, meanwhile);
            }

            Assert.Equal(answer, await commits(club.Engine, sale, quote.Token));
            Assert.Equal(before.Count + written.Count, (await club.Ledger()).Count);
            return true;
        });

    private static readonly string[] Deeds = ["sale", "sale", "refund", "cancellation", "visit", "redeem", "mug", "use", "want", "pay", "reserve", "capture", "void", "adjust"];

    private static LoyaltyProgram Shop => Doubling with
    {
        Rewards =
        [
            RewardClub.Mug with { Costs = [new("points", 7)], Code = new() { Pattern = "MUG-########" } },
            RewardClub.Mug with { Name = "cup", Costs = [new("points", 30)], AutoAt = 40 },
        ],
        Payment = new() { Unit = "points", Points = 1, Value = Money.Hkd(1), ClampsToBalance = true },
    };

    private static Property AgreeLaw(Func<CrmEngine, CustomerEvent, ValueTask<Quote>> quotes) => Prop.ForAll(
        (from deed in Gen.Elements(Deeds) from amount in Gen.Choose(1, 400) from days in Gen.Choose(0, 60) select (deed, amount, days)).NonEmptyListOf().ToArbitrary(),
        async Task<bool> (history) =>
        {
            var (club, sale, reservation) = (Club.Of(Shop), "pos:none", "pos:none");
            foreach (var ((deed, amount, days), place) in history.Select((step, place) => (step, place)))
            {
                club.At(club.Now + NodaTime.Duration.FromDays(days));
                var key = club.NextKey();
                var happened = deed switch
                {
                    "sale" => CustomerEvent.Purchase(key, Samples.Amy, Money.Hkd(amount)),
                    "refund" => CustomerEvent.Refund(key, Samples.Amy, sale, Money.Hkd(amount / 4)),
                    "cancellation" => CustomerEvent.Cancellation(key, Samples.Amy, sale),
                    "visit" => LoyaltyEvents.Visit(key, Samples.Amy),
                    "redeem" => LoyaltyEvents.Redeem(key, RewardClub.Authority, (amount / 20) + 1, unit: "points"),
                    "mug" => RewardEvents.Redeem(key, RewardClub.Authority, "mug", code: $"MUG-2222222{(place % 8) + 2}"),
                    "use" => RewardEvents.Use(key, Samples.Amy, $"MUG-2222222{(amount % 8) + 2}"),
                    "want" => CartEvents.Want(key, RewardClub.Authority, "cart", amount),
                    "pay" => RewardEvents.Pay(key, RewardClub.Authority, (amount / 20) + 1, Money.Hkd(amount), cart: "cart"),
                    "reserve" => RewardEvents.Reserve(key, RewardClub.Authority, (amount / 20) + 1, NodaTime.Duration.FromDays(amount % 90 + 1), unit: "points"),
                    "capture" => RewardEvents.Capture(key, Samples.Amy, reservation),
                    "void" => RewardEvents.Void(key, Samples.Amy, reservation),
                    _ => LoyaltyEvents.Adjust(key, Samples.Amy, amount - 100, "goodwill", "staff:17", unit: "points"),
                };
                (sale, reservation) = (deed == "sale" ? key : sale, deed == "reserve" ? key : reservation);
                var (quote, before) = (await quotes(club.Engine, happened), (await club.Ledger()).Count);
                var receipt = await club.Records(happened);

                Assert.Equal(quote.Receipt.Refusal, receipt.Refusal);
                Assert.Equal(quote.Receipt.Lines, receipt.Lines);
                Assert.Equal(quote.Entries, (await club.Ledger()).Skip(before));
            }

            return true;
        });
}
