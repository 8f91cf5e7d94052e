using System.Collections;
using System.Collections.Immutable;

namespace Crm.Values;

/// <summary>A small immutable map from names to values, in ordinal order of the names. The default value is empty; a missing value is no entry.</summary>
public readonly struct Fields : IReadOnlyCollection<KeyValuePair<string, Scalar>>, IEquatable<Fields>
{
    private const int Few = 16;

    private readonly Sequence<KeyValuePair<string, Scalar>> sorted;

    private Fields(Sequence<KeyValuePair<string, Scalar>> sorted) => this.sorted = sorted;

    /// <summary>No field.</summary>
    public static Fields None => default;

    /// <summary>How many fields have a value.</summary>
    public int Count => sorted.Count;

    /// <summary>The value of a field; missing when it has none.</summary>
    public Scalar this[string name] => this[name.AsSpan()];

    /// <summary>The value of a field whose name is part of a longer text; missing when it has none.</summary>
    public Scalar this[ReadOnlySpan<char> name]
    {
        get
        {
            foreach (ref readonly var pair in sorted.AsSpan())
            {
                if (name.SequenceEqual(pair.Key))
                {
                    return pair.Value;
                }
            }

            return default;
        }
    }

    /// <summary>The fields with these values; where a name comes twice the later one counts, and a missing value leaves the field out.</summary>
    public static Fields Of(params IEnumerable<(string Name, Scalar Value)> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var pairs = new KeyValuePair<string, Scalar>[values.TryGetNonEnumeratedCount(out var most) ? most : 4];
        var count = 0;
        foreach (var (name, value) in values)
        {
            ArgumentNullException.ThrowIfNull(name, nameof(values));
            if (count == pairs.Length)
            {
                Array.Resize(ref pairs, Math.Max(4, count * 2));
            }

            pairs[count++] = KeyValuePair.Create(name, value);
        }

        if (count > Few)
        {
            pairs = [.. pairs.Take(count).OrderBy(pair => pair.Key, StringComparer.Ordinal)];
        }
        else
        {
            Sort(pairs.AsSpan(0, count));
        }

        return new Fields(Last(pairs, count));
    }

    // Keeps the order of equal names.
    private static void Sort(Span<KeyValuePair<string, Scalar>> pairs)
    {
        for (var i = 1; i < pairs.Length; i++)
        {
            var pair = pairs[i];
            var place = i;
            while (place > 0 && string.CompareOrdinal(pairs[place - 1].Key, pair.Key) > 0)
            {
                pairs[place] = pairs[place - 1];
                place--;
            }

            pairs[place] = pair;
        }
    }

    // The last of each name, unless it is missing; in the array itself where that is full.
    private static Sequence<KeyValuePair<string, Scalar>> Last(KeyValuePair<string, Scalar>[] sorted, int count)
    {
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            if (!sorted[i].Value.IsMissing && (i + 1 == count || !string.Equals(sorted[i].Key, sorted[i + 1].Key, StringComparison.Ordinal)))
            {
                sorted[kept++] = sorted[i];
            }
        }

        return kept == 0 ? default : kept == sorted.Length ? Sequence.Given(sorted) : Sequence.Create<KeyValuePair<string, Scalar>>(sorted.AsSpan(0, kept));
    }

    /// <summary>Whether the fields are the same.</summary>
    public static bool operator ==(Fields left, Fields right) => left.Equals(right);

    /// <summary>Whether the fields differ.</summary>
    public static bool operator !=(Fields left, Fields right) => !left.Equals(right);

    /// <summary>These fields with others on top: the others' values win.</summary>
    public Fields With(Fields others) => others.Count == 0 ? this : Of(sorted.Concat(others.sorted).Select(pair => (pair.Key, pair.Value)));

    /// <summary>These fields with one set, or removed when the value is missing.</summary>
    public Fields With(string name, Scalar value) => Of(sorted.Select(pair => (pair.Key, pair.Value)).Append((name, value)));

    /// <inheritdoc/>
    public bool Equals(Fields other) => sorted == other.sorted;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Fields other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => sorted.GetHashCode();

    /// <summary>Walks the fields without allocating.</summary>
    public ImmutableArray<KeyValuePair<string, Scalar>>.Enumerator GetEnumerator() => sorted.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator<KeyValuePair<string, Scalar>> IEnumerable<KeyValuePair<string, Scalar>>.GetEnumerator() => ((IEnumerable<KeyValuePair<string, Scalar>>)sorted).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable)sorted).GetEnumerator();

    /// <summary>The names alone; values may be personal.</summary>
    public override string ToString() => string.Join(", ", sorted.Select(pair => pair.Key));
}
