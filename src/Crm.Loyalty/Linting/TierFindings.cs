using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Linting;

/// <summary>Finds tiers to which no history leads, and those that rewards which give themselves keep everybody from.</summary>
internal static class TierFindings
{
    private const int Tries = 3;

    public static IEnumerable<ProgramFinding> Of(Carts carts, IReadOnlySet<string> never)
    {
        foreach (var (ladder, place) in carts.Program.Ladders.Select((ladder, place) => (ladder, place)))
        {
            for (var i = 0; i < ladder.Tiers.Count; i++)
            {
                var (tier, path) = (ladder.Tiers[i], $"ladders[{place}].tiers[{i}]");
                if (tier.InvitationOnly || (tier.From == 0 && tier.When is null))
                {
                    continue;
                }

                if (Unreachable(carts.Program, ladder, tier, never) is { } why)
                {
                    yield return new ProgramFinding(
                        FindingCodes.UnreachableTier,
                        path,
                        new Text($"Nobody reaches the tier '{tier.Name}' unless staff give it: {why.English}.", $"除職員授予外，無人可達「{tier.Name}」級：{why.Chinese}。"),
                        new Witness(Tried(carts, ladder, never), new WitnessClaim.NotHeld(ladder.Name, tier.Name)) { Supplies = carts.Filled });
                }
                else if (Dead(carts, ladder, tier) is { } dead)
                {
                    yield return dead with { Path = path };
                }
            }
        }
    }

    // Why no history leads to a tier; null where one may.
    private static Text? Unreachable(LoyaltyProgram program, TierLadder ladder, Tier tier, IReadOnlySet<string> never)
    {
        if (tier.When is { } when && NeverTrue.Is(when))
        {
            return new("its condition cannot hold", "其條件不可能成立");
        }

        switch (ladder.Metric)
        {
            case QualificationMetric.UnitsEarned { Unit: var unit }:
                if (!IsGiven(program, unit, never))
                {
                    return new($"nothing gives '{unit}'", $"沒有任何途徑給予「{unit}」");
                }

                return ladder.Rollover == Rollover.None && MostIn(program, unit, ladder.Window) is { } most && most < tier.From
                    ? new($"limits allow at most {most} {unit} in its window, and it takes {tier.From}", $"上限令期內最多得 {most} {unit}，而此級須 {tier.From}")
                    : null;
            case QualificationMetric.UnitsHeld { Unit: var unit }:
                if (!IsGiven(program, unit, never))
                {
                    return new($"nothing gives '{unit}'", $"沒有任何途徑給予「{unit}」");
                }

                return program.Limits.FirstOrDefault(limit => limit.Unit == unit && limit.Per == CapPeriod.Balance && limit.Most < tier.From) is { } cap && !IsGivenOtherwise(program, unit)
                    ? new($"the limit '{cap.Name}' lets nobody hold more than {cap.Most} {unit}", $"上限「{cap.Name}」令持有不多於 {cap.Most} {unit}")
                    : null;
            case QualificationMetric.Visits { OncePerDay: true }:
                return ladder.Rollover == Rollover.None && DaysIn(ladder.Window) is { } days && days < tier.From
                    ? new($"its window has at most {days} days, and it takes visits on {tier.From}", $"期內最多 {days} 日，而此級須到訪 {tier.From} 日")
                    : null;
            default:
                return null;
        }
    }

    // Whether anything but staff gives a unit.
    private static bool IsGiven(LoyaltyProgram program, string unit, IReadOnlySet<string> never) => IsGivenOtherwise(program, unit)
        || program.Rules.Any(rule => !never.Contains(rule.Name) && (LifeFindings.UnitOf(rule) ?? unit) == unit);

    // Whether anything but rules and staff gives a unit.
    private static bool IsGivenOtherwise(LoyaltyProgram program, string unit) =>
        program.Rewards.Any(reward => reward.Kind is RewardKind.Units units && units.Amount.Unit == unit)
        || program.Conversions.Any(conversion => conversion.To == unit)
        || program.StampCards.Any(card => card.Prize?.Unit == unit || card.Milestones.Any(one => one.Prize.Unit == unit))
        || program.Challenges.Any(challenge => challenge.Award.Any(award => award.Unit == unit))
        || program.Membership.Welcome.Any(gift => gift.Unit == unit)
        || program.Referrals is { } referrals && (referrals.Advocate?.Unit == unit || referrals.Friend?.Unit == unit)
        || program.Surprises.Any(surprise => surprise.Gift?.Unit == unit)
        || program.Units.Any(known => known.Name == unit && known.Transferable);

    // The most of a unit that limits of the whole programme allow within a window; null where there is no such bound.
    private static long? MostIn(LoyaltyProgram program, string unit, QualificationWindow window) => IsGivenOtherwise(program, unit) ? null : program.Limits
        .Where(limit => limit.Unit == unit && limit.Rules.IsEmpty && Spans(limit.Per, window) is not null)
        .Select(limit => (long?)(long)Int128.Min((Int128)limit.Most * Spans(limit.Per, window) ?? 0, long.MaxValue)).Min();

