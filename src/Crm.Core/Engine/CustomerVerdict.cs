using Crm.Values;

namespace Crm.Engine;

/// <summary>Whether what a store keeps of a customer fits together.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Differences">Everything that does not fit; empty when all does.</param>
/// <param name="NotRedecided">Why the journal was not decided again, as a sentence; null when it was. The books are compared in any case.</param>
public sealed record CustomerVerdict(CustomerId Customer, Sequence<Difference> Differences, string? NotRedecided)
{
    /// <summary>Whether no difference was found.</summary>
    public bool Holds => Differences.IsEmpty;
}

/// <summary>Two things that should be the same and are not. It names codes, amounts and instants, never a value of the profile.</summary>
/// <param name="About">What was compared, such as "the lot '2026-11-30T16:00:00Z' of points".</param>
/// <param name="Found">What the store has.</param>
/// <param name="Expected">What the rest of the store leads to.</param>
public sealed record Difference(string About, string Found, string Expected)
{
    /// <summary>A sentence.</summary>
    public override string ToString() => $"{About}: found {Found}; {Expected} is expected.";
}
