using System.Collections.Frozen;
using Crm.Events;
using Crm.Values;

namespace Crm.Conditions;

/// <summary>
/// Says which of many conditions an event, or a changed fact, may give another answer, so that only those need be asked. It may name too many, never too few:
/// the answer of a condition that is not named is the same with and without the event, other facts and the moment being equal.
/// </summary>
/// <remarks>A condition about "event." fields is compared with its answer while no event is being handled. The passing of time is no event: that is what <see cref="Truth.ValidUntil"/> says.</remarks>
public sealed class ConditionIndex
{
    private readonly Candidates anyKind;
    private readonly FrozenDictionary<string, Candidates> byKind;
    private readonly FrozenDictionary<string, int[]> byFact;

    /// <summary>An index of conditions, which are named by their places in the list.</summary>
    public ConditionIndex(IEnumerable<Condition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var list = conditions.ToList();
        var candidates = list.Select((condition, index) => new Candidate(index, [.. EventSignature.Of(condition)])).ToList();
        anyKind = Of(candidates, kind: null);
        byKind = candidates.SelectMany(candidate => candidate.Signatures).SelectMany(signature => signature.Kinds ?? []).Distinct(StringComparer.Ordinal)
            .ToFrozenDictionary(kind => kind, kind => Of(candidates, kind), StringComparer.Ordinal);
        byFact = list.SelectMany((condition, index) => condition.Leaves().OfType<Condition.Fact>().Select(fact => (fact.Name, index))).Distinct()
            .GroupBy(pair => pair.Name, pair => pair.index, StringComparer.Ordinal).ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>The conditions whose answer an event may change, in the order of their places. Walking them allocates nothing.</summary>
    public Touched TouchedByEvent(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return new Touched((byKind.GetValueOrDefault(happened.Kind) ?? anyKind).Of(happened), happened);
    }

    /// <summary>The conditions whose answer a changed fact may change, in the order of their places.</summary>
    public ReadOnlySpan<int> TouchedByFact(string name) => byFact.GetValueOrDefault(name);

    private static Candidates Of(List<Candidate> candidates, string? kind) => new(
    [
        .. candidates
            .Select(candidate => candidate with { Signatures = candidate.Signatures.Where(signature => signature.Kinds is not { } kinds || (kind is not null && kinds.Contains(kind))).Select(signature => kind is null ? signature : signature.WithoutKind).ToSequence() })
            .Where(candidate => !candidate.Signatures.IsEmpty),
    ]);

    /// <summary>Places of conditions, found while they are walked.</summary>
    public readonly ref struct Touched
    {
        private readonly ReadOnlySpan<Candidate> candidates;
        private readonly CustomerEvent happened;

        internal Touched(ReadOnlySpan<Candidate> candidates, CustomerEvent happened)
        {
            this.candidates = candidates;
            this.happened = happened;
        }

        /// <summary>Begins to walk.</summary>
        public Enumerator GetEnumerator() => new(candidates, happened);

        /// <summary>The places as an array.</summary>
        public int[] ToArray()
        {
            var places = new List<int>();
            foreach (var place in this)
            {
                places.Add(place);
            }

            return [.. places];
        }
    }

    /// <summary>Walks places.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<Candidate> candidates;
        private readonly CustomerEvent happened;
        private int at;

        internal Enumerator(ReadOnlySpan<Candidate> candidates, CustomerEvent happened)
        {
            this.candidates = candidates;
            this.happened = happened;
            at = -1;
        }

        /// <summary>The place of a condition.</summary>
        public readonly int Current => candidates[at].Index;

        /// <summary>Goes to the next condition that the event may touch.</summary>
        public bool MoveNext()
        {
            while (++at < candidates.Length)
            {
                if (candidates[at].Touches(happened))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>
    /// Conditions that events of a kind may touch. Where many of them require values of one field, such as the channel, an event is led by its own value to those that ask for it, and the others are not looked at.
    /// </summary>
    private sealed class Candidates
    {
        // Below it, looking at each is as fast; and those without the field are listed with every value.
        private const int Few = 8;
        private const int MostListed = 1_000_000;
        private readonly string? field;
        private readonly Candidate[] otherwise;
        private readonly FrozenDictionary<Scalar, Candidate[]> byValue = FrozenDictionary<Scalar, Candidate[]>.Empty;

        public Candidates(Candidate[] all)
        {
            otherwise = all;
            var fields = all.SelectMany(candidate => candidate.Signatures).SelectMany(signature => signature.Requirements).Select(required => required.Field).Distinct(StringComparer.Ordinal);
            var best = fields.Where(name => name is not "kind").Select(name => (name, keyed: all.Count(candidate => candidate.ValuesOf(name) is not null))).OrderByDescending(one => one.keyed).ThenBy(one => one.name, StringComparer.Ordinal).FirstOrDefault();
            var values = best.keyed < Few ? [] : all.SelectMany(candidate => candidate.ValuesOf(best.name) ?? []).Distinct().ToList();
            if (values.Count == 0 || (long)values.Count * (all.Length - best.keyed) > MostListed)
            {
                return;
            }

            field = best.name;
            otherwise = [.. all.Where(candidate => candidate.ValuesOf(field) is null)];
            byValue = values.ToFrozenDictionary(value => value, value => all.Where(candidate => candidate.ValuesOf(field)?.Contains(value) != false).ToArray());
        }

        /// <summary>Those worth looking at for an event, in the order of their places.</summary>
        public Candidate[] Of(CustomerEvent happened) => field is not null && byValue.TryGetValue(EventFields.Read(happened, field), out var listed) ? listed : otherwise;
    }

    /// <summary>A condition and the events that may change it.</summary>
    internal sealed record Candidate(int Index, Sequence<EventSignature> Signatures)
    {
        /// <summary>The values of a field that an event must have one of, whichever signature it has; null when some signature does not ask for the field.</summary>
        public HashSet<Scalar>? ValuesOf(string field) => Signatures.All(signature => signature.Requirements.Any(required => required.Field == field))
            ? [.. Signatures.SelectMany(signature => signature.Requirements.First(required => required.Field == field).Values)]
            : null;

        public bool Touches(CustomerEvent happened)
        {
            foreach (var signature in Signatures.AsSpan())
            {
                if (signature.Matches(happened))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
