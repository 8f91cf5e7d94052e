using Crm.Events;
using NodaTime;

namespace Crm.Modules;

/// <summary>An event of which an amendment has left more or less than there was before.</summary>
/// <param name="Whole">The event as it was recorded.</param>
/// <param name="Before">What earlier amendments had left of it; null: nothing.</param>
/// <param name="Left">What is left of it now; null: nothing.</param>
/// <param name="At">When it counts.</param>
public sealed record AmendedEvent(CustomerEvent Whole, CustomerEvent? Before, CustomerEvent? Left, Instant At);
