using System.Globalization;
using Crm.Definitions;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace CustomStore;

/// <summary>What the log says, one method to write each kind and one to read them all. The same records in the same order always come to the same.</summary>
internal static class Record
{
    public static byte[] Of(IReadOnlyList<Commit> commits) => Made('c', writer => Many(writer, commits.ToSequence(), Write));
    public static byte[] OfLease(Instant now, Instant until, int most) => Made('l', writer => Numbers(writer, now.ToUnixTimeTicks(), until.ToUnixTimeTicks(), most));
    public static byte[] OfWaking(Instant due, Instant now, Instant until, int most) => Made('w', writer => Numbers(writer, due.ToUnixTimeTicks(), now.ToUnixTimeTicks(), until.ToUnixTimeTicks(), most));
    public static byte[] OfRelease(OutboxItem item, Instant lease, Instant notBefore) => Made('r', writer => Write(writer, item), writer => Numbers(writer, lease.ToUnixTimeTicks(), notBefore.ToUnixTimeTicks()));
    public static byte[] OfPostponing(OutboxItem item, Instant lease, Instant notBefore) => Made('p', writer => Write(writer, item), writer => Numbers(writer, lease.ToUnixTimeTicks(), notBefore.ToUnixTimeTicks()));
    public static byte[] OfSettling(OutboxItem item) => Made('s', writer => Write(writer, item));
    public static byte[] OfSupply(string name, long available) => Made('q', writer => Write(writer, new QuotaDraw(StorableText.Check(name, "The name of a supply", nameof(name)), available)));

    public static byte[] Of(StoredDocument document) => Made('d', writer =>
    {
        Texts(writer, document.Kind, document.Name);
        writer.Whole(document.Version);
        writer.Text(document.Content);
        Numbers(writer, document.WrittenAt.ToUnixTimeTicks(), document.Removable ? 1 : 0);
    });

    public static byte[] OfRemoval(string kind, string name) => Made('x', writer => Texts(writer, kind, name));

    /// <summary>Does to a store what a record says, and says what it came to.</summary>
    public static async ValueTask<object> ApplyAsync(byte[] record, InMemoryStore store)
    {
        IOutbox outbox = store;
        IDocumentStore documents = store;
        var reader = new SlotReader(record.AsSpan(1));
        switch ((char)record[0])
        {
            case 'c':
                return await store.CommitManyAsync(Many(ref reader, ReadCommit), default);
            case 'l':
                return await outbox.LeaseAsync(reader.Instant(), reader.Instant(), reader.Int(), default);
            case 'w':
                return await store.LeaseDueAsync(reader.Instant(), reader.Instant(), reader.Instant(), reader.Int(), default);
            case 'r':
                await outbox.ReleaseAsync(ReadItem(ref reader), reader.Instant(), reader.Instant(), default);
                return true;
            case 'p':
                await outbox.PostponeAsync(ReadItem(ref reader), reader.Instant(), reader.Instant(), default);
                return true;
            case 's':
                await outbox.SettleAsync(ReadItem(ref reader), default);
                return true;
            case 'q':
                await ((IQuotas)store).SetAsync(reader.Code(), reader.Whole(), default);
                return true;
            case 'd':
                return await documents.AddAsync(new StoredDocument(reader.Code(), reader.Code(), reader.Int(), reader.Code(), reader.Instant()) { Removable = reader.Flag() }, default);
            case 'x':
                return await documents.RemoveAsync(reader.Code(), reader.Code(), default);
            default:
                throw new FormatException($"The log has a record '{(char)record[0]}', which this release does not know.");
        }
    }

