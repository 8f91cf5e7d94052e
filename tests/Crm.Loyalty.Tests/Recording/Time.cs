using Crm.Ledger;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>What happens because time passes: at its instant, whether or not a worker runs.</summary>
public sealed class Time
{
    [Fact]
    public async Task Units_are_gone_after_their_last_day_though_no_worker_ran()
    {
        var club = Club.TeaClub();
        await club.Buys(100);

        club.On(2027, 1, 15, 23);
        Assert.Equal(10, await club.Points());
        club.On(2027, 1, 16, 0);
        Assert.Equal(0, await club.Points());
        Assert.Equal(Scalar.Of(0m), (await club.Amy()).Fact("loyalty.tea-club.points"));
        Assert.Equal("insufficient-balance", (await club.Redeems(1)).Refusal?.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_entry_of_an_expiry_counts_at_its_instant_however_late_it_is_written(bool worker)
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        club.On(2027, 3, 1);
        _ = worker ? await club.RunDue() : null;
        await club.Buys(100);

        var expired = (await club.Ledger()).Single(entry => entry.Movement == Movement.Expired);

        Assert.Equal((Samples.Local(2027, 1, 16), -10L, "2027-01-15T16:00:00Z"), (expired.OccurredAt, expired.Amount, expired.Lot));
        Assert.Equal(10, await club.Points());
    }

    [Fact]
    public async Task Lots_run_out_one_after_the_other()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        club.On(2026, 6, 1);
        await club.Buys(50);

        club.On(2027, 2, 1);
        Assert.Equal(5, await club.Points());
        club.On(2027, 6, 2);
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task Only_what_was_not_spent_runs_out_PTZ16()
    {
        var club = Club.TeaClub();
        await club.Buys(4_000);
        await club.Redeems(150);
        club.On(2027, 1, 16);
        await club.RunDue();

        Assert.Equal(-250, (await club.Ledger()).Single(entry => entry.Movement == Movement.Expired).Amount);
    }

    [Fact]
    public async Task A_tier_rises_at_once_is_kept_for_the_next_year_and_falls_at_the_turn_after()
    {
        var club = Club.TeaClub();
        await club.Buys(500);
        Assert.Equal("gold", await club.Tier());

        club.On(2027, 3, 1);
        await club.Buys(200);
        Assert.Equal("gold", await club.Tier());

        club.On(2027, 12, 31, 23);
        Assert.Equal("gold", await club.Tier());
        club.On(2028, 1, 1, 0);
        Assert.Equal("silver", await club.Tier());
        club.On(2029, 1, 1, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_year_that_begins_after_a_silent_one_closes_as_well()
    {
        var club = Club.TeaClub();
        await club.Buys(500);
        club.On(2029, 5, 1);
        Assert.Equal("bronze", await club.Tier());
        await club.Buys(200);
        Assert.Equal("silver", await club.Tier());

        club.On(2031, 1, 1, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task Spending_never_lowers_a_tier()
    {
        var club = Club.TeaClub();
        await club.Buys(500);
        await club.Redeems(50);

        Assert.Equal("gold", await club.Tier());
    }
}
