using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>
/// What a programme costs at worst. What is given once (a welcome, a challenge that can be achieved once, the first card's stamps, friends who come) and what staff give is not in it; what a purchase of another
/// currency earns neither.
/// </summary>
/// <param name="Currency">The currency in which the programme counts.</param>
/// <param name="Units">Each redeemable unit.</param>
public sealed record WorstCase(Currency Currency, Sequence<UnitCost> Units)
{
    /// <summary>What 1 of the currency that is spent costs at least, if customers buy what is best for them: shown by a cart for each unit.</summary>
    public decimal AtLeast => Units.Sum(unit => unit.CostAtLeast);

    /// <summary>What is handed over and has no known worth, as paths of the JSON form: rewards whose price the assumptions do not name, or name in another currency, and those that are given for nothing, free ones of cards without a prize, rewards that a surprise gives.</summary>
    public Sequence<string> Unpriced { get; init; }

    /// <summary>What 1 of the currency that is spent costs at most, whatever customers do; null: there is no such bound, or something has no known worth.</summary>
    public decimal? AtMost => Unpriced.IsEmpty && Units.All(unit => unit.CostAtMost is not null) ? Units.Sum(unit => unit.CostAtMost) : null;

    internal static WorstCase Of(Carts carts)
    {
        var currency = carts.UsualCurrency;
        var program = carts.Program;
        return new WorstCase(currency, program.Units.Where(unit => unit.Kind == UnitKind.Redeemable).Select(unit => Of(carts, unit.Name, currency)).ToSequence())
        {
            Unpriced = Places(program.Rewards, "rewards", reward => UnitWorth.IsUnknown(reward, carts.Assumptions, currency) || (reward.Costs.IsEmpty && reward.Kind is not Redemption.RewardKind.Units))
                .Concat(program.Payment is { } payment && payment.Value.Currency != currency ? ["payment"] : [])
                .Concat(Places(program.StampCards, "stampCards", card => card.Prize is null)).Concat(Places(program.Surprises, "surprises", surprise => surprise.Reward is not null)).ToSequence(),
        };
    }

    private static IEnumerable<string> Places<T>(Sequence<T> parts, string name, Func<T, bool> isUnpriced) =>
        parts.Select((part, place) => isUnpriced(part) ? $"{name}[{place}]" : null).OfType<string>();

    private static UnitCost Of(Carts carts, string unit, Currency currency)
    {
        var best = carts.Program.Rules.Select(rule => carts.For(rule, "cart")).OfType<CustomerEvent>().Where(cart => cart.Spend is { MinorUnits: > 0 } spend && spend.Currency == currency)
            .Select(cart => (Cart: cart, Rate: PumpFindings.Certain(carts, cart).GetValueOrDefault(unit) / (cart.Spend?.Amount ?? 1)))
            .OrderByDescending(one => one.Rate).FirstOrDefault();
        return new UnitCost(unit, best.Rate, Bound(carts, unit, currency), UnitWorth.All(carts.Program, unit, carts.Assumptions).FirstOrDefault(worth => worth.Pays.Currency == currency), InAYear(carts.Program, unit))
        {
            HasUnknownWorth = carts.Program.Rewards.Any(reward => reward.Costs.Any(cost => cost.Unit == unit) && UnitWorth.IsUnknown(reward, carts.Assumptions, currency))
                || (carts.Program.Payment is { } payment && payment.Unit == unit && payment.Value.Currency != currency),
            Cart = best.Rate > 0 ? best.Cart : null,
            WouldBound = InAYear(carts.Program, unit) is not null ? null : new Text(
                $"A limit on '{unit}' over all rules, for a day, week, month or year, would bound what a member gets in a year; limits of single rules or events do not.",
                $"為「{unit}」設定涵蓋所有規則的每日、每週、每月或每年上限，方可限定每名會員一年所得；只限個別規則或單次活動並不足夠。"),
        };
    }

    // The most units for 1 of the currency; null where nothing bounds them.
    private static decimal? Bound(Carts carts, string unit, Currency currency)
    {
        var program = carts.Program;
        var least = carts.Assumptions.LeastIn(currency).Amount;
        decimal? sum = 0;
        foreach (var rule in program.Rules.Where(rule => rule.On.Contains(EventKinds.PurchaseName) && rule is not Multiplier))
        {
            if ((LifeFindings.UnitOf(rule) ?? unit) == unit)
            {
                sum += Bound(carts, rule, currency);
            }
        }

        foreach (var card in program.StampCards.Where(card => card.On.Contains(EventKinds.PurchaseName)))
        {
            sum += StampsFor(card.Count, least, currency) * ((card.Prize is { } prize && prize.Unit == unit ? (decimal)prize.Amount / card.Goal : 0)
                + card.Milestones.Where(one => one.Prize.Unit == unit).Sum(one => (decimal)one.Prize.Amount / one.At));
        }

        sum += program.Surprises.Where(surprise => surprise.On.Contains(EventKinds.PurchaseName) && surprise.Gift?.Unit == unit).Sum(surprise => (surprise.Gift?.Amount ?? 0) / least);
        if (program.Referrals is { For: ReferralFor.EveryPurchase } referrals)
        {
            var (advocate, friend) = (referrals.Advocate, referrals.Friend);
            sum += ((advocate?.Unit == unit ? advocate.Value.Amount : 0) + (friend?.Unit == unit ? friend.Value.Amount : 0)) / Math.Max(least, referrals.Minimum?.Amount ?? 0);
        }

        foreach (var rule in program.Rules.OfType<Multiplier>().Where(rule => rule.Unit == unit && rule.On.Contains(EventKinds.PurchaseName)))
        {
            var factor = rule.ByTier.Select(one => one.Factor).Append(rule.Factor).Max(ratio => (decimal)ratio.Numerator / ratio.Denominator);
            sum = (sum * Math.Max(factor, 1)) + (rule.Rounding is Rounding.Floor or Rounding.Carry ? 0 : 1 / least) + ((rule.Terms.Least ?? 0) / least);
        }

        return program.Challenges.Any(challenge => challenge.Recurrence != Challenges.Recurrence.Once && challenge.Award.Any(award => award.Unit == unit))
            || program.Conversions.Any(conversion => conversion.To == unit) || program.Rewards.Any(reward => reward.Kind is Redemption.RewardKind.Units units && units.Amount.Unit == unit)
            ? null
            : sum;
    }

