using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing;

/// <summary>Small, valid values to test with. Everything about customer 1 differs from everything about customer 2, and is the same in every run.</summary>
public static class Samples
{
    /// <summary>2026-01-01T00:00:00Z.</summary>
    public static Instant Start { get; } = NodaTime.Instant.FromUtc(2026, 1, 1, 0, 0);

    /// <summary>An instant some hours after <see cref="Start"/>.</summary>
    public static Instant At(int hours) => Start + Duration.FromHours(hours);

    /// <summary>The id of the customer with a number.</summary>
    public static CustomerId Customer(int number) => new(new UInt128(0x9e3779b97f4a7c15UL * (ulong)(number + 1), (ulong)number + 1));

    /// <summary>The identity of kind "user" of the customer with a number.</summary>
    public static Identity User(int number) => Identity.User(number);

    /// <summary>A purchase as the journal has it: with its instant, without an identity.</summary>
    /// <param name="key">"source:key".</param>
    /// <param name="hours">When, in hours after <see cref="Start"/>.</param>
    /// <param name="dollars">What was paid.</param>
    public static CustomerEvent Purchase(string key, int hours = 0, decimal dollars = 52) => new()
    {
        Key = EventKey.Parse(key),
        Kind = EventKinds.PurchaseName,
        OccurredAt = At(hours),
        Spend = Money.Hkd(dollars),
    };

    /// <summary>A journal entry of an event, recorded some minutes after it occurred: as many as its version.</summary>
    public static JournalEntry Entry(int customer, long version, CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var occurred = happened.OccurredAt ?? Start;
        return new JournalEntry
        {
            Version = version,
            Event = happened,
            EffectiveAt = occurred,
            RecordedAt = At(1_000) + Duration.FromMinutes(version),
            PayloadHash = Binary.PayloadHash(happened),
            Receipt = new Receipt
            {
                Key = happened.Key,
                Customer = Customer(customer),
                Version = version,
                EffectiveAt = occurred,
                Lines = [new ReceiptLine("loyalty", "issued") { Unit = "points", Amount = version, Text = new Text("Points for a purchase.", "購物積分。") }],
            },
        };
    }

    /// <summary>A commit that takes a customer to the next version, with nothing else in it.</summary>
    public static Commit Commit(int customer, long expected) => new()
    {
        Customer = Customer(customer),
        ExpectedVersion = expected,
        Version = expected + 1,
        RecordedAt = At(1_000) + Duration.FromMinutes(expected + 1),
    };

    /// <summary>A commit that records one purchase.</summary>
    public static Commit Commit(int customer, long expected, string key, int hours = 0) =>
        Commit(customer, expected) with { Entries = [Entry(customer, expected + 1, Purchase(key, hours))] };

    /// <summary>The commit with which a customer is born: a purchase, and a claim to the identity of kind "user".</summary>
    public static Commit Birth(int customer, string? key = null) =>
        Commit(customer, 0, key ?? $"pos:birth-{customer}") with { Claims = [new IdentityClaim(User(customer), 1)] };

    /// <summary>A slot of three bytes.</summary>
    public static StoredSlot Slot(string name, byte content, int version = 1) => new(name, version, [content, 0, 255]);

    /// <summary>A ledger entry that issues points.</summary>
    public static LedgerEntry Issued(long amount, string lot = "lot-1") => new()
    {
        Program = "club",
        Unit = "points",
        Lot = lot,
        Amount = amount,
        Movement = Movement.Issued,
        Cause = EventKey.Parse("pos:1"),
        OccurredAt = Start,
        Rule = "base",
        Definition = DefinitionHash.Of("club 1"),
    };

    /// <summary>A message of a customer that waits in the outbox; its id is made of the customer and the occasion.</summary>
    public static OutboxItem Message(int customer, string occasion, int hours = 0) => new OutboxItem.OfMessage($"{Customer(customer)}/{occasion}", Customer(customer), At(hours), new Message
    {
        Occasion = occasion,
        Channel = "email",
        Template = "welcome",
        Purpose = "service",
        Brand = "tea",
        DecidedAt = At(hours),
        UsefulUntil = At(hours + 24),
        Parameters = Fields.Of(("points", 52), ("tier", "gold")),
    });

    /// <summary>A follow-up from one customer to another that waits in the outbox.</summary>
    public static OutboxItem FollowUp(int customer, string key, int hours = 0) => new OutboxItem.OfFollowUp($"{Customer(customer)}/{key}", Customer(customer), At(hours), Purchase(key, hours) with
    {
        Identity = User(customer + 1),
        Profile = Fields.Of(("name", "陳大文")),
        Lookups = Fields.Of(("rain", true)),
    });

    /// <summary>A purchase with a value in every part that the journal keeps.</summary>
    public static JournalEntry FullEntry(int customer, long version, string key)
    {
        var happened = Purchase(key, 3) with
        {
            Customer = Customer(customer),
            Channel = "shop",
            Brand = "tea",
            Actor = "staff:17",
            Spend = Money.Hkd(123_456.78m),
            Original = EventKey.Parse("pos:earlier"),
            Fields = Fields.Of(("gift", true), ("guests", 2.5m), ("table", "7b"), ("booked", new LocalDate(2026, 2, 28)), ("seated", At(2))),
            Lines = [new EventLine("oolong", 1.5m, Money.Hkd(100.08m), "tea"), new EventLine("茶杯", 0.0000001m, Money.Hkd(0)), new EventLine("oolong", 79_228_162_514m, Money.Hkd(123_356.70m))],
        };
        var entry = Entry(customer, version, happened);
        return entry with
        {
            EffectiveAt = At(4),
            Observations = Fields.Of(("profile.age", 42), ("quota.mug", false)),
            IdentityReference = 3,
            Backfill = true,
            Receipt = entry.Receipt with
            {
                EffectiveAt = At(4),
                Refusal = new Refusal("loyalty", "insufficient-balance", new Text("12 points are held.", "現有 12 分。")),
                Lines =
                [
                    new ReceiptLine("loyalty", "issued")
                    {
                        Program = "tea-club",
                        Subject = "club",
                        Unit = "points",
                        Amount = 5,
                        CountedOn = new CountedOn(Money.Hkd(52)) { Carried = 3, Left = 203, Keeps = true },
                        Parts = [new ReceiptLine("loyalty", "base") { Amount = 7 }, new ReceiptLine("loyalty", "rounding") { Amount = -2 }],
                    },
                ],
                TakenBack = new TakenBack(Money.Hkd(1), Money.Hkd(2), Money.Hkd(3)) { LinesInFull = 1, LinesInPart = 2, LinesNotFound = 3, LinesUnmatched = 4, QuantityUnmatched = 5.5m },
                Decisions =
                [
                    Decision("wake-up:pos:1:30", DecisionVerdict.Act) with { NotBefore = At(5), Silent = true },
                    Decision("喚醒", DecisionVerdict.Lose) with { Reason = "channel-cap", LostTo = "thanks:pos:1", Revoked = true, DecidedFor = Customer(7) },
                ],
            },
        };
    }

    private static DecisionRecord Decision(string occasion, DecisionVerdict verdict) => new()
    {
        Module = "campaigns",
        Definition = "wake-up",
        Version = 2,
        Step = "message",
        Occasion = occasion,
        Verdict = verdict,
        At = At(4),
        Inputs = UInt128.MaxValue - 1,
    };
}
