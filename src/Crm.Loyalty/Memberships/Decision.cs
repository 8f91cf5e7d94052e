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

namespace Crm.Loyalty.Memberships;

/// <summary>Gathers what one stimulus changes: every movement of a wallet goes through here, so entries, facts, agenda and receipt always agree with the state.</summary>
internal sealed class Decision(LoyaltyState current, ModuleContext context)
{
    // At one instant, lots run out before the windows of tiers close.
    private const int ExpiryPhase = 0;
    private const int ClosePhase = 1;

    private readonly List<LedgerEntry> entries = new(2);
    private readonly List<ReceiptLine> lines = [];
    private readonly List<Fact> facts = new(2);
    private List<AgendaChange>? agenda;
    private List<Echo>? echoes;
    private readonly LoyaltyState before = current;
    private LoyaltyState state = current;

    public ModuleContext Context => context;

    public Membership In(string program) => state.In(program);

    public void Add(ReceiptLine line) => lines.Add(line);

    /// <summary>Makes room at once for the lines of this many rules, and a little more.</summary>
    public void Expect(int rules) => lines.EnsureCapacity(lines.Count + rules + 2);

    /// <summary>Gives units by a rule or by hand; status units count on their ladders.</summary>
    public void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code)
    {
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var change = state.In(plan.Name).Wallet(unit.Name).Issue(unit.ExpiryOf(moment), amount);
        Move(plan.Name, unit.Name, unit.Fact, change, rule, code, plan.Definition.Hash);
        Count(plan, unit, amount, moment);
    }

    /// <summary>Takes units out of a wallet that was found to hold them, or into debt.</summary>
    public void Take(ProgramPlan plan, UnitPlan unit, WalletChange change, long amount, string? code)
    {
        Move(plan.Name, unit.Name, unit.Fact, change, null, code, plan.Definition.Hash);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, -amount, new Moment(context.Moment.Instant, plan.Zone));
        }
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

    /// <summary>Closes the window of a ladder that is over.</summary>
    public void Close(ProgramPlan plan, TierLadder ladder)
    {
        if (state.In(plan.Name).Standing(ladder.Name) is { } standing)
        {
            Stand(plan, ladder, standing, standing.In(ladder.WindowAt(new Moment(context.Moment.Instant, plan.Zone))));
        }
    }

    /// <summary>Puts a customer elsewhere on a stamp card.</summary>
    public void Stand(ProgramPlan plan, CardPlan card, CardStanding old, CardStanding standing)
    {
        state = state.With(state.In(plan.Name).With(standing));
        facts.AddRange(card.Changed(old, standing));
    }

    /// <summary>The entry of the agenda at which the next lot of a wallet runs out: one for each wallet, however many lots it has.</summary>
    public static AgendaChange ExpiryOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ExpiryKey(program, unit), wallet.NextExpiry, ExpiryPhase);

    /// <summary>The entry of the agenda at which a standing's window closes, where it is not there already; a window matters only while something counts in it or is carried through it.</summary>
    public static AgendaChange? CloseOf(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing)
    {
        var closes = IsIdle(standing) || (old.Window == standing.Window && !IsIdle(old)) ? null : ladder.Closes(standing.Window, plan.Zone);
        return closes is null ? null : new AgendaChange(LoyaltyNames.CloseKey(plan.Name, ladder.Name), closes, ClosePhase);
    }

    public Outcome Outcome() => lines.Count == 0 && ReferenceEquals(state, before)
        ? Modules.Outcome.Nothing
        : new Outcome.Accepted
        {
            State = ReferenceEquals(state, before) ? null : state,
            Entries = entries.ToSequence(),
            Lines = lines.ToSequence(),
            Facts = facts.ToSequence(),
            Agenda = agenda is null ? default : agenda.ToSequence(),
            Echoes = echoes is null ? default : echoes.ToSequence(),
        };

    private static bool IsIdle(TierStanding standing) => standing is { Counted: 0, Carried: 0 };

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

    private void Count(ProgramPlan plan, UnitPlan unit, long amount, Moment moment)
    {
        foreach (var ladder in plan.Ladders)
        {
            if (string.Equals(ladder.Unit, unit.Name, StringComparison.Ordinal))
            {
                var window = ladder.WindowAt(moment);
                var standing = state.In(plan.Name).Standing(ladder.Name) ?? new TierStanding { Ladder = ladder.Name, Window = window };
                Stand(plan, ladder, standing, standing.In(window).Counting(amount));
            }
        }
    }

    private void Stand(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing)
    {
        var tier = ladder.Of(standing);
        state = state.With(state.In(plan.Name).With(standing with { Tier = tier }));

        if (CloseOf(plan, ladder, old, standing) is { } close)
        {
            (agenda ??= []).Add(close);
        }

        if (tier == old.Tier)
        {
            return;
        }

        facts.Add(new Fact(LoyaltyNames.Fact(plan.Name, ladder.Name), tier is null ? default : Scalar.Of(tier)));
        lines.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TierChanged) { Subject = tier ?? LineCodes.NoTier });
        (echoes ??= []).Add(new Echo(LoyaltyNames.TierChanged, Fields.Of(
            ("program", plan.Name),
            ("ladder", ladder.Name),
            ("from", old.Tier is null ? default : Scalar.Of(old.Tier)),
            ("to", tier is null ? default : Scalar.Of(tier)))));
    }
}
