using Crm.Campaigns.Experiments;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>What the campaigns module keeps of a customer.</summary>
public sealed record CampaignState
{
    private const int Latest = 16;

    /// <summary>Nothing yet.</summary>
    public static CampaignState Empty { get; } = new();

    /// <summary>Where the customer stands in each journey that has begun or waits, by its name.</summary>
    public Sequence<JourneyStanding> Journeys { get; init; }

    /// <summary>Messages that may still be sent, and those sent that a cap has to count, by when they count and by occasion.</summary>
    public Sequence<Reservation> Reservations { get; init; }

    /// <summary>Occasions of messages that were sent although history, as it is known now, has not decided them; the latest few. They are not decided a second time.</summary>
    public Sequence<string> Pinned { get; init; }

    /// <summary>Occasions of echoes for which a message of <see cref="Pinned"/> stands: what began the journey has moved in history, and was answered where it was before. They bring no message; the latest few.</summary>
    public Sequence<string> Answered { get; init; }

    /// <summary>The experiments in which the customer counts, by their ids.</summary>
    public Sequence<Exposure> Exposures { get; init; }

    /// <summary>Since when and in which arm the customer counts in an experiment; null: not yet.</summary>
    public Exposure? In(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return Exposed(experiment.Id);
    }

    /// <summary>The arm in which the customer counts, or will.</summary>
    public Arm ArmIn(Experiment experiment, CustomerId customer)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return In(experiment) is { } exposure && experiment.Named(exposure.Arm) is { } arm ? arm : experiment.ArmOf(customer);
    }

    internal Exposure? Exposed(string experiment) => Exposures.FirstOrDefault(exposure => exposure.Experiment == experiment);

    internal CampaignState With(Exposure exposure) => this with
    {
        Exposures = Exposures.Where(other => other.Experiment != exposure.Experiment).Append(exposure).OrderBy(other => other.Experiment, StringComparer.Ordinal).ToSequence(),
    };

    /// <summary>The standing in a journey; an empty one where nothing has begun.</summary>
    public JourneyStanding In(string journey)
    {
        foreach (var standing in Journeys)
        {
            if (string.Equals(standing.Journey, journey, StringComparison.Ordinal))
            {
                return standing;
            }
        }

        return new JourneyStanding { Journey = journey };
    }

    internal CampaignState With(JourneyStanding standing) => this with
    {
        Journeys = Journeys.Where(other => other.Journey != standing.Journey).Append(standing).OrderBy(other => other.Journey, StringComparer.Ordinal).ToSequence(),
    };

    internal CampaignState With(Reservation reservation) => this with
    {
        Reservations = Reservations.Where(other => other.Occasion != reservation.Occasion).Append(reservation).OrderBy(other => other.From).ThenBy(other => other.Occasion, StringComparer.Ordinal).ToSequence(),
    };

    /// <summary>This state with that of somebody who is the same customer from a merge on.</summary>
    internal CampaignState With(CampaignState other, Instant merge)
    {
        var merged = this with { Pinned = Pinned.Union(other.Pinned, StringComparer.Ordinal).ToSequence(), Answered = Answered.Union(other.Answered, StringComparer.Ordinal).ToSequence() };
        merged = other.Reservations.Where(reservation => Reservations.All(known => known.Occasion != reservation.Occasion)).Aggregate(merged, (state, reservation) => state.With(reservation));
        merged = other.Exposures.Aggregate(merged, (state, exposure) => state.With(Exposed(exposure.Experiment)?.With(exposure, merge) ?? exposure));
        return other.Journeys.Aggregate(merged, (state, standing) => state.With(In(standing.Journey).With(standing)));
    }

    internal CampaignState Pinning(string occasion) => this with { Pinned = LatestWith(Pinned, occasion) };

    internal CampaignState Answering(string occasion) => Without(occasion) with { Answered = LatestWith(Answered, occasion) };

    private static Sequence<string> LatestWith(Sequence<string> occasions, string occasion) => occasions.Append(occasion).TakeLast(Latest).ToSequence();

    internal CampaignState Without(string occasion) => this with { Reservations = Reservations.Where(other => other.Occasion != occasion).ToSequence() };
}

/// <summary>Where a customer stands in one journey.</summary>
public sealed record JourneyStanding
{
    /// <summary>The journey.</summary>
    public required string Journey { get; init; }

    /// <summary>The event from which a silence counts; null before the first.</summary>
    public Anchor? Anchor { get; init; }

    /// <summary>Month and day that a birthday journey waits for, as MMDD; 0: none is known.</summary>
    public int Day { get; init; }

    /// <summary>The zone in which a birthday journey waits for the day; null where it is the engine's.</summary>
    public string? Zone { get; init; }

    /// <summary>The last year whose birthday was decided; 0: none.</summary>
    public int LastYear { get; init; }

    /// <summary>When the journey next has to be looked at; null: not before something happens.</summary>
    public Instant? Due { get; init; }

    /// <summary>The latest decision; null before the first.</summary>
    public LastDecision? Last { get; init; }

    /// <summary>How often each decision and outcome came: "decided", "suppressed.REASON", "sent", "failed", "refused", "stale", "delivered", "opened", "bounced"; by code.</summary>
    public Sequence<Tally> Tallies { get; init; }

    /// <summary>How often a code came.</summary>
    public long Count(string code) => Tallies.FirstOrDefault(tally => tally.Code == code).Count;

    /// <summary>This standing with that of somebody who is the same customer from now on.</summary>
    internal JourneyStanding With(JourneyStanding other)
    {
        var later = other.Anchor is { } theirs && !(Anchor?.At >= theirs.At) ? other : this;
        var birthday = Day != 0 ? this : other;
        var sum = later with
        {
            Day = birthday.Day,
            LastYear = Math.Max(LastYear, other.LastYear),
            Due = later.Anchor is not null ? later.Due : birthday.Due,
            Last = Last is { } last && !(other.Last?.At > last.At) ? last : other.Last,
            Tallies = Tallies,
        };
        return other.Tallies.Aggregate(sum, (standing, tally) => standing.Counting(tally.Code, tally.Count));
    }

    internal JourneyStanding Counting(string code, long by = 1) => this with
    {
        Tallies = Tallies.Where(tally => tally.Code != code).Append(new Tally(code, Count(code) + by)).Where(tally => tally.Count != 0).OrderBy(tally => tally.Code, StringComparer.Ordinal).ToSequence(),
    };
}

/// <summary>The event that a silence counts from.</summary>
/// <param name="Event">Its key.</param>
/// <param name="At">When it occurred.</param>
public sealed record Anchor(string Event, Instant At);

/// <summary>What was decided last about a journey.</summary>
/// <param name="Occasion">The occasion.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why no message was sent, as a code; null: it was decided to send one.</param>
public sealed record LastDecision(string Occasion, Instant At, string? Reason);

/// <summary>How often something came.</summary>
/// <param name="Code">What.</param>
/// <param name="Count">How often.</param>
public readonly record struct Tally(string Code, long Count);

/// <summary>A message's claim on the caps.</summary>
/// <param name="Occasion">The occasion.</param>
/// <param name="Channel">The channel.</param>
/// <param name="From">When it may first be sent, or was sent.</param>
/// <param name="Until">When it may last be sent, or was sent.</param>
/// <param name="Sent">Whether it was sent.</param>
/// <param name="Counts">Whether a cap counts it.</param>
public sealed record Reservation(string Occasion, string Channel, Instant From, Instant Until, bool Sent, bool Counts)
{
    /// <summary>The journey that it belongs to.</summary>
    public string Journey => CampaignNames.JourneyOf(Occasion);
}
