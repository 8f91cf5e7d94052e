using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Gathers what one stimulus changes: every movement of a wallet goes through here, so entries, facts, agenda and receipt always agree with the state.</summary>
internal sealed partial class Decision(LoyaltyState current, ModuleContext context)
{
    private Gathered<LedgerEntry> entries = new(1);
    private Gathered<Fact> facts = new(1);
    private Gathered<AgendaChange> agenda = new(1);
    private Gathered<ReceiptLine> lines = new(4);
    private bool noted;
    private bool tries;
    private List<Echo>? echoes;
    private List<QuotaDraw>? quotas;
    private List<CustomerEvent>? followUps;
    private List<ProgramPlan>? risen;
    private List<string>? rates;
    private readonly LoyaltyState before = current;

    // The membership that is looked at or changed, and the state without its changes: it goes into the state once, at the end or when another is looked at.
    private LoyaltyState kept = current;
    private Membership? open;
    private bool isChanged;

    public ModuleContext Context => context;

    /// <summary>The lines so far.</summary>
    public ReadOnlySpan<ReceiptLine> Lines => lines.SoFar;

    /// <summary>Whether anybody will read the lines: not those of awards that are only tried.</summary>
    public bool Explains => context.WantsLines && !tries;

    public Membership In(string program)
    {
        if (open is { } one && string.Equals(one.Program, program, StringComparison.Ordinal))
        {
            return one;
        }

        PutBack();
        return open = kept.In(program);
    }

    /// <summary>The membership before the stimulus.</summary>
    public Membership Before(string program) => before.In(program);

    /// <summary>Keeps a number for the member.</summary>
    public void Count(ProgramPlan plan, Tally tally)
    {
        if (tally.Amount == 0 || In(plan.Name).Counted(tally.Name, tally.Period) != tally.Amount)
        {
            Become(In(plan.Name).With(tally));
        }
    }

    private void Become(Membership membership)
    {
        if (open is { } other && !string.Equals(other.Program, membership.Program, StringComparison.Ordinal))
        {
            PutBack();
        }

        (open, isChanged) = (membership, true);
    }

    private void PutBack()
    {
        if (isChanged && open is { } changed)
        {
            kept = kept.With(changed);
        }

        (open, isChanged) = (null, false);
    }

    /// <summary>Changes the agenda.</summary>
    public void Put(AgendaChange change) => agenda.Add(change);

    /// <summary>Sends an event to another customer.</summary>
    public void Send(CustomerEvent followUp) => (followUps ??= []).Add(followUp);

    /// <summary>Whether a supply that members share gives so much beside what is drawn on it already.</summary>
    public bool MayDraw(string quota, long amount)
    {
        var drawn = 0L;
        for (var i = 0; i < quotas?.Count; i++)
        {
            drawn = checked(drawn + (quotas[i].Name == quota ? quotas[i].Amount : 0));
        }

        return context.MayDraw(quota, checked(drawn + amount));
    }

    /// <summary>Draws on a supply that members share.</summary>
    public void Draw(string quota, long amount) => (quotas ??= []).Add(new QuotaDraw(quota, amount));

    /// <summary>Gives back to a supply that members share, or draws again what came back to it: that was given out before, so it is drawn whatever the supply has.</summary>
    public void DrawAgain(string quota, long amount) => (quotas ??= []).Add(new QuotaDraw(quota, amount) { IntoDebt = amount > 0 && !MayDraw(quota, amount) });

    /// <summary>Draws on supplies that members share.</summary>
    public void Draw(IReadOnlyList<QuotaDraw> draws)
    {
        if (draws.Count > 0)
        {
            (quotas ??= []).AddRange(draws);
        }
    }

    public void Add(ReceiptLine line)
    {
        noted = true;
        if (Explains)
        {
            lines.Add(line);
        }
    }

    // A line without a sentence, which is made only where somebody reads it.
    private void Add(string program, string code, string? subject, string? unit = null, long amount = 0)
    {
        noted = true;
        if (Explains)
        {
            lines.Add(new ReceiptLine(LoyaltyNames.Module, code) { Program = program, Subject = subject, Unit = unit, Amount = amount });
        }
    }

