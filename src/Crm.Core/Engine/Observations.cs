using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a decision read from outside the journal, as fields that are stored with the entry: truths of profile tests that changed, look-ups, closed quotas.</summary>
internal static class Observations
{
    private const string ProfilePrefix = "p:";
    private const string ValuePrefix = "v:";
    private const string NoValuePrefix = "v-:";
    private const string LookupPrefix = "lookup.";
    private const string ClosedPrefix = "q:";

    /// <summary>What is observed for an event that is decided now.</summary>
    /// <param name="happened">The event with its look-ups.</param>
    /// <param name="state">The state, whose profile truths tell what has changed.</param>
    /// <param name="profile">The profile as it is now.</param>
    /// <param name="isLate">Whether the event is late: then truths that are known stay, because the profile of that time is not.</param>
    /// <param name="modules">The leaves.</param>
    /// <param name="closed">The quotas that were found exhausted for this event.</param>
    public static Fields Of(CustomerEvent happened, CustomerState state, Fields profile, bool isLate, ModuleSet modules, IReadOnlySet<string> closed)
    {
        if (modules.ProfileLeaves.Length == 0 && modules.ObservedFields.Length == 0 && happened.Lookups.Count == 0 && closed.Count == 0)
        {
            return default;
        }

        var seen = isLate ? Truths(state, profile, modules).Where(answer => answer.IsNew) : Differences(state, profile, modules);
        List<(string, Scalar)> values = [.. seen.Select(answer => (answer.Name, answer.Value))];
        values.AddRange(happened.Lookups.Select(pair => (LookupPrefix + pair.Key, pair.Value)));
        values.AddRange(closed.Select(name => (ClosedPrefix + name, !isLate && state.Handled is { } handled ? Scalar.Of(handled) : false)));
        return Fields.Of(values);
    }

    /// <summary>Whether the profile answers otherwise than the state knows.</summary>
    /// <param name="state">The state.</param>
    /// <param name="profile">The profile as it is now.</param>
    /// <param name="modules">The leaves and the fields.</param>
    /// <param name="alsoNew">Whether a test that has never been answered counts too, as one of a new definition, and a field that was never looked at.</param>
    public static bool Differ(CustomerState state, Fields profile, ModuleSet modules, bool alsoNew) => Differences(state, profile, modules).Any(answer => alsoNew || !answer.IsNew);

    /// <summary>The supplies that were found exhausted for what falls due, and nothing else.</summary>
    public static Fields Closed(CustomerState state, IReadOnlySet<string> closed) =>
        Fields.Of(closed.Select(name => (ClosedPrefix + name, state.Handled is { } handled ? Scalar.Of(handled) : (Scalar)false)));

    /// <summary>Takes the profile truths and values of an entry into the state.</summary>
    public static void Apply(Fields observations, CustomerState state, ModuleSet modules)
    {
        foreach (var (name, value) in observations)
        {
            if (name.StartsWith(ProfilePrefix, StringComparison.Ordinal)
                && ulong.TryParse(name.AsSpan(ProfilePrefix.Length), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var key)
                && modules.ProfileLeafOf(key) is >= 0 and var index)
            {
                state.ProfileTruths[index] = value.AsFlag;
            }
            else if (name.StartsWith(ValuePrefix, StringComparison.Ordinal) && modules.Observes(name[ValuePrefix.Length..]))
            {
                state.ProfileValues[modules.ObservedFieldOf(name[ValuePrefix.Length..])] = value;
            }
            else if (name.StartsWith(NoValuePrefix, StringComparison.Ordinal) && modules.Observes(name[NoValuePrefix.Length..]))
            {
                state.ProfileValues[modules.ObservedFieldOf(name[NoValuePrefix.Length..])] = default(Scalar);
            }
        }
    }

    // What the profile answers otherwise than the state knows, as an entry says it.
    private static IEnumerable<Answer> Differences(CustomerState state, Fields profile, ModuleSet modules) => Truths(state, profile, modules).Concat(Values(state, profile, modules));

    private static IEnumerable<Answer> Truths(CustomerState state, Fields profile, ModuleSet modules)
    {
        for (var i = 0; i < modules.ProfileLeaves.Length; i++)
        {
            var (leaf, known) = (modules.ProfileLeaves[i], state.ProfileTruths[i]);
            if (Holds(leaf.Leaf, profile) is var truth && truth != known)
            {
                yield return new Answer(ProfilePrefix + leaf.Key.ToString("x16", System.Globalization.CultureInfo.InvariantCulture), truth, known is null);
            }
        }
    }

    private static IEnumerable<Answer> Values(CustomerState state, Fields profile, ModuleSet modules)
    {
        for (var i = 0; i < modules.ObservedFields.Length; i++)
        {
            var (field, known) = (modules.ObservedFields[i], state.ProfileValues[i]);
            if (profile[field] is var value && value != known)
            {
                yield return value.IsMissing ? new Answer(NoValuePrefix + field, true, known is null) : new Answer(ValuePrefix + field, value, known is null);
            }
        }
    }

    private static bool Holds(Condition.Field leaf, Fields profile) =>
        TestMeaning.Holds(leaf.Is, profile[leaf.Name[Evaluator.ProfileScope.Length..]], leaf.WhenMissing);

    public static Scalar Lookup(Fields observations, string scopedName) => observations[scopedName];

    /// <summary>The supplies that were exhausted when what fell due before an event was handled with it: the answer that due entries got is pinned for replays.</summary>
    public static IEnumerable<Closing> Closings(JournalDraft entry)
    {
        foreach (var (name, value) in entry.Observations)
        {
            if (name.StartsWith(ClosedPrefix, StringComparison.Ordinal) && value.AsInstant is { } from)
            {
                yield return new Closing(name[ClosedPrefix.Length..], from, entry.EffectiveAt);
            }
        }
    }

    /// <summary>What something that is due at an instant is told of supplies.</summary>
    public static Fields ClosedAt(IReadOnlyList<Closing>? closings, Instant due) => closings is { Count: > 0 } ? ClosedOf(closings, due) : default;

    private static Fields ClosedOf(IReadOnlyList<Closing> closings, Instant due) =>
        Fields.Of(closings.Where(closing => closing.From <= due && due <= closing.Until).Select(closing => closing.Supply).Distinct(StringComparer.Ordinal).Select(supply => (ClosedPrefix + supply, (Scalar)false)));

    public static bool IsClosed(Fields observations, string quota) => observations.Count > 0 && !observations[ClosedPrefix + quota].IsMissing;

    // An answer of the profile, and whether nobody had asked before.
    private readonly record struct Answer(string Name, Scalar Value, bool IsNew);
}

/// <summary>A supply that was exhausted for whatever fell due in a stretch of time.</summary>
/// <param name="Supply">Which.</param>
/// <param name="From">Included: the last thing handled before.</param>
/// <param name="Until">Included: the event with which it was handled.</param>
internal sealed record Closing(string Supply, Instant From, Instant Until);
