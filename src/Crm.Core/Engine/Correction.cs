using System.Globalization;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// The difference of two replays, one without a change of history and one with it, applied to the stored state: compensating entries that cite what they correct,
/// messages withdrawn and added, follow-ups taken back, quotas given back.
/// </summary>
internal sealed class Correction(ModuleSet modules, StateCodec codec, CustomerState stored, Replayed without, Replayed with, JournalDraft because)
{
    // Those that went by what events were recorded to have given or moved, because what decided it is gone.
    private readonly HashSet<int> recalling = [.. without.Consequences.Recalling, .. with.Consequences.Recalling];

    /// <summary>The irrevocable modules whose part of the replays is theirs to keep, <see cref="OpenedPast"/>; what all others did stands.</summary>
    public IReadOnlyList<int> Opened { get; init; } = [];

    /// <summary>Why the change itself was refused: then there is nothing to apply; null where it was not.</summary>
    public Refusal? Refused => with.Refused;

    /// <summary>The state after the correction.</summary>
    /// <param name="consequences">Gets what the correction does.</param>
    /// <param name="shortages">Supplies found short. What was given out of them stays given out, so where the correction draws on them more than they have, it is taken into debt.</param>
    /// <param name="withdrawn">The messages that are not to leave after all.</param>
    public CustomerState Apply(Consequences consequences, Shortages shortages, out Sequence<MessageName> withdrawn)
    {
        var state = with.State.Clone();
        for (var i = 0; i < modules.Count; i++)
        {
            state.Since[i] = stored.Since[i];
            if (!modules.Contracts[i].Reversible && !Opened.Contains(i))
            {
                Keep(state, i, stored.Slots[i]);
            }
            else if (!SameSlot(i, stored.Slots[i], without.State.Slots[i]))
            {
                var corrected = modules.All[i].Correct(stored.Slots[i], without.State.Slots[i], with.State.Slots[i]);
                Keep(state, i, corrected.State ?? stored.Slots[i]);
                Fold.Tell(modules, state, i, corrected);
                if (!recalling.Contains(i))
                {
                    consequences.Lines.Add(Line(modules.Contracts[i].Name, new Text(
                        $"What '{modules.Contracts[i].Name}' decided by rules that are not there any more stays as it was; only the difference that today's make is applied.",
                        $"「{modules.Contracts[i].Name}」按已移除的規則所作的決定維持不變，只套用現行規則的差額。")));
                }
            }

            if (modules.Contracts[i].Reversible && recalling.Contains(i))
            {
                consequences.Lines.Add(AsRecorded(modules.Contracts[i].Name));
            }
        }

        state.RecordedAt = stored.RecordedAt;
        consequences.Entries.AddRange(Entries());
        consequences.Quotas.AddRange(Draws().Select(draw => draw with { IntoDebt = !shortages.Cover(draw) }));
        state.Toggled = stored.Toggled;
        consequences.FollowUps.AddRange(FollowUps(state));
        consequences.AddSilent(with.Consequences);
        consequences.Checkpoints.AddRange(with.Consequences.Checkpoints);
        withdrawn = Messages(consequences);
        consequences.Decisions.AddRange(Decisions());
        Lines(consequences);
        return state;
    }

    /// <summary>The line that says that what a module gave by rules that are gone stands as it was recorded.</summary>
    public static ReceiptLine AsRecorded(string module) => Line(module, new Text(
        $"What '{module}' gave before its rules were replaced stands as recorded: what comes back takes its share of that with it. Everything else goes by today's rules.",
        $"「{module}」在規則更換前所給的一概以紀錄為準，退回部分按比例收回；其餘按現行規則計算。"));

    private static ReceiptLine Line(string module, Text text) => new(StateCodec.KernelSlot, "decided-by-code-that-is-gone") { Subject = module, Text = text };

    // The module's own part of the stored state stands: its slot, its facts, its agenda.
    private void Keep(CustomerState state, int module, object slot) => state.Take(modules, module, stored, slot, codec);

    private bool SameSlot(int module, object left, object right) =>
        ReferenceEquals(left, right) || codec.EncodeModule(module, left).Bytes == codec.EncodeModule(module, right).Bytes;

    private IEnumerable<LedgerEntry> Entries()
    {
        // The event's own entries come as they are; all others as the net difference per lot, movement and cause.
        foreach (var own in with.Consequences.Entries.Where(entry => entry.Cause == because.Key))
        {
            yield return own;
        }

        var differences = new Dictionary<EntryName, long>();
        foreach (var entry in with.Consequences.Entries.Where(entry => entry.Cause != because.Key))
        {
            differences[NameOf(entry)] = differences.GetValueOrDefault(NameOf(entry)) + entry.Amount;
        }

        foreach (var entry in without.Consequences.Entries)
        {
            differences[NameOf(entry)] = differences.GetValueOrDefault(NameOf(entry)) - entry.Amount;
        }

        foreach (var (name, amount) in differences.Where(pair => pair.Value != 0).OrderBy(pair => pair.Key.Cause).ThenBy(pair => pair.Key.Unit, StringComparer.Ordinal).ThenBy(pair => pair.Key.Lot, StringComparer.Ordinal).ThenBy(pair => pair.Key.Movement).ThenBy(pair => pair.Key.Rule, StringComparer.Ordinal).ThenBy(pair => pair.Key.At))
        {
            yield return new LedgerEntry
            {
                Program = name.Program,
                Unit = name.Unit,
                Lot = name.Lot,
                Amount = amount,
                Movement = name.Movement == Movement.Issued && amount < 0 ? Movement.Reversed : name.Movement,
                Cause = because.Key,
                OccurredAt = name.At ?? because.EffectiveAt,
                Rule = name.Rule,
                Code = "correction",
                Definition = name.Definition,
                Corrects = name.Cause,
            };
        }
    }

