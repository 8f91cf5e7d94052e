namespace Crm.Conditions;

/// <summary>The written form of conditions.</summary>
public static class ConditionJson
{
    /// <summary>
    /// The canonical text of a condition: the same for conditions that differ only in the order of parts, in nesting of all in all, in double not or in how a number is spelt. Its hash names the condition's content.
    /// </summary>
    public static string Write(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return ConditionWriter.Text(Canonical.Of(condition));
    }
}
