using System.Globalization;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Decides a journal again and compares the state it leads to with the stored one.</summary>
internal sealed class Redecision(ModuleSet modules, StateCodec codec, CrmOptions options)
{
    private readonly Fold fold = new(modules, codec, options);
    private readonly bool mindsOrderFree = modules.Kinds.Known.Any(name => modules.Kinds.Find(name) is { OrderFree: true } && modules.HandlersFor(name).Any(index => modules.Contracts[index].Reversible));
    private readonly HashSet<Definitions.DefinitionHash> known = [.. modules.Contracts.SelectMany(contract => contract.Definitions)];

    /// <summary>Why a journal cannot be decided again with what is there; null when it can.</summary>
    public string? Obstacle(CustomerHistory history, IEnumerable<LedgerEntry> ledger)
    {
        foreach (var entry in ledger)
        {
            if (entry.Definition is { } definition && !known.Contains(definition))
            {
                return $"the ledger entry of '{entry.Cause}' was decided by the definition {definition}, which no module has any more";
            }
        }

        if (history.Entries.FirstOrDefault(entry => JoinedHistories.RetiredBy(entry) is not null && !history.Joined.Any(joined => joined.By == entry.Event.Key)) is { } merge)
        {
            return $"the history that '{merge.Event.Key}' joined was not read with it";
        }

        if (Erased(history.Joined) is { } gone)
        {
            return $"the history that '{gone.By}' joined has been erased";
        }

        return mindsOrderFree && history.AllJoined().Select(joined => joined.History).Prepend(history).Select(Late).FirstOrDefault(late => late is not null) is { } late
            ? $"the event '{late.Event.Key}' of the order-free kind '{late.Event.Kind}' came late, and was decided as of a later instant"
            : null;
    }

    // The first event of an order-free kind that was decided as of a later instant than its own.
    private JournalEntry? Late(CustomerHistory history)
    {
        var last = NodaTime.Instant.MinValue;
        foreach (var entry in history.Entries.OrderBy(entry => entry.Version))
        {
            if ((entry.EffectiveAt < last || Observations.AskedAt(entry.Observations) is not null) && modules.Kinds.Find(entry.Event.Kind) is { OrderFree: true } && modules.HandlersFor(entry.Event.Kind).Any(index => modules.Contracts[index].Reversible))
            {
                return entry;
            }

            last = NodaTime.Instant.Max(last, entry.EffectiveAt);
        }

        return null;
    }

    // Whoever was merged left an entry at least, which nothing but an erasure disposes of. Histories that were joined go before the one that they were joined to.
    private static JoinedHistory? Erased(Sequence<JoinedHistory> joined) =>
        joined.Select(one => one.History is { Entries.IsEmpty: true, Opening: not null } ? one : Erased(one.History.Joined)).FirstOrDefault(one => one is not null);

    /// <summary>In what the stored state differs from what its journal leads to. The stored state is brought forward to the instant that it has handled.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="stored">The state.</param>
    /// <param name="history">The journal.</param>
    /// <param name="ledger">The customer's ledger, which says what was given by other definitions than those that would decide it now; null: nobody asks it.</param>
    public IEnumerable<Difference> Compare(CustomerId customer, CustomerState stored, CustomerHistory history, IReadOnlyCollection<LedgerEntry>? ledger = null)
    {
        var start = history.Checkpoint is { } checkpoint ? codec.Decode(checkpoint.Slots, 0) : HistoryBeginning.Of(codec, modules, history.Opening, stored.Since);
        Array.Copy(stored.Since, start.Since, start.Since.Length);
        var until = stored.Handled ?? NodaTime.Instant.MinValue;
        var again = Replay.Run(fold, customer, Pins.Of(modules, start, stored), EffectiveHistory.Of(Drafts(customer, stored, history, ledger)).Inputs, until);
        var replayed = again.State;
        var state = stored.Clone();
        fold.BringForward(customer, state, until, new Consequences());
        return Slots(state, replayed).Concat(Facts(state, replayed)).Concat(Agendas(state, replayed)).Concat(Handled(stored, replayed, history)).Concat(Kernels(state, replayed))
            .Concat(history.Checkpoint is null && history.Opening is null ? Decisions(customer, stored, history, again.Consequences.Decisions) : []);
    }

