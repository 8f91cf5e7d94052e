using Crm.Events;
using Crm.Ledger;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>What a module decided.</summary>
public abstract record Outcome
{
    private protected Outcome()
    {
    }

    /// <summary>Nothing changes.</summary>
    public static Accepted Nothing { get; } = new();

    /// <summary>What changes. Everything left out stays as it is.</summary>
    public sealed record Accepted : Outcome
    {
        /// <summary>The module's new state; null: unchanged.</summary>
        public object? State { get; init; }

        /// <summary>Facts with new values; a missing value removes the fact. Setting the value it has already is no change.</summary>
        public Sequence<Fact> Facts { get; init; }

        /// <summary>Movements of units. The new <see cref="State"/> includes them already.</summary>
        public Sequence<LedgerEntry> Entries { get; init; }

        /// <summary>Messages to the customer.</summary>
        public Sequence<Message> Messages { get; init; }

        /// <summary>Changes of the module's own agenda.</summary>
        public Sequence<AgendaChange> Agenda { get; init; }

        /// <summary>Draws on limited supplies. Ask <see cref="ModuleContext.MayDraw(QuotaDraw)"/> first.</summary>
        public Sequence<QuotaDraw> Quotas { get; init; }

        /// <summary>What other modules should know now.</summary>
        public Sequence<Echo> Echoes { get; init; }

        /// <summary>
        /// Events for other customers, delivered through the outbox. Their keys are derived from the cause, so that deciding again names the same event. A cancellation among them waits until what it cancels has arrived, and goes where
        /// that went.
        /// </summary>
        public Sequence<CustomerEvent> FollowUps { get; init; }

        /// <summary>Lines for the receipt.</summary>
        public Sequence<ReceiptLine> Lines { get; init; }

        /// <summary>Decisions to be kept in the journal, one for each definition, version, step and occasion; unlike lines, also those that are made when something falls due.</summary>
        public Sequence<DecisionRecord> Decisions { get; init; }
    }

    /// <summary>A request is refused: nothing of the whole fold takes effect. Refusing a happening is a fault of the module.</summary>
    /// <param name="Code">A stable code, such as "insufficient-balance".</param>
    /// <param name="Detail">A sentence with the numbers, for the customer.</param>
    public sealed record Refused(string Code, Text Detail) : Outcome;
}

/// <summary>Something true of the customer that other modules, conditions and audiences may read.</summary>
/// <param name="Name">Such as "loyalty.tier".</param>
/// <param name="Value">Its value; missing: the fact is removed.</param>
public readonly record struct Fact(string Name, Scalar Value)
{
    private readonly TickOrNone validUntil;

    /// <summary>A fact that runs out.</summary>
    public Fact(string name, Scalar value, Instant? validUntil)
        : this(name, value) => ValidUntil = validUntil;

    /// <summary>From this instant on, kept to the tick, the fact has no value, unless its owner sets it anew; null: until its owner says otherwise.</summary>
    public Instant? ValidUntil { get => validUntil.Instant; init => validUntil = TickOrNone.Of(value); }

    internal TickOrNone Until => validUntil;
}

/// <summary>A change of a module's agenda.</summary>
public readonly record struct AgendaChange
{
    private readonly TickOrNone due;

    /// <summary>An entry set, moved or removed.</summary>
    /// <param name="key">The entry; setting it again moves it.</param>
    /// <param name="due">When it is due, to the tick; null removes the entry. An instant that has passed is due at once.</param>
    /// <param name="phase">Orders a module's entries that are due at one instant: lower first.</param>
    public AgendaChange(string key, Instant? due, int phase = 0)
    {
        Key = key;
        this.due = TickOrNone.Of(due);
        Phase = phase;
    }

    /// <summary>The entry.</summary>
    public string Key { get; }

    /// <summary>When it is due; null: not any more.</summary>
    public Instant? Due => due.Instant;

    /// <summary>The order among the module's entries of one instant.</summary>
    public int Phase { get; }
}

/// <summary>Takes from a limited supply that customers share, such as the stock of a reward.</summary>
/// <param name="Name">The supply.</param>
/// <param name="Amount">How much; more than 0.</param>
public readonly record struct QuotaDraw(string Name, long Amount)
{
    /// <summary>
    /// How far below 0 the supply may be after it; 0 or more. A supply that nobody fills and that may go down to -500 is a count of what was taken, of which there are never more than 500, whoever takes it at once.
    /// Draws of one commit on one supply are one draw, with the least credit of them.
    /// </summary>
    public long Credit { get; init; }

    /// <summary>Whether it is taken even from a supply that does not cover it, which is then below 0: what was given out before and counts again after a correction. The engine sets it, and an irrevocable module where it takes again what an amendment gave back.</summary>
    public bool IntoDebt { get; init; }

    /// <summary>Whether a supply that has so much gives it. What gives back, or goes into debt, is always covered.</summary>
    public bool IsCoveredBy(long available) => Amount <= 0 || IntoDebt || (Int128)available - Amount >= -(Int128)Credit;

    /// <summary>What a supply has after this draw. It has what 64 bits hold: what would be more is the most of them, and what would be less the least.</summary>
    /// <param name="available">What it has before.</param>
    public long LeftOf(long available) => (long)Int128.Clamp((Int128)available - Amount, long.MinValue, long.MaxValue);
}

/// <summary>A message to the customer, as decided. It leaves from the outbox after the commit, if the gate agrees.</summary>
public sealed record Message
{
    /// <summary>Why the message exists; one message per customer and occasion, ever. Names causes and ordinals, never an instant that a late event can move.</summary>
    public required string Occasion { get; init; }

    /// <summary>The channel, such as "email".</summary>
    public required string Channel { get; init; }

    /// <summary>The template.</summary>
    public required string Template { get; init; }

    /// <summary>The purpose that the customer's consent is checked for.</summary>
    public required string Purpose { get; init; }

    /// <summary>The brand that it is sent for, by which consents may differ; null: for all that the host sells under.</summary>
    public string? Brand { get; init; }

    /// <summary>When it was decided: the moment of the decision, not the worker's.</summary>
    public required Instant DecidedAt { get; init; }

    /// <summary>After this instant it is not sent any more.</summary>
    public required Instant UsefulUntil { get; init; }

    /// <summary>Not sent before this instant; null: at once.</summary>
    public Instant? NotBefore { get; init; }

    /// <summary>Values for the template: codes, numbers, dates. Personal values are filled in when it is sent.</summary>
    public Fields Parameters { get; init; }

    /// <summary>Who the customer was when it was decided, where that was somebody who has been merged since: the outbox knows it by that id. Null: the customer.</summary>
    internal CustomerId? DecidedFor { get; init; }
}
