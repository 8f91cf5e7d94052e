using Crm.Values;

namespace Crm.Conditions;

/// <summary>Why a condition held, or did not: what each of its parts says and answered.</summary>
public sealed record Explanation
{
    /// <summary>The condition, or the part of it.</summary>
    public required Condition Condition { get; init; }

    /// <summary>What it says.</summary>
    public required Text Text { get; init; }

    /// <summary>What it answered.</summary>
    public required Truth Truth { get; init; }

    /// <summary>The parts of all, any, not and scores, in their order; a part that decided nothing is there too. Empty for what has no parts.</summary>
    public Sequence<Explanation> Parts { get; init; }
}

/// <summary>Says conditions in sentences.</summary>
public static class Explain
{
    /// <summary>What a condition says, as a part of a sentence without full stop, in English and in Traditional Chinese.</summary>
    public static Text Describe(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return new Text(ConditionInEnglish.Say(condition), ConditionInChinese.Say(condition));
    }

    /// <summary>Evaluates a condition and all its parts.</summary>
    public static Explanation Evaluate(Condition condition, IEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(evidence);
        return new Explanation
        {
            Condition = condition,
            Text = Describe(condition),
            Truth = Evaluator.Evaluate(condition, evidence),
            Parts = condition switch
            {
                Condition.All all => all.Of.Select(part => Evaluate(part, evidence)).ToSequence(),
                Condition.Any any => any.Of.Select(part => Evaluate(part, evidence)).ToSequence(),
                Condition.Not not => [Evaluate(not.Of, evidence)],
                Condition.Score score => score.Of.Select(part => Evaluate(part.When, evidence)).ToSequence(),
                _ => default,
            },
        };
    }
}
