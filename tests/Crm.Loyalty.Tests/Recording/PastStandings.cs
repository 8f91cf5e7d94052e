using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Tiers, stamps and units at any instant: what was read then is what is told of then, whatever happened since; and what is told of the future comes if nothing happens.</summary>
public sealed class PastStandings
{
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);

    private static readonly LoyaltyProgram Program = Samples.TeaClub with { StampCards = [CupCards.Buy(4) with { Expiry = new(Loyalty.Stamps.StampLife.LatestStamp, LotExpiry.AfterMonths(2, LastDay.Included)) }] };

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void What_was_read_then_is_what_is_told_of_then_whatever_happened_since(Cascade cascade) => Law(past: true, error: Duration.Zero, cascade).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Theory]
    [InlineData(null)]
    [InlineData(20)]
    public async Task A_bonus_that_stayed_after_a_refund_is_told_of_that_time_as_the_books_have_it(int? knownAt)
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 1), new FixedPoints { Name = "second", Unit = "points", Points = 500, When = If.Purchases().Count().Is(2) }], Ladders = [], Cascade = Cascade.None });
        await club.Buys(100, "pos:first");
        club.On(2026, 1, 16);
        await club.Buys(100, "pos:second");
        await club.Returns("pos:first", 100);
        club.On(2026, 3, 1);
        await club.Buys(7, "pos:third");
        await club.Returns("pos:third", 7);

        var then = await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(Samples.Local(2026, 1, 20)) { WithoutLaterAmendments = true, KnownAt = knownAt is { } day ? Samples.Local(2026, 1, day) : null });

        Assert.Equal(600, then?.Customer.Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Wallet("points").Balance);
    }

    [Fact]
    public void What_is_told_of_the_future_comes_if_nothing_happens() => Law(past: false, error: Duration.Zero).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_laws_catch_an_answer_about_another_day(bool past) =>
        Counterfeits.Caught(() => Law(past, error: Duration.FromDays(45)).Check(Config.QuickThrowOnFailure.WithMaxTest(25)));

    private static Property Law(bool past, Duration error, Cascade cascade = Cascade.History) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (days) =>
    {
        var club = Club.Of(Program with { Rules = [.. Program.Rules, new FixedPoints { Name = "second", Unit = "points", Points = 5, When = If.Purchases().InLast(Duration.FromDays(40)).Count().AtLeast(2) }], Cascade = cascade });
        var module = cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module;
        var (read, at) = (new List<(Instant At, Standing Standing)>(), Start);
        foreach (var (gap, cups, back) in days)
        {
            club.At(at += Duration.FromDays(gap));
            if (read.Count > 0)
            {
                read.Add((at, Of(await club.Amy(), module)));
            }

            var key = club.NextKey();
            await club.Records(CupCards.Purchase(key, cups));
            read.Add((at, Of(await club.Amy(), module)));
            if (back)
            {
                club.At(at += Duration.FromHours(5));
                await club.Records(CupCards.Refund(club.NextKey(), key, 1));
                read.Add((at, Of(await club.Amy(), module)));
            }
        }

        if (past)
        {
            // What was refunded later had not been refunded then.
            foreach (var (then, standing) in read.Where((one, i) => i == read.Count - 1 || read[i + 1].At != one.At))
            {
                var view = await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(then - error) { KnownAt = then, WithoutLaterAmendments = true });
                Assert.Equal(standing, view is null ? null : Of(view.Customer, module));
            }

            return true;
        }

        var (asked, later) = (await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(at + Duration.FromDays(400) - error)), at + Duration.FromDays(400));
        club.At(later);
        Assert.Equal(Of(await club.Amy(), module), asked is null ? null : Of(asked.Customer, module));
        return true;
    });

    private static Standing Of(CustomerView customer, string module)
    {
        var membership = customer.Slot<LoyaltyState>(module).In("tea-club");
        var card = membership.Card("cups");
        return new(customer.Fact("loyalty.tea-club.tier").AsCode, card.Stamps, card.Free, card.Expires, membership.Wallet("points").Lots);
    }

    private static Gen<List<(int Gap, int Cups, bool Back)>> Histories =>
        (from gap in Gen.Choose(1, 120) from cups in Gen.Choose(1, 12) from back in Gen.Elements(false, false, true) select (gap, cups, back)).NonEmptyListOf().Select(days => days.ToList());

    private sealed record Standing(string? Tier, long Stamps, long Free, Instant? Expires, Sequence<Lot> Lots);
}
