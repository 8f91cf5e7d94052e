using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Redemption;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Units given to many at once.</summary>
public sealed class GrantBatches
{
    [Fact]
    public async Task A_batch_gives_once_and_is_taken_back_as_a_whole()
    {
        var club = Club.TeaClub();
        CustomerId[] customers = [await club.Meets("ann"), await club.Meets("ben"), await club.Meets("cat")];
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", customers.Select((customer, i) => (customer, (i + 1) * 10L)).ToSequence());
        var first = batch with { Grants = [batch.Grants[0]] };

        await first.RunAsync(club.Engine, TestContext.Current.CancellationToken);
        var report = await batch.RunAsync(club.Engine, TestContext.Current.CancellationToken);
        Assert.Equal((3, 60L), (report.Customers, report.Units));
        Assert.Equal(60, (await club.Ledger()).Sum(entry => entry.Amount));

        var undone = await batch.UndoAsync(club.Engine, TestContext.Current.CancellationToken);
        await batch.UndoAsync(club.Engine, TestContext.Current.CancellationToken);
        Assert.Equal((3, 60L), (undone.Customers, undone.Units));
        Assert.Equal(0, (await club.Ledger()).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task A_reward_that_the_units_give_by_themselves_is_no_part_of_the_report()
    {
        var club = RewardClub.With(RewardClub.Mug with { Kind = new RewardKind.Units(new("stars", 5)), Costs = [new("points", 100)], AutoAt = 100 });
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", [(await club.Meets("ann"), 100)]) { Unit = "points" };

        var report = await batch.RunAsync(club.Engine, TestContext.Current.CancellationToken);
        Assert.Equal((1, 100L), (report.Customers, report.Units));
        Assert.Equal((0L, 5L), ((await club.MembershipOf("ann")).Wallet("points").Balance, (await club.MembershipOf("ann")).Wallet("stars").Balance));
    }

    [Fact]
    public async Task What_was_spent_of_a_batch_is_owed_when_it_is_taken_back()
    {
        var club = Club.TeaClub();
        var ann = await club.Meets("ann");
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", [(ann, 10)]);
        await batch.RunAsync(club.Engine, TestContext.Current.CancellationToken);
        await club.Records(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Identity.User("ann")), 4));

        await batch.UndoAsync(club.Engine, TestContext.Current.CancellationToken);

        Assert.Equal(4, (await club.MembershipOf("ann")).Wallet("points").Debt);
    }

    [Fact]
    public async Task A_batch_that_names_a_customer_twice_gives_nothing_H2()
    {
        var club = Club.TeaClub();
        var ann = await club.Meets("ann");
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", [(ann, 10), (ann, 10)]);

        var wrong = await Assert.ThrowsAsync<InvalidOperationException>(async () => await batch.RunAsync(club.Engine, TestContext.Current.CancellationToken));

        Assert.Contains(ann.ToString(), wrong.Message);
        Assert.Empty(await club.Ledger());
    }

    [Fact]
    public async Task A_batch_reports_who_was_refused_and_why()
    {
        var club = Club.TeaClub();
        var batch = new GrantBatch("power-cut", "goodwill", "staff:1", [(await club.Meets("ann"), 0)]);

        Assert.Equal("invalid-amount", (await batch.RunAsync(club.Engine, TestContext.Current.CancellationToken)).Refused.Single().Code);
    }
}
