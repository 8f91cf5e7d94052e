using System.Runtime.InteropServices;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The facts of one customer, in the ordinal order of their names. Copies share what neither has changed.</summary>
internal sealed class FactTable
{
    private Fact[] facts;
    private int count;
    private bool shared;

    // What the facts that changed were when Remember was called; null where nobody asks.
    private List<Fact>? originals;

    public FactTable() => facts = [];

    private FactTable(Fact[] facts, int count, bool shared)
    {
        this.facts = facts;
        this.count = count;
        this.shared = shared;
    }

    public int Count => count;

    public ReadOnlySpan<Fact> InOrder => facts.AsSpan(0, count);

    /// <summary>When the first fact runs out; null when none does.</summary>
    public Instant? FirstLapse
    {
        get
        {
            var first = default(TickOrNone);
            foreach (ref readonly var fact in InOrder)
            {
                if (fact.Until.CompareTo(first) < 0)
                {
                    first = fact.Until;
                }
            }

            return first.Instant;
        }
    }

    /// <summary>A table with room for this many facts.</summary>
    public static FactTable WithRoom(int most) => new(new Fact[most], 0, shared: false);

    public FactTable Clone()
    {
        shared = true;
        return new FactTable(facts, count, shared: true) { originals = originals is null ? null : [.. originals] };
    }

    /// <summary>From now on, what changes is remembered as it was.</summary>
    public void Remember() => originals = [];

    /// <summary>Says that so many facts probably change now, so that the room to remember them is made once.</summary>
    public void Expect(int changes)
    {
        if (originals is { Capacity: 0 })
        {
            originals.Capacity = changes;
        }
    }

    /// <summary>The facts as they were when <see cref="Remember()"/> was called.</summary>
    public FactTable AsRemembered()
    {
        var remembered = new FactTable(facts, count, shared: true);
        shared = true;
        foreach (var original in originals ?? [])
        {
            remembered.Set(original);
        }

        return remembered;
    }

    /// <summary>What has changed since <see cref="Remember()"/>, by name; a missing value for what is gone.</summary>
    public List<Fact> Changes()
    {
        var changes = new List<Fact>(originals?.Count ?? 0);
        foreach (var original in originals ?? [])
        {
            var now = Find(original.Name) ?? new Fact(original.Name, default);
            if (now != original)
            {
                changes.Add(now);
            }
        }

        changes.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return changes;
    }

    /// <summary>What differs from another table, by name; a missing value for what only the other has.</summary>
    public List<Fact> ChangesFrom(FactTable other)
    {
        var changes = new List<Fact>();
        foreach (ref readonly var fact in InOrder)
        {
            if (other.Find(fact.Name) != fact)
            {
                changes.Add(fact);
            }
        }

        foreach (ref readonly var fact in other.InOrder)
        {
            if (Find(fact.Name) is null)
            {
                changes.Add(new Fact(fact.Name, default));
            }
        }

        return changes;
    }

    public Scalar Read(string name, Instant now, out Instant? validUntil)
    {
        if (PlaceOf(name) is >= 0 and var place && !(facts[place].ValidUntil <= now))
        {
            validUntil = facts[place].ValidUntil;
            return facts[place].Value;
        }

        validUntil = null;
        return default;
    }

    public Fact? Find(string name) => PlaceOf(name) is >= 0 and var place ? facts[place] : null;

    /// <summary>Sets or removes a fact.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Set(Fact fact)
    {
        var place = PlaceOf(fact.Name);
        if (place >= 0 ? facts[place] == fact : fact.Value.IsMissing)
        {
            return false;
        }

        Remember(fact.Name, place);
        if (fact.Value.IsMissing)
        {
            Own(count);
            count--;
            facts.AsSpan((place + 1)..(count + 1)).CopyTo(facts.AsSpan(place));
        }
        else if (place >= 0)
        {
            Own(count);
            facts[place] = fact;
        }
        else
        {
            Own(count + 1);
            facts.AsSpan(~place..count).CopyTo(facts.AsSpan(~place + 1));
            facts[~place] = fact;
            count++;
        }

        return true;
    }

    /// <summary>Adds a fact that comes after all others in the order of names, as those of a written table do; any other is set.</summary>
    public void Append(Fact fact)
    {
        if (shared || count == facts.Length || fact.Value.IsMissing || (count > 0 && string.CompareOrdinal(facts[count - 1].Name, fact.Name) >= 0))
        {
            Set(fact);
            return;
        }

        facts[count++] = fact;
    }

    /// <summary>Removes what has run out at or before an instant.</summary>
    public void Lapse(Instant now)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            if (facts[i].ValidUntil <= now)
            {
                Set(facts[i] with { Value = default });
            }
        }
    }

    private void Remember(string name, int place)
    {
        if (originals is null)
        {
            return;
        }

        foreach (ref readonly var original in CollectionsMarshal.AsSpan(originals))
        {
            if (string.Equals(original.Name, name, StringComparison.Ordinal))
            {
                return;
            }
        }

        originals.Add(place >= 0 ? facts[place] : new Fact(name, default));
    }

    // The place of a fact; the complement of where it would be when there is none.
    private int PlaceOf(string name)
    {
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(facts[middle].Name, name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order > 0 ? (low, middle) : (middle + 1, high);
        }

        return ~low;
    }

    private void Own(int needed)
    {
        if (shared || needed > facts.Length)
        {
            // Most who take a copy change what is there, and add little or nothing.
            var own = new Fact[shared ? needed : needed + 2 + (needed / 4)];
            InOrder.CopyTo(own);
            facts = own;
            shared = false;
        }
    }
}
