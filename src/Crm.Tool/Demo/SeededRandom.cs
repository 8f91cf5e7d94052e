namespace Crm.Tool.Demo;

/// <summary>Numbers that look random and are the same in every run and on every machine: SplitMix64 (Steele, Lea, Flood 2014).</summary>
/// <param name="seed">Streams of different seeds have nothing to do with each other.</param>
internal sealed class SeededRandom(ulong seed)
{
    private ulong state = seed;

    /// <summary>A stream of its own for each part of a simulation, so that one part drawing more changes no other.</summary>
    public static SeededRandom For(long seed, ulong part) => new(Mix(unchecked((ulong)seed + 0x632be59bd9b4e019UL) ^ Mix(part + 1)));

    /// <summary>0 to <paramref name="limit"/> − 1. The bias of the remainder is below 2⁻⁴⁰ for the limits used here.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Both ends included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>True so many times in ten thousand.</summary>
    public bool Happens(int inTenThousand) => Below(10_000) < inTenThousand;

    /// <summary>One of several, each as likely as its weight says.</summary>
    public T Pick<T>(ReadOnlySpan<(T Item, int Weight)> items)
    {
        var sum = 0;
        foreach (var (_, weight) in items)
        {
            sum += weight;
        }

        var place = Below(sum);
        foreach (var (item, weight) in items)
        {
            if (place < weight)
            {
                return item;
            }

            place -= weight;
        }

        throw new InvalidOperationException("The weights add up to their sum.");
    }

    private ulong Next() => Mix(state = unchecked(state + 0x9e3779b97f4a7c15UL));

    private static ulong Mix(ulong bits)
    {
        bits = unchecked((bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94d049bb133111ebUL);
        return bits ^ (bits >> 31);
    }
}
