using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>A list in the making, which becomes a sequence without a copy where it fills its array. Change it in place; a copy of it shares its items.</summary>
internal struct Gathered<T>
{
    private int expected;
    private T[]? items;
    private int count;

    /// <param name="expected">How many items there mostly are, where there are any; more than 0.</param>
    public Gathered(int expected) => this.expected = expected;

    public readonly int Count => count;

    /// <summary>Says how many more items there probably are; the room for them is made with the first.</summary>
    public void Expect(int more) => expected = Math.Max(count + more, 1);

    public void Add(T item)
    {
        items ??= new T[expected];
        if (count == items.Length)
        {
            Array.Resize(ref items, Math.Max(expected, count * 2));
        }

        items[count++] = item;
    }

    public void AddRange(IEnumerable<T> more)
    {
        foreach (var item in more)
        {
            Add(item);
        }
    }

    /// <summary>The items so far.</summary>
    public readonly ReadOnlySpan<T> SoFar => items.AsSpan(0, count);

    /// <summary>The items. Nothing is added afterwards.</summary>
    public readonly Sequence<T> ToSequence() => items is null ? default : count == items.Length ? Sequence.Given(items) : Sequence.Create<T>(items.AsSpan(0, count));
}
