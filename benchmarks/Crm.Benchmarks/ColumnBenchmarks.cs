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
    private const int MostPurchases = 19;
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);
    private static readonly Moment Now = new(Start + Duration.FromDays(365), DateTimeZone.Utc);

    private static readonly Condition Audience = If.All(
        If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3),
        If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1_000),
        If.Fact("customer.region").Is("HK"),
        If.Fact("consent.email").Is(true),
        If.Purchases().InLast(Duration.FromDays(14)).Count().Is(0));

    private Population population = new PopulationBuilder(Audience).Build();
    private int[] firsts = [];
    private long[] ticks = [];
    private long[] amounts = [];
    private byte[] regions = [];
    private bool[] consents = [];

    /// <summary>Makes the population, and the same as plain arrays.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var builder = new PopulationBuilder(Audience);
        var events = Enumerable.Range(0, 256).Select(dollars => CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(dollars))).ToArray();
        firsts = new int[Customers + 1];
        regions = new byte[Customers];
        consents = new bool[Customers];
        var (allTicks, allAmounts, history) = (new List<long>(), new List<long>(), new List<(CustomerEvent Event, Instant At)>());
        var luck = 42UL;
        for (var customer = 0; customer < Customers; customer++)
        {
            history.Clear();
            for (var left = (int)(Next(ref luck) % (MostPurchases + 2)); left > 0; left--)
            {
                history.Add((events[Next(ref luck) % 256], Start + Duration.FromSeconds((long)(Next(ref luck) % (365 * 86_400)))));
            }

            history.Sort((one, other) => one.At.CompareTo(other.At));
            foreach (var (happened, at) in history)
            {
                allTicks.Add(at.ToUnixTimeTicks());
                allAmounts.Add(happened.Spend!.Value.MinorUnits);
            }

            firsts[customer + 1] = allTicks.Count;
            regions[customer] = (byte)(Next(ref luck) % 4);
            consents[customer] = Next(ref luck) % 2 == 0;
            builder.Add(new CustomerId((UInt128)(customer + 1)), history, [new Fact("customer.region", regions[customer] == 0 ? "HK" : "MO"), new Fact("consent.email", consents[customer])]);
        }

        (ticks, amounts) = ([.. allTicks], [.. allAmounts]);
        population = builder.Build();
        if (By_hand() != From_the_definition())
        {
            throw new InvalidOperationException($"The loop finds {By_hand()} customers and the scan {From_the_definition()}; the same are expected.");
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
    public int From_the_definition() => population.Select(Audience, Now).Count;

    // The finaliser of SplitMix64.
    private static ulong Next(ref ulong state)
    {
        state = unchecked(state + 0x9e3779b97f4a7c15UL);
        var bits = state;
        bits = unchecked((bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94d049bb133111ebUL);
        return bits ^ (bits >> 31);
    }
}
