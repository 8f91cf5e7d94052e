using System.Reflection;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>Finds rules by which nothing is ever earned, and caps that cut every step.</summary>
internal static class RuleFindings
{
    /// <summary>The rules by which nothing is ever earned, each with its finding.</summary>
    public static IEnumerable<(string Rule, ProgramFinding Finding)> Never(Carts carts)
    {
        var never = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (rule, place) in carts.Program.Rules.Select((rule, place) => (rule, place)))
        {
            if (Why(rule, carts, never) is { } why)
            {
                never.Add(rule.Name);
                var cart = carts.For(rule, "cart", at: carts.In(rule.Terms.Hours) ?? carts.Noon) ?? carts.Purchase("cart", carts.StepOf(rule), carts.Noon);
                yield return (rule.Name, new ProgramFinding(
                    FindingCodes.RuleNeverFires,
                    $"rules[{place}]",
                    new Text($"Nothing is ever earned by rule '{rule.Name}': {why.English}.", $"規則「{rule.Name}」永不給予：{why.Chinese}。"),
                    new Witness([.. carts.Joining(cart.OccurredAt ?? carts.Noon), new WitnessStep(cart)], new WitnessClaim.EarnsNothing(rule.Name)) { Supplies = carts.Filled }));
            }
        }
    }

    /// <summary>Caps that are lower than what a single step gives.</summary>
    public static IEnumerable<ProgramFinding> Caps(Carts carts)
    {
        foreach (var (rule, place) in carts.Program.Rules.Select((rule, place) => (rule, place)))
        {
            if (rule is not EarningRule { When: null } own || StepOf(rule) is not { } step || carts.For(rule, "cart") is not { } cart || own.Terms.Group is not null)
            {
                continue;
            }

            var unit = LifeFindings.UnitOf(rule) ?? "";
            var caps = carts.Program.Limits
                .Select((limit, at) => (Path: $"limits[{at}].most", limit.Name, limit.Most, Covers: limit.Unit == unit && (limit.Rules.IsEmpty || limit.Rules.Contains(rule.Name)) && !(limit.Most == 0 || limit.Overflow == Overflow.Reject)))
                .Where(limit => limit.Covers).Select(limit => (limit.Path, limit.Name, limit.Most))
                .Append((Path: $"rules[{place}].most", rule.Name, Most: rule.Terms.Most ?? long.MaxValue));
            foreach (var (path, name, most) in caps.Where(cap => cap.Most < step))
            {
                yield return new ProgramFinding(
                    FindingCodes.CapBelowStep,
                    path,
                    new Text($"A single step of rule '{rule.Name}' gives {step}, and '{name}' cuts it to {most}: no step is ever given whole.", $"規則「{rule.Name}」每級給予 {step}，而「{name}」限為 {most}，任何一級都不會足額。"),
                    new Witness([.. carts.Joining(cart.OccurredAt ?? carts.Noon), new WitnessStep(cart)], new WitnessClaim.EarnsLess(rule.Name, step)) { Supplies = carts.Filled });
            }
        }
    }

    /// <summary>What the code of rules asks of the machine by their authors' leave.</summary>
    public static IEnumerable<ProgramFinding> Allowed(Carts carts)
    {
        foreach (var (rule, place) in carts.Program.Rules.Select((rule, place) => (rule, place)))
        {
            foreach (var allowed in rule.GetType().GetCustomAttributes<AllowedCallAttribute>())
            {
                var cart = carts.Purchase("cart", carts.StepOf(rule), carts.Noon);
                yield return new ProgramFinding(
                    FindingCodes.AllowedCall,
                    $"rules[{place}]",
                    new Text($"The code of rule '{rule.Name}' calls {allowed.Call}; its author allows it: {allowed.Because}", $"規則「{rule.Name}」的程式碼調用 {allowed.Call}；作者容許的理由：{allowed.Because}"),
                    new Witness([.. carts.Joining(carts.Noon), new WitnessStep(cart)], new WitnessClaim.Calls(rule.Name, allowed.Call)) { Supplies = carts.Filled });
            }
        }
    }

    private static long? StepOf(IEarningRule rule) => rule switch
    {
        PointsPerAmount { Rounding: not Rounding.Nearest, RoundAt: not RoundingPoint.Award } one => one.Points,
        PointsPerItem one => one.Points,
        FixedPoints one => one.Points,
        _ => null,
    };

    // Why nothing is ever earned by a rule; null where something may be.
    private static Text? Why(IEarningRule rule, Carts carts, HashSet<string> never)
    {
        var (program, terms) = (carts.Program, rule.Terms);
        if (Apart(terms.Scope.Channels, program.Scope.Channels) || Apart(terms.Scope.Stores, program.Scope.Stores) || Apart(terms.Scope.Brands, program.Scope.Brands))
        {
            return new("it counts where the programme does not", "其適用範圍在計劃範圍之外");
        }

        if (carts.In(terms.Hours) is null)
        {
            return new("none of its days and hours lies between its beginning and its end", "其日子或時段不在起訖之內");
        }

        if ((rule as EarningRule)?.When is { } when && NeverTrue.WhenAsked(rule, when))
        {
            return new("its condition cannot hold", "其條件不可能成立");
        }

        if (rule is EarningRule { Articles: { } articles } && IsNothing(articles.Resolved(program.Collections)))
        {
            return new("every article that it counts is excluded", "所計貨品全部被排除");
        }

        if (rule is Multiplier multiplier && Multiplies(multiplier, program.Rules, never) is { } nothing)
        {
            return nothing;
        }

        if (LifeFindings.UnitOf(rule) is { } unit && program.Limits.FirstOrDefault(limit => limit.Unit == unit && (limit.Rules.IsEmpty || limit.Rules.Contains(rule.Name)) && Stops(limit, rule)) is { } stopping)
        {
            return new($"the limit '{stopping.Name}' of {stopping.Most} leaves nothing of it", $"上限「{stopping.Name}」（{stopping.Most}）不容給予");
        }

        return Outranked(rule, carts) is { } winner ? new($"rule '{winner}' of its group always goes before it", $"同組規則「{winner}」必定優先") : null;
    }

    private static bool Apart(Sequence<string> one, Sequence<string> other) => !one.IsEmpty && !other.IsEmpty && !one.Intersect(other, StringComparer.Ordinal).Any();

    private static bool IsNothing(EarningBasis.Lines lines) => !lines.IsOpen
        && lines.Skus.All(sku => lines.ExceptSkus.Contains(sku)) && lines.Categories.All(category => lines.ExceptCategories.Contains(category));

    // A multiplier adds to what was given before it, at an event that both look at.
    private static Text? Multiplies(Multiplier rule, Sequence<IEarningRule> rules, HashSet<string> never)
    {
        // Rules in code give whatever they give, and a multiplier that asks for the tier afterwards is asked after all others.
        var before = rule.TierAs == TierMoment.After ? rules.Where(other => other.Name != rule.Name) : rules.TakeWhile(other => other.Name != rule.Name);
        var grouped = rule.Terms.Group is not null || rules.Any(other => other.Terms.Group is not null);
        return grouped || before.Any(other => !never.Contains(other.Name) && (rule.Of.IsEmpty || rule.Of.Contains(other.Name)) && other.On.Intersect(rule.On, StringComparer.Ordinal).Any()
            && (LifeFindings.UnitOf(other) is not { } unit || unit == rule.Unit))
            ? null
            : new($"no rule before it gives '{rule.Unit}' for the same events", $"之前沒有規則就同類活動給予「{rule.Unit}」");
    }

    private static bool Stops(EarningLimit limit, IEarningRule rule) => limit.Most == 0
        || (limit.Overflow == Overflow.Reject && Math.Max(StepOf(rule) ?? 0, rule.Terms.Least ?? 0) > limit.Most && (rule.Terms.Most is not { } most || most > limit.Most));

    // The rule of its group that gives something whenever it does, and goes before it.
    private static string? Outranked(IEarningRule rule, Carts carts)
    {
        if (rule.Terms.Group is not { } name || carts.Program.Groups.FirstOrDefault(group => group.Name == name) is not { Policy: not StackingPolicy.Sum } group)
        {
            return null;
        }

        return carts.Program.Rules.OfType<FixedPoints>().FirstOrDefault(other => other.Name != rule.Name && other.Terms.Group == name && IsAlways(other, rule, carts.Program) && GoesBefore(other, rule, group.Policy))?.Name;
    }

    // Where a limit or a budget keeps it from giving, the next of the group gives.
    private static bool IsAlways(FixedPoints rule, IEarningRule whenever, LoyaltyProgram program) => !program.Limits.Any(limit => limit.Unit == rule.Unit && (limit.Rules.IsEmpty || limit.Rules.Contains(rule.Name)))
        && !program.Budgets.Any(budget => budget.Unit == rule.Unit && (budget.Rules.IsEmpty || budget.Rules.Contains(rule.Name))) && rule is { When: null, With: null } && rule.Terms is { MinimumSpend: null, Frequency: null, OncePer: null, Cooldown: null } terms
        && terms.Hours == EarningHours.Always && terms.Scope == EarningScope.Everywhere && !whenever.On.Except(rule.On, StringComparer.Ordinal).Any();

    private static bool GoesBefore(FixedPoints other, IEarningRule rule, StackingPolicy policy)
    {
        var earlier = other.Terms.Priority > rule.Terms.Priority || (other.Terms.Priority == rule.Terms.Priority && string.CompareOrdinal(other.Name, rule.Name) < 0);
        return policy switch
        {
            StackingPolicy.FirstMatch => earlier,
            StackingPolicy.PriorityExclusive => other.Terms.Exclusive && (earlier || !rule.Terms.Exclusive),
            _ => MostOf(rule) is { } most && Bounded(other.Points, other.Terms) is var always && (most < always || (most == always && earlier)),
        };
    }

    private static long Bounded(long points, EarningTerms terms) => Math.Min(Math.Max(points, terms.Least ?? 0), terms.Most ?? long.MaxValue);

    // The most that a rule gives for one event; null where there is no such bound.
    private static long? MostOf(IEarningRule rule) => rule is FixedPoints one ? Bounded(one.Points, one.Terms) : rule is EarningRule ? rule.Terms.Most : null;
}
