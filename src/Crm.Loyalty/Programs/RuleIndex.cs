using System.Buffers;
using System.Collections.Frozen;
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
    private readonly FrozenDictionary<string, int[]> bySku;
    private readonly FrozenDictionary<string, int[]> byCategory;
    private readonly FrozenDictionary<string, int[]> byChannel;
    private readonly FrozenDictionary<string, int[]> byStore;
    private readonly FrozenDictionary<string, int[]> byBrand;

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
        (bySku, byCategory, byChannel, byStore, byBrand) = (skus.Frozen(), categories.Frozen(), channels.Frozen(), stores.Frozen(), brands.Frozen());
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

    /// <summary>Rules that were found, in the order of the programme, each once.</summary>
    public ref struct Found
    {
        private readonly RulePlan[] rules;
        private ReadOnlySpan<int> only;
        private int[]? rented;
        private int count;

        internal Found(RulePlan[] rules) => this.rules = rules;

        public readonly int Count => rented is null ? only.Length : count;

        public readonly RulePlan this[int index] => rules[rented is null ? only[index] : rented[index]];

        internal void AddSorted(int[] places) => only = places;

        internal void Add(FrozenDictionary<string, int[]> index, string? key)
        {
            if (key is null || index.Count == 0 || !index.TryGetValue(key, out var places))
            {
                return;
            }

            if (rented is null)
            {
                rented = ArrayPool<int>.Shared.Rent(only.Length + places.Length + 16);
                only.CopyTo(rented);
                count = only.Length;
            }
            else if (count + places.Length > rented.Length)
            {
                var larger = ArrayPool<int>.Shared.Rent(Math.Max(count + places.Length, rented.Length * 2));
                rented.AsSpan(0, count).CopyTo(larger);
                ArrayPool<int>.Shared.Return(rented);
                rented = larger;
            }

            places.CopyTo(rented, count);
            count += places.Length;
        }

        internal void Sort()
        {
            if (rented is null)
            {
                return;
            }

            var span = rented.AsSpan(0, count);
            span.Sort();
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
            if (rented is { } array)
            {
                rented = null;
                only = default;
                ArrayPool<int>.Shared.Return(array);
            }
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

        public FrozenDictionary<string, int[]> Frozen() => places.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal);
    }
}
