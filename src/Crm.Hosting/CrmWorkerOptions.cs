using FluentValidation;

namespace Crm.Hosting;

/// <summary>What a host may choose about the worker.</summary>
public sealed record CrmWorkerOptions
{
    /// <summary>How long the worker waits between two rounds in which there was no more to do than it may take. A second to an hour.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>At most so many customers, and so many messages, in one step; when there is more, the next round follows at once. 1 to 100,000.</summary>
    public int Most { get; init; } = 1_000;

    /// <summary>How long it waits after a step failed; twice as long after each further failure, up to a hundredfold. A tenth of a second to an hour.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the worker looks for profiles that the host has changed in a table of its own (<see cref="Engine.CrmEngine.ObserveProfilesAsync"/>). A second to 31 days; null: never, as where the store keeps the profiles.</summary>
    public TimeSpan? ObserveProfilesEvery { get; init; }

    /// <summary>For the health check: for how long nothing may have succeeded. Longer than <see cref="Every"/>.</summary>
    public TimeSpan UnhealthyAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For the health check of the outbox: for how long something may wait, beyond the instant from which it might leave. More than nothing.</summary>
    public TimeSpan OutboxDegradedAfter { get; init; } = TimeSpan.FromMinutes(10);

    internal sealed class Validator : AbstractValidator<CrmWorkerOptions>
    {
        public Validator()
        {
            RuleFor(options => options.Every).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)).WithMessage("CrmWorkerOptions.Every is {PropertyValue}; a second to an hour is expected.");
            RuleFor(options => options.Most).InclusiveBetween(1, 100_000).WithMessage("CrmWorkerOptions.Most is {PropertyValue}; 1 to 100,000 is expected.");
            RuleFor(options => options.RetryAfter).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)).WithMessage("CrmWorkerOptions.RetryAfter is {PropertyValue}; a tenth of a second to an hour is expected.");
            RuleFor(options => options.ObserveProfilesEvery).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromDays(31)).WithMessage("CrmWorkerOptions.ObserveProfilesEvery is {PropertyValue}; a second to 31 days is expected, or null for never.");
            RuleFor(options => options.OutboxDegradedAfter).GreaterThan(TimeSpan.Zero).WithMessage("CrmWorkerOptions.OutboxDegradedAfter is {PropertyValue}; more than nothing is expected.");
            RuleFor(options => options.UnhealthyAfter).GreaterThan(options => options.Every).WithMessage("CrmWorkerOptions.UnhealthyAfter is {PropertyValue}; more than Every is expected.");
        }
    }
}
