using Crm.Loyalty.Stamps;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Finds what is wrong with a stamp card.</summary>
internal static class StampCardCheck
{
    public static IEnumerable<ProgramError> Errors(LoyaltyProgram program, StampCard card, string path)
    {
        if (!LoyaltyProgramValidator.IsPart(card.Name))
        {
            yield return LoyaltyProgramValidator.NotAPart($"{path}.name", card.Name, "stamp card");
        }

        if (card.Goal is < 1 or > StampCard.MostStamps)
        {
            yield return new($"{path}.goal", $"Card '{card.Name}' is full at {card.Goal} stamps; 1 to 1,000 are expected, and the free one is not among them: \"buy 9, the 10th is free\" is 9.");
        }

        foreach (var kind in card.On.Where(kind => !Names.IsName(kind)))
        {
            yield return new($"{path}.on", $"'{kind}' is not a kind of event; one such as 'purchase' is expected.");
        }

        if (card.Count is StampCount.PerAmount { Every: var every } && (every.MinorUnits < 1 || every.Currency == default))
        {
            yield return new($"{path}.per", $"Card '{card.Name}' has steps of {every}; more than 0 of a currency is expected, such as '10.00 HKD'.");
        }

        if (!Enum.IsDefined(card.Overflow) || !Enum.IsDefined(card.Next) || !Enum.IsDefined(card.Day))
        {
            yield return new(path, "Overflow, next or day has a value that no list has.");
        }

        if (card is { Next: NextCard.OnRequest, Overflow: StampOverflow.Carry })
        {
            yield return new($"{path}.overflow", "Where the next card has to be asked for, there is no card to carry stamps over to; drop or reject them.");
        }

        foreach (var (prize, place) in card.Milestones.Select((milestone, number) => (milestone.Prize, $"{path}.milestones[{number}].prize")).Concat(card.Prize is { } full ? [(full, $"{path}.prize")] : []))
        {
            if (program.Units.All(unit => unit.Name != prize.Unit))
            {
                yield return LoyaltyProgramValidator.NoSuchUnit($"{place}.unit", prize.Unit, program.Units);
            }

            if (prize.Amount is < 1 or > 1_000_000_000)
            {
                yield return new($"{place}.amount", $"A prize of {prize.Amount} is not possible; 1 to 1,000,000,000 is expected.");
            }
        }

        for (var i = 0; i < card.Milestones.Count; i++)
        {
            if (card.Milestones[i].At < 1 || card.Milestones[i].At >= card.Goal || (i > 0 && card.Milestones[i].At <= card.Milestones[i - 1].At))
            {
                yield return new($"{path}.milestones[{i}].at", $"The milestone at stamp {card.Milestones[i].At} is out of place; they are expected to rise from 1 and to stay below the goal {card.Goal}.");
            }
        }

        if (card.SignUp < 0 || card.SignUp >= Math.Max(card.Goal, 1))
        {
            yield return new($"{path}.signUp", $"{card.SignUp} stamps for signing up do not fit a card of {card.Goal}; fewer than the goal are expected.");
        }

        if (card.MostPerVisit < 1 || card.MostPerDay < 1)
        {
            yield return new($"{path}.mostPerVisit", "A limit of stamps is expected to be 1 or more; leave it out where there is none.");
        }

        foreach (var error in EarningCheck.Lines(program, card.Stamps, $"{path}.stamps"))
        {
            yield return error;
        }

        foreach (var fault in card.Expiry?.Life.FaultsOf(card.Name) ?? [])
        {
            yield return new($"{path}.expires", fault);
        }

        if (card.Expiry is { } expiry && ((expiry.From == StampLife.OnDate) != expiry.Date.HasValue || (expiry.From != StampLife.OnDate && expiry.Life is LotExpiry.Forever)))
        {
            yield return new($"{path}.expires", "Stamps run out either on a date, or after a life that is counted from a stamp; say the one that is meant.");
        }
    }
}
