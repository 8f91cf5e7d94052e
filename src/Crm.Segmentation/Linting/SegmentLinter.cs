using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>What the linter has to say of a condition.</summary>
/// <param name="Findings">What its author surely did not mean, or should know; in the order of the parts.</param>
/// <param name="Cost">What it costs: the class of its dearest part.</param>
public sealed record LintReport(Sequence<LintFinding> Findings, CostClass Cost)
{
    /// <summary>The cost as a sentence.</summary>
    public Text CostSentence => Costs.Sentence(Cost);
}

/// <summary>
/// Reads conditions as a careful colleague would: names that do not exist, parts that contradict each other or say nothing, "few" that means none at all, silence that anybody has who came yesterday.
/// What it calls never or always true is so for every customer at every moment; of what it does not call so it does not claim the contrary.
/// </summary>
public sealed class SegmentLinter
{
    private readonly List<LintFinding> findings = [];
    private readonly HashSet<string> constants = new(StringComparer.Ordinal);
    private readonly Possibilities possibilities;
    private readonly Condition root;

    private SegmentLinter(Condition root)
    {
        this.root = root;
        possibilities = new Possibilities(root);
    }

    /// <summary>Looks at the condition of a segment; of a snapshot, at the one that it is taken by.</summary>
    /// <inheritdoc cref="Lint(Condition, LintNames?)" path="/exception"/>
    public static LintReport Lint(Segment segment, LintNames? names = null)
    {
        ArgumentNullException.ThrowIfNull(segment);
        return Lint(segment.Asked, names);
    }

    /// <summary>Looks at a condition.</summary>
    /// <param name="condition">A condition that can be used.</param>
    /// <param name="names">The names there are; null: they are not looked at.</param>
    /// <exception cref="ArgumentException">The condition cannot be used whatever the names, as <see cref="ConditionCheck"/> says; the message lists why.</exception>
    public static LintReport Lint(Condition condition, LintNames? names = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var errors = ConditionCheck.Check(condition);
        if (!errors.IsEmpty)
        {
            throw new ArgumentException("The condition cannot be used: " + string.Join(Environment.NewLine, errors), nameof(condition));
        }

        var linter = new SegmentLinter(condition);
        linter.findings.AddRange(NameLint.Of(condition, names ?? new LintNames()));
        linter.Look();
        return new LintReport(linter.findings.ToSequence(), condition.Leaves().Select(Costs.OfLeaf).DefaultIfEmpty(CostClass.Moment).Max());
    }

    private void Look()
    {
        var verdict = Visit(root, "$");
        if (verdict is { } constant)
        {
            if (!findings.Exists(finding => finding.Path == "$"))
            {
                Add(constant ? LintCodes.AlwaysTrue : LintCodes.NeverTrue, "$", constant ? LintSentences.Everybody : LintSentences.Nobody);
            }

            return;
        }

        // What is wrong with a part that never changes its answer has been said.
        foreach (var (leaf, path, answer) in Asked(root, "$", true).Where(asked => !constants.Any(constant => asked.Path == constant || asked.Path.StartsWith(constant + ".", StringComparison.Ordinal))))
        {
            Traps(leaf, path, answer);
        }
    }

    /// <summary>Says which parts never change their answer; of parts of such parts only those that make it so.</summary>
    /// <returns>The one answer; null when both are possible.</returns>
    private bool? Visit(Condition condition, string path)
    {
        var parts = Parts(condition, path).Select(part => (part.Path, Answer: Visit(part.Condition, part.Path))).ToList();
        var (can, canNot) = (possibilities.Can(condition, true), possibilities.Can(condition, false));
        if (can == canNot)
        {
            return null;
        }

        constants.Add(path);
        var answers = parts.Select(part => part.Answer).ToList();
        var explained = condition switch
        {
            Condition.All => can ? answers.Count > 0 && answers.TrueForAll(answer => answer == true) : answers.Contains(false),
            Condition.Any => can ? answers.Contains(true) : answers.Count > 0 && answers.TrueForAll(answer => answer == false),
            Condition.Not => answers[0] is not null,
            _ => false,
        };
        if (!explained)
        {
            Add(condition, path, can, parts.Select(part => part.Path).ToList());
        }

        return can;
    }

