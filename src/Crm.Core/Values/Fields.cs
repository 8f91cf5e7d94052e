using System.Collections;
using System.Collections.Immutable;

namespace Crm.Values;

/// <summary>A small immutable map from names to values, in ordinal order of the names. The default value is empty; a missing value is no entry.</summary>
public readonly struct Fields : IReadOnlyCollection<KeyValuePair<string, Scalar>>, IEquatable<Fields>
{
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
        var map = new SortedDictionary<string, Scalar>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (value.IsMissing)
            {
                map.Remove(name);
            }
            else
            {
                map[name] = value;
            }
        }

        return new Fields(map.ToSequence());
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
