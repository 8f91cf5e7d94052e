using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Engine;

/// <summary>The step of a fold in which two customers become one.</summary>
internal sealed partial class Fold
{
    /// <summary>Joins the state of a customer who goes to that of the one who stays: what the kernel counts, what modules have, and then whatever modules decide because of it.</summary>
    /// <param name="customer">Who stays.</param>
    /// <param name="state">The state of who stays, brought forward to the merge. Is changed.</param>
    /// <param name="retired">The state of who goes, brought forward to the merge.</param>
    /// <param name="merge">The merge, in the history of who stays.</param>
    /// <param name="supplies">What there is left for it of supplies that are short, after what fell due before it; null: as its entry says.</param>
    /// <param name="consequences">Takes what comes of it. What goes over from one to the other is not in it.</param>
    public void Join(CustomerId customer, CustomerState state, CustomerState retired, JournalInput merge, SuppliesLeft? supplies, Consequences consequences)
    {
        var entry = merge.Entry;
        var happened = merge.Event ?? entry.Event;
        var told = happened with { Fields = happened.Fields.With(Fields.Of((EventKinds.RetiredField, entry.Observations[Storage.JoinedHistories.RetiredObservation]))) };
        LookAnew(customer, state, entry.EffectiveAt);
        Observations.Apply(entry.Observations, state, modules);
        state.SinceCheckpoint = options.CheckpointEvery;
        state.NeedsWholeHistory |= retired.NeedsWholeHistory;
        state.Awaited = state.Awaited.Union(retired.Awaited).ToSequence();
        state.Toggled = state.Toggled.UnionBy(retired.Toggled, toggled => toggled.FollowUp).ToSequence();
        state.Observed.Join(retired.Observed);
        state.Observed.Add(happened, entry.EffectiveAt);
        context.Enter(customer, state, entry.Key, entry.EffectiveAt, entry.Observations, accepted: false, LeftFor(entry, supplies));
        var stimulus = new Stimulus.Happened(told);
        context.Handle(stimulus);
        List<Echo>? echoes = null;
        for (var index = 0; index < modules.Count; index++)
        {
            if (entry.Version > state.Since[index])
            {
                Join(index, state, retired, consequences, ref echoes);
            }
        }

        Round(state, stimulus, happened.Kind, entry, consequences, echoes);
        context.Leave();
        if (state.Handled is null || entry.EffectiveAt > state.Handled)
        {
            state.Handled = entry.EffectiveAt;
        }
    }

    private void Join(int index, CustomerState state, CustomerState retired, Consequences consequences, ref List<Echo>? echoes)
    {
        var (mine, theirs) = (state.Slots[index], retired.Slots[index]);
        if (IsEmpty(index, theirs))
        {
            return;
        }

        var merged = IsEmpty(index, mine) ? Whole(index, retired) : Merged(index, mine, theirs);
        if (merged is not null && !ReferenceEquals(merged, Outcome.Nothing))
        {
            Take(state, index, merged, consequences);
            if (!merged.Echoes.IsEmpty)
            {
                (echoes ??= []).AddRange(merged.Echoes.AsSpan());
            }
        }

        if (modules.All[index] is IHoldsUnits holder)
        {
            CheckUnits(index, holder, mine, theirs, merged, state.Slots[index]);
        }
    }

    private bool IsEmpty(int index, object slot) =>
        ReferenceEquals(slot, modules.EmptySlots[index]) || codec.EncodeModule(index, slot).Bytes == codec.EncodeModule(index, modules.EmptySlots[index]).Bytes;

    // Who has nothing takes over everything.
    private Outcome.Accepted Whole(int index, CustomerState retired) => new()
    {
        State = retired.Slots[index],
        Facts = retired.Facts.InOrder.ToArray().Where(fact => modules.OwnerOf(fact.Name)?.Module == index).ToSequence(),
        Agenda = retired.Agenda.Entries.ToArray().Where(entry => entry.Module == index).Select(entry => new AgendaChange(entry.Key, entry.Due, entry.Phase)).ToSequence(),
    };

    private Outcome.Accepted? Merged(int index, object mine, object theirs)
    {
        context.Ask(index);
        try
        {
            return modules.All[index].Merge(mine, theirs, context);
        }
        catch (Exception fault) when (fault is not ModuleFaultException)
        {
            throw new ModuleFaultException(modules.Contracts[index].Name, $"failed while two customers were merged by '{context.Cause}'; a module must merge any two of its states.", fault);
        }
    }

    private void CheckUnits(int index, IHoldsUnits holder, object mine, object theirs, Outcome.Accepted? merged, object joined)
    {
        var lots = new Dictionary<(string Program, string Unit, string Lot), long>();
        foreach (var units in holder.Held(mine).Concat(holder.Held(theirs)).Concat((merged?.Entries ?? []).Select(entry => new UnitsHeld(entry.Program, entry.Unit, entry.Lot, entry.Amount))))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(lots, (units.Program, units.Unit, units.Lot), out _) += units.Amount;
        }

        foreach (var units in holder.Held(joined))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(lots, (units.Program, units.Unit, units.Lot), out _) -= units.Amount;
        }

        foreach (var (lot, missing) in lots)
        {
            if (missing != 0)
            {
                throw new ModuleFaultException(modules.Contracts[index].Name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(missing > 0 ? "lost" : "made up")} {Math.Abs(missing)} of the lot '{lot.Lot}' of {lot.Unit} in '{lot.Program}' while two customers were merged by '{context.Cause}'; what both hold is to be held afterwards, but for what its entries move. Override {nameof(ICustomerModule.Merge)}."));
            }
        }
    }
}
