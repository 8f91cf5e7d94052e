using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What a module is called, handles, publishes and reads. The engine checks at start that the contracts of all modules fit together.</summary>
public sealed record ModuleContract
{
    /// <summary>The module's name, such as "loyalty"; also the name of its slot.</summary>
    public required string Name { get; init; }

    /// <summary>Encodes and decodes the module's state.</summary>
    public required ISlotCodec Codec { get; init; }

    /// <summary>Event kinds that the module brings along, beside the built-in ones.</summary>
    public Sequence<EventKind> Kinds { get; init; }

    /// <summary>The kinds of events and echoes that the module handles; "*" for all.</summary>
    public Sequence<string> Handles { get; init; }

    /// <summary>The echoes that the module may emit, for whoever writes a module that hears them. Modules may hear each other in a circle of kinds: what a definition answers to decides whether it comes to rest, and the engine bounds the rounds.</summary>
    public Sequence<string> Emits { get; init; }

    /// <summary>The facts that the module owns.</summary>
    public Sequence<FactDeclaration> Publishes { get; init; }

    /// <summary>Facts of other modules that it reads apart from those in its conditions.</summary>
    public Sequence<string> Reads { get; init; }

    /// <summary>
    /// Profile fields whose values the module reads with <see cref="ModuleContext.Observed(string)"/>: codes, numbers, flags and dates, never text about a person. Their values are stored with the events as observations.
    /// </summary>
    public Sequence<string> Observes { get; init; }

    /// <summary>Every condition that the module will ever ask about; the kernel keeps one accumulator for each distinct window leaf of them.</summary>
    public Sequence<Condition> Conditions { get; init; }

    /// <summary>The definitions, in all their versions, that the module decides by and names in ledger entries; empty where it has none. What was decided by one that is not among them is not decided again.</summary>
    public Sequence<DefinitionHash> Definitions { get; init; }

    /// <summary>From when on definitions decide, where that is later than the beginning of time. Where one was added that begins later than what is corrected, the engine need not look for what was given before it was there.</summary>
    public Sequence<DefinitionStart> Starts { get; init; }

    /// <summary>
    /// Whether history may be decided again. An irrevocable module keeps what it has done; when history changes it sees the changed event and an echo <see cref="Echo.Corrected"/>, and may ask what the event itself had made: <see cref="ModuleContext.Amended"/>.
    /// </summary>
    public bool Reversible { get; init; } = true;
}

/// <summary>A fact that a module owns.</summary>
/// <param name="Name">The name, or a beginning followed by '*', such as "segment.*".</param>
/// <param name="Queryable">Whether stores keep it as a row that audiences can be selected by; by one that they do not keep so, customers are asked one by one.</param>
public sealed record FactDeclaration(string Name, bool Queryable = false)
{
    /// <summary>Whether the name is the beginning of many.</summary>
    public bool IsBeginning => Name.EndsWith('*');

    /// <summary>Whether this declaration covers a fact of that name.</summary>
    public bool Covers(string name) => IsBeginning
        ? name.StartsWith(Name.AsSpan(0, Name.Length - 1), StringComparison.Ordinal)
        : string.Equals(Name, name, StringComparison.Ordinal);
}
