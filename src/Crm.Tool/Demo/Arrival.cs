using Crm.Events;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>An event and when it reaches the engine: at once, or hours later from a till that was offline.</summary>
/// <param name="At">When it arrives.</param>
/// <param name="Event">The event, with the instant at which it occurred.</param>
internal readonly record struct Arrival(Instant At, CustomerEvent Event);
