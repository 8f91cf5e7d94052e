using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The decoded state of one customer while it is being decided upon. Module states are immutable and shared; the rest is copied by <see cref="Clone"/>.</summary>
internal sealed class CustomerState
{
    /// <summary>The instant of the last event or due entry handled; null at birth.</summary>
    public Instant? Handled { get; set; }

    /// <summary>When the last journal entry was recorded; null at birth.</summary>
    public Instant? RecordedAt { get; set; }

    /// <summary>How many entries were folded since the last checkpoint.</summary>
    public int SinceCheckpoint { get; set; }

    /// <summary>Whether the journal has an amendment that does not name its original, or that counts before it: then a part of the history does not tell what is left of its events, and it is always read whole.</summary>
    public bool NeedsWholeHistory { get; set; }

    /// <summary>Originals that amendments named before they came.</summary>
    public Sequence<EventKey> Awaited { get; set; }

    /// <summary>Facts that the stored state has and no module owns any more: they are gone, and their rows go with the next commit.</summary>
    public Sequence<string> Ownerless { get; set; }

    /// <summary>Modules that the stored state was decided by and that are not registered: what the state itself has of them goes with the next commit, and their slots stay.</summary>
    public Sequence<string> Unregistered { get; set; }

    /// <summary>The follow-ups about which corrections have changed their mind.</summary>
    public Sequence<ToggledFollowUp> Toggled { get; set; }

    /// <summary>How many entries the journal has, and what their payloads add up to; null in a state of the first release, which did not count.</summary>
    public JournalTally? Journal { get; set; }

    /// <summary>The opening with which the journal begins; null while nothing was disposed of.</summary>
    public OpeningMark? Opening { get; set; }

    /// <summary>Whether it is forgotten who this was, and nobody has become it since: nothing is given to it any more.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>What was decided when something fell due, and waits for the receipt of the next event.</summary>
    public Sequence<DecisionRecord> Untold { get; set; }

    /// <summary>By which definitions the customer was decided about since when; what was recorded before the first of them, no state tells of.</summary>
    public Sequence<DefinitionEpoch> DecidedBy { get; set; }

    /// <summary>Whether a module may not have asked about the customer since its definitions became others.</summary>
    public bool MayBeBehind { get; set; }

    /// <summary>The state of each module, by its place.</summary>
    public required object[] Slots { get; init; }

    /// <summary>For a module that was decided anew from the beginning of history: it sees all of it, whatever event opened it to it and is taken back.</summary>
    public const long Rebuilt = -1;

    /// <summary>For each module, the version of the journal up to which it has seen nothing because it joined later; 0 for modules there from birth; <see cref="Rebuilt"/>.</summary>
    public required long[] Since { get; init; }

    public required FactTable Facts { get; set; }

    public required Agenda Agenda { get; set; }

    public required Observed Observed { get; set; }

    /// <summary>Which profile tests hold, by the place of the leaf in the catalogue; null while never observed.</summary>
    public required bool?[] ProfileTruths { get; init; }

    /// <summary>The observed values of profile fields, by the place of the field; missing where the field was looked at and empty, null while it was never looked at. States of the first release do not tell the two apart, and have null for both.</summary>
    public required Scalar?[] ProfileValues { get; init; }

    /// <summary>When something is next due; null when nothing is.</summary>
    public Instant? NextDue => Earlier(Agenda.First?.Due, Facts.FirstLapse);

    /// <summary>The observed value of a profile field; missing also while it was never looked at.</summary>
    public Scalar ObservedValue(ModuleSet modules, string field) => ProfileValues[modules.ObservedFieldOf(field)].GetValueOrDefault();

    public static CustomerState Newborn(ModuleSet modules) => Of(modules, new FactTable(), new Agenda(), modules.Uncounted.Clone());

