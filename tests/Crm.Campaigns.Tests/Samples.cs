using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests;

internal static class Samples
{
    public static readonly Identity Amy = Identity.User("amy");
    public static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];

    /// <summary>From when on experiments run whose beginning is not the point.</summary>
    public static readonly Instant LongAgo = Instant.FromUtc(2020, 1, 1, 0, 0);

    public static Journey Thanks => Of("thanks", new Trigger.OnEvent("purchase"));

    public static Journey WakeUp => Of("wake-up", new Trigger.WhenSilent("purchase", [30, 60, 90]));

    public static Journey Gift(LeapDay policy = LeapDay.Feb28) => Of("gift", new Trigger.OnBirthday(LeapDay: policy));

    public static Journey Of(string id, Trigger trigger, int usefulDays = 3, string purpose = "marketing", string channel = "email") =>
        new() { Id = id, Trigger = trigger, Message = new JourneyMessage(channel, "hello", purpose, Duration.FromDays(usefulDays)) };

    public static Instant Local(int year, int month, int day, int hour = 12, int minute = 0) => new LocalDateTime(year, month, day, hour, minute).InZoneLeniently(HongKong).ToInstant();
}

/// <summary>Permits everything while the fact "open" is not false; the answer is a fact, so it is part of history.</summary>
internal sealed class FactGate : ISendGate
{
    public GateAnswer AskAtDecision(Message message, IEvidence customer) => Answer(customer.Fact("door.closed", out _));

    public ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult(Answer(customer.Fact("door.closed")));

    private static GateAnswer Answer(Scalar closed) => closed.AsFlag ? new GateAnswer(false, "consent-withdrawn") : new GateAnswer(true);
}
