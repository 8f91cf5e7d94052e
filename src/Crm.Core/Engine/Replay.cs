using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Folds a history again: the state it leads to and everything it produces on the way. A history that a merge has joined is folded by itself up to the merge; there the two states become one, as they did when
/// it was decided.
/// </summary>
internal static class Replay
{
    /// <param name="fold">The fold.</param>
    /// <param name="customer">Whose history.</param>
    /// <param name="start">The state to start from; it is not changed.</param>
    /// <param name="inputs">The history after it, in order, and those joined to it.</param>
    /// <param name="until">Up to when agenda entries are handled at the end.</param>
    /// <param name="after">Entries that come after the history, in order, and know what supplies had left for what fell due before them.</param>
    public static Replayed Run(Fold fold, CustomerId customer, CustomerState start, IReadOnlyList<JournalInput> inputs, Instant until, params IReadOnlyList<JournalDraft> after) => Run(fold, customer, start, inputs, until, null, after);

    /// <summary>Folds a history, and shows each step of it.</summary>
    /// <param name="fold">Decides.</param>
    /// <param name="customer">The customer.</param>
    /// <param name="start">The state to start from; it is not changed.</param>
    /// <param name="inputs">The history after it, in order, and those joined to it.</param>
    /// <param name="until">Up to when agenda entries are handled at the end.</param>
    /// <param name="passed">Is shown the state after each entry of the customer's own; null: nobody looks.</param>
    /// <param name="after">Entries that come after the history, in order, and know what supplies had left for what fell due before them.</param>
    public static Replayed Run(Fold fold, CustomerId customer, CustomerState start, IReadOnlyList<JournalInput> inputs, Instant until, Action<CustomerState>? passed, params IReadOnlyList<JournalDraft> after)
    {
        var journals = inputs.Any(input => input.Entry.InJournalOf is not null) ? inputs.ToLookup(input => input.Entry.InJournalOf) : null;
        return Run(fold, customer, start, journals is null ? inputs : [.. journals[null]], until, after, journals, passed);
    }

    /// <summary>Folds the history of somebody who was merged, up to an instant before the merge.</summary>
    /// <param name="fold">The fold.</param>
    /// <param name="merge">The merge, with whom it joined.</param>
    /// <param name="own">Their history, in order, and those joined to it.</param>
    /// <param name="into">The history in which the merge is.</param>
    /// <param name="until">The instant.</param>
    /// <param name="after">Their entries after it, as in <see cref="Run(Fold, CustomerId, CustomerState, IReadOnlyList{JournalInput}, Instant, IReadOnlyList{JournalDraft})"/>.</param>
    public static Replayed RunApart(Fold fold, JournalDraft merge, IReadOnlyList<JournalInput> own, IReadOnlyList<JournalInput> into, Instant until, IReadOnlyList<JournalDraft> after)
    {
        var (customer, beginning) = merge.Joins ?? throw new ArgumentException($"The entry '{merge.Key}' joins nobody; a merge is expected.", nameof(merge));
        var journals = own.ToLookup(input => input.Entry.InJournalOf);
        List<JournalInput> branch = [.. journals[customer]];
        return Run(fold, customer, Open(fold, beginning, branch, into, merge), branch, until, after, journals);
    }

    private static Replayed Run(Fold fold, CustomerId customer, CustomerState start, IReadOnlyList<JournalInput> inputs, Instant until, IReadOnlyList<JournalDraft> after, ILookup<CustomerId?, JournalInput>? journals, Action<CustomerState>? passed = null)
    {
        var state = start.Clone();
        var all = new Consequences { Of = Whose.Reversible };
        var lines = new Dictionary<EventKey, Sequence<ReceiptLine>>();
        Refusal? refused = null;
        // Those of entries that are still to come; what fell due before them was told of them.
        var supplies = SuppliesLeft.Of(inputs.Select(input => input.Entry).Concat(after));
        foreach (var input in inputs)
        {
            // What a retirement does is the merge's to do.
            if (input.Entry.Kind.Name == EventKinds.RetiredName)
            {
                continue;
            }

            if (!AnyOpenAt(supplies, state.Handled))
            {
                fold.SettleBefore(state, input.Entry.EffectiveAt, all);
            }

            var due = new Consequences { Of = Whose.Reversible };
            fold.BringForward(customer, state, input.Entry.EffectiveAt, due, supplies);
            var own = new Consequences { Of = Whose.Reversible };
            var left = LeftFor(input.Entry.Key, supplies);
            if (input.Entry.Joins is { } joins)
            {
                List<JournalInput> branch = [.. journals?[joins.Customer] ?? []];
                var joined = Run(fold, joins.Customer, Open(fold, joins.Beginning, branch, inputs, input.Entry), branch, input.Entry.EffectiveAt, [], journals);
                all.Add(joined.Consequences, joins.Customer);
                fold.Join(customer, state, joined.State, input, left, own);
            }
            else
            {
                refused ??= fold.Happen(customer, state, input, own, left);
            }

            if (left is not null)
            {
                supplies.Remove(left);
            }

            if (input.Entry.SilencesDue)
            {
                due.Silence();
            }

            if (input.Entry.Backfill)
            {
                own.Silence();
            }

            passed?.Invoke(state);
            all.Add(due);
            all.Add(own);
            lines[input.Entry.Key] = own.Lines.ToSequence();
        }

        fold.BringForward(customer, state, until, all, supplies);
        return new Replayed(state, all, lines, refused);
    }

    private static bool AnyOpenAt(List<SuppliesLeft> supplies, Instant? instant) => supplies.Count > 0 && supplies.Exists(left => left.IsOpenAt(instant));

    private static SuppliesLeft? LeftFor(EventKey entry, List<SuppliesLeft> supplies) => supplies.Count == 0 ? null : supplies.Find(left => left.Entry == entry);

    // What opened history after two had become one opened that of both.
    private static CustomerState Open(Fold fold, CustomerState beginning, List<JournalInput> branch, IReadOnlyList<JournalInput> journal, JournalDraft join)
    {
        foreach (var input in journal)
        {
            if (input is { Event: not null, Entry.Kind.OpensHistory: true } && input.Entry.RecordedAt > join.RecordedAt)
            {
                beginning = Fold.Opened(beginning, fold.OpenedBy(input.Entry));
                var place = branch.FindIndex(own => own.Entry.EffectiveAt > input.Entry.EffectiveAt);
                branch.Insert(place < 0 ? branch.Count : place, input);
            }
        }

        return beginning;
    }
}

/// <summary>What a replay gave.</summary>
/// <param name="State">The state at its end.</param>
/// <param name="Consequences">Everything produced.</param>
/// <param name="Lines">The receipt lines of each event.</param>
/// <param name="Refused">Why the one request of the history that was not decided yet was refused: then the state is spoilt; null where none was.</param>
internal sealed record Replayed(CustomerState State, Consequences Consequences, IReadOnlyDictionary<EventKey, Sequence<ReceiptLine>> Lines, Refusal? Refused);
