using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Consents;

/// <summary>The consents with their evidence and history. Version 1 knew no brands, and when somebody last said no from the history alone.</summary>
internal sealed class PrivacyStateCodec : SlotCodec<PrivacyState>
{
    private const int FirstWithBrands = 2;

    public override int Version => 2;

    public override PrivacyState Empty => PrivacyState.Empty;

    protected override void Write(PrivacyState state, SlotWriter writer)
    {
        writer.Whole(state.Consents.Count);
        foreach (var consent in state.Consents)
        {
            writer.Text(consent.Channel);
            writer.Text(consent.Purpose);
            writer.Text(consent.Brand);
            writer.Instant(consent.DeniedAt);
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
            var (channel, purpose) = (reader.Code(), reader.Code());
            var (brand, denied) = version >= FirstWithBrands ? (reader.Text(), reader.InstantOrNull()) : (null, null);
            var consent = new Consent
            {
                Channel = channel,
                Purpose = purpose,
                Brand = brand,
                DeniedAt = denied,
                State = (ConsentState)reader.Int(),
                Evidence = ReadEvidence(ref reader),
                History = ReadHistory(ref reader),
            };
            consents[i] = version >= FirstWithBrands ? consent : consent with { DeniedAt = LastDenial(consent) };
        }

        return new PrivacyState { Consents = consents.ToSequence() };
    }

    private static Instant? LastDenial(Consent consent) => IsDenial(consent.State)
        ? consent.Evidence.AnsweredAt
        : consent.History.Where(change => IsDenial(change.State)).Select(change => (Instant?)change.At).Max();

    private static bool IsDenial(ConsentState state) => state is ConsentState.Refused or ConsentState.Withdrawn;

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
