using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>What one leaf has counted: a total, and for a window the entries in it, oldest first. Copies share entries, which are never changed once visible to a copy.</summary>
internal struct Accumulator
{
    private EntryList? list;
    private int start;
    private int end;

    /// <summary>The sum of what counted and is not, or no longer, among the entries. For the lifetime: everything.</summary>
    private decimal before;

    private readonly ReadOnlySpan<Entry> Entries => list is null ? default : list.Items.AsSpan(start, end - start);

    private readonly decimal Total => end > start ? list!.Items[end - 1].Sum : before;

    /// <summary>Counts an amount at an instant.</summary>
    /// <param name="length">The length of the window in ticks; null for the lifetime.</param>
    /// <param name="ticks">When the amount counts.</param>
    /// <param name="amount">Not negative.</param>
    /// <param name="newest">The newest instant seen: what has left the window by then is forgotten.</param>
    public void Add(long? length, long ticks, decimal amount, long newest)
    {
        if (length is not { } window)
        {
            before += amount;
            return;
        }

        Evict(newest - window);
        if (ticks <= newest - window)
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

    /// <summary>The answer at an instant not before the newest seen.</summary>
    public readonly Truth Answer(Condition.EventWindow leaf, long? length, long now)
    {
        if (length is not { } window)
        {
            return new Truth(Holds(leaf, before), null);
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        var total = Total;
        var value = Holds(leaf, total - (first == 0 ? before : entries[first - 1].Sum));
        var change = leaf.Is.IsOrdering() ? FirstByHalving(leaf, entries, first, total, value) : FirstByWalking(leaf, entries, first, total, value);
        return new Truth(value, change < entries.Length ? Instant.FromUnixTimeTicks(entries[change].Ticks + window) : null);
    }

    /// <summary>What is in the window at an instant not before the newest seen.</summary>
    public readonly decimal Amount(long? length, long now)
    {
        if (length is not { } window)
        {
            return before;
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        return Total - (first == 0 ? before : entries[first - 1].Sum);
    }

    /// <summary>Writes what is in the window as of the newest instant seen; amounts of one instant as one.</summary>
    public readonly void Write(long? length, long newest, SlotWriter writer)
    {
        if (length is not { } window)
        {
            writer.Whole(-1);
            writer.Number(before);
            return;
        }

        var entries = Entries;
        var first = newest == long.MinValue ? 0 : FirstAfter(entries, newest - window);
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
                WriteAmount(writer, entries[i].Sum - sum);
                (ticks, sum) = (entries[i].Ticks, entries[i].Sum);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static Accumulator Read(ref SlotReader reader)
    {
        var count = reader.Int();
        if (count < 0)
        {
            return new Accumulator { before = reader.Number() };
        }

        if (count == 0)
        {
            return default;
        }

        var items = new Entry[count + 2];
        var ticks = 0L;
        var sum = 0m;
        for (var i = 0; i < count; i++)
        {
            ticks += reader.Whole();
            sum += ReadAmount(ref reader);
            items[i] = new Entry(ticks, sum);
        }

        return new Accumulator { list = new EntryList(items, count), end = count };
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

    private void Append(long ticks, decimal amount)
    {
        var entry = new Entry(ticks, Total + amount);
        if (list is null || !list.TryAppend(end, entry))
        {
            Copy(room: end - start + 1);
            list!.TryAppend(end, entry);
        }

        end++;
    }

    /// <summary>A late entry changes the sums after it, so it goes into a list of its own.</summary>
    private void Insert(long ticks, decimal amount)
    {
        var place = FirstAfter(Entries, ticks);
        var sum = place == 0 ? before : Entries[place - 1].Sum;
        Copy(room: 1);
        var items = list!.Items;
        for (var i = end; i > place; i--)
        {
            items[i] = items[i - 1] with { Sum = items[i - 1].Sum + amount };
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

    /// <summary>Amounts are not negative, so what is left shrinks, and an ordering test changes its answer at most once.</summary>
    private static int FirstByHalving(Condition.EventWindow leaf, ReadOnlySpan<Entry> entries, int first, decimal total, bool value)
    {
        var (low, high) = (first, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Holds(leaf, total - entries[middle].Sum) != value ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private static int FirstByWalking(Condition.EventWindow leaf, ReadOnlySpan<Entry> entries, int first, decimal total, bool value)
    {
        for (var i = first; i < entries.Length; i++)
        {
            if (IsLastOfItsInstant(entries, i) && Holds(leaf, total - entries[i].Sum) != value)
            {
                return i;
            }
        }

        return entries.Length;
    }

    private static bool IsLastOfItsInstant(ReadOnlySpan<Entry> entries, int index) => index + 1 == entries.Length || entries[index + 1].Ticks != entries[index].Ticks;

    private static bool Holds(Condition.EventWindow leaf, decimal amount) => leaf.Is.Holds(Scalar.Of(amount), leaf.WhenMissing);

    /// <summary>Small whole amounts, as of counts and most quantities, take one byte; cents a few.</summary>
    private static void WriteAmount(SlotWriter writer, decimal amount)
    {
        for (var decimals = 0; decimals <= 2; decimals += 2)
        {
            var scaled = decimals == 0 ? amount : amount * 100;
            if (scaled == decimal.Truncate(scaled) && scaled is >= 0 and < 1_000_000_000_000_000)
            {
                writer.Whole(((long)scaled * 4) + decimals);
                return;
            }
        }

        writer.Whole(1);
        writer.Number(amount);
    }

    private static decimal ReadAmount(ref SlotReader reader)
    {
        var whole = reader.Whole();
        return (whole & 3) switch
        {
            0 => whole >> 2,
            2 => (whole >> 2) / 100m,
            1 => reader.Number(),
            _ => throw new FormatException("An amount of a slot has an unknown form: the slot is damaged."),
        };
    }

    /// <summary>An amount that counted at an instant, as the sum with all before it.</summary>
    private readonly record struct Entry(long Ticks, decimal Sum);

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
