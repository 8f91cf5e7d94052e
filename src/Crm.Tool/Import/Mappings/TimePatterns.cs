using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Import.Mappings;

/// <summary>What a pattern of times must say. What it leaves open would be filled in from a template, and every time would be another than the file means.</summary>
internal static class TimePatterns
{
    /// <summary>What would be right.</summary>
    public const string Expected = "a pattern with year, month and day, and with the hour of 24 (or of 12 with 'tt') where it has a time, such as 'yyyy-MM-dd HH:mm:ss', 'yyyyMMdd' or 'd/M/yyyy h:mm tt'";

    private static readonly LocalDateTime Sample = new(2012, 4, 17, 22, 5, 9);

    // Of one century, because a year of two digits is one of the template's.
    private static readonly LocalDateTime[] Templates = [new(2000, 1, 1, 0, 0), new(2055, 11, 23, 13, 47, 31)];

    /// <summary>Whether a text is a pattern that leaves neither the day nor, where it says a time, the hour open: then it reads what it has written, whatever it would be filled up from.</summary>
    public static bool SayTheDay(string pattern)
    {
        if (Pattern(() => LocalDateTimePattern.CreateWithInvariantCulture(pattern)) is not { } time)
        {
            return false;
        }

        return Pattern(() => LocalDatePattern.CreateWithInvariantCulture(pattern)) is { } date
            ? Array.TrueForAll(Templates, template => date.WithTemplateValue(template.Date).Parse(date.Format(Sample.Date)) is { Success: true, Value: var read } && read == Sample.Date)
            : Array.TrueForAll(Templates, template => time.WithTemplateValue(template).Parse(time.Format(Sample)) is { Success: true, Value: var read } && read.Date == Sample.Date && read.Hour == Sample.Hour);
    }

    private static T? Pattern<T>(Func<T> create)
        where T : class
    {
        try
        {
            return create();
        }
        catch (InvalidPatternException)
        {
            return null;
        }
    }
}
