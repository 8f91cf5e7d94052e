namespace Crm.Conditions;

/// <summary>Something wrong with a condition.</summary>
/// <param name="Path">Where, as a path into the written form, such as "$.all[1].is.gte"; conditions made in C# have the same paths.</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record ConditionError(string Path, string Message)
{
    /// <summary>Path and message.</summary>
    public override string ToString() => $"{Path}: {Message}";
}
