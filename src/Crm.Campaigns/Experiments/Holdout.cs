using System.Globalization;
using Crm.Conditions;
using NodaTime;

namespace Crm.Campaigns.Experiments;

/// <summary>
/// A part of all customers who get no message of any journey, but those of the service, so that what campaigns bring together can be told. It is an experiment of its own with the arms "held-out" and "reached", under its own id,
/// or one for each period: then others are held out in the next.
/// </summary>
/// <param name="Id">By which people are spread.</param>
/// <param name="HeldOut">How many of <paramref name="Of"/> are held out; 1 or more.</param>
/// <param name="Of">The whole; more than <paramref name="HeldOut"/>, at most 1,000,000.</param>
/// <param name="Period">How long the same people are held out, by the calendar of the engine's zone: a month, quarter or year, because the exposure of each period stays with the customer; null: always the same.</param>
public sealed record Holdout(string Id, int HeldOut, int Of = 100, CalendarPeriod? Period = null)
{
    /// <summary>From when on people are held out, included; before it nobody is, and nobody counts. See <see cref="Experiment.From"/>.</summary>
    public required Instant From { get; init; }

    /// <summary>The arm of those who get nothing.</summary>
    public const string HeldOutArm = "held-out";

    /// <summary>The arm of all others.</summary>
    public const string ReachedArm = "reached";

    /// <summary>The experiment of a day: its id is that of the holdout, with the first day of the period behind it where there are periods, such as "everyone.2026-01-01".</summary>
    public Experiment On(LocalDate day) => new(
        Period is { } period ? $"{Id}.{period.First(day, 0).ToString("uuuu-MM-dd", CultureInfo.InvariantCulture)}" : Id,
        [new Arm(HeldOutArm, HeldOut) { HoldsOut = true }, new Arm(ReachedArm, Of - HeldOut)])
    {
        From = From,
    };
}
