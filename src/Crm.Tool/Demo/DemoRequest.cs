namespace Crm.Tool.Demo;

/// <summary>What to simulate.</summary>
/// <param name="Customers">How many members join in the time.</param>
/// <param name="Days">How many days.</param>
/// <param name="Seed">Draws everything; the same seed gives the same.</param>
internal sealed record DemoRequest(int Customers, int Days, long Seed);
