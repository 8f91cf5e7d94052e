using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Reads and writes the length of a window as an ISO 8601 duration in which a day is 24 hours, such as "P90D" or "PT36H".</summary>
internal static partial class WindowLength
{
    /// <summary>What a length looks like, for error messages.</summary>
    public const string Expected = "a duration of weeks, days (24 hours each), hours, minutes and seconds is expected, such as \"P90D\" or \"PT36H\"; months and years have no fixed length";

    /// <summary>The length in its one form: days, hours, minutes, seconds.</summary>
    public static string Write(Duration length)
    {
        var text = new StringBuilder(length < Duration.Zero ? "-P" : "P");
        var rest = length < Duration.Zero ? -length : length;
        Append(text, rest.Days, 'D');
        var seconds = rest.Seconds + (rest.SubsecondNanoseconds / 1_000_000_000m);
        if (rest.Hours != 0 || rest.Minutes != 0 || seconds != 0 || rest.Days == 0)
        {
            text.Append('T');
            Append(text, rest.Hours, 'H');
            Append(text, rest.Minutes, 'M');
            if (seconds != 0 || rest == Duration.Zero)
            {
                text.Append(seconds.ToString("0.#########", CultureInfo.InvariantCulture)).Append('S');
            }
        }

        return text.ToString();
    }

    /// <summary>The length that a text says; null when it says none.</summary>
    public static Duration? Read(string text)
    {
        var match = Form().Match(text);
        return match.Success && text.Any(char.IsAsciiDigit) && !text.EndsWith('T')
            ? Duration.FromDays((Part("w") * 7) + Part("d")) + Duration.FromHours(Part("h")) + Duration.FromMinutes((long)Part("m"))
                + Duration.FromSeconds((long)Part("s")) + Duration.FromNanoseconds(match.Groups["f"] is { Success: true } fraction ? long.Parse(fraction.Value.PadRight(9, '0'), CultureInfo.InvariantCulture) : 0L)
            : null;

        int Part(string name) => match.Groups[name] is { Success: true } group ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"\AP((?<w>[0-9]{1,6})W)?((?<d>[0-9]{1,6})D)?(T((?<h>[0-9]{1,6})H)?((?<m>[0-9]{1,9})M)?((?<s>[0-9]{1,9})(\.(?<f>[0-9]{1,7}))?S)?)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Form();

    private static void Append(StringBuilder text, long amount, char unit)
    {
        if (amount != 0)
        {
            text.Append(amount.ToString(CultureInfo.InvariantCulture)).Append(unit);
        }
    }
}
