using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Refunds of units of which nothing is taken where not all is there: a policy about each refund by itself, so pieces and order matter by its nature, and these laws hold instead.</summary>
public sealed class RejectedRefunds
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 60);

    [Fact]
    public void Each_refund_takes_all_or_nothing_and_what_it_does_not_take_is_written_off() => AllLaw(DebtPolicy.Reject).Check(Thorough);

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    [InlineData(DebtPolicy.PendingOnly)]
    public void Taking_a_part_is_caught(DebtPolicy policy) => Counterfeits.Caught(() => AllLaw(policy).Check(Thorough));

    /// <summary>Laws (b) and (c) as far as the policy can have them: where all is there that any of the refunds asks.</summary>
    [Fact]
    public void Where_all_is_there_pieces_and_order_make_no_difference() => PiecesLaw(enough: true).Check(Thorough);

    [Fact]
    public void Pieces_of_what_is_not_all_there_are_caught() => Counterfeits.Caught(() => PiecesLaw(enough: false).Check(Thorough));

    private static Property AllLaw(DebtPolicy policy) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var club = await Played(policy, story, story.Spent);
        foreach (var (order, amount) in story.Refunds)
        {
            var before = await Wallet(club);
            var earned = (await Membership(club)).Awards.Sum(award => award.Taken);
            await club.Returns($"till:{order}", amount);
            var (after, due) = (await Wallet(club), (await Membership(club)).Awards.Sum(award => award.Taken) - earned);
            Assert.Contains((before.Balance - after.Balance, after.Shortfall - before.Shortfall), new[] { (due, 0L), (0L, due) });
            Assert.Equal(before.Balance < due, after.Shortfall > before.Shortfall);
            Assert.Equal(0, after.Debt);
        }

        return true;
    });

    private static Property PiecesLaw(bool enough) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var spent = enough ? 0 : story.Spent;
        var (one, other) = (await Played(DebtPolicy.Reject, story, spent), await Played(DebtPolicy.Reject, story, spent));
        foreach (var (order, amount) in story.Refunds)
        {
            await one.Returns($"till:{order}", amount);
        }

        foreach (var (order, amount) in Enumerable.Reverse(story.Refunds))
        {
            await other.Returns($"till:{order}", amount - (amount / 3));
            await other.Returns($"till:{order}", amount / 3);
        }

        Assert.Equal(await Wallet(one), await Wallet(other));
        return true;
    });

    private static async Task<Club> Played(DebtPolicy policy, Story story, long spent)
    {
        var program = LotScenarios.Points(LotExpiry.Never, Samples.Per(1, 1));
        var club = Club.Of(program with { Units = [program.Units[0] with { Debt = policy }, program.Units[1]], Cascade = Cascade.None });
        for (var i = 0; i < story.Orders.Length; i++)
        {
            await club.Buys(story.Orders[i], $"till:{i}");
        }

        await club.Redeems(Math.Max(1, Math.Min(spent, story.Orders.Sum() - 1)), unit: "points");
        if (spent == 0)
        {
            await club.Buys(1);
        }

        return club;
    }

    private static Gen<Story> Stories =>
        from orders in Gen.Choose(2, 90).ArrayOf(3)
        from refunds in (from order in Gen.Choose(0, 2) from amount in Gen.Choose(1, 90) select (order, amount)).NonEmptyListOf()
        from spent in Gen.Choose(1, 250)
        select new Story(orders, [.. refunds.DistinctBy(refund => refund.order).Select(refund => (refund.order, Math.Min(refund.amount, orders[refund.order])))], spent);

    private static async Task<Membership> Membership(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club");

    private static async Task<Wallet> Wallet(Club club) => (await Membership(club)).Wallet("points");

    private sealed record Story(int[] Orders, (int Order, int Amount)[] Refunds, long Spent);
}
