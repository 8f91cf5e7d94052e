using Crm.Ledger;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>What refunds take of a wallet is a function of what they are to have taken in all: in however many pieces it is asked, in whichever order, and though a piece may ask for less of a lot than the one before.</summary>
public sealed class RefundedWallets
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(1_000);
    private static readonly Instant Now = Samples.Local(2026, 6, 1);

    // What purchases had filled: lots that ran out, that nothing is left of, that are held, that idle, that stay, and that wait.
    private static readonly string[] Filled =
    [
        .. new[] { -9, 1, 2, 3, 4 }.Select(days => Lot.NameOf(Later(days))), Lot.Forever, Lot.Idle, $"{Lot.NameOf(Later(2))}@partner",
        new PendingLot { ActiveFrom = Later(1), Lot = new Lot(Later(3), 0) }.Name, new PendingLot { ActiveFrom = Later(2), Lot = new Lot(null, 0) }.Name, new PendingLot { ActiveFrom = Later(-2), Lot = new Lot(Later(2), 0) }.Name,
    ];

    [Fact]
    public void Pieces_add_up_to_the_whole_in_whatever_order() => PiecesLaw(Honest).Check(Thorough);

    [Fact]
    public void Forgetting_what_was_taken_instead_is_caught() => Counterfeits.Caught(() => PiecesLaw((wallet, more, _, policy) => Honest(wallet, more, new TakenInstead([]), policy)).Check(Thorough));

    [Fact]
    public void What_is_taken_is_what_is_asked_less_what_is_written_off() => SumLaw(Honest).Check(Thorough);

    [Fact]
    public void Taking_from_what_does_not_have_it_is_caught() =>
        Counterfeits.Caught(() => SumLaw((wallet, more, instead, policy) => (new WalletChange(more.Where(lot => lot.More > 0).Aggregate(wallet, (left, lot) => left.TakeBack(lot.Lot, lot.More, policy != DebtPolicy.Carry).Wallet), []), instead)).Check(Thorough));

    [Fact]
    public void Whatever_comes_and_goes_between_nothing_is_taken_twice_or_given_back_twice() => Prop.ForAll(Wallets.ToArbitrary(), Steps.NonEmptyListOf().ToArbitrary(), Gen.Elements(Enum.GetValues<DebtPolicy>()).ToArbitrary(), (wallet, steps, policy) =>
    {
        var (now, instead, total, shortfall) = (Now, new TakenInstead([]), new long[Filled.Length], 0L);
        foreach (var (what, amount, then) in steps)
        {
            var before = wallet;
            switch (what)
            {
                case 0:
                    now += Duration.FromHours(9 * amount);
                    wallet = wallet.Expire(now).Wallet.Activate(now).Wallet.Settled().Wallet;
                    break;
                case 1:
                    wallet = wallet.Issue(amount > 6 ? null : Later((int)amount), amount).Wallet;
                    break;
                case 2:
                    wallet = wallet.Take(amount)?.Wallet ?? wallet;
                    break;
                default:
                    (var change, instead) = wallet.TakeBack(Differences(then, total), instead, lot => lot != Filled[(int)amount], policy, new Lot(null, 0), now);
                    wallet = change.Wallet;
                    Assert.Equal(then.Sum() - total.Sum() - (wallet.Shortfall - shortfall), Held(before) - Held(wallet));
                    Assert.Equal(Held(wallet) - Held(before), change.Movements.Sum(moved => moved.Amount));
                    Assert.Equal(0, instead.Lots.Sum(lot => lot.Amount));
                    (total, shortfall) = (then, wallet.Shortfall);
                    break;
            }

            Assert.All(wallet.Lots, lot => Assert.True(lot.Amount > 0));
            Assert.All(wallet.Pending, lot => Assert.True(lot.Lot.Amount > 0));
            Assert.True(wallet.Shortfall >= 0 && (wallet.Debt == 0 || (wallet.Debt > 0 && wallet.Available == 0)));
        }
    }).Check(Thorough);

    private delegate (WalletChange Change, TakenInstead Instead) Takes(Wallet wallet, IReadOnlyList<(string Lot, long More)> more, TakenInstead instead, DebtPolicy policy);

    private static (WalletChange Change, TakenInstead Instead) Honest(Wallet wallet, IReadOnlyList<(string Lot, long More)> more, TakenInstead instead, DebtPolicy policy) =>
        wallet.TakeBack(more, instead, _ => true, policy, new Lot(null, 0), Now);

    // Not where a refund is refused of which not everything is there: that looks at each by itself.
    private static Property PiecesLaw(Takes takes) => Prop.ForAll(Wallets.ToArbitrary(), Totals.NonEmptyListOf().ToArbitrary(), Gen.Elements(DebtPolicy.Carry, DebtPolicy.ClampToZero, DebtPolicy.PendingOnly).ToArbitrary(), (wallet, pieces, policy) =>
    {
        var whole = takes(wallet, Differences(pieces[^1], new long[Filled.Length]), new TakenInstead([]), policy);
        var (change, instead, moved) = (new WalletChange(wallet, []), new TakenInstead([]), new List<LotMovement>());
        for (var i = 0; i < pieces.Count; i++)
        {
            (change, instead) = takes(change.Wallet, Differences(pieces[i], i == 0 ? new long[Filled.Length] : pieces[i - 1]), instead, policy);
            moved.AddRange(change.Movements);
        }

        Assert.Equal(whole.Change.Wallet, change.Wallet);
        Assert.Equal(whole.Instead.Lots, instead.Lots);
        Assert.Equal(Net(whole.Change.Movements), Net(moved));
    });

    private static Property SumLaw(Takes takes) => Prop.ForAll(Wallets.ToArbitrary(), Totals.Two().ToArbitrary(), Gen.Elements(Enum.GetValues<DebtPolicy>()).ToArbitrary(), (wallet, totals, policy) =>
    {
        var (first, instead) = takes(wallet, Differences(totals.Item1, new long[Filled.Length]), new TakenInstead([]), policy);
        var (second, then) = takes(first.Wallet, Differences(totals.Item2, totals.Item1), instead, policy);
        Assert.All([(wallet, totals.Item1, first, instead), (wallet, totals.Item2, second, then)], step =>
        {
            var (before, total, (after, _), taken) = step;
            Assert.Equal(total.Sum() - after.Shortfall, Held(before) - Held(after));
            Assert.All(after.Lots, lot => Assert.True(lot.Amount > 0));
            Assert.True(after.Shortfall >= 0 && (after.Debt == 0 || (after.Debt > 0 && after.Available == 0)));
            Assert.Equal(0, taken.Lots.Sum(lot => lot.Amount));
        });
        Assert.Equal(Held(wallet) - Held(second.Wallet), -first.Movements.Concat(second.Movements).Sum(moved => moved.Amount));
    });

    private static long Held(Wallet wallet) => wallet.Balance + wallet.PendingTotal;

    private static List<(string Lot, long More)> Differences(IReadOnlyList<long> total, IReadOnlyList<long> before) => [.. Filled.Select((lot, i) => (lot, total[i] - before[i])).Where(lot => lot.Item2 != 0)];

    private static IEnumerable<(string Lot, Movement Movement, long Amount)> Net(IEnumerable<LotMovement> moved) => moved.GroupBy(one => (one.Lot, one.Movement))
        .Select(lot => (lot.Key.Lot, lot.Key.Movement, Amount: lot.Sum(one => one.Amount))).Where(lot => lot.Amount != 0).Order();

    private static Instant Later(int days) => Now + Duration.FromDays(days);

    private static Gen<long[]> Totals => Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(1, 9))).Select(amount => (long)amount).ArrayOf(Filled.Length);

    private static Gen<(int What, long Amount, long[] Total)> Steps => from what in Gen.Choose(0, 5) from amount in Gen.Choose(1, 9) from total in Totals select (what, (long)amount, total);

    private static Gen<Wallet> Wallets =>
        from days in Gen.SubListOf(1, 2, 3, 4)
        from amounts in Gen.Choose(1, 9).ArrayOf(8)
        from mask in Gen.Choose(0, 31)
        select new Wallet
        {
            Lots =
            [
                .. days.Order().SelectMany((day, i) => day == 2 && (mask & 16) != 0 ? new[] { new Lot(Later(day), amounts[i]), new Lot(Later(day), amounts[i]) { Issuer = "partner" } } : [new Lot(Later(day), amounts[i])]),
                .. (mask & 1) != 0 ? new[] { new Lot(null, amounts[4]) { Idles = true } } : [],
                .. (mask & 2) != 0 ? new[] { new Lot(null, amounts[5]) } : [],
            ],
            IdleUntil = Later(5),
            Pending = new[] { new PendingLot { ActiveFrom = Later(1), Lot = new Lot(Later(3), amounts[6]) }, new PendingLot { ActiveFrom = Later(2), Lot = new Lot(null, amounts[7]) } }
                .Where((_, i) => (mask & (4 << i)) != 0).OrderBy(lot => lot.Name, StringComparer.Ordinal).ToSequence(),
        };
}
