using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>What an earning rule may look at. It is valid only during the call.</summary>
/// <param name="happened">The event, with what refunds have left of it.</param>
/// <param name="moment">When it happened, in the programme's zone.</param>
/// <param name="evidence">Facts, fields and history as of that moment.</param>
public sealed class EarningContext(CustomerEvent happened, Moment moment, IEvidence evidence) : IEvidence
{
    private readonly IMember? member;
    private Award[] awards = [];
    private int count;
    private int expected = 4;
    private List<(string Rule, string Name, long Amount)>? carried;
    private bool afterTiers;

    internal EarningContext(CustomerEvent happened, Moment moment, IEvidence evidence, IMember member)
        : this(happened, moment, evidence) => this.member = member;

    /// <summary>The event, with what refunds have left of it.</summary>
    public CustomerEvent Event { get; } = happened;

    /// <summary>When it happened, in the programme's zone.</summary>
    public Moment Moment { get; } = moment;

    /// <summary>What the rules before this one gave, in their order.</summary>
    public ReadOnlySpan<Award> Earlier => awards.AsSpan(0, count);

    /// <summary>How much of a unit the rules before this one gave.</summary>
    public long EarnedSoFar(string unit)
    {
        var sum = 0L;
        foreach (ref readonly var award in Earlier)
        {
            sum += string.Equals(award.Earning.Unit, unit, StringComparison.Ordinal) ? award.Earning.Amount : 0;
        }

        return sum;
    }

    /// <summary>Whether a condition that the rule declares holds at the moment of the event; its days and hours are those of the programme's zone.</summary>
    public bool Holds(Condition condition) => Evaluator.Evaluate(condition, this).Value;

    /// <summary>The value of a fact, such as the tier before this event; missing when there is none.</summary>
    public Scalar Fact(string name) => evidence.Fact(name, out _);

    /// <summary>The member's tier on a ladder: before the event, or, for rules that are asked after all others, with it; null for none.</summary>
    public string? Tier(string ladder = Tiers.TierLadder.UsualName) => afterTiers ? member?.TierNow(ladder) : member?.TierBefore(ladder);

    /// <inheritdoc/>
    Scalar IEvidence.Field(string name) => evidence.Field(name);

    /// <inheritdoc/>
    bool IEvidence.Observed(Condition.Field leaf) => evidence.Observed(leaf);

    /// <inheritdoc/>
    Scalar IEvidence.Observed(string field) => evidence.Observed(field);

    /// <inheritdoc/>
    Scalar IEvidence.Fact(string name, out NodaTime.Instant? validUntil) => evidence.Fact(name, out validUntil);

    /// <inheritdoc/>
    Truth IEvidence.Window(Condition.EventWindow leaf) => evidence.Window(leaf);

    /// <summary>What a measure over events amounts to; missing outside of a programme that decides.</summary>
    internal Scalar Measure(Condition.EventWindow leaf) => evidence is ModuleContext context ? context.Measure(leaf) : default;

    /// <summary>Whether anybody reads what a rule counted on.</summary>
    internal bool Explains => evidence is not ModuleContext { WantsLines: false };

    /// <summary>The member; null outside of a programme that decides.</summary>
    internal IMember? Member => member;

    /// <summary>What rules have carried to the member's next event.</summary>
    internal IReadOnlyList<(string Rule, string Name, long Amount)> NewlyCarried => carried ?? (IReadOnlyList<(string, string, long)>)[];

    /// <summary>The currency in which a rule's basis is looked for: its own, or that of the event where there is a rate between the two.</summary>
    internal Currency CurrencyOf(Currency own) => Event.Spend is { } spend && spend.Currency != own ? spend.Currency : own;

    /// <summary>An amount of the event in the currency of a rule; 0 where there is no rate.</summary>
    internal long Converted(long minorUnits, Currency own) => Event.Spend is not { } spend || spend.Currency == own
        ? minorUnits
        : ExchangeRates.Convert(minorUnits, spend.Currency, own, RateTo(own));

    /// <summary>What a basis of the event comes to in a currency, at the rate of the event; 0 where there is no rate.</summary>
    internal long AmountOf(EarningBasis basis, Currency own) => Converted(basis.Of(Event, CurrencyOf(own)), own);

    /// <summary>Whether the event's spend is at least so much, at the rate of the event where it is in another currency.</summary>
    internal bool Spends(Money least) => Event.Spend is { } spend && Converted(spend.MinorUnits, least.Currency) >= least.MinorUnits;

    /// <summary>The rate that converts the event's currency to another, as receipts name it, such as "rate.mop.hkd 0.97"; null where both are the same.</summary>
    internal string? RateUsed(Currency? to) => to is { } own && Event.Spend is { } spend && spend.Currency != own
        ? FormattableString.Invariant($"{ExchangeRates.Name(spend.Currency, own)} {Scalar.Of(RateTo(own))}")
        : null;

    /// <summary>The rate from the event's currency to another; 0 where the host has looked up none, 1 where they are the same.</summary>
    internal decimal RateTo(Currency own) => Event.Spend is not { } spend || spend.Currency == own
        ? 1
        : evidence.Field(EventFields.LookupScope + ExchangeRates.Name(spend.Currency, own)).AsNumber;

    /// <summary>The rest that a rule has carried from the member's earlier events.</summary>
    internal long Carried(string rule, object of) => member?.Kept(LoyaltyNames.Carried(rule, of)) ?? 0;

    internal void Carry(string rule, object of, long rest) => (carried ??= []).Add((rule, LoyaltyNames.Carried(rule, of), rest));

    /// <summary>A rule gave way to another, so it keeps what it carried.</summary>
    internal void Uncarry(string rule) => carried?.RemoveAll(one => one.Rule == rule);

    /// <summary>How many of the awards are in the wallet already.</summary>
    internal int Issued { get; set; }

    /// <summary>How much of a unit was given and is not in the wallet yet.</summary>
    internal long NotIssued(string unit)
    {
        var sum = 0L;
        foreach (ref readonly var award in Earlier[Issued..])
        {
            sum += string.Equals(award.Earning.Unit, unit, StringComparison.Ordinal) ? award.Earning.Amount : 0;
        }

        return sum;
    }

    /// <summary>What parts made together was given, and the rest of them is nothing any more.</summary>
    internal void DropParts()
    {
        for (var i = 0; i < count; i++)
        {
            if (!awards[i].Earning.Part.IsZero)
            {
                awards[i] = awards[i] with { Earning = awards[i].Earning with { Part = default } };
            }
        }
    }

    /// <summary>From now on tiers are those with what the event counts.</summary>
    internal void TiersCount() => afterTiers = true;

    /// <summary>Makes room at once for what most events earn: one award for each rule.</summary>
    internal void Expect(int rules) => expected = Math.Max(rules, 1);

    /// <summary>Forgets the awards after so many, which were only tried.</summary>
    internal void CutTo(int length) => count = length;

    internal void Add(Award award)
    {
        if (count == awards.Length)
        {
            Array.Resize(ref awards, Math.Max(expected, count * 2));
        }

        awards[count++] = award;
    }
}