    private static void Write(SlotWriter writer, Commit commit)
    {
        Write(writer, commit.Customer.Value);
        Numbers(writer, commit.ExpectedVersion, commit.Version, commit.RecordedAt.ToUnixTimeTicks());
        Many(writer, commit.Upon is { } upon ? (Sequence<StoredSlot>)[upon] : [], Write);
        Many(writer, commit.Claims, static (writer, claim) => Texts(writer, claim.Identity.Kind, claim.Identity.Value, claim.Reference.ToString(CultureInfo.InvariantCulture)));
        Many(writer, commit.Severed, static (writer, identity) => Texts(writer, identity.Kind, identity.Value));
        Many(writer, commit.Entries, Write);
        Many(writer, commit.Slots, Write);
        Many(writer, commit.Ledger, Write);
        Many(writer, commit.Facts, static (writer, fact) =>
        {
            writer.Text(fact.Name);
            writer.Scalar(fact.Value);
            writer.Instant(fact.ValidUntil);
        });
        Many(writer, commit.Profile is { } profile ? (Sequence<Fields>)[profile] : [], static (writer, fields) => writer.Fields(fields));
        writer.Instant(commit.NextDue);
        Numbers(writer, commit.NextDueChanged ? 1 : 0, commit.WithdrawsMessages ? 1 : 0);
        Many(writer, commit.Outbox, Write);
        Many(writer, commit.Withdrawn, static (writer, id) => writer.Text(id));
        Many(writer, commit.Settled, static (writer, id) => writer.Text(id));
        Many(writer, commit.Quotas, Write);
        writer.Instant(commit.CheckpointsInvalidFrom);
        Many(writer, commit.Checkpoints, static (writer, checkpoint) =>
        {
            writer.Instant(checkpoint.At);
            Many(writer, checkpoint.Slots, Write);
        });
    }

    private static Commit ReadCommit(ref SlotReader reader) => new()
    {
        Customer = new CustomerId(ReadBits(ref reader)),
        ExpectedVersion = reader.Whole(),
        Version = reader.Whole(),
        RecordedAt = reader.Instant(),
        Upon = Many(ref reader, ReadSlot) is [var upon] ? upon : null,
        Claims = Many(ref reader, static (ref reader) => new IdentityClaim(new Identity(reader.Code(), reader.Code()), int.Parse(reader.Code(), CultureInfo.InvariantCulture))),
        Severed = Many(ref reader, static (ref reader) => new Identity(reader.Code(), reader.Code())),
        Entries = Many(ref reader, ReadEntry),
        Slots = Many(ref reader, ReadSlot),
        Ledger = Many(ref reader, ReadLedger),
        Facts = Many(ref reader, static (ref reader) => new Fact(reader.Code(), reader.Scalar(), reader.InstantOrNull())),
        Profile = Many(ref reader, static (ref reader) => reader.Fields()) is [var profile] ? profile : null,
        NextDue = reader.InstantOrNull(),
        NextDueChanged = reader.Flag(), WithdrawsMessages = reader.Flag(),
        Outbox = Many(ref reader, ReadItem),
        Withdrawn = Many(ref reader, static (ref reader) => reader.Code()), Settled = Many(ref reader, static (ref reader) => reader.Code()),
        Quotas = Many(ref reader, static (ref reader) => new QuotaDraw(reader.Code(), reader.Whole()) { IntoDebt = reader.Flag(), Credit = reader.Whole() }),
        CheckpointsInvalidFrom = reader.InstantOrNull(),
        Checkpoints = Many(ref reader, static (ref reader) => new Checkpoint(reader.Instant(), Many(ref reader, ReadSlot))),
    };

    private static void Write(SlotWriter writer, JournalEntry entry)
    {
        Numbers(writer, entry.Version, entry.EffectiveAt.ToUnixTimeTicks(), entry.RecordedAt.ToUnixTimeTicks(), entry.IdentityReference ?? -1, entry.Backfill ? 1 : 0);
        Write(writer, entry.PayloadHash);
        writer.Fields(entry.Observations);
        writer.Bytes(Binary.Write(entry.Event));
        writer.Bytes(Binary.Write(entry.Receipt));
    }

    private static JournalEntry ReadEntry(ref SlotReader reader)
    {
        var entry = (Version: reader.Whole(), Effective: reader.Instant(), Recorded: reader.Instant(), Reference: reader.Int(), Backfill: reader.Flag(), Hash: ReadBits(ref reader), Observations: reader.Fields());
        return new JournalEntry
        {
            Version = entry.Version, EffectiveAt = entry.Effective, RecordedAt = entry.Recorded, IdentityReference = entry.Reference < 0 ? null : entry.Reference, Backfill = entry.Backfill,
            PayloadHash = entry.Hash, Observations = entry.Observations, Event = Binary.ReadEvent(reader.Bytes()), Receipt = Binary.ReadReceipt(reader.Bytes()),
        };
    }

