using System.Buffers.Binary;
using System.Security.Cryptography;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Definitions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>
/// Writes down what one decision looks at: the journey's very version, the occasion and its values, the moment, the message that had left for it before, whether the condition held, what the gate answered, the messages and caps that were counted, and the arms that the customer is in.
/// Two decisions with one hash saw the same.
/// </summary>
internal sealed class DecisionInputs
{
    private readonly SlotWriter seen = new();

    public DecisionInputs(Definition<Journey> definition, Message message, Moment moment)
    {
        seen.Text(definition.Hash.ToString());
        seen.Whole(definition.Version);
        seen.Text(message.Occasion);
        seen.Fields(message.Parameters);
        seen.Instant(moment.Instant);
        seen.Text(moment.Zone.Id);
    }

    public void Answered(string sent)
    {
        seen.Text("answered");
        seen.Text(sent);
    }

    public bool Condition(bool holds)
    {
        seen.Text("condition");
        seen.Flag(holds);
        return holds;
    }

    public GateAnswer Gate(GateAnswer answer)
    {
        seen.Text("gate");
        seen.Flag(answer.MayLeave);
        seen.Text(answer.Reason);
        return answer;
    }

    public Instant? Quiet(DateTimeZone zone, Instant? until)
    {
        seen.Text("quiet");
        seen.Text(zone.Id);
        seen.Instant(until);
        return until;
    }

    public Arm Arm(Experiment experiment, Arm arm)
    {
        seen.Text("arm");
        seen.Text(experiment.Id);
        seen.Text(arm.Name);
        return arm;
    }

    public IReadOnlyList<Reservation> Counted(IReadOnlyList<Reservation> reservations, Sequence<Cap> caps)
    {
        seen.Text("counted");
        foreach (var cap in caps)
        {
            seen.Whole(cap.Most);
            seen.Whole((cap as Cap.Rolling)?.Length.BclCompatibleTicks ?? 0);
        }

        seen.Text("by");
        foreach (var reservation in reservations)
        {
            seen.Text(reservation.Occasion);
            seen.Text(reservation.Channel);
            seen.Instant(reservation.From);
            seen.Instant(reservation.Until);
            seen.Flag(reservation.Sent);
        }

        return reservations;
    }

    public UInt128 Hash()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(seen.Written, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
