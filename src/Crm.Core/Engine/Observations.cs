using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a decision read from outside the journal, as fields that are stored with the entry: truths of profile tests that changed, look-ups, supplies that were short.</summary>
internal static class Observations
{
    private const string ProfilePrefix = "p:";
    private const string ValuePrefix = "v:";
    private const string NoValuePrefix = "v-:";
    private const string LookupPrefix = "lookup.";
    private const string ShortPrefix = "q:";
    private const string LeftPrefix = "q#:";
    private const string OwnDueName = "own-due";
    private const string QuoteName = "quote";
    private const string AskedName = "asked";
    private const string SincePrefix = "since:";

    /// <summary>What is observed for an event that is decided now.</summary>
    /// <param name="happened">The event with its look-ups.</param>
    /// <param name="state">The state, whose profile truths tell what has changed.</param>
    /// <param name="profile">The profile as it is now.</param>
    /// <param name="isLate">Whether the event is late: then truths that are known stay, because the profile of that time is not.</param>
    /// <param name="modules">The leaves.</param>
    /// <param name="shortages">The supplies that were found short for this event.</param>
    public static Fields Of(CustomerEvent happened, CustomerState state, Fields profile, bool isLate, ModuleSet modules, Shortages shortages)
    {
        if (modules.ProfileLeaves.Length == 0 && modules.ObservedFields.Length == 0 && happened.Lookups.Count == 0 && shortages.AreNone)
        {
            return default;
        }

        var seen = isLate ? Truths(state, profile, modules).Where(answer => answer.IsNew) : Differences(state, profile, modules);
        List<(string, Scalar)> values = [.. seen.Select(answer => (answer.Name, answer.Value))];
        values.AddRange(happened.Lookups.Select(pair => (LookupPrefix + pair.Key, pair.Value)));
        values.AddRange(Of(shortages, isLate ? null : state.Handled));
        return Fields.Of(values);
    }

    /// <summary>Whether the profile answers otherwise than the state knows.</summary>
    /// <param name="state">The state.</param>
    /// <param name="profile">The profile as it is now.</param>
    /// <param name="modules">The leaves and the fields.</param>
    /// <param name="alsoNew">Whether a test that has never been answered counts too, as one of a new definition, and a field that was never looked at.</param>
    public static bool Differ(CustomerState state, Fields profile, ModuleSet modules, bool alsoNew) => Differences(state, profile, modules).Any(answer => alsoNew || !answer.IsNew);

    /// <summary>The supplies that were found short for what falls due, and nothing else.</summary>
    public static Fields Short(CustomerState state, Shortages shortages) => Fields.Of(Of(shortages, state.Handled));

    /// <summary>What is observed, with a mark: what fell due before the entry was due by itself, whether or not the entry is imported.</summary>
    public static Fields WithOwnDue(Fields observations) => observations.With(Fields.Of((OwnDueName, true)));

    /// <summary>Whether what fell due before an entry was due by itself, although the entry is imported.</summary>
    public static bool HasOwnDue(Fields observations) => observations.Count > 0 && observations[OwnDueName].AsFlag;

    /// <summary>What is observed, with a mark: the event came late, and modules were asked about it as of a later instant.</summary>
    /// <param name="observations">What is observed.</param>
    /// <param name="at">The instant that had been handled, with or without an entry.</param>
    public static Fields WithAsked(Fields observations, Instant at) => observations.With(AskedName, at);

    /// <summary>As of which later instant modules were asked about an entry that came late; null: as of its own, or the entry is of a release that did not say.</summary>
    public static Instant? AskedAt(Fields observations) => observations.Count > 0 ? observations[AskedName].AsInstant : null;

    /// <summary>What is observed, with a mark: it was recorded as it had been quoted.</summary>
    /// <param name="observations">What is observed.</param>
    /// <param name="quoted">The hash of what was quoted.</param>
    public static Fields WithQuote(Fields observations, UInt128 quoted) => observations.With(QuoteName, CodeOf(quoted));

    /// <summary>Whether an entry was recorded as it had been quoted, by this hash of it.</summary>
    public static bool HasQuote(Fields observations, UInt128 quoted) => observations.Count > 0 && observations[QuoteName].AsCode == CodeOf(quoted);

    /// <summary>What is observed of an event that opens history, with since when modules have seen it until then: since then they see it again where the event is taken back.</summary>
    /// <param name="observations">What is observed.</param>
    /// <param name="seen">The modules that have not seen all of it, by name, each with the version up to which it has seen nothing.</param>
    public static Fields WithSince(Fields observations, IEnumerable<(string Module, long Since)> seen) => observations.With(Fields.Of(seen.Select(one => (SincePrefix + one.Module, Scalar.Of(one.Since)))));

    /// <summary>Up to which version a module had seen nothing of the history that an event opened; 0: it had seen all of it, or the entry is of a release that did not say.</summary>
    public static long SinceOf(Fields observations, string module) => observations.Count > 0 ? (long)observations[SincePrefix + module].AsNumber : 0;

    // Since when what falls due is told of it, and what it has; without that there is nothing to be had of it. Entries of earlier releases never say what it has.
    private static IEnumerable<(string Name, Scalar Value)> Of(Shortages shortages, Instant? since)
    {
        foreach (var (supply, left) in shortages.All)
        {
            yield return (ShortPrefix + supply, since is { } handled ? Scalar.Of(handled) : false);
            if (left is { } amount)
            {
                yield return (LeftPrefix + supply, amount);
            }
        }
    }

    /// <summary>The supplies that were short, with what they had left (null: nothing is to be had) and since when what falls due is told of it (null: only the event is).</summary>
    public static IEnumerable<(string Supply, long? Left, Instant? Since)> Shortages(Fields observations)
    {
        foreach (var (name, value) in observations)
        {
            if (name.StartsWith(ShortPrefix, StringComparison.Ordinal))
            {
                var supply = name[ShortPrefix.Length..];
                yield return (supply, observations[LeftPrefix + supply] is { IsMissing: false } left ? (long)left.AsNumber : null, value.AsInstant);
            }
        }
    }

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

    private static string CodeOf(UInt128 hash) => hash.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    public static Scalar Lookup(Fields observations, string scopedName) => observations[scopedName];

    // An answer of the profile, and whether nobody had asked before.
    private readonly record struct Answer(string Name, Scalar Value, bool IsNew);
}
