using System.Numerics;

namespace Crm.Values;

/// <summary>
/// What was worked out lately, for what is asked again and again and takes long to answer. It holds a bounded number and forgets by overwriting; threads share it without waiting.
/// Whoever finds something here compares it with what was asked for: a place is shared by all that hash to it.
/// </summary>
/// <typeparam name="T">An immutable answer together with its question.</typeparam>
public sealed class Lately<T>
    where T : class
{
    // What differs only high in a number, or only low, differs at the top of this product.
    private const uint Spread = 0x9e37_79b9;

    private readonly T?[] places;
    private readonly int shift;

    /// <summary>Begins with nothing.</summary>
    /// <param name="most">How many answers it holds at most, from 2 to 65,536; rounded up to a power of two.</param>
    public Lately(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, 1 << 16);
        places = new T?[BitOperations.RoundUpToPowerOf2((uint)most)];
        shift = 32 - BitOperations.Log2((uint)places.Length);
    }

    /// <summary>What was kept last under this hash or one that shares its place; null when nothing was.</summary>
    public T? Find(int hash) => Volatile.Read(ref PlaceOf(hash));

    /// <summary>Keeps an answer in place of whatever was there.</summary>
    /// <returns>The answer.</returns>
    public T Keep(int hash, T answer)
    {
        Volatile.Write(ref PlaceOf(hash), answer);
        return answer;
    }

    private ref T? PlaceOf(int hash) => ref places[((uint)hash * Spread) >> shift];
}
