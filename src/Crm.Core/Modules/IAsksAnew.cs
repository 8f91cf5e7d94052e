using Crm.Conditions;
using NodaTime;

namespace Crm.Modules;

/// <summary>
/// An optional ability of a module whose definitions may be others than those by which a state was decided. It keeps causes apart: what a definition brings and what the next event brings. And it lets a store be
/// filled in for new definitions without a look at everybody.
/// </summary>
public interface IAsksAnew
{
    /// <summary>Whether a state was decided by other definitions than those of today, about which the customer is still to be asked. Never for a state of whom nothing was asked yet.</summary>
    bool IsBehind(object state);

    /// <summary>Notes in a state that is behind what today's definitions say already, before anything else happens. Nothing is decided, and nothing of it is stored.</summary>
    /// <param name="state">The module's state.</param>
    /// <param name="context">The customer just before. There is no stimulus.</param>
    /// <returns>The state, with the note.</returns>
    object Look(object state, ModuleContext context);

    /// <summary>Whether two states say the same of the customer, whichever definitions decided them: then the first may stand, because asking later comes to the second.</summary>
    bool SaysTheSame(object state, object other);

    /// <summary>
    /// Of whom asking now could change anything that is stored or falls due, among those who have such a state. Of whom the condition does not hold, nothing but an event, or something that falls due for them already, can
    /// make a difference.
    /// </summary>
    /// <param name="state">The module's state.</param>
    /// <param name="now">When they are asked.</param>
    /// <param name="ahead">How much later than now the condition is asked, because events may lie so far ahead. What it says of facts, it says now as well.</param>
    /// <returns>A condition, for equal states the same one; null where everybody is to be asked.</returns>
    Condition? Concerns(object state, Instant now, Duration ahead);
}
