using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;
using static Crm.Loyalty.Programs.LoyaltyProgramValidator;

namespace Crm.Loyalty.Programs;

/// <summary>Finds what is wrong with the rules, limits and budgets of a programme.</summary>
internal static class EarningCheck
{
    private const long MostPoints = 1_000_000_000;

    public static IEnumerable<ProgramError> Program(LoyaltyProgram program) =>
    [
        .. Each(program.Units, "units", (unit, path) => Wallet(program, unit, path)),
        .. Twice(program.Conversions.Select(one => one.Name), "conversions", "conversion"),
        .. Each(program.Conversions, "conversions", (conversion, path) => Conversion(program, conversion, path)),
        .. Twice(program.Collections.Select(one => one.Name), "collections", "collection"),
        .. Each(program.Collections, "collections", Collection),
        .. Twice(program.Groups.Select(one => one.Name), "groups", "group"),
        .. Each(program.Groups, "groups", (group, path) => Group(program, group, path)),
        .. Twice(program.Limits.Select(one => one.Name), "limits", "limit"),
        .. Each(program.Limits, "limits", (limit, path) => Limit(program, limit, path)),
        .. Twice(program.Budgets.Select(one => one.Name), "budgets", "budget"),
        .. Each(program.Budgets, "budgets", (budget, path) => Budget(program, budget, path)),
    ];

    public static IEnumerable<ProgramError> Rule(LoyaltyProgram program, IEarningRule rule, string path) => Own(program, rule, path).Concat(Terms(program, rule, path));

    /// <summary>Whether units can have the life, the wait and the issuer that an award says; one that says nothing is as its rule and the unit say.</summary>
    public static bool CanBe(in Earning award, LoyaltyUnit unit, ProgramPlan plan) => (award.Issuer is null || Names.IsName(award.Issuer))
        && (award.Expiry is not { } expiry || (!Life(unit, expiry, "").Any() && (expiry is not LotExpiry.OnAnniversary || plan.KeepsFirstDay)))
        && (award.Activation is not { } activation || (!Begins(unit, activation, "").Any() && (activation is not Activation.OnEvent { Kind: var kind } || plan.ReleaseKinds.Contains(kind, StringComparer.Ordinal))));

    /// <summary>What is wrong with a life of units.</summary>
    public static IEnumerable<ProgramError> Life(LoyaltyUnit unit, LotExpiry expiry, string path)
    {
        if (expiry is LotExpiry.Forever)
        {
            yield break;
        }

        if (unit.Kind == UnitKind.Status)
        {
            yield return new(path, $"Status units do not run out, but '{unit.Name}' would; leave the expiry out, or make the unit redeemable. A yearly count is a matter of the ladder's window.");
        }

        foreach (var error in expiry.Faults(unit.Name))
        {
            yield return new(path, error);
        }
    }

    private static IEnumerable<ProgramError> Wallet(LoyaltyProgram program, LoyaltyUnit unit, string path)
    {
        foreach (var error in Begins(unit, unit.Activation, $"{path}.pending"))
        {
            yield return error;
        }

        foreach (var fault in unit.Idle?.Faults(unit.Name) ?? [])
        {
            yield return new($"{path}.idle", fault);
        }

        if (!Enum.IsDefined(unit.Debt))
        {
            yield return new($"{path}.debt", $"{(int)unit.Debt} is not a policy for debts; carry, clamp-to-zero, pending-only or reject is expected.");
        }
        else if (unit.Debt is DebtPolicy.PendingOnly or DebtPolicy.Reject && program.Cascade == Cascade.History)
        {
            yield return new($"{path}.debt", $"'{unit.Name}' takes back less than was earned, so history cannot be decided as without the purchase; let the programme's cascade be none, or the debt carry or clamp-to-zero.");
        }

        if (unit.WarnDaysBefore is < 1 or > 366)
        {
            yield return new($"{path}.warnDaysBefore", $"'{unit.Name}' warns {unit.WarnDaysBefore} days before; 1 to 366 are expected.");
        }

        if (unit.ReinstateWithinDays is < 1 or > 3_660)
        {
            yield return new($"{path}.reinstateWithinDays", $"'{unit.Name}' can be reinstated for {unit.ReinstateWithinDays} days; 1 to 3,660 are expected.");
        }

        if (unit.Returns is { } returns && (returns.WithinDays is < 1 or > 3_660 || !Enum.IsDefined(returns.IfGone) || returns.GraceDays is < 0 or > 366 || (returns.IfGone == GoneLots.GraceDays) != (returns.GraceDays > 0)))
        {
            yield return new($"{path}.returns", $"Spent '{unit.Name}' come back within {returns.WithinDays} days, {returns.IfGone} with {returns.GraceDays} days of grace; 1 to 3,660 days are expected, and days of grace with that policy alone.");
        }
    }

