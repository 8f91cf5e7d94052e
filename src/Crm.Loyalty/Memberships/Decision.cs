using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
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
    private Gathered<LedgerEntry> entries = new(1);
    private Gathered<Fact> facts = new(1);
    private Gathered<AgendaChange> agenda = new(1);
    private Gathered<ReceiptLine> lines = new(4);
    private bool noted;
    private List<Echo>? echoes;
    private List<QuotaDraw>? quotas;
    private List<CustomerEvent>? followUps;
    private readonly LoyaltyState before = current;

    // The membership that is looked at or changed, and the state without its changes: it goes into the state once, at the end or when another is looked at.
    private LoyaltyState kept = current;
    private Membership? open;
    private bool isChanged;

    public ModuleContext Context => context;

    /// <summary>Whether anybody will read the lines.</summary>
    public bool Explains => context.WantsLines;

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

    /// <summary>Draws on a supply that members share.</summary>
    public void Draw(string quota, long amount) => (quotas ??= []).Add(new QuotaDraw(quota, amount));

    public void Add(ReceiptLine line)
    {
        noted = true;
        if (Explains)
        {
            lines.Add(line);
        }
    }

    // A line without a sentence, which is made only where somebody reads it.
    private void Add(string code, string? subject, string? unit = null, long amount = 0)
    {
        noted = true;
        if (Explains)
        {
            lines.Add(new ReceiptLine(LoyaltyNames.Module, code) { Subject = subject, Unit = unit, Amount = amount });
        }
    }

    /// <summary>Says that there would be a line, where nobody reads it.</summary>
    public void Note() => noted = true;

    /// <summary>Makes room at once for the lines of this many rules, and for what they give of this many units.</summary>
    public void Expect(int rules, int units)
    {
        lines.Expect(rules);
        entries.Expect(units);
        facts.Expect(units);
    }

    /// <summary>Gives units by a rule or by hand; status units count on their ladders.</summary>
    public void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code) =>
        Issue(plan, unit, amount, rule, code, new AwardShape(null, Activation.AtOnce, null), byRules: false);

    /// <summary>Gives units by rules: what was earned may have to wait, and is an activity.</summary>
    public void IssueByRules(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape) => Issue(plan, unit, amount, rule, code, shape, byRules: true);

    private void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape, bool byRules)
    {
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var membership = In(plan.Name);
        var wallet = membership.Wallet(unit.Name);
        var activation = shape.Activation ?? unit.Definition.Activation;
        string name;
        if (activation is Activation.Immediately)
        {
            var lot = unit.LotOf(moment, shape.Expiry, membership) with { Amount = amount, Issuer = shape.Issuer };
            Move(plan, unit, Active(wallet.Issue(lot), unit, moment, byRules, byEarning: true), rule, code);
            name = lot.Name;
        }
        else
        {
            var active = activation.Of(moment);
            var lot = unit.LotOf(active is { } from ? moment with { Instant = from } : moment, shape.Expiry, membership);
            var pending = new PendingLot
            {
                ActiveFrom = active,
                Hold = active is null ? context.Cause.ToString() : null,
                LapsesAt = (activation as Activation.OnEvent)?.Lapse(moment),
                Rule = active is null ? rule : null,
                Lot = (active is null ? new Lot(null, amount) : lot with { Amount = amount }) with { Issuer = shape.Issuer },
            };
            Move(plan, unit, Active(wallet.Issue(pending), unit, moment, byRules, byEarning: true), rule, code);
            Tell(new Echo(LoyaltyNames.PendingAdded, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", amount), ("at", active is { } at ? Scalar.Of(at) : default))));
            name = pending.Name;
        }

        if (byRules && plan.Definition.Value.Cascade == Cascade.None)
        {
            KeepAward(plan, unit, name, amount, moment);
        }

        Count(plan, unit, amount);
        WeighWhereHeld(plan);
    }

    /// <summary>Keeps what is left of an award after a refund.</summary>
    public void Keep(ProgramPlan plan, KeptAward award)
    {
        var membership = In(plan.Name);
        Become(membership with { Awards = membership.Awards.Select(known => known.Key == award.Key && known.Unit == award.Unit && known.Lot == award.Lot ? award : known).ToSequence() });
    }

    // What an event earned is kept where a refund will take back that, and nothing else.
    private void KeepAward(ProgramPlan plan, UnitPlan unit, string lot, long amount, Moment moment)
    {
        var spend = context.Stimulus is Stimulus.Happened { Event.Spend: { } paid } ? paid.MinorUnits : 0;
        var (membership, today, key) = (In(plan.Name), LoyaltyNames.NumberOf(moment.Date), context.Cause.ToString());
        var known = membership.Awards.FirstOrDefault(award => award.Key == key && award.Unit == unit.Name && award.Lot == lot);
        var award = known is null ? new KeptAward(key, unit.Name, lot, amount, 0, spend, spend, today) : known with { Amount = known.Amount + amount };
        Become(membership with
        {
            Awards = membership.Awards.Where(other => other != known && other.Day + KeptAward.RefundableDays >= today).Append(award).ToSequence(),
        });
    }

    /// <summary>Notes that the member did something that keeps units from idling.</summary>
    public void Touch(ProgramPlan plan, UnitPlan unit, string kind)
    {
        if (unit.Idle is { } idle && idle.On.AsSpan().Contains(kind))
        {
            var (wallet, moment) = (In(plan.Name).Wallet(unit.Name), new Moment(context.Moment.Instant, plan.Zone));
            if (wallet.Lots.AsSpan().Length > 0)
            {
                Move(plan, unit, Active(new WalletChange(wallet, []), unit, moment, isActivity: true, byEarning: null), null, null);
            }
        }
    }

    /// <summary>Gives units that come from elsewhere: from another member or unit, or back.</summary>
    public void Receive(ProgramPlan plan, UnitPlan unit, Lot lot, Movement movement, string? code)
    {
        Move(plan, unit, In(plan.Name).Wallet(unit.Name).Issue(lot, movement), null, code);
        WeighWhereHeld(plan);
    }

    /// <summary>Issues units that were held elsewhere before: they keep their life, and only status units count on ladders.</summary>
    /// <returns>The name of their lot.</returns>
    public string Open(ProgramPlan plan, UnitPlan unit, OpeningLot opening, (Lot Lot, Instant? IdleUntil) become)
    {
        var wallet = In(plan.Name).Wallet(unit.Name);
        var (change, name) = opening.ActiveFrom is { } from && from > context.Moment.Instant && new PendingLot { ActiveFrom = from, Lot = become.Lot } is var pending
            ? (wallet.Issue(pending), pending.Name)
            : (wallet.Issue(become.Lot), become.Lot.Name);
        Move(plan, unit, become.IdleUntil is { } idle && !(change.Wallet.IdleUntil >= idle) ? change with { Wallet = change.Wallet with { IdleUntil = idle } } : change, null, LineCodes.Opened);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, opening.Amount);
        }

        WeighWhereHeld(plan);
        return name;
    }

    /// <summary>Takes units out of a wallet that was found to hold them, or into debt.</summary>
    public void Take(ProgramPlan plan, UnitPlan unit, WalletChange change, long amount, string? code, bool isSpending = false)
    {
        Move(plan, unit, Active(change, unit, new Moment(context.Moment.Instant, plan.Zone), isSpending, byEarning: false), null, code);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, -amount);
        }

        WeighWhereHeld(plan);
    }

    /// <summary>Changes a wallet without anything coming in or going out: lots get another life.</summary>
    public void Rearrange(ProgramPlan plan, UnitPlan unit, WalletChange change, string? code) => Move(plan, unit, change, null, code, tellsOffsets: false);

    /// <summary>Moves units between what can be spent and what is set aside, or out of what is set aside.</summary>
    public void SetAside(ProgramPlan plan, UnitPlan unit, WalletChange change, string? code)
    {
        Rearrange(plan, unit, change, code);
        WeighWhereHeld(plan);
    }

    /// <summary>Makes pending units available that are due.</summary>
    public void Activate(ProgramPlan plan, UnitPlan unit)
    {
        Resolve(plan, unit, In(plan.Name).Wallet(unit.Name).Activate(context.Moment.Instant));
    }

    /// <summary>Makes pending units available that waited for an event about another.</summary>
    public void Release(ProgramPlan plan, UnitPlan unit, EventKey original)
    {
        var membership = In(plan.Name);
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        Resolve(plan, unit, membership.Wallet(unit.Name).Release(original.ToString(), lot => unit.LotOf(moment, plan.ExpiryOfRule(lot.Rule), membership) with { Issuer = lot.Lot.Issuer }));
    }

    /// <summary>Tells of units that run out soon, and looks for the next.</summary>
    public void Warn(ProgramPlan plan, UnitPlan unit)
    {
        if (unit.Definition.WarnDaysBefore is not { } days)
        {
            return;
        }

        var tally = LoyaltyNames.Warned(unit.Name);
        var until = new Moment(context.Moment.Instant, plan.Zone).Date.PlusDays(days);
        var warned = In(plan.Name).Counted(tally);
        foreach (var (at, amount, _) in In(plan.Name).Wallet(unit.Name).Schedule.Where(lot => lot.At.ToUnixTimeTicks() > warned && lot.At.InZone(plan.Zone).Date <= until).GroupBy(lot => lot.At).Select(lots => (lots.Key, lots.Sum(lot => lot.Amount), 0)).ToList())
        {
            (echoes ??= []).Add(new Echo(LoyaltyNames.Expiring, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", amount), ("at", at))));
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Expiring) { Subject = Lot.NameOf(at), Text = LoyaltyTexts.Expiring(amount, unit.Name, at.InZone(plan.Zone).Date) });
            Count(plan, new Tally(tally, 0, at.ToUnixTimeTicks()));
        }

        PutWarning(plan, unit);
    }

    /// <summary>Removes what has run out.</summary>
    public void Expire(string program, string unit, ProgramPlan? plan)
    {
        var wallet = In(program).Wallet(unit);
        var change = wallet.Expire(context.Moment.Instant);
        Move(program, unit, LoyaltyNames.Fact(program, unit), change, null, null, plan?.Definition.Hash);
        if (plan?.UnitNamed(unit)?.Definition.ReinstateWithinDays is { } days)
        {
            Remember(plan, unit, change, days);
        }

        var gone = 0L;
        foreach (var movement in change.Movements)
        {
            if (movement.Movement == Movement.Expired)
            {
                Add(LineCodes.Expired, movement.Lot, unit, movement.Amount);
                gone -= movement.Amount;
            }
        }

        if (gone > 0 && context.IsHeard(LoyaltyNames.Expired))
        {
            Tell(new Echo(LoyaltyNames.Expired, Fields.Of(("program", program), ("unit", unit), ("amount", gone))));
        }
    }

    // What ran out is known for as long as it may be reinstated.
    private void Remember(ProgramPlan plan, string unit, WalletChange change, int days)
    {
        var today = LoyaltyNames.NumberOf(new Moment(context.Moment.Instant, plan.Zone).Date);
        foreach (var old in In(plan.Name).Tallies.Where(tally => tally.Name.StartsWith(LoyaltyNames.Gone(unit), StringComparison.Ordinal) && tally.Period + days < today).ToList())
        {
            Count(plan, old with { Amount = 0 });
        }

        foreach (var movement in change.Movements.Where(movement => movement.Movement == Movement.Expired))
        {
            Count(plan, new Tally(LoyaltyNames.Gone(unit) + movement.Lot, today, -movement.Amount));
        }
    }

    /// <summary>Brings a ladder to the moment: windows close, tiers end.</summary>
    public void Close(ProgramPlan plan, TierLadder ladder)
    {
        if (In(plan.Name).Standing(ladder.Name) is { } standing)
        {
            Stand(plan, ladder, standing, ClimbOn(plan, ladder).Bring(standing, LevelOf(plan, ladder)), isDue: true);
        }
    }

    /// <summary>Tells of a tier that ends soon and is not kept by what is counted, and looks for the next end.</summary>
    public void WarnOfEnd(ProgramPlan plan, TierLadder ladder)
    {
        if (ladder.WarnDaysBefore is null || In(plan.Name).Standing(ladder.Name) is not { } standing)
        {
            return;
        }

        if (KeepingOf(plan, ladder, standing) is { Tier: var tier, Missing: var missing, By: { } end })
        {
            if (missing > 0)
            {
                Tell(new Echo(LoyaltyNames.TierExpiring, Fields.Of(("program", plan.Name), ("ladder", ladder.Name), ("tier", tier), ("until", end), ("missing", missing))));
                Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TierExpiring) { Subject = tier, Text = LoyaltyTexts.TierExpiring(tier, missing, end.InZone(plan.Zone).Date) });
            }

            Count(plan, new Tally(LoyaltyNames.TierWarned(ladder.Name), 0, end.ToUnixTimeTicks()));
        }

        PutEndWarning(plan, ladder, standing);
    }

    /// <summary>Changes what staff have granted on a ladder.</summary>
    public void Stand(ProgramPlan plan, TierLadder ladder, Func<TierStanding, TierStanding> grant)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
        Stand(plan, ladder, standing, climb.Bring(grant(standing), LevelOf(plan, ladder)));
    }

    /// <summary>Counts on a ladder what an event added to its metric.</summary>
    public void Count(ProgramPlan plan, TierLadder ladder, long amount)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
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
            if (In(plan.Name).Standing(ladder.Name) is { } standing)
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
    public void Stand(ProgramPlan plan, CardPlan card, CardStanding old, CardStanding standing, bool isDue = false)
    {
        if (isDue ? standing.NextExpiry is not null : old.NextExpiry != standing.NextExpiry)
        {
            agenda.Add(CardExpiryOf(plan.Name, standing));
        }

        if (old != standing)
        {
            Become(In(plan.Name).With(standing));
            facts.AddRange(card.Changed(old, standing));
        }
    }

    /// <summary>The entry of the agenda at which stamps of a card run out.</summary>
    public static AgendaChange CardExpiryOf(string program, CardStanding standing) => new(LoyaltyNames.CardKey(program, standing.Card), standing.NextExpiry, Phases.Expiry);

    /// <summary>Changes what of a membership neither books nor facts nor the agenda tell of.</summary>
    public void Change(string program, Func<Membership, Membership> change) => Become(change(In(program)));

    /// <summary>Adds the wallet of somebody who is the same customer from now on, lot by lot; debts are repaid. What goes over is no movement of the programme's.</summary>
    public void Join(string program, ProgramPlan? plan, string unit, Wallet other)
    {
        var own = In(program).Wallet(unit);
        var sum = own.Plus(other, Wallet.Empty);
        var settled = (sum with { Shortfall = own.Shortfall, IdleUntil = own.IdleUntil > other.IdleUntil ? own.IdleUntil : other.IdleUntil ?? own.IdleUntil }).Settled();
        if (plan?.UnitNamed(unit) is { } known)
        {
            Move(plan, known, settled, null, null);
        }
        else
        {
            Move(program, unit, LoyaltyNames.Fact(program, unit), settled, null, null, null);
        }

        var wallet = In(program).Wallet(unit);
        Become(In(program).With(unit, wallet with { Shortfall = sum.Shortfall }));
    }

    /// <summary>Adds the standing on a ladder of somebody who is the same customer from now on: what both counted, and the tiers of both.</summary>
    public void Join(ProgramPlan plan, TierLadder ladder, TierStanding other)
    {
        var climb = ClimbOn(plan, ladder);
        if (In(plan.Name).Standing(ladder.Name) is not { } own)
        {
            Stand(plan, ladder, climb.Begin(other.Joined), climb.Bring(other with { Tier = null }, LevelOf(plan, ladder)));
            return;
        }

        var onceADay = ladder.Metric is QualificationMetric.Visits { OncePerDay: true };
        var sum = own.With(other, ladder, onceADay);
        var counted = other.Counted - (onceADay && own.LastDay == other.LastDay && other.Counted > 0 ? 1 : 0);
        Stand(plan, ladder, own, counted > 0 && !ladder.IsLevel ? climb.Count(sum, counted) : climb.Bring(sum, LevelOf(plan, ladder)));
    }

    /// <summary>Tells other modules.</summary>
    public void Tell(Echo echo) => (echoes ??= []).Add(echo);

    /// <summary>Publishes a fact.</summary>
    public void Publish(Fact fact) => facts.Add(fact);

    /// <summary>Keeps a reservation, and has it return at its time.</summary>
    public void Stand(string program, Reservation reservation)
    {
        Become(In(program).With(reservation));
        agenda.Add(new AgendaChange(LoyaltyNames.ReservationKey(program, reservation.Id), reservation.Until, Phases.Redemption));
        facts.AddRange(ReservedOf(In(program), reservation.Unit));
    }

    /// <summary>Forgets a reservation that was resolved.</summary>
    public void Drop(string program, Reservation reservation)
    {
        Become(In(program).Without(reservation));
        agenda.Add(new AgendaChange(LoyaltyNames.ReservationKey(program, reservation.Id), null, Phases.Redemption));
        facts.AddRange(ReservedOf(In(program), reservation.Unit));
    }

    /// <summary>The fact that tells how much of a unit is set aside; none for what is set aside without units.</summary>
    public static IEnumerable<Fact> ReservedOf(Membership membership, string unit) =>
        unit.Length == 0 ? [] : [new Fact(LoyaltyNames.ReservedFact(membership.Program, unit), membership.Reserved(unit) is not 0 and var reserved ? Scalar.Of(reserved) : default)];

    /// <summary>Changes a pool.</summary>
    public void Stand(string program, PoolStanding pool)
    {
        Become(In(program) with { Pool = pool });
        Publish(PoolOf(In(program)));
    }

    /// <summary>The fact that tells pools from people.</summary>
    public static Fact PoolOf(Membership membership) => new(LoyaltyNames.PoolFact(membership.Program), membership.Pool is { } pool ? Scalar.Of(pool.Dissolved ? "dissolved" : "open") : default);

    /// <summary>Keeps what a cart wants, and has it forgotten at its time.</summary>
    public void Keep(string program, CartRequest cart)
    {
        Become(In(program).With(cart));
        agenda.Add(CartEndOf(program, cart));
    }

    /// <summary>Forgets what a cart wants.</summary>
    public void DropCart(string program, string cart)
    {
        if (In(program).Carts.Any(known => known.Cart == cart))
        {
            Become(In(program).WithoutCart(cart));
            agenda.Add(new AgendaChange(LoyaltyNames.CartKey(program, cart), null, Phases.Redemption));
        }
    }

    /// <summary>The entry of the agenda at which a cart's wish is forgotten.</summary>
    public static AgendaChange CartEndOf(string program, CartRequest cart) => new(LoyaltyNames.CartKey(program, cart.Cart), cart.Until, Phases.Redemption);

    public void Stand(string program, RewardStanding reward) => Become(In(program).With(reward));

    public void Stand(string program, ChallengeStanding challenge) => Become(In(program).With(challenge));

    public void Stand(string program, ReferralStanding referral, bool isDue = false)
    {
        var (old, due) = (FirstOf(In(program).Referral), FirstOf(referral));
        if (isDue ? due is not null : due is not null && due != old)
        {
            agenda.Add(new AgendaChange(LoyaltyNames.ReferralKey(program), due, Phases.Redemption));
        }

        Become(In(program) with { Referral = referral });
    }

    private static Instant? FirstOf(ReferralStanding? referral) => referral is null || referral.Waiting.IsEmpty ? null : referral.Waiting[0];

    public void Live(string program, MembershipLife life) => Become(In(program) with { Life = life });

    /// <summary>A hidden programme has given something.</summary>
    public void Reveal(string program)
    {
        if (!In(program).Revealed)
        {
            Become(In(program) with { Revealed = true });
        }
    }

    /// <summary>The entry of the agenda at which pending units are next looked at.</summary>
    public static AgendaChange ActivationOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ActivationKey(program, unit), wallet.NextActivation, Phases.Activation);

    /// <summary>The entry of the agenda at which the next lot of a wallet runs out: one for each wallet, however many lots it has.</summary>
    public static AgendaChange ExpiryOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ExpiryKey(program, unit), wallet.NextExpiry, Phases.Expiry);

    /// <summary>The entry of the agenda at which something about a standing may next change.</summary>
    public static AgendaChange CloseOf(ProgramPlan plan, TierLadder ladder, TierStanding standing) =>
        new(plan.CloseKeyOf(ladder), Earlier(Climb.NextChange(ladder, standing, plan.Zone), plan.Until), Phases.Close);

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

    public Outcome Outcome()
    {
        PutBack();
        var isAsBefore = ReferenceEquals(kept, before);
        return !noted && isAsBefore && agenda.Count == 0
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

    private void Move(ProgramPlan plan, UnitPlan unit, WalletChange change, string? rule, string? code, bool tellsOffsets = true)
    {
        var expiry = unit.Definition.WarnDaysBefore is null ? null : In(plan.Name).Wallet(unit.Name).NextExpiry;
        Move(plan.Name, unit.Name, unit.Fact, change, rule, code, plan.Definition.Hash, tellsOffsets);
        if (unit.Definition.WarnDaysBefore is not null && expiry != change.Wallet.NextExpiry)
        {
            PutWarning(plan, unit);
        }
    }

    private void Move(string program, string unit, string fact, WalletChange change, string? rule, string? code, DefinitionHash? definition, bool tellsOffsets = true)
    {
        var membership = In(program);
        var old = membership.Wallet(unit);
        if (change.Movements.IsEmpty && old == change.Wallet)
        {
            return;
        }

        Become(membership.With(unit, change.Wallet));
        List<ReceiptLine>? offsets = null;
        foreach (ref readonly var movement in change.Movements.AsSpan())
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
                Code = movement.Lot == Lot.Shortfall ? Lot.Shortfall : movement.Movement == Movement.Offset && tellsOffsets ? null : code,
                Definition = definition,
            });
            if (movement.Movement == Movement.Offset && tellsOffsets)
            {
                (offsets ??= []).Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = movement.Lot, Unit = unit, Amount = movement.Amount });
            }
        }

        if (offsets is not null)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.DebtRepaid) { Subject = program, Unit = unit, Parts = offsets.ToSequence() });
        }

        if (change.Wallet.Shortfall != old.Shortfall)
        {
            // What is written off was taken by a line of its own, so this one gives it back.
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Shortfall) { Subject = program, Unit = unit, Amount = change.Wallet.Shortfall - old.Shortfall });
        }

        Told(program, unit, fact, old, change.Wallet);
    }

    // What follows from a wallet: facts, and when to look at it again.
    private void Told(string program, string unit, string fact, Wallet old, Wallet wallet)
    {
        if (old.Balance != wallet.Balance)
        {
            facts.Add(new Fact(fact, wallet.Balance));
        }

        if (old.PendingTotal != wallet.PendingTotal)
        {
            facts.Add(new Fact(LoyaltyNames.PendingFact(program, unit), wallet.PendingTotal is 0 ? default : Scalar.Of(wallet.PendingTotal)));
        }

        if (old.NextExpiry != wallet.NextExpiry)
        {
            agenda.Add(ExpiryOf(program, unit, wallet));
        }

        if (old.NextActivation != wallet.NextActivation)
        {
            agenda.Add(ActivationOf(program, unit, wallet));
        }
    }

    /// <summary>Tells of pending units that were given up.</summary>
    public void TellCancelled(string program, string unit, long amount, string reason)
    {
        if (amount > 0)
        {
            Tell(new Echo(LoyaltyNames.PendingCancelled, Fields.Of(("program", program), ("unit", unit), ("amount", amount), ("reason", reason))));
        }
    }

    private void Resolve(ProgramPlan plan, UnitPlan unit, WalletChange change)
    {
        var (activated, lapsed) = (0L, 0L);
        foreach (var movement in change.Movements)
        {
            activated += movement is { Movement: Movement.Offset, Amount: > 0 } ? movement.Amount : 0;
            if (movement.Movement == Movement.Reversed)
            {
                lapsed -= movement.Amount;
                Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lapsed) { Subject = movement.Lot, Unit = unit.Name, Amount = movement.Amount });
            }
        }

        if (activated > 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Activated) { Subject = plan.Name, Text = LoyaltyTexts.Activated(activated, unit.Name) });
            Tell(new Echo(LoyaltyNames.PendingActivated, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", activated))));
        }

        TellCancelled(plan.Name, unit.Name, lapsed, "lapsed");

        Move(plan, unit, change, null, null, tellsOffsets: false);
        Move(plan, unit, In(plan.Name).Wallet(unit.Name).Settled(), null, null);
        WeighWhereHeld(plan);
    }

    // An activity moves the day on which what idles runs out, for all of it at once.
    private static WalletChange Active(WalletChange change, UnitPlan unit, Moment moment, bool isActivity, bool? byEarning)
    {
        if (!isActivity || unit.Idle is not { } idle || !(byEarning is null || (byEarning == true ? idle.ByEarning : idle.BySpending)))
        {
            return change;
        }

        var gone = moment.StartOf(idle.GoneAfter(moment.Date));
        return change.Wallet.IdleUntil >= gone ? change : change with { Wallet = change.Wallet with { IdleUntil = gone } };
    }

    private void PutWarning(ProgramPlan plan, UnitPlan unit)
    {
        var warned = In(plan.Name).Counted(LoyaltyNames.Warned(unit.Name));
        Instant? due = null;
        foreach (var (at, _, _) in In(plan.Name).Wallet(unit.Name).Schedule)
        {
            if (at.ToUnixTimeTicks() > warned)
            {
                due = plan.Zone.AtStartOfDay(at.InZone(plan.Zone).Date.PlusDays(-(unit.Definition.WarnDaysBefore ?? 0))).ToInstant();
                break;
            }
        }

        Put(new AgendaChange(LoyaltyNames.WarningKey(plan.Name, unit.Name), due, Phases.Occasions));
    }

    private void PutEndWarning(ProgramPlan plan, TierLadder ladder, TierStanding standing)
    {
        if (ladder.WarnDaysBefore is not { } days)
        {
            return;
        }

        Instant? due = KeepingOf(plan, ladder, standing)?.By is { } end && end.ToUnixTimeTicks() > In(plan.Name).Counted(LoyaltyNames.TierWarned(ladder.Name))
            ? plan.Zone.AtStartOfDay(end.InZone(plan.Zone).Date.PlusDays(-days)).ToInstant()
            : null;
        Put(new AgendaChange(LoyaltyNames.TierWarningKey(plan.Name, ladder.Name), due, Phases.Occasions));
    }

    private TierStep? KeepingOf(ProgramPlan plan, TierLadder ladder, TierStanding standing) =>
        TierProgress.Of(ladder, standing, new Moment(context.Moment.Instant, plan.Zone), LevelOf(plan, ladder)).Keep;

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

    private LocalDate JoinedOn(ProgramPlan plan) => new Moment(In(plan.Name).Life?.Joined ?? context.Moment.Instant, plan.Zone).Date;

    private long LevelOf(ProgramPlan plan, TierLadder ladder) => ladder.Metric switch
    {
        QualificationMetric.UnitsHeld held => In(plan.Name).Wallet(held.Unit).Balance,
        QualificationMetric.FactValue fact => WholeOf(context.Fact(fact.Fact)),
        QualificationMetric.ProfileValue profile => WholeOf(context.Observed(profile.Field)),
        _ => 0,
    };

    private static long WholeOf(Scalar value) => value.Kind == ScalarKind.Flag ? (value.AsFlag ? 1 : 0) : (long)Math.Clamp(decimal.Truncate(value.AsNumber), 0, Rules.PointsPerAmount.Most);

    private void Stand(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing, bool isDue = false)
    {
        var known = In(plan.Name).Standing(ladder.Name);
        var isSame = known == standing;
        if (isDue || (!isSame && MayChangeOtherwise(known, standing)))
        {
            var close = CloseOf(plan, ladder, standing);
            if (isDue ? close.Due is not null : close.Due != (known is null ? null : CloseOf(plan, ladder, known).Due))
            {
                agenda.Add(close);
            }
        }

        if (isSame)
        {
            return;
        }

        Become(In(plan.Name).With(standing));
        PutEndWarning(plan, ladder, standing);
        if (standing.Tier == old.Tier)
        {
            Prolonged(plan, ladder, old, standing);
            return;
        }

        facts.AddRange(FactsOf(plan.Name, ladder, old.Tier, standing.Tier));
        Add(LineCodes.TierChanged, standing.Tier ?? LineCodes.NoTier);
        if (!context.IsHeard(LoyaltyNames.TierChanged))
        {
            return;
        }

        var (from, to) = (ladder.LevelOf(old.Tier), ladder.LevelOf(standing.Tier));
        (echoes ??= []).Add(new Echo(LoyaltyNames.TierChanged, Fields.Of(
            ("program", plan.Name),
            ("ladder", ladder.Name),
            ("direction", old.Tier is null ? "joined" : standing.Tier is null ? "left" : to > from ? "upgraded" : "downgraded"),
            ("from", old.Tier is null ? default : Scalar.Of(old.Tier)),
            ("to", standing.Tier is null ? default : Scalar.Of(standing.Tier)))));
    }

    // Whether the instant may differ at which something next changes by itself; what was counted moves it only where there was nothing, or is nothing any more.
    private static bool MayChangeOtherwise(TierStanding? known, TierStanding standing) =>
        known is null || known.Counted == 0 != (standing.Counted == 0) || known.Opened != standing.Opened || known.Joined != standing.Joined || known.Held != standing.Held || known.Days != standing.Days
        || known.Pin != standing.Pin || known.Floor != standing.Floor;

    private void Prolonged(ProgramPlan plan, TierLadder ladder, TierStanding old, TierStanding standing)
    {
        if (old.Held == standing.Held || !context.IsHeard(LoyaltyNames.TierProlonged))
        {
            return;
        }

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