    private static decimal? Bound(Carts carts, IEarningRule rule, Currency currency)
    {
        var least = carts.LeastOf(rule).Amount;
        var floor = (rule.Terms.Least ?? 0) / least;
        return rule switch
        {
            PointsPerAmount one when one.Every.Currency != currency || one.Basis is EarningBasis.Spend { BeforeDiscount: true } => null,
            PointsPerAmount one => floor + (one.Points / one.Every.Amount) + (one.Points * (one.Rounding switch { Rounding.Ceiling => 1m, Rounding.Nearest => 0.5m, _ => 0m }) / (one.RoundAt == RoundingPoint.Line ? carts.Assumptions.LeastIn(currency).Amount : least)),
            PointsPerItem one => floor + (one.Points / (one.Every * PriceOf(carts, one, currency))),
            FixedPoints one => Math.Max(one.Points, rule.Terms.Least ?? 0) / least,
            SegmentEntry one => one.Terms.Frequency is { Per: CapPeriod.Ever } ? 0 : one.Points / least,
            _ => null,
        };
    }

    // The dearest thing that is counted may be the cheapest: an article without a price costs the least.
    private static decimal PriceOf(Carts carts, PointsPerItem rule, Currency currency)
    {
        var least = carts.Assumptions.LeastIn(currency).Amount;
        return rule.Items is { Skus.IsEmpty: false, Categories.IsEmpty: true, Collections.IsEmpty: true } items ? items.Skus.Min(sku => carts.Assumptions.PriceOf(sku) is { } price && price.Currency == currency ? price.Amount : least) : least;
    }

    private static decimal? StampsFor(StampCount count, decimal least, Currency currency) => count switch
    {
        StampCount.PerAmount { Every: var every } => every.Currency == currency ? 1 / every.Amount : null,
        StampCount.PerVisit { AtLeast: { } from } => from.Currency == currency ? 1 / Math.Max(from.Amount, least) : null,
        _ => 1 / least,
    };

    // What limits of all rules leave of a unit in a calendar year; null where they bound nothing.
    private static long? InAYear(LoyaltyProgram program, string unit) => program.Limits.Where(limit => limit.Unit == unit && limit.Rules.IsEmpty)
        .Select(limit => (limit.Most, Times: limit.Per switch { CapPeriod.Day => 366, CapPeriod.Week => 54, CapPeriod.Month => 12, CapPeriod.Year or CapPeriod.Ever => 1, _ => 0 }))
        .Where(limit => limit.Times > 0).Select(limit => (long?)(long)Int128.Min((Int128)limit.Most * limit.Times, long.MaxValue)).Min();
}

/// <summary>What one unit costs at worst.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="EarnedAtLeast">How many 1 of the currency earns at best, shown by <see cref="Cart"/>; 0 where no rule gives for a purchase alone.</param>
/// <param name="EarnedAtMost">How many 1 of the currency earns at most, whatever is bought; null: nothing bounds it.</param>
/// <param name="Worth">The best that a member gets for it; null: nothing with a known worth.</param>
/// <param name="InAYear">The most that rules give a member in a calendar year, by the limits of the programme; null: no limit.</param>
public sealed record UnitCost(string Unit, decimal EarnedAtLeast, decimal? EarnedAtMost, UnitWorth? Worth, long? InAYear)
{
    /// <summary>The cart that earns most; null where none is known.</summary>
    public CustomerEvent? Cart { get; init; }

    /// <summary>Whether something that is given for the unit has no known worth.</summary>
    public bool HasUnknownWorth { get; init; }

    /// <summary>What would bound what rules give a member in a year, where nothing does; null: it is bounded.</summary>
    public Text? WouldBound { get; init; }

    /// <summary>What 1 of the currency costs at least, in that currency.</summary>
    public decimal CostAtLeast => EarnedAtLeast * (Worth?.Each ?? 0);

    /// <summary>What 1 of the currency costs at most; null: nothing bounds it, or its worth.</summary>
    public decimal? CostAtMost => HasUnknownWorth ? null : EarnedAtMost * (Worth?.Each ?? 0);

    /// <summary>What a member costs in a year at most, in the currency of the worth; null: no limit bounds it, or the worth is not known.</summary>
    public decimal? CostInAYear => HasUnknownWorth ? null : InAYear * Worth?.Each;
}
