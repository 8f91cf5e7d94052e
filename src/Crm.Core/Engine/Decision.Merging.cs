using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The decision that two customers are one.</summary>
internal sealed partial class Decision
{
    private Checkpoint? last;

    /// <summary>Makes this customer and another one, as of the later of what either has handled. Both are committed together afterwards.</summary>
    /// <param name="retired">The other one, whose id will stand for this one's.</param>
    /// <param name="happened">The merge as it was asked for.</param>
    /// <param name="payloadHash">Its hash.</param>
    /// <param name="identity">By which this customer was named; null: by id.</param>
    /// <param name="now">The engine's now.</param>
    /// <param name="shortages">Supplies that a commit found short, for what falls due before the merge.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The receipt of this customer.</returns>
    public async ValueTask<Receipt> MergeAsync(Decision retired, CustomerEvent happened, UInt128 payloadHash, Identity? identity, Instant now, Shortages shortages, CancellationToken cancellationToken)
    {
        profile = retired.Profile.With(Profile);
        state.IsForgotten &= retired.state.IsForgotten;
        var recordedAt = Kernel.After(Later(state.RecordedAt, retired.state.RecordedAt), now);
        var occurredAt = Instant.FromUnixTimeTicks((happened.OccurredAt ?? recordedAt).ToUnixTimeTicks());
        var at = Later(Later(state.Handled, retired.state.Handled), occurredAt) ?? occurredAt;
        var today = await kernel.ProfileAsync(Customer, identity, Profile, cancellationToken).ConfigureAwait(false);
        var draft = new JournalDraft
        {
            Event = happened with { OccurredAt = occurredAt, Customer = null, Identity = null },
            Kind = EventKinds.Merged,
            EffectiveAt = at,
            RecordedAt = recordedAt,
            Version = Version + 1,
        };
        var left = draft with
        {
            Event = draft.Event with { Key = DerivedKey.Of(happened.Key, "retired"), Kind = EventKinds.RetiredName },
            Kind = EventKinds.Retired,
            Version = retired.Version + 1,
            Observations = Observations.Short(retired.state, shortages).With(Fields.Of((JoinedHistories.SurvivorObservation, Customer.ToString()))),
        };
        retired.BringForward(left);
        // Both are written at once, so what the one has drawn is not there for the other.
        var rest = shortages.Less(retired.consequences.Drawn);
        draft = draft with { Observations = Observations.Of(happened, state, today, isLate: false, kernel.Modules, rest).With(Fields.Of((JoinedHistories.RetiredObservation, retired.Customer.ToString()))) };
        var supplies = BringForward(draft);
        var own = new Consequences();
        var units = retired.Units();
        fold.Join(Customer, state, retired.state, new JournalInput(draft, draft.Event), supplies, own);
        own.Entries.InsertRange(0, Transfers(units, draft, +1));
        own.Lines.InsertRange(0, Lines("merged", retired.Customer, units, +1));
        retired.Close(left, units, Customer);
        return Record(draft, payloadHash, identity is null ? null : snapshot.IdentityReference, RecordMode.Live, own, null, null);
    }

    /// <summary>The commit of a customer who goes.</summary>
    public Commit ToCommit(Instant now, CustomerSnapshot survivor) => (ToCommit(now) ?? throw new InvalidOperationException("A customer was merged and there is nothing to commit.")) switch
    {
        var commit => commit with
        {
            Checkpoints = last is null ? commit.Checkpoints : commit.Checkpoints.Add(last),
            Retirement = new Retirement(survivor.Customer ?? throw new InvalidOperationException("Somebody was merged into nobody."), survivor.Identities, snapshot.Identities),
        },
    };

    // Returns what supplies that are short have left for what comes then.
    private SuppliesLeft? BringForward(JournalDraft until, bool withholds = false)
    {
        var left = SuppliesLeft.Of(until);
        var due = new Consequences();
        fold.SettleBefore(state, until.EffectiveAt, due);
        fold.BringForward(Customer, state, until.EffectiveAt, due, left is null ? null : [left]);
        if (withholds)
        {
            due.Withhold();
        }

        KeepDue(due, RecordMode.Live);
        return left;
    }

    // What the customer holds, lot by lot, over all modules.
    private List<UnitsHeld> Units() => [.. kernel.Modules.All.Select((module, index) => (module as IHoldsUnits)?.Held(state.Slots[index]) ?? []).SelectMany(units => units).Where(units => units.Amount != 0)];

    // The last state is kept as a checkpoint, for replays and for whoever wants to part them again; what is left of it here is nothing.
    private void Close(JournalDraft left, List<UnitsHeld> units, CustomerId survivor)
    {
        last = new Checkpoint(left.EffectiveAt, kernel.Codec.EncodeAll(state));
        var own = new Consequences();
        own.Entries.AddRange(Transfers(units, left, -1));
        own.Lines.AddRange(Lines("retired", survivor, units, -1));
        foreach (var fact in state.Facts.InOrder.ToArray())
        {
            state.Facts.Set(fact with { Value = default });
        }

        var empty = CustomerState.Newborn(kernel.Modules);
        empty.Slots.CopyTo(state.Slots, 0);
        state.Agenda = empty.Agenda;
        state.Observed = empty.Observed;
        empty.ProfileTruths.CopyTo(state.ProfileTruths, 0);
        empty.ProfileValues.CopyTo(state.ProfileValues, 0);
        state.Handled = left.EffectiveAt;
        profile = default(Fields);
        Record(left, Binary.PayloadHash(left.Event), null, RecordMode.Live, own, null, null);
    }

    private static IEnumerable<LedgerEntry> Transfers(IEnumerable<UnitsHeld> units, JournalDraft draft, int sign) => units.Select(held => new LedgerEntry
    {
        Program = held.Program,
        Unit = held.Unit,
        Lot = held.Lot,
        Amount = sign * held.Amount,
        Movement = Movement.Transferred,
        Cause = draft.Key,
        OccurredAt = draft.EffectiveAt,
        Code = "merge",
    });

    // One line that says with whom, and one for each unit that went over.
    private static IEnumerable<ReceiptLine> Lines(string code, CustomerId other, IEnumerable<UnitsHeld> units, int sign) =>
    [
        new ReceiptLine(StateCodec.KernelSlot, code) { Subject = other.ToString(), Text = code == "merged" ? new Text("Two customers became one.", "兩位客人的資料合併為一。") : new Text("Goes on as another customer.", "已併入另一位客人。") },
        .. units.GroupBy(held => (held.Program, held.Unit)).OrderBy(unit => unit.Key.Program, StringComparer.Ordinal).ThenBy(unit => unit.Key.Unit, StringComparer.Ordinal)
            .Select(unit => new ReceiptLine(StateCodec.KernelSlot, "merged-units") { Program = unit.Key.Program, Subject = unit.Key.Program, Unit = unit.Key.Unit, Amount = sign * unit.Sum(held => held.Amount) })
            .Where(line => line.Amount != 0),
    ];

    private static Instant? Later(Instant? left, Instant? right) => left is null ? right : right is null || left > right ? left : right;
}
