using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Storage;
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
    public void What_is_quoted_is_what_is_recorded_whatever_the_history()
    {
        var steps = (from amount in Gen.Choose(1, 400) from days in Gen.Choose(0, 60) select (amount, days)).NonEmptyListOf();
        Prop.ForAll(steps.ToArbitrary(), history => Agree([.. history]).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task Agree((int Amount, int Days)[] history)
    {
        var double_ = new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After };
        var program = Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, double_], Limits = [new EarningLimit { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 60 }] };
        var club = Club.Of(program);
        var now = Samples.Local(2026, 1, 15, 12);
        foreach (var (amount, days) in history)
        {
            now += NodaTime.Duration.FromDays(days);
            club.At(now);
            var sale = CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(amount));
            var (quote, before) = (await club.Engine.QuoteAsync(sale, Cancel), (await club.Ledger()).Count);
            var receipt = await club.Records(sale);

            Assert.Equal(quote.Receipt.Lines, receipt.Lines);
            Assert.Equal(quote.Entries, (await club.Ledger()).Skip(before));
        }
    }
}
