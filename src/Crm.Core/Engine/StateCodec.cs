using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Turns states into slots and back: one slot for each module and one for the kernel's own part.</summary>
internal sealed class StateCodec(ModuleSet modules)
{
    public const string KernelSlot = EngineTexts.Module;
    private const int KernelVersion = 6;
    private const int FirstToTally = 2;
    private const int FirstWithOpening = 3;
    private const int FirstWithDecisions = 4;
    private const int FirstToForget = 5;
    private const int FirstWithDefinitions = 6;
    private const int UsualSize = 4096;
    private static readonly FactTable NoFacts = new();
    private static readonly Agenda NothingDue = new();
    private SlotWriter? spare;

    /// <summary>The state that slots hold. Modules that the slots do not know join now; what belonged to modules that are gone is left out.</summary>
    /// <param name="slots">The slots.</param>
    /// <param name="version">The version of the journal, which joining modules have not seen.</param>
    /// <param name="known">The place of a module whose slot has been decoded, and what was in it; null: none has.</param>
    public CustomerState Decode(Sequence<StoredSlot> slots, long version, (int Index, object Slot)? known = null)
    {
        var state = Find(slots, KernelSlot) is { } kernel ? DecodeKernel(kernel, version) : CustomerState.Newborn(modules);
        foreach (var slot in slots)
        {
            if (slot.Name != KernelSlot && !IsEmptied(slot) && modules.IndexOf(slot.Name) is >= 0 and var index)
            {
                state.Slots[index] = known is { } one && one.Index == index ? one.Slot : DecodeModule(slot, modules.Contracts[index].Codec);
            }
        }

        foreach (var (index, module) in modules.AskingAnew)
        {
            state.MayBeBehind |= module.IsBehind(state.Slots[index]);
        }

        return state;
    }

