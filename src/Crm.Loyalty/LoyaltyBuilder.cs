using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace Crm.Loyalty;

/// <summary>Gathers the programmes of a host. All that is wrong with them is said at once.</summary>
public sealed class LoyaltyBuilder
{
    private readonly List<Definition<LoyaltyProgram>> versions = [];
    private readonly List<EventKind> kinds = [];
    private readonly List<(string Json, int Version, Instant ActiveFrom)> texts = [];
    private readonly List<IEarningRule> rules = [];
    private readonly List<IQualificationMetric> metrics = [];
    private readonly List<EarningRuleKind> ruleKinds = [];
    private readonly List<IRewardKind> rewardKinds = [];
    private readonly List<IGoalKind> goalKinds = [];
    private HashSet<string>? meant;

    internal LoyaltyBuilder()
    {
    }

    /// <summary>Adds a programme that counts from the beginning of time.</summary>
    public LoyaltyBuilder Program(LoyaltyProgram program) => Program(program, 1, Instant.MinValue);

    /// <summary>Adds a version of a programme that counts from an instant on; the one before it counts until then.</summary>
    /// <param name="program">The version.</param>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    public LoyaltyBuilder Program(LoyaltyProgram program, int version, Instant activeFrom)
    {
        ArgumentNullException.ThrowIfNull(program);
        versions.Add(new Definition<LoyaltyProgram>(program.Name, version, activeFrom, program, program.Hash));
        return this;
    }

    /// <summary>Adds a programme in JSON that counts from the beginning of time. It may name everything in code that is registered here, before or after.</summary>
    public LoyaltyBuilder Program(string json) => Program(json, 1, Instant.MinValue);

    /// <summary>Adds a version of a programme in JSON that counts from an instant on.</summary>
    /// <param name="json">The version.</param>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    public LoyaltyBuilder Program(string json, int version, Instant activeFrom)
    {
        ArgumentNullException.ThrowIfNull(json);
        texts.Add((json, version, activeFrom));
        return this;
    }

    /// <summary>Registers a rule in code that programmes in JSON may name by name and version.</summary>
    public LoyaltyBuilder Rule(IEarningRule rule)
    {
        rules.Add(rule);
        return this;
    }

    /// <summary>Registers a kind of rules in code that programmes in JSON may be written with.</summary>
    public LoyaltyBuilder RuleKind(EarningRuleKind kind)
    {
        ruleKinds.Add(kind);
        return this;
    }

    /// <summary>Registers a kind of reward in code that programmes in JSON may name by name and version.</summary>
    public LoyaltyBuilder RewardKind(IRewardKind kind)
    {
        rewardKinds.Add(kind);
        return this;
    }

    /// <summary>Registers what goals of challenges count, in code, that programmes in JSON may name by name and version.</summary>
    public LoyaltyBuilder GoalKind(IGoalKind kind)
    {
        goalKinds.Add(kind);
        return this;
    }

    /// <summary>Registers a qualification metric in code that ladders in JSON may name by name and version.</summary>
    public LoyaltyBuilder Metric(IQualificationMetric metric)
    {
        metrics.Add(metric);
        return this;
    }

    /// <summary>Declares a kind of event of the host's own that rules look at, such as "review.written". Visits and actions are there already.</summary>
    public LoyaltyBuilder Event(EventKind kind)
    {
        kinds.Add(kind);
        return this;
    }

    /// <summary>Refuses, at start, programmes in whose latest version the linter finds something, with all that it finds; otherwise they are logged then, as warnings. What has been looked at and is meant is listed by its code.</summary>
    /// <param name="except">The codes that are let pass, and are not logged; see <see cref="FindingCodes"/>.</param>
    public LoyaltyBuilder RefuseFindings(params Sequence<string> except)
    {
        meant = [.. meant ?? [], .. except];
        return this;
    }

    /// <summary>Whether a finding has been looked at and is meant.</summary>
    internal bool IsMeant(ProgramFinding finding) => meant?.Contains(finding.Code) == true;

    internal IEnumerable<LoyaltyModule> Build()
    {
        var code = new LoyaltyCode { Rules = rules.ToSequence(), RewardKinds = rewardKinds.ToSequence(), GoalKinds = goalKinds.ToSequence(), Metrics = metrics.ToSequence(), Kinds = new EarningRuleKinds(ruleKinds) };
        foreach (var (json, version, activeFrom) in texts)
        {
            Program(LoyaltyProgramJson.Read(json, code), version, activeFrom);
        }

        texts.Clear();
        var modules = LoyaltyModule.Of(new DefinitionCatalog<LoyaltyProgram>(versions), kinds).ToList();
        var found = meant is not null
            ? modules.SelectMany(module => module.Findings).Where(found => !IsMeant(found.Finding)).Select(found => new ProgramError($"{found.Program}, {found.Finding.Path}", $"{found.Finding.Sentence.English} ({found.Finding.Code})")).ToSequence()
            : [];
        return found.IsEmpty ? modules : throw new InvalidLoyaltyProgramException(null, found);
    }
}

/// <summary>Adds loyalty to a host.</summary>
public static class LoyaltyCrmBuilderExtensions
{
    /// <summary>
    /// Adds loyalty with the programmes that the configuration names; after the modules whose facts its rules read. What the linter finds in them is logged when the engine is made, each with a cart that shows it; a host may have it
    /// refused (<see cref="LoyaltyBuilder.RefuseFindings"/>).
    /// </summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static CrmBuilder AddLoyalty(this CrmBuilder builder, Action<LoyaltyBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var loyalty = new LoyaltyBuilder();
        configure(loyalty);
        return loyalty.Build().Aggregate(builder, (all, module) => all.AddModule(services => FindingLog.Told(module, loyalty.IsMeant, services.GetService<ILoggerFactory>())));
    }

    /// <summary>Adds loyalty with programmes that count from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static CrmBuilder AddLoyalty(this CrmBuilder builder, params LoyaltyProgram[] programs)
    {
        ArgumentNullException.ThrowIfNull(programs);
        return builder.AddLoyalty(loyalty => Array.ForEach(programs, program => loyalty.Program(program)));
    }
}