    private List<JournalDraft> Drafts(CustomerId customer, CustomerState stored, CustomerHistory history, IReadOnlyCollection<LedgerEntry>? ledger)
    {
        List<JournalDraft> drafts = [.. JournalDraft.Of(history, modules, codec)];
        return ledger is null || stored.DecidedBy.All(epoch => epoch.Definitions == modules.Definitions) ? drafts
            : AwardRecords.Recall(customer, drafts, history, journal => journal == customer ? stored.DecidedBy : [], ledger, modules);
    }

    // What counts of the recorded decisions is what the journal leads to. What was decided before decisions were kept is in no receipt, though a correction since may have written about some of it: where the journal is
    // older than the first receipt with decisions, only what was decided from that receipt on has to be there. With entries that were disposed of their receipts are gone, and with these what was decided about whoever they were of.
    private IEnumerable<Difference> Decisions(CustomerId customer, CustomerState stored, CustomerHistory history, List<DecisionRecord> again)
    {
        var recorded = new Dictionary<DecisionName, DecisionRecord>();
        var expected = new Dictionary<DecisionName, DecisionRecord>();
        var first = NodaTime.Instant.MaxValue;
        foreach (var entry in DecisionLog.Of(customer, new Moment(default, options.Zone), history, stored.Untold).Entries)
        {
            var record = entry.Record with { DecidedFor = entry.Whom == customer ? null : entry.Whom };
            recorded[DecisionName.Of(record)] = record;
            first = NodaTime.Instant.Min(first, entry.RecordedAt ?? record.At);
        }

        var gone = Disposed(history.Joined).ToHashSet();
        var isOlder = history.All().Any(one => one.Entry.RecordedAt < first);

        again.ForEach(record => expected[DecisionName.Of(record)] = record);
        return from name in recorded.Keys.Union(expected.Keys)
               let found = recorded.GetValueOrDefault(name)
               let right = expected.GetValueOrDefault(name)
               where !(name.DecidedFor is { } whom && gone.Contains(whom))
               where (found ?? right) is { } any && modules.IndexOf(any.Module) is >= 0 and var index && modules.Contracts[index].Reversible
               where found is null ? !isOlder || right?.At >= first : right is null ? !found.Revoked : found with { Silent = right.Silent } != right
               select new Difference($"the decision of '{(found ?? right)?.Definition}' about '{(found ?? right)?.Occasion}'", Text(found), Text(right));
    }

    // Those who were merged in and of whose journals a part was disposed of.
    private static IEnumerable<CustomerId> Disposed(Sequence<JoinedHistory> joined) =>
        joined.SelectMany(one => Disposed(one.History.Joined).Concat(one.History.Opening is null ? [] : [one.Customer]));

    private static string Text(DecisionRecord? decision) => decision is null or { Revoked: true } ? "none" : string.Create(CultureInfo.InvariantCulture, $"{decision.Verdict} {decision.Reason} at {decision.At} by inputs {decision.Inputs:x32}");

    private IEnumerable<Difference> Slots(CustomerState stored, CustomerState replayed)
    {
        for (var i = 0; i < modules.Count; i++)
        {
            // Whoever stays out of everything new is not written for it: such a state says the same by older definitions.
            if (!modules.Contracts[i].Reversible || ReferenceEquals(stored.Slots[i], replayed.Slots[i]) || (modules.All[i] is IAsksAnew asking && asking.IsBehind(stored.Slots[i]) && asking.SaysTheSame(stored.Slots[i], replayed.Slots[i])))
            {
                continue;
            }

            var found = codec.EncodeModule(i, stored.Slots[i]).Bytes;
            var expected = codec.EncodeModule(i, replayed.Slots[i]).Bytes;
            if (found != expected)
            {
                yield return new Difference($"the state of '{modules.Contracts[i].Name}'", Hex(found, expected), Hex(expected, found));
            }
        }
    }

