namespace Crm.Loyalty.Rules;

/// <summary>
/// Says of a call in a rule's code which asks something of the machine that nothing which the rule gives depends on it, and why. The law that the machine is not asked lets such a call pass, and no other; the linter names it at every start,
/// so that whoever runs the programme knows of it.
/// </summary>
/// <param name="call">The call as the law names it, such as "System.Diagnostics.Stopwatch.GetTimestamp".</param>
/// <param name="because">Why the call is sound; not empty.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = true)]
public sealed class AllowedCallAttribute(string call, string because) : Attribute
{
    /// <summary>The call.</summary>
    public string Call => call;

    /// <summary>Why it is sound.</summary>
    public string Because => because;
}
