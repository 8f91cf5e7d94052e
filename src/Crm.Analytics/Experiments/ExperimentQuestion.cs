using System.Globalization;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Experiments;

/// <summary>What is asked of an experiment, decided on before it begins: which arms, what counts as success, for how long, and what things cost.</summary>
public sealed record ExperimentQuestion
{
    /// <summary>The experiment's id: whoever was exposed has the facts "experiment.ID" with the arm and "experiment-since.ID" with the instant.</summary>
    public required string Experiment { get; init; }

    /// <summary>The arms and the shares that people were spread by.</summary>
    public required Sequence<ExpectedArm> Arms { get; init; }

    /// <summary>The arm that the others are compared with, such as the one that is held out.</summary>
    public required string Control { get; init; }

    /// <summary>What counts as success.</summary>
    public required ExperimentGoal Goal { get; init; }

    /// <summary>What things cost; nothing unless told.</summary>
    public ExperimentCosts Costs { get; init; } = new();

    /// <summary>That of the intervals; between 0 and 1.</summary>
    public double Level { get; init; } = 0.95;

    /// <summary>Below which p value the sizes of the arms raise the alarm; between 0 and 1.</summary>
    public double ShareThreshold { get; init; } = ShareCheck.UsualThreshold;

    /// <summary>Everything that is wrong with the question, in sentences.</summary>
    internal IEnumerable<string> Errors()
    {
        foreach (var same in Arms.GroupBy(arm => arm.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The arm '{same.Key}' comes {same.Count()} times; once is expected.";
        }

        if (Arms.Count < 2 || Arms.All(arm => arm.Name != Control))
        {
            yield return $"The control is '{Control}' and the arms are {string.Join(", ", Arms.Select(arm => $"'{arm.Name}'"))}; two or more arms with the control among them are expected.";
        }

        foreach (var arm in Arms.Where(arm => arm.Share <= 0))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The arm '{arm.Name}' has the share {arm.Share}; a number above 0 is expected.");
        }

        if (Level is not (> 0 and < 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The level is {Level}; a number between 0 and 1 is expected, such as 0.95.");
        }

        if (ShareThreshold is not (> 0 and < 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The threshold of the shares is {ShareThreshold}; a number between 0 and 1 is expected, such as {ShareCheck.UsualThreshold}.");
        }

        if (Goal.Window <= Duration.Zero)
        {
            yield return $"The window of the goal is {Goal.Window}; more than nothing is expected.";
        }

        foreach (var (what, cost) in Costs.All.Where(pair => pair.Cost < 0))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The cost of {what} is {cost}; 0 or more is expected.");
        }
    }
}

/// <summary>An arm as it was planned.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Share">How many parts of all shares together it has; above 0.</param>
public sealed record ExpectedArm(string Name, int Share);

/// <summary>What counts as success of somebody who was exposed: an event in (exposure, exposure + window], and what is left of its spend after everything that was taken back since.</summary>
/// <param name="Kind">The kind, such as "purchase". What is taken back as a whole is no success.</param>
/// <param name="Window">How long after the exposure it counts; more than nothing.</param>
/// <param name="Currency">The currency of revenue; spend in others is not counted.</param>
public sealed record ExperimentGoal(string Kind, Duration Window, Currency Currency)
{
    /// <summary>Which events of the kind count; a condition over fields of "event." and "line.". Null: all.</summary>
    public Condition? Where { get; init; }

    internal Condition.EventWindow Leaf(Measure measure) => new(Kind, measure, new Window.Lifetime(), new Test.AtLeast(1)) { Where = Where };
}

/// <summary>What was spent on somebody in the window of the goal, in the goal's currency; in each arm alike, so that only the difference is the campaign's.</summary>
public sealed record ExperimentCosts
{
    /// <summary>What one message costs, by its channel.</summary>
    public IReadOnlyDictionary<string, decimal> PerMessage { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>What one unit that was issued will cost, such as a point, by the name of the unit: the liability, whether or not it is spent yet.</summary>
    public IReadOnlyDictionary<string, decimal> PerUnit { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>What one event costs, by its kind, such as a coupon that was used.</summary>
    public IReadOnlyDictionary<string, decimal> PerEvent { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>What each arm but the control cost besides, such as its making.</summary>
    public decimal Fixed { get; init; }

    internal IEnumerable<(string What, decimal Cost)> All => PerMessage.Concat(PerUnit).Concat(PerEvent).Select(pair => ($"'{pair.Key}'", pair.Value)).Append(("the making", Fixed));
}
