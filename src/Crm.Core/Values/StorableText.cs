namespace Crm.Values;

/// <summary>
/// Which texts every database keeps letter by letter. Half a character (a lone surrogate, as when a name is cut inside an emoji) has no form in UTF-8: one database refuses it and another writes '\uFFFD' instead,
/// so that two texts become one. PostgreSQL has no U+0000 in a text. Whatever reaches a store has neither.
/// </summary>
public static class StorableText
{
    /// <summary>What is wrong with a text, for a sentence, such as "half a character at place 7"; null when nothing is. It never shows the text, which may be personal.</summary>
    public static string? FaultOf(ReadOnlySpan<char> text)
    {
        var place = FaultAt(text);
        return place < 0 ? null : $"{(text[place] == '\0' ? "U+0000" : "half a character")} at place {place + 1}";
    }

    /// <summary>Returns a text that every database keeps.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What the text is, for the message, such as "The name of a supply".</param>
    /// <param name="parameter">The parameter that it came in.</param>
    /// <exception cref="ArgumentException">It has half a character or U+0000 in it.</exception>
    public static string Check(string text, string what, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        return FaultOf(text) is { } fault ? throw new ArgumentException($"{what} has {fault}; whole characters other than U+0000 are expected, because no database keeps others.", parameter) : text;
    }

    private static int FaultAt(ReadOnlySpan<char> text)
    {
        var zero = text.IndexOf('\0');
        var half = HalfAt(zero < 0 ? text : text[..zero]);
        return half < 0 ? zero : half;
    }

    private static int HalfAt(ReadOnlySpan<char> text)
    {
        var start = 0;
        while (true)
        {
            // Nearly every text has none of these, and is searched many letters at a time.
            var next = text[start..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (next < 0)
            {
                return -1;
            }

            start += next;
            if (!char.IsHighSurrogate(text[start]) || start + 1 == text.Length || !char.IsLowSurrogate(text[start + 1]))
            {
                return start;
            }

            start += 2;
        }
    }
}
