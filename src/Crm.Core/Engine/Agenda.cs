using NodaTime;

namespace Crm.Engine;

/// <summary>What is due for one customer, ordered by (due, module, phase, key).</summary>
internal sealed class Agenda
{
    private readonly List<AgendaEntry> entries;

    public Agenda() => entries = [];

    private Agenda(List<AgendaEntry> entries) => this.entries = entries;

    public IReadOnlyList<AgendaEntry> Entries => entries;

    public AgendaEntry? First => entries.Count == 0 ? null : entries[0];

    public Agenda Clone() => new([.. entries]);

    public void Set(AgendaEntry entry)
    {
        Remove(entry.Module, entry.Key);
        var place = entries.BinarySearch(entry);
        entries.Insert(~place, entry);
    }

    public void Remove(int module, string key)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Module == module && string.Equals(entries[i].Key, key, StringComparison.Ordinal))
            {
                entries.RemoveAt(i);
                return;
            }
        }
    }

    public void RemoveFirst() => entries.RemoveAt(0);
}

/// <summary>One entry of an agenda.</summary>
/// <param name="Due">When.</param>
/// <param name="Module">The place of the module that wants it.</param>
/// <param name="Phase">The module's order among its entries of one instant.</param>
/// <param name="Key">The module's name of the entry.</param>
internal readonly record struct AgendaEntry(Instant Due, int Module, int Phase, string Key) : IComparable<AgendaEntry>
{
    public int CompareTo(AgendaEntry other)
    {
        var order = Due.CompareTo(other.Due);
        order = order != 0 ? order : Module.CompareTo(other.Module);
        order = order != 0 ? order : Phase.CompareTo(other.Phase);
        return order != 0 ? order : string.CompareOrdinal(Key, other.Key);
    }
}
