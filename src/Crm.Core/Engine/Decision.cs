using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>One commit in the making: a customer as loaded, and everything that is decided on top of it in memory before it is written.</summary>
internal sealed partial class Decision
{
    private readonly Kernel kernel;
    private readonly Fold fold;
    private readonly CustomerSnapshot snapshot;
    private readonly object[] slotsBefore;
    private readonly Instant? dueBefore;
    private readonly Sequence<string> ownerless;
    private readonly Consequences consequences = new();
    private readonly List<JournalEntry> entries = new(1);
    private HashSet<MessageName>? withdrawn;
    private List<string>? settled;
    private CustomerState state;
    private IReadOnlyList<HistoryEntry>? given;
    private readonly IdentityClaims claims;
    private Fields? profile;
    private bool broughtForward;

    private Decision(Kernel kernel, CustomerSnapshot snapshot, CustomerId customer, CustomerState state)
    {
        this.kernel = kernel;
        this.snapshot = snapshot;
        this.state = state;
        Customer = customer;
        claims = new IdentityClaims(snapshot, customer);
        Version = snapshot.Version;
        state.DecidedBy = DefinitionEpoch.With(state.DecidedBy, Version, kernel.Modules.Definitions);
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

    /// <summary>Whether what falls due before what is recorded is due by itself, also where that is imported: it follows from what was imported for somebody else.</summary>
    public bool HasOwnDue { get; set; }

    /// <summary>Begins with a customer as loaded, or with a newborn one.</summary>
    public static ValueTask<Decision> BeginAsync(Kernel kernel, CustomerSnapshot snapshot, IIdSource ids, CancellationToken cancellationToken) =>
        BeginAsync(kernel, snapshot, snapshot.Customer ?? ids.NewCustomerId(), kernel.Codec.Decode(snapshot.Slots, snapshot.Version), null, null, cancellationToken);

    /// <summary>Begins with a customer as loaded and decoded.</summary>
    /// <param name="kernel">What all decisions share.</param>
    /// <param name="snapshot">The customer as loaded.</param>
    /// <param name="customer">Who.</param>
    /// <param name="state">What the slots of the snapshot hold.</param>
    /// <param name="history">The customer's history, where it was read with those of others, so that it need not be asked for. One that is not exactly the loaded customer's, or does not tell all of them, is left aside; null: none was read.</param>
    /// <param name="missed">Of the customer's history what new windows count, where that is enough (<see cref="MissedEntries"/>); null: it was not read.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async ValueTask<Decision> BeginAsync(Kernel kernel, CustomerSnapshot snapshot, CustomerId customer, CustomerState state, StoredHistory? history, List<HistoryEntry>? missed, CancellationToken cancellationToken)
    {
        var decision = new Decision(kernel, snapshot, customer, state) { given = history is not null && IsOf(state, history) ? history.Entries : null };
        if (missed is not null)
        {
            state.Observed = state.Observed.Filled(missed.Where(entry => entry.Accepted && entry.Version <= snapshot.Version).Select(entry => (entry.Event, entry.EffectiveAt)));
        }
        else if (LacksWindows(snapshot, state))
        {
            await decision.FillNewWindowsAsync(cancellationToken).ConfigureAwait(false);
        }

        return decision;
    }

    /// <summary>Whether a definition asks about a window that none had before, so that history is needed.</summary>
    public static bool LacksWindows(CustomerSnapshot snapshot, CustomerState state) => !state.Observed.MissingLeaves.IsEmpty && snapshot.Version > 0;

    /// <summary>Decides an event.</summary>
    /// <param name="happened">The event, checked.</param>
    /// <param name="payloadHash">The hash of what was sent.</param>
    /// <param name="mode">Live or backfill.</param>
    /// <param name="now">The engine's now.</param>
    /// <param name="shortages">Supplies that a commit found short.</param>
    /// <param name="owners">The owners of further identities, where a commit found that they have one.</param>
    /// <param name="loaded">The customer as loaded by what this event names them by; others decided with it may name them otherwise.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<Receipt> AddAsync(CustomerEvent happened, UInt128 payloadHash, RecordMode mode, Instant now, Shortages shortages, IReadOnlyDictionary<Identity, CustomerId>? owners, CustomerSnapshot loaded, CancellationToken cancellationToken)
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
        await AnswerDueAsync(happened, mode, now, shortages, loaded, today, cancellationToken).ConfigureAwait(false);
        return await AddAsync(happened, payloadHash, mode, now, shortages, owners, loaded, today, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Receipt> AddAsync(CustomerEvent happened, UInt128 payloadHash, RecordMode mode, Instant now, Shortages shortages, IReadOnlyDictionary<Identity, CustomerId>? owners, CustomerSnapshot loaded, Fields today, CancellationToken cancellationToken)
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
            Observations = Observations.Of(happened, state, today, isLate, kernel.Modules, shortages.Less(consequences.Drawn)),
            Backfill = mode == RecordMode.Backfill,
        };
        if (draft.Backfill && HasOwnDue)
        {
            draft = draft with { Observations = Observations.WithOwnDue(draft.Observations) };
        }

        if (kind.OpensHistory)
        {
            var late = fold.OpenedBy(draft).Where(index => state.Since[index] > 0).Select(index => (kernel.Modules.Contracts[index].Name, state.Since[index]));
            draft = draft with { Observations = Observations.WithSince(draft.Observations, late) };
        }

        if (isLate && kind.OrderFree && !decidedNow && state.Handled is { } asked)
        {
            draft = draft with { Observations = Observations.WithAsked(draft.Observations, asked) };
            if (IsMinded(kind.Name) || state.Observed.IsNewest(draft.EffectiveAt))
            {
                // It counts from its own instant on, which no state kept since then knows.
                InvalidateFrom(draft.EffectiveAt);
            }
        }

        var changesHistory = kind.Nature == EventNature.Amendment
            || kind.OpensHistory
            || (draft.EffectiveAt < state.Handled && !kind.OrderFree)
            || state.Awaited.Contains(draft.Key);

        var own = new Consequences();
        var left = SuppliesLeft.Of(draft);
        if (!isLate || draft.EffectiveAt > state.Handled)
        {
            fold.SettleBefore(state, draft.EffectiveAt, consequences);
            if (state.NextDue <= draft.EffectiveAt)
            {
                var due = new Consequences();
                fold.BringForward(Customer, state, draft.EffectiveAt, due, left is null ? null : [left]);
                KeepDue(due, draft.SilencesDue ? RecordMode.Backfill : RecordMode.Live);
            }
        }

        TakenBack? taken = null;
        var refusal = claims.Check(happened, kind, owners, own)
            ?? (kind.Nature == EventNature.Request ? await NamedNobodyAsync(happened, kind, cancellationToken).ConfigureAwait(false) : null);
        if (refusal is null && changesHistory)
        {
            (taken, refusal) = await CorrectAsync(draft, own, shortages, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            refusal ??= Straight(draft, own, left);
        }

        foreach (var further in happened.AlsoKnownAs)
        {
            if (refusal is null && owners?.ContainsKey(further) != true)
            {
                claims.Add(further);
                state.IsForgotten = false;
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

    // Whoever the request is about beside its own customer has to be there to be given something.
    private async ValueTask<Refusal?> NamedNobodyAsync(CustomerEvent request, EventKind kind, CancellationToken cancellationToken)
    {
        foreach (var field in kind.Fields)
        {
            if (field.NamesCustomer && CustomerId.TryParse(request.Fields[field.Name].AsCode, out var named) && named != Customer && !await kernel.IsSomebodyAsync(named, cancellationToken).ConfigureAwait(false))
            {
                return new Refusal(StateCodec.KernelSlot, Recorder.UnknownCustomer, new Text($"Nobody has the customer id '{named}'.", $"查無編號為「{named}」的客人。"));
            }
        }

        return null;
    }

    // What is refused is no part of history: what fell due before a request has its answers in an entry of its own.
    private async ValueTask AnswerDueAsync(CustomerEvent happened, RecordMode mode, Instant now, Shortages shortages, CustomerSnapshot loaded, Fields today, CancellationToken cancellationToken)
    {
        if (shortages.AreNone || kernel.Modules.Kinds.Find(happened.Kind) is not { Nature: EventNature.Request })
        {
            return;
        }

        // Each entry is recorded a tick after the one before, and a request counts when it is recorded unless it says otherwise. With one that comes late nothing is due.
        while ((happened.OccurredAt ?? Kernel.After(state.RecordedAt, now)) is var until && state.NextDue <= until && !(until < state.Handled))
        {
            var exhausted = DueRunner.Exhausted(Customer, Version) with { OccurredAt = until };
            await AddAsync(exhausted, Binary.PayloadHash(exhausted), HasOwnDue ? RecordMode.Live : mode, now, shortages, null, loaded, today, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Handles what is due at or before an instant.</summary>
    public void BringForward(Instant until, RecordMode mode = RecordMode.Live)
    {
        var due = new Consequences();
        fold.BringForward(Customer, state, until, due);
        KeepDue(due, mode);
    }

    /// <summary>What a part of the customer's history leads to, decided again from its beginning on, with what is pinned since.</summary>
    /// <param name="opening">With what the history begins.</param>
    /// <param name="inputs">The part.</param>
    /// <param name="until">The instant that is asked about.</param>
    /// <param name="after">The entries that are no part of it, in order.</param>
    /// <param name="all">All entries, those among them that are not known where it is asked what was.</param>
    /// <param name="known">Those that are known.</param>
    public Replayed Replayed(JournalOpening? opening, IReadOnlyList<JournalInput> inputs, Instant until, IReadOnlyList<JournalDraft> after, IReadOnlyList<JournalDraft> all, IReadOnlyList<JournalDraft> known)
    {
        var (start, openings) = (Beginning(opening), SeenHistory.Openings(all));
        if (openings.Count > 0)
        {
            var left = EffectiveHistory.Of(known).Left;
            start = start.Seeing(SeenHistory.Since(fold, kernel.Modules, state.Since, openings, one => left.GetValueOrDefault(one.Key) is not null, openings));
        }

        return Replay.Run(fold, Customer, Pins.Of(kernel.Modules, start, state), inputs, until, after);
    }

    /// <summary>The state that a journal leads to in the order in which it was recorded, with those that it has joined.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="journal">The journal, from its beginning.</param>
    /// <param name="openings">What opens its history, as if it had been there from its own instant on; null: as the journal tells of it, which joins no other.</param>
    /// <param name="until">The instant that is asked about.</param>
    /// <param name="all">Gets what comes of it.</param>
    public CustomerState ReplayedAsRecorded(CustomerId owner, RecordedJournal journal, IReadOnlyList<JournalDraft>? openings, Instant until, Consequences all)
    {
        var replay = new RecordedReplay(kernel.Modules, kernel.Codec, fold);
        return replay.Run(owner, replay.Beginning(), journal, openings, until, all).State;
    }

    /// <summary>The state of somebody who was merged, by their own journal and before the merge.</summary>
    /// <param name="merge">The merge, which knows with what their history began.</param>
    /// <param name="own">Their journal, and those that were joined to it.</param>
    /// <param name="into">The journal in which the merge is, as far as it is known.</param>
    /// <param name="until">The instant that is asked about.</param>
    /// <param name="after">The entries of their journal that are no part of it, in order.</param>
    public CustomerState ReplayedApart(JournalDraft merge, IReadOnlyList<JournalInput> own, IReadOnlyList<JournalInput> into, Instant until, IReadOnlyList<JournalDraft> after) => Replay.RunApart(fold, merge, own, into, until, after).State;

    /// <summary>Takes what one module keeps from a replay of the whole history in which the module was there from the beginning. The customer has been brought forward.</summary>
    /// <returns>Whether anything changes.</returns>
    public async ValueTask<bool> RebuildAsync(int module, Instant now, CancellationToken cancellationToken)
    {
        var (opening, inputs) = await WholeInputsAsync(cancellationToken).ConfigureAwait(false);
        if (inputs.Count == 0)
        {
            return false;
        }

        var start = Beginning(opening);
        // Where no event opens history to the module, none can close it again.
        var since = kernel.Modules.Contracts[module].Kinds.Any(kind => kind.OpensHistory) ? CustomerState.Rebuilt : 0;
        start.Since[module] = since;
        var replayed = Replay.Run(fold, Customer, Pins.Of(kernel.Modules, start, state), inputs, Instant.Max(now, state.Handled ?? now));
        var changes = state.Since[module] != since | state.Take(kernel.Modules, module, replayed.State, replayed.State.Slots[module], kernel.Codec);
        if (changes)
        {
            state.Since[module] = since;
            // What has fallen due for the module by now is handled: whatever comes for an earlier instant comes late.
            state.Handled = replayed.State.Handled > state.Handled ? replayed.State.Handled : state.Handled;
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

    /// <summary>Whether nothing else would be stored than a module's own state, and the definitions by which it was decided.</summary>
    public bool ChangesOnly(int module)
    {
        for (var index = 0; index < state.Slots.Length; index++)
        {
            if (index != module && !ReferenceEquals(state.Slots[index], slotsBefore[index]))
            {
                return false;
            }
        }

        return entries.Count == 0 && state.NextDue == dueBefore && ChangedFacts().IsEmpty && consequences is { HasOutbox: false, HasQuotas: false, Entries.Count: 0 };
    }

    /// <summary>Has outbox items leave the outbox with this commit.</summary>
    public void Settle(string outboxId) => (settled ??= []).Add(outboxId);

    /// <summary>Gives back what decisions lend each other; nothing more is decided with this one.</summary>
    public void Finish() => kernel.TakeBack(fold);

    private Refusal? Straight(JournalDraft draft, Consequences own, SuppliesLeft? left)
    {
        var input = new JournalInput(draft, draft.Event);
        if (draft.Kind.Nature != EventNature.Request)
        {
            return fold.Happen(Customer, state, input, own, left);
        }

        var trial = state.Clone();
        if (fold.Happen(Customer, trial, input, own, left) is { } refusal)
        {
            return refusal;
        }

        state = trial;
        return null;
    }

    // A window that no definition had before is filled from history once; what was disposed of cannot be counted in it.
    private async ValueTask FillNewWindowsAsync(CancellationToken cancellationToken)
    {
        var (opening, inputs) = await WholeInputsAsync(cancellationToken).ConfigureAwait(false);
        var filled = Beginning(opening).Observed;
        foreach (var input in inputs)
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
}
