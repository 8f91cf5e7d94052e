using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Reports;

/// <summary>Up to when a report counts.</summary>
internal abstract record AsOf
{
    private AsOf()
    {
    }

    /// <summary>Everything at or before an instant.</summary>
    /// <param name="Instant">The instant.</param>
    /// <param name="IsNow">Whether it is the instant at which the command was given.</param>
    public sealed record At(Instant Instant, bool IsNow = false) : AsOf;

    /// <summary>Everything on or before a date, in the store's zone.</summary>
    /// <param name="Date">The date.</param>
    public sealed record On(LocalDate Date) : AsOf;

    // Reports look back and ahead from their day, by as much as people write in a definition, and the calendar has ends.
    private static readonly (LocalDate First, LocalDate Last) Counted = (new(1, 1, 1), new(8999, 12, 31));

    /// <summary>Reads a date or an instant; null means now.</summary>
    /// <param name="option">Where it was written, for messages.</param>
    /// <exception cref="ToolException">It is neither, or so far from today that nothing can be counted there.</exception>
    public static AsOf Parse(string? text, IClock clock, string option = "--as-of")
    {
        if (text is null)
        {
            return new At(clock.GetCurrentInstant(), IsNow: true);
        }

        if (LocalDatePattern.Iso.Parse(text) is { Success: true } date)
        {
            return Within(date.Value) ? new On(date.Value) : throw Outside(option, text);
        }

        var at = InstantPattern.ExtendedIso.Parse(text) is { Success: true } instant
            ? instant.Value.WithOffset(Offset.Zero)
            : OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } withOffset
                ? withOffset.Value
                : throw ToolException.Usage($"{option}: '{text}' is neither a date nor an instant; '2026-11-21' or '2026-11-21T08:00:00Z' is expected.");
        return Within(at.Date) ? new At(at.ToInstant()) : throw Outside(option, text);
    }

    /// <summary>The last instant that counts.</summary>
    public Instant Last(DateTimeZone zone) => this switch
    {
        At at => at.Instant,
        On on => zone.StartOf(on.Date.PlusDays(1)) - Duration.Epsilon,
        _ => throw new InvalidOperationException("An as-of is a date or an instant."),
    };

    private static bool Within(LocalDate date) => date >= Counted.First && date <= Counted.Last;

    private static ToolException Outside(string option, string text) =>
        ToolException.Usage($"{option}: '{text}' is outside of what is counted in; a time from {LocalDatePattern.Iso.Format(Counted.First)} to {LocalDatePattern.Iso.Format(Counted.Last)} is expected.");
}
