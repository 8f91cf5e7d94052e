using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Where a customer stands on one ladder: what was counted, and which tiers are held until when.</summary>
public sealed record TierStanding
{
    /// <summary>The ladder.</summary>
    public required string Ladder { get; init; }

    /// <summary>The day from which anniversaries count: when the customer joined, or first counted.</summary>
    public LocalDate Joined { get; init; }

    /// <summary>From when the open window counts; null for windows without a beginning.</summary>
    public Instant? Opened { get; init; }

    /// <summary>What was counted in the open window; 0 for rolling windows, which keep <see cref="Days"/>.</summary>
    public long Counted { get; init; }

    /// <summary>For rolling windows, and where a day counts once, what was counted on each day that is still within, by day; otherwise empty.</summary>
    public Sequence<DayCount> Days { get; init; }

    /// <summary>What was counted when, by instant: kept in programmes without cascade for as long as something may be taken back of it, on ladders that count a unit.</summary>
    public Sequence<TierCount> Counts { get; init; }

    /// <summary>What conditions of tiers answered from when on, where <see cref="Counts"/> are kept on a ladder that asks some, so that what is counted anew is judged as it was at its time; and when else a ladder with a rolling window was looked at in a way that may give or take tiers. Otherwise empty.</summary>
    public Sequence<TierAnswer> Answers { get; init; }

    /// <summary>The standing before the first of <see cref="Counts"/>, without counts of its own; null: nothing had been counted.</summary>
    public TierStanding? Before { get; init; }

    /// <summary>The last day on which something was counted, kept where a day counts once; otherwise null.</summary>
    public LocalDate? LastDay { get; init; }

    /// <summary>The tiers that were reached and are held, in the order in which they were reached; one may be there several times.</summary>
    public Sequence<TierHold> Held { get; init; }

    /// <summary>The lowest tier that staff have granted; the customer may rise above it and falls back to it. Null: none.</summary>
    public TierGrant? Floor { get; init; }

    /// <summary>The tier that staff have fixed, whatever is counted; null: none.</summary>
    public TierGrant? Pin { get; init; }

    /// <summary>The tier last made known; null for none.</summary>
    public string? Tier { get; init; }

    /// <summary>This standing with the days and tiers of somebody who is the same customer from now on; what the other has counted in an open window is left to be counted.</summary>
    /// <param name="other">Theirs.</param>
    /// <param name="ladder">The ladder.</param>
    /// <param name="onceADay">Whether a day on which both were counted counts once.</param>
    internal TierStanding With(TierStanding other, TierLadder ladder, bool onceADay) => this with
    {
        Joined = other.Joined < Joined ? other.Joined : Joined,
        Days = Days.Concat(other.Days).GroupBy(day => day.Day).OrderBy(day => day.Key)
            .Select(day => new DayCount(day.Key, onceADay ? day.Max(item => item.Amount) : day.Sum(item => item.Amount))).Where(day => day.Amount != 0).ToSequence(),
        Counts = Pinned.Concat(other.Pinned).OrderBy(count => count.At).ToSequence(),
        Answers = Answers.IsEmpty ? other.Answers : other.Answers.IsEmpty ? Answers : [.. Answers.Concat(other.Answers).OrderBy(answer => answer.At).ThenBy(answer => !answer.IsDue)
            .Select(answer => answer with { Without = WithoutAt(answer.At, !answer.IsDue).IntersectBy(other.WithoutAt(answer.At, !answer.IsDue).Select(ladder.NameNow), ladder.NameNow, StringComparer.Ordinal).ToSequence() })],
        Before = (Before, other.Before) switch
        {
            ({ } one, { } two) => one.With(two, ladder, onceADay) with { Counted = checked(one.Counted + two.Counted) },
            var (one, two) => one ?? two,
        },
        LastDay = LastDay is { } latest && !(other.LastDay > latest) ? latest : other.LastDay,
        Held = Held.Concat(other.Held).GroupBy(hold => (ladder.NameNow(hold.Tier), hold.Until)).Select(same => same.MinBy(hold => hold.Since)).OrderBy(hold => hold.Since).ToSequence(),
        Floor = Floor is { } floor && !(other.Floor is { } theirs && ladder.LevelOf(theirs.Tier) > ladder.LevelOf(floor.Tier)) ? floor : other.Floor,
        Pin = Pin ?? other.Pin,
    };

    /// <summary>This standing without what was counted when, and without what staff have granted.</summary>
    internal TierStanding Alone => this with { Counts = [], Answers = [], Before = null, Floor = null, Pin = null, Tier = null };

