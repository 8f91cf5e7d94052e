using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;

namespace Crm.Modules;

/// <summary>
/// What one series has counted: the entries as far back as it reaches, oldest first, each with the sum up to it, and the sum of everything where a leaf asks for it.
/// Amounts are whole numbers of the series' steps: comparing and adding them is what answers are made of. Copies share entries, which are never changed once visible to a copy.
/// </summary>
internal struct Accumulator
{
    private EntryList? list;
    private int start;
    private int end;

    /// <summary>The sum of what is no longer among the entries.</summary>
    private long before;

    /// <summary>The sum of everything; kept only where the reach says so.</summary>
    private long lifetime;

    /// <summary>Whether nothing was ever counted.</summary>
    public readonly bool IsUntouched => list is null && lifetime == 0;

    private readonly ReadOnlySpan<Entry> Entries => list is null ? default : list.Items.AsSpan(start, end - start);

    private readonly long Total => end > start ? list!.Items[end - 1].Sum : before;

    /// <summary>Counts an amount at an instant.</summary>
    /// <param name="reach">How far back the series must reach.</param>
    /// <param name="ticks">When the amount counts.</param>
    /// <param name="amount">In steps; not negative.</param>
    /// <param name="newest">The newest instant seen: what is beyond reach by then is forgotten.</param>
    public void Add(SeriesReach reach, long ticks, long amount, long newest)
    {
        if (reach.Lifetime)
        {
            lifetime = checked(lifetime + amount);
        }

        Evict(reach.Oldest(newest));
        if (ticks <= reach.Oldest(newest))
        {
            return;
        }

        if (end > start && list!.Items[end - 1].Ticks > ticks)
        {
            Insert(ticks, amount);
        }
        else
        {
            Append(ticks, amount);
        }
    }

    /// <summary>Counts all that another has counted.</summary>
    public void Join(SeriesReach reach, in Accumulator other, long newest)
    {
        var everything = checked(lifetime + other.lifetime);
        var sum = other.before;
        foreach (ref readonly var entry in other.Entries)
        {
            Add(reach, entry.Ticks, entry.Sum - sum, newest);
            sum = entry.Sum;
        }

        lifetime = everything;
    }

