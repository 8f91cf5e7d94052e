using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>What an earning rule may look at. It is valid only during the call.</summary>
/// <param name="happened">The event, with what refunds have left of it.</param>
/// <param name="moment">When it happened, in the programme's zone.</param>
/// <param name="evidence">Facts, fields and history as of that moment.</param>
public sealed class EarningContext(CustomerEvent happened, Moment moment, IEvidence evidence)
{
    private Award[] awards = [];
    private int count;
    private int expected = 4;

    /// <summary>The event, with what refunds have left of it.</summary>
    public CustomerEvent Event { get; } = happened;

    /// <summary>When it happened, in the programme's zone.</summary>
    public Moment Moment { get; } = moment;

    /// <summary>What the rules before this one gave, in their order.</summary>
    public ReadOnlySpan<Award> Earlier => awards.AsSpan(0, count);

    /// <summary>How much of a unit the rules before this one gave.</summary>
    public long EarnedSoFar(string unit)
    {
        var sum = 0L;
        foreach (ref readonly var award in Earlier)
        {
            sum += string.Equals(award.Earning.Unit, unit, StringComparison.Ordinal) ? award.Earning.Amount : 0;
        }

        return sum;
    }

    /// <summary>Whether a condition that the rule declares holds at the moment of the event.</summary>
    public bool Holds(Condition condition) => Evaluator.Evaluate(condition, evidence).Value;

    /// <summary>The value of a fact, such as the tier before this event; missing when there is none.</summary>
    public Scalar Fact(string name) => evidence.Fact(name, out _);

    /// <summary>Makes room at once for what most events earn: one award for each rule.</summary>
    internal void Expect(int rules) => expected = Math.Max(rules, 1);

    internal void Add(Award award)
    {
        if (count == awards.Length)
        {
            Array.Resize(ref awards, Math.Max(expected, count * 2));
        }

        awards[count++] = award;
    }
}
