using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Gathers what one stimulus changes: every movement of a wallet goes through here, so entries, facts, agenda and receipt always agree with the state.</summary>
internal sealed class Decision(LoyaltyState current, ModuleContext context)
{
    private readonly List<LedgerEntry> entries = new(2);
    private readonly List<ReceiptLine> lines = [];
    private readonly List<Fact> facts = new(2);
    private List<AgendaChange>? agenda;
    private List<Echo>? echoes;
    private List<QuotaDraw>? quotas;
    private readonly LoyaltyState before = current;
    private LoyaltyState state = current;

    public ModuleContext Context => context;

    public Membership In(string program) => state.In(program);

    /// <summary>The membership before the stimulus.</summary>
    public Membership Before(string program) => before.In(program);

    /// <summary>Keeps a number for the member.</summary>
    public void Count(ProgramPlan plan, Tally tally)
    {
        if (In(plan.Name).Counted(tally.Name, tally.Period) != tally.Amount)
        {
            state = state.With(state.In(plan.Name).With(tally));
        }
    }

    /// <summary>Changes the agenda.</summary>
    public void Put(AgendaChange change) => (agenda ??= []).Add(change);

    /// <summary>Draws on a supply that members share.</summary>
    public void Draw(string quota, long amount) => (quotas ??= []).Add(new QuotaDraw(quota, amount));

    public void Add(ReceiptLine line) => lines.Add(line);

    /// <summary>Makes room at once for the lines of this many rules, and a little more.</summary>
    public void Expect(int rules) => lines.EnsureCapacity(lines.Count + rules + 2);

