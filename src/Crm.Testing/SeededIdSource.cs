using Crm.Values;

namespace Crm.Testing;

/// <summary>Ids that look random and are the same in every run: the same seed gives the same ids in the same order. Safe for several threads.</summary>
/// <param name="seed">Two sources of different seeds do not meet in practice.</param>
public sealed class SeededIdSource(long seed = 1) : IIdSource
{
    private long drawn;

    /// <inheritdoc/>
    public CustomerId NewCustomerId()
    {
        var number = unchecked((ulong)Interlocked.Increment(ref drawn));
        var start = Mix(unchecked((ulong)seed) ^ 0x6a09e667f3bcc909UL);
        // The low half is a bijection of the number, so no id of a source comes twice; zero, which is nobody, is passed over.
        var low = Mix(unchecked(start + (number * 0x9e3779b97f4a7c15UL)));
        var high = Mix(unchecked(low + start));
        return new UInt128(high, low) is var value && value != 0 ? new CustomerId(value) : NewCustomerId();
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    private static ulong Mix(ulong bits)
    {
        bits = unchecked((bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94d049bb133111ebUL);
        return bits ^ (bits >> 31);
    }
}
