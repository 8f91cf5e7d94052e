using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Crm.Conditions;

/// <summary>Regular expressions that people write in conditions: they never take longer than their text is long, and mean the same in every culture.</summary>
public static class TextPattern
{
    /// <summary>How many characters a pattern may have.</summary>
    public const int Longest = 200;

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    // Tests live as long as definitions; each is made ready once.
    private static readonly ConditionalWeakTable<Test.Matches, Regex> Ready = [];

    /// <summary>What is wrong with a pattern, as a sentence; null when nothing is.</summary>
    public static string? WrongWith(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Length is 0 or > Longest)
        {
            return string.Create(CultureInfo.InvariantCulture, $"The pattern has {pattern.Length} characters; 1 to {Longest} are expected.");
        }

        try
        {
            _ = new Regex(pattern, Options);
            return null;
        }
        catch (RegexParseException malformed)
        {
            return string.Create(CultureInfo.InvariantCulture, $"'{pattern}' is no regular expression: {malformed.Error} at character {malformed.Offset}.");
        }
        catch (NotSupportedException)
        {
            return $"'{pattern}' asks for what may take long: looking around, references back, atomic groups and large repetitions of repetitions are left out.";
        }
    }

    /// <summary>Whether a part of a text is as a test says.</summary>
    internal static bool IsIn(Test.Matches test, string text) => Ready.GetValue(test, static one => new Regex(one.Pattern, Options)).IsMatch(text);
}
