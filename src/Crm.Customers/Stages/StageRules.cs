using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Stages;

/// <summary>A stage of the life-cycle.</summary>
/// <param name="Name">Its name, such as "loyal".</param>
/// <param name="Label">What people call it.</param>
/// <param name="When">Who is in it.</param>
public sealed record Stage(string Name, Text Label, Condition When);

/// <summary>The stages of the life-cycle: a customer is in the first, from the top, whose condition holds, or in the lowest.</summary>
public sealed class StageRules
{
    /// <summary>Stages with their conditions.</summary>
    /// <param name="lowest">The name of the stage of those for whom no condition holds.</param>
    /// <param name="label">What people call it.</param>
    /// <param name="stages">From the top. Their conditions ask about events, profile fields and the calendar; facts of other modules come too late for them.</param>
    /// <exception cref="ArgumentException">A name is no name or comes twice, a label is missing, or a condition asks about facts. The message lists all that is wrong.</exception>
    public StageRules(string lowest, Text label, params IEnumerable<Stage> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        Stages = stages.ToSequence();
        Lowest = new Stage(lowest, label, If.All());
        var errors = Errors().ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(stages));
        }
    }

    /// <summary>Prospects have bought nothing; loyal customers bought at least 3 times in the last 90 days; all others are occasional.</summary>
    public static StageRules Usual { get; } = new(
        "prospect",
        new("Prospect", "潛在顧客"),
        new Stage("loyal", new("Loyal customer", "忠誠顧客"), If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3)),
        new Stage("occasional", new("Occasional customer", "偶然顧客"), If.Purchases().Count().AtLeast(1)));

    /// <summary>The stages with conditions, from the top.</summary>
    public Sequence<Stage> Stages { get; }

    /// <summary>The stage of everybody else.</summary>
    public Stage Lowest { get; }

    internal Text LabelOf(string name) => Stages.Append(Lowest).FirstOrDefault(stage => stage.Name == name)?.Label ?? new Text(name, name);

    private IEnumerable<string> Errors()
    {
        var all = Stages.Append(Lowest).ToList();
        foreach (var stage in all.Where(stage => !Names.IsName(stage.Name)))
        {
            yield return $"'{stage.Name}' is not the name of a stage: lower-case letters, digits, '-', '_' and '.' are expected.";
        }

        foreach (var stage in all.Where(stage => string.IsNullOrWhiteSpace(stage.Label.English) || string.IsNullOrWhiteSpace(stage.Label.Chinese)))
        {
            yield return $"The stage '{stage.Name}' lacks a label in English or in Chinese; both are expected.";
        }

        foreach (var twice in all.GroupBy(stage => stage.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The stage '{twice.Key}' comes {twice.Count()} times; once is expected.";
        }

        foreach (var stage in Stages.Where(stage => stage.When.Leaves().Any(leaf => leaf is Condition.Fact)))
        {
            yield return $"The stage '{stage.Name}' asks about a fact; events, profile fields and the calendar are expected, because stages are decided before other modules.";
        }
    }
}
