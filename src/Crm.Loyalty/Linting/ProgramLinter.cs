using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>
/// Looks at a valid programme for what nobody can have meant: tiers that nobody reaches, rules that never give, gaps, units that are gone before they can be spent, caps that cut every step, and
/// circles in which members make money. It looks at the definition alone, so that it can be asked at every start; what it cannot decide it does not report.
/// </summary>
public static class ProgramLinter
{
    /// <summary>Everything found, in the order of the programme. Each finding has a witness, which shows it through the engine.</summary>
    /// <param name="program">The programme.</param>
    /// <param name="assumptions">What the programme does not say; null: <see cref="LintAssumptions.Usual"/>.</param>
    /// <exception cref="InvalidLoyaltyProgramException">The programme is not valid; the message lists all that is wrong.</exception>
    public static Sequence<ProgramFinding> Findings(LoyaltyProgram program, LintAssumptions? assumptions = null)
    {
        LoyaltyProgramValidator.Check(program);
        var carts = new Carts(program, assumptions ?? LintAssumptions.Usual);
        var never = RuleFindings.Never(carts).ToList();
        return
        [
            .. LifeFindings.Of(carts),
            .. never.Select(one => one.Finding),
            .. RuleFindings.Caps(carts),
            .. RuleFindings.Allowed(carts),
            .. BracketFindings.Of(carts),
            .. TierFindings.Of(carts, never.Select(one => one.Rule).ToHashSet(StringComparer.Ordinal)),
            .. ChainFindings.Of(carts),
            .. PumpFindings.Of(carts),
            .. KeptFindings.Of(carts),
        ];
    }

    /// <summary>What the programme costs at worst, in each currency that it counts in.</summary>
    /// <param name="program">The programme.</param>
    /// <param name="assumptions">What the programme does not say; null: <see cref="LintAssumptions.Usual"/>.</param>
    /// <exception cref="InvalidLoyaltyProgramException">The programme is not valid; the message lists all that is wrong.</exception>
    public static WorstCase WorstCase(LoyaltyProgram program, LintAssumptions? assumptions = null)
    {
        LoyaltyProgramValidator.Check(program);
        return Linting.WorstCase.Of(new Carts(program, assumptions ?? LintAssumptions.Usual));
    }
}
