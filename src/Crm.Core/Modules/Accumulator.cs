using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>
/// What one series has counted: the entries as far back as it reaches, oldest first, each with the sum up to it, and the sum of everything where a leaf asks for it.
/// Copies share entries, which are never changed once visible to a copy.
/// </summary>
internal struct Accumulator
{
    private EntryList? list;
    private int start;
    private int end;

    /// <summary>The sum of what is no longer among the entries.</summary>
    private decimal before;

    /// <summary>The sum of everything; kept only where the reach says so.</summary>
    private decimal lifetime;

    private readonly ReadOnlySpan<Entry> Entries => list is null ? default : list.Items.AsSpan(start, end - start);

    private readonly decimal Total => end > start ? list!.Items[end - 1].Sum : before;

    /// <summary>Counts an amount at an instant.</summary>
    /// <param name="reach">How far back the series must reach.</param>
    /// <param name="ticks">When the amount counts.</param>
    /// <param name="amount">Not negative.</param>
    /// <param name="newest">The newest instant seen: what is beyond reach by then is forgotten.</param>
    public void Add(SeriesReach reach, long ticks, decimal amount, long newest)
    {
        if (reach.Lifetime)
        {
            lifetime += amount;
        }

        Evict(newest - reach.Window);
        if (ticks <= newest - reach.Window)
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

    /// <summary>The answer of a leaf at an instant not before the newest seen.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="length">The length of its window in ticks, within reach; null for the lifetime.</param>
    /// <param name="now">The instant.</param>
    public readonly Truth Answer(Condition.EventWindow leaf, long? length, long now)
    {
        if (length is not { } window)
        {
            return new Truth(Holds(leaf, lifetime), null);
        }

        var entries = Entries;
        var first = FirstAfter(entries, now - window);
        var total = Total;
        var counted = total - (first == 0 ? before : entries[first - 1].Sum);
        var value = Holds(leaf, counted);
        var change = leaf.Is.Threshold() is { } threshold
            ? FirstByHalving(threshold, entries, first, total, counted)
            : FirstByWalking(leaf, entries, first, total, value);
        return new Truth(value, change < entries.Length ? Instant.FromUnixTimeTicks(entries[change].Ticks + window) : null);
    }

    /// <summary>The answer of a leaf with any window at an instant not before the newest seen: entries that count are neighbours, so each answer is the difference of two sums.</summary>
    public readonly Truth AnswerAny(Condition.EventWindow leaf, long now)
    {
        var entries = Entries;
        var value = Holds(leaf, SumAt(entries, leaf.Window, now, out var next));
        while (next != WindowMeaning.Never)
        {
            var edge = next;
            if (Holds(leaf, SumAt(entries, leaf.Window, edge, out next)) != value)
            {
                return new Truth(value, Instant.FromUnixTimeTicks(edge));
            }
        }

        return new Truth(value, null);
    }

    /// <summary>What a leaf with any window measures.</summary>
    public readonly decimal AmountAny(Window window, long now) => SumAt(Entries, window, now, out _);

    /// <summary>What counts at an instant, and the next instant at which another entry counts or one counts no more.</summary>
    private readonly decimal SumAt(ReadOnlySpan<Entry> entries, Window window, long now, out long next)
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
    public readonly decimal Amount(long? length, long now)
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
    public readonly void Write(SeriesReach reach, long newest, SlotWriter writer)
    {
        writer.Whole(reach.Window);
        writer.Flag(reach.Lifetime);
        if (reach.Lifetime)
        {
            WriteAmount(writer, lifetime);
        }

        var entries = Entries;
        var first = newest == long.MinValue ? 0 : FirstAfter(entries, newest - reach.Window);
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
    /// <param name="reader">The bytes.</param>
    /// <param name="reach">How far back it reached.</param>
    public static Accumulator Read(ref SlotReader reader, out SeriesReach reach)
    {
        reach = new SeriesReach(reader.Whole(), reader.Flag());
        var everything = reach.Lifetime ? ReadAmount(ref reader) : 0;
        var count = reader.Int();
        if (count == 0)
        {
            return new Accumulator { lifetime = everything };
        }

        var items = new Entry[count + 1];
        var ticks = 0L;
        var sum = 0m;
        for (var i = 0; i < count; i++)
        {
            ticks += reader.Whole();
            sum += ReadAmount(ref reader);
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

    private void Append(long ticks, decimal amount)
    {
        var entry = new Entry(ticks, Total + amount);
        if (list is null || !list.TryAppend(end, entry))
        {
            Copy(room: 2 + ((end - start) / 4));
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

    /// <summary>Amounts are not negative, so what is left shrinks: it falls below a threshold at most once, where the sum up to an entry passes total less threshold.</summary>
    private static int FirstByHalving((Scalar Value, bool Included) threshold, ReadOnlySpan<Entry> entries, int first, decimal total, decimal counted)
    {
        var (value, included) = threshold;
        if (value.Kind != ScalarKind.Number || value.AsNumber < 0 || counted < value.AsNumber || (counted == value.AsNumber && !included))
        {
            return entries.Length;
        }

        var most = total - value.AsNumber;
        var (low, high) = (first, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var below = included ? entries[middle].Sum > most : entries[middle].Sum >= most;
            (low, high) = below ? (low, middle) : (middle + 1, high);
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
        for (var decimals = 0; decimals <= 2 && amount < 1_000_000_000_000_000; decimals += 2)
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
