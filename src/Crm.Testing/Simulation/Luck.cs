namespace Crm.Testing.Simulation;

/// <summary>Chance that is the same in every run: the same seed gives the same numbers in the same order. SplitMix64 (Steele, Lea, Flood 2014); not for several threads.</summary>
/// <param name="seed">Any number.</param>
public sealed class Luck(ulong seed)
{
    private ulong state = seed;

    /// <summary>64 bits.</summary>
    public ulong Next()
    {
        state = unchecked(state + 0x9e3779b97f4a7c15UL);
        return Mix(state);
    }

    /// <summary>A number from 0 to one below a bound.</summary>
    /// <param name="bound">More than 0.</param>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)(((UInt128)Next() * (uint)bound) >> 64);
    }

    /// <summary>Whether something comes true that does so this many times in a thousand.</summary>
    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>One of several.</summary>
    public T Of<T>(IReadOnlyList<T> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        return choices[Below(choices.Count)];
    }

    /// <summary>Bits that look like nothing of those they were made of.</summary>
    public static ulong Mix(ulong bits)
    {
        bits = unchecked((bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94d049bb133111ebUL);
        return bits ^ (bits >> 31);
    }
}
