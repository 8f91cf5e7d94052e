using System.Globalization;
using Crm.Conditions;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Finds what is wrong with rewards, payment and surprises.</summary>
internal static class RewardCheck
{
    public static IEnumerable<ProgramError> Errors(LoyaltyProgram program) =>
    [
        .. program.Rewards.SelectMany((reward, place) => Reward(program, reward, $"rewards[{place}]")),
        .. program.Payment is { } payment ? Payment(program, payment) : [],
        .. program.Surprises.SelectMany((surprise, place) => Surprise(program, surprise, $"surprises[{place}]")),
    ];

    /// <summary>What is wrong with units that are given.</summary>
    public static IEnumerable<ProgramError> Amount(LoyaltyProgram program, UnitAmount amount, string path)
    {
        if (program.Units.All(unit => unit.Name != amount.Unit))
        {
            yield return LoyaltyProgramValidator.NoSuchUnit($"{path}.unit", amount.Unit, program.Units);
        }

        if (amount.Amount is < 1 or > 1_000_000_000)
        {
            yield return new($"{path}.amount", string.Create(CultureInfo.InvariantCulture, $"{amount.Amount} of a unit is not possible; 1 to 1,000,000,000 is expected."));
        }
    }

    public static IEnumerable<ProgramError> When(Condition? condition, string path) =>
        condition is null ? [] : ConditionCheck.Check(condition).Select(error => new ProgramError(path + error.Path[1..], error.Message));

    private static IEnumerable<ProgramError> Reward(LoyaltyProgram program, Reward reward, string path)
    {
        if (!LoyaltyProgramValidator.IsPart(reward.Name))
        {
            yield return LoyaltyProgramValidator.NotAPart($"{path}.name", reward.Name, "reward");
        }

        foreach (var error in Kind(program, reward.Kind, $"{path}.kind").Concat(When(reward.When, $"{path}.when")))
        {
            yield return error;
        }

        for (var i = 0; i < reward.Costs.Count; i++)
        {
            var cost = reward.Costs[i];
            foreach (var error in Amount(program, new UnitAmount(cost.Unit, cost.Amount), $"{path}.costs[{i}]").Concat(When(cost.When, $"{path}.costs[{i}].when")))
            {
                yield return error;
            }

            if (program.Units.Any(unit => unit.Name == cost.Unit && unit.Kind == UnitKind.Status))
            {
                yield return new($"{path}.costs[{i}].unit", $"'{cost.Unit}' counts towards tiers and cannot be spent; a redeemable unit is expected.");
            }

            if (i > 0 && reward.Costs[i - 1].When is null)
            {
                yield return new($"{path}.costs[{i}]", "The price before it is for everybody, so this one is never asked; put the price without a condition last.");
            }
        }

        if (reward.MostPerMember < 1 || !Enum.IsDefined(reward.Per))
        {
            yield return new($"{path}.mostPerMember", "A limit of 1 or more, ever or per day, month or year, is expected; leave it out where there is none.");
        }

        if (reward.Code is { } form && (form.Pattern.Length is 0 or > 60 || form.Alphabet.Length < 2 || form.Alphabet.Distinct().Count() != form.Alphabet.Length || (!form.Imported && !form.Pattern.Contains('#', StringComparison.Ordinal))))
        {
            yield return new($"{path}.code", "A pattern of 1 to 60 characters with a '#' for each character of chance, such as 'TEA-####-####', and an alphabet of at least 2 different characters are expected.");
        }
        else if (reward.Code is { Imported: false, EntropyBits: < 40 } weak)
        {
            yield return new($"{path}.code", string.Create(CultureInfo.InvariantCulture, $"A code with {weak.EntropyBits:F0} bits of chance can be guessed; at least 40 are expected, such as 8 characters of 32."));
        }

        foreach (var fault in reward.CodeLife?.FaultsOf(reward.Name) ?? [])
        {
            yield return new($"{path}.codeLife", fault);
        }

        if (reward.AutoAt is { } at && (reward.Costs.IsEmpty || reward.Code is not null || at < reward.Costs.Min(cost => cost.Amount)))
        {
            yield return new($"{path}.autoAt", "A reward that gives itself has a price that its threshold pays, and no code: a code has to come from outside with the request.");
        }
    }

