using System.Buffers;

namespace Crm.Values;

/// <summary>
/// The name that the sender gave an event, such as a receipt number. It is unique per source across all customers, so the same event sent twice is
/// recorded once and one receipt cannot be claimed by two people.
/// </summary>
public readonly record struct EventKey : IComparable<EventKey>
{
    private const int LongestValue = 200;
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 256).Select(code => (char)code).Where(char.IsControl)]);

    /// <summary>A key inside a source.</summary>
    /// <param name="source">The sending system: lower-case letters, digits, '-', '_' or '.'.</param>
    /// <param name="value">1 to 200 printable characters, none of them cut in half, as the source spells them.</param>
    /// <exception cref="ArgumentException">Source or value is not of that form.</exception>
    public EventKey(string source, string value)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(value);
        if (!Names.IsName(source))
        {
            throw new ArgumentException($"'{source}' is not the name of a source: lower-case letters, digits, '-', '_' and '.' are expected, such as 'pos'.", nameof(source));
        }

        if (value.Length is 0 or > LongestValue || value.AsSpan().ContainsAny(Controls))
        {
            throw new ArgumentException($"A key of source '{source}' has {value.Length} characters or a control character in it; 1 to {LongestValue} printable characters are expected.", nameof(value));
        }

        if (StorableText.FaultOf(value) is { } fault)
        {
            throw new ArgumentException($"A key of source '{source}' has {fault}; whole characters are expected, because no database keeps others.", nameof(value));
        }

        Source = source;
        Value = value;
    }

    /// <summary>The sending system, the scope in which the key is unique.</summary>
    public string Source { get; }

    /// <summary>The key inside the source.</summary>
    public string Value { get; }

    /// <summary>Reads "source:value"; the source is the text before the first colon.</summary>
    /// <exception cref="ArgumentException">There is no colon, or a part is not of its form.</exception>
    public static EventKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? new EventKey(text[..colon], text[(colon + 1)..])
            : throw new ArgumentException($"'{text}' is not the key of an event: a source, a colon and the source's own key are expected, such as 'pos:1042'.", nameof(text));
    }

    /// <inheritdoc/>
    public int CompareTo(EventKey other) =>
        string.CompareOrdinal(Source, other.Source) is not 0 and var bySource ? bySource : string.CompareOrdinal(Value, other.Value);

    /// <summary>"source:value".</summary>
    public override string ToString() => $"{Source}:{Value}";
}
