using Crm.Values;
using NodaTime;

namespace Crm.Events;

/// <summary>The answer to a recorded event: what each module did, and why. The same event sent again gets an equal receipt.</summary>
public sealed record Receipt
{
    private const string DisposedOfCode = "disposed-of";

    /// <summary>The event.</summary>
    public required EventKey Key { get; init; }

    /// <summary>Whose journal it is in.</summary>
    public required CustomerId Customer { get; init; }

    /// <summary>Its number in the customer's journal, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>When it counts: when it occurred, except for late requests and for events beyond the replay horizon, which are decided as of the last thing handled.</summary>
    public required Instant EffectiveAt { get; init; }

    /// <summary>Why a request was refused; null when the event took effect.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>What happened: units issued, spent, corrected, tiers changed, notes. Lines that carry an amount add up, per programme and unit, to the ledger entries of the event.</summary>
    public Sequence<ReceiptLine> Lines { get; init; }

    /// <summary>
    /// For a refund, and for the cancellation of an event with spend that was there already, what it found to take back when it was recorded; null for all others. An amendment that was cancelled since took back nothing in the end, so
    /// what stands of revenue is no sum over receipts.
    /// </summary>
    public TakenBack? TakenBack { get; init; }

    /// <summary>What was decided with the event, and what fell due without one since the customer's event before it; in the order in which it was decided.</summary>
    public Sequence<DecisionRecord> Decisions { get; init; }

    /// <summary>Whether the event took effect.</summary>
    public bool Accepted => Refusal is null;

    /// <summary>What is left of a receipt when its event has been disposed of: key, customer, version, instant, and why it was refused, without the sentence. It is given when the event is sent again.</summary>
    public Receipt Short() => new()
    {
        Key = Key,
        Customer = Customer,
        Version = Version,
        EffectiveAt = EffectiveAt,
        Refusal = Refusal is { } refusal ? refusal with { Detail = new Text("Why is not kept any longer.", "原因已不再保存。") } : null,
        Lines = [new ReceiptLine(EngineTexts.Module, DisposedOfCode)],
    };

    /// <summary>Whether the event has been disposed of since, so that this is all that is left of what it did.</summary>
    public bool IsShort => Lines is [{ Module: EngineTexts.Module, Code: DisposedOfCode }];

    /// <summary>What the lines move of units of a name, such as "points", in all programmes together: where several have a unit of that name, this adds up what cannot be spent together.</summary>
    public long Total(string unit) => Lines.Where(line => line.Unit == unit).Sum(line => line.Amount);

    /// <summary>What the lines move in one unit of one programme. Lines that name no programme are not in it: those of modules with one purse, and all lines of receipts from before lines named theirs.</summary>
    public long Total(string program, string unit) => Lines.Where(line => line.Program == program && line.Unit == unit).Sum(line => line.Amount);
}

/// <summary>Why a request was refused.</summary>
/// <param name="Module">The module that refused.</param>
/// <param name="Code">A stable code, such as "insufficient-balance".</param>
/// <param name="Detail">A sentence with the numbers; may be shown to the customer.</param>
public sealed record Refusal(string Module, string Code, Text Detail);

/// <summary>One thing that happened, with the parts it is made of.</summary>
/// <param name="Module">The module that did it.</param>
/// <param name="Code">A stable code, such as "issued", "base", "rounding" or "tier-changed".</param>
public sealed record ReceiptLine(string Module, string Code)
{
    /// <summary>The programme in which it happened, as the ledger names it; null where it is about none, where it is part of a line, whose programme it has, and in receipts from before lines named theirs.</summary>
    public string? Program { get; init; }

    /// <summary>What the code is about: the rule, tier or segment; null when the code says it all.</summary>
    public string? Subject { get; init; }

    /// <summary>The unit of the amount; null for lines without one.</summary>
    public string? Unit { get; init; }

    /// <summary>The change of the customer's holding; 0 for lines without a unit.</summary>
    public long Amount { get; init; }

    /// <summary>The sentence for people; null where code and subject are enough.</summary>
    public Text? Text { get; init; }

    /// <summary>What the amount was counted on, and what rounding left of that; null where it was counted on nothing, or nobody says.</summary>
    public CountedOn? CountedOn { get; init; }

    /// <summary>What the amount is made of: the amounts of the parts, where there are any, add up to it.</summary>
    public Sequence<ReceiptLine> Parts { get; init; }

    /// <summary>Whether the parts add up, at every depth.</summary>
    public bool AddsUp
    {
        get
        {
            var rest = (Int128)Amount;
            foreach (var part in Parts)
            {
                if (!part.AddsUp)
                {
                    return false;
                }

                rest -= part.Amount;
            }

            return Parts.IsEmpty || rest == 0;
        }
    }
}

/// <summary>
/// What an amendment took back. A refunded line matches the same article of the purchase it names, or of the customer's latest earlier purchases, up to the quantity
/// still kept, at its own amount or, where the lines cost more than was paid back, at its share of that; what remains of the refund is spread over the kept value of the purchase, or of all earlier
/// purchases, in proportion; what exceeds that is unmatched. The three amounts add up to the refund's.
/// A cancellation takes all that is left of the event it names, which is matched.
/// </summary>
/// <param name="Matched">The amount taken from lines of the same article.</param>
/// <param name="Spread">The amount taken in proportion.</param>
/// <param name="Unmatched">The amount for which nothing was left to take from.</param>
public sealed record TakenBack(Money Matched, Money Spread, Money Unmatched)
{
    /// <summary>How many of its lines matched their article in full quantity.</summary>
    public int LinesInFull { get; init; }

    /// <summary>How many matched a part of their quantity.</summary>
    public int LinesInPart { get; init; }

    /// <summary>How many found nothing of their article.</summary>
    public int LinesNotFound { get; init; }

    /// <summary>How many lines have an unmatched amount.</summary>
    public int LinesUnmatched { get; init; }

    /// <summary>The quantity of those lines that found nothing of their article.</summary>
    public decimal QuantityUnmatched { get; init; }
}
