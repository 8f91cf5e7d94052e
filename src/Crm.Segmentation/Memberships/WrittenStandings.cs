using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// What is written of one customer's standings, but for their segments and when these are to be asked about again: of each what it has as one number, and that. Instants of memberships are ticks since the one before,
/// causes their sort and, for events, their key. Nothing of it is looked at when it is read, so a sum is written with it that tells whether it is as it was.
/// </summary>
internal sealed class WrittenStandings
{
    public const int IsMember = 1;
    public const int HasDue = 2;
    public const int HasForgotten = 4;
    public const int PastShift = 3;
    private const int SizeShift = 2;

    private byte[] bytes = [];

    /// <summary>Writes a standing of which nothing is written.</summary>
    public static void Write(Standing standing, SlotWriter apart)
    {
        var writer = new SlotWriter();
        writer.Whole((standing.IsMember ? IsMember : 0) | (standing.ForgottenUntil is null ? 0 : HasForgotten) | (standing.Past.Count << PastShift));
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

        apart.Bytes(writer.Written);
    }

    /// <summary>Writes standings: the segment of each, when it is to be asked about again and how much is written of it apart; then what is written apart, and its sum.</summary>
    /// <param name="standings">The standings.</param>
    /// <param name="dues">When each is to be asked about again.</param>
    /// <param name="writer">Takes them.</param>
    /// <param name="apart">Memory to work with.</param>
    public static void WriteAll(ReadOnlySpan<UndatedStanding> standings, ReadOnlySpan<TickOrNone> dues, SlotWriter writer, SlotWriter apart)
    {
        apart.Clear();
        for (var i = 0; i < standings.Length; i++)
        {
            var before = apart.Written.Length;
            standings[i].Write(apart);
            writer.Text(standings[i].Segment);
            writer.Whole(((long)(apart.Written.Length - before) << SizeShift) | (standings[i].IsMember ? IsMember : 0L) | (dues[i] == default ? 0L : HasDue));
            if (dues[i].Instant is { } due)
            {
                writer.Instant(due);
            }
        }

        writer.Bytes(apart.Written);
        writer.Whole(SumOf(apart.Written));
    }

    /// <summary>Reads so many standings without making anything of them that may not be looked at.</summary>
    /// <param name="reader">What was written.</param>
    /// <param name="standings">Takes the standings.</param>
    /// <param name="dues">Takes when each is to be asked about again.</param>
    /// <exception cref="FormatException">What is left to be looked at later is not as it was written.</exception>
    public static void ReadAll(ref SlotReader reader, UndatedStanding[] standings, TickOrNone[] dues)
    {
        var (written, from) = (new WrittenStandings(), 0);
        for (var i = 0; i < standings.Length; i++)
        {
            var segment = reader.Name();
            var has = reader.Int();
            dues[i] = (has & HasDue) != 0 ? TickOrNone.Of(reader.Instant()) : default;
            standings[i] = has >> SizeShift == 0 ? new UndatedStanding(segment) : new UndatedStanding(segment, (has & IsMember) != 0, written, from);
            from += has >> SizeShift;
        }

        var apart = reader.Bytes();
        if (reader.Whole() != SumOf(apart) || apart.Length != from)
        {
            throw new FormatException($"What is written of a customer's memberships in {standings.Length} segments, '{standings.FirstOrDefault().Segment}' first, is not what its sum says: the slot is damaged.");
        }

        written.bytes = apart.ToArray();
    }

    /// <summary>The standing with a segment that is written from a place on.</summary>
    public Standing Read(string segment, int from)
    {
        var reader = new SlotReader(At(from));
        return Read(segment, reader.Int(), ref reader);
    }

    /// <summary>The standing with a segment, whatever was written after what it has.</summary>
    public static Standing Read(string segment, int has, ref SlotReader reader)
    {
        Instant? forgotten = (has & HasForgotten) != 0 ? reader.Instant() : null;
        var past = has >> PastShift is 0 ? [] : new Membership[has >> PastShift];
        var before = 0L;
        for (var i = 0; i < past.Length; i++)
        {
            var (since, until) = (ReadTime(ref reader, ref before), ReadTime(ref reader, ref before));
            past[i] = new Membership(since, until, reader.Int()) { EnteredBy = ReadCause(segment, ref reader), LeftBy = ReadCause(segment, ref reader) };
        }

        return new Standing
        {
            Segment = segment,
            ForgottenUntil = forgotten,
            Past = Sequence.Given(past),
            Current = (has & IsMember) == 0 ? null : new Membership(ReadTime(ref reader, ref before), null, reader.Int()) { EnteredBy = ReadCause(segment, ref reader) },
        };
    }

    /// <summary>What is written from a place on.</summary>
    public ReadOnlySpan<byte> At(int from) => new SlotReader(bytes.AsSpan(from)).Bytes();

    // CRC-32C: a byte that is another, or any others side by side, give another sum.
    private static uint SumOf(ReadOnlySpan<byte> apart)
    {
        var sum = 0u;
        for (; apart.Length >= sizeof(ulong); apart = apart[sizeof(ulong)..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(apart));
        }

        foreach (var rest in apart)
        {
            sum = BitOperations.Crc32C(sum, rest);
        }

        return sum;
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

    private static MembershipCause ReadCause(string segment, ref SlotReader reader)
    {
        var reason = (MembershipReason)reader.Int();
        if (reason != MembershipReason.Event)
        {
            return new(reason);
        }

        try
        {
            return new(reason, EventKey.Parse(Encoding.UTF8.GetString(reader.Bytes())));
        }
        catch (ArgumentException fault)
        {
            throw new FormatException($"The cause of a membership in '{segment}' is not the key of an event: the slot is damaged. {fault.Message}", fault);
        }
    }
}