    // Into how many spans of a limit a window reaches at most; null where there is no such number.
    private static long? Spans(CapPeriod per, QualificationWindow window)
    {
        var days = DaysIn(window);
        var aligned = window is QualificationWindow.Calendar { Unit: not CalendarUnit.Week } ? 0 : 1;
        return per switch
        {
            CapPeriod.Ever => 1,
            CapPeriod.Day => days,
            CapPeriod.Week => (days / 7) + 2,
            CapPeriod.Month when window is QualificationWindow.Calendar { Unit: var unit } && CalendarUnits.MonthsIn(unit) is > 0 and var months => months,
            CapPeriod.Month => (days / 28) + 2,
            CapPeriod.Year when days <= 366 => 1 + aligned,
            CapPeriod.Year => (days / 365) + 2,
            _ => null,
        };
    }

    private static long? DaysIn(QualificationWindow window) => window switch
    {
        QualificationWindow.Calendar { Unit: var unit } => CalendarUnits.MostDays(unit),
        QualificationWindow.Cycle { Months: var months } => LongestOf(months, 0),
        QualificationWindow.Anniversary { Months: var months } => LongestOf(months, 0),
        QualificationWindow.Rolling { Months: var months, Days: var days } => LongestOf(months, days),
        _ => null,
    };

    private static long LongestOf(int months, int days) => (months * 31L) + days + 1;

    // The ladder goes by what is held, and a reward takes it as soon as the tier is reached: at the tier's threshold nobody holds the tier.
    private static ProgramFinding? Dead(Carts carts, TierLadder ladder, Tier tier)
    {
        var program = carts.Program;
        if (ladder.Metric is not QualificationMetric.UnitsHeld { Unit: var unit } || ladder.Grace != default || tier.When is not null || tier.ForLife
            || program.Rewards.FirstOrDefault(reward => reward is { AutoAt: not null, When: null, MostPerMember: null } && reward.Costs is [{ When: null } cost, ..] && cost.Unit == unit && reward.AutoAt <= tier.From
                && reward.Kind is not RewardKind.Units) is not { } taking
            || program.Membership.Enrolment == Members.Enrolment.ByInvitation)
        {
            return null;
        }

        // A purchase that earns exactly, or just above, what the tier takes.
        foreach (var rule in program.Rules.OfType<PointsPerAmount>().Where(rule => rule is { When: null, Rounding: Rounding.Floor, RoundAt: RoundingPoint.Rule } && rule.Unit == unit && rule.Terms == EarningTerms.Usual))
        {
            var spend = rule.Every with { MinorUnits = checked((tier.From + rule.Points - 1) / rule.Points * rule.Every.MinorUnits) };
            if (carts.For(rule, "purchase", spend) is not { } cart || program.Rules.Any(other => other.Name != rule.Name && (LifeFindings.UnitOf(other) ?? unit) == unit) || program.Limits.Any(limit => limit.Unit == unit)
                || program.Units.Any(known => known.Name == unit && known.Activation is not Wallets.Activation.Immediately))
            {
                continue;
            }

            var cost = taking.Costs[0].Amount;
            var earned = checked(spend.MinorUnits / rule.Every.MinorUnits * rule.Points);
            var left = earned;
            for (var i = 0; i < 10 && left >= taking.AutoAt; i++)
            {
                left -= cost;
            }

            if (left >= tier.From)
            {
                continue;
            }

            return new ProgramFinding(
                FindingCodes.DeadTier,
                "",
                new Text(
                    $"The reward '{taking.Name}' gives itself at {taking.AutoAt} {unit}, before the tier '{tier.Name}' of {tier.From} is counted: who earns {earned} has {left} left and does not hold it.",
                    $"獎賞「{taking.Name}」在 {taking.AutoAt} {unit} 自動兌換，先於「{tier.Name}」級（{tier.From}）計算：獲得 {earned} 者只餘 {left}，不入此級。"),
                new Witness([.. carts.Joining(cart.OccurredAt ?? carts.Noon), new WitnessStep(cart)], new WitnessClaim.NotHeld(ladder.Name, tier.Name)) { Supplies = carts.Filled });
        }

        return null;
    }

    // The most that somebody can try who buys for large sums by every rule.
    private static Sequence<WitnessStep> Tried(Carts carts, TierLadder ladder, IReadOnlySet<string> never)
    {
        var steps = new List<CustomerEvent>();
        var rules = carts.Program.Rules.Where(rule => !never.Contains(rule.Name) && rule.On.Contains(EventKinds.PurchaseName)).Take(Tries).ToList();
        foreach (var (rule, place) in rules.Select((rule, place) => (rule, place)))
        {
            var large = carts.StepOf(rule);
            if (carts.For(rule, $"large-{place}", large with { MinorUnits = checked(large.MinorUnits * 1_000) }) is { } cart)
            {
                steps.Add(cart);
            }
        }

        if (steps.Count == 0)
        {
            steps.Add(carts.Purchase("large", new Money(100_000, (ladder.Metric as QualificationMetric.Spend)?.Currency ?? carts.UsualCurrency), carts.Noon));
        }

        var ordered = steps.OrderBy(step => step.OccurredAt).Select((step, place) => step with { OccurredAt = step.OccurredAt + Duration.FromSeconds(place) }).ToList();
        return [.. carts.Joining(ordered[0].OccurredAt ?? carts.Noon), .. ordered.Select(step => new WitnessStep(step))];
    }
}
