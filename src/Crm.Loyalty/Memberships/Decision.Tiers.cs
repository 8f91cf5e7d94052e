using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What changes on ladders: what counts towards tiers, and who rises, stays and falls.</summary>
internal sealed partial class Decision
{
    private static readonly Duration AskedAtMost = Duration.FromHours(1);

    /// <summary>Brings a ladder to the moment: windows close, tiers end.</summary>
    public void Close(ProgramPlan plan, TierLadder ladder)
    {
        if (In(plan.Name).Standing(ladder.Name) is { } standing)
        {
            Stand(plan, ladder, standing, ClimbOn(plan, ladder).Fallen(standing, LevelOf(plan, ladder)), isDue: true);
        }
    }

    /// <summary>Tells of a tier that ends soon and is not kept by what is counted, and looks for the next end.</summary>
    public void WarnOfEnd(ProgramPlan plan, TierLadder ladder)
    {
        if (ladder.WarnDaysBefore is null || In(plan.Name).Standing(ladder.Name) is not { } standing)
        {
            return;
        }

        var progress = ProgressOf(plan, ladder, standing);
        if (progress is { Tier: { } tier, Expires: { } end } && WarningOf(plan, ladder, end) <= context.Moment.Instant)
        {
            if (progress.Keep is not { Missing: 0 })
            {
                var missing = progress.Keep?.Missing;
                Tell(new Echo(LoyaltyNames.TierExpiring, Fields.Of(
                    ("program", plan.Name), ("ladder", ladder.Name), ("tier", tier), ("until", end), ("missing", missing is { } more ? Scalar.Of(more) : default))));
                Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TierExpiring) { Program = plan.Name, Subject = tier, Text = LoyaltyTexts.TierExpiring(tier, missing, end.InZone(plan.Zone).Date) });
            }

