using System.Globalization;
using Crm.Modules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Storage.Sql;

/// <summary>The columns of a fact.</summary>
internal static class FactValue
{
    /// <summary>The value to compare with in SQL: flags 0 and 1, dates the days and instants the ticks since 1970; none for codes.</summary>
    public static SqlValue Number(Scalar value) => value switch
    {
        { Kind: ScalarKind.Flag } => value.AsFlag ? 1m : 0m,
        { Kind: ScalarKind.Number } => value.AsNumber,
        { AsDate: { } date } => (decimal)Period.DaysBetween(new LocalDate(1970, 1, 1), date),
        { AsInstant: { } instant } => (decimal)instant.ToUnixTimeTicks(),
        _ => SqlValue.Null,
    };

    public static Scalar Read(ScalarKind kind, string content) => kind switch
    {
        ScalarKind.Flag => content == "true",
        ScalarKind.Number => decimal.Parse(content, CultureInfo.InvariantCulture),
        ScalarKind.Code => content,
        ScalarKind.Date => LocalDatePattern.Iso.Parse(content).Value,
        ScalarKind.Instant => InstantPattern.ExtendedIso.Parse(content).Value,
        ScalarKind.Codes => Scalar.Of(content.Split(',', StringSplitOptions.RemoveEmptyEntries)),
        _ => throw new FormatException($"A stored fact is of kind {(int)kind}, which this release does not know. Use the release that wrote it, or a later one."),
    };
}

/// <summary>The slots of a checkpoint as bytes.</summary>
internal static class CheckpointBytes
{
    private const int Version = 1;

    public static byte[] Write(Sequence<StoredSlot> slots)
    {
        var writer = new SlotWriter();
        writer.Whole(Version);
        writer.Whole(slots.Count);
        foreach (var slot in slots)
        {
            writer.Text(slot.Name);
            writer.Whole(slot.Version);
            writer.Bytes(slot.Bytes.AsSpan());
        }

        return writer.Written.ToArray();
    }

    public static Sequence<StoredSlot> Read(byte[] bytes)
    {
        var reader = new SlotReader(bytes);
        if (reader.Int() is var version && version != Version)
        {
            throw new FormatException($"A stored checkpoint has version {version}; this release reads version {Version}. Use the release that wrote it, or a later one.");
        }

        var slots = new StoredSlot[reader.Int()];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = new StoredSlot(reader.Code(), reader.Int(), Sequence.Create(reader.Bytes()));
        }

        return slots.ToSequence();
    }
}

/// <summary>What an item of the outbox says.</summary>
internal static class OutboxContent
{
    public const long OfFollowUp = 2;
    public const long OfMessage = 1;

    public static long Kind(OutboxItem item) => item is OutboxItem.OfMessage ? OfMessage : OfFollowUp;

    public static byte[] Write(OutboxItem item) => item switch
    {
        OutboxItem.OfMessage message => Binary.Write(message.Message),
        OutboxItem.OfFollowUp followUp => Binary.Write(followUp),
        _ => throw new ArgumentException($"An item of the outbox is a {item.GetType().Name}; a message or a follow-up is expected.", nameof(item)),
    };

    public static OutboxItem Read(long kind, string id, CustomerId customer, Instant notBefore, int attempts, byte[] content) => kind == OfMessage
        ? new OutboxItem.OfMessage(id, customer, notBefore, Binary.ReadMessage(content)) { Attempts = attempts }
        : new OutboxItem.OfFollowUp(id, customer, notBefore, Binary.ReadFollowUp(content, out var isBackfill)) { Attempts = attempts, Backfill = isBackfill };
}
