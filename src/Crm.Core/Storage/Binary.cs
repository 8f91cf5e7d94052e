using System.Security.Cryptography;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;

namespace Crm.Storage;

/// <summary>The compact form in which adapters keep receipts, messages and events that they need not look into. Versioned; every version stays readable.</summary>
public static class Binary
{
    private const int Version = 1;
    private const int VersionWithBrand = 2;
    private const int VersionWithDecisions = 2;
    private const int VersionOfBackfill = 2;

    // Where a remark on a line of a receipt is not in what it was counted, but of which programme it is.
    private const int ProgramRemark = 63;

    // Room for what most receipts have, so that it is made once.
    private const int RoomOfReceipt = 128;
    private const int RoomOfLine = 64;
    private const int MostToKeep = 16_384;

    // Kept by each thread: to begin a digest takes longer than to make it of one event.
    [ThreadStatic]
    private static IncrementalHash? sha256;

    // Kept by each thread too, unless a large event has made it large.
    [ThreadStatic]
    private static SlotWriter? hashing;

    /// <summary>A receipt as bytes.</summary>
    public static byte[] Write(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        // A release that knows nothing of decisions reads every receipt but those that have some.
        var writer = Begin(receipt.Decisions.IsEmpty ? Version : VersionWithDecisions, RoomOfReceipt + (RoomOfLine * receipt.Lines.Count));
        Key(writer, receipt.Key);
        Id(writer, receipt.Customer);
        writer.Whole(receipt.Version);
        writer.Instant(receipt.EffectiveAt);
        writer.Flag(receipt.Refusal is not null);
        if (receipt.Refusal is { } refusal)
        {
            writer.Text(refusal.Module);
            writer.Text(refusal.Code);
            Sentence(writer, refusal.Detail);
        }

        Lines(writer, receipt.Lines);
        writer.Flag(receipt.TakenBack is not null);
        if (receipt.TakenBack is { } taken)
        {
            writer.Text(taken.Matched.Currency.Code);
            writer.Whole(taken.Matched.MinorUnits);
            writer.Whole(taken.Spread.MinorUnits);
            writer.Whole(taken.Unmatched.MinorUnits);
            writer.Whole(taken.LinesInFull);
            writer.Whole(taken.LinesInPart);
            writer.Whole(taken.LinesNotFound);
            writer.Whole(taken.LinesUnmatched);
            writer.Number(taken.QuantityUnmatched);
        }

        if (!receipt.Decisions.IsEmpty)
        {
            Decisions(writer, receipt.Decisions);
        }

        // At the end, where a release that knows nothing of it does not look.
        var line = 0;
        Remarks(writer, receipt.Lines, ref line);
        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write(Receipt)"/> wrote.</summary>
    public static Receipt ReadReceipt(ReadOnlySpan<byte> bytes)
    {
        var reader = Open(bytes, out var version, VersionWithDecisions);
        var receipt = new Receipt
        {
            Key = Key(ref reader),
            Customer = Id(ref reader),
            Version = reader.Whole(),
            EffectiveAt = reader.Instant(),
            Refusal = reader.Flag() ? new Refusal(reader.Code(), reader.Code(), Sentence(ref reader)) : null,
            Lines = Lines(ref reader),
            TakenBack = reader.Flag() ? Taken(ref reader) : null,
            Decisions = version >= VersionWithDecisions ? Decisions(ref reader) : [],
        };
        return reader.AtEnd ? receipt : receipt with { Lines = WithRemarks(ref reader, receipt.Lines) };
    }

    /// <summary>Reads of what <see cref="Write(Receipt)"/> wrote only whether the event took effect.</summary>
    public static bool ReadAccepted(ReadOnlySpan<byte> bytes)
    {
        var reader = Open(bytes, out _, VersionWithDecisions);
        reader.Bytes();
        reader.Bytes();
        Id(ref reader);
        reader.Whole();
        reader.Instant();
        return !reader.Flag();
    }

    /// <summary>A message as bytes.</summary>
    public static byte[] Write(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        // A release that knows nothing of brands sends every message but those of a brand.
        var writer = Begin(message.Brand is null ? Version : VersionWithBrand);
        writer.Text(message.Occasion);
        writer.Text(message.Channel);
        writer.Text(message.Template);
        writer.Text(message.Purpose);
        writer.Instant(message.DecidedAt);
        writer.Instant(message.UsefulUntil);
        writer.Instant(message.NotBefore);
        writer.Fields(message.Parameters);
        if (message.Brand is { } brand)
        {
            writer.Text(brand);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write(Message)"/> wrote.</summary>
    public static Message ReadMessage(ReadOnlySpan<byte> bytes)
    {
        var reader = Open(bytes, out var version, VersionWithBrand);
        return new Message
        {
            Occasion = reader.Code(),
            Channel = reader.Code(),
            Template = reader.Code(),
            Purpose = reader.Code(),
            DecidedAt = reader.Instant(),
            UsefulUntil = reader.Instant(),
            NotBefore = reader.InstantOrNull(),
            Parameters = reader.Fields(),
            Brand = version >= VersionWithBrand ? reader.Text() : null,
        };
    }

    /// <summary>A whole event as bytes.</summary>
    public static byte[] Write(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Write(happened, Version);
    }

    /// <summary>A follow-up as bytes: its event, and whether it is of imported history.</summary>
    public static byte[] Write(OutboxItem.OfFollowUp followUp)
    {
        ArgumentNullException.ThrowIfNull(followUp);
        // A release that would send for imported history does not read what comes of it.
        return Write(followUp.Event, followUp.Backfill ? VersionOfBackfill : Version);
    }

    private static byte[] Write(CustomerEvent happened, int version)
    {
        var writer = Begin(version);
        Payload(writer, happened);
        writer.Flag(happened.Customer is not null);
        if (happened.Customer is { } customer)
        {
            Id(writer, customer);
        }

        writer.Text(happened.Identity?.Kind);
        writer.Text(happened.Identity?.Value);
        writer.Whole(happened.AlsoKnownAs.Count);
        foreach (var identity in happened.AlsoKnownAs)
        {
            writer.Text(identity.Kind);
            writer.Text(identity.Value);
        }

        writer.Fields(happened.Lookups);
        writer.Fields(happened.Profile);
        writer.Whole(happened.ProfileRemoved.Count);
        foreach (var field in happened.ProfileRemoved)
        {
            writer.Text(field);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write(CustomerEvent)"/> wrote.</summary>
    public static CustomerEvent ReadEvent(ReadOnlySpan<byte> bytes)
    {
        var reader = Open(bytes);
        return Event(ref reader);
    }

    /// <summary>Reads what <see cref="Write(OutboxItem.OfFollowUp)"/> wrote, or <see cref="Write(CustomerEvent)"/>, as earlier releases did: that is live.</summary>
    public static CustomerEvent ReadFollowUp(ReadOnlySpan<byte> bytes, out bool isBackfill)
    {
        var reader = Open(bytes, out var version, VersionOfBackfill);
        isBackfill = version == VersionOfBackfill;
        return Event(ref reader);
    }

    private static CustomerEvent Event(ref SlotReader reader)
    {
        var happened = Payload(ref reader) with { Customer = reader.Flag() ? Id(ref reader) : null };
        return happened with
        {
            Identity = (reader.Text(), reader.Text()) is ({ } kind, { } value) ? new Identity(kind, value) : null,
            AlsoKnownAs = Identities(ref reader),
            Lookups = reader.Fields(),
            Profile = reader.Fields(),
            ProfileRemoved = Names(ref reader),
        };
    }

    /// <summary>Fields as bytes; null when there are none.</summary>
    public static byte[]? Write(Fields fields)
    {
        if (fields.Count == 0)
        {
            return null;
        }

        var writer = Begin();
        writer.Fields(fields);
        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write(Fields)"/> wrote.</summary>
    public static Fields ReadFields(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return default;
        }

        var reader = Open(bytes);
        return reader.Fields();
    }

    /// <summary>What an opening says of the entries that it stands for, as bytes; its instant and its slots are kept like those of any checkpoint.</summary>
    public static byte[] Write(JournalOpening opening)
    {
        ArgumentNullException.ThrowIfNull(opening);
        var writer = Begin();
        writer.Whole(opening.Entries);
        Wide(writer, opening.Sum);
        writer.Whole(opening.LedgerEntries);
        Wide(writer, opening.LedgerSum);
        writer.Instant(opening.RecordedAt);
        writer.Instant(opening.DisposedAt);
        return writer.Written.ToArray();
    }

    /// <summary>Reads what <see cref="Write(JournalOpening)"/> wrote.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="state">The checkpoint that they belong to.</param>
    public static JournalOpening ReadOpening(ReadOnlySpan<byte> bytes, Checkpoint state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var reader = Open(bytes);
        return new JournalOpening(state.At, state.Slots)
        {
            Entries = reader.Whole(),
            Sum = Wide(ref reader),
            LedgerEntries = reader.Whole(),
            LedgerSum = Wide(ref reader),
            RecordedAt = reader.Instant(),
            DisposedAt = reader.Instant(),
        };
    }

    /// <summary>
    /// What a repeated key is compared by: everything that the sender said, apart from who the customer is, what was looked up and profile values (which may not be guessable from a hash).
    /// An instant that the sender left out is no part of it.
    /// </summary>
    public static UInt128 PayloadHash(CustomerEvent sent)
    {
        ArgumentNullException.ThrowIfNull(sent);
        // Every event is hashed, and what is hashed is of no use afterwards.
        var writer = hashing ??= new SlotWriter();
        writer.Clear();
        writer.Whole(Version);
        Payload(writer, sent);
        if (writer.Written.Length > MostToKeep)
        {
            hashing = null;
        }

        return Hash(writer.Written);
    }

    /// <summary>The hash of an opening with its state, by which a customer's state knows it again.</summary>
    internal static UInt128 Hash(JournalOpening opening)
    {
        var writer = new SlotWriter();
        writer.Bytes(Write(opening));
        writer.Instant(opening.At);
        foreach (var slot in opening.Slots)
        {
            writer.Text(slot.Name);
            writer.Whole(slot.Version);
            writer.Bytes(slot.Bytes.AsSpan());
        }

        return Hash(writer.Written);
    }

    /// <summary>The hash of a ledger entry, every part of it.</summary>
    internal static UInt128 Hash(LedgerEntry entry)
    {
        var writer = Begin();
        writer.Text(entry.Program);
        writer.Text(entry.Unit);
        writer.Text(entry.Lot);
        writer.Whole(entry.Amount);
        writer.Whole((long)entry.Movement);
        Key(writer, entry.Cause);
        writer.Instant(entry.OccurredAt);
        writer.Text(entry.Rule);
        writer.Text(entry.Code);
        writer.Text(entry.Definition?.ToString());
        writer.Text(entry.Corrects?.ToString());
        return Hash(writer.Written);
    }

    /// <summary>Decisions, in their order.</summary>
    internal static void Decisions(SlotWriter writer, Sequence<DecisionRecord> decisions)
    {
        writer.Whole(decisions.Count);
        foreach (var decision in decisions)
        {
            writer.Text(decision.Module);
            writer.Text(decision.Definition);
            writer.Whole(decision.Version);
            writer.Text(decision.Step);
            writer.Text(decision.Occasion);
            writer.Whole((long)decision.Verdict);
            writer.Text(decision.Reason);
            writer.Text(decision.LostTo);
            writer.Instant(decision.At);
            writer.Instant(decision.NotBefore);
            Wide(writer, decision.Inputs);
            writer.Flag(decision.Silent);
            writer.Flag(decision.Revoked);
            writer.Text(decision.DecidedFor?.ToString());
        }
    }

    /// <summary>Reads what <see cref="Decisions(SlotWriter, Sequence{DecisionRecord})"/> wrote.</summary>
    internal static Sequence<DecisionRecord> Decisions(ref SlotReader reader)
    {
        var decisions = new DecisionRecord[reader.Int()];
        for (var i = 0; i < decisions.Length; i++)
        {
            decisions[i] = new DecisionRecord
            {
                Module = reader.Code(),
                Definition = reader.Code(),
                Version = reader.Int(),
                Step = reader.Code(),
                Occasion = reader.Code(),
                Verdict = (DecisionVerdict)reader.Int(),
                Reason = reader.Text(),
                LostTo = reader.Text(),
                At = reader.Instant(),
                NotBefore = reader.InstantOrNull(),
                Inputs = Wide(ref reader),
                Silent = reader.Flag(),
                Revoked = reader.Flag(),
                DecidedFor = reader.Text() is { } who ? CustomerId.Parse(who) : null,
            };
        }

        return decisions.ToSequence();
    }

    private static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        var digest = sha256 ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(bytes);
        digest.GetHashAndReset(hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static SlotWriter Begin(int version = Version, int room = 256)
    {
        var writer = new SlotWriter(room);
        writer.Whole(version);
        return writer;
    }

    private static SlotReader Open(ReadOnlySpan<byte> bytes) => Open(bytes, out _, Version);

    private static SlotReader Open(ReadOnlySpan<byte> bytes, out int version, int newest)
    {
        var reader = new SlotReader(bytes);
        version = reader.Int();
        return version >= Version && version <= newest
            ? reader
            : throw new FormatException($"A stored value has version {version}; this release reads version {Version}{(newest > Version ? $" to {newest}" : "")}. Use the release that wrote it, or a later one.");
    }

    private static void Payload(SlotWriter writer, CustomerEvent happened)
    {
        Key(writer, happened.Key);
        writer.Text(happened.Kind);
        writer.Instant(happened.OccurredAt);
        writer.Text(happened.Channel);
        writer.Text(happened.Brand);
        writer.Text(happened.Actor);
        writer.Text(happened.Spend?.Currency.Code);
        writer.Whole(happened.Spend?.MinorUnits ?? 0);
        writer.Text(happened.Original?.ToString());
        writer.Fields(happened.Fields);
        writer.Whole(happened.Lines.Count);
        foreach (var line in happened.Lines)
        {
            writer.Text(line.Sku);
            writer.Text(line.Category);
            writer.Number(line.Quantity);
            writer.Whole(line.Amount.MinorUnits);
            writer.Text(line.Amount.Currency.Code);
        }
    }

    private static CustomerEvent Payload(ref SlotReader reader)
    {
        var happened = new CustomerEvent
        {
            Key = Key(ref reader),
            Kind = reader.Code(),
            OccurredAt = reader.InstantOrNull(),
            Channel = reader.Text(),
            Brand = reader.Text(),
            Actor = reader.Text(),
        };
        var currency = reader.Text();
        var minor = reader.Whole();
        var original = reader.Text();
        var fields = reader.Fields();
        var lines = new EventLine[reader.Int()];
        for (var i = 0; i < lines.Length; i++)
        {
            var sku = reader.Code();
            var category = reader.Text();
            var quantity = reader.Number();
            var amount = reader.Whole();
            lines[i] = new EventLine(sku, quantity, new Money(amount, Currency.Of(reader.Code())), category);
        }

        return happened with
        {
            Spend = currency is null ? null : new Money(minor, Currency.Of(currency)),
            Original = original is null ? null : EventKey.Parse(original),
            Fields = fields,
            Lines = lines.ToSequence(),
        };
    }

    private static void Lines(SlotWriter writer, Sequence<ReceiptLine> lines)
    {
        writer.Whole(lines.Count);
        foreach (var line in lines)
        {
            writer.Text(line.Module);
            writer.Text(line.Code);
            writer.Text(line.Subject);
            writer.Text(line.Unit);
            writer.Whole(line.Amount);
            writer.Flag(line.Text is not null);
            if (line.Text is { } text)
            {
                Sentence(writer, text);
            }

            Lines(writer, line.Parts);
        }
    }

    private static Sequence<ReceiptLine> Lines(ref SlotReader reader)
    {
        var lines = new ReceiptLine[reader.Int()];
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = new ReceiptLine(reader.Code(), reader.Code())
            {
                Subject = reader.Text(),
                Unit = reader.Text(),
                Amount = reader.Whole(),
                Text = reader.Flag() ? Sentence(ref reader) : null,
                Parts = Lines(ref reader),
            };
        }

        return lines.ToSequence();
    }

    // Of lines, parts after their line: the number of the line, from 0, and what it was counted on, or which programme it names. A programme is that of the lines beside it, too, until another is said.
    private static void Remarks(SlotWriter writer, Sequence<ReceiptLine> lines, ref int number)
    {
        string? program = null;
        foreach (var line in lines)
        {
            if (!string.Equals(line.Program, program, StringComparison.Ordinal))
            {
                program = line.Program;
                writer.Whole(number);
                writer.Whole(ProgramRemark);
                writer.Text(program);
            }

            if (line.CountedOn is { } on)
            {
                writer.Whole(number);
                writer.Whole((long)on.Measure);
                writer.Text(on.Unit);
                writer.Whole(on.Basis);
                writer.Whole(on.Carried);
                writer.Whole(on.Left);
                writer.Flag(on.Keeps);
            }

            number++;
            Remarks(writer, line.Parts, ref number);
        }
    }

    private static Sequence<ReceiptLine> WithRemarks(ref SlotReader reader, Sequence<ReceiptLine> lines)
    {
        var (counted, programs) = (new Dictionary<int, CountedOn>(), new Dictionary<int, string?>());
        while (!reader.AtEnd)
        {
            var (number, remark) = (reader.Int(), reader.Int());
            var name = reader.Text();
            if (remark == ProgramRemark)
            {
                programs[number] = name;
            }
            else
            {
                counted[number] = new CountedOn(reader.Whole(), name, (CountedIn)remark) { Carried = reader.Whole(), Left = reader.Whole(), Keeps = reader.Flag() };
            }
        }

        var count = 0;
        var with = WithRemarks(counted, programs, lines, ref count);
        return counted.Keys.Concat(programs.Keys).Where(number => number >= count).ToList() is not [_, ..] missing
            ? with
            : throw new FormatException($"A receipt says of line {missing.Max()} what it was counted on, or of which programme it is, and has {count} lines: it is damaged.");
    }

    private static Sequence<ReceiptLine> WithRemarks(Dictionary<int, CountedOn> counted, Dictionary<int, string?> programs, Sequence<ReceiptLine> lines, ref int number)
    {
        string? program = null;
        var with = new ReceiptLine[lines.Count];
        for (var i = 0; i < with.Length; i++)
        {
            program = programs.TryGetValue(number, out var named) ? named : program;
            var on = counted.GetValueOrDefault(number++);
            with[i] = lines[i] with { Program = program, CountedOn = on, Parts = WithRemarks(counted, programs, lines[i].Parts, ref number) };
        }

        return Sequence.Given(with);
    }

    private static Sequence<Identity> Identities(ref SlotReader reader)
    {
        var identities = new Identity[reader.Int()];
        for (var i = 0; i < identities.Length; i++)
        {
            identities[i] = new Identity(reader.Code(), reader.Code());
        }

        return identities.ToSequence();
    }

    private static Sequence<string> Names(ref SlotReader reader)
    {
        var names = new string[reader.Int()];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = reader.Code();
        }

        return names.ToSequence();
    }

    private static TakenBack Taken(ref SlotReader reader)
    {
        var currency = Currency.Of(reader.Code());
        return new TakenBack(new Money(reader.Whole(), currency), new Money(reader.Whole(), currency), new Money(reader.Whole(), currency))
        {
            LinesInFull = reader.Int(),
            LinesInPart = reader.Int(),
            LinesNotFound = reader.Int(),
            LinesUnmatched = reader.Int(),
            QuantityUnmatched = reader.Number(),
        };
    }

    private static void Sentence(SlotWriter writer, Text text)
    {
        writer.Text(text.English);
        writer.Text(text.Chinese);
    }

    private static Text Sentence(ref SlotReader reader) => new(reader.Code(), reader.Code());

    private static void Key(SlotWriter writer, EventKey key)
    {
        writer.Text(key.Source);
        writer.Text(key.Value);
    }

    private static EventKey Key(ref SlotReader reader) => new(reader.Code(), reader.Code());

    private static void Id(SlotWriter writer, CustomerId id) => Wide(writer, id.Value);

    private static CustomerId Id(ref SlotReader reader) => new(Wide(ref reader));

    private static void Wide(SlotWriter writer, UInt128 value)
    {
        writer.Bits((ulong)(value >> 64));
        writer.Bits((ulong)value);
    }

    private static UInt128 Wide(ref SlotReader reader) => new(reader.Bits(), reader.Bits());
}
