using Crm.Definitions;
using Crm.Loyalty.Programs;
using NodaTime;

namespace Crm.Loyalty.Library;

/// <summary>What a revision does to a programme.</summary>
public enum ProgramChange
{
    /// <summary>Writes a version down that does not count yet.</summary>
    Draft,

    /// <summary>Lets a version count, from its own instant on.</summary>
    Activate,

    /// <summary>Ends a programme: from an instant on nothing is earned. What members hold stays theirs, can be spent, and runs out as it would have.</summary>
    Retire,
}

/// <summary>Where a programme stands at an instant.</summary>
public enum ProgramStatus
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

/// <summary>One change of a programme, never overwritten.</summary>
/// <param name="Program">The programme's name.</param>
/// <param name="Number">The number of the change, from 1.</param>
/// <param name="Change">What it does.</param>
/// <param name="By">Who made it, as a code such as "staff:17".</param>
/// <param name="At">When it was made.</param>
/// <param name="Definition">The version that it writes, activates or ends the programme with.</param>
public sealed record ProgramRevision(string Program, int Number, ProgramChange Change, string By, Instant At, Definition<LoyaltyProgram> Definition);
