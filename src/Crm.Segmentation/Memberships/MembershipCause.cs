using System.Runtime.InteropServices;
using Crm.Modules;
using Crm.Values;

namespace Crm.Segmentation.Memberships;

/// <summary>Why a customer entered a segment, or left it.</summary>
public enum MembershipReason
{
    /// <summary>Not known: decided by a release that did not write it down.</summary>
    Unknown,

    /// <summary>An event.</summary>
    Event,

    /// <summary>Nothing but the passing of time.</summary>
    Time,

    /// <summary>Another definition, or another version of one, began to count. Where so much was defined anew between two events that nobody can tell which it was, what an event or the time may have changed has these as its cause.</summary>
    Definition,
}

/// <summary>Why a customer entered a segment, or left it.</summary>
/// <param name="Reason">The sort of cause.</param>
/// <param name="Event">The event; null where it was none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MembershipCause(MembershipReason Reason, EventKey? Event = null)
{
    private const string Due = "due";

    /// <summary>The key of the event, "time", "definition", or "unknown".</summary>
    public override string ToString() => Event?.ToString() ?? Reason switch
    {
        MembershipReason.Time => "time",
        MembershipReason.Definition => "definition",
        _ => "unknown",
    };

    /// <summary>What a module is asked because of: an event from outside with all that follows from it, or the time.</summary>
    internal static MembershipCause Of(ModuleContext context) => context.Stimulus is Stimulus.Due || context.Cause.Source == Due
        ? new(MembershipReason.Time)
        : new(MembershipReason.Event, context.Cause);
}
