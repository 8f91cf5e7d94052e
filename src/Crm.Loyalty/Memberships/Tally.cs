namespace Crm.Loyalty.Memberships;

/// <summary>A number that is kept for a member: what a limit has counted, how often a rule has given, the rest that a rule carries.</summary>
/// <param name="Name">What is counted.</param>
/// <param name="Period">The span in which it counts, as a number; 0 where it never ends. When another begins the count begins anew.</param>
/// <param name="Amount">How much.</param>
public readonly record struct Tally(string Name, long Period, long Amount);
