using Crm.Campaigns.Experiments;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>A journey: what begins it, for whom, and the message that it sends. It is one immutable version; change it by defining the next one.</summary>
public sealed record Journey
{
    /// <summary>Its name, which all versions share; every occasion of a message begins with it.</summary>
    public required string Id { get; init; }

    /// <summary>What begins it.</summary>
    public required Trigger Trigger { get; init; }

    /// <summary>Must hold when it begins; otherwise the message is suppressed and the record says so. Null: for everybody.</summary>
    public Condition? When { get; init; }

    /// <summary>What is sent.</summary>
    public required JourneyMessage Message { get; init; }

    /// <summary>How often one customer may get this journey's message. Empty: whenever it begins.</summary>
    public Sequence<Cap> Caps { get; init; }

    /// <summary>When its message does not leave; null: in the quiet hours of the plan, and a message of the service at any time.</summary>
    public QuietHours? Quiet { get; init; }

    /// <summary>The arms that its people are spread over; null: everybody gets the same.</summary>
    public Experiment? Experiment { get; init; }

    /// <summary>Where several journeys begin at one instant and a cap leaves room for fewer, the higher ones are decided first; equal ones in the order of their names. 0 when nothing is said.</summary>
    public int Priority { get; init; }

    /// <summary>Whether this version ends the journey: nothing begins it any more, and what it waited for comes to nothing. Messages that were decided before are sent. A later version begins it anew.</summary>
    public bool Ended { get; init; }

    /// <summary>The hash of the canonical text.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(JourneyJson.Write(this));

    /// <summary>A version for a catalogue.</summary>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included; null: from ever.</param>
    public Definition<Journey> Define(int version = 1, Instant? activeFrom = null) => new(Id, version, activeFrom ?? Instant.MinValue, this, Hash);

    /// <summary>Whether what begins it may come about by another event, or at another time, when history is decided again, and is still the same: an echo about one thing, such as the segment that was entered.</summary>
    internal bool MovesWithHistory => Trigger is Trigger.OnEcho { Having.Count: > 0 };

    /// <summary>Its message, as decided at an instant about an occasion.</summary>
    /// <param name="occasion">Without the journey's name.</param>
    internal Message MessageAt(Instant at, string occasion) => new()
    {
        Occasion = $"{Id}:{occasion}",
        Channel = Message.Channel,
        Template = Message.Template,
        Purpose = Message.Purpose,
        Brand = Message.Brand,
        DecidedAt = at,
        UsefulUntil = at + Message.UsefulFor,
    };
}

/// <summary>What a journey sends.</summary>
/// <param name="Channel">The channel, such as "email".</param>
/// <param name="Template">The template.</param>
/// <param name="Purpose">What consent is asked for, such as "marketing". "service" is exempt from caps.</param>
/// <param name="UsefulFor">How long after the decision it may still be sent; more than nothing, at most 366 days.</param>
public sealed record JourneyMessage(string Channel, string Template, string Purpose, Duration UsefulFor)
{
    /// <summary>The brand that it is sent for, so that what a customer said about that brand counts; null: for all that the host sells under.</summary>
    public string? Brand { get; init; }

    /// <summary>The purpose of messages that belong to the service itself (a receipt, a reset password): caps neither hold them back nor count them.</summary>
    public const string Service = "service";
}