    /// <summary>Says of the parts of a unit that rules gave that they make no whole one together.</summary>
    /// <param name="program">Their programme.</param>
    /// <param name="rule">The last of the rules.</param>
    public void AddDropped(string program, string rule, string unit, Fraction dropped)
    {
        noted = true;
        if (Explains)
        {
            lines.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.PartsTogether) { Program = program, Subject = rule, Unit = unit, Parts = [new ReceiptLine(LoyaltyNames.Module, LineCodes.Dropped) { Subject = $"{dropped} {unit}" }] });
        }
    }

    /// <summary>Says that there would be a line, where nobody reads it.</summary>
    public void Note() => noted = true;

    /// <summary>An event as what counts in a currency looks at it; the rate that it counts by is noted.</summary>
    /// <param name="own">The currency; null: it counts no money.</param>
    public EarningContext Counting(CustomerEvent happened, ProgramPlan plan, Currency? own)
    {
        var counting = new EarningContext(happened, new Moment(context.Moment.Instant, plan.Zone), context);
        NoteRate(counting, own);
        return counting;
    }

    /// <summary>An award names the rate that it was made by, so no line of its own does.</summary>
    public void NamesRate(string used) => (rates ??= []).Add(used);

    /// <summary>Notes, once and where no award names it, the rate by which amounts of an event in another currency count, or that there is none and they count nothing.</summary>
    public void NoteRate(EarningContext context, Currency? own)
    {
        if (context.Event.Spend is { MinorUnits: > 0 } spend && context.RateUsed(own) is { } used && own is { } to && !(rates ??= []).Contains(used))
        {
            rates.Add(used);
            Add(context.RateTo(to) > 0 ? new ReceiptLine(LoyaltyNames.Module, LineCodes.Rate) { Subject = used } : new ReceiptLine(LoyaltyNames.Module, LineCodes.RateMissing) { Subject = ExchangeRates.Name(spend.Currency, to) });
        }
    }

    /// <summary>From here on awards are tried, until the decision comes back to where it stands now.</summary>
    public Mark Try()
    {
        tries = true;
        return new Mark(kept, open, isChanged, noted, quotas?.Count ?? 0, rates?.Count ?? 0);
    }

    /// <summary>Forgets the awards that were tried since: what they counted and what they drew. Nothing else may have happened.</summary>
    public void ComeBackTo(Mark mark)
    {
        (kept, open, isChanged, noted, tries) = (mark.Kept, mark.Open, mark.IsChanged, mark.Noted, false);
        quotas?.RemoveRange(mark.Quotas, quotas.Count - mark.Quotas);
        rates?.RemoveRange(mark.Rates, rates.Count - mark.Rates);
    }

    /// <summary>Makes room at once for the lines of this many rules, and for what they give of this many units.</summary>
    public void Expect(int rules, int units)
    {
        lines.Expect(rules);
        entries.Expect(units);
        facts.Expect(units);
    }

    /// <summary>Changes what of a membership neither books nor facts nor the agenda tell of.</summary>
    public void Change(string program, Func<Membership, Membership> change) => Become(change(In(program)));

    /// <summary>Tells other modules.</summary>
    public void Tell(Echo echo) => (echoes ??= []).Add(echo);

    /// <summary>Publishes a fact.</summary>
    public void Publish(Fact fact) => facts.Add(fact);

    public Outcome Outcome()
    {
        // Whatever made units available: what gives itself does not wait for another event.
        for (var i = 0; i < risen?.Count; i++)
        {
            RewardSteps.GiveThemselves(risen[i], this);
        }

        PutBack();
        var isAsBefore = ReferenceEquals(kept, before);
        return !noted && isAsBefore && agenda.Count == 0 && quotas is null && followUps is null
            ? Modules.Outcome.Nothing
            : new Outcome.Accepted
            {
                State = isAsBefore ? null : kept,
                Entries = entries.ToSequence(),
                Lines = lines.ToSequence(),
                Facts = facts.ToSequence(),
                Agenda = agenda.ToSequence(),
                Echoes = echoes is null ? default : echoes.ToSequence(),
                Quotas = quotas is null ? default : quotas.ToSequence(),
                FollowUps = followUps is null ? default : followUps.ToSequence(),
            };
    }

    /// <summary>What awards change of a decision that has not given them yet.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Mark(LoyaltyState Kept, Membership? Open, bool IsChanged, bool Noted, int Quotas, int Rates);
}
