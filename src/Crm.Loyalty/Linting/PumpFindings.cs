using System.Numerics;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Linting;

/// <summary>Finds circles in which members make money, or units, out of nothing.</summary>
internal static class PumpFindings
{
    private const int MostPurchases = 400;
    private const long LargestStart = 1_000_000_000_000;

    public static IEnumerable<ProgramFinding> Of(Carts carts) => [.. Earning(carts), .. Conversions(carts), .. Gifts(carts), .. Referrals(carts), .. Refunds(carts)];

    /// <summary>What the rules that ask for nothing but a purchase give for a cart, unit by unit, by what they are certain to give: where others could keep them from it, nothing.</summary>
    internal static Dictionary<string, long> Certain(Carts carts, CustomerEvent cart)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        var program = carts.Program;
        foreach (var rule in program.Rules.OfType<EarningRule>().Where(rule => rule is not Multiplier && rule.When is null && IsFree(program, rule)))
        {
            if (carts.Earned(rule, cart) is { Amount: > 0 } earned)
            {
                sums[earned.Unit] = checked(sums.GetValueOrDefault(earned.Unit) + earned.Amount);
            }
        }

        return sums;
    }

    // Whether nothing but the cart decides what a rule gives: no other rule, no limit, no budget, and not how often it gave.
    internal static bool IsFree(LoyaltyProgram program, EarningRule rule) => rule.Terms is { Group: null, Frequency: null, OncePer: null, Cooldown: null }
        && LifeFindings.UnitOf(rule) is { } unit
        && program.Limits.All(limit => limit.Unit != unit || (!limit.Rules.IsEmpty && !limit.Rules.Contains(rule.Name)))
        && program.Budgets.All(budget => budget.Unit != unit || (!budget.Rules.IsEmpty && !budget.Rules.Contains(rule.Name)));

    private static IEnumerable<ProgramFinding> Earning(Carts carts)
    {
        var program = carts.Program;
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (rule, place) in program.Rules.Select((rule, place) => (rule, place)))
        {
            if (rule is not EarningRule { When: null } || !rule.On.Contains(EventKinds.PurchaseName) || carts.For(rule, "purchase-1") is not { Spend: { MinorUnits: > 0 } spend } cart)
            {
                continue;
            }

            foreach (var (unit, amount) in Certain(carts, cart).Where(one => one.Key == LifeFindings.UnitOf(rule) && !found.Contains(one.Key)))
            {
                if (Cycle(carts, unit, amount, spend) is not { } cycle || Available(program, unit, cart, carts) is not { } at)
                {
                    continue;
                }

                found.Add(unit);
                var purchases = Enumerable.Range(1, cycle.Purchases).Select(number => new WitnessStep(cart with { Key = new EventKey("witness", FormattableString.Invariant($"purchase-{number}")), OccurredAt = cart.OccurredAt + Duration.FromSeconds(number) }));
                if (carts.Redeem(cycle.Worth, cycle.Times, at + Duration.FromSeconds(cycle.Purchases + 1)) is not { } redeeming)
                {
                    continue;
                }

                var (paid, back) = (spend with { MinorUnits = checked(spend.MinorUnits * cycle.Purchases) }, cycle.Worth.Pays with { MinorUnits = checked(cycle.Worth.Pays.MinorUnits * cycle.Times) });
                yield return new ProgramFinding(
                    FindingCodes.MoneyPump,
                    $"rules[{place}]",
                    new Text(
                        $"{paid} spent earns {unit} for which '{cycle.Worth.Path}' gives {back}: who buys for nothing but the {unit} loses nothing.",
                        $"消費 {paid} 所得的 {unit}，經「{cycle.Worth.Path}」可換得 {back}：只為換取而購物亦無損失。"),
                    new Witness([.. carts.Joining(cart.OccurredAt ?? carts.Noon), .. purchases, redeeming], new WitnessClaim.MoneyBack()) { Supplies = carts.Filled });
            }
        }
    }

    // How many purchases and rewards bring back at least what was paid; null where none do.
    private static (UnitWorth Worth, int Purchases, long Times)? Cycle(Carts carts, string unit, long amount, Money spend)
    {
        foreach (var worth in UnitWorth.All(carts.Program, unit, carts.Assumptions).Where(worth => worth.Pays.Currency == spend.Currency && IsOpen(carts.Program, worth, unit)))
        {
            if ((Int128)amount * worth.Pays.MinorUnits < (Int128)spend.MinorUnits * worth.Units)
            {
                continue;
            }

            for (var purchases = 1; purchases <= MostPurchases; purchases++)
            {
                var times = Math.Min(checked(amount * purchases) / worth.Units, MostTimes(carts.Program, worth));
                if (times > 0 && (Int128)times * worth.Pays.MinorUnits >= (Int128)spend.MinorUnits * purchases && MeetsMinimum(carts.Program, worth, times))
                {
                    return (worth, purchases, times);
                }
            }
        }

        return null;
    }

    /// <summary>The best that everybody can have for a unit, and how often at least: a whole reward, or what payment asks for; null where there is nothing.</summary>
    internal static (UnitWorth Worth, long Times)? Spending(Carts carts, string unit)
    {
        var program = carts.Program;
        if (UnitWorth.All(program, unit, carts.Assumptions).FirstOrDefault(worth => IsOpen(program, worth, unit)) is not { } worth)
        {
            return null;
        }

        var least = Math.Max(worth.Units, worth.Path == "payment" ? program.Payment?.Minimum ?? 0 : 0);
        return (worth, (least + worth.Units - 1) / worth.Units);
    }

    private static bool MeetsMinimum(LoyaltyProgram program, UnitWorth worth, long times) => worth.Path != "payment" || program.Payment is not { } payment
        || (checked(times * worth.Units) >= payment.Minimum && (payment.Most is not { } most || checked(times * worth.Pays.MinorUnits) <= most.MinorUnits));

    private static long MostTimes(LoyaltyProgram program, UnitWorth worth) => RewardOf(program, worth)?.MostPerMember ?? 1_000;

    private static Reward? RewardOf(LoyaltyProgram program, UnitWorth worth) => program.Rewards.Where((_, place) => worth.Path == $"rewards[{place}]").FirstOrDefault();

    // Whether everybody can have it, at that price.
    private static bool IsOpen(LoyaltyProgram program, UnitWorth worth, string unit) => worth.Path == "payment"
        || RewardOf(program, worth) is { When: null, AutoAt: null, Costs: [{ When: null } cost, ..] } && cost.Unit == unit && cost.Amount == worth.Units;

    // When units that a cart earns can be spent; null where that is when something else happens.
    private static Instant? Available(LoyaltyProgram program, string unit, CustomerEvent cart, Carts carts)
    {
        var moment = carts.MomentOf(cart.OccurredAt ?? carts.Noon);
        Instant? last = moment.Instant;
        foreach (var rule in program.Rules.Where(rule => LifeFindings.UnitOf(rule) == unit))
        {
            var activation = (rule.Terms.Activation ?? program.Units.First(known => known.Name == unit).Activation).Of(moment);
            last = activation is null || last is null ? null : Instant.Max(last.Value, activation.Value);
        }

        // They may be gone before all of them can be spent.
        return last is { } at && program.Rules.Where(rule => LifeFindings.UnitOf(rule) == unit).Select(rule => rule.Terms.Expiry ?? program.Units.First(known => known.Name == unit).Expiry)
            .All(expiry => expiry.Of(moment) is not { } gone || gone > at + Duration.FromHours(1)) ? at : null;
    }

    // Exchanges and rewards that give units lead from unit to unit; a circle that multiplies to more than 1 makes units.
    private static IEnumerable<ProgramFinding> Conversions(Carts carts)
    {
        var program = carts.Program;
        var edges = program.Conversions.Select((one, place) => new Edge(one.From, one.To, one.Give, one.Get, $"conversions[{place}]", one.Name, null))
            .Concat(program.Rewards.Select((reward, place) => reward is { Kind: RewardKind.Units units, When: null, MostPerMember: null, AutoAt: null, Code: null, Costs: [{ When: null } cost, ..] }
                ? new Edge(cost.Unit, units.Amount.Unit, cost.Amount, units.Amount.Amount, $"rewards[{place}]", null, reward.Name)
                : null).OfType<Edge>()).ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var circle in edges.SelectMany(edge => Circles(edges, [edge])))
        {
            var gain = circle.Aggregate((Over: BigInteger.One, Under: BigInteger.One), (product, edge) => (product.Over * edge.Get, product.Under * edge.Give));
            if (gain.Over <= gain.Under || !seen.Add(string.Join(' ', circle.Select(edge => edge.Path).Order(StringComparer.Ordinal))) || Start(circle) is not { } start || Around(carts, circle, start) is not { } steps)
            {
                continue;
            }

            yield return new ProgramFinding(
                FindingCodes.ConversionPump,
                circle[0].Path,
                new Text(
                    $"Exchanging '{string.Join("', '", circle.Select(edge => edge.From))}' and back makes {Run(circle, start)} of {start} {circle[0].From}.",
                    $"經「{string.Join("」、「", circle.Select(edge => edge.From))}」循環轉換，{start} {circle[0].From} 變成 {Run(circle, start)}。"),
                new Witness([.. carts.Joining(carts.Noon), .. steps], new WitnessClaim.Grows(circle[0].From)) { Supplies = carts.Filled });
        }
    }

    private static IEnumerable<List<Edge>> Circles(List<Edge> edges, List<Edge> path)
    {
        if (path[^1].To == path[0].From)
        {
            return [path];
        }

        return path.Count >= 6 ? [] : edges.Where(edge => edge.From == path[^1].To && path.TrueForAll(earlier => earlier.From != edge.From))
            .SelectMany(edge => Circles(edges, [.. path, edge]));
    }

    // How many units go once around with a gain in whole steps; null where that takes too many.
    private static long? Start(List<Edge> circle)
    {
        for (long start = circle[0].Give; start <= LargestStart; start = checked(start * 10))
        {
            if (Run(circle, start) is { } back && back > start)
            {
                return start;
            }
        }

        return null;
    }

    private static long? Run(List<Edge> circle, long start)
    {
        var units = start;
        foreach (var edge in circle)
        {
            var steps = units / edge.Give;
            if (steps == 0 || (edge.Reward is not null && steps > 10_000) || (Int128)steps * edge.Get > LargestStart * 10)
            {
                return null;
            }

            units = steps * edge.Get;
        }

        return units;
    }

    private static List<WitnessStep>? Around(Carts carts, List<Edge> circle, long start)
    {
        var steps = new List<WitnessStep> { new(LoyaltyEvents.Adjust("witness:start", Witness.Customer, start, "witness", "staff:1", carts.Program.Name, circle[0].From) with { OccurredAt = carts.Noon }) };
        var units = start;
        foreach (var (edge, place) in circle.Select((edge, place) => (edge, place)))
        {
            var (times, key) = (units / edge.Give, FormattableString.Invariant($"witness:turn-{place}"));
            var request = edge.Reward is { } reward
                ? RewardEvents.Redeem(key, SpendAuthority.SignedIn(Witness.Customer), reward, times, program: carts.Program.Name)
                : LoyaltyEvents.Convert(key, Witness.Customer, checked(times * edge.Give), edge.Conversion) is var exchange ? exchange with { Fields = exchange.Fields.With(LoyaltyEvents.Program, carts.Program.Name) } : null;
            if (request is null)
            {
                return null;
            }

            steps.Add(new WitnessStep(request with { OccurredAt = carts.Noon + Duration.FromMinutes(place + 1) }));
            units = checked(times * edge.Get);
        }

        return steps;
    }

    // A welcome that can be given away: nobody pays anything, and one gathers what all were given.
    private static IEnumerable<ProgramFinding> Gifts(Carts carts)
    {
        var program = carts.Program;
        if (program.Membership.Enrolment == Enrolment.ByInvitation)
        {
            yield break;
        }

        foreach (var (gift, place) in program.Membership.Welcome.Select((gift, place) => (gift, place)))
        {
            if (program.Units.FirstOrDefault(unit => unit.Name == gift.Unit) is not { Transferable: true, Kind: UnitKind.Redeemable })
            {
                continue;
            }

            var friend = new Identity("witness", "another");
            var transfer = LoyaltyEvents.Transfer("witness:gift", friend, new CustomerId(1), gift.Amount, program.Name, gift.Unit) with { OccurredAt = carts.Noon + Duration.FromMinutes(1) };
            yield return new ProgramFinding(
                FindingCodes.GiftPump,
                $"membership.welcome[{place}]",
                new Text($"Joining gives {gift.Amount} {gift.Unit}, which may be given away: one member gathers what others are given for joining, and nobody pays.", $"入會即得 {gift.Amount} {gift.Unit} 且可轉贈：一人可收集多人的迎新禮遇而無人付款。"),
                new Witness(
                    [carts.Join(carts.Noon - Duration.FromMinutes(5), Witness.Customer), carts.Join(carts.Noon - Duration.FromMinutes(4), friend), new WitnessStep(transfer, Witness.Customer) { OtherField = LoyaltyEvents.To }],
                    new WitnessClaim.Gathers(gift.Unit, program.Membership.Welcome.Where(one => one.Unit == gift.Unit).Sum(one => one.Amount))) { Supplies = carts.Filled });
        }
    }

    // What both sides get for a friend who buys as little as counts.
    private static IEnumerable<ProgramFinding> Referrals(Carts carts)
    {
        var program = carts.Program;
        if (program.Referrals is not { } rules || program.Membership.Enrolment == Enrolment.ByInvitation)
        {
            yield break;
        }

        var gifts = new[] { rules.Advocate, rules.Friend }.OfType<UnitAmount>().ToList();
        var worths = gifts.Select(gift => gift.Unit).Distinct(StringComparer.Ordinal).Select(unit => UnitWorth.All(program, unit, carts.Assumptions).FirstOrDefault(worth => IsOpen(program, worth, unit))).OfType<UnitWorth>().ToList();
        if (worths.Count == 0)
        {
            yield break;
        }

        var currency = rules.Minimum?.Currency ?? worths[0].Pays.Currency;
        var least = rules.For == ReferralFor.Coming ? new Money(0, currency) : new Money(Math.Max(rules.Minimum?.MinorUnits ?? 0, carts.Assumptions.LeastIn(currency).MinorUnits), currency);
        var purchases = rules.For switch { ReferralFor.Coming => 0, ReferralFor.SecondPurchase => 2, _ => 1 };
        var paid = least with { MinorUnits = checked(least.MinorUnits * purchases) };
        var worth = gifts.Sum(gift => worths.FirstOrDefault(one => one.Unit == gift.Unit && one.Pays.Currency == currency) is { } one ? one.Each * gift.Amount : 0);
        if (worth <= 0 || worth < paid.Amount)
        {
            yield break;
        }

        var friend = new Identity("witness", "friend");
        var buying = Enumerable.Range(1, purchases).Select(number => new WitnessStep(carts.Purchase(FormattableString.Invariant($"friend-{number}"), least, carts.Noon + Duration.FromMinutes(number)) with { Identity = friend }));
        yield return new ProgramFinding(
            FindingCodes.ReferralPump,
            "referrals",
            new Text(
                $"A friend who pays {paid} brings both sides what is worth {Money.Rounded(worth, currency)}: who brings friends that do not exist loses nothing.",
                $"朋友只須付 {paid}，雙方便共得價值 {Money.Rounded(worth, currency)} 的禮遇：虛構朋友亦無損失。"),
            new Witness(
                [
                    .. carts.Joining(carts.Noon - Duration.FromMinutes(2)) is var joins && joins.Any() ? joins : [new WitnessStep(LoyaltyEvents.Visit("witness:visit", Witness.Customer) with { OccurredAt = carts.Noon - Duration.FromMinutes(7) })],
                    .. carts.Joining(carts.Noon - Duration.FromMinutes(1), friend),
                    new WitnessStep(ReferralEvents.Accept("witness:accept", friend, new CustomerId(1), default, program.Name) with { OccurredAt = carts.Noon }, Witness.Customer) { OtherField = ReferralEvents.Advocate },
                    .. buying,
                ],
                new WitnessClaim.HoldsWorth(worths.ToSequence())) { Supplies = carts.Filled });
    }

    // Buying, redeeming and bringing back, where what is missing is written off.
    private static IEnumerable<ProgramFinding> Refunds(Carts carts)
    {
        var program = carts.Program;
        foreach (var (unit, place) in program.Units.Select((unit, place) => (unit, place)).Where(pair => pair.unit is { Kind: UnitKind.Redeemable, Debt: not DebtPolicy.Carry }))
        {
            if (Spending(carts, unit.Name) is not var (worth, times))
            {
                continue;
            }

            foreach (var rule in program.Rules.OfType<EarningRule>().Where(rule => LifeFindings.UnitOf(rule) == unit.Name && rule.When is null && IsFree(program, rule) && rule.On.Contains(EventKinds.PurchaseName)))
            {
                if (carts.For(rule, "probe") is not { Spend: { } step } probe || Available(program, unit.Name, probe, carts) != probe.OccurredAt)
                {
                    continue;
                }

                var each = Certain(carts, probe).GetValueOrDefault(unit.Name);
                if (each <= 0)
                {
                    continue;
                }

                // One purchase that earns it.
                var spend = step with { MinorUnits = checked(step.MinorUnits * (((times * worth.Units) + each - 1) / each)) };
                if (carts.For(rule, "purchase", spend) is not { OccurredAt: { } bought } cart || Certain(carts, cart).GetValueOrDefault(unit.Name) < times * worth.Units || carts.Redeem(worth, times, bought + Duration.FromMinutes(1)) is not { } redeeming)
                {
                    continue;
                }

                var refund = CustomerEvent.Refund("witness:refund", Witness.Customer, cart.Key.ToString(), spend) with { OccurredAt = bought + Duration.FromMinutes(2) };
                yield return new ProgramFinding(
                    FindingCodes.RefundLoop,
                    $"units[{place}].debt",
                    new Text(
                        $"Who buys for {spend}, redeems the {unit.Name} by '{worth.Path}' and brings everything back keeps what was redeemed, because what is missing is written off.",
                        $"消費 {spend} 後以「{worth.Path}」兌換 {unit.Name} 再全數退貨，因不足之數撇帳，兌換所得得以保留。"),
                    new Witness([.. carts.Joining(bought), new(cart), redeeming, new(refund)], new WitnessClaim.MoneyBack()) { Supplies = carts.Filled });
                break;
            }
        }
    }

    // A way from one unit to another.
    private sealed record Edge(string From, string To, long Give, long Get, string Path, string? Conversion, string? Reward);
}