    private void Add(Condition condition, string path, bool answer, List<string> paths)
    {
        if (condition is Condition.All { Of: { Count: > 1 } all } && !answer)
        {
            Add(LintCodes.Contradiction, path, LintSentences.Contradiction(Core(all, true).Select(i => (paths[i], all[i])).ToList()));
        }
        else if (condition is Condition.Any { Of: { Count: > 1 } any } && answer)
        {
            Add(LintCodes.AlwaysTrue, path, LintSentences.OneOfAlways(Core(any, false).Select(i => (paths[i], any[i])).ToList()));
        }
        else
        {
            Add(answer ? LintCodes.AlwaysTrue : LintCodes.NeverTrue, path, LintSentences.Constant(condition, answer));
        }

        // Few parts that cannot have their answers together: without any one of them the others could.
        List<int> Core(Sequence<Condition> of, bool wanted)
        {
            var core = Enumerable.Range(0, of.Count).ToList();
            foreach (var i in Enumerable.Range(0, of.Count))
            {
                var without = core.Where(other => other != i).ToList();
                core = possibilities.CanAll(without.Select(other => (of[other], wanted))) ? core : without;
            }

            return core;
        }
    }

    private void Traps(Condition.EventWindow leaf, string path, bool answer)
    {
        if (Costs.OfLeaf(leaf) == CostClass.WholeHistory && leaf is { Measure: Measure.Sequence } or { Window: Window.Lifetime })
        {
            Add(LintCodes.WholeHistory, path, LintSentences.WholeHistory);
        }

        if (leaf.Measure.CanBeMissing || !Passes(0))
        {
            return;
        }

        var wholes = possibilities.Grid.Wholes;
        if (Passes(wholes[^1].AsNumber))
        {
            return;
        }

        if (wholes.Any(whole => whole.AsNumber > 0 && Passes(whole.AsNumber)))
        {
            if (possibilities.Can(Windows.WithoutEvents(root, leaf.Kind), true))
            {
                Add(LintCodes.ZeroCount, path, LintSentences.ZeroCount(leaf));
            }
        }
        else if (Windows.AgeFor(leaf.Window) is { } age && Windows.OfNewcomers(root, age, leaf) is var ofNewcomers && new Possibilities(ofNewcomers).Can(ofNewcomers, true))
        {
            Add(LintCodes.NoMinimumAge, path, LintSentences.NoMinimumAge(leaf, age));
        }

        bool Passes(decimal value) => OneValue.Passes(leaf.Is, false, value) == answer;
    }

    /// <summary>The measures with the answers that are asked of them; within a score either may do.</summary>
    private static IEnumerable<(Condition.EventWindow Leaf, string Path, bool Answer)> Asked(Condition condition, string path, bool answer) => condition switch
    {
        Condition.EventWindow leaf => [(leaf, path, answer)],
        Condition.Not not => Asked(not.Of, path + ".not", !answer),
        Condition.All or Condition.Any => Parts(condition, path).SelectMany(part => Asked(part.Condition, part.Path, answer)),
        _ => [],
    };

    private static IEnumerable<(Condition Condition, string Path)> Parts(Condition condition, string path) => condition switch
    {
        Condition.All all => all.Of.Select((part, i) => (part, string.Create(CultureInfo.InvariantCulture, $"{path}.all[{i}]"))),
        Condition.Any any => any.Of.Select((part, i) => (part, string.Create(CultureInfo.InvariantCulture, $"{path}.any[{i}]"))),
        Condition.Not not => [(not.Of, path + ".not")],
        Condition.Score score => score.Of.Select((part, i) => (part.When, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].when"))),
        _ => [],
    };

    private void Add(string code, string path, Text sentence) => findings.Add(new LintFinding(code, path, sentence));
}