    /// <summary>The answer of a test for more or less at an instant not before the newest seen.</summary>
    /// <param name="test">The test.</param>
    /// <param name="length">The length of the window in ticks, within reach; null for the lifetime.</param>
    /// <param name="now">The instant.</param>
    public readonly Truth Answer(SumTest test, long? length, long now)
    {
        if (length is not { } window)
        {
            return new Truth(test.Holds(lifetime), default(TickOrNone));
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        var total = Total;
        var counted = total - (first == 0 ? before : entries[first - 1].Sum);
        var change = FirstBelow(test.Threshold, entries, first, total, counted);
        return new Truth(test.Holds(counted), change < entries.Length ? Leaving(entries[change].Ticks, window) : default);
    }

    /// <summary>The answer of any leaf at an instant not before the newest seen.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="steps">How many steps make one.</param>
    /// <param name="length">The length of its window in ticks, within reach; null for the lifetime.</param>
    /// <param name="now">The instant.</param>
    public readonly Truth Answer(Condition.EventWindow leaf, long steps, long? length, long now)
    {
        if (length is not { } window)
        {
            return new Truth(Holds(leaf, lifetime, steps), default(TickOrNone));
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        var total = Total;
        var value = Holds(leaf, total - (first == 0 ? before : entries[first - 1].Sum), steps);
        for (var i = first; i < entries.Length; i++)
        {
            if (IsLastOfItsInstant(entries, i) && Holds(leaf, total - entries[i].Sum, steps) != value)
            {
                return new Truth(value, Leaving(entries[i].Ticks, window));
            }
        }

        return new Truth(value, default(TickOrNone));
    }

    /// <summary>The answer of a leaf with any window at an instant not before the newest seen: entries that count are neighbours, so each answer is the difference of two sums.</summary>
    public readonly Truth AnswerAny(Condition.EventWindow leaf, long steps, long now)
    {
        var entries = Entries;
        var value = Holds(leaf, SumAt(entries, leaf.Window, now, out var next), steps);
        while (next != WindowMeaning.Never)
        {
            var edge = next;
            if (Holds(leaf, SumAt(entries, leaf.Window, edge, out next), steps) != value)
            {
                return new Truth(value, TickOrNone.At(edge));
            }
        }

        return new Truth(value, default(TickOrNone));
    }

    /// <summary>What a leaf with any window measures.</summary>
    public readonly long AmountAny(Window window, long now) => SumAt(Entries, window, now, out _);

    /// <summary>What counts at an instant, and the next instant at which another entry counts or one counts no more.</summary>
    private readonly long SumAt(ReadOnlySpan<Entry> entries, Window window, long now, out long next)
    {
        var (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = window.Leaves(entries[middle].Ticks, WindowMeaning.Never) > now ? (low, middle) : (middle + 1, high);
        }

        var first = low;
        (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = window.Enters(entries[middle].Ticks) > now ? (low, middle) : (middle + 1, high);
        }

        next = Math.Min(
            first < entries.Length ? window.Leaves(entries[first].Ticks, WindowMeaning.Never) : WindowMeaning.Never,
            low < entries.Length ? window.Enters(entries[low].Ticks) : WindowMeaning.Never);
        return first >= low ? 0 : entries[low - 1].Sum - (first == 0 ? before : entries[first - 1].Sum);
    }

    /// <summary>What a leaf measures at an instant not before the newest seen.</summary>
    public readonly long Amount(long? length, long now)
    {
        if (length is not { } window)
        {
            return lifetime;
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        return Total - (first == 0 ? before : entries[first - 1].Sum);
    }

    /// <summary>Writes what is within reach as of the newest instant seen; amounts of one instant as one.</summary>
    public readonly void Write(SeriesReach reach, long steps, long newest, SlotWriter writer)
    {
        writer.Whole(reach.Window);
        writer.Flag(reach.Lifetime);
        if (reach.Lifetime)
        {
            WriteAmount(writer, lifetime, steps);
        }

        var entries = Entries;
        var first = newest == long.MinValue ? 0 : FirstAfter(entries, reach.Oldest(newest));
        var instants = 0;
        for (var i = first; i < entries.Length; i++)
        {
            instants += IsLastOfItsInstant(entries, i) ? 1 : 0;
        }

        writer.Whole(instants);
        var ticks = 0L;
        var sum = first == 0 ? before : entries[first - 1].Sum;
        for (var i = first; i < entries.Length; i++)
        {
            if (IsLastOfItsInstant(entries, i))
            {
                writer.Whole(entries[i].Ticks - ticks);
                WriteAmount(writer, entries[i].Sum - sum, steps);
                (ticks, sum) = (entries[i].Ticks, entries[i].Sum);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">The bytes.</param>
    /// <param name="steps">How many steps make one.</param>
    /// <param name="reach">How far back it reached.</param>
    public static Accumulator Read(ref SlotReader reader, long steps, out SeriesReach reach)
    {
        reach = new SeriesReach(reader.Whole(), reader.Flag());
        var everything = reach.Lifetime ? ReadAmount(ref reader, steps) : 0;
        var count = reader.Int();
        if (count == 0)
        {
            return new Accumulator { lifetime = everything };
        }

        var items = new Entry[count + 1];
        var ticks = 0L;
        var sum = 0L;
        for (var i = 0; i < count; i++)
        {
            ticks += reader.Whole();
            sum += ReadAmount(ref reader, steps);
            items[i] = new Entry(ticks, sum);
        }

        return new Accumulator { list = new EntryList(items, count), end = count, lifetime = everything };
    }

    private void Evict(long until)
    {
        var gone = FirstAfter(Entries, until);
        if (gone > 0)
        {
            before = list!.Items[start + gone - 1].Sum;
            start += gone;
        }
    }

    private void Append(long ticks, long amount)
    {
        var entry = new Entry(ticks, checked(Total + amount));
        if (list is null || !list.TryAppend(end, entry))
        {
            Copy(room: 2 + ((end - start) / 4));
            list!.TryAppend(end, entry);
        }

        end++;
    }

    /// <summary>A late entry changes the sums after it, so it goes into a list of its own.</summary>
    private void Insert(long ticks, long amount)
    {
        var place = FirstAfter(Entries, ticks);
        var sum = place == 0 ? before : Entries[place - 1].Sum;
        Copy(room: 1);
        var items = list!.Items;
        for (var i = end; i > place; i--)
        {
            items[i] = items[i - 1] with { Sum = checked(items[i - 1].Sum + amount) };
        }

        items[place] = new Entry(ticks, sum + amount);
        list.Used = ++end;
    }

    private void Copy(int room)
    {
        var count = end - start;
        var items = new Entry[Math.Max(4, count + room)];
        Entries.CopyTo(items);
        list = new EntryList(items, count);
        (start, end) = (0, count);
    }

    private static int FirstAfter(ReadOnlySpan<Entry> entries, long ticks)
    {
        var (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = entries[middle].Ticks > ticks ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    /// <summary>The entry with which what is left falls below a threshold. Amounts are not negative, so that happens at most once, where the sum up to an entry passes total less threshold.</summary>
    private static int FirstBelow(long threshold, ReadOnlySpan<Entry> entries, int first, long total, long counted)
    {
        if (threshold <= 0 || counted < threshold)
        {
            return entries.Length;
        }

        var most = total - threshold;
        var (low, high) = (first, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = entries[middle].Sum > most ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    // What leaves a window after the end of the calendar never does.
    private static TickOrNone Leaving(long ticks, long window) => WindowMeaning.Later(ticks, window) is var at && at != WindowMeaning.Never ? TickOrNone.At(at) : default;

    private static bool IsLastOfItsInstant(ReadOnlySpan<Entry> entries, int index) => index + 1 == entries.Length || entries[index + 1].Ticks != entries[index].Ticks;

    private static bool Holds(Condition.EventWindow leaf, long amount, long steps) => leaf.Is.Holds((decimal)amount / steps, leaf.WhenMissing);

    /// <summary>Small whole amounts, as of counts and most quantities, take one byte; cents a few.</summary>
    private static void WriteAmount(SlotWriter writer, long amount, long steps)
    {
        var (whole, rest) = Math.DivRem(amount, steps);
        writer.Whole(rest == 0 ? whole : -1 - amount);
    }

    private static long ReadAmount(ref SlotReader reader, long steps) => reader.Whole() switch
    {
        < 0 and var other => -1 - other,
        var whole => checked(whole * steps),
    };

    /// <summary>An amount that counted at an instant, as the sum with all before it.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(long Ticks, long Sum);

    /// <summary>Entries of which each copy sees its own part; only the copy that sees the last one may write the next.</summary>
    private sealed class EntryList(Entry[] items, int used)
    {
        private int used = used;

        public Entry[] Items { get; } = items;

        public int Used { get => used; set => used = value; }

        public bool TryAppend(int at, Entry entry)
        {
            if (at >= Items.Length || Interlocked.CompareExchange(ref used, at + 1, at) != at)
            {
                return false;
            }

            Items[at] = entry;
            return true;
        }
    }
}
