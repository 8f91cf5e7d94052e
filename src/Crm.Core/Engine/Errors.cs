using Crm.Values;

namespace Crm.Engine;

/// <summary>Events that cannot be recorded as they are. Nothing was written, and their keys may come again.</summary>
/// <param name="problems">All that is wrong, one sentence each.</param>
public sealed class InvalidEventException(Sequence<EventProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems.Select(problem => problem.Message)))
{
    /// <summary>All that is wrong.</summary>
    public Sequence<EventProblem> Problems { get; } = problems;
}

/// <summary>Something wrong with an event.</summary>
/// <param name="Index">Which of the events, from 0.</param>
/// <param name="Code">A stable code, such as "from-the-future" or "unknown-kind".</param>
/// <param name="Message">A sentence: which event, what was found, what would be right.</param>
public sealed record EventProblem(int Index, string Code, string Message);

/// <summary>The key of an event has been used for an event with other content. Nothing was written.</summary>
/// <param name="key">The key.</param>
public sealed class KeyReusedException(EventKey key)
    : Exception($"The key '{key}' has been recorded with other content. A key names one event for ever: send the event as it was, or under a key of its own.")
{
    /// <summary>The key.</summary>
    public EventKey Key { get; } = key;
}

/// <summary>Other writers kept winning. Nothing was written; the event may be sent again.</summary>
/// <param name="what">Which event or customer.</param>
/// <param name="attempts">How often it was decided.</param>
public sealed class TooManyConflictsException(string what, int attempts)
    : Exception($"{what} was decided {attempts} times, and each time another writer had changed the customer in between. Nothing was written; send it again.");

/// <summary>A module did what modules must not do. Nothing was written for the customer it happened with.</summary>
/// <param name="module">The module.</param>
/// <param name="what">What it did, and what would be right.</param>
/// <param name="inner">What it threw; null when it threw nothing.</param>
public sealed class ModuleFaultException(string module, string what, Exception? inner = null)
    : Exception($"The module '{module}' {what}", inner)
{
    /// <summary>The module.</summary>
    public string Module { get; } = module;
}

/// <summary>The host's customer table (<see cref="Storage.ICustomerProfiles"/>) did not answer for a customer: it threw, or a time-out of its own cancelled it. Nothing was written for this customer; others are not concerned.</summary>
/// <param name="inner">What it threw. Its message may quote values of a person.</param>
public sealed class ProfileFaultException(Exception inner)
    : Exception($"The host's profiles failed with {inner?.GetType().FullName} for a customer. Nothing was written for this customer; see what {nameof(Storage.ICustomerProfiles)}.{nameof(Storage.ICustomerProfiles.ReadAsync)} threw, and send the event again.", inner);

/// <summary>A customer's state was written by a later release. Nothing was written for this customer; others are not concerned.</summary>
/// <param name="slot">Whose state: a module's name, or "kernel".</param>
/// <param name="found">The version that it has.</param>
/// <param name="newest">The latest version that this release reads.</param>
public sealed class UnreadableStateException(string slot, int found, int newest)
    : Exception($"The state of '{slot}' has version {found}; this release reads versions 1 to {newest}. A later release wrote it: use that release, or a later one, for this customer.")
{
    /// <summary>Whose state: a module's name, or "kernel".</summary>
    public string Slot { get; } = slot;
}
