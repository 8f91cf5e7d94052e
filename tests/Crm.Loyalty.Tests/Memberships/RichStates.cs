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
                        new KeptAward("pos:4", "points", "held:pos:4:base:forever", 10, 10, Samples.Local(2026, 1, 11)) { LapsesAt = Samples.Local(2026, 2, 12) },
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

    [Theory]
    [InlineData("moved/app:1|x|points|0000|forever", "moved/|app:1%7Cx|points|0000|forever")]
    [InlineData("moved/app:1|0002|x|points|0000|2026-11-30T16:00:00Z@a", "moved/|app:1%7C0002%7Cx|points|0000|2026-11-30T16:00:00Z@a")]
    [InlineData("drawn/app:1%|x|points|0012|debt", "drawn/|app:1%25%7Cx|points|0012|debt")]
    [InlineData("back/app:1|x|points", "back/|app:1%7Cx|points")]
    [InlineData("spender/app:1|x|points|0123456789abcdef0123456789abcdef", "spender/|app:1%7Cx|points|0123456789abcdef0123456789abcdef")]
    [InlineData("moved/app:1%7Cx|points|0000|forever", "moved/app:1%7Cx|points|0000|forever")]
    [InlineData("drawn/app:1|points|0000|forever", "drawn/app:1|points|0000|forever")]
    [InlineData("back/app:1|points", "back/app:1|points")]
    [InlineData("gone/points|forever", "gone/points|forever")]
    [InlineData("drawn/app:1|points|0000|held:pos:r|2024|1:base:forever", "drawn/app:1|points|0000|held:pos:r|2024|1:base:forever")]
    [InlineData("moved/app:1|2024|x|points|0001|held:pos:r|2024|1::2026-11-30T16:00:00Z@a~after,12,0,0,0,12", "moved/|app:1%7C2024%7Cx|points|0001|held:pos:r|2024|1::2026-11-30T16:00:00Z@a~after,12,0,0,0,12")]
    [InlineData("moved/app:1|x|points|0000|pending:2026-11-30T16:00:00Z:idle", "moved/|app:1%7Cx|points|0000|pending:2026-11-30T16:00:00Z:idle")]
    [InlineData("drawn/app:1|2024|x|points|0000|debt", "drawn/|app:1%7C2024%7Cx|points|0000|debt")]
    public void Tallies_of_the_versions_before_12_have_the_names_of_today(string stored, string name)
    {
        LoyaltyState Of(params string[] names) => LoyaltyState.Empty.With(names.Aggregate(new Membership { Program = "tea-club" }, (membership, one) => membership.With(new Tally(one, 7, 5))));
        var codec = new LoyaltyModule(Samples.TeaClub).Contract.Codec;
        var writer = new SlotWriter();
        codec.Write(Of(stored, "drawn/z:1|points|0000|forever", "moved/a"), writer);
        var old = new SlotReader(writer.Written.ToArray());
        var own = new SlotReader(writer.Written.ToArray());

        Assert.Equal(Of(name, "drawn/z:1|points|0000|forever", "moved/a"), codec.Read(11, ref old));
        Assert.Equal(Of(stored, "drawn/z:1|points|0000|forever", "moved/a"), codec.Read(12, ref own));
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
