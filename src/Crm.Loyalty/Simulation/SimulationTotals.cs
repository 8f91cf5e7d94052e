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
    private readonly SortedDictionary<string, SimulatedUnit> sums = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Ladder, string? Now, string? Then), long> moves = [];
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
        foreach (var unit in units)
        {
            var (one, other) = (Account(ledgerNow, now, unit), Account(ledgerThen, then, unit));
            var (held, would) = (Balance(one), Balance(other));
            var sum = sums.GetValueOrDefault(unit) ?? new SimulatedUnit(unit, default, default);
            sums[unit] = sum with
            {
                Now = sum.Now.Plus(one),
                Then = sum.Then.Plus(other),
                Winners = sum.Winners + (would > held ? 1 : 0),
                Losers = sum.Losers + (would < held ? 1 : 0),
                Gained = checked(sum.Gained + Math.Max(would - held, 0)),
                Lost = checked(sum.Lost + Math.Max(held - would, 0)),
            };
            if (would != held)
            {
                changes.Add(new BalanceChange(customer, unit, held, would));
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

        foreach (var (unit, more) in part.sums)
        {
            var sum = sums.GetValueOrDefault(unit) ?? new SimulatedUnit(unit, default, default);
            sums[unit] = sum with
            {
                Now = sum.Now.Plus(more.Now),
                Then = sum.Then.Plus(more.Then),
                Winners = sum.Winners + more.Winners,
                Losers = sum.Losers + more.Losers,
                Gained = checked(sum.Gained + more.Gained),
                Lost = checked(sum.Lost + more.Lost),
            };
        }
    }

    public SimulationReport Report() => new(
        request.Candidate.Name,
        request.Replaced is not null,
        customers,
        events,
        sums.Values.Select(sum => sum with { WorthNow = Worth(request.Replaced, sum.Unit), WorthThen = Worth(request.Candidate, sum.Unit) }).ToSequence(),
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

    private static UnitAccount Account(IReadOnlyList<LedgerEntry> ledger, Membership? membership, string unit)
    {
        if (membership is null)
        {
            return default;
        }

        var wallet = membership.Wallet(unit);
        var account = new UnitAccount { Available = wallet.Available, Pending = wallet.PendingTotal, Reserved = membership.Reserved(unit), Debt = checked(wallet.Available - (wallet.Balance)) };
        for (var i = 0; i < ledger.Count; i++)
        {
            var entry = ledger[i];
            if (string.Equals(entry.Unit, unit, StringComparison.Ordinal) && string.Equals(entry.Program, membership.Program, StringComparison.Ordinal))
            {
                account = account.Moved(entry.Movement, entry.Amount);
            }
        }

        return account;
    }

    private static long Balance(UnitAccount account) => account.Available + account.Pending + account.Reserved - account.Debt;
}
