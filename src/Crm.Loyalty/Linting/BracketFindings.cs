using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>Finds gaps and overlaps between rules that divide the spend among themselves, and tiers that a multiplier leaves out between others.</summary>
internal static class BracketFindings
{
    private const string Spend = "event.spend";

    public static IEnumerable<ProgramFinding> Of(Carts carts) => Brackets(carts).Concat(Tiers(carts));

    // Rules that give the same unit for the same events and ask for nothing but a span of the spend.
    private static IEnumerable<ProgramFinding> Brackets(Carts carts)
    {
        var currency = carts.UsualCurrency;
        var spans = carts.Program.Rules.Select((rule, place) => Span(rule, place, new Money(1, currency).Amount)).OfType<Bracket>()
            .Where(span => carts.Program.Limits.All(limit => limit.Unit != span.Unit) && IsWhole(span.First, currency) && IsWhole(span.Beyond ?? 0, currency));
        foreach (var family in spans.GroupBy(span => (LifeFindings.UnitOf(span.Rule), On: string.Join(' ', span.Rule.On), span.Rule.Terms)).Where(family => family.Count() > 1))
        {
            var ordered = family.OrderBy(span => span.First).ThenBy(span => span.Beyond ?? decimal.MaxValue).ToList();
            var furthest = ordered[0];
            for (var i = 1; i < ordered.Count; i++)
            {
                var upper = ordered[i];
                if (furthest.Beyond is { } beyond && beyond < upper.First)
                {
                    yield return Finding(FindingCodes.Gap, carts, furthest, upper, beyond, currency);
                }

                foreach (var lower in ordered.Take(i).Where(lower => !(lower.Beyond <= upper.First)))
                {
                    yield return Finding(FindingCodes.Overlap, carts, lower, upper, upper.First, currency);
                }

                furthest = furthest.Beyond is { } end && !(upper.Beyond <= end) ? upper : furthest;
            }
        }
    }

    private static ProgramFinding Finding(string code, Carts carts, Bracket lower, Bracket upper, decimal at, Currency currency)
    {
        var (gap, spend) = (code == FindingCodes.Gap, Money.Of(at, currency));
        var (first, second) = (carts.Purchase("lower", Money.Of(Math.Max(lower.First, 0), currency), carts.Noon), carts.Purchase("upper", Money.Of(upper.First, currency), carts.Noon + NodaTime.Duration.FromMinutes(2)));
        var middle = carts.Purchase("between", spend, carts.Noon + NodaTime.Duration.FromMinutes(1));
        WitnessStep[] joining = [.. carts.Joining(carts.Noon)];
        return new ProgramFinding(
            code,
            $"rules[{upper.Place}].when",
            gap
                ? new Text($"A purchase of {spend} earns neither by rule '{lower.Rule.Name}' nor by rule '{upper.Rule.Name}', though less and more do.", $"消費 {spend} 時，規則「{lower.Rule.Name}」與「{upper.Rule.Name}」均不給予，較少或較多卻會。")
                : new Text($"A purchase of {spend} earns by rule '{lower.Rule.Name}' and by rule '{upper.Rule.Name}'.", $"消費 {spend} 時，規則「{lower.Rule.Name}」與「{upper.Rule.Name}」同時給予。"),
            gap
                ? new Witness([.. joining, new(first), new(middle), new(second)], new WitnessClaim.Earns([lower.Rule.Name, upper.Rule.Name], [lower.Points, 0, upper.Points])) { Supplies = carts.Filled }
                : new Witness([.. joining, new(middle)], new WitnessClaim.Earns([lower.Rule.Name, upper.Rule.Name], [checked(lower.Points + upper.Points)])) { Supplies = carts.Filled });
    }

    // Only rules of a fixed number, whose parts of the witness are then known; those of a group compete as their policy says.
    private static Bracket? Span(IEarningRule rule, int place, decimal step)
    {
        if (rule is not FixedPoints { With: null, When: { } when } given || rule.Terms != EarningTerms.Usual || rule.On is not [Events.EventKinds.PurchaseName])
        {
            return null;
        }

        var bracket = new Bracket(given, place, given.Unit, given.Points);
        foreach (var part in when is Condition.All all ? all.Of : [when])
        {
            switch (part)
            {
                case Condition.Field { Name: Spend, Is: Test.AtLeast { Value: { Kind: ScalarKind.Number, AsNumber: var from } } }:
                    bracket = bracket with { First = Math.Max(bracket.First, from) };
                    break;
                case Condition.Field { Name: Spend, Is: Test.MoreThan { Value: { Kind: ScalarKind.Number, AsNumber: var before } } }:
                    bracket = bracket with { First = Math.Max(bracket.First, before + step) };
                    break;
                case Condition.Field { Name: Spend, Is: Test.LessThan { Value: { Kind: ScalarKind.Number, AsNumber: var until } } } when bracket.Beyond is null:
                    bracket = bracket with { Beyond = until };
                    break;
                case Condition.Field { Name: Spend, Is: Test.AtMost { Value: { Kind: ScalarKind.Number, AsNumber: var last } } } when bracket.Beyond is null:
                    bracket = bracket with { Beyond = last + step };
                    break;
                case Condition.Field { Name: Spend, Is: Test.Between { From: { Kind: ScalarKind.Number, AsNumber: var from }, To: { Kind: ScalarKind.Number, AsNumber: var to } } } when bracket.Beyond is null:
                    bracket = bracket with { First = Math.Max(bracket.First, from), Beyond = to + step };
                    break;
                default:
                    return null;
            }
        }

        return bracket.Beyond <= bracket.First ? null : bracket;
    }