    /// <summary>This standing with the tiers that are held called as they are now.</summary>
    internal TierStanding Renamed(TierLadder ladder) => this with { Held = Held.Select(hold => hold with { Tier = ladder.NameNow(hold.Tier) }).ToSequence() };

    /// <summary>The tiers whose conditions did not hold at an instant: before what happened at it, or after.</summary>
    internal Sequence<string> WithoutAt(Instant at, bool after = false)
    {
        var known = Answers.IsEmpty ? [] : Answers[0].Without;
        foreach (var answer in Answers)
        {
            if (answer.At > at || (answer.At == at && !answer.IsDue && !after))
            {
                break;
            }

            known = answer.Without;
        }

        return known;
    }

    // What was counted when, each with what conditions answered then.
    private IEnumerable<TierCount> Pinned
    {
        get
        {
            var standing = this;
            return Answers.IsEmpty ? Counts : Counts.Select(count => count with { Without = count.Without ?? standing.WithoutAt(count.At) });
        }
    }

    /// <summary>Whether what was counted at an instant, of which nothing more is known, may count in it.</summary>
    internal bool CountsAt(Instant at) => !(Opened > at) && (Counted != 0 || !Days.IsEmpty);

    /// <summary>On how many days within both were counted, where a day counts once. Of standings from before days were kept only the last is known.</summary>
    internal long SharedDays(TierStanding other)
    {
        var own = Days.Select(day => day.Day).ToHashSet();
        return other.Days.IsEmpty
            ? (LastDay is not null && LastDay == other.LastDay && other.Counted > 0 ? 1 : 0)
            : other.Days.Count(day => day.Day == LastDay || own.Contains(day.Day));
    }

    /// <summary>This standing with the difference of two others added: counts by arithmetic, held tiers as sets, the rest as in the first where the two differ.</summary>
    internal TierStanding Plus(TierStanding? with, TierStanding? without)
    {
        var (one, other) = (with ?? this with { Counted = 0, Days = [], Held = [], Tier = null }, without ?? this with { Counted = 0, Days = [], Held = [], Tier = null });
        var gone = other.Held.Except(one.Held).ToList();
        return this with
        {
            Opened = one.Opened == other.Opened ? Opened : one.Opened,
            Counted = checked(Counted + one.Counted - other.Counted),
            Days = Days.Concat(one.Days).Concat(other.Days.Select(day => day with { Amount = -day.Amount }))
                .GroupBy(day => day.Day).OrderBy(day => day.Key).Select(day => new DayCount(day.Key, day.Sum(item => item.Amount))).Where(day => day.Amount != 0).ToSequence(),
            LastDay = one.LastDay == other.LastDay ? LastDay : one.LastDay,
            Held = Held.Except(gone).Concat(one.Held.Except(other.Held)).Distinct().ToSequence(),
            Floor = one.Floor == other.Floor ? Floor : one.Floor,
            Pin = one.Pin == other.Pin ? Pin : one.Pin,
            Tier = one.Tier == other.Tier ? Tier : one.Tier,
        };
    }
}

/// <summary>A tier that is held.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Since">When it was reached.</param>
/// <param name="Until">When its validity ends, without grace; null: without end, or while the count reaches.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TierHold(string Tier, Instant Since, Instant? Until);

/// <summary>What was counted on a day.</summary>
/// <param name="Day">The day in the programme's zone.</param>
/// <param name="Amount">How much.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DayCount(LocalDate Day, long Amount);

/// <summary>What was counted at an instant.</summary>
/// <param name="At">When.</param>
/// <param name="Amount">How much; below 0 for what staff took.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TierCount(Instant At, long Amount)
{
    /// <summary>How much less it counts since, because it was taken back; below 0 where more.</summary>
    public long Less { get; init; }

    /// <summary>The tiers whose conditions did not hold when it was counted; null: those of <see cref="TierStanding.Answers"/> just before.</summary>
    public Sequence<string>? Without { get; init; }
}

/// <summary>What conditions of tiers answered from an instant on.</summary>
/// <param name="At">From when on; the first one counts for all that was before, too.</param>
/// <param name="Without">The tiers whose conditions did not hold.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TierAnswer(Instant At, Sequence<string> Without)
{
    /// <summary>Whether something asked that fell due, so before all that happened at the instant.</summary>
    public bool IsDue { get; init; }

    /// <summary>Whether the ladder was looked at then though nothing of its own fell due, such as when staff granted a tier.</summary>
    public bool Looks { get; init; }
}

/// <summary>A tier that staff have given.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Until">From this instant on it is no longer given; null: until staff say otherwise.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TierGrant(string Tier, Instant? Until);
