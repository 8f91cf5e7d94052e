using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The decision that a person is forgotten.</summary>
internal sealed partial class Decision
{
    /// <summary>Has the modules forget the person, as of the last thing handled. The profile is empty from now on, nothing is sent to them, and no state kept earlier stays; what others get from it is told them as ever.</summary>
    /// <param name="happened">The erasure as it was asked for.</param>
    /// <param name="payloadHash">Its hash.</param>
    /// <param name="now">The engine's now.</param>
    /// <param name="shortages">Supplies that a commit found short, for what falls due before the erasure.</param>
    public Receipt Erase(CustomerEvent happened, UInt128 payloadHash, Instant now, Shortages shortages)
    {
        profile = default(Fields);
        state.IsForgotten = true;
        var recordedAt = Kernel.After(state.RecordedAt, now);
        var occurredAt = Instant.FromUnixTimeTicks((happened.OccurredAt ?? recordedAt).ToUnixTimeTicks());
        var draft = new JournalDraft
        {
            Event = happened with { OccurredAt = occurredAt },
            Kind = EventKinds.Erased,
            EffectiveAt = DisposedHistory.After(state.Opening, Later(state.Handled, occurredAt) ?? occurredAt),
            RecordedAt = recordedAt,
            Version = Version + 1,
            Observations = Observations.Of(happened, state, default, isLate: false, kernel.Modules, shortages),
        };
        var left = BringForward(draft, withholds: true);
        var own = new Consequences();
        fold.Happen(Customer, state, new JournalInput(draft, draft.Event), own, left);
        own.Withhold();
        own.Lines.Add(new ReceiptLine(StateCodec.KernelSlot, "erased") { Text = new Text("Who this was is not known any more; the books stay.", "此客人的身分資料已刪除，帳目保留。") });
        var receipt = Record(draft, payloadHash, null, RecordMode.Live, own, null, null);
        consequences.Checkpoints.Clear();
        invalidFrom = Instant.MinValue;
        return receipt;
    }
}