    private static IEnumerable<ProgramFinding> Tiers(Carts carts)
    {
        foreach (var (rule, place) in carts.Program.Rules.Select((rule, place) => (rule, place)))
        {
            if (rule is not Multiplier { When: null } multiplier || multiplier.ByTier.IsEmpty || carts.Program.Ladders.FirstOrDefault(ladder => ladder.Name == multiplier.Ladder) is not { } ladder)
            {
                continue;
            }

            var levels = multiplier.ByTier.Select(one => ladder.LevelOf(one.Tier)).Order().ToList();
            for (var level = levels[0] + 1; level < levels[^1]; level++)
            {
                if (levels.Contains(level) || Earning(carts, multiplier) is not { } earning || !IsMore(FactorOf(multiplier, ladder.Tiers[levels.Last(below => below < level)].Name), multiplier.Factor))
                {
                    continue;
                }

                var (lower, left) = (ladder.Tiers[levels.Last(one => one < level)].Name, ladder.Tiers[level].Name);
                var (one, other) = (carts.For(earning.Rule, "lower", earning.Spend), carts.For(earning.Rule, "between", earning.Spend));
                if (one?.OccurredAt is not { } at || other is null)
                {
                    continue;
                }

                yield return new ProgramFinding(
                    FindingCodes.TierGap,
                    $"rules[{place}].byTier",
                    new Text($"Rule '{rule.Name}' lists '{lower}' and a tier above '{left}', but not '{left}', whose members so earn less than those of '{lower}'.", $"規則「{rule.Name}」列出「{lower}」及「{left}」以上的等級，卻漏了「{left}」，其會員所得反較「{lower}」少。"),
                    new Witness(
                        [
                            .. carts.Joining(at),
                            Pin(carts, lower, ladder.Name, at - NodaTime.Duration.FromMinutes(2), "lower"), new(one),
                            Pin(carts, left, ladder.Name, at + NodaTime.Duration.FromMinutes(1), "between"), new(other with { OccurredAt = at + NodaTime.Duration.FromMinutes(2) }),
                        ],
                        new WitnessClaim.Earns([earning.Rule.Name, multiplier.Name], [With(earning.Amount, FactorOf(multiplier, lower)), With(earning.Amount, multiplier.Factor)])) { Supplies = carts.Filled });
            }
        }
    }

    private static bool IsWhole(decimal amount, Currency currency) => Money.Rounded(amount, currency).Amount == amount;

    private static WitnessStep Pin(Carts carts, string tier, string ladder, NodaTime.Instant at, string name) =>
        new(Crm.Loyalty.Tiers.TierEvents.Pin($"witness:pin-{name}", Witness.Customer, tier, "witness", "staff:1", null, carts.Program.Name, ladder) with { OccurredAt = at });

    // What stands alone before the multiplier, so that what a witness earns is known: otherwise the finding could not be shown.
    private static (EarningRule Rule, Money Spend, long Amount)? Earning(Carts carts, Multiplier multiplier)
    {
        var plain = carts.Program is { Limits.IsEmpty: true, Budgets.IsEmpty: true } && multiplier is { Rounding: Rounding.Floor, RoundAt: RoundingPoint.Rule, Of.IsEmpty: true } && multiplier.Terms == EarningTerms.Usual;
        var others = carts.Program.Rules.Where(rule => rule.Name != multiplier.Name && (LifeFindings.UnitOf(rule) ?? multiplier.Unit) == multiplier.Unit).ToList();
        if (!plain || others is not [PointsPerAmount { When: null, Rounding: Rounding.Floor, RoundAt: RoundingPoint.Rule } own] || own.Terms != EarningTerms.Usual || !multiplier.On.Contains(Events.EventKinds.PurchaseName)
            || carts.Program.Rules.TakeWhile(rule => rule.Name != multiplier.Name).All(rule => rule.Name != own.Name))
        {
            return null;
        }

        var spend = own.Every with { MinorUnits = checked(own.Every.MinorUnits * 100) };
        return (own, spend, checked(own.Points * 100));
    }

    private static long With(long amount, Ratio factor) => Math.Max(amount, (long)((Int128)amount * factor.Numerator / factor.Denominator));

    private static Ratio FactorOf(Multiplier rule, string tier) => rule.ByTier.First(one => one.Tier == tier).Factor;

    private static bool IsMore(Ratio one, Ratio other) => (Int128)one.Numerator * other.Denominator > (Int128)other.Numerator * one.Denominator;

    // A rule and the span of the spend for which it gives: from the smallest amount of money for which it does, to the smallest beyond for which it does no more.
    private sealed record Bracket(FixedPoints Rule, int Place, string Unit, long Points)
    {
        public decimal First { get; init; }

        public decimal? Beyond { get; init; }
    }
}
