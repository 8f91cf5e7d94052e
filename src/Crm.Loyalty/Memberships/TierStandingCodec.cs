using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Writes and reads standings on ladders.</summary>
internal static class TierStandingCodec
{
    public static void Write(TierStanding standing, SlotWriter writer)
    {
        writer.Text(standing.Ladder);
        writer.Date(standing.Joined);
        writer.Instant(standing.Opened);
        writer.Whole(standing.Counted);
        writer.Text(standing.Tier);
        writer.Whole(standing.Held.Count);
        foreach (var hold in standing.Held)
        {
            writer.Text(hold.Tier);
            writer.Instant(hold.Since);
            writer.Instant(hold.Until);
        }

        // Most standings have none of these.
        writer.Whole((standing.Days.IsEmpty ? 0 : 1) + (standing.LastDay is null ? 0 : 2) + (standing.Floor is null ? 0 : 4) + (standing.Pin is null ? 0 : 8) + (standing.Before is null ? 0 : 64) + (standing.Counts.IsEmpty ? 0 : 128) + (standing.Answers.IsEmpty ? 0 : 256));
        if (!standing.Days.IsEmpty)
        {
            writer.Whole(standing.Days.Count);
            foreach (var day in standing.Days)
            {
                writer.Date(day.Day);
                writer.Whole(day.Amount);
            }
        }

        if (standing.LastDay is { } last)
        {
            writer.Date(last);
        }

        Write(standing.Floor, writer);
        Write(standing.Pin, writer);
        if (!standing.Counts.IsEmpty)
        {
            writer.Whole(standing.Counts.Count);
            foreach (var count in standing.Counts)
            {
                writer.Instant(count.At);
                writer.Whole(count.Amount);
                writer.Whole((count.Less == 0 ? 0 : 1) + (count.Without is null ? 0 : 2));
                if (count.Less != 0)
                {
                    writer.Whole(count.Less);
                }

                if (count.Without is { } without)
                {
                    Write(without, writer);
                }
            }
        }

        if (!standing.Answers.IsEmpty)
        {
            writer.Whole(standing.Answers.Count);
            foreach (var answer in standing.Answers)
            {
                writer.Instant(answer.At);
                writer.Whole((answer.IsDue ? 1 : 0) + (answer.Looks ? 2 : 0));
                Write(answer.Without, writer);
            }
        }

        if (standing.Before is { } before)
        {
            Write(before, writer);
        }
    }

    public static TierStanding Read(ref SlotReader reader)
    {
        var (ladder, joined, opened, counted, tier) = (reader.Name(), reader.Date(), reader.InstantOrNull(), reader.Whole(), reader.Text());
        var held = new TierHold[reader.Int()];
        for (var i = 0; i < held.Length; i++)
        {
            held[i] = new TierHold(reader.Name(), reader.Instant(), reader.InstantOrNull());
        }

        var has = reader.Int();
        var days = new DayCount[(has & 1) != 0 ? reader.Int() : 0];
        for (var i = 0; i < days.Length; i++)
        {
            days[i] = new DayCount(reader.Date(), reader.Whole());
        }

        var standing = new TierStanding
        {
            Ladder = ladder,
            Joined = joined,
            Opened = opened,
            Counted = counted,
            Tier = tier,
            Held = Sequence.Given(held),
            Days = Sequence.Given(days),
            LastDay = (has & 2) != 0 ? reader.Date() : null,
            Floor = (has & 4) != 0 ? new TierGrant(reader.Name(), reader.InstantOrNull()) : null,
            Pin = (has & 8) != 0 ? new TierGrant(reader.Name(), reader.InstantOrNull()) : null,
        };
        for (var past = (has & 16) != 0 ? reader.Int() : 0; past > 0; past--)
        {
            // Until version 10 of the state: what windows counted that were over by then.
            reader.InstantOrNull();
            reader.Instant();
            reader.Whole();
        }

        // In version 11 of the state counts were what was left of them, and nothing was kept of what conditions answered.
        return standing with
        {
            Counts = (has & (32 | 128)) != 0 ? Counts(ref reader, (has & 128) != 0) : [],
            Answers = (has & 256) != 0 ? Answers(ref reader) : [],
            Before = (has & 64) != 0 ? Read(ref reader) : null,
        };
    }

    private static Sequence<TierCount> Counts(ref SlotReader reader, bool hasMore)
    {
        var counts = new TierCount[reader.Int()];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = new TierCount(reader.Instant(), reader.Whole());
            var has = hasMore ? reader.Int() : 0;
            counts[i] = (has & 1) == 0 ? counts[i] : counts[i] with { Less = reader.Whole() };
            counts[i] = (has & 2) == 0 ? counts[i] : counts[i] with { Without = Names(ref reader) };
        }

        return Sequence.Given(counts);
    }

    private static Sequence<TierAnswer> Answers(ref SlotReader reader)
    {
        var answers = new TierAnswer[reader.Int()];
        for (var i = 0; i < answers.Length; i++)
        {
            var (at, has) = (reader.Instant(), reader.Int());
            answers[i] = new TierAnswer(at, Names(ref reader)) { IsDue = (has & 1) != 0, Looks = (has & 2) != 0 };
        }

        return Sequence.Given(answers);
    }

    private static Sequence<string> Names(ref SlotReader reader)
    {
        var names = new string[reader.Int()];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = reader.Name();
        }

        return Sequence.Given(names);
    }

    private static void Write(Sequence<string> names, SlotWriter writer)
    {
        writer.Whole(names.Count);
        foreach (var name in names)
        {
            writer.Text(name);
        }
    }

    /// <summary>
    /// Reads what was written when a ladder counted years or a lifetime and nothing else: a year, what it counted, and what the year before did.
    /// The tier is held as long as it was going to be, to the turn of the year in UTC.
    /// </summary>
    public static TierStanding ReadYears(ref SlotReader reader)
    {
        var (ladder, window, counted, _, tier) = (reader.Name(), reader.Int(), reader.Whole(), reader.Whole(), reader.Text());
        var opened = window == 0 ? default(Instant?) : Instant.FromUtc(window, 1, 1, 0, 0);
        Instant? until = window == 0 ? null : Instant.FromUtc(window + (counted > 0 ? 2 : 1), 1, 1, 0, 0);
        return new TierStanding
        {
            Ladder = ladder,
            Joined = new LocalDate(window == 0 ? 1970 : window, 1, 1),
            Opened = opened,
            Counted = counted,
            Tier = tier,
            Held = tier is null ? [] : [new TierHold(tier, opened ?? Instant.FromUnixTimeTicks(0), until)],
        };
    }

    private static void Write(TierGrant? grant, SlotWriter writer)
    {
        if (grant is { } given)
        {
            writer.Text(given.Tier);
            writer.Instant(given.Until);
        }
    }
}
