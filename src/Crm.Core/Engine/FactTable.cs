using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The facts of one customer.</summary>
internal sealed class FactTable
{
    private readonly Dictionary<string, Fact> facts;

    public FactTable() => facts = new(StringComparer.Ordinal);

    private FactTable(Dictionary<string, Fact> facts) => this.facts = facts;

    public int Count => facts.Count;

    public IEnumerable<Fact> InOrder => facts.Values.OrderBy(fact => fact.Name, StringComparer.Ordinal);

    /// <summary>When the first fact runs out; null when none does.</summary>
    public Instant? FirstLapse
    {
        get
        {
            Instant? first = null;
            foreach (var fact in facts.Values)
            {
                if (fact.ValidUntil is { } until && (first is null || until < first))
                {
                    first = until;
                }
            }

            return first;
        }
    }

    public FactTable Clone() => new(new Dictionary<string, Fact>(facts, StringComparer.Ordinal));

    public Scalar Read(string name, Instant now, out Instant? validUntil)
    {
        if (facts.TryGetValue(name, out var fact) && !(fact.ValidUntil <= now))
        {
            validUntil = fact.ValidUntil;
            return fact.Value;
        }

        validUntil = null;
        return default;
    }

    public Fact? Find(string name) => facts.TryGetValue(name, out var fact) ? fact : null;

    /// <summary>Sets or removes a fact.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Set(Fact fact)
    {
        if (fact.Value.IsMissing)
        {
            return facts.Remove(fact.Name);
        }

        if (facts.TryGetValue(fact.Name, out var before) && before == fact)
        {
            return false;
        }

        facts[fact.Name] = fact;
        return true;
    }

    /// <summary>Removes what has run out at or before an instant.</summary>
    public void Lapse(Instant now)
    {
        foreach (var name in facts.Where(pair => pair.Value.ValidUntil <= now).Select(pair => pair.Key).ToList())
        {
            facts.Remove(name);
        }
    }
}
