using Crm.Values;
using FluentValidation;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a host may choose about the engine. The defaults suit a shop in Hong Kong.</summary>
public sealed record CrmOptions
{
    /// <summary>The zone in which days begin and end.</summary>
    public DateTimeZone Zone { get; init; } = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];

    /// <summary>The calendars that conditions may name, such as public holidays. What a calendar has said of a day it must say for ever; see <see cref="IDayCalendar"/>.</summary>
    public DayCalendars Calendars { get; init; } = DayCalendars.None;

    /// <summary>How far ahead of the engine's clock an event may claim to have happened; clocks of tills differ a little.</summary>
    public Duration FutureTolerance { get; init; } = Duration.FromMinutes(5);

    /// <summary>An event older than this, compared with the last thing handled, is decided as of now, with a note, instead of deciding history again. Null: history is always decided again.</summary>
    public Duration? ReplayHorizon { get; init; }

    /// <summary>How many entries are folded before the state is kept as a checkpoint from which a replay may start. 8 to 10,000.</summary>
    public int CheckpointEvery { get; init; } = 64;

    /// <summary>How many rounds of echoes follow one event before the rest is dropped with a note. 1 to 100.</summary>
    public int EchoRounds { get; init; } = 16;

    /// <summary>How often a commit that lost against another process is decided again. 1 to 100.</summary>
    public int Attempts { get; init; } = 12;

    /// <summary>
    /// How long a worker may hold a message or a customer before another takes over; at least a second. A run of the outbox hands messages over for half of it, and then ends: what a channel takes longer for
    /// than the other half may be handed over by somebody else too.
    /// </summary>
    public Duration LeaseFor { get; init; } = Duration.FromMinutes(2);

    /// <summary>How often a message that its channel could not take is tried before it counts as failed. 1 to 100.</summary>
    public int SendAttempts { get; init; } = 5;

    /// <summary>
    /// Whether events that are recorded at the same time, each by a call of its own, share transactions where the store profits from it. Each caller is still answered when its own event is durable, and
    /// an event that fails takes no other with it. Never within a transaction of the host.
    /// </summary>
    public bool GroupCommits { get; init; } = true;

    /// <summary>How many callers may wait for shared transactions before the next ones wait outside the line. 1 to 1,000,000.</summary>
    public int GroupQueue { get; init; } = 10_000;

    /// <summary>The most events that share one transaction. 1 to 10,000.</summary>
    public int GroupSize { get; init; } = 500;

    /// <summary>
    /// How many customers the engine remembers as its latest commits left them, so that their next event costs one round trip instead of two; what others have changed since is noticed when the decision is
    /// committed, also where a failover lost commits and the customer came to the same version by others (<see cref="Storage.Commit.Upon"/>). Where others keep changing the same customers, memory is not asked for a while.
    /// 0 to 1,000,000, and never more than 8 KB of memory for each of them together, with the names by which they came and the profile where the store keeps it. 0: every event loads its customer. A store that does not heed
    /// <see cref="Storage.Commit.Upon"/> notices no lost commits: choose 0 over it where a failover may lose some that were acknowledged (synchronous_commit off, an asynchronous replica).
    /// </summary>
    public int RememberCustomers { get; init; } = 4_096;

    /// <summary>
    /// How long a customer is remembered after the latest commit; more than nothing. Whoever is erased leaves the memory of the engine that erases them at once, and that of other processes over the same store after this time, when their
    /// next event is recorded or their worker runs.
    /// </summary>
    public Duration RememberFor { get; init; } = Duration.FromHours(1);

    internal sealed class Validator : AbstractValidator<CrmOptions>
    {
        public Validator()
        {
            RuleFor(options => options.Zone).NotNull().WithMessage("CrmOptions.Zone is missing; a zone such as DateTimeZoneProviders.Tzdb[\"Asia/Hong_Kong\"] is expected.");
            RuleFor(options => options.FutureTolerance).Must(value => value >= Duration.Zero && value <= Duration.FromDays(1)).WithMessage("CrmOptions.FutureTolerance is {PropertyValue}; 0 to 24 hours are expected.");
            RuleFor(options => options.ReplayHorizon).Must(value => value is null || value > Duration.Zero).WithMessage("CrmOptions.ReplayHorizon is {PropertyValue}; more than nothing is expected, or null for none.");
            RuleFor(options => options.CheckpointEvery).InclusiveBetween(8, 10_000).WithMessage("CrmOptions.CheckpointEvery is {PropertyValue}; 8 to 10,000 is expected.");
            RuleFor(options => options.EchoRounds).InclusiveBetween(1, 100).WithMessage("CrmOptions.EchoRounds is {PropertyValue}; 1 to 100 is expected.");
            RuleFor(options => options.Attempts).InclusiveBetween(1, 100).WithMessage("CrmOptions.Attempts is {PropertyValue}; 1 to 100 is expected.");
            RuleFor(options => options.SendAttempts).InclusiveBetween(1, 100).WithMessage("CrmOptions.SendAttempts is {PropertyValue}; 1 to 100 is expected.");
            RuleFor(options => options.GroupQueue).InclusiveBetween(1, 1_000_000).WithMessage("CrmOptions.GroupQueue is {PropertyValue}; 1 to 1,000,000 is expected.");
            RuleFor(options => options.GroupSize).InclusiveBetween(1, 10_000).WithMessage("CrmOptions.GroupSize is {PropertyValue}; 1 to 10,000 is expected.");
            RuleFor(options => options.RememberCustomers).InclusiveBetween(0, 1_000_000).WithMessage("CrmOptions.RememberCustomers is {PropertyValue}; 0 to 1,000,000 is expected.");
            RuleFor(options => options.RememberFor).Must(value => value > Duration.Zero).WithMessage("CrmOptions.RememberFor is {PropertyValue}; more than nothing is expected.");
            RuleFor(options => options.LeaseFor).Must(value => value >= Duration.FromSeconds(1)).WithMessage("CrmOptions.LeaseFor is {PropertyValue}; at least a second is expected.");
        }
    }
}
