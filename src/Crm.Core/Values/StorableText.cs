using System.Globalization;

namespace Crm.Values;

/// <summary>
/// Which texts every database keeps letter by letter. Half a character (a lone surrogate, as when a name is cut inside an emoji) has no form in UTF-8: one database refuses it and another writes '\uFFFD' instead,
/// so that two texts become one. PostgreSQL has no U+0000 in a text. Whatever reaches a store has neither. And a text by which a store finds something fits into its index.
/// </summary>
public static class StorableText
{
    /// <summary>
    /// The most characters (UTF-16, as <see cref="string.Length"/> counts) of a name by which a store finds something: a supply, a fact, the kind or the name of a document. Two of them with the name of a tenant, three bytes a
    /// character, are within the 2,704 bytes that an index of PostgreSQL takes. Keys of events and identities are shorter still: 200 characters, and their sources and kinds <see cref="Names.Longest"/>.
    /// </summary>
    public const int LongestName = 400;

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

    /// <summary>Returns a name that every database keeps, and finds something by.</summary>
    /// <param name="name">The name.</param>
    /// <param name="what">What the name is, for the message, such as "The name of a supply".</param>
    /// <param name="parameter">The parameter that it came in.</param>
    /// <exception cref="ArgumentException">It has more than <see cref="LongestName"/> characters, or half a character or U+0000 in it.</exception>
    public static string CheckName(string name, string what, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        return TooLong(name) is { } fault ? throw new ArgumentException($"{what} has {fault}.", parameter) : Check(name, what, parameter);
    }

    /// <summary>Of how many characters a name is that is too long, for the end of a sentence; null when it is not.</summary>
    internal static string? TooLong(string name) => name.Length <= LongestName ? null : string.Create(CultureInfo.InvariantCulture, $"{name.Length} characters; at most {LongestName} are expected, because no index of a database takes more");

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
