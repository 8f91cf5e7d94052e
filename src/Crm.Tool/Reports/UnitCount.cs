using Crm.Engine;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Tool.Books;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>
/// Adds up the units of a store: what is held by the engine's view of each customer, where units came from and went by the ledger and what the view knows to be due. Of programmes that nobody defines here the ledger says
/// what is held, too. First come all views, then the ledger.
/// </summary>
internal sealed class UnitCount(Instant last, StoreDefinitions definitions)
{
    private readonly SortedDictionary<string, UnitAccount> units = new(StringComparer.Ordinal);

    // Of whom no view tells anything, of whom one was decided again, and of whom the ledger was as well.
    private readonly HashSet<CustomerId> leftOut = [];
    private readonly HashSet<CustomerId> decidedAgain = [];
    private readonly HashSet<CustomerId> redecided = [];
    private LedgerBalance book = new(last);
    private CustomerId current;

    /// <summary>The figures so far, of all customers that are <see cref="Close">closed</see>.</summary>
    public IReadOnlyDictionary<string, UnitAccount> Units => units;

    /// <summary>What nobody defines here.</summary>
    public Undefined Undefined { get; } = new();

    /// <summary>Counts what a customer holds.</summary>
    public void Take(CustomerView view)
    {
        if (view.Unwritten is null)
        {
            decidedAgain.Add(view.Customer);
        }

        foreach (var membership in definitions.Told(view))
        {
            foreach (var holding in membership.Holdings)
            {
                var (available, pending, reserved, debt) = membership.Balances(holding.Unit);
                Add(holding.Unit, new() { Available = available, Pending = pending, Reserved = reserved, Debt = debt });
            }
        }

        foreach (var entry in view.Unwritten ?? [])
        {
            if (definitions.Defines(entry.Program))
            {
                Move(entry);
            }
        }

        if (view.Redecided is { } ledger)
        {
            redecided.UnionWith(ledger.Customers);
            foreach (var entry in ledger.Entries)
            {
                if (definitions.Tells(view, entry.Program))
                {
                    Move(entry);
                }
            }
        }
    }

    /// <summary>Events of a customer have been disposed of: the ledger alone tells what was held.</summary>
    public void LeaveOut(CustomerId customer) => leftOut.Add(customer);

    /// <summary>Counts an entry; those of one customer come one after another.</summary>
    public void Take(CustomerId customer, LedgerEntry entry)
    {
        if (customer != current)
        {
            Settle();
            current = customer;
        }

        book.IsWritten |= entry.OccurredAt > last;
        if (IsOfLedger(entry.Program))
        {
            book.Take(entry);
        }

        if (entry.OccurredAt <= last && (!redecided.Contains(current) || !definitions.Defines(entry.Program) || definitions.IsKept(entry.Program)))
        {
            Move(entry);
        }
    }

    /// <summary>There are no more entries.</summary>
    public void Close()
    {
        Settle();

        // Of whoever's journal begins with a balance: what came late is dated in the ledger when it happened, with all that follows from it, and at the instant some of that is still to come.
        foreach (var (unit, sums) in units.ToList())
        {
            var ahead = sums.Issued - sums.Spent - sums.Expired - sums.Reversed - sums.Transferred - sums.Available - sums.Pending - sums.Reserved + sums.Debt;
            units[unit] = ahead > 0 ? sums with { Issued = sums.Issued - ahead } : sums with { Expired = sums.Expired + ahead };
        }
    }

    private void Settle()
    {
        book.IsWritten |= leftOut.Contains(current) || decidedAgain.Contains(current);
        foreach (var unit in book.Units)
        {
            Add(unit.Unit, new() { Expired = unit.RanOut, Available = unit.Available, Pending = unit.Pending, Reserved = unit.Reserved, Debt = unit.Debt });
            if (!definitions.Defines(unit.Program))
            {
                Undefined.Add(unit);
            }
        }

        book = new LedgerBalance(last);
    }

    // Whether no view tells what the current customer holds in a programme.
    private bool IsOfLedger(string program) => !definitions.Defines(program) || leftOut.Contains(current) || (definitions.IsKept(program) && decidedAgain.Contains(current));

    private void Move(LedgerEntry entry) => Add(entry.Unit, entry.Movement switch
    {
        Movement.Issued => new() { Issued = entry.Amount },
        Movement.Spent => new() { Spent = -entry.Amount },
        Movement.Expired => new() { Expired = -entry.Amount },
        Movement.Reversed => new() { Reversed = -entry.Amount },
        Movement.Transferred => new() { Transferred = -entry.Amount },
        Movement.Offset => default,
        _ => throw new InvalidOperationException($"No figure for the movement {entry.Movement}."),
    });

    private void Add(string unit, UnitAccount figures) => units[unit] = units.GetValueOrDefault(unit).Plus(figures);
}
