using System.Numerics;
using BenchmarkDotNet.Attributes;
using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Columns;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// An audience of five leaves among a million customers with ten million purchases: three purchases in 90 days, much spent, a region, a consent, nothing bought in 14 days. The yardstick is a
/// loop written by hand for this audience over arrays of raw purchases, on one thread.
/// </summary>
[MemoryDiagnoser]
public class ColumnBenchmarks
{
    private const int Customers = 1_000_000;
    private static readonly Moment Now = FiveLeaves.Now;

    private Population kept = new PopulationBuilder(FiveLeaves.FromFacts).Build();
    private PopulationSet one = new PopulationBuilder(FiveLeaves.FromFacts).Build().Select(If.All(), Now);
    private PopulationSet other = new PopulationBuilder(FiveLeaves.FromFacts).Build().Select(If.All(), Now);
    private int[] recents = [];
    private long[] spends = [];
    private int[] fortnights = [];
    private Population population = new PopulationBuilder(FiveLeaves.FromPurchases).Build();
    private int[] firsts = [];
    private ulong[] ones = [];
    private ulong[] others = [];
    private Dictionary<CustomerId, int> places = [];
    private long[] ticks = [];
    private long[] amounts = [];
    private byte[] regions = [];
    private bool[] consents = [];

    /// <summary>Makes the population, and the same as plain arrays.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var builder = new PopulationBuilder(FiveLeaves.FromPurchases);
        var keeping = new PopulationBuilder(FiveLeaves.FromFacts);
        (recents, spends, fortnights) = (new int[Customers], new long[Customers], new int[Customers]);
        var events = Enumerable.Range(0, 256).Select(dollars => CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(dollars))).ToArray();
        firsts = new int[Customers + 1];
        regions = new byte[Customers];
        consents = new bool[Customers];
        var (allTicks, allAmounts, history) = (new List<long>(), new List<long>(), new List<(CustomerEvent Event, Instant At)>());
        var luck = 42UL;
        for (var customer = 0; customer < Customers; customer++)
        {
            history.Clear();
            for (var left = FiveLeaves.Purchases(ref luck); left > 0; left--)
            {
                history.Add((events[FiveLeaves.Next(ref luck) % 256], FiveLeaves.PurchasedAt(ref luck)));
            }

            history.Sort((one, other) => one.At.CompareTo(other.At));
            foreach (var (happened, at) in history)
            {
                allTicks.Add(at.ToUnixTimeTicks());
                allAmounts.Add(happened.Spend!.Value.MinorUnits);
            }

            firsts[customer + 1] = allTicks.Count;
            regions[customer] = (byte)(FiveLeaves.Next(ref luck) % 4);
            consents[customer] = FiveLeaves.Next(ref luck) % 2 == 0;
            Fact[] facts = [new Fact("customer.region", regions[customer] == 0 ? "HK" : "MO"), new Fact("consent.email", consents[customer])];
            builder.Add(new CustomerId((UInt128)(customer + 1)), history, facts);
            recents[customer] = history.Count(one => one.At > Now.Instant - Duration.FromDays(90));
            spends[customer] = history.Sum(one => one.Event.Spend!.Value.MinorUnits);
            fortnights[customer] = history.Count(one => one.At > Now.Instant - Duration.FromDays(14));
            keeping.Add(new CustomerId((UInt128)(customer + 1)), [], [.. facts, new Fact("kept.recent", recents[customer]), new Fact("kept.spend", spends[customer] / 100m), new Fact("kept.fortnight", fortnights[customer])]);
        }

        (ticks, amounts) = ([.. allTicks], [.. allAmounts]);
        population = builder.Build();
        kept = keeping.Build();
        (one, other) = (population.Select(FiveLeaves.FromPurchases, Now), population.Select(If.Fact("consent.email").Is(true), Now));
        (ones, others) = (Bits(one), Bits(other));
        places = Enumerable.Range(0, Customers).ToDictionary(customer => new CustomerId((UInt128)(customer + 1)));
        if (Overlap() != Overlap_by_hand() || Size() != Size_by_hand() || A_thousand_memberships() != A_thousand_memberships_by_hand())
        {
            throw new InvalidOperationException("The sets say other things than bits by hand; the same are expected.");
        }

        if (By_hand() != From_the_definition() || By_hand() != Kept_by_hand() || By_hand() != Kept_from_the_definition() || By_hand() != On_two_threads())
        {
            throw new InvalidOperationException($"The loops find {By_hand()} and {Kept_by_hand()} customers and the scans {From_the_definition()}, {On_two_threads()} and {Kept_from_the_definition()}; the same are expected.");
        }
    }

    /// <summary>Bytes of a purchase and of a customer.</summary>
    public (double PerPurchase, double PerCustomer) Memory => ((double)population.EventBytes / ticks.Length, (double)population.CustomerBytes / Customers);

    [Benchmark(Baseline = true)]
    public int By_hand()
    {
        var now = Now.Instant.ToUnixTimeTicks();
        var (recent, silent) = (now - (90 * NodaConstants.TicksPerDay), now - (14 * NodaConstants.TicksPerDay));
        var found = 0;
        for (var customer = 0; customer < Customers; customer++)
        {
            var (count, sum, last) = (0, 0L, long.MinValue);
            for (var place = firsts[customer]; place < firsts[customer + 1]; place++)
            {
                count += ticks[place] > recent ? 1 : 0;
                sum += amounts[place];
                last = Math.Max(last, ticks[place]);
            }

            found += count >= 3 && sum >= 100_000 && regions[customer] == 0 && consents[customer] && last <= silent ? 1 : 0;
        }

        return found;
    }

    [Benchmark]
    public int From_the_definition() => population.Select(FiveLeaves.FromPurchases, Now).Count;

    [Benchmark]
    public int On_two_threads() => population.Select(FiveLeaves.FromPurchases, Now, threads: 2).Count;

    /// <summary>The same audience by hand over arrays of maintained values.</summary>
    [Benchmark]
    public int Kept_by_hand()
    {
        var found = 0;
        for (var customer = 0; customer < Customers; customer++)
        {
            found += recents[customer] >= 3 && spends[customer] >= 100_000 && regions[customer] == 0 && consents[customer] && fortnights[customer] == 0 ? 1 : 0;
        }

        return found;
    }

    [Benchmark]
    public int Kept_from_the_definition() => kept.Select(FiveLeaves.FromFacts, Now).Count;

    /// <summary>The overlap of two sets that were selected before.</summary>
    [Benchmark]
    public int Overlap() => one.Overlap(other);

    /// <summary>How many are in a set that was selected before.</summary>
    [Benchmark]
    public int Size() => one.Count;

    /// <summary>Whether each of a thousand customers, spread over all, is in a set that was selected before.</summary>
    [Benchmark]
    public int A_thousand_memberships()
    {
        var found = 0;
        for (var i = 1; i <= 1_000; i++)
        {
            found += one.Contains(new CustomerId((UInt128)(ulong)((long)Customers * i / 1_000))) ? 1 : 0;
        }

        return found;
    }

    /// <summary>The overlap, by a loop over the words of two plain arrays.</summary>
    [Benchmark]
    public int Overlap_by_hand()
    {
        var count = 0;
        for (var i = 0; i < ones.Length; i++)
        {
            count += BitOperations.PopCount(ones[i] & others[i]);
        }

        return count;
    }

    /// <summary>The size, by a loop over a plain array.</summary>
    [Benchmark]
    public int Size_by_hand()
    {
        var count = 0;
        for (var i = 0; i < ones.Length; i++)
        {
            count += BitOperations.PopCount(ones[i]);
        }

        return count;
    }

    /// <summary>The same thousand, each by a look into a dictionary of places and one at a bit.</summary>
    [Benchmark]
    public int A_thousand_memberships_by_hand()
    {
        var found = 0;
        for (var i = 1; i <= 1_000; i++)
        {
            var place = places[new CustomerId((UInt128)(ulong)((long)Customers * i / 1_000))];
            found += (int)(ones[place / 64] >> (place % 64) & 1);
        }

        return found;
    }

    private static ulong[] Bits(PopulationSet set)
    {
        var bits = new ulong[(Customers + 63) / 64];
        foreach (var customer in set.Customers)
        {
            var place = (int)customer.Value - 1;
            bits[place / 64] |= 1UL << (place % 64);
        }

        return bits;
    }
}
