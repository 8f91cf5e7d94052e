using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>The names there are. What is null is not looked at.</summary>
public sealed record LintNames
{
    /// <summary>The kinds of events with their fields.</summary>
    public EventKinds? Kinds { get; init; }

    /// <summary>The facts that modules publish, segments among them.</summary>
    public Sequence<FactDeclaration>? Facts { get; init; }

    /// <summary>The fields of the profile, without "customer.".</summary>
    public Sequence<string>? ProfileFields { get; init; }

    /// <summary>The calendars of days.</summary>
    public DayCalendars? Calendars { get; init; }
}