    /// <summary>A state with these facts, this agenda and these counts, of somebody of whom the modules know nothing.</summary>
    public static CustomerState Of(ModuleSet modules, FactTable facts, Agenda agenda, Observed observed) => new()
    {
        Journal = JournalTally.None,
        Slots = [.. modules.EmptySlots],
        Since = new long[modules.Count],
        Facts = facts,
        Agenda = agenda,
        Observed = observed,
        ProfileTruths = new bool?[modules.ProfileLeaves.Length],
        ProfileValues = new Scalar?[modules.ObservedFields.Length],
    };

    public CustomerState Clone() => new()
    {
        Handled = Handled,
        RecordedAt = RecordedAt,
        SinceCheckpoint = SinceCheckpoint,
        NeedsWholeHistory = NeedsWholeHistory,
        Awaited = Awaited,
        Toggled = Toggled,
        Journal = Journal,
        Opening = Opening,
        IsForgotten = IsForgotten,
        Untold = Untold,
        DecidedBy = DecidedBy,
        MayBeBehind = MayBeBehind,
        Slots = [.. Slots],
        Since = [.. Since],
        Facts = Facts.Clone(),
        Agenda = Agenda.Clone(),
        Observed = Observed.Clone(),
        ProfileTruths = [.. ProfileTruths],
        ProfileValues = [.. ProfileValues],
    };

    /// <summary>This state where modules see history since other versions; this one is not changed.</summary>
    public CustomerState Seeing(long[] since)
    {
        if (Since.AsSpan().SequenceEqual(since))
        {
            return this;
        }

        var seeing = Clone();
        since.CopyTo(seeing.Since.AsSpan());
        return seeing;
    }

    /// <summary>Takes a module's part from another state: its slot, its facts, its agenda.</summary>
    /// <returns>Whether anything is different from before.</returns>
    public bool Take(ModuleSet modules, int module, CustomerState from, object slot, StateCodec codec)
    {
        var changes = !ReferenceEquals(Slots[module], slot) && codec.EncodeModule(module, Slots[module]).Bytes != codec.EncodeModule(module, slot).Bytes;
        Slots[module] = slot;
        var theirs = from.Facts.InOrder.ToArray().Where(fact => modules.OwnerOf(fact.Name)?.Module == module).ToList();
        foreach (var fact in Facts.InOrder.ToArray().Where(fact => modules.OwnerOf(fact.Name)?.Module == module && !theirs.Exists(other => other.Name == fact.Name)))
        {
            changes |= Facts.Set(fact with { Value = default });
        }

        foreach (var fact in theirs)
        {
            changes |= Facts.Set(fact);
        }

        var entries = from.Agenda.Entries.ToArray().Where(entry => entry.Module == module).ToList();
        foreach (var entry in Agenda.Entries.ToArray().Where(entry => entry.Module == module && !entries.Exists(other => other.Key == entry.Key)))
        {
            Agenda.Remove(module, entry.Key);
            changes = true;
        }

        foreach (var entry in entries)
        {
            changes |= !Agenda.Entries.Contains(entry);
            Agenda.Set(entry);
        }

        return changes;
    }

    private static Instant? Earlier(Instant? left, Instant? right) =>
        left is null ? right : right is null || left < right ? left : right;
}

/// <summary>By which a state knows the opening of its journal again.</summary>
/// <param name="At">Up to when events were disposed of.</param>
/// <param name="Hash">The hash of the opening, so that another one in its place is noticed.</param>
internal sealed record OpeningMark(Instant At, UInt128 Hash)
{
    /// <summary>That of an opening; null where there is none.</summary>
    [return: NotNullIfNotNull(nameof(opening))]
    public static OpeningMark? Of(JournalOpening? opening) => opening is null ? null : new(opening.At, Binary.Hash(opening));
}

/// <summary>A follow-up that a correction took back, and perhaps another gave again.</summary>
/// <param name="FollowUp">Its key.</param>
/// <param name="Times">How often minds were changed; while it is odd, the follow-up is taken back.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ToggledFollowUp(EventKey FollowUp, int Times);
