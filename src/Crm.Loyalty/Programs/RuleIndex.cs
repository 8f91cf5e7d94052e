using System.Buffers;
using System.Runtime.CompilerServices;
using Crm.Events;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Programs;

/// <summary>
/// Finds, among the rules for one kind of event, those that an event may concern: by its articles, their categories, its channel, shop or brand. It may name too many, never too few.
/// Finding allocates nothing, and takes the longer the more rules are found, not the more there are.
/// </summary>
internal sealed class RuleIndex
{
    private readonly RulePlan[] rules;
    private readonly int[] always;

    // Plain dictionaries: for names that differ in their last letters, as those of articles do, they find faster than frozen ones.
    private readonly Dictionary<string, int[]> bySku;
    private readonly Dictionary<string, int[]> byCategory;
    private readonly Dictionary<string, int[]> byChannel;
    private readonly Dictionary<string, int[]> byStore;
    private readonly Dictionary<string, int[]> byBrand;

    public RuleIndex(IEnumerable<RulePlan> ofOneKind)
    {
        rules = [.. ofOneKind];
        var (skus, categories, channels, stores, brands) = (new Postings(), new Postings(), new Postings(), new Postings(), new Postings());
        var rest = new List<int>();
        for (var place = 0; place < rules.Length; place++)
        {
            // A group is asked as a whole where it stands, so it is found whenever it may be concerned: always.
            var (plan, scope) = (rules[place], rules[place].Terms.Scope);
            if (plan.Group is null && plan.Own?.Articles is { IsOpen: false } articles)
            {
                skus.Add(articles.Skus, place);
                categories.Add(articles.Categories, place);
            }
            else if (plan.Group is null && !scope.Stores.IsEmpty)
            {
                stores.Add(scope.Stores, place);
            }
            else if (plan.Group is null && !scope.Channels.IsEmpty)
            {
                channels.Add(scope.Channels, place);
            }
            else if (plan.Group is null && !scope.Brands.IsEmpty)
            {
                brands.Add(scope.Brands, place);
            }
            else
            {
                rest.Add(place);
            }
        }

        always = [.. rest];
        (bySku, byCategory, byChannel, byStore, byBrand) = (skus.Finished(), categories.Finished(), channels.Finished(), stores.Finished(), brands.Finished());
    }

    /// <summary>All rules, in the order of the programme.</summary>
    public ReadOnlySpan<RulePlan> All => rules;

    /// <summary>The rules that an event may concern. Dispose of the answer.</summary>
    public Found Find(CustomerEvent happened)
    {
        var found = new Found(rules);
        found.AddSorted(always);
        if (bySku.Count + byCategory.Count > 0)
        {
            foreach (ref readonly var line in happened.Lines.AsSpan())
            {
                found.Add(bySku, line.Sku);
                found.Add(byCategory, line.Category);
            }
        }

        found.Add(byChannel, happened.Channel);
        found.Add(byBrand, happened.Brand);
        if (byStore.Count > 0)
        {
            found.Add(byStore, happened.Fields[EventKinds.StoreField].AsCode);
        }

        found.Sort();
        return found;
    }

    /// <summary>Rules that were found, in the order of the programme, each once. A few lie in the answer itself, more in an array that is borrowed.</summary>
    public ref struct Found
    {
        private const int Few = 16;

        private readonly RulePlan[] rules;
        private ReadOnlySpan<int> only;
        private int[]? rented;
        private int count;
        private bool hasMore;
        private Places few;

        internal Found(RulePlan[] rules) => this.rules = rules;

        public readonly int Count => hasMore ? count : only.Length;

        public readonly RulePlan this[int index] => rules[!hasMore ? only[index] : rented is null ? few[index] : rented[index]];

        internal void AddSorted(int[] places) => only = places;

        internal void Add(Dictionary<string, int[]> index, string? key)
        {
            if (key is null || index.Count == 0 || !index.TryGetValue(key, out var places))
            {
                return;
            }

            if (!hasMore)
            {
                hasMore = true;
                Append(only);
            }

            Append(places);
        }

        internal void Sort()
        {
            if (!hasMore)
            {
                return;
            }

            Span<int> own = few;
            var span = rented is null ? own[..count] : rented.AsSpan(0, count);
            if (rented is null)
            {
                SortFew(span);
            }
            else
            {
                span.Sort();
            }

            var kept = 0;
            for (var i = 0; i < span.Length; i++)
            {
                if (i == 0 || span[i] != span[i - 1])
                {
                    span[kept++] = span[i];
                }
            }

            count = kept;
        }

        public void Dispose()
        {
            hasMore = false;
            only = default;
            if (rented is { } array)
            {
                rented = null;
                ArrayPool<int>.Shared.Return(array);
            }
        }

        private void Append(ReadOnlySpan<int> places)
        {
            var sum = count + places.Length;
            if (sum > (rented?.Length ?? Few))
            {
                var larger = ArrayPool<int>.Shared.Rent(sum * 2);
                Span<int> old = few;
                (rented is null ? old[..count] : rented.AsSpan(0, count)).CopyTo(larger);
                if (rented is { } array)
                {
                    ArrayPool<int>.Shared.Return(array);
                }

                rented = larger;
            }

            Span<int> own = few;
            places.CopyTo((rented is null ? own : rented)[count..]);
            count = sum;
        }

        private static void SortFew(Span<int> places)
        {
            for (var i = 1; i < places.Length; i++)
            {
                var (place, at) = (places[i], i);
                while (at > 0 && places[at - 1] > place)
                {
                    places[at] = places[at - 1];
                    at--;
                }

                places[at] = place;
            }
        }

        [InlineArray(Few)]
        private struct Places
        {
            private int first;
        }
    }

    private sealed class Postings
    {
        private readonly Dictionary<string, List<int>> places = new(StringComparer.Ordinal);

        public void Add(IEnumerable<string> keys, int place)
        {
            foreach (var key in keys)
            {
                if (!places.TryGetValue(key, out var list))
                {
                    places[key] = list = [];
                }

                list.Add(place);
            }
        }

        public Dictionary<string, int[]> Finished() => places.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal);
    }
}
