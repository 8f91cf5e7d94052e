using Crm.Conditions;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What the engine uses beside the store. Everything may be left out.</summary>
public sealed record CrmPorts
{
    /// <summary>The host's customer table; null: the store keeps profiles.</summary>
    public ICustomerProfiles? Profiles { get; init; }

    /// <summary>Asked when a message is about to leave; null: nobody asks.</summary>
    public ISendGate? Gate { get; init; }

    /// <summary>The channels that messages leave by, each once.</summary>
    public Sequence<IMessageChannel> Channels { get; init; }

    /// <summary>How the engine waits; null: as processes do.</summary>
    internal Pacing? Pacing { get; init; }
}

/// <summary>
/// Says whether a message may reach a customer. Asked twice: when the message is decided, and again when it is leased for sending, so that a consent withdrawn in between counts.
/// </summary>
public interface ISendGate
{
    /// <summary>Whether a message may be decided. Pure: it reads facts and nothing else.</summary>
    /// <param name="message">The message.</param>
    /// <param name="customer">The customer at the moment of the decision.</param>
    GateAnswer AskAtDecision(Message message, IEvidence customer);

    /// <summary>Whether a message may leave now.</summary>
    /// <param name="message">The message.</param>
    /// <param name="customer">The customer as of now.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken);
}

/// <summary>What a gate says.</summary>
/// <param name="MayLeave">Whether the message may leave.</param>
/// <param name="Reason">Why not, as a code; null when it may.</param>
public readonly record struct GateAnswer(bool MayLeave, string? Reason = null);

/// <summary>Sends messages of one channel; the host implements it.</summary>
public interface IMessageChannel
{
    /// <summary>The channel's name, as messages have it.</summary>
    string Name { get; }

    /// <summary>Sends a message. It may be called again for the same message when the process dies before the outcome is written; <paramref name="id"/> lets the receiver notice.</summary>
    ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken);
}

/// <summary>What became of a message at its channel.</summary>
public abstract record SendOutcome
{
    private SendOutcome()
    {
    }

    /// <summary>The channel has taken it.</summary>
    public sealed record Sent : SendOutcome;

    /// <summary>The channel will never take it.</summary>
    /// <param name="Reason">Why, as a code.</param>
    public sealed record Failed(string Reason) : SendOutcome;

    /// <summary>The channel cannot take it now.</summary>
    /// <param name="Wait">How long to wait before it is tried again.</param>
    public sealed record Later(Duration Wait) : SendOutcome;

    /// <summary>Now is not the time for it, such as in quiet hours. It is asked about again then: the gate, and whether it is still of use.</summary>
    /// <param name="Until">When it is tried again.</param>
    public sealed record PutOff(Instant Until) : SendOutcome;
}
