using Crm.Events;

namespace Crm.Modules;

/// <summary>
/// A module that knows more about what a right event is than its declared fields say: which purposes exist, what a profile may hold. The engine asks before anything is read or written,
/// and reports what all validators find together with what it finds itself.
/// </summary>
public interface IEventValidator
{
    /// <summary>All that is wrong with an event; empty when nothing is. Messages name fields and never repeat a value of the profile.</summary>
    IEnumerable<EventFault> Check(CustomerEvent happened);
}

/// <summary>Something wrong with an event.</summary>
/// <param name="Code">A stable code, such as "unknown-purpose".</param>
/// <param name="Message">The end of a sentence that begins with the event: "names the purpose 'x', which …".</param>
public readonly record struct EventFault(string Code, string Message);
