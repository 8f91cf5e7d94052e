using Crm.Engine;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>Adds up what a backfill does, customer by customer.</summary>
internal sealed class ProgramBackfillCount(LoyaltyProgram program, CustomerId? after)
{
    private readonly Dictionary<string, (long Issued, long Held)> units = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Ladder, string? Tier), int> tiers = [];
    private readonly Dictionary<string, int> cards = new(StringComparer.Ordinal);
    private int seen;
    private int changed;

    public CustomerId? Last { get; private set; } = after;

    public void Done(CustomerId customer)
    {
        seen++;
        Last = customer;
    }

    /// <exception cref="InvalidOperationException">Nobody knows the programme.</exception>
    public void Add(Quote quote)
    {
        if (quote.Receipt.Refusal is { } refusal)
        {
            throw new InvalidOperationException($"The backfill of '{program.Name}' was refused for customer {quote.Receipt.Customer}: {refusal.Code}.");
        }

        if (quote.Receipt.Lines.Any(line => line.Code == LineCodes.UnknownProgram))
        {
            throw new InvalidOperationException($"No programme of the engine is named '{program.Name}'. One that was added to the host is expected, with an instant from which on it counts.");
        }

        var changes = false;
        foreach (var entry in quote.Entries.Where(entry => entry.Program == program.Name))
        {
            changes = true;
            var sum = units.GetValueOrDefault(entry.Unit);
            units[entry.Unit] = (checked(sum.Issued + (entry.Movement is Movement.Issued or Movement.Reversed ? entry.Amount : 0)), checked(sum.Held + (entry.Movement == Movement.Offset ? 0 : entry.Amount)));
        }

        foreach (var ladder in program.Ladders)
        {
            if (Changed(quote, LoyaltyNames.Fact(program.Name, ladder.Name)) is { } fact)
            {
                changes = true;
                var place = (ladder.Name, fact.Value.AsCode);
                tiers[place] = tiers.GetValueOrDefault(place) + 1;
            }
        }

        foreach (var card in program.StampCards)
        {
            if (Changed(quote, LoyaltyNames.StampsFact(program.Name, card.Name)) is not null || Changed(quote, LoyaltyNames.FreeFact(program.Name, card.Name)) is not null)
            {
                changes = true;
                cards[card.Name] = cards.GetValueOrDefault(card.Name) + 1;
            }
        }

        changed += changes ? 1 : 0;
    }

    public ProgramBackfillReport Report(bool isComplete) => new(seen, changed, Last, isComplete)
    {
        Units = program.Units.Where(unit => units.ContainsKey(unit.Name)).Select(unit => new BackfilledUnit(unit.Name, units[unit.Name].Issued, units[unit.Name].Held)).ToSequence(),
        Tiers = program.Ladders.SelectMany(ladder => ladder.Tiers.Select(tier => (string?)tier.Name).Prepend(null).Select(tier => new BackfilledTier(ladder.Name, tier, tiers.GetValueOrDefault((ladder.Name, tier))))).Where(tier => tier.Customers > 0).ToSequence(),
        Cards = program.StampCards.Where(card => cards.ContainsKey(card.Name)).Select(card => new BackfilledCard(card.Name, cards[card.Name])).ToSequence(),
    };

    private static Fact? Changed(Quote quote, string name)
    {
        foreach (var fact in quote.Facts)
        {
            if (fact.Name == name)
            {
                return fact;
            }
        }

        return null;
    }
}