    private static void Write(SlotWriter writer, LedgerEntry entry)
    {
        Texts(writer, entry.Program, entry.Unit, entry.Lot, entry.Cause.ToString(), entry.Rule, entry.Code, entry.Corrects?.ToString());
        Numbers(writer, entry.Amount, (long)entry.Movement, entry.OccurredAt.ToUnixTimeTicks(), entry.Definition is null ? 0 : 1);
        Write(writer, entry.Definition?.Value ?? 0);
    }

    private static LedgerEntry ReadLedger(ref SlotReader reader)
    {
        var (program, unit, lot, cause, rule, code, corrects) = (reader.Code(), reader.Code(), reader.Code(), EventKey.Parse(reader.Code()), reader.Text(), reader.Text(), reader.Text());
        var entry = new LedgerEntry { Program = program, Unit = unit, Lot = lot, Cause = cause, Amount = reader.Whole(), Movement = (Movement)reader.Int(), OccurredAt = reader.Instant(), Rule = rule, Code = code };
        var (defined, hash) = (reader.Flag(), ReadBits(ref reader));
        return entry with { Definition = defined ? new DefinitionHash(hash) : null, Corrects = corrects is null ? null : EventKey.Parse(corrects) };
    }

    private static void Write(SlotWriter writer, StoredSlot slot)
    {
        writer.Text(slot.Name);
        writer.Whole(slot.Version);
        writer.Bytes(slot.Bytes.AsSpan());
    }

    private static StoredSlot ReadSlot(ref SlotReader reader) => new(reader.Code(), reader.Int(), Sequence.Create(reader.Bytes()));

    private static void Write(SlotWriter writer, OutboxItem item)
    {
        writer.Text(item.Id);
        Write(writer, item.Customer.Value);
        Numbers(writer, item.NotBefore.ToUnixTimeTicks(), item.Attempts, item is OutboxItem.OfMessage ? 1 : 0);
        writer.Bytes(item is OutboxItem.OfMessage message ? Binary.Write(message.Message) : Binary.Write((OutboxItem.OfFollowUp)item));
    }

    private static OutboxItem ReadItem(ref SlotReader reader)
    {
        var (id, customer, notBefore, attempts, isMessage) = (reader.Code(), new CustomerId(ReadBits(ref reader)), reader.Instant(), reader.Int(), reader.Flag());
        return isMessage
            ? new OutboxItem.OfMessage(id, customer, notBefore, Binary.ReadMessage(reader.Bytes())) { Attempts = attempts }
            : new OutboxItem.OfFollowUp(id, customer, notBefore, Binary.ReadFollowUp(reader.Bytes(), out var isBackfill)) { Attempts = attempts, Backfill = isBackfill };
    }

    private static void Write(SlotWriter writer, QuotaDraw draw)
    {
        writer.Text(draw.Name);
        Numbers(writer, draw.Amount, draw.IntoDebt ? 1 : 0, draw.Credit);
    }

    private static void Write(SlotWriter writer, UInt128 bits)
    {
        writer.Bits((ulong)(bits >> 64));
        writer.Bits((ulong)bits);
    }

    private static UInt128 ReadBits(ref SlotReader reader) => new(reader.Bits(), reader.Bits());

    private static void Numbers(SlotWriter writer, params long[] numbers) => Array.ForEach(numbers, writer.Whole);

    private static void Texts(SlotWriter writer, params string?[] texts) => Array.ForEach(texts, writer.Text);

    private static void Many<T>(SlotWriter writer, Sequence<T> items, Action<SlotWriter, T> write)
    {
        writer.Whole(items.Count);
        foreach (var item in items)
        {
            write(writer, item);
        }
    }

    private static Sequence<T> Many<T>(ref SlotReader reader, Reading<T> read)
    {
        var items = new T[reader.Int()];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = read(ref reader);
        }

        return items.ToSequence();
    }

    private static byte[] Made(char kind, params Action<SlotWriter>[] parts)
    {
        var writer = new SlotWriter();
        Array.ForEach(parts, part => part(writer));
        return [(byte)kind, .. writer.Written];
    }

    private delegate T Reading<T>(ref SlotReader reader);
}