    /// <summary>Gives units by a rule or by hand; status units count on their ladders.</summary>
    public void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, Wallets.LotExpiry? expiry = null)
    {
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var change = state.In(plan.Name).Wallet(unit.Name).Issue(unit.ExpiryOf(moment, expiry), amount);
        Move(plan.Name, unit.Name, unit.Fact, change, rule, code, plan.Definition.Hash);
        Count(plan, unit, amount);
        WeighWhereHeld(plan);
    }

    /// <summary>Takes units out of a wallet that was found to hold them, or into debt.</summary>
    public void Take(ProgramPlan plan, UnitPlan unit, WalletChange change, long amount, string? code)
    {
        Move(plan.Name, unit.Name, unit.Fact, change, null, code, plan.Definition.Hash);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, -amount);
        }

        WeighWhereHeld(plan);
    }

    /// <summary>Removes what has run out.</summary>
    public void Expire(string program, string unit, DefinitionHash? definition)
    {
        var wallet = state.In(program).Wallet(unit);
        var change = wallet.Expire(context.Moment.Instant);
        Move(program, unit, LoyaltyNames.Fact(program, unit), change, null, null, definition);
        foreach (var movement in change.Movements)
        {
            if (movement.Movement == Movement.Expired)
            {
                lines.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Expired) { Subject = movement.Lot, Unit = unit, Amount = movement.Amount });
            }
        }
    }

    /// <summary>Brings a ladder to the moment: windows close, tiers end.</summary>
    public void Close(ProgramPlan plan, TierLadder ladder)
    {
        if (state.In(plan.Name).Standing(ladder.Name) is { } standing)
        {
            Stand(plan, ladder, standing, ClimbOn(plan, ladder).Bring(standing, LevelOf(plan, ladder)), isDue: true);
        }
    }

    /// <summary>Changes what staff have granted on a ladder.</summary>
    public void Stand(ProgramPlan plan, TierLadder ladder, Func<TierStanding, TierStanding> grant)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = state.In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
        Stand(plan, ladder, standing, climb.Bring(grant(standing), LevelOf(plan, ladder)));
    }

    /// <summary>Counts on a ladder what an event added to its metric.</summary>
    public void Count(ProgramPlan plan, TierLadder ladder, long amount)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = state.In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
        if (ladder.Metric is QualificationMetric.Visits { OncePerDay: true })
        {
            var today = new Moment(context.Moment.Instant, plan.Zone).Date;
            if (standing.LastDay == today)
            {
                return;
            }

            standing = standing with { LastDay = today };
        }

        Stand(plan, ladder, standing, climb.Count(standing, amount));
    }

    /// <summary>Asks again for the ladders whose metric is a value as it stands.</summary>
    public void Weigh(ProgramPlan plan)
    {
        foreach (var ladder in plan.Ladders)
        {
            if (!ladder.IsLevel)
            {
                continue;
            }

            var (climb, value) = (ClimbOn(plan, ladder), LevelOf(plan, ladder));
            if (state.In(plan.Name).Standing(ladder.Name) is { } standing)
            {
                Stand(plan, ladder, standing, climb.Bring(standing, value));
            }
            else if (value > 0)
            {
                var begun = climb.Begin(JoinedOn(plan));
                Stand(plan, ladder, begun, climb.Bring(begun, value));
            }
        }
    }

    /// <summary>Puts a customer elsewhere on a stamp card.</summary>
    public void Stand(ProgramPlan plan, CardPlan card, CardStanding old, CardStanding standing)
    {
        state = state.With(state.In(plan.Name).With(standing));
        facts.AddRange(card.Changed(old, standing));
    }

    /// <summary>The entry of the agenda at which the next lot of a wallet runs out: one for each wallet, however many lots it has.</summary>
    public static AgendaChange ExpiryOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ExpiryKey(program, unit), wallet.NextExpiry, Phases.Expiry);

    /// <summary>The entry of the agenda at which something about a standing may next change.</summary>
    public static AgendaChange CloseOf(ProgramPlan plan, TierLadder ladder, TierStanding standing) =>
        new(LoyaltyNames.CloseKey(plan.Name, ladder.Name), Earlier(Climb.NextChange(ladder, standing, plan.Zone), plan.Until), Phases.Close);

    /// <summary>The facts that tell of a tier and of what it grants, those of another taken back.</summary>
    public static IEnumerable<Fact> FactsOf(string program, TierLadder ladder, string? old, string? tier)
    {
        yield return new Fact(LoyaltyNames.Fact(program, ladder.Name), tier is null ? default : Scalar.Of(tier));
        var granted = ladder.LevelOf(tier) is >= 0 and var level ? ladder.Tiers[level].Benefits : [];
        foreach (var benefit in ladder.LevelOf(old) is >= 0 and var before ? ladder.Tiers[before].Benefits : [])
        {
            if (granted.All(item => item.Name != benefit.Name))
            {
                yield return new Fact(LoyaltyNames.BenefitFact(program, ladder.Name, benefit.Name), default);
            }
        }

        foreach (var benefit in granted)
        {
            yield return new Fact(LoyaltyNames.BenefitFact(program, ladder.Name, benefit.Name), benefit.Value);
        }
    }

    public Outcome Outcome() => lines.Count == 0 && ReferenceEquals(state, before) && agenda is null
        ? Modules.Outcome.Nothing
        : new Outcome.Accepted
        {
            State = ReferenceEquals(state, before) ? null : state,
            Entries = entries.ToSequence(),
            Lines = lines.ToSequence(),
            Facts = facts.ToSequence(),
            Agenda = agenda is null ? default : agenda.ToSequence(),
            Echoes = echoes is null ? default : echoes.ToSequence(),
            Quotas = quotas is null ? default : quotas.ToSequence(),
        };

    private void Move(string program, string unit, string fact, WalletChange change, string? rule, string? code, DefinitionHash? definition)
    {
        if (change.Movements.IsEmpty)
        {
            return;
        }

        var membership = state.In(program);
        var old = membership.Wallet(unit);
        state = state.With(membership.With(unit, change.Wallet));
        List<ReceiptLine>? offsets = null;
        foreach (var movement in change.Movements)
        {
            entries.Add(new LedgerEntry
            {
                Program = program,
                Unit = unit,
                Lot = movement.Lot,
                Amount = movement.Amount,
                Movement = movement.Movement,
                Cause = context.Cause,
                OccurredAt = context.Moment.Instant,
                Rule = movement.Movement == Movement.Issued ? rule : null,
                Code = movement.Movement == Movement.Offset ? null : code,
                Definition = definition,
            });
            if (movement.Movement == Movement.Offset)
            {
                (offsets ??= []).Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = movement.Lot, Unit = unit, Amount = movement.Amount });
            }
        }

        if (offsets is not null)
        {
            lines.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.DebtRepaid) { Subject = program, Unit = unit, Parts = offsets.ToSequence() });
        }

        if (old.Balance != change.Wallet.Balance)
        {
            facts.Add(new Fact(fact, change.Wallet.Balance));
        }

        if (old.NextExpiry != change.Wallet.NextExpiry)
        {
            (agenda ??= []).Add(ExpiryOf(program, unit, change.Wallet));
        }
    }

    private void Count(ProgramPlan plan, UnitPlan unit, long amount)
    {
        foreach (var ladder in plan.Ladders)
        {
            if (string.Equals(ladder.Unit, unit.Name, StringComparison.Ordinal))
            {
                Count(plan, ladder, amount);
            }
        }
    }

    private void WeighWhereHeld(ProgramPlan plan)
    {
        if (plan.HasLevels)
        {
            Weigh(plan);
        }
    }

    private Climb ClimbOn(ProgramPlan plan, TierLadder ladder) => new(ladder, new Moment(context.Moment.Instant, plan.Zone), context);

    private LocalDate JoinedOn(ProgramPlan plan) => new Moment(context.Moment.Instant, plan.Zone).Date;

    private long LevelOf(ProgramPlan plan, TierLadder ladder) => ladder.Metric switch
    {
        QualificationMetric.UnitsHeld held => state.In(plan.Name).Wallet(held.Unit).Balance,
        QualificationMetric.FactValue fact => WholeOf(context.Fact(fact.Fact)),
        QualificationMetric.ProfileValue profile => WholeOf(context.Observed(profile.Field)),
        _ => 0,
    };

    private static long WholeOf(Scalar value) => value.Kind == ScalarKind.Flag ? (value.AsFlag ? 1 : 0) : (long)Math.Clamp(decimal.Truncate(value.AsNumber), 0, Rules.PointsPerAmount.Most);

    private void Stand(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing, bool isDue = false)
    {
        var known = state.In(plan.Name).Standing(ladder.Name);
        var close = CloseOf(plan, ladder, standing);
        if (isDue ? close.Due is not null : close.Due != (known is null ? null : CloseOf(plan, ladder, known).Due))
        {
            (agenda ??= []).Add(close);
        }

        if (known == standing)
        {
            return;
        }

        state = state.With(state.In(plan.Name).With(standing));

        if (standing.Tier == old.Tier)
        {
            Prolonged(plan, ladder, old, standing);
            return;
        }

        facts.AddRange(FactsOf(plan.Name, ladder, old.Tier, standing.Tier));
        lines.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TierChanged) { Subject = standing.Tier ?? LineCodes.NoTier });
        var (from, to) = (ladder.LevelOf(old.Tier), ladder.LevelOf(standing.Tier));
        (echoes ??= []).Add(new Echo(LoyaltyNames.TierChanged, Fields.Of(
            ("program", plan.Name),
            ("ladder", ladder.Name),
            ("direction", old.Tier is null ? "joined" : standing.Tier is null ? "left" : to > from ? "upgraded" : "downgraded"),
            ("from", old.Tier is null ? default : Scalar.Of(old.Tier)),
            ("to", standing.Tier is null ? default : Scalar.Of(standing.Tier)))));
    }

    private void Prolonged(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing)
    {
        var level = ladder.LevelOf(standing.Tier);
        if (level >= 0 && LastEnd(ladder, old, level) is { } before && LastEnd(ladder, standing, level) is { } after && after > before)
        {
            (echoes ??= []).Add(new Echo(LoyaltyNames.TierProlonged, Fields.Of(("program", plan.Name), ("ladder", ladder.Name), ("tier", ladder.Tiers[level].Name), ("until", after))));
        }
    }

    private static Instant? Earlier(Instant? left, Instant? right) => left is null ? right : right is null || left < right ? left : right;

    private static Instant? LastEnd(TierLadder ladder, TierStanding standing, int level)
    {
        Instant? last = null;
        foreach (var hold in standing.Held)
        {
            last = hold.Until is { } until && ladder.LevelOf(hold.Tier) == level && !(until <= last) ? until : last;
        }

        return last;
    }
}
