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

    /// <summary>Reads a date or an instant; null means now.</summary>
    public static AsOf Parse(string? text, IClock clock)
    {
        if (text is null)
        {
            return new At(clock.GetCurrentInstant(), IsNow: true);
        }

        if (LocalDatePattern.Iso.Parse(text) is { Success: true } date)
        {
            return new On(date.Value);
        }

        return InstantPattern.ExtendedIso.Parse(text) is { Success: true } instant
            ? new At(instant.Value)
            : OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } withOffset
                ? new At(withOffset.Value.ToInstant())
                : throw ToolException.Usage($"--as-of: '{text}' is neither a date nor an instant; '2026-11-21' or '2026-11-21T08:00:00Z' is expected.");
    }

    /// <summary>The last instant that counts.</summary>
    public Instant Last(DateTimeZone zone) => this switch
    {
        At at => at.Instant,
        On on => zone.AtStartOfDay(on.Date.PlusDays(1)).ToInstant() - Duration.Epsilon,
        _ => throw new InvalidOperationException("An as-of is a date or an instant."),
    };
}
