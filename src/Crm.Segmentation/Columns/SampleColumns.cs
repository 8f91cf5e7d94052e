using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>What the events of all customers give one measure, whichever its window and test: those of the first customer by instant, then those of the second, and so on.</summary>
/// <param name="Firsts">For each customer the place of the first sample; one more at the end.</param>
/// <param name="Ticks">When each counts.</param>
/// <param name="Places">For each sample the number of its value, the least value being 0; null where samples are only counted.</param>
/// <param name="Known">The values, in their order.</param>
internal sealed record SampleColumns(int[] Firsts, long[] Ticks, int[]? Places, Scalar[] Known)
{
    public long Bytes => (4L * Firsts.Length) + (8L * Ticks.Length) + (4L * (Places?.Length ?? 0)) + KeptScalars.Bytes(Known);

    /// <summary>The part of a leaf that says what its samples are.</summary>
    public static Condition.EventWindow KeyOf(Condition.EventWindow leaf) => new(leaf.Kind, leaf.Measure is Measure.Periods ? new Measure.Count() : leaf.Measure, new Window.Lifetime(), new Test.Known()) { Where = leaf.Where };

    /// <summary>The samples that say since when others count.</summary>
    public static Condition.EventWindow KeyOf(EventPattern pattern) => new(pattern.Kind, new Measure.Count(), new Window.Lifetime(), new Test.Known()) { Where = pattern.Where };

    /// <summary>The samples that a leaf needs, where columns of events do not say it.</summary>
    public static IEnumerable<Condition.EventWindow> KeysOf(Condition.EventWindow leaf) => ScanCompiler.IsPlain(leaf) || ScanCompiler.AsksOpenDays(leaf) ? []
        : leaf.Window is Window.Since since ? [KeyOf(leaf), KeyOf(since.Event)]
        : [KeyOf(leaf)];

    /// <summary>The samples of one measure while they grow.</summary>
    internal sealed class Growing(Condition.EventWindow key)
    {
        private readonly bool isCounted = key.Measure is Measure.Count or Measure.Sequence;
        private readonly List<int> firsts = [];
        private readonly List<long> ticks = [];
        private readonly List<int> places = [];
        private readonly Dictionary<Scalar, int> numbers = [];
        private readonly List<Scalar> known = [];

        public void Add(int customer, IReadOnlyList<(CustomerEvent Event, Instant At)> history)
        {
            Begin(customer);
            foreach (var (at, value) in HistoryWindows.Samples(key, history))
            {
                ticks.Add(at.ToUnixTimeTicks());
                if (!isCounted)
                {
                    places.Add(PopulationBuilder.Place(value, numbers, known) - 1);
                }
            }
        }

        public SampleColumns Build(int customers)
        {
            Begin(customers);
            var order = Enumerable.Range(0, known.Count).OrderBy(place => known[place], ByValue.Instance).ToArray();
            var rank = new int[order.Length];
            for (var i = 0; i < order.Length; i++)
            {
                rank[order[i]] = i;
            }

            return new SampleColumns([.. firsts], [.. ticks], isCounted ? null : [.. places.Select(place => rank[place])], [.. order.Select(place => known[place])]);
        }

        private void Begin(int customer)
        {
            while (firsts.Count <= customer)
            {
                firsts.Add(ticks.Count);
            }
        }
    }

    /// <summary>Kinds first, then as values of one kind compare.</summary>
    private sealed class ByValue : IComparer<Scalar>
    {
        public static ByValue Instance { get; } = new();

        public int Compare(Scalar x, Scalar y) => x.Kind != y.Kind ? x.Kind.CompareTo(y.Kind) : x.CompareWith(y) ?? 0;
    }
}
