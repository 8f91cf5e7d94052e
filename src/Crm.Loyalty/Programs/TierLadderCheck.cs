using Crm.Conditions;
using Crm.Loyalty.Tiers;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Finds what is wrong with a ladder.</summary>
internal static class TierLadderCheck
{
    public static IEnumerable<ProgramError> Errors(LoyaltyProgram program, TierLadder ladder, string path)
    {
        if (!LoyaltyProgramValidator.IsPart(ladder.Name))
        {
            yield return LoyaltyProgramValidator.NotAPart($"{path}.name", ladder.Name, "ladder");
        }

        foreach (var error in Metric(program, ladder, path).Concat(Window(ladder, path)).Concat(Validity(ladder, path)))
        {
            yield return error;
        }

        if (ladder.Grace.Months is < 0 or > 120 || ladder.Grace.Days is < 0 or > 3_650)
        {
            yield return new($"{path}.grace", $"{ladder.Grace.Months} months and {ladder.Grace.Days} days is not a grace; 0 to 120 months and 0 to 3,650 days are expected.");
        }

        if (ladder.WarnDaysBefore is < 1 or > 366)
        {
            yield return new($"{path}.warnDaysBefore", $"The ladder '{ladder.Name}' warns {ladder.WarnDaysBefore} days before; 1 to 366 are expected.");
        }

        if (!Enum.IsDefined(ladder.Start) || !Enum.IsDefined(ladder.Fall) || !Enum.IsDefined(ladder.Rollover))
        {
            yield return new(path, "Start, fall or rollover has a value that no list has.");
        }

        if (ladder.Tiers.IsEmpty)
        {
            yield return new($"{path}.tiers", $"Ladder '{ladder.Name}' has no tier; at least one is expected.");
        }

        foreach (var error in LoyaltyProgramValidator.Twice(ladder.Tiers.Select(tier => tier.Name).Concat(ladder.Tiers.SelectMany(tier => tier.Formerly)), $"{path}.tiers", "tier"))
        {
            yield return error;
        }

        for (var i = 0; i < ladder.Tiers.Count; i++)
        {
            foreach (var error in Tier(ladder, i, $"{path}.tiers[{i}]"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<ProgramError> Tier(TierLadder ladder, int place, string path)
    {
        var tier = ladder.Tiers[place];
        foreach (var name in tier.Formerly.Prepend(tier.Name).Where(name => !Names.IsName(name)))
        {
            yield return new($"{path}.name", $"'{name}' is not the name of a tier: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        if (tier.From < 0)
        {
            yield return new($"{path}.from", $"Tier '{tier.Name}' begins at {tier.From}; 0 or more is expected.");
        }

        if (place > 0 && tier.From <= ladder.Tiers[place - 1].From && !tier.InvitationOnly)
        {
            yield return new($"{path}.from", $"Tier '{tier.Name}' begins at {tier.From}, not above '{ladder.Tiers[place - 1].Name}' ({ladder.Tiers[place - 1].From}); thresholds are expected to rise.");
        }

        foreach (var error in tier.When is { } condition ? ConditionCheck.Check(condition) : [])
        {
            yield return new($"{path}.when{error.Path[1..]}", error.Message);
        }

        foreach (var error in LoyaltyProgramValidator.Twice(tier.Benefits.Select(benefit => benefit.Name), $"{path}.benefits", "benefit"))
        {
            yield return error;
        }

        foreach (var benefit in tier.Benefits.Where(benefit => !Names.IsName(benefit.Name) || benefit.Value.Kind is not (ScalarKind.Flag or ScalarKind.Number or ScalarKind.Code)))
        {
            yield return new($"{path}.benefits", $"'{benefit.Name}' with the value '{benefit.Value}' is not a benefit; a name such as 'free-delivery' and a flag, number or code are expected.");
        }
    }

    private static IEnumerable<ProgramError> Metric(LoyaltyProgram program, TierLadder ladder, string path)
    {
        switch (ladder.Metric)
        {
            case QualificationMetric.UnitsEarned { Unit: var unit }:
                if (program.Units.FirstOrDefault(known => known.Name == unit) is not { } counted)
                {
                    yield return LoyaltyProgramValidator.NoSuchUnit($"{path}.unit", unit, program.Units);
                }
                else if (counted.Kind != UnitKind.Status)
                {
                    yield return new($"{path}.unit", $"'{unit}' can be spent, and a tier must not fall because units are spent; let the ladder count a unit of kind status, or say the metric 'units-held' where that is meant.");
                }

                break;
            case QualificationMetric.UnitsHeld { Unit: var unit }:
                if (program.Units.All(known => known.Name != unit))
                {
                    yield return LoyaltyProgramValidator.NoSuchUnit($"{path}.metric.unit", unit, program.Units);
                }

                break;
            case QualificationMetric.Spend spend:
                if (spend.Currency == default)
                {
                    yield return new($"{path}.metric.currency", "Spend is counted in one currency; one such as 'HKD' is expected.");
                }

                foreach (var error in spend.Basis is Rules.EarningBasis.Lines lines ? EarningCheck.Lines(program, lines, $"{path}.metric.basis") : [])
                {
                    yield return error;
                }

                break;
            case QualificationMetric.Visits { Kinds.IsEmpty: true }:
                yield return new($"{path}.metric.kinds", "No kind of event is a visit; at least one is expected, such as 'purchase'.");
                break;
            case QualificationMetric.FactValue { Fact: var fact }:
                if (!Names.IsName(fact) || fact.StartsWith(LoyaltyNames.Module + ".", StringComparison.Ordinal))
                {
                    yield return new($"{path}.metric.fact", $"'{fact}' is not a fact of another package; one such as 'segment.vip' is expected.");
                }

                break;
            case QualificationMetric.ProfileValue { Field: var field }:
                if (!Names.IsName(field))
                {
                    yield return new($"{path}.metric.field", $"'{field}' is not a field of the profile; a name such as 'partner-rank' is expected.");
                }

                break;
            default:
                if (!Names.IsName(ladder.Metric.Name) || ladder.Metric.Version < 1 || ladder.Metric.On.IsEmpty)
                {
                    yield return new($"{path}.metric", $"The metric '{ladder.Metric.Name}' version {ladder.Metric.Version} needs a name in lower-case letters, a version from 1 and at least one kind of event.");
                }

                break;
        }
    }

    private static IEnumerable<ProgramError> Window(TierLadder ladder, string path)
    {
        var wrong = ladder.Window switch
        {
            QualificationWindow.Calendar calendar when !Enum.IsDefined(calendar.Unit) => $"{(int)calendar.Unit} is not a unit of the calendar; year, half-year, quarter or month is expected.",
            QualificationWindow.Cycle { Months: < 1 or > 120 } cycle => $"A cycle of {cycle.Months} months is not possible; 1 to 120 are expected.",
            QualificationWindow.Anniversary { Months: < 1 or > 120 } own => $"A cycle of {own.Months} months is not possible; 1 to 120 are expected.",
            QualificationWindow.Rolling { Months: < 0 or > 120 } or QualificationWindow.Rolling { Days: < 0 or > 3_660 } or QualificationWindow.Rolling { Months: 0, Days: 0 } =>
                "A rolling window of 0 to 120 months and 0 to 3,660 days is expected, not of nothing.",
            not QualificationWindow.Always when ladder.IsLevel => "A value as it stands has no window; leave it out.",
            _ => null,
        };
        if (wrong is not null)
        {
            yield return new($"{path}.window", wrong);
        }

        if (ladder.Start == TierStart.NextPeriod && ladder.Window is not (QualificationWindow.Calendar or QualificationWindow.Cycle or QualificationWindow.Anniversary))
        {
            yield return new($"{path}.start", "A tier can begin with the next period only where the window has periods: a calendar unit, a cycle or an anniversary.");
        }
        else if (ladder.Start == TierStart.NextPeriod && ladder.Held is TierValidity.WhileQualified)
        {
            yield return new($"{path}.start", "What begins with the next period would never be held while the count reaches, which begins anew by then; let it begin at once, or give a validity of some length.");
        }
    }

    private static IEnumerable<ProgramError> Validity(TierLadder ladder, string path)
    {
        var periods = ladder.Window is QualificationWindow.Calendar or QualificationWindow.Cycle or QualificationWindow.Anniversary;
        var wrong = ladder.Validity switch
        {
            null when ladder.Window is QualificationWindow.SinceTierStart => "How long a tier is held has to be said where its count begins with it, such as { \"months\": 12, \"lastDay\": \"excluded\" }.",
            not null and not TierValidity.WhileQualified when ladder.IsLevel => "A value as it stands gives a tier while it reaches; leave the validity out.",
            TierValidity.ToPeriodEnd when !periods => "The end of a period is no validity for a window without periods; give a length.",
            TierValidity.ToPeriodEnd { Periods: < 0 or > 120 } or TierValidity.ToPeriodEnd { ExtraMonths: < 0 or > 120 } or TierValidity.ToPeriodEnd { ExtraDays: < 0 or > 3_660 } =>
                "0 to 120 periods, 0 to 120 more months and 0 to 3,660 more days are expected.",
            TierValidity.Fixed { Months: < 0 or > 1_200 } or TierValidity.Fixed { Days: < 0 or > 36_500 } or TierValidity.Fixed { Months: 0, Days: 0 } => "A length of 0 to 1,200 months and 0 to 36,500 days is expected, not of nothing.",
            TierValidity.ToDayOfYear { Days.IsEmpty: true } => "At least one day of the year is expected, such as '03-31'.",
            TierValidity.WhileQualified when ladder.Window is QualificationWindow.SinceTierStart => "A tier whose count begins with it would never reach itself; give a length.",
            _ => null,
        };
        if (wrong is not null)
        {
            yield return new($"{path}.validity", wrong);
        }

        if (ladder.Fall == TierFall.OneLevel && ladder.Held is TierValidity.WhileQualified)
        {
            yield return new($"{path}.fall", "One level down is held for another validity, and a tier held while the count reaches has none; give a validity of some length, or a grace.");
        }
    }
}
