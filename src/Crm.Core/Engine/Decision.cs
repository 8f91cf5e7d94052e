using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>One commit in the making: a customer as loaded, and everything that is decided on top of it in memory before it is written.</summary>
internal sealed partial class Decision
{
    private const int Few = 6;
    private static readonly HashSet<string> NothingClosed = [];

    private readonly Kernel kernel;
    private readonly Fold fold;
    private readonly CustomerSnapshot snapshot;
    private readonly object[] slotsBefore;
    private readonly Instant? dueBefore;
    private readonly Sequence<string> ownerless;
    private readonly Consequences consequences = new();
    private readonly List<JournalEntry> entries = [];
    private HashSet<MessageName>? withdrawn;
    private List<string>? settled;
    private CustomerState state;
    private FactTable? factsBeforeCorrection;
    private CustomerHistory? wholeHistory;
    private readonly IdentityClaims claims;
    private Fields? profile;
    private Instant? invalidFrom;
    private bool broughtForward;
    private bool looksAgain;

    private Decision(Kernel kernel, CustomerSnapshot snapshot, CustomerId customer, CustomerState state)
    {
        this.kernel = kernel;
        this.snapshot = snapshot;
        this.state = state;
        Customer = customer;
        claims = new IdentityClaims(snapshot, customer);
        Version = snapshot.Version;
        fold = kernel.LendFold();
        slotsBefore = [.. state.Slots];
        state.Facts.Remember();
        ownerless = state.Ownerless;
        dueBefore = snapshot.Customer is null ? null : state.NextDue;
    }

    public CustomerId Customer { get; }

    /// <summary>The version after what has been decided so far.</summary>
    public long Version { get; private set; }

    public bool Born => snapshot.Customer is null;

    public CustomerState State => state;

    public Fields Profile => profile ?? snapshot.Profile;

    /// <summary>Begins with a customer as loaded, or with a newborn one.</summary>
    public static async ValueTask<Decision> BeginAsync(Kernel kernel, CustomerSnapshot snapshot, IIdSource ids, CancellationToken cancellationToken)
    {
        var decision = new Decision(kernel, snapshot, snapshot.Customer ?? ids.NewCustomerId(), kernel.Codec.Decode(snapshot.Slots, snapshot.Version));
        if (!decision.state.Observed.MissingLeaves.IsEmpty && snapshot.Version > 0)
        {
            await decision.FillNewWindowsAsync(cancellationToken).ConfigureAwait(false);
        }

        return decision;
    }

