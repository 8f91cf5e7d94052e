using Crm.Values;

namespace Crm.Conditions;

/// <summary>What became of reading a condition: the condition, or everything that is wrong with the text.</summary>
public sealed record ConditionReading
{
    internal ConditionReading(Condition? condition, Sequence<ConditionError> errors)
    {
        Condition = errors.IsEmpty ? condition : null;
        Errors = errors;
    }

    /// <summary>The condition; null when anything is wrong.</summary>
    public Condition? Condition { get; }

    /// <summary>Everything that is wrong; none when there is a condition.</summary>
    public Sequence<ConditionError> Errors { get; }
}
