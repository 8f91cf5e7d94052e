using Crm.Events;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What a module is asked to handle.</summary>
public abstract record Stimulus
{
    private protected Stimulus()
    {
    }

    /// <summary>An event from outside, with what is left of it after all amendments known at this point of history.</summary>
    /// <param name="Event">The event; <see cref="CustomerEvent.OccurredAt"/> has a value, identity and profile have none.</param>
    public sealed record Happened(CustomerEvent Event) : Stimulus;

    /// <summary>Something that a module did in the same fold.</summary>
    /// <param name="Echo">What.</param>
    public sealed record Echoed(Echo Echo) : Stimulus;

    /// <summary>An entry of the module's own agenda is due; the moment is its due instant, however late the worker.</summary>
    /// <param name="Key">The entry's key.</param>
    public sealed record Due(string Key) : Stimulus;
}

/// <summary>Tells other modules, in the same fold, what a module did.</summary>
/// <param name="Kind">The kind, such as "tier.changed".</param>
/// <param name="Fields">Codes, numbers and flags.</param>
public sealed record Echo(string Kind, Fields Fields = default)
{
    /// <summary>The kernel's echo to irrevocable modules after history was decided again; field "cause" is the key of the event that changed it.</summary>
    public const string Corrected = "history.corrected";

    /// <summary>The kernel's echo to a module that handles it, when facts that it reads have changed since it was last asked: <see cref="ModuleContext.ChangedFacts"/> names them.</summary>
    public const string FactsChanged = "facts.changed";
}
