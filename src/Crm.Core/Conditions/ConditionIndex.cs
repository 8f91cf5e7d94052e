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
    private readonly Candidate[] anyKind;
    private readonly FrozenDictionary<string, Candidate[]> byKind;
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
        return new Touched(byKind.GetValueOrDefault(happened.Kind) ?? anyKind, happened);
    }

    /// <summary>The conditions whose answer a changed fact may change, in the order of their places.</summary>
    public ReadOnlySpan<int> TouchedByFact(string name) => byFact.GetValueOrDefault(name);

    private static Candidate[] Of(List<Candidate> candidates, string? kind) =>
    [
        .. candidates
            .Select(candidate => candidate with { Signatures = candidate.Signatures.Where(signature => signature.Kinds is not { } kinds || (kind is not null && kinds.Contains(kind))).ToSequence() })
            .Where(candidate => !candidate.Signatures.IsEmpty),
    ];

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

    /// <summary>A condition and the events that may change it.</summary>
    internal sealed record Candidate(int Index, Sequence<EventSignature> Signatures)
    {
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
