using System.Runtime.InteropServices;
using NodaTime;

namespace Crm.Engine;

/// <summary>What is due for one customer, ordered by (due, module, phase, key). Copies share what neither has changed.</summary>
internal sealed class Agenda
{
    private AgendaEntry[] entries;
    private int count;
    private bool shared;

    public Agenda()
        : this([], 0, shared: false)
    {
    }

    private Agenda(AgendaEntry[] entries, int count, bool shared)
    {
        this.entries = entries;
        this.count = count;
        this.shared = shared;
    }

    /// <summary>The entries, until the agenda changes.</summary>
    public ReadOnlySpan<AgendaEntry> Entries => entries.AsSpan(0, count);

    public AgendaEntry? First => count == 0 ? null : entries[0];

    /// <summary>An agenda of the first of these entries, in any order; each has a name of its own. The array becomes its own.</summary>
    public static Agenda Of(AgendaEntry[] entries, int count)
    {
        var all = entries.AsSpan(0, count);
        for (var i = 1; i < count; i++)
        {
            if (all[i - 1].CompareTo(all[i]) > 0)
            {
                all.Sort();
                break;
            }
        }

        return new Agenda(entries, count, shared: false);
    }

    public Agenda Clone()
    {
        shared = true;
        return new Agenda(entries, count, shared: true);
    }

    public void Set(AgendaEntry entry)
    {
        var old = PlaceOf(entry);
        if (old >= 0 && entries[old] == entry)
        {
            return;
        }

        var place = Entries.BinarySearch(entry);
        place = place < 0 ? ~place : place;
        if (old < 0)
        {
            Own(count + 1);
            entries.AsSpan(place..count).CopyTo(entries.AsSpan(place + 1));
            count++;
        }
        else
        {
            // What lies between the old place and the new moves by one.
            Own(count);
            place -= old < place ? 1 : 0;
            var between = old < place ? entries.AsSpan(old + 1, place - old) : entries.AsSpan(place, old - place);
            between.CopyTo(entries.AsSpan(old < place ? old : place + 1));
        }

        entries[place] = entry;
    }

    public void Remove(int module, string key)
    {
        if (PlaceOf(new AgendaEntry(0L, module, 0, key)) is >= 0 and var place)
        {
            RemoveAt(place);
        }
    }

    public void RemoveFirst() => RemoveAt(0);

    private void RemoveAt(int place)
    {
        Own(count);
        entries.AsSpan((place + 1)..count).CopyTo(entries.AsSpan(place));
        count--;
    }

    // The place of the entry of the same name, whenever it is due; -1 when there is none.
    private int PlaceOf(AgendaEntry name)
    {
        var all = Entries;
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].IsNamedAs(name))
            {
                return i;
            }
        }

        return -1;
    }

    private void Own(int needed)
    {
        if (shared || needed > entries.Length)
        {
            // Most who take a copy change what is there, and add little or nothing.
            var own = new AgendaEntry[shared ? needed : needed + 2 + (needed / 4)];
            Entries.CopyTo(own);
            entries = own;
            shared = false;
        }
    }
}

/// <summary>One entry of an agenda.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AgendaEntry : IComparable<AgendaEntry>
{
    private const int ModuleBits = 10;

    // The module in the lower bits, a mark of the key in the upper: entries of other names mostly differ in this one number.
    private readonly int moduleAndMark;

    /// <param name="due">When, to the tick.</param>
    /// <param name="module">The place of the module that wants it, less than <see cref="MostModules"/>.</param>
    /// <param name="phase">The module's order among its entries of one instant.</param>
    /// <param name="key">The module's name of the entry.</param>
    public AgendaEntry(Instant due, int module, int phase, string key)
        : this(due.ToUnixTimeTicks(), module, phase, key)
    {
    }

    /// <summary>The same with the instant in ticks.</summary>
    public AgendaEntry(long ticks, int module, int phase, string key)
    {
        Ticks = ticks;
        moduleAndMark = (MarkOf(key) << ModuleBits) | module;
        Phase = phase;
        Key = key;
    }

    /// <summary>How many modules can have entries.</summary>
    public const int MostModules = 1 << ModuleBits;

    public long Ticks { get; }

    public int Phase { get; }

    public string Key { get; }

    public Instant Due => Instant.FromUnixTimeTicks(Ticks);

    public int Module => moduleAndMark & (MostModules - 1);

    public bool IsNamedAs(AgendaEntry other) => moduleAndMark == other.moduleAndMark && string.Equals(Key, other.Key, StringComparison.Ordinal);

    public int CompareTo(AgendaEntry other)
    {
        var order = Ticks.CompareTo(other.Ticks);
        order = order != 0 ? order : Module.CompareTo(other.Module);
        order = order != 0 ? order : Phase.CompareTo(other.Phase);
        return order != 0 ? order : string.CompareOrdinal(Key, other.Key);
    }

    private static int MarkOf(string key) => key.Length == 0 ? 0 : (key.Length * 31 * 31) + (key[^1] * 31) + key[key.Length / 2];
}
