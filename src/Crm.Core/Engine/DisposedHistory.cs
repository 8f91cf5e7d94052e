using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// What becomes of events that reach before the opening of a journal. What has been disposed of cannot be decided again: such an event is recorded, takes effect now and on what is left, and its receipt says so.
/// </summary>
internal static class DisposedHistory
{
    /// <summary>What a receipt says.</summary>
    public static readonly ReceiptLine Line = new(StateCodec.KernelSlot, "reaches-disposed-history")
    {
        Text = new Text(
            "It reaches back to events that have been disposed of; what they gave stands, and only the rest of the history counts.",
            "此事項涉及已按保存期限銷毀的紀錄；當時所得維持不變，只計算仍保存的紀錄。"),
    };

    /// <summary>The last instant handled, or one after the opening.</summary>
    public static Instant After(OpeningMark? opening, Instant handled) =>
        opening is { At: var at } && handled <= at ? at + Duration.FromTicks(1) : handled;

    /// <summary>Whether an event amends, directly or through other amendments, an event that was disposed of, or is one that a disposed amendment was waiting for.</summary>
    public static async ValueTask<bool> ReachesAsync(ICustomerStore store, CustomerId customer, CustomerState state, List<JournalDraft> drafts, JournalDraft draft, CancellationToken cancellationToken)
    {
        if (state.Opening is not { At: var at })
        {
            return false;
        }

        if (state.Awaited.Contains(draft.Key) && !drafts.Exists(entry => entry.Event.Original == draft.Key))
        {
            return true;
        }

        var seen = new HashSet<EventKey>();
        for (var amendment = draft; amendment is { Kind.Nature: EventNature.Amendment, Event.Original: { } original } && seen.Add(original);)
        {
            amendment = drafts.Find(entry => entry.Key == original);
            if (amendment is null)
            {
                var known = await store.LoadAsync(CustomerRef.Of(customer) with { Recording = original }, cancellationToken).ConfigureAwait(false);
                return known.Recorded is { Receipt: var receipt } && receipt.Customer == customer && receipt.EffectiveAt <= at;
            }
        }

        return false;
    }

    /// <summary>Whether a refund without its original, this one or an earlier one that is matched anew, looks for more than there is left since the opening.</summary>
    public static bool IsLookedFor(CustomerState state, EffectiveHistory unchanged, EffectiveHistory changed, JournalDraft draft) => state.Opening is not null && changed.Inputs.Any(input =>
        input.Entry.Event is { Kind: EventKinds.RefundName, Original: null }
        && changed.TakenBy(input.Entry.Key) is { } taken
        && (taken.Spread.MinorUnits > 0 || taken.Unmatched.MinorUnits > 0 || taken.LinesInPart + taken.LinesNotFound > 0)
        && (input.Entry.Key == draft.Key || unchanged.TakenBy(input.Entry.Key) != taken));
}
