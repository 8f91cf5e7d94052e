using NodaTime;

namespace Crm.Definitions;

/// <summary>What a revision does to a definition.</summary>
public enum RevisionChange
{
    /// <summary>Writes a version down that does not count yet.</summary>
    Draft,

    /// <summary>Lets a version count, from its own instant on.</summary>
    Activate,

    /// <summary>Ends what is defined, with a version that says so. Its past stays.</summary>
    Retire,
}

/// <summary>Where something that people define stands at an instant.</summary>
public enum DefinitionStatus
{
    /// <summary>Only drafts of it are there.</summary>
    Draft,

    /// <summary>Its first version has yet to begin.</summary>
    Scheduled,

    /// <summary>It counts.</summary>
    Active,

    /// <summary>It has been ended.</summary>
    Retired,
}

/// <summary>One change of a definition, never overwritten.</summary>
/// <typeparam name="T">What is defined; an immutable value.</typeparam>
/// <param name="Number">The number of the change among those of its name, from 1.</param>
/// <param name="Change">What it does.</param>
/// <param name="By">Who made it, as a code such as "staff:17".</param>
/// <param name="At">When it was made.</param>
/// <param name="Definition">The version that it writes down, lets count, or ends with.</param>
public sealed record Revision<T>(int Number, RevisionChange Change, string By, Instant At, Definition<T> Definition)
    where T : notnull
{
    /// <summary>The name of what is defined.</summary>
    public string Name => Definition.Name;
}
