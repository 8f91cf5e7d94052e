using System.Globalization;
using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;
using FluentValidation;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>Finds everything that is wrong with a programme at once. Each finding names its place as the JSON form spells it, what was found and what would be right.</summary>
public sealed class LoyaltyProgramValidator : AbstractValidator<LoyaltyProgram>
{
    /// <summary>The validator.</summary>
    public LoyaltyProgramValidator() => RuleFor(program => program).Custom((program, context) =>
    {
        foreach (var error in Errors(program))
        {
            context.AddFailure(error.Path, error.Message);
        }
    });

    /// <summary>Refuses a programme with something wrong.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">The findings, all of them.</exception>
    public static void Check(LoyaltyProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var errors = Errors(program).ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidLoyaltyProgramException(program.Name, errors);
        }
    }

    internal static IEnumerable<ProgramError> Errors(LoyaltyProgram program) =>
    [
        .. Whole(program),
        .. Each(program.Units, "units", (unit, path) => Unit(program, unit, path)),
        .. Each(program.Rules, "rules", (rule, path) => Rule(rule, path).Concat(EarningCheck.Rule(program, rule, path))),
        .. EarningCheck.Program(program),
        .. Each(program.Ladders, "ladders", (ladder, path) => TierLadderCheck.Errors(program, ladder, path)),
        .. Each(program.StampCards, "stampCards", (card, path) => StampCardCheck.Errors(program, card, path)),
        .. RewardCheck.Errors(program),
        .. MemberCheck.Errors(program),
        .. Each(program.StaffLimits, "staffLimits", (limit, path) => Limit(program, limit, path)),
    ];

    private static IEnumerable<ProgramError> Whole(LoyaltyProgram program)
    {
        if (!IsPart(program.Name))
        {
            yield return NotAPart("name", program.Name, "programme");
        }

        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(program.Zone) is null)
        {
            var nearest = Names.Nearest(program.Zone, DateTimeZoneProviders.Tzdb.Ids);
            yield return new("zone", $"'{program.Zone}' is not a time zone of the IANA database; one such as 'Asia/Hong_Kong' is expected{(nearest is null ? "." : $": did you mean '{nearest}'?")}");
        }

        if (program.Units.IsEmpty)
        {
            yield return new("units", "A programme without units earns nothing; at least one is expected, such as 'points'.");
        }

        foreach (var error in Twice(program.Units.Select(unit => unit.Name), "units", "unit")
            .Concat(Twice(program.Rules.Select(rule => rule.Name), "rules", "rule"))
            .Concat(Twice(program.Ladders.Select(ladder => ladder.Name), "ladders", "ladder"))
            .Concat(Twice(program.StampCards.Select(card => card.Name), "stampCards", "stamp card"))
            .Concat(Twice(program.Rewards.Select(reward => reward.Name), "rewards", "reward"))
            .Concat(Twice(program.Challenges.Select(challenge => challenge.Name), "challenges", "challenge"))
            .Concat(Twice(program.Surprises.Select(surprise => surprise.Name), "surprises", "surprise"))
            .Concat(Twice(program.VelocityLimits.Select(limit => limit.Name), "velocityLimits", "limit")))
        {
            yield return error;
        }

        foreach (var name in program.Ladders.Select(ladder => ladder.Name).Intersect(program.Units.Select(unit => unit.Name), StringComparer.Ordinal))
        {
            yield return new("ladders", $"A ladder and a unit are both named '{name}', and so would be their facts; give one of them another name.");
        }
    }

    private static IEnumerable<ProgramError> Unit(LoyaltyProgram program, LoyaltyUnit unit, string path)
    {
        if (!IsPart(unit.Name))
        {
            yield return NotAPart($"{path}.name", unit.Name, "unit");
        }

        if (!Enum.IsDefined(unit.Kind))
        {
            yield return new($"{path}.kind", $"{(int)unit.Kind} is not a kind of unit; redeemable or status is expected.");
        }

        foreach (var error in EarningCheck.Life(unit, unit.Expiry, $"{path}.expires"))
        {
            yield return error;
        }

        for (var i = 0; i < unit.ExpiryByTier.Count; i++)
        {
            var one = unit.ExpiryByTier[i];
            if (program.Ladders.FirstOrDefault(ladder => ladder.Name == one.Ladder) is not { } ladder || ladder.Tiers.All(tier => tier.Name != one.Tier))
            {
                yield return new($"{path}.expiresByTier[{i}].tier", $"No tier is named '{one.Tier}' on a ladder '{one.Ladder}'.");
            }

            foreach (var error in EarningCheck.Life(unit, one.Expiry, $"{path}.expiresByTier[{i}].expires"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<ProgramError> Rule(IEarningRule rule, string path)
    {
        if (!Names.IsName(rule.Name))
        {
            yield return new($"{path}.name", $"'{rule.Name}' is not the name of a rule: lower-case letters, digits, '-', '_' and '.' are expected.");
        }

        if (rule.Version < 1)
        {
            yield return new($"{path}.version", $"The version of rule '{rule.Name}' is {rule.Version}; 1 or more is expected.");
        }

        if (rule.On.IsEmpty)
        {
            yield return new($"{path}.on", $"Rule '{rule.Name}' looks at no kind of event, so it never earns; at least one is expected, such as 'purchase'.");
        }

        foreach (var kind in rule.On.Where(kind => !Names.IsName(kind)))
        {
            yield return new($"{path}.on", $"'{kind}' is not a kind of event; one such as 'purchase' is expected.");
        }

        foreach (var error in rule.Conditions.SelectMany(condition => ConditionCheck.Check(condition)))
        {
            // A condition's own paths begin with "$", which is this place.
            yield return new($"{path}.when{error.Path[1..]}", error.Message);
        }
    }

    private static IEnumerable<ProgramError> Limit(LoyaltyProgram program, StaffLimit limit, string path)
    {
        if (!StaffLimit.Requests.Contains(limit.Request))
        {
            var nearest = Names.Nearest(limit.Request, StaffLimit.Requests);
            yield return new($"{path}.request", $"'{limit.Request}' is no request that staff are limited in{(nearest is null ? "." : $": did you mean '{nearest}'?")} There are: {string.Join(", ", StaffLimit.Requests)}.");
        }
        else if (limit.Unit is { } about && !StaffLimit.AboutUnits.Contains(limit.Request))
        {
            yield return new($"{path}.unit", $"'{limit.Request}' is about no unit, so a limit of '{about}' never applies; leave the unit out. Requests about units are: {string.Join(", ", StaffLimit.AboutUnits)}.");
        }

        if (limit.Per is { } per and not (CapPeriod.Day or CapPeriod.Week or CapPeriod.Month or CapPeriod.Year))
        {
            yield return new($"{path}.per", $"What staff give is added up over a day, week, month or year; {per} is no such span. Leave it out where each request counts by itself.");
        }

        if (limit.Per is not null && program.StaffLimits.Count(other => (other.Request, other.Unit, other.Per) == (limit.Request, limit.Unit, limit.Per)) > 1)
        {
            yield return new(path, $"'{limit.Request}' has two limits over the same span ({limit.Per}) {(limit.Unit is null ? "for all units" : $"for '{limit.Unit}'")}; one is expected.");
        }

        if (limit.Unit is { } unit && program.Units.All(known => known.Name != unit))
        {
            yield return NoSuchUnit($"{path}.unit", unit, program.Units);
        }

        if (limit.Alone < 0 || limit.Most < limit.Alone)
        {
            yield return new($"{path}.alone", $"One person decides up to {limit.Alone} and everybody up to {limit.Most?.ToString(CultureInfo.InvariantCulture) ?? "any amount"}; 0 or more is expected, and not more than the most.");
        }
    }

    internal static IEnumerable<ProgramError> Each<T>(Sequence<T> items, string path, Func<T, string, IEnumerable<ProgramError>> errors) =>
        items.SelectMany((item, index) => errors(item, $"{path}[{index}]"));

    internal static IEnumerable<ProgramError> Twice(IEnumerable<string> names, string path, string what) =>
        names.Where(name => name.Length > 0).GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => new ProgramError(path, $"The {what} '{group.Key}' is there {group.Count()} times; names are expected to differ."));

    internal static ProgramError NoSuchUnit(string path, string unit, Sequence<LoyaltyUnit> units) =>
        new(path, $"No unit is named '{unit}'. There are: {string.Join(", ", units.Select(known => known.Name))}.");

    // A dot would make "loyalty.PROGRAMME.UNIT" ambiguous, and a slash the keys of the agenda.
    internal static bool IsPart(string name) => Names.IsName(name) && !name.Contains('.', StringComparison.Ordinal);

    internal static ProgramError NotAPart(string path, string name, string what) =>
        new(path, $"'{name}' is not the name of a {what}: lower-case letters, digits, '-' and '_' are expected, and no dot, because facts are named 'loyalty.PROGRAMME.NAME'.");
}

/// <summary>Something wrong with a programme.</summary>
/// <param name="Path">Where, such as "ladders[0].tiers[2].from".</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record ProgramError(string Path, string Message)
{
    /// <summary>Place and message.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

/// <summary>A programme cannot be used as it is written.</summary>
public sealed class InvalidLoyaltyProgramException : Exception
{
    /// <summary>All that is wrong with a programme.</summary>
    /// <param name="program">Its name; null when it could not be read.</param>
    /// <param name="errors">All findings.</param>
    public InvalidLoyaltyProgramException(string? program, Sequence<ProgramError> errors)
        : base($"{(program is null ? "The loyalty programme" : $"The loyalty programme '{program}'")} cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, errors)}") => Errors = errors;

    /// <summary>The findings, in the order of the programme.</summary>
    public Sequence<ProgramError> Errors { get; }
}
