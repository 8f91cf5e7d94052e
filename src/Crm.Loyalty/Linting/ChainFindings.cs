using System.Globalization;
using Crm.Engine;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>
/// Finds chains in which a rule gives for a new tier what the next tier asks for. What rules give only ever adds up, so a chain ends at the highest tier; one that is longer than the rounds that an engine follows is
/// cut off in the middle.
/// </summary>
internal static class ChainFindings
{
    private static readonly int Rounds = new CrmOptions().EchoRounds;

    public static IEnumerable<ProgramFinding> Of(Carts carts)
    {
        var program = carts.Program;
        foreach (var (ladder, place) in program.Ladders.Select((ladder, place) => (ladder, place)))
        {
            if (FedBy(ladder) is not { } unit || ladder.Start == TierStart.NextPeriod || ladder.Window is QualificationWindow.SinceTierStart
                || program.StaffLimits.Any(limit => limit.Request == LoyaltyEvents.AdjustName) || program.Membership != Members.MembershipRules.Usual)
            {
                continue;
            }

            var rules = program.Rules.OfType<FixedPoints>().Where(rule => rule.Unit == unit && rule is { When: null, With: null } && rule.On.Contains(LoyaltyNames.TierChanged) && rule.Terms == EarningTerms.Usual && PumpFindings.IsFree(program, rule)).ToList();
            var start = ladder.Tiers.FirstOrDefault(tier => tier is { From: > 0, InvitationOnly: false, When: null })?.From ?? 0;
            if (rules.Count == 0 || start == 0 || Changes(ladder, start, rules.Sum(rule => rule.Points)) is not (var changes and > 0) || changes <= Rounds)
            {
                continue;
            }

            var names = string.Join(", ", rules.Select(rule => rule.Name));
            yield return new ProgramFinding(
                FindingCodes.LongChain,
                string.Create(CultureInfo.InvariantCulture, $"ladders[{place}]"),
                new Text(
                    string.Create(CultureInfo.InvariantCulture, $"What {names} gives for a new tier reaches the next one, {changes} times in a row; an engine follows {Rounds} and drops the rest."),
                    string.Create(CultureInfo.InvariantCulture, $"「{names}」因升級而給予者又足以再升級，連續 {changes} 次；引擎只處理 {Rounds} 次，其餘不理。")),
                new Witness([new WitnessStep(LoyaltyEvents.Adjust("witness:start", Witness.Customer, start, "witness", "staff:1", program.Name, unit) with { OccurredAt = carts.Noon })], new WitnessClaim.CutOff()) { Supplies = carts.Filled });
        }
    }

    // The unit whose increase may raise a tier; null where the ladder goes by something that rules do not give.
    private static string? FedBy(TierLadder ladder) => ladder.Unit ?? (ladder.Metric as QualificationMetric.UnitsHeld)?.Unit;

    // How often the tier changes, the first time included.
    private static int Changes(TierLadder ladder, long start, long each)
    {
        var (changes, value) = (0, start);
        for (var level = -1; ladder.LevelAt(value) is var reached && reached > level; level = reached)
        {
            changes++;
            value = checked(value + each);
        }

        return changes;
    }
}