    /// <summary>A slot by its name; null where there is none.</summary>
    public static StoredSlot? Find(Sequence<StoredSlot> slots, string name)
    {
        foreach (var slot in slots)
        {
            if (slot.Name == name)
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>When a customer was last recorded or handled, whichever is later; null for one without history.</summary>
    public static Instant? LatestOf(Sequence<StoredSlot> slots)
    {
        if (Find(slots, KernelSlot) is not { } slot)
        {
            return null;
        }

        var reader = ReaderOf(slot);
        var (handled, recordedAt) = (reader.InstantOrNull(), reader.InstantOrNull());
        return handled > recordedAt || recordedAt is null ? handled : recordedAt;
    }

    /// <summary>What one module keeps of a customer by itself.</summary>
    /// <param name="index">The place of the module.</param>
    /// <param name="slots">All slots.</param>
    public object DecodeOne(int index, Sequence<StoredSlot> slots) => Find(slots, modules.Contracts[index].Name) is not { } stored || IsEmptied(stored) ? modules.EmptySlots[index] : DecodeModule(stored, modules.Contracts[index].Codec);

    /// <summary>What is stored of modules that are not there, as far as there is anything.</summary>
    public IEnumerable<StoredSlot> OfOthers(Sequence<StoredSlot> slots) => slots.Where(slot => slot.Name != KernelSlot && modules.IndexOf(slot.Name) < 0 && !slot.Bytes.IsEmpty);

    /// <summary>The modules that are not there, and that a customer was decided about by, or of which there is a state.</summary>
    public IEnumerable<string> Unregistered(CustomerSnapshot snapshot) => Decode(snapshot.Slots, snapshot.Version).Unregistered.Concat(OfOthers(snapshot.Slots).Select(slot => slot.Name));

    /// <summary>The slot of a module that was removed, with nothing in it: should the module come back, it begins anew.</summary>
    public static StoredSlot Emptied(StoredSlot slot) => new(slot.Name, 0, []);

    /// <summary>All slots of a state.</summary>
    public Sequence<StoredSlot> EncodeAll(CustomerState state) => Encode(state, before: null);

    /// <summary>The slots that changed since a state; the kernel's always has.</summary>
    public Sequence<StoredSlot> EncodeChanged(CustomerState state, object[] before) => Encode(state, before);

    public StoredSlot EncodeModule(int index, object slot) => EncodeModule(index, slot, new SlotWriter());

    // No module writes version 0.
    private static bool IsEmptied(StoredSlot slot) => slot.Version == 0 && slot.Bytes.IsEmpty;

    private Sequence<StoredSlot> Encode(CustomerState state, object[]? before)
    {
        var writer = Interlocked.Exchange(ref spare, null) ?? new SlotWriter(UsualSize);
        var slots = new StoredSlot[1 + modules.Count];
        var count = 0;
        slots[count++] = EncodeKernel(state, writer);
        for (var i = 0; i < modules.Count; i++)
        {
            if (before is null || !ReferenceEquals(state.Slots[i], before[i]))
            {
                slots[count++] = EncodeModule(i, state.Slots[i], writer);
            }
        }

        spare = writer;
        return count == slots.Length ? Sequence.Given(slots) : Sequence.Create<StoredSlot>(slots.AsSpan(0, count));
    }

    private StoredSlot EncodeModule(int index, object slot, SlotWriter writer)
    {
        var codec = modules.Contracts[index].Codec;
        writer.Clear();
        codec.Write(slot, writer);
        return new StoredSlot(modules.Contracts[index].Name, codec.Version, Sequence.Create(writer.Written));
    }

    private static object DecodeModule(StoredSlot slot, ISlotCodec codec)
    {
        if (slot.Version < 1 || slot.Version > codec.Newest)
        {
            throw new UnreadableStateException(slot.Name, slot.Version, codec.Newest);
        }

        var reader = new SlotReader(slot.Bytes.AsSpan());
        return codec.Read(slot.Version, ref reader);
    }

    private StoredSlot EncodeKernel(CustomerState state, SlotWriter writer)
    {
        writer.Clear();
        writer.Instant(state.Handled);
        writer.Instant(state.RecordedAt);
        writer.Whole(state.SinceCheckpoint);
        writer.Flag(state.NeedsWholeHistory);
        writer.Whole(state.Awaited.Count);
        foreach (var key in state.Awaited)
        {
            writer.Text(key.ToString());
        }

        writer.Whole(state.Toggled.Count);
        foreach (var toggled in state.Toggled)
        {
            writer.Text(toggled.FollowUp.ToString());
            writer.Whole(toggled.Times);
        }

        writer.Flag(state.Journal is not null);
        if (state.Journal is { } tally)
        {
            writer.Whole(tally.Count);
            writer.Bits((ulong)(tally.Sum >> 64));
            writer.Bits((ulong)tally.Sum);
        }

        var version = VersionFor(state);
        if (version >= FirstWithDecisions)
        {
            Binary.Decisions(writer, state.Untold);
            writer.Flag(state.Opening is not null);
        }

        if (state.Opening is { } opening)
        {
            writer.Instant(opening.At);
            writer.Bits((ulong)(opening.Hash >> 64));
            writer.Bits((ulong)opening.Hash);
        }

        if (version >= FirstToForget)
        {
            writer.Flag(state.IsForgotten);
        }

        if (version >= FirstWithDefinitions)
        {
            Epochs(writer, state.DecidedBy);
        }

        writer.Whole(modules.Count);
        for (var i = 0; i < modules.Count; i++)
        {
            writer.Text(modules.Contracts[i].Name);
            writer.Whole(state.Since[i]);
        }

        writer.Whole(state.Facts.Count);
        foreach (var fact in state.Facts.InOrder)
        {
            writer.Text(fact.Name);
            writer.Scalar(fact.Value);
            writer.Instant(fact.ValidUntil);
        }

        writer.Whole(state.Agenda.Entries.Length);
        foreach (var entry in state.Agenda.Entries)
        {
            writer.Whole(entry.Module);
            writer.Whole(entry.Ticks);
            writer.Whole(entry.Phase);
            writer.Text(entry.Key);
        }

        var leaves = modules.ProfileLeaves;
        writer.Whole(leaves.Length == 0 ? 0 : state.ProfileTruths.Count(truth => truth is not null));
        for (var i = 0; i < leaves.Length; i++)
        {
            if (state.ProfileTruths[i] is { } truth)
            {
                writer.Bits(leaves[i].Key);
                writer.Flag(truth);
            }
        }

        writer.Whole(state.ProfileValues.Length == 0 ? 0 : state.ProfileValues.Count(value => value is not null));
        for (var i = 0; i < state.ProfileValues.Length; i++)
        {
            if (state.ProfileValues[i] is { } value)
            {
                writer.Text(modules.ObservedFields[i]);
                writer.Scalar(value);
            }
        }

        state.Observed.Write(writer);
        return new StoredSlot(KernelSlot, version, Sequence.Create(writer.Written));
    }

    private static void Epochs(SlotWriter writer, Sequence<DefinitionEpoch> epochs)
    {
        writer.Whole(epochs.Count);
        foreach (var (since, definitions) in epochs)
        {
            writer.Whole(since);
            writer.Whole(definitions.Count);
            foreach (var definition in definitions)
            {
                writer.Whole(definition);
            }
        }
    }

    private static Sequence<DefinitionEpoch> Epochs(ref SlotReader reader)
    {
        var epochs = new DefinitionEpoch[reader.Int()];
        for (var i = 0; i < epochs.Length; i++)
        {
            var since = reader.Whole();
            var definitions = new uint[reader.Int()];
            for (var j = 0; j < definitions.Length; j++)
            {
                definitions[j] = checked((uint)reader.Whole());
            }

            epochs[i] = new DefinitionEpoch(since, definitions.ToSequence());
        }

        return epochs.ToSequence();
    }

    // A release that knows nothing of openings, of decisions that wait, of who is forgotten, or of definitions, reads every customer but those who have some, or are.
    private static int VersionFor(CustomerState state) => !state.DecidedBy.IsEmpty ? FirstWithDefinitions : state.IsForgotten ? FirstToForget : !state.Untold.IsEmpty ? FirstWithDecisions : state.Opening is not null ? FirstWithOpening : FirstToTally;

    private static SlotReader ReaderOf(StoredSlot kernel) => kernel.Version is >= 1 and <= KernelVersion
        ? new SlotReader(kernel.Bytes.AsSpan())
        : throw new UnreadableStateException(KernelSlot, kernel.Version, KernelVersion);

    private CustomerState DecodeKernel(StoredSlot slot, long version)
    {
        var reader = ReaderOf(slot);
        // Facts, agenda and counts are read below, and take the place of what all share here.
        var state = CustomerState.Of(modules, NoFacts, NothingDue, modules.Uncounted);
        state.Handled = reader.InstantOrNull();
        state.RecordedAt = reader.InstantOrNull();
        state.SinceCheckpoint = reader.Int();
        state.NeedsWholeHistory = reader.Flag();
        var awaited = new EventKey[reader.Int()];
        for (var i = 0; i < awaited.Length; i++)
        {
            awaited[i] = EventKey.Parse(reader.Code());
        }

        state.Awaited = awaited.ToSequence();
        state.Journal = null;
        if (slot.Version >= FirstToTally)
        {
            var toggled = new ToggledFollowUp[reader.Int()];
            for (var i = 0; i < toggled.Length; i++)
            {
                toggled[i] = new ToggledFollowUp(EventKey.Parse(reader.Code()), reader.Int());
            }

            state.Toggled = toggled.ToSequence();
            state.Journal = reader.Flag() ? new JournalTally(reader.Whole(), new UInt128(reader.Bits(), reader.Bits())) : null;
        }

        if (slot.Version >= FirstWithDecisions)
        {
            state.Untold = Binary.Decisions(ref reader);
        }

        if (slot.Version == FirstWithOpening || (slot.Version >= FirstWithDecisions && reader.Flag()))
        {
            state.Opening = new OpeningMark(reader.Instant(), new UInt128(reader.Bits(), reader.Bits()));
        }

        state.IsForgotten = slot.Version >= FirstToForget && reader.Flag();
        state.DecidedBy = slot.Version >= FirstWithDefinitions ? Epochs(ref reader) : [];
        var places = ReadModules(ref reader, state, version);
        ReadFacts(ref reader, state);
        ReadAgenda(ref reader, state, places);
        ReadProfileTruths(ref reader, state);
        ReadProfileValues(ref reader, state);
        state.Observed = Observed.Read(ref reader, modules.Windows);
        return state;
    }

    // The places that the modules had when the slot was written, as places of today; -1 for modules that are gone.
    private int[] ReadModules(ref SlotReader reader, CustomerState state, long version)
    {
        var places = new int[reader.Int()];
        var known = new bool[modules.Count];
        for (var i = 0; i < places.Length; i++)
        {
            var name = reader.Name();
            places[i] = modules.IndexOf(name);
            var since = reader.Whole();
            if (places[i] >= 0)
            {
                known[places[i]] = true;
                state.Since[places[i]] = since;
            }
            else
            {
                state.Unregistered = state.Unregistered.Add(name);
            }
        }

        for (var i = 0; i < known.Length; i++)
        {
            if (!known[i])
            {
                state.Since[i] = version;
            }
        }

        return places;
    }

    private void ReadFacts(ref SlotReader reader, CustomerState state)
    {
        var count = reader.Int();
        state.Facts = FactTable.WithRoom(count + 1);
        for (var i = 0; i < count; i++)
        {
            var written = modules.FactOf(reader.Bytes());
            var fact = new Fact(written.Name, reader.Scalar(), reader.InstantOrNull());
            if (written.HasOwner)
            {
                state.Facts.Append(fact);
            }
            else
            {
                state.Ownerless = state.Ownerless.Add(fact.Name);
            }
        }
    }

    private static void ReadAgenda(ref SlotReader reader, CustomerState state, int[] places)
    {
        var written = reader.Int();
        var entries = new AgendaEntry[written + 1];
        var count = 0;
        for (var i = 0; i < written; i++)
        {
            var place = places[reader.Int()];
            var (due, phase, key) = (reader.Whole(), reader.Int(), reader.Name());
            if (place >= 0)
            {
                entries[count++] = new AgendaEntry(due, place, phase, key);
            }
        }

        state.Agenda = Agenda.Of(entries, count);
    }

    private void ReadProfileTruths(ref SlotReader reader, CustomerState state)
    {
        var count = reader.Int();
        for (var i = 0; i < count; i++)
        {
            var key = reader.Bits();
            var truth = reader.Flag();
            if (modules.ProfileLeafOf(key) is >= 0 and var index)
            {
                state.ProfileTruths[index] = truth;
            }
        }
    }

    private void ReadProfileValues(ref SlotReader reader, CustomerState state)
    {
        var count = reader.Int();
        for (var i = 0; i < count; i++)
        {
            var field = reader.Name();
            var value = reader.Scalar();
            if (modules.Observes(field))
            {
                state.ProfileValues[modules.ObservedFieldOf(field)] = value;
            }
        }
    }
}
