using System.Runtime.InteropServices;
using NodaTime;

namespace Crm.Engine;

/// <summary>What is due for one customer, ordered by (due, module, phase, key). Copies share what neither has changed.</summary>
internal sealed class Agenda
{
    private List<AgendaEntry> entries;
    private bool shared;

    public Agenda()
        : this([])
    {
    }

    /// <summary>An agenda of these entries, which become its own; each has a name of its own.</summary>
    public Agenda(List<AgendaEntry> entries)
    {
        this.entries = entries;
        entries.Sort();
    }

    private Agenda(List<AgendaEntry> entries, bool shared)
    {
        this.entries = entries;
        this.shared = shared;
    }

    /// <summary>The entries, until the agenda changes.</summary>
    public ReadOnlySpan<AgendaEntry> Entries => CollectionsMarshal.AsSpan(entries);

    public AgendaEntry? First => entries.Count == 0 ? null : entries[0];

    public Agenda Clone()
    {
        shared = true;
        return new Agenda(entries, shared: true);
    }

    public void Set(AgendaEntry entry)
    {
        Remove(entry.Module, entry.Key);
        var own = Own();
        own.Insert(~own.BinarySearch(entry), entry);
    }

    public void Remove(int module, string key)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Module == module && string.Equals(entries[i].Key, key, StringComparison.Ordinal))
            {
                Own().RemoveAt(i);
                return;
            }
        }
    }

    public void RemoveFirst() => Own().RemoveAt(0);

    private List<AgendaEntry> Own()
    {
        if (shared)
        {
            entries = [.. entries];
            shared = false;
        }

        return entries;
    }
}

/// <summary>One entry of an agenda.</summary>
/// <param name="Ticks">When, in ticks.</param>
/// <param name="Module">The place of the module that wants it.</param>
/// <param name="Phase">The module's order among its entries of one instant.</param>
/// <param name="Key">The module's name of the entry.</param>
internal readonly record struct AgendaEntry(long Ticks, int Module, int Phase, string Key) : IComparable<AgendaEntry>
{
    public AgendaEntry(Instant due, int module, int phase, string key)
        : this(due.ToUnixTimeTicks(), module, phase, key)
    {
    }

    public Instant Due => Instant.FromUnixTimeTicks(Ticks);

    public int CompareTo(AgendaEntry other)
    {
        var order = Ticks.CompareTo(other.Ticks);
        order = order != 0 ? order : Module.CompareTo(other.Module);
        order = order != 0 ? order : Phase.CompareTo(other.Phase);
        return order != 0 ? order : string.CompareOrdinal(Key, other.Key);
    }
}
