using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Stamps;

/// <summary>
/// A stamp card (印花卡): a stamp for every article bought, and when the card is full the next one is free. "Buy 9, the 10th is free" is a goal of 9.
/// A customer has one open card of it; a card that is open keeps the goal with which it was opened.
/// </summary>
public sealed record StampCard
{
    /// <summary>The largest goal of a card.</summary>
    public const int MostStamps = 1_000;

    /// <summary>Its name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>How many stamps fill a card; the free one is not among them.</summary>
    public required int Goal { get; init; }

    /// <summary>The kinds of events that are stamped; purchases unless said otherwise.</summary>
    public Sequence<string> On { get; init; } = [EventKinds.PurchaseName];

    /// <summary>
    /// Which lines of a purchase are stamped; all lines unless said otherwise. Lines of 0.00 are never stamped: what is free was not bought.
    /// </summary>
    public EarningBasis.Lines Stamps { get; init; } = EarningBasis.AllLines;

    /// <summary>How many stamps an event makes.</summary>
    public StampCount Count { get; init; } = new StampCount.PerArticle();

    /// <summary>What becomes of stamps over the goal.</summary>
    public StampOverflow Overflow { get; init; }

    /// <summary>When the next card begins.</summary>
    public NextCard Next { get; init; }

    /// <summary>What a full card gives by itself; null: the free one, which the customer takes.</summary>
    public UnitAmount? Prize { get; init; }

    /// <summary>What is given on the way, on each card once.</summary>
    public Sequence<Milestone> Milestones { get; init; }

    /// <summary>Stamps that are on a customer's first card when it is opened.</summary>
    public int SignUp { get; init; }

    /// <summary>The most stamps of one visit; null: no limit.</summary>
    public int? MostPerVisit { get; init; }

    /// <summary>The most stamps of a day; null: no limit.</summary>
    public int? MostPerDay { get; init; }

    /// <summary>Which day <see cref="MostPerDay"/> means.</summary>
    public DayKind Day { get; init; }

    /// <summary>When stamps run out; null: never.</summary>
    public StampExpiry? Expiry { get; init; }
}

/// <summary>How many stamps an event makes.</summary>
public abstract record StampCount
{
    private protected StampCount()
    {
    }

    /// <summary>The currency in which it looks at amounts; null: it looks at none. Amounts in others count at the rate of the event.</summary>
    internal virtual Currency? Currency => null;

    internal abstract long Of(EarningContext context, EarningBasis.Lines lines);

    /// <summary>One for each whole one of the quantity of lines that match.</summary>
    public sealed record PerArticle : StampCount
    {
        internal override long Of(EarningContext context, EarningBasis.Lines lines) => lines.WholeQuantity(context.Event);
    }

    /// <summary>One for each whole step of money: of the lines that match, or of the whole spend where an event has no lines.</summary>
    /// <param name="Every">The step; more than 0.</param>
    public sealed record PerAmount(Money Every) : StampCount
    {
        internal override Currency? Currency => Every.Currency;

        internal override long Of(EarningContext context, EarningBasis.Lines lines) =>
            context.AmountOf(context.Event.Lines.IsEmpty ? EarningBasis.WholeSpend : lines, Every.Currency) / Every.MinorUnits;
    }

    /// <summary>One for each event, from a spend on.</summary>
    /// <param name="AtLeast">The least spend; null: whatever is spent.</param>
    public sealed record PerVisit(Money? AtLeast) : StampCount
    {
        internal override Currency? Currency => AtLeast?.Currency;

        internal override long Of(EarningContext context, EarningBasis.Lines lines) => AtLeast is not { } least || context.Spends(least) ? 1 : 0;
    }
}

/// <summary>What becomes of stamps over the goal.</summary>
public enum StampOverflow
{
    /// <summary>They begin the next card, or several.</summary>
    Carry,

    /// <summary>They are lost; one event fills one card at most.</summary>
    Drop,

    /// <summary>None of the event's stamps is given when they are more than the card takes; staff who give them are told so.</summary>
    Reject,
}

/// <summary>When the next card begins.</summary>
public enum NextCard
{
    /// <summary>With the next stamp.</summary>
    AtOnce,

    /// <summary>When the customer asks for it; until then nothing is stamped.</summary>
    OnRequest,
}

/// <summary>Which day a limit means.</summary>
public enum DayKind
{
    /// <summary>The calendar day in the programme's zone.</summary>
    Calendar,

    /// <summary>The last 24 hours.</summary>
    Rolling,
}

/// <summary>What is given on the way.</summary>
/// <param name="At">The stamp at which it is given; below the goal.</param>
/// <param name="Prize">What.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Milestone(int At, UnitAmount Prize);

/// <summary>When stamps run out: as lots of units do, only that it is said from when their life counts.</summary>
/// <param name="From">From when.</param>
/// <param name="Life">How long.</param>
public sealed record StampExpiry(StampLife From, LotExpiry Life)
{
    /// <summary>For <see cref="StampLife.OnDate"/>, the first day on which open cards are gone; otherwise left out.</summary>
    public LocalDate? Date { get; init; }
}

/// <summary>From when the life of stamps counts.</summary>
public enum StampLife
{
    /// <summary>All stamps of a card from its first one.</summary>
    FirstStamp,

    /// <summary>All stamps of a card from its latest one: it runs out by inactivity.</summary>
    LatestStamp,

    /// <summary>Each stamp from its own day.</summary>
    EachStamp,

    /// <summary>All on a fixed date.</summary>
    OnDate,
}
