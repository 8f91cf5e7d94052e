using Crm.Modules;
using Crm.Values;

namespace Crm.Privacy.Consents;

/// <summary>Version 1: the consents with their evidence and history.</summary>
internal sealed class PrivacyStateCodec : SlotCodec<PrivacyState>
{
    public override int Version => 1;

    public override PrivacyState Empty => PrivacyState.Empty;

    protected override void Write(PrivacyState state, SlotWriter writer)
    {
        writer.Whole(state.Consents.Count);
        foreach (var consent in state.Consents)
        {
            writer.Text(consent.Channel);
            writer.Text(consent.Purpose);
            writer.Whole((long)consent.State);
            Write(consent.Evidence, writer);
            writer.Whole(consent.History.Count);
            foreach (var change in consent.History)
            {
                writer.Whole((long)change.State);
                writer.Instant(change.At);
            }
        }
    }

    protected override PrivacyState Read(int version, ref SlotReader reader)
    {
        var consents = new Consent[reader.Int()];
        for (var i = 0; i < consents.Length; i++)
        {
            consents[i] = new Consent
            {
                Channel = reader.Code(),
                Purpose = reader.Code(),
                State = (ConsentState)reader.Int(),
                Evidence = ReadEvidence(ref reader),
                History = ReadHistory(ref reader),
            };
        }

        return new PrivacyState { Consents = consents.ToSequence() };
    }

    private static void Write(ConsentEvidence evidence, SlotWriter writer)
    {
        writer.Text(evidence.Event.ToString());
        writer.Instant(evidence.AnsweredAt);
        writer.Text(evidence.Notice);
        writer.Instant(evidence.ShownAt);
        writer.Text(evidence.Method);
        writer.Text(evidence.Actor);
        writer.Text(evidence.Reference);
        writer.Instant(evidence.ValidUntil);
    }

    private static ConsentEvidence ReadEvidence(ref SlotReader reader) => new(EventKey.Parse(reader.Code()), reader.Instant())
    {
        Notice = reader.Text(),
        ShownAt = reader.InstantOrNull(),
        Method = reader.Text(),
        Actor = reader.Text(),
        Reference = reader.Text(),
        ValidUntil = reader.InstantOrNull(),
    };

    private static Sequence<ConsentChange> ReadHistory(ref SlotReader reader)
    {
        var changes = new ConsentChange[reader.Int()];
        for (var i = 0; i < changes.Length; i++)
        {
            changes[i] = new ConsentChange((ConsentState)reader.Int(), reader.Instant());
        }

        return changes.ToSequence();
    }
}
