using Crm.Engine;
using Crm.Values;

namespace Crm.Tool.Reports;

/// <summary>Counts customers by what modules say of them.</summary>
/// <param name="tierFacts">The names of the facts that hold a tier.</param>
internal sealed class StandingCount(IReadOnlySet<string> tierFacts)
{
    private const string Segment = "segment.";

    private readonly SortedDictionary<string, long> tiers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> segments = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Tiers => tiers;

    public IReadOnlyDictionary<string, long> Segments => segments;

    public void Take(CustomerView customer)
    {
        foreach (var fact in customer.Facts)
        {
            var value = customer.Fact(fact.Name);
            if (tierFacts.Contains(fact.Name) && value.AsCode is { } tier)
            {
                tiers[tier] = tiers.GetValueOrDefault(tier) + 1;
            }
            else if (fact.Name.StartsWith(Segment, StringComparison.Ordinal) && value.AsFlag)
            {
                var segment = fact.Name[Segment.Length..];
                segments[segment] = segments.GetValueOrDefault(segment) + 1;
            }
        }
    }
}
