using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>Adds up what the histories of customers lead to under two programmes.</summary>
internal sealed class SimulationTotals(SimulationRequest request)
{
    private readonly string[] units = [.. request.Candidate.Units.Concat(request.Replaced?.Units ?? []).Select(unit => unit.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    private readonly string[] ladders = [.. request.Candidate.Ladders.Concat(request.Replaced?.Ladders ?? []).Select(ladder => ladder.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    private readonly Dictionary<(string Ladder, string? Now, string? Then), long> moves = [];

    // One for each unit, in their order; made anew for each customer they would be most of what counting costs.
    private UnitSums[] sums = [];
    private readonly List<BalanceChange> changes = [];
    private readonly Dictionary<string, (long Now, long Then)> draws = new(StringComparer.Ordinal);
    private long customers;
    private long events;
    private long leftOut;

    /// <summary>Counts a customer whose history cannot be decided again by itself.</summary>
    public void LeaveOut() => leftOut++;

    public void Count(CustomerId customer, int entries, IReadOnlyList<LedgerEntry> ledgerNow, Membership? now, IReadOnlyList<LedgerEntry> ledgerThen, Membership? then)
    {
        customers++;
        events += entries;
        Meet();
        for (var i = 0; i < units.Length; i++)
        {
            var (held, would) = (sums[i].Now.Add(ledgerNow, now, units[i]), sums[i].Then.Add(ledgerThen, then, units[i]));
            if (would != held)
            {
                sums[i].Differ(would - held);
                changes.Add(new BalanceChange(customer, units[i], held, would));
            }
        }

        foreach (var ladder in ladders)
        {
            var move = (ladder, now?.Standing(ladder)?.Tier, then?.Standing(ladder)?.Tier);
            moves[move] = moves.GetValueOrDefault(move) + 1;
        }
    }

    /// <summary>Counts what one history draws on supplies.</summary>
    public void Draw(Sequence<QuotaDraw> now, Sequence<QuotaDraw> then)
    {
        foreach (var draw in now)
        {
            var sum = draws.GetValueOrDefault(draw.Name);
            draws[draw.Name] = (checked(sum.Now + draw.Amount), sum.Then);
        }

        foreach (var draw in then)
        {
            var sum = draws.GetValueOrDefault(draw.Name);
            draws[draw.Name] = (sum.Now, checked(sum.Then + draw.Amount));
        }
    }

    public void Add(SimulationTotals part)
    {
        foreach (var (name, more) in part.draws)
        {
            var sum = draws.GetValueOrDefault(name);
            draws[name] = (checked(sum.Now + more.Now), checked(sum.Then + more.Then));
        }

        customers += part.customers;
        leftOut += part.leftOut;
        events += part.events;
        changes.AddRange(part.changes);
        foreach (var (move, count) in part.moves)
        {
            moves[move] = moves.GetValueOrDefault(move) + count;
        }

        for (var i = 0; i < part.sums.Length; i++)
        {
            Meet();
            sums[i].Add(part.sums[i]);
        }
    }

    // Units are told of once there is somebody who might hold them.
    private void Meet()
    {
        if (sums.Length == 0)
        {
            sums = Array.ConvertAll(units, _ => new UnitSums());
        }
    }

    public SimulationReport Report() => new(
        request.Candidate.Name,
        request.Replaced is not null,
        customers,
        events,
        sums.Select((sum, i) => sum.Of(units[i]) with { WorthNow = Worth(request.Replaced, units[i]), WorthThen = Worth(request.Candidate, units[i]) }).ToSequence(),
        moves.Select(move => new SimulatedMove(move.Key.Ladder, move.Key.Now, move.Key.Then, move.Value))
            .OrderBy(move => move.Ladder, StringComparer.Ordinal).ThenBy(move => Level(request.Replaced, move.Ladder, move.Now)).ThenBy(move => Level(request.Candidate, move.Ladder, move.Then)).ToSequence(),
        changes.OrderBy(change => change.Unit, StringComparer.Ordinal).ThenBy(change => change.Customer).ToSequence())
    {
        LeftOut = leftOut,
        Budgets = request.Candidate.Budgets.Concat(request.Replaced?.Budgets ?? []).Select(budget => budget.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(Burnt).ToSequence(),
    };

    // Both programmes have one name, so a budget of one name is one supply.
    private SimulatedBudget Burnt(string budget)
    {
        var (now, then) = draws.GetValueOrDefault(new EarningBudget { Name = budget, Unit = "" }.Quota(request.Candidate.Name));
        return new SimulatedBudget(budget, now, then);
    }

    private static int Level(LoyaltyProgram? program, string ladder, string? tier) => program?.Ladders.FirstOrDefault(known => known.Name == ladder)?.LevelOf(tier) ?? -1;

    private UnitWorth? Worth(LoyaltyProgram? program, string unit) => program is null ? null : UnitWorth.All(program, unit, request.Assumptions).FirstOrDefault();
}
