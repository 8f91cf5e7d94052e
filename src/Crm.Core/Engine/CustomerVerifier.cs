using System.Globalization;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>
/// Says whether what a store keeps of customers fits together: the journal with itself and with the state, the ledger with what modules hold, and, where the definitions are still there,
/// the state with what the journal leads to when it is decided again. It reads values and writes nothing; not for several threads at once.
/// </summary>
public sealed class CustomerVerifier
{
    private readonly ModuleSet modules;
    private readonly StateCodec codec;
    private readonly Redecision redecision;

    /// <summary>A verifier that decides by these modules and options.</summary>
    /// <exception cref="ArgumentException">Contracts of modules do not fit together; the message lists all that is wrong.</exception>
    public CustomerVerifier(IEnumerable<ICustomerModule> modules, CrmOptions options)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(options);
        this.modules = new ModuleSet(modules, options.Calendars);
        codec = new StateCodec(this.modules);
        redecision = new Redecision(this.modules, codec, options);
    }

    /// <summary>Whether what is stored of a customer fits together.</summary>
    /// <param name="stored">The customer as loaded.</param>
    /// <param name="history">The whole history, from <see cref="HistoryStart.Beginning"/> on, with those joined to it (<see cref="JoinedHistories.LoadWholeAsync"/>).</param>
    /// <param name="ledger">All ledger entries of the customer.</param>
    public CustomerVerdict Verify(CustomerSnapshot stored, CustomerHistory history, IReadOnlyCollection<LedgerEntry> ledger)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(ledger);
        var customer = stored.Customer ?? throw new ArgumentException("Nobody was loaded; a customer is expected.", nameof(stored));
        var differences = new List<Difference>();
        var (state, unreadable) = Decode(stored);
        if (state is null)
        {
            return unreadable is UnreadableStateException
                ? new CustomerVerdict(customer, [], unreadable.Message)
                : new CustomerVerdict(customer, [new Difference("the state", $"bytes that cannot be read ({unreadable?.GetType().Name})", "a state")], "the state cannot be read");
        }

        differences.AddRange(Slots(stored, state));
        differences.AddRange(JournalCheck.Compare(customer, stored.Version, state, history, ledger));
        differences.AddRange(Bookkeeping.Compare(modules, state, ledger.Select(entry => new UnitsHeld(entry.Program, entry.Unit, entry.Lot, entry.Amount))));
        var obstacle = state.Observed.MissingLeaves.IsEmpty ? redecision.Obstacle(history, ledger) : "conditions were written later, and the customer has not been decided about since";
        if (obstacle is null)
        {
            differences.AddRange(Redecide(customer, state, history, ledger));
        }

        return new CustomerVerdict(customer, differences.ToSequence(), obstacle);
    }

    /// <summary>Whether what is left of somebody who was merged into another customer fits together: the journal with itself, and books that are closed.</summary>
    /// <param name="retired">Who: not the customer to whom the id leads.</param>
    /// <param name="history">Their own whole history.</param>
    /// <param name="ledger">All ledger entries in their own name.</param>
    public CustomerVerdict VerifyRetired(CustomerId retired, CustomerHistory history, IReadOnlyCollection<LedgerEntry> ledger)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(ledger);
        var closed = CustomerState.Newborn(modules);
        closed.Journal = null;
        closed.Opening = OpeningMark.Of(history.Opening);
        closed.RecordedAt = history.Entries.Max(entry => (NodaTime.Instant?)entry.RecordedAt) ?? history.Opening?.RecordedAt;
        var differences = JournalCheck.Compare(retired, long.MaxValue, closed, history, ledger)
            .Concat(Bookkeeping.Compare(modules, closed, ledger.Select(entry => new UnitsHeld(entry.Program, entry.Unit, entry.Lot, entry.Amount))));
        return new CustomerVerdict(retired, differences.ToSequence(), "the customer was merged into another, with whom the journal is decided again");
    }

    // Whatever a damaged journal does to modules is a difference, not the end of the verification.
    private List<Difference> Redecide(CustomerId customer, CustomerState state, CustomerHistory history, IReadOnlyCollection<LedgerEntry> ledger)
    {
        try
        {
            return [.. redecision.Compare(customer, state, history, ledger)];
        }
#pragma warning disable CA1031
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return [new Difference("the journal, decided again,", $"{fault.GetType().Name} of {(fault as ModuleFaultException)?.Module ?? StateCodec.KernelSlot}", "a state")];
        }
    }

    // Damaged bytes can do anything to a reader.
    private (CustomerState? State, Exception? Unreadable) Decode(CustomerSnapshot stored)
    {
        try
        {
            return (codec.Decode(stored.Slots, stored.Version), null);
        }
#pragma warning disable CA1031
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return (null, fault);
        }
    }

    // Equal states give equal bytes, so bytes that come out differently were not written by the module.
    private IEnumerable<Difference> Slots(CustomerSnapshot stored, CustomerState state)
    {
        foreach (var slot in stored.Slots)
        {
            if (modules.IndexOf(slot.Name) is >= 0 and var index && slot.Version == modules.Contracts[index].Codec.Version && codec.EncodeModule(index, state.Slots[index]) != slot)
            {
                yield return new Difference($"the bytes of the state of '{slot.Name}'", string.Create(CultureInfo.InvariantCulture, $"{slot.Bytes.Count} that do not come back"), "what the module writes");
            }
        }
    }
}