            Count(plan, new Tally(LoyaltyNames.TierWarned(ladder.Name), 0, end.ToUnixTimeTicks()));
        }

        PutEndWarning(plan, ladder, WarningOf(plan, ladder, progress.Expires));
    }

    /// <summary>The years of somebody who comes back, and has nothing left that was counted, begin on the day of coming back.</summary>
    public void BeginAgain(ProgramPlan plan)
    {
        foreach (var ladder in plan.Ladders)
        {
            if (!ladder.IsLevel && In(plan.Name).Standing(ladder.Name) is { Counted: 0, Days.IsEmpty: true, Held.IsEmpty: true } standing)
            {
                Stand(plan, ladder, standing, ClimbOn(plan, ladder).Anew(standing with { Joined = JoinedOn(plan) }));
            }
        }
    }

    /// <summary>Changes what staff have granted on a ladder.</summary>
    public void Stand(ProgramPlan plan, TierLadder ladder, Func<TierStanding, TierStanding> grant)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
        Stand(plan, ladder, standing, climb.Bring(climb.Asked(grant(standing), looks: true), LevelOf(plan, ladder)));
    }

    /// <summary>Counts on a ladder what an event added to its metric.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="ladder">The ladder.</param>
    /// <param name="amount">How much; below 0 for what is taken back.</param>
    /// <param name="at">The earlier instant at which what changes had been counted; null: it counts now.</param>
    public void Count(ProgramPlan plan, TierLadder ladder, long amount, Instant? at = null)
    {
        var climb = ClimbOn(plan, ladder);
        var standing = In(plan.Name).Standing(ladder.Name) ?? climb.Begin(JoinedOn(plan));
        if (ladder.Metric is QualificationMetric.Visits { OncePerDay: true })
        {
            if (climb.OnDay(standing) is not { } first)
            {
                return;
            }

            standing = first;
        }

        Stand(plan, ladder, standing, at is { } then ? climb.Recount(standing, amount, then) : climb.Count(standing, amount));
    }

    /// <summary>Keeps what conditions of tiers answer now, for when something comes back that was counted.</summary>
    public void Ask(ProgramPlan plan)
    {
        foreach (var ladder in plan.AskingLadders)
        {
            Ask(plan, ladder, isDue: false);
        }
    }

    /// <summary>Keeps what conditions of a ladder answer from now on because time has passed.</summary>
    public void AskAgain(ProgramPlan plan, TierLadder ladder) => Ask(plan, ladder, isDue: true);

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

    /// <summary>Adds the standing on a ladder of somebody who is the same customer from now on: what both counted, and the tiers of both.</summary>
    public void Join(ProgramPlan plan, TierLadder ladder, TierStanding other)
    {
        var climb = ClimbOn(plan, ladder);
        if (In(plan.Name).Standing(ladder.Name) is not { } own)
        {
            Stand(plan, ladder, climb.Begin(other.Joined), climb.Bring(other with { Tier = null }, LevelOf(plan, ladder)));
            return;
        }

        Stand(plan, ladder, own, climb.Join(own, other, LevelOf(plan, ladder)));
    }

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

    private void Ask(ProgramPlan plan, TierLadder ladder, bool isDue)
    {
        if (In(plan.Name).Standing(ladder.Name) is not { } standing)
        {
            return;
        }

        var climb = ClimbOn(plan, ladder);
        var asked = climb.Asked(standing, isDue);
        if (asked != standing)
        {
            Become(In(plan.Name).With(asked));
        }

        PutAsk(plan, ladder, climb, asked, isDue);
    }

    // One entry for each ladder, which moves. Of a condition that changes again and again within the hour the module looks at each hour's answer.
    private void PutAsk(ProgramPlan plan, TierLadder ladder, Climb climb, TierStanding standing, bool isDue = false)
    {
        var until = climb.AnswersUntil(standing);
        Instant? due = isDue && until < context.Moment.Instant + AskedAtMost ? context.Moment.Instant + AskedAtMost : until;
        Put(new AgendaChange(LoyaltyNames.AskKey(plan.Name, ladder.Name), due, Phases.Close));
    }

    private void PutEndWarning(ProgramPlan plan, TierLadder ladder, TierStanding standing)
    {
        if (ladder.WarnDaysBefore is null)
        {
            return;
        }

        // Whether and when a tier ends takes climbing ahead. For a tier that lasts a while yet this is left to when it may first have to be told.
        Instant? looks = TierProgress.LastsUntil(ladder, standing, new Moment(context.Moment.Instant, plan.Zone)) is { } until ? DayOfWarning(plan, ladder, until) : null;
        PutEndWarning(plan, ladder, looks > context.Moment.Instant ? looks : WarningOf(plan, ladder, ProgressOf(plan, ladder, standing).Expires));
    }

    private void PutEndWarning(ProgramPlan plan, TierLadder ladder, Instant? due) => Put(new AgendaChange(plan.TierWarningKeyOf(ladder), due, Phases.Occasions));

    // When an end is told of; null where it was told of.
    private Instant? WarningOf(ProgramPlan plan, TierLadder ladder, Instant? end) =>
        end is { } at && at.ToUnixTimeTicks() > In(plan.Name).Counted(LoyaltyNames.TierWarned(ladder.Name)) ? DayOfWarning(plan, ladder, at) : null;

    private static Instant DayOfWarning(ProgramPlan plan, TierLadder ladder, Instant end) => plan.Zone.Start(end.InZone(plan.Zone).Date.PlusDays(-(ladder.WarnDaysBefore ?? 0)));

    private TierProgress ProgressOf(ProgramPlan plan, TierLadder ladder, TierStanding standing) =>
        TierProgress.Of(ladder, standing, new Moment(context.Moment.Instant, plan.Zone), LevelOf(plan, ladder), plan.Here(context));

    private void WeighWhereHeld(ProgramPlan plan)
    {
        if (plan.HasLevels)
        {
            Weigh(plan);
        }
    }

    private Climb ClimbOn(ProgramPlan plan, TierLadder ladder) => new(ladder, new Moment(context.Moment.Instant, plan.Zone), plan.Here(context), keepsCounts: plan.Definition.Value.Cascade == Cascade.None);

    private LocalDate JoinedOn(ProgramPlan plan) => new Moment(In(plan.Name).Life?.Joined ?? context.Moment.Instant, plan.Zone).Date;

    private long LevelOf(ProgramPlan plan, TierLadder ladder) => ladder.ValueOf(In(plan.Name), context);

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

        if (Array.IndexOf(plan.AskingLadders, ladder) >= 0)
        {
            PutAsk(plan, ladder, ClimbOn(plan, ladder), standing);
        }

        if (!isSame)
        {
            Become(In(plan.Name).With(standing));
        }

        // When a version begins nothing else may change, and it may warn otherwise.
        if (isDue || !isSame)
        {
            PutEndWarning(plan, ladder, standing);
        }

        if (isSame)
        {
            return;
        }

        if (standing.Tier == old.Tier)
        {
            Prolonged(plan, ladder, old, standing);
            return;
        }

        facts.AddRange(FactsOf(plan.Name, ladder, old.Tier, standing.Tier));
        Add(plan.Name, LineCodes.TierChanged, standing.Tier ?? LineCodes.NoTier);
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
