using Crm.Conditions;
using Crm.Engine;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Simulation;

/// <summary>What is simulated: a programme that might be, over the history of customers, beside the one that is.</summary>
public sealed record SimulationRequest
{
    /// <summary>The programmes that decide now.</summary>
    public required Sequence<LoyaltyProgram> Running { get; init; }

    /// <summary>The programme that might be. It takes the place of the running one of its name; where there is none, it comes beside those that run, and is compared with nothing.</summary>
    public required LoyaltyProgram Candidate { get; init; }

    /// <summary>The engine's options: the zone of days and the calendars.</summary>
    public CrmOptions Options { get; init; } = new();

    /// <summary>Up to when what falls due is handled.</summary>
    public required Instant Until { get; init; }

    /// <summary>Modules of the host that decide before loyalty and publish facts that programmes read. They are asked only where one does.</summary>
    public Sequence<ICustomerModule> Before { get; init; }

    /// <summary>What units are worth, where rewards give articles.</summary>
    public LintAssumptions Assumptions { get; init; } = LintAssumptions.Usual;

    internal IEnumerable<ICustomerModule> ModulesNow => Modules(Running);

    internal IEnumerable<ICustomerModule> ModulesThen => Modules([.. Running.Where(program => program.Name != Candidate.Name), Candidate]);

    internal LoyaltyProgram? Replaced => Running.FirstOrDefault(program => program.Name == Candidate.Name);

    private IEnumerable<ICustomerModule> Modules(IEnumerable<LoyaltyProgram> programs)
    {
        var all = programs.ToList();
        return [.. all.Exists(ReadsOthers) ? Before : [], .. all.Count == 0 ? [] : LoyaltyModule.Of(all)];
    }

    // Whether what other modules decide matters to a programme.
    private static bool ReadsOthers(LoyaltyProgram program) =>
        program.Ladders.Any(ladder => ladder.Metric is QualificationMetric.FactValue)
        || program.Conditions.SelectMany(condition => condition.Leaves()).OfType<Condition.Fact>().Any(fact => !fact.Name.StartsWith(LoyaltyNames.Module + ".", StringComparison.Ordinal))
        || program.Rules.SelectMany(rule => rule.On).Contains(Rules.SegmentEntry.Entered);
}