    // What a past brings is dated when it was earned, spent or ran out; every other correction when what it corrects by counts.
    private EntryName NameOf(LedgerEntry entry) => new(entry.Program, entry.Unit, entry.Lot, entry.Movement, entry.Cause, entry.Rule, entry.Definition, because.Kind.OpensHistory ? entry.OccurredAt : null);

    private IEnumerable<QuotaDraw> Draws() => with.Consequences.Quotas
        .Concat(without.Consequences.Quotas.Select(draw => draw with { Amount = -draw.Amount }))
        .GroupBy(draw => draw.Name, StringComparer.Ordinal)
        .Select(group => new QuotaDraw(group.Key, group.Sum(draw => draw.Amount)) { Credit = with.Consequences.Quotas.Where(draw => draw.Name == group.Key && draw.Amount > 0).Min(draw => (long?)draw.Credit) ?? 0 })
        .Where(draw => draw.Amount != 0);

    private List<CustomerEvent> FollowUps(CustomerState state)
    {
        var before = without.Consequences.FollowUps.Select(followUp => followUp.Key).ToHashSet();
        var after = with.Consequences.FollowUps.Select(followUp => followUp.Key).ToHashSet();
        return with.Consequences.FollowUps.Where(followUp => !before.Contains(followUp.Key)).Select(followUp => state.Toggled.Any(toggled => toggled.FollowUp == followUp.Key) ? Toggled(followUp, state) : followUp)
            .Concat(without.Consequences.FollowUps.Where(followUp => !after.Contains(followUp.Key)).Select(followUp => Toggled(followUp, state)))
            .ToList();
    }

    // A follow-up is delivered once, under its key. From then on each change of mind takes back the one before: the first cancels the follow-up, the second cancels that cancellation.
    private static CustomerEvent Toggled(CustomerEvent followUp, CustomerState state)
    {
        var times = state.Toggled.FirstOrDefault(toggled => toggled.FollowUp == followUp.Key).Times;
        state.Toggled = state.Toggled.Where(toggled => toggled.FollowUp != followUp.Key).Append(new ToggledFollowUp(followUp.Key, times + 1)).ToSequence();
        return new CustomerEvent
        {
            Key = ToggleOf(followUp.Key, times + 1),
            Kind = EventKinds.CancellationName,
            Customer = followUp.Customer,
            Identity = followUp.Identity,
            Original = times == 0 ? followUp.Key : ToggleOf(followUp.Key, times),
        };
    }

    private static EventKey ToggleOf(EventKey followUp, int times) => DerivedKey.Of(followUp, string.Create(CultureInfo.InvariantCulture, $"taken back {times}"));

    private Sequence<MessageName> Messages(Consequences consequences)
    {
        var before = without.Consequences.Messages.ToHashSet();
        var after = with.Consequences.Messages.Select(MessageName.Of).ToHashSet();
        consequences.Messages.AddRange(with.Consequences.Messages.Where(message => !before.Contains(message)));
        return before.Select(MessageName.Of).Where(name => !after.Contains(name)).Distinct().ToSequence();
    }

    // What history decides otherwise now, and what it does not decide any more.
    private IEnumerable<DecisionRecord> Decisions()
    {
        var before = without.Consequences.Decisions.ToHashSet();
        var after = with.Consequences.Decisions.Select(DecisionName.Of).ToHashSet();
        return with.Consequences.Decisions.Where(decision => !before.Contains(decision))
            .Concat(without.Consequences.Decisions.Where(decision => !after.Contains(DecisionName.Of(decision))).Select(decision => decision with { Revoked = true }));
    }

    // The event's own lines, and one line for each unit of a programme that the rest of history gained or lost.
    private void Lines(Consequences consequences)
    {
        var own = with.Lines.GetValueOrDefault(because.Key);
        consequences.Lines.AddRange(own);
        foreach (var unit in consequences.Entries.Where(entry => entry.Corrects is not null).GroupBy(entry => (entry.Unit, entry.Program)).OrderBy(group => group.Key.Unit, StringComparer.Ordinal).ThenBy(group => group.Key.Program, StringComparer.Ordinal))
        {
            consequences.Lines.Add(new ReceiptLine(StateCodec.KernelSlot, "corrected")
            {
                Program = unit.Key.Program,
                Unit = unit.Key.Unit,
                Amount = unit.Sum(entry => entry.Amount),
                Parts = unit.GroupBy(entry => entry.Corrects).Select(group => new ReceiptLine(StateCodec.KernelSlot, "corrects") { Subject = group.Key?.ToString(), Unit = unit.Key.Unit, Amount = group.Sum(entry => entry.Amount) }).ToSequence(),
            });
        }
    }

    private readonly record struct EntryName(string Program, string Unit, string Lot, Movement Movement, EventKey Cause, string? Rule, Definitions.DefinitionHash? Definition, Instant? At);
}