    private static IEnumerable<ProgramError> Kind(LoyaltyProgram program, RewardKind kind, string path)
    {
        var wrong = kind switch
        {
            RewardKind.Discount { Amount: var amount } => MoneyError(amount),
            RewardKind.GiftCard { Amount: var amount } => MoneyError(amount),
            RewardKind.Cashback { Amount: var amount } => MoneyError(amount),
            RewardKind.Percentage { Percent: <= 0 or > 100 } => "More than 0 and at most 100 percent are expected.",
            RewardKind.Percentage { Most: { } most } => MoneyError(most),
            RewardKind.FreeItem item when item.Sku.Length == 0 || item.Quantity is < 1 or > 10_000 => "An article and a quantity from 1 to 10,000 are expected.",
            RewardKind.Physical { Sku.Length: 0 } => "An article is expected.",
            RewardKind.Custom custom when !Names.IsName(custom.Own.Name) || custom.Own.Version < 1 => $"The kind '{custom.Own.Name}' version {custom.Own.Version} needs a name in lower-case letters and a version from 1.",
            _ => null,
        };
        if (wrong is not null)
        {
            yield return new(path, wrong);
        }

        foreach (var error in kind is RewardKind.Units units ? Amount(program, units.Amount, path) : [])
        {
            yield return error;
        }
    }

    private static string? MoneyError(Money amount) => amount.MinorUnits < 1 || amount.Currency == default ? $"{amount} is no amount to give; more than 0 of a currency is expected, such as '10.00 HKD'." : null;

    private static IEnumerable<ProgramError> Payment(LoyaltyProgram program, PointsPayment payment)
    {
        if (program.Units.FirstOrDefault(unit => unit.Name == payment.Unit) is not { } unit)
        {
            yield return LoyaltyProgramValidator.NoSuchUnit("payment.unit", payment.Unit, program.Units);
        }
        else if (unit.Kind == UnitKind.Status)
        {
            yield return new("payment.unit", $"'{payment.Unit}' counts towards tiers and cannot be spent; a redeemable unit is expected.");
        }

        if (payment.Points is < 1 or > 1_000_000_000 || MoneyError(payment.Value) is not null)
        {
            yield return new("payment.points", $"{payment.Points} units for {payment.Value} is no rate; 1 or more units and more than 0 of a currency are expected.");
        }

        if (payment.Minimum < 0 || payment.MostPercent is < 1 or > 100 || (payment.Most is { } most && (MoneyError(most) is not null || most.Currency != payment.Value.Currency)))
        {
            yield return new("payment.minimum", "A minimum of 0 or more units, a share of 1 to 100 percent and a most in the currency of the value are expected.");
        }
    }

    private static IEnumerable<ProgramError> Surprise(LoyaltyProgram program, Surprise surprise, string path)
    {
        if (!LoyaltyProgramValidator.IsPart(surprise.Name))
        {
            yield return LoyaltyProgramValidator.NotAPart($"{path}.name", surprise.Name, "surprise");
        }

        if (surprise.OneIn < 1)
        {
            yield return new($"{path}.oneIn", $"One in {surprise.OneIn} is never; 1 or more is expected.");
        }

        if (surprise.Seed.Length < 16)
        {
            yield return new($"{path}.seed", "A seed of at least 16 characters is expected, so that nobody works out which receipt wins.");
        }

        if (surprise.Gift is null == (surprise.Reward is null))
        {
            yield return new(path, "A surprise gives either units or a reward; one of 'gift' and 'reward' is expected.");
        }

        if (surprise.Reward is { } reward && program.Rewards.All(known => known.Name != reward))
        {
            yield return new($"{path}.reward", $"No reward is named '{reward}'. There are: {(program.Rewards.IsEmpty ? "none" : string.Join(", ", program.Rewards.Select(known => known.Name)))}.");
        }

        if (surprise.Reward is { } carried && program.Rewards.Any(known => known.Name == carried && known.Code is not null))
        {
            yield return new($"{path}.reward", $"The reward '{carried}' carries a code, which has to come from outside with a request; a surprise gives one without a code.");
        }

        foreach (var error in (surprise.Gift is { } gift ? Amount(program, gift, $"{path}.gift") : []).Concat(When(surprise.When, $"{path}.when")))
        {
            yield return error;
        }
    }
}
