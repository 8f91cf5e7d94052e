using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Linting;

/// <summary>Finds units that are gone as soon as they can be spent. A lot's own life begins when it becomes available; only idleness counts from before.</summary>
internal static class LifeFindings
{
    public static IEnumerable<ProgramFinding> Of(Carts carts)
    {
        var program = carts.Program;
        foreach (var (rule, place) in program.Rules.Select((rule, place) => (rule, place)))
        {
            if (UnitOf(rule) is not { } name || program.Units.FirstOrDefault(unit => unit.Name == name) is not { } unit
                || (rule.Terms.Expiry ?? unit.Expiry) is not LotExpiry.WhenIdle || (unit.Idle ?? unit.Expiry as LotExpiry.WhenIdle) is not { } idle
                || (rule.Terms.Activation ?? unit.Activation) is not { } activation || !unit.ExpiryByTier.IsEmpty
                || rule is not EarningRule { When: null } own || carts.For(rule, "purchase") is not { } cart || carts.Earned(own, cart) is not { Amount: > 0 })
            {
                continue;
            }

            var moment = carts.MomentOf(cart.OccurredAt ?? carts.Noon);
            if (activation.Of(moment) is { } available && available > moment.Instant && moment.StartOf(idle.GoneAfter(moment.Date)) <= available)
            {
                var path = rule.Terms.Activation is null ? $"units[{program.Units.ToList().IndexOf(unit)}].pending" : $"rules[{place}].pending";
                yield return new ProgramFinding(
                    FindingCodes.ExpiryBeforeActivation,
                    path,
                    new Values.Text(
                        $"'{name}' of rule '{rule.Name}' can be spent from {Day(carts.DayOf(available))} when earned on {Day(moment.Date)}, and is gone by then unless the member does something in between.",
                        $"規則「{rule.Name}」的「{name}」在 {Day(moment.Date)} 獲得、{Day(carts.DayOf(available))} 才可使用，但期間沒有活動便已失效。"),
                    new Witness([.. carts.Joining(moment.Instant), new WitnessStep(cart)], new WitnessClaim.GoneWhenAvailable(name, available)) { Supplies = carts.Filled });
            }
        }
    }

    private static string Day(LocalDate date) => LocalDatePattern.Iso.Format(date);

    /// <summary>The unit that a rule gives; null for rules in code.</summary>
    public static string? UnitOf(IEarningRule rule) => rule switch
    {
        PointsPerAmount one => one.Unit,
        PointsPerItem one => one.Unit,
        FixedPoints one => one.Unit,
        Multiplier one => one.Unit,
        YearlyPoints one => one.Unit,
        SegmentEntry one => one.Unit,
        _ => null,
    };
}