    /// <summary>Decides an event.</summary>
    /// <param name="happened">The event, checked.</param>
    /// <param name="payloadHash">The hash of what was sent.</param>
    /// <param name="mode">Live or backfill.</param>
    /// <param name="now">The engine's now.</param>
    /// <param name="closed">Quotas that a commit found exhausted.</param>
    /// <param name="owners">The owners of further identities, where a commit found that they have one.</param>
    /// <param name="loaded">The customer as loaded by what this event names them by; others decided with it may name them otherwise.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<Receipt> AddAsync(CustomerEvent happened, UInt128 payloadHash, RecordMode mode, Instant now, IReadOnlySet<string>? closed, IReadOnlyDictionary<Identity, CustomerId>? owners, CustomerSnapshot loaded, CancellationToken cancellationToken)
    {
        if (Born && happened.Identity is { } identity)
        {
            claims.Add(identity);
        }

        if (happened.Profile.Count > 0 || !happened.ProfileRemoved.IsEmpty)
        {
            profile = happened.ProfileRemoved.Aggregate(Profile, (kept, field) => kept.With(field, default)).With(happened.Profile);
        }

        var today = await kernel.ProfileAsync(Customer, happened.Identity, Profile, cancellationToken).ConfigureAwait(false);
        return await AddAsync(happened, payloadHash, mode, now, closed, owners, loaded, today, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Receipt> AddAsync(CustomerEvent happened, UInt128 payloadHash, RecordMode mode, Instant now, IReadOnlySet<string>? closed, IReadOnlyDictionary<Identity, CustomerId>? owners, CustomerSnapshot loaded, Fields today, CancellationToken cancellationToken)
    {
        var kind = kernel.Modules.Kinds.Find(happened.Kind) ?? throw new InvalidOperationException($"The kind '{happened.Kind}' was not checked.");
        var recordedAt = Kernel.After(state.RecordedAt, now);
        // The profile is as it is now, whatever clock the last event went by.
        var occurredAt = kind.Name == EventKinds.ProfileObservedName ? Instant.Max(recordedAt, state.Handled ?? recordedAt) : Instant.FromUnixTimeTicks((happened.OccurredAt ?? recordedAt).ToUnixTimeTicks());
        var isLate = state.Handled is { } handled && occurredAt < handled;
        var isOfDisposed = occurredAt <= state.Opening?.At;
        var decidedNow = isOfDisposed || (isLate && !kind.OrderFree && !kind.OpensHistory && (kind.Nature == EventNature.Request || occurredAt < state.Handled - kernel.Options.ReplayHorizon));
        var draft = new JournalDraft
        {
            Event = happened with { OccurredAt = occurredAt, Customer = null, Identity = null, AlsoKnownAs = default, Profile = default, ProfileRemoved = default, Lookups = default },
            Kind = kind,
            EffectiveAt = decidedNow ? DisposedHistory.After(state.Opening, kind.OpensHistory ? occurredAt : state.Handled ?? occurredAt) : occurredAt,
            RecordedAt = recordedAt,
            Version = Version + 1,
            Observations = Observations.Of(happened, state, today, isLate, kernel.Modules, closed ?? NothingClosed),
            Backfill = mode == RecordMode.Backfill,
        };
        var changesHistory = kind.Nature == EventNature.Amendment
            || kind.OpensHistory
            || (draft.EffectiveAt < state.Handled && !kind.OrderFree)
            || state.Awaited.Contains(draft.Key);
        if (isLate && kind.OrderFree && !decidedNow && IsMinded(kind.Name))
        {
            // It counts from its own instant on, which no state kept since then knows.
            InvalidateFrom(draft.EffectiveAt);
        }

        var own = new Consequences();
        if (!isLate || draft.EffectiveAt > state.Handled)
        {
            var due = new Consequences();
            fold.SettleBefore(state, draft.EffectiveAt, due);
            fold.BringForward(Customer, state, draft.EffectiveAt, due, closed is { Count: > 0 } ? [.. Observations.Closings(draft)] : null);
            KeepDue(due, mode);
        }

        TakenBack? taken = null;
        var refusal = claims.Check(happened, kind, owners, own);
        if (refusal is null && changesHistory)
        {
            (taken, refusal) = await CorrectAsync(draft, own, closed ?? NothingClosed, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            refusal ??= Straight(draft, own);
        }

        foreach (var further in happened.AlsoKnownAs)
        {
            if (refusal is null && owners?.ContainsKey(further) != true)
            {
                claims.Add(further);
            }
        }

        if (decidedNow && kind.Nature != EventNature.Request)
        {
            own.Lines.Add(isOfDisposed ? DisposedHistory.Line : new ReceiptLine(StateCodec.KernelSlot, "beyond-replay-horizon"));
        }

        var receipt = Record(draft, payloadHash, claims.ReferenceOf(happened, loaded), mode, own, taken, refusal);
        if (kind.OpensHistory)
        {
            // What a past brings has fallen due long ago.
            BringForward(now, mode);
        }

        looksAgain |= isLate && mode == RecordMode.Live && (happened.Profile.Count > 0 || !happened.ProfileRemoved.IsEmpty);
        return receipt;
    }

    /// <summary>Looks at the profile where an event that came late has changed it: it is changed now, not then. After all events of the decision, because what is observed counts from now on.</summary>
    public async ValueTask LookAgainAsync(Instant now, IReadOnlySet<string>? closed, CancellationToken cancellationToken)
    {
        if (looksAgain)
        {
            await ObserveAsync(RecordMode.Live, now, closed, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Looks at the profile as it is now; where tests of it are answered otherwise than the state knows, an entry of the journal says so from now on.</summary>
    /// <returns>Whether there is such an entry.</returns>
    public async ValueTask<bool> ObserveAsync(RecordMode mode, Instant now, IReadOnlySet<string>? closed, CancellationToken cancellationToken)
    {
        var today = await kernel.ProfileAsync(Customer, null, Profile, cancellationToken).ConfigureAwait(false);
        if (!Observations.Differ(state, today, kernel.Modules, alsoNew: true))
        {
            return false;
        }

        var observed = ProfileObserver.Observed(Customer, Version);
        await AddAsync(observed, Binary.PayloadHash(observed), mode, now, closed, null, snapshot, today, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Handles what is due at or before an instant.</summary>
    public void BringForward(Instant until, RecordMode mode = RecordMode.Live)
    {
        var due = new Consequences();
        fold.BringForward(Customer, state, until, due);
        KeepDue(due, mode);
    }

    /// <summary>The state that a part of the customer's history leads to, decided again from its beginning on, with what is pinned since.</summary>
    public CustomerState Replayed(JournalOpening? opening, IReadOnlyList<JournalInput> inputs, Instant until) => Replay.Run(fold, Customer, Pins.Of(kernel.Modules, Beginning(opening), state), inputs, until).State;

    /// <summary>Takes what one module keeps from a replay of the whole history in which the module was there from the beginning. The customer has been brought forward.</summary>
    /// <returns>Whether anything changes.</returns>
    public async ValueTask<bool> RebuildAsync(int module, Instant now, CancellationToken cancellationToken)
    {
        var whole = await WholeAsync(cancellationToken).ConfigureAwait(false);
        var inputs = EffectiveHistory.Of([.. JournalDraft.Of(WithNew(whole), kernel.Modules, kernel.Codec)]).Inputs;
        if (inputs.Count == 0)
        {
            return false;
        }

        var start = Beginning(whole.Opening);
        start.Since[module] = 0;
        var replayed = Replay.Run(fold, Customer, Pins.Of(kernel.Modules, start, state), inputs, Instant.Max(now, state.Handled ?? now));
        var changes = state.Since[module] != 0 | state.Take(kernel.Modules, module, replayed.State, replayed.State.Slots[module], kernel.Codec);
        if (changes)
        {
            state.Since[module] = 0;
            invalidFrom = inputs[0].Entry.EffectiveAt;
            consequences.Checkpoints.Clear();
            consequences.Checkpoints.AddRange(replayed.Consequences.Checkpoints);
        }

        return changes;
    }

    /// <summary>Asks one module now, as if an entry of its agenda were due; nothing is sent for it.</summary>
    /// <returns>Whether its state changes.</returns>
    public bool AskNow(int module, string key, Instant now)
    {
        var before = state.Slots[module];
        state.Agenda.Set(new AgendaEntry(now, module, 0, key));
        BringForward(now, RecordMode.Backfill);
        return !ReferenceEquals(before, state.Slots[module]);
    }

    /// <summary>Has outbox items leave the outbox with this commit.</summary>
    public void Settle(string outboxId) => (settled ??= []).Add(outboxId);

    /// <summary>Gives back what decisions lend each other; nothing more is decided with this one.</summary>
    public void Finish() => kernel.TakeBack(fold);

    /// <summary>The commit of everything decided; null when there is nothing to write.</summary>
    public Commit? ToCommit(Instant now)
    {
        if (entries.Count == 0 && !broughtForward && settled is null)
        {
            return null;
        }

        // A later event may still count at the last instant handled, as a late request does: a state as of that instant is not whole yet.
        if (consequences.HasCheckpoints && consequences.Checkpoints.RemoveAll(checkpoint => checkpoint.At >= state.Handled) > 0)
        {
            state.SinceCheckpoint = kernel.Options.CheckpointEvery;
        }

        var nextDue = state.NextDue;
        var version = Math.Max(Version, snapshot.Version + 1);
        var commit = new Commit
        {
            Customer = Customer,
            ExpectedVersion = snapshot.Version,
            Version = version,
            RecordedAt = Kernel.After(null, now),
            Claims = claims.All,
            Entries = entries.ToSequence(),
            Slots = kernel.Codec.EncodeChanged(state, slotsBefore),
            Ledger = Netted(),
            Facts = ChangedFacts(),
            Profile = profile,
            NextDue = nextDue,
            NextDueChanged = nextDue != dueBefore || entries.Count == 0,
            Outbox = consequences.HasOutbox ? Outbox(now) : [],
            Withdrawn = Withdrawn(),
            Settled = settled?.ToSequence() ?? [],
            Quotas = Draws(),
            CheckpointsInvalidFrom = invalidFrom,
            Checkpoints = Checkpoints(),
        };
        commit.Check();
        return commit;
    }

    private Refusal? Straight(JournalDraft draft, Consequences own)
    {
        var input = new JournalInput(draft, draft.Event);
        if (draft.Kind.Nature != EventNature.Request)
        {
            return fold.Happen(Customer, state, input, own);
        }

        var trial = state.Clone();
        if (fold.Happen(Customer, trial, input, own) is { } refusal)
        {
            return refusal;
        }

        state = trial;
        return null;
    }

    private async ValueTask<(TakenBack? Taken, Refusal? Refusal)> CorrectAsync(JournalDraft draft, Consequences own, IReadOnlySet<string> closed, CancellationToken cancellationToken)
    {
        if (draft.Event is { Kind: EventKinds.RefundName, Original: null })
        {
            state.NeedsWholeHistory = true;
        }

        var (start, before) = await HistoryAsync(draft, cancellationToken).ConfigureAwait(false);
        var drafts = JournalDraft.Of(WithNew(before), kernel.Modules, kernel.Codec)
            .Where(entry => entry.InJournalOf is not null || start.Handled is not { } from || entry.EffectiveAt > from).ToList();
        var isOfDisposed = await DisposedHistory.ReachesAsync(kernel.Store, Customer, state, drafts, draft, cancellationToken).ConfigureAwait(false);
        if (!isOfDisposed && draft is { Kind.Nature: EventNature.Amendment, Event.Original: { } original } && drafts.TrueForAll(entry => entry.Key != original || entry.EffectiveAt > draft.EffectiveAt))
        {
            state.NeedsWholeHistory = true;
        }

        List<JournalDraft> ordered = [.. drafts.Where(entry => entry.EffectiveAt <= draft.EffectiveAt), draft, .. drafts.Where(entry => entry.EffectiveAt > draft.EffectiveAt)];
        var changed = EffectiveHistory.Of(ordered);
        var until = state.Handled is { } handled && handled > draft.EffectiveAt ? handled : draft.EffectiveAt;
        var unchanged = EffectiveHistory.Of(drafts);
        start = Pins.Of(kernel.Modules, start, state);
        var without = Replay.Run(fold, Customer, start, unchanged.Inputs, until);
        var with = Replay.Run(fold, Customer, draft.Kind.OpensHistory ? fold.Opened(start, draft.Kind) : start, changed.Inputs, until);
        if (isOfDisposed || DisposedHistory.IsLookedFor(state, unchanged, changed, draft))
        {
            own.Lines.Add(DisposedHistory.Line);
        }

        RememberAwaited(draft, drafts, isOfDisposed);
        if (with.Refused is { } refused)
        {
            // A request that an amendment was waiting for, and that is refused like any other.
            return (null, refused);
        }

        var corrected = new Correction(kernel.Modules, kernel.Codec, state, without, with, draft).Apply(own, closed, out var gone);
        factsBeforeCorrection ??= state.Facts.AsRemembered();
        corrected.NeedsWholeHistory = state.NeedsWholeHistory;
        corrected.Awaited = state.Awaited;
        corrected.Journal = state.Journal;
        corrected.Opening = state.Opening;
        corrected.Untold = state.Untold;
        consequences.Messages.RemoveAll(message => gone.Contains(MessageName.Of(message)));
        (withdrawn ??= []).UnionWith(gone);
        Invalidate(unchanged, changed, draft, own);
        if (draft.Kind.OpensHistory)
        {
            // What was kept of the state before the event was kept of modules that had not seen it.
            InvalidateFrom(changed.Inputs[0].Entry.EffectiveAt);
            corrected = fold.Opened(corrected, draft.Kind);
        }

        state = corrected;
        fold.TellCorrected(Customer, state, draft, new Amending(fold, Customer, start, draft, ordered, unchanged, changed), own);
        return (changed.TakenBy(draft.Key) ?? changed.TakenBy(draft.Event, unchanged), null);
    }

    // Awaited originals are those that an amendment names and that have not come.
    private void RememberAwaited(JournalDraft draft, List<JournalDraft> drafts, bool isOfDisposed)
    {
        if (!isOfDisposed && draft.Kind.Nature == EventNature.Amendment && draft.Event.Original is { } original && drafts.All(entry => entry.Key != original))
        {
            state.Awaited = state.Awaited.Contains(original) ? state.Awaited : state.Awaited.Add(original);
        }
        else if (state.Awaited.Contains(draft.Key))
        {
            state.Awaited = state.Awaited.Where(key => key != draft.Key).ToSequence();
        }
    }

    // Checkpoints from the first event that differs on are no longer true; the replay has made new ones of what is decided again.
    private void Invalidate(EffectiveHistory unchanged, EffectiveHistory changed, JournalDraft draft, Consequences own)
    {
        var first = changed.Inputs.First(input => input.Entry.Key == draft.Key || input.Event != unchanged.Left[input.Entry.Key]).Entry.EffectiveAt;
        InvalidateFrom(first);
        // What the replay leaves irrevocable modules with is not what they decided, and those that are told of the change may ask about an event after it.
        var isTold = fold.TellsIrrevocable(draft.Event.Kind);
        own.Checkpoints.RemoveAll(checkpoint => isTold || checkpoint.At < first);
    }

    private bool IsMinded(string kind) =>
        kernel.Modules.Windows.SeriesTouchedBy(kind).Length > 0 || Array.Exists(kernel.Modules.HandlersFor(kind), index => kernel.Modules.Contracts[index].Reversible);

    private void InvalidateFrom(Instant first)
    {
        invalidFrom = invalidFrom is { } already && already < first ? already : first;
        consequences.Checkpoints.RemoveAll(checkpoint => checkpoint.At >= first);
    }

    private async ValueTask<(CustomerState Start, CustomerHistory History)> HistoryAsync(JournalDraft draft, CancellationToken cancellationToken)
    {
        var whole = state.NeedsWholeHistory || !state.Awaited.IsEmpty || invalidFrom is not null || draft.Kind.OpensHistory;
        if (Born)
        {
            return (Newborn(), new CustomerHistory(null, []));
        }

        if (whole || wholeHistory is not null)
        {
            return await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
        }

        HistoryStart from = draft.Kind.Nature == EventNature.Amendment && draft.Event.Original is { } original
            ? new HistoryStart.BeforeEvent(original)
            : new HistoryStart.Before(draft.EffectiveAt);
        var history = await kernel.Store.JoinAsync(await kernel.Store.LoadHistoryAsync(Customer, from, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (history.Checkpoint is null)
        {
            wholeHistory = history;
        }

        // Whatever takes back an amendment changes the event that the amendment took from, which may be before any checkpoint before it.
        var takesBackAmendment = history.Entries.Any(entry => entry.Event.Key == draft.Event.Original && kernel.Modules.Kinds.Find(entry.Event.Kind) is { Nature: EventNature.Amendment });
        // Where a merge comes after the checkpoint, what is left of the retired journal may depend on amendments before it.
        if (history.Checkpoint is not { } checkpoint || checkpoint.At >= draft.EffectiveAt || takesBackAmendment || !history.Joined.IsEmpty)
        {
            return await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
        }

        var start = kernel.Codec.Decode(checkpoint.Slots, 0);
        Array.Copy(state.Since, start.Since, start.Since.Length);
        return start.Observed.MissingLeaves.IsEmpty ? (start, history) : await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(CustomerState Start, CustomerHistory History)> FromBeginningAsync(CancellationToken cancellationToken)
    {
        var whole = await WholeAsync(cancellationToken).ConfigureAwait(false);
        return (Beginning(whole.Opening), whole);
    }

    private async ValueTask<CustomerHistory> WholeAsync(CancellationToken cancellationToken) =>
        wholeHistory ??= await kernel.Store.LoadWholeAsync(Customer, cancellationToken).ConfigureAwait(false);

    private CustomerHistory WithNew(CustomerHistory history) => entries.Count == 0 ? history : history with { Entries = history.Entries.Concat(entries).ToSequence() };

    private CustomerState Newborn() => Beginning(null);

    private CustomerState Beginning(JournalOpening? opening) => HistoryBeginning.Of(kernel.Codec, kernel.Modules, opening, state.Since);

    // A window that no definition had before is filled from history once; what was disposed of cannot be counted in it.
    private async ValueTask FillNewWindowsAsync(CancellationToken cancellationToken)
    {
        var history = await WholeAsync(cancellationToken).ConfigureAwait(false);
        var filled = Beginning(history.Opening).Observed;
        foreach (var input in EffectiveHistory.Of([.. JournalDraft.Of(history, kernel.Modules, kernel.Codec)]).Inputs)
        {
            if (input is { Event: { } happened, Entry.Kind.Name: not EventKinds.RetiredName })
            {
                filled.Add(happened, input.Entry.EffectiveAt);
            }
        }

        state.Observed = filled;
    }

    private Receipt Record(JournalDraft draft, UInt128 payloadHash, int? identityReference, RecordMode mode, Consequences own, TakenBack? taken, Refusal? refusal)
    {
        if (refusal is null)
        {
            Keep(own, mode);
        }

        Version = draft.Version;
        state.RecordedAt = draft.RecordedAt;
        var receipt = new Receipt
        {
            Key = draft.Key,
            Customer = Customer,
            Version = draft.Version,
            EffectiveAt = draft.EffectiveAt,
            Refusal = refusal,
            Lines = refusal is null ? own.Lines.ToSequence() : [],
            TakenBack = taken,
            Decisions = refusal is null && own.HasDecisions ? state.Untold.Concat(own.Decisions).ToSequence() : state.Untold,
        };
        state.Untold = [];
        entries.Add(new JournalEntry
        {
            Version = draft.Version,
            Event = draft.Event,
            EffectiveAt = draft.EffectiveAt,
            RecordedAt = draft.RecordedAt,
            PayloadHash = payloadHash,
            Receipt = receipt,
            Observations = draft.Observations,
            IdentityReference = identityReference,
            Backfill = draft.Backfill,
        });
        state.Journal = state.Journal?.With(entries[^1]);
        return receipt;
    }

    private void Keep(Consequences more, RecordMode mode)
    {
        if (mode == RecordMode.Backfill)
        {
            more.Silence();
        }

        withdrawn?.ExceptWith(more.Messages.Select(MessageName.Of));

        consequences.Add(more);
    }

    // No event is decided with what falls due: what was decided waits for the next one's receipt.
    private void KeepDue(Consequences due, RecordMode mode)
    {
        Keep(due, mode);
        broughtForward = true;
        if (due.HasDecisions)
        {
            state.Untold = state.Untold.Concat(due.Decisions).ToSequence();
        }
    }

    // Movements of one lot with the same cause, movement and definition are one entry.
    private Sequence<Ledger.LedgerEntry> Netted()
    {
        if (consequences.Entries.Count < 2 || (consequences.Entries.Count <= Few && AllDiffer(consequences.Entries)))
        {
            return consequences.Entries.ToSequence();
        }

        var netted = new Dictionary<Ledger.LedgerEntry, long>(consequences.Entries.Count, SameMovement.Instance);
        foreach (var entry in consequences.Entries)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(netted, entry, out _) += entry.Amount;
        }

        var ledger = new List<Ledger.LedgerEntry>(netted.Count);
        foreach (var (entry, amount) in netted)
        {
            if (amount != 0)
            {
                ledger.Add(amount == entry.Amount ? entry : entry with { Amount = amount });
            }
        }

        return ledger.ToSequence();
    }

    // So few are compared with each other sooner than put into a table.
    private static bool AllDiffer(List<Ledger.LedgerEntry> entries)
    {
        for (var later = 0; later < entries.Count; later++)
        {
            if (entries[later].Amount == 0)
            {
                return false;
            }

            for (var earlier = 0; earlier < later; earlier++)
            {
                if (entries[earlier].Lot == entries[later].Lot && SameMovement.Instance.Equals(entries[earlier], entries[later]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private Sequence<Fact> ChangedFacts()
    {
        var changed = factsBeforeCorrection is { } before ? state.Facts.ChangesFrom(before) : state.Facts.Changes();
        changed.RemoveAll(fact => kernel.Modules.OwnerOf(fact.Name) is { Declaration.Queryable: false });
        if (!ownerless.IsEmpty)
        {
            changed.AddRange(ownerless.Select(name => new Fact(name, default)));
            changed.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        }

        return changed.ToSequence();
    }

    private Sequence<string> Withdrawn() => withdrawn is not { Count: > 0 }
        ? []
        : withdrawn.Select(name => name.OutboxId(Customer)).Order(StringComparer.Ordinal).ToSequence();

    private Sequence<QuotaDraw> Draws() => consequences.HasQuotas ? Commit.Net(consequences.Quotas) : [];

    private Sequence<Checkpoint> Checkpoints() => !consequences.HasCheckpoints
        ? []
        : consequences.Checkpoints.GroupBy(checkpoint => checkpoint.At).Select(group => group.Last()).ToSequence();

    // What was decided last about an occasion is what leaves.
    private Sequence<OutboxItem> Outbox(Instant now) => consequences.Messages
        .GroupBy(MessageName.Of).Select(name => name.Last())
        .Select(message => (OutboxItem)new OutboxItem.OfMessage(MessageName.Of(message).OutboxId(Customer), Customer, message.NotBefore ?? message.DecidedAt, message))
        .Concat(consequences.FollowUps.Select(followUp => new OutboxItem.OfFollowUp(DerivedKey.OfFollowUp(followUp.Key), Customer, followUp.OccurredAt ?? now, followUp)))
        .ToSequence();

    // The same entry but for the amount.
    private sealed class SameMovement : IEqualityComparer<Ledger.LedgerEntry>
    {
        public static readonly SameMovement Instance = new();

        public bool Equals(Ledger.LedgerEntry? left, Ledger.LedgerEntry? right) =>
            ReferenceEquals(left, right) || (left is not null && right is not null && (left.Amount == right.Amount ? left == right : left == right with { Amount = left.Amount }));

        public int GetHashCode(Ledger.LedgerEntry entry) => HashCode.Combine(entry.Lot, entry.Movement, entry.Cause);
    }
}