    private static IEnumerable<ProgramError> Begins(LoyaltyUnit unit, Activation activation, string path)
    {
        if (activation is Activation.Immediately)
        {
            yield break;
        }

        if (unit.Kind == UnitKind.Status)
        {
            yield return new(path, $"Status units count at once, but '{unit.Name}' would be pending; leave it out, or make the unit redeemable.");
        }

        if (activation is Activation.After { Days: < 1 or > 3_660 } or Activation.OnDayOfMonth { Day: < 1 or > 31 } or Activation.OnEvent { LapseDays: < 1 or > 3_660 })
        {
            yield return new(path, $"'{unit.Name}' would become available {activation}; 1 to 3,660 days, a day from 1 to 31, or an event with 1 to 3,660 days until they lapse are expected.");
        }

        if (activation is Activation.OnEvent { Kind: var kind } && !Names.IsName(kind))
        {
            yield return new($"{path}.until", $"'{kind}' is not a kind of event; one such as 'order.delivered' is expected.");
        }
    }

    private static IEnumerable<ProgramError> Conversion(LoyaltyProgram program, UnitConversion conversion, string path)
    {
        if (!Names.IsName(conversion.Name))
        {
            yield return new($"{path}.name", $"'{conversion.Name}' is not the name of a conversion: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        foreach (var (unit, at) in new[] { (conversion.From, "from"), (conversion.To, "to") })
        {
            if (program.Units.All(known => known.Name != unit || known.Kind != UnitKind.Redeemable))
            {
                yield return new($"{path}.{at}", $"No unit that can be spent is named '{unit}'. There are: {string.Join(", ", program.Units.Where(known => known.Kind == UnitKind.Redeemable).Select(known => known.Name))}.");
            }
        }

        if (conversion.From == conversion.To)
        {
            yield return new($"{path}.to", $"Conversion '{conversion.Name}' exchanges '{conversion.From}' into itself; two units are expected.");
        }

        if (conversion.Give is < 1 or > MostPoints || conversion.Get is < 1 or > MostPoints)
        {
            yield return new($"{path}.give", $"Conversion '{conversion.Name}' gives {conversion.Give} for {conversion.Get}; 1 to 1,000,000,000 of each is expected.");
        }
    }

    private static IEnumerable<ProgramError> Own(LoyaltyProgram program, IEarningRule rule, string path)
    {
        var (unit, points) = rule switch
        {
            PointsPerAmount one => (one.Unit, one.Points),
            PointsPerItem one => (one.Unit, one.Points),
            FixedPoints one => (one.Unit, one.Points),
            SegmentEntry one => (one.Unit, one.Points),
            YearlyPoints one => (one.Unit, one.Points),
            Multiplier one => (one.Unit, 1L),
            _ => (null, 1L),
        };
        if (unit is not null && program.Units.All(known => known.Name != unit))
        {
            yield return NoSuchUnit($"{path}.unit", unit, program.Units);
        }

        if (points is < 1 or > MostPoints)
        {
            yield return new($"{path}.points", $"Rule '{rule.Name}' gives {points}{(rule is PointsPerAmount ? " for each step" : "")}; 1 to 1,000,000,000 is expected.");
        }

        foreach (var error in rule switch
        {
            PointsPerAmount one => Amount(program, one, path),
            PointsPerItem one => Items(program, one, path),
            FixedPoints { With: { } with } => Lines(program, with, $"{path}.with"),
            Multiplier one => Factors(program, one, path),
            SegmentEntry one when !Names.IsName(one.Segment) => [new($"{path}.segment", $"'{one.Segment}' is not the name of a segment.")],
            YearlyPoints one => Yearly(one, path),
            _ => [],
        })
        {
            yield return error;
        }
    }

    private static IEnumerable<ProgramError> Amount(LoyaltyProgram program, PointsPerAmount rule, string path)
    {
        if (rule.Every.MinorUnits < 1 || rule.Every.Currency == default)
        {
            yield return new($"{path}.per", $"Rule '{rule.Name}' has steps of {rule.Every}; more than 0 of a currency is expected, such as '10.00 HKD'.");
        }

        foreach (var error in Roundings(rule.Name, rule.Rounding, rule.RoundAt, path))
        {
            yield return error;
        }

        if (rule.RoundAt == RoundingPoint.Line && rule.Basis is EarningBasis.Spend)
        {
            yield return new($"{path}.roundAt", $"Rule '{rule.Name}' looks at the spend of the whole event and has no lines to round; let its basis be lines, or round by rule.");
        }

        if (rule.Basis is EarningBasis.Lines lines)
        {
            foreach (var error in Lines(program, lines, $"{path}.basis"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<ProgramError> Items(LoyaltyProgram program, PointsPerItem rule, string path)
    {
        if (rule.Every < 1)
        {
            yield return new($"{path}.every", $"Rule '{rule.Name}' gives for every {rule.Every} articles; 1 or more is expected.");
        }

        foreach (var error in Lines(program, rule.Items, $"{path}.items"))
        {
            yield return error;
        }
    }

    private static IEnumerable<ProgramError> Factors(LoyaltyProgram program, Multiplier rule, string path)
    {
        if (rule.RoundAt == RoundingPoint.Line)
        {
            yield return new($"{path}.roundAt", $"Rule '{rule.Name}' multiplies a sum and has no lines to round; rule or award is expected.");
        }

        foreach (var error in Roundings(rule.Name, rule.Rounding, rule.RoundAt, path))
        {
            yield return error;
        }

        if (rule.TierAs == TierMoment.After && (rule.RoundAt == RoundingPoint.Award || rule.Terms.Group is not null))
        {
            yield return new($"{path}.tierAs", $"Rule '{rule.Name}' is asked after all others, when their parts are rounded and their groups decided; leave out roundAt and group, or ask for the tier before.");
        }

        foreach (var name in rule.Of.Where(name => program.Rules.All(known => known.Name != name)))
        {
            yield return NoSuchRule($"{path}.of", name, program);
        }

        if (rule.ByTier.IsEmpty && rule.TierAs == TierMoment.Before)
        {
            if (rule.Factor.Numerator <= rule.Factor.Denominator)
            {
                yield return new($"{path}.factor", $"Rule '{rule.Name}' multiplies by {rule.Factor} and never adds anything; more than 1 is expected.");
            }

            yield break;
        }

        var ladder = program.Ladders.FirstOrDefault(known => known.Name == rule.Ladder);
        if (ladder is null)
        {
            yield return new($"{path}.ladder", $"No ladder is named '{rule.Ladder}'. There are: {(program.Ladders.IsEmpty ? "none" : string.Join(", ", program.Ladders.Select(known => known.Name)))}.");
        }

        for (var i = 0; i < rule.ByTier.Count && ladder is not null; i++)
        {
            if (ladder.Tiers.All(tier => tier.Name != rule.ByTier[i].Tier))
            {
                yield return new($"{path}.byTier[{i}].tier", $"Ladder '{ladder.Name}' has no tier '{rule.ByTier[i].Tier}'. There are: {string.Join(", ", ladder.Tiers.Select(tier => tier.Name))}.");
            }
        }
    }

    private static IEnumerable<ProgramError> Yearly(YearlyPoints rule, string path)
    {
        if (rule.DateField is { } field && !Names.IsName(field))
        {
            yield return new($"{path}.date", $"'{field}' is not a field of the profile; one such as 'birth-date' is expected.");
        }

        if (rule.ZoneField is { } zone && !Names.IsName(zone))
        {
            yield return new($"{path}.zone", $"'{zone}' is not a field of the profile; one such as 'zone' is expected.");
        }

        if (rule.CatchUpDays is < 0 or > 300)
        {
            yield return new($"{path}.catchUpDays", $"Rule '{rule.Name}' catches up {rule.CatchUpDays} days; 0 to 300 are expected.");
        }

        if (rule.Name.Contains('/', StringComparison.Ordinal))
        {
            yield return NotAPart($"{path}.name", rule.Name, "rule");
        }
    }

    private static IEnumerable<ProgramError> Roundings(string name, Rounding rounding, RoundingPoint at, string path)
    {
        if (!Enum.IsDefined(rounding))
        {
            yield return new($"{path}.rounding", $"{(int)rounding} is not a way of rounding; floor, nearest, ceiling or carry is expected.");
        }

        if (!Enum.IsDefined(at))
        {
            yield return new($"{path}.roundAt", $"{(int)at} is not a place to round; rule, line or award is expected.");
        }

        if (rounding == Rounding.Carry && at != RoundingPoint.Rule)
        {
            yield return new($"{path}.rounding", $"Rule '{name}' carries its rest to the next event and rounds by {at}; what is carried is the rest of the rule: leave roundAt out.");
        }

        if (rounding is Rounding.Nearest or Rounding.Ceiling && at == RoundingPoint.Award)
        {
            yield return new($"{path}.rounding", $"Rule '{name}' keeps its exact part for the award, which is rounded down; leave rounding out, or round by rule.");
        }
    }

    /// <summary>The collections that lines name and the programme does not have.</summary>
    public static IEnumerable<ProgramError> Lines(LoyaltyProgram program, EarningBasis.Lines lines, string path) =>
        lines.Collections.Select(name => (name, at: "collections")).Concat(lines.ExceptCollections.Select(name => (name, at: "exceptCollections")))
            .Where(one => program.Collections.All(known => known.Name != one.name))
            .Select(one => new ProgramError($"{path}.{one.at}", $"No collection is named '{one.name}'. There are: {(program.Collections.IsEmpty ? "none" : string.Join(", ", program.Collections.Select(known => known.Name)))}."));

    private static IEnumerable<ProgramError> Terms(LoyaltyProgram program, IEarningRule rule, string path)
    {
        var terms = rule.Terms;
        if (terms.Least is < 0)
        {
            yield return new($"{path}.least", $"Rule '{rule.Name}' gives at least {terms.Least}; 0 or more is expected.");
        }

        if (terms.Most is { } most && (most < 1 || most < terms.Least))
        {
            yield return new($"{path}.most", $"Rule '{rule.Name}' gives at most {most}; 1 or more is expected, and not less than its least.");
        }

        if (terms.MinimumSpend is { } spend && (spend.MinorUnits < 1 || spend.Currency == default))
        {
            yield return new($"{path}.minimumSpend", $"Rule '{rule.Name}' asks for a spend of {spend}; more than 0 of a currency is expected.");
        }

        if (terms.Frequency is { } frequency && (frequency.Most < 1 || !Enum.IsDefined(frequency.Per) || frequency.Per is CapPeriod.Award or CapPeriod.Balance))
        {
            yield return new($"{path}.times", $"Rule '{rule.Name}' gives {frequency.Most} times per {frequency.Per}; 1 or more per day, week, month, year or ever is expected.");
        }

        if (terms.OncePer is { } field && !Names.IsName(field))
        {
            yield return new($"{path}.oncePer", $"'{field}' is not a field of events; one such as 'reference' is expected.");
        }

        if (terms.Cooldown is { } cooldown && cooldown <= Duration.Zero)
        {
            yield return new($"{path}.cooldown", $"Rule '{rule.Name}' waits {cooldown}; more than nothing is expected.");
        }

        if (terms.Hours.From is { } from && terms.Hours.Until is { } until && until <= from)
        {
            yield return new($"{path}.hours.until", $"Rule '{rule.Name}' ends at {until} and begins at {from}, so it never earns; a later end is expected.");
        }

        if (terms.Group is { } group && program.Groups.All(known => known.Name != group))
        {
            yield return new($"{path}.group", $"No group is named '{group}'. There are: {(program.Groups.IsEmpty ? "none" : string.Join(", ", program.Groups.Select(known => known.Name)))}.");
        }

        if (terms.Group is null && (terms.Priority != 0 || terms.Exclusive))
        {
            yield return new($"{path}.{(terms.Exclusive ? "exclusive" : "priority")}", $"Rule '{rule.Name}' competes with no other: name its group, or leave this out.");
        }

        if (terms.Issuer is { } issuer && !Names.IsName(issuer))
        {
            yield return new($"{path}.issuer", $"'{issuer}' is not the name of a partner: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        if (UnitOf(program, rule) is not { } unit)
        {
            yield break;
        }

        foreach (var error in Life(unit, terms.Expiry ?? LotExpiry.Never, $"{path}.expires").Concat(Begins(unit, terms.Activation ?? Activation.AtOnce, $"{path}.pending")))
        {
            yield return error;
        }
    }

    private static LoyaltyUnit? UnitOf(LoyaltyProgram program, IEarningRule rule)
    {
        var name = rule switch
        {
            PointsPerAmount one => one.Unit,
            PointsPerItem one => one.Unit,
            FixedPoints one => one.Unit,
            SegmentEntry one => one.Unit,
            YearlyPoints one => one.Unit,
            Multiplier one => one.Unit,
            _ => null,
        };
        return program.Units.FirstOrDefault(unit => unit.Name == name);
    }

    private static IEnumerable<ProgramError> Collection(ArticleCollection collection, string path)
    {
        if (!Names.IsName(collection.Name))
        {
            yield return new($"{path}.name", $"'{collection.Name}' is not the name of a collection: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        if (collection.Skus.IsEmpty && collection.Categories.IsEmpty)
        {
            yield return new($"{path}.skus", $"Collection '{collection.Name}' has no article and no category; at least one is expected.");
        }
    }

    private static IEnumerable<ProgramError> Group(LoyaltyProgram program, StackingGroup group, string path)
    {
        if (!Names.IsName(group.Name))
        {
            yield return new($"{path}.name", $"'{group.Name}' is not the name of a group: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        if (!Enum.IsDefined(group.Policy))
        {
            yield return new($"{path}.policy", $"{(int)group.Policy} is not a policy; sum, best-of, first-match or priority-exclusive is expected.");
        }

        if (group.Policy == StackingPolicy.PriorityExclusive && program.Rules.All(rule => rule.Terms.Group != group.Name || !rule.Terms.Exclusive))
        {
            yield return new($"{path}.policy", $"No rule of group '{group.Name}' is exclusive, so the policy would be the sum; say which one is, or say sum.");
        }
    }

    private static IEnumerable<ProgramError> Limit(LoyaltyProgram program, EarningLimit limit, string path)
    {
        foreach (var error in Common(program, limit.Name, "limit", limit.Unit, limit.Rules, path))
        {
            yield return error;
        }

        if (!Enum.IsDefined(limit.Per))
        {
            yield return new($"{path}.per", $"{(int)limit.Per} is not a span; award, day, week, month, year, ever or balance is expected.");
        }

        if (!Enum.IsDefined(limit.Overflow))
        {
            yield return new($"{path}.overflow", $"{(int)limit.Overflow} is no answer to an overflow; truncate or reject is expected.");
        }

        if (limit.Most < 0)
        {
            yield return new($"{path}.most", $"Limit '{limit.Name}' is {limit.Most}; 0 or more is expected.");
        }

        if (limit.Per == CapPeriod.Balance && !limit.Rules.IsEmpty)
        {
            yield return new($"{path}.rules", $"Limit '{limit.Name}' is of the balance, which all rules feed; leave the rules out.");
        }
    }

    private static IEnumerable<ProgramError> Budget(LoyaltyProgram program, EarningBudget budget, string path)
    {
        foreach (var error in Common(program, budget.Name, "budget", budget.Unit, budget.Rules, path))
        {
            yield return error;
        }

        if (budget.PerUnit is < 1 or > 1_000_000)
        {
            yield return new($"{path}.perUnit", $"Budget '{budget.Name}' draws {budget.PerUnit} for each unit; 1 to 1,000,000 are expected.");
        }
    }

    private static IEnumerable<ProgramError> Common(LoyaltyProgram program, string name, string what, string unit, Sequence<string> rules, string path)
    {
        if (!IsPart(name))
        {
            yield return new($"{path}.name", $"'{name}' is not the name of a {what}: lower-case letters, digits, '-' and '_' are expected.");
        }

        if (program.Units.All(known => known.Name != unit))
        {
            yield return NoSuchUnit($"{path}.unit", unit, program.Units);
        }

        foreach (var rule in rules.Where(rule => program.Rules.All(known => known.Name != rule)))
        {
            yield return NoSuchRule($"{path}.rules", rule, program);
        }
    }

    private static ProgramError NoSuchRule(string path, string rule, LoyaltyProgram program) =>
        new(path, $"No rule is named '{rule}'. There are: {(program.Rules.IsEmpty ? "none" : string.Join(", ", program.Rules.Select(known => known.Name)))}.");
}
