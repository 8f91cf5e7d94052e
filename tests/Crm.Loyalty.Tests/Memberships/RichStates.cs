using Crm.Loyalty.Memberships;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Tests.Memberships;

/// <summary>Everything that a membership may have is written and read back.</summary>
public sealed class RichStates
{
    private static LotExpiry[] Lives { get; } =
    [
        LotExpiry.Never, LotExpiry.AfterMonths(12, LastDay.Included), new LotExpiry.After(1, 2, LastDay.Excluded, PeriodEnd.Quarter) { YearEndsIn = 3 }, new LotExpiry.OnDates([new DayOfYear(3, 31), new DayOfYear(12, 1)], LastDay.Excluded),
        new LotExpiry.OnAnniversary(2), new LotExpiry.WhenIdle(6, 1, LastDay.Included), new LotExpiry.WhenIdle(0, 30, LastDay.Excluded) { ByEarning = false, On = ["visit", "app.login"] },
    ];

    [Fact]
    public void What_waits_idles_is_counted_and_may_be_taken_back_is_kept()
    {
        var state = new LoyaltyState
        {
            Memberships =
            [
                new Membership
                {
                    Program = "tea-club",
                    Holdings =
                    [
                        new Holding("miles", new Wallet { Lots = [new Lot(null, 7)] }),
                        new Holding("points", new Wallet
                        {
                            Debt = 3,
                            Shortfall = 11,
                            IdleUntil = Samples.Local(2027, 1, 1),
                            Lots = [new Lot(Samples.Local(2026, 5, 1), 4) { Issuer = "wellcome" }, new Lot(null, 5) { Idles = true }, new Lot(null, 6)],
                            Pending =
                            [
                                .. Lives.Select(life => new PendingLot { Hold = "pos:0", Rule = "base", Life = life, Lot = new Lot(null, 1) }),
                                new PendingLot { Hold = "pos:1", LapsesAt = Samples.Local(2026, 3, 1), Rule = "base", Lot = new Lot(null, 9) { Issuer = "ikea" } },
                                new PendingLot { ActiveFrom = Samples.Local(2026, 2, 1), Lot = new Lot(Samples.Local(2026, 6, 1), 8) },
                            ],
                        }),
                    ],
                    Tallies = [new Tally("carry/base/HKD", 0, 499), new Tally("limit/daily", 20_500, 60)],
                    Awards =
                    [
                        new KeptAward("pos:1", "points", "forever", 100, 25, Samples.Local(2026, 1, 10)),
                        new KeptAward("pos:2", "points", "held:pos:2:base:forever", 10, 4, Samples.Local(2026, 1, 11)) { Awaited = new Awaited("forever", Samples.Local(2026, 1, 12)), Unowed = 3, TakenBefore = 2, UnowedBefore = 1 },
                        new KeptAward("pos:3", "points", "held:pos:3:base:forever", 10, 0, Samples.Local(2026, 1, 11)) { Awaited = new Awaited(null, Samples.Local(2026, 2, 12)) },
                    ],
                },
            ],
        };
        var codec = new LoyaltyModule(Samples.TeaClub).Contract.Codec;
        var writer = new SlotWriter();
        codec.Write(state, writer);
        var reader = new SlotReader(writer.Written.ToArray());

        Assert.Equal(state, codec.Read(codec.Version, ref reader));
    }

    [Fact]
    public void A_correction_adds_pending_units_and_tallies_lot_by_lot_and_count_by_count()
    {
        Membership Of(long pending, long counted) => new()
        {
            Program = "tea-club",
            Holdings = [new Holding("points", new Wallet { Pending = [new PendingLot { ActiveFrom = Samples.Local(2026, 2, 1), Lot = new Lot(null, pending) }] })],
            Tallies = [new Tally("limit/daily", 5, counted)],
        };

        var sum = Of(10, 60).Plus(Of(4, 20), Of(7, 50));

        Assert.Equal(Of(7, 30), sum);
    }
}
