using System.Text;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// Standings of one customer as they are written, but for their segments and when these are to be asked about again: what each has as one number, and that. Instants of memberships are ticks since the one before, causes their sort and,
/// for events, their key.
/// </summary>
internal sealed class WrittenStandings
{
    public const int IsMember = 1;
    public const int HasDue = 2;
    public const int HasForgotten = 4;
    public const int PastShift = 3;

    private byte[] bytes = [];

    /// <summary>Writes a standing of which nothing is written.</summary>
    public static void Write(Standing standing, TickOrNone due, SlotWriter writer)
    {
        Begin((standing.IsMember ? IsMember : 0) | (standing.ForgottenUntil is null ? 0 : HasForgotten) | (standing.Past.Count << PastShift), due, writer);
        if (standing.ForgottenUntil is { } forgotten)
        {
            writer.Instant(forgotten);
        }

        var before = 0L;
        foreach (var past in standing.Past)
        {
            before = WriteTime(past.Since, before, writer);
            before = WriteTime(past.Until ?? past.Since, before, writer);
            writer.Whole(past.Version);
            WriteCause(past.EnteredBy, writer);
            WriteCause(past.LeftBy, writer);
        }

        if (standing.Current is { } current)
        {
            WriteTime(current.Since, before, writer);
            writer.Whole(current.Version);
            WriteCause(current.EnteredBy, writer);
        }
    }

    /// <summary>Reads so many standings without making anything of them that may not be looked at.</summary>
    /// <param name="reader">What was written.</param>
    /// <param name="spare">Memory to work with.</param>
    /// <param name="standings">Takes the standings.</param>
    /// <param name="dues">Takes when each is to be asked about again.</param>
    public static void ReadAll(ref SlotReader reader, SlotWriter spare, UndatedStanding[] standings, TickOrNone[] dues)
    {
        var written = new WrittenStandings();
        spare.Clear();
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            dues[i] = (has & HasDue) != 0 ? TickOrNone.Of(reader.Instant()) : default;
            if ((has & ~HasDue) == 0)
            {
                standings[i] = new UndatedStanding(segment);
                continue;
            }

            standings[i] = new UndatedStanding(segment, (has & IsMember) != 0, written, spare.Written.Length);
            spare.Whole(has & ~HasDue);
            Copy(has, ref reader, spare);
        }

        written.bytes = spare.Written.ToArray();
    }

    /// <summary>The standing with a segment that is written from a place on.</summary>
    public Standing Read(string segment, int from)
    {
        var reader = new SlotReader(bytes.AsSpan(from));
        var has = reader.Int();
        Instant? forgotten = (has & HasForgotten) != 0 ? reader.Instant() : null;
        var past = has >> PastShift is 0 ? [] : new Membership[has >> PastShift];
        var before = 0L;
        for (var i = 0; i < past.Length; i++)
        {
            var (since, until) = (ReadTime(ref reader, ref before), ReadTime(ref reader, ref before));
            past[i] = new Membership(since, until, reader.Int()) { EnteredBy = ReadCause(ref reader), LeftBy = ReadCause(ref reader) };
        }

        return new Standing
        {
            Segment = segment,
            ForgottenUntil = forgotten,
            Past = Sequence.Given(past),
            Current = (has & IsMember) == 0 ? null : new Membership(ReadTime(ref reader, ref before), null, reader.Int()) { EnteredBy = ReadCause(ref reader) },
        };
    }

    /// <summary>Writes the standing that is written from a place on.</summary>
    public void Copy(int from, TickOrNone due, SlotWriter writer)
    {
        var reader = new SlotReader(bytes.AsSpan(from));
        var has = reader.Int();
        Begin(has, due, writer);
        Copy(has, ref reader, writer);
    }

    private static void Begin(int has, TickOrNone due, SlotWriter writer)
    {
        writer.Whole(has | (due == default ? 0 : HasDue));
        if (due.Instant is { } instant)
        {
            writer.Instant(instant);
        }
    }

    private static void Copy(int has, ref SlotReader reader, SlotWriter writer)
    {
        if ((has & HasForgotten) != 0)
        {
            writer.Whole(reader.Whole());
        }

        for (var past = has >> PastShift; past > 0; past--)
        {
            writer.Whole(reader.Whole());
            writer.Whole(reader.Whole());
            writer.Whole(reader.Whole());
            CopyCause(ref reader, writer);
            CopyCause(ref reader, writer);
        }

        if ((has & IsMember) != 0)
        {
            writer.Whole(reader.Whole());
            writer.Whole(reader.Whole());
            CopyCause(ref reader, writer);
        }
    }

    private static void CopyCause(ref SlotReader reader, SlotWriter writer)
    {
        var reason = reader.Whole();
        writer.Whole(reason);
        if (reason == (long)MembershipReason.Event)
        {
            writer.Bytes(reader.Bytes());
        }
    }

    private static long WriteTime(Instant instant, long before, SlotWriter writer)
    {
        var ticks = instant.ToUnixTimeTicks();
        writer.Whole(ticks - before);
        return ticks;
    }

    private static Instant ReadTime(ref SlotReader reader, ref long before)
    {
        before += reader.Whole();
        return Instant.FromUnixTimeTicks(before);
    }

    private static void WriteCause(MembershipCause cause, SlotWriter writer)
    {
        writer.Whole((int)cause.Reason);
        if (cause.Event is { } key)
        {
            writer.Text(key.ToString());
        }
    }

    private static MembershipCause ReadCause(ref SlotReader reader)
    {
        var reason = (MembershipReason)reader.Int();
        return reason == MembershipReason.Event ? new(reason, EventKey.Parse(Encoding.UTF8.GetString(reader.Bytes()))) : new(reason);
    }
}