    private IEnumerable<Difference> Facts(CustomerState stored, CustomerState replayed)
    {
        var names = Names(stored).Union(Names(replayed), StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return from name in names
               where IsReversible(name)
               let found = stored.Facts.Find(name)
               let expected = replayed.Facts.Find(name)
               where found != expected
               select new Difference($"the fact '{name}'", Text(found), Text(expected));
    }

    private IEnumerable<Difference> Agendas(CustomerState stored, CustomerState replayed)
    {
        var found = Reversible(stored.Agenda);
        var expected = Reversible(replayed.Agenda);
        return found.SequenceEqual(expected) ? [] : [new Difference("the agenda", Text(found.Except(expected)), Text(expected.Except(found)))];
    }

    private IEnumerable<Difference> Handled(CustomerState stored, CustomerState replayed, CustomerHistory history)
    {
        if (stored.Handled != replayed.Handled && !(stored.Handled > replayed.Handled && MayHaveHandledMore(stored, history)))
        {
            yield return new Difference("the last thing handled", $"{stored.Handled}", $"{replayed.Handled}");
        }
    }

    // What an irrevocable module decided about a late event fell due when it was recorded, and not where a replay would have it: the last thing may be one of these. Whoever handled it has handled all that was due before.
    private bool MayHaveHandledMore(CustomerState stored, CustomerHistory history) =>
        !(stored.NextDue < stored.Handled) && !modules.IsAllReversible && HasChanged(history.Entries, IrrevocableSince(stored));

    // A module that is gone may have been irrevocable, too.
    private long IrrevocableSince(CustomerState stored) => stored.Unregistered.IsEmpty ? modules.Contracts.Select((contract, index) => contract.Reversible ? long.MaxValue : stored.Since[index]).Min() : 0;

    // Whether something was recorded after what counts later, about what had been recorded, or to join a history, since the first irrevocable module came: what had changed before, none of them has seen otherwise.
    private bool HasChanged(Sequence<JournalEntry> entries, long since)
    {
        var last = NodaTime.Instant.MinValue;
        foreach (var entry in entries.OrderBy(entry => entry.Version))
        {
            if (entry.Version > since && (entry.EffectiveAt < last || JoinedHistories.RetiredBy(entry) is not null || JournalDraft.KindOf(entry.Event, modules.Kinds).Nature == EventNature.Amendment))
            {
                return true;
            }

            last = NodaTime.Instant.Max(last, entry.EffectiveAt);
        }

        return false;
    }

    private static IEnumerable<Difference> Kernels(CustomerState stored, CustomerState replayed)
    {
        if (!stored.ProfileTruths.AsSpan().SequenceEqual(replayed.ProfileTruths))
        {
            yield return new Difference("the observed truths of profile tests", "others", "those that the journal's observations lead to");
        }

        // States of the first release do not tell what was looked at and empty from what was never looked at.
        if (!stored.ProfileValues.Select(value => value.GetValueOrDefault()).SequenceEqual(replayed.ProfileValues.Select(value => value.GetValueOrDefault())))
        {
            yield return new Difference("the observed values of profile fields", "others", "those that the journal's observations lead to");
        }

        var found = Bytes(stored);
        var expected = Bytes(replayed);
        if (stored.Observed.MissingLeaves.IsEmpty && replayed.Observed.MissingLeaves.IsEmpty && found != expected)
        {
            yield return new Difference("the counts over windows of time", Hex(found, expected), Hex(expected, found));
        }
    }

    private bool IsReversible(string fact) => modules.OwnerOf(fact) is not { Module: var owner } || modules.Contracts[owner].Reversible;

    private List<AgendaEntry> Reversible(Agenda agenda) => [.. agenda.Entries.ToArray().Where(entry => modules.Contracts[entry.Module].Reversible)];

    private string Text(IEnumerable<AgendaEntry> entries) => entries.Any() ? string.Join(", ", entries.Select(entry => $"'{modules.Contracts[entry.Module].Name}/{entry.Key}' at {entry.Due}")) : "nothing more";

    private static IEnumerable<string> Names(CustomerState state) => state.Facts.InOrder.ToArray().Select(fact => fact.Name);

    private static string Text(Fact? fact) => fact is { } found ? $"{found.Value}{(found.ValidUntil is { } until ? $" until {until}" : "")}" : "none";

    private static Sequence<byte> Bytes(CustomerState state)
    {
        var writer = new SlotWriter();
        state.Observed.Write(writer);
        return Sequence.Create(writer.Written);
    }

    // A few bytes from the first that differs on are enough to see where.
    private static string Hex(Sequence<byte> bytes, Sequence<byte> other)
    {
        const int Shown = 8;
        var place = bytes.AsSpan().CommonPrefixLength(other.AsSpan());
        var part = bytes.AsSpan()[place..Math.Min(place + Shown, bytes.Count)];
        return string.Create(CultureInfo.InvariantCulture, $"{bytes.Count} bytes, from byte {place} on {(part.IsEmpty ? "none" : Convert.ToHexStringLower(part))}");
    }
}
