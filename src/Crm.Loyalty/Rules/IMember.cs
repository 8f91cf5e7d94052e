namespace Crm.Loyalty.Rules;

/// <summary>What rules may know of the member beside facts and history.</summary>
internal interface IMember
{
    /// <summary>The tier as of what has been decided so far of the event.</summary>
    string? TierNow(string ladder);

    /// <summary>The tier before the event.</summary>
    string? TierBefore(string ladder);

    /// <summary>A number that is kept for the member in the programme; 0 where none is.</summary>
    long Kept(string name);
}
