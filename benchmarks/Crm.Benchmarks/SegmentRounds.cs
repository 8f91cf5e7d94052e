using System.Diagnostics;
using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// Segments kept up with events in memory. A thousand segments of which an event can change ten, and those ten alone, in turns; a hundred segments that every purchase may change, on two threads; a worker with nothing to do.
/// </summary>
internal static class SegmentRounds
{
    private const int Rounds = 11;
    private const int Events = 2_000;
    private const int Customers = 500;
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    /// <param name="parts">Which: "many", "beside", "alone", "idle"; none is all.</param>
    public static async Task RunAsync(string[] parts)
    {
        bool Asked(string part) => parts.Length == 0 || parts.Contains(part);
        if (Asked("many"))
        {
            await ManyAsync();
        }

        var hundred = Enumerable.Range(0, 100).Select(i => Of(i, i % 2 == 0
            ? If.Purchases().InLast(Duration.FromDays(1 + i)).Count().AtLeast(1 + (i % 7))
            : If.Purchases().InLast(Duration.FromDays(1 + i)).SumOfSpend(Currency.Hkd).AtLeast(50 * i))).ToList();
        if (Asked("beside"))
        {
            await BesideAsync("100 segments, two threads over one store, nobody remembered", new Shop(hundred));
            await BesideAsync("100 segments, two threads over one store, as by default", new Shop(hundred, new CrmOptions().RememberCustomers));
        }

        if (Asked("alone"))
        {
            Alone(hundred);
        }

        if (Asked("idle"))
        {
            var idle = new Shop(hundred);
            await idle.RecordAsync("c1");
            await idle.IdleAsync();
        }
    }

    private static async Task ManyAsync()
    {
        var thousand = Enumerable.Range(0, 1_000).Select(i => Of(i, If.Purchases().Where(If.Field("event.channel").Is($"c{i % 100}")).InLast(Duration.FromDays(1 + (i / 100))).Count().AtLeast(2 + (i / 100)))).ToList();
        var (all, ten) = (new Shop(thousand), new Shop(thousand.Where((_, i) => i % 100 == 7)));
        const int longer = 3 * Rounds;
        var (allTimes, tenTimes, ofAll, ofTen) = (new double[longer], new double[longer], new double[longer], new double[longer]);
        for (var round = 0; round < longer; round++)
        {
            ofAll[round] = ProcessorTime();
            allTimes[round] = await all.RecordAsync("c7");
            ofAll[round] = ProcessorTime() - ofAll[round];
            ofTen[round] = ProcessorTime();
            tenTimes[round] = await ten.RecordAsync("c7");
            ofTen[round] = ProcessorTime() - ofTen[round];
        }

        Say("1,000 segments, 10 touched", allTimes, "the 10 alone", tenTimes);
        Say("the same in time of all processors", ofAll, "the 10 alone", ofTen);
    }

    /// <summary>Milliseconds that all processors together have spent on this process: what others do on the machine says less in it than in the clock.</summary>
    private static double ProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalMilliseconds;
    }

    /// <summary>One engine over one store; each of two threads records events of customers of its own.</summary>
    private static async Task BesideAsync(string what, Shop shop)
    {
        const int longer = 3 * Rounds;
        var (times, processors, bytes) = (new double[longer], new double[longer], 0L);
        for (var round = 0; round < longer; round++)
        {
            var (first, second) = (shop.Next("c1"), shop.Next("c1", "other"));
            var (before, used, allocated) = (Stopwatch.GetTimestamp(), ProcessorTime(), GC.GetTotalAllocatedBytes());
            await Task.WhenAll(Task.Run(() => shop.TakeAsync(first)), Task.Run(() => shop.TakeAsync(second)));
            times[round] = Stopwatch.GetElapsedTime(before).TotalMilliseconds;
            processors[round] = 1_000 * (ProcessorTime() - used) / (2 * Events);
            bytes = GC.GetTotalAllocatedBytes() - allocated;
        }

        Array.Sort(times);
        Array.Sort(processors);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {2_000 * Events / times[0]:0} events a second, median {2_000 * Events / times[longer / 2]:0}; {processors[0]:0.0} µs of processor an event, median {processors[longer / 2]:0.0}; {bytes / (2 * Events)} bytes an event"));
    }

    /// <summary>The incremental executor by itself: state of customers in memory, decoded, folded by two threads over customers of their own; no identity, codec, commit or receipt.</summary>
    private static void Alone(List<Segment> segments)
    {
        var (one, other) = (new Folding(segments), new Folding(segments));
        const int longer = 3 * Rounds;
        var (times, processors, bytes) = (new double[longer], new double[longer], 0L);
        for (var round = 0; round < longer; round++)
        {
            var (first, second) = (one.Next(), other.Next());
            var (before, used) = (Stopwatch.GetTimestamp(), ProcessorTime());
            var beside = Task.Run(() => other.Take(second));
            bytes = one.Take(first);
            beside.GetAwaiter().GetResult();
            times[round] = Stopwatch.GetElapsedTime(before).TotalMilliseconds;
            processors[round] = 1_000 * (ProcessorTime() - used) / (2 * Events);
        }

        Array.Sort(times);
        Array.Sort(processors);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"100 segments, the executor alone, two threads: {2_000 * Events / times[0]:0} events a second, median {2_000 * Events / times[longer / 2]:0}; {processors[0]:0.0} µs of processor an event, median {processors[longer / 2]:0.0}; {bytes / Events} bytes an event"));
    }

    private static void Say(string what, double[] times, string beside, double[] others)
    {
        Array.Sort(times);
        Array.Sort(others);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {1_000 * times[0] / Events:0.0} µs an event (median {1_000 * times[times.Length / 2] / Events:0.0}), {beside} {1_000 * others[0] / Events:0.0} (median {1_000 * others[others.Length / 2] / Events:0.0}), ratio of medians {times[times.Length / 2] / others[others.Length / 2]:0.00}, of the least {times[0] / others[0]:0.00}"));
    }

    private static Segment Of(int number, Condition where) => new() { Id = string.Create(CultureInfo.InvariantCulture, $"s{number}"), Label = new Text($"s{number}", $"s{number}"), Where = where };

    private sealed class Shop
    {
        private readonly FakeClock clock = new(Start);
        private readonly CrmEngine engine;
        private long keys;

        public Shop(IEnumerable<Segment> segments, int remembered = 0) =>
            engine = new CrmEngine(new InMemoryStore(), [new SegmentationModule(new SegmentCatalog(segments))], new CrmOptions { Zone = DateTimeZone.Utc, RememberCustomers = remembered }, clock, new SeededIdSource(7));

        /// <summary>Purchases of customers in turns.</summary>
        /// <param name="channel">Where they buy.</param>
        /// <param name="kind">Of which kind the customers are: those of one kind are others than those of another.</param>
        public List<CustomerEvent> Next(string channel, string kind = "user")
        {
            keys += Events;
            return [.. Enumerable.Range(0, Events).Select(i => CustomerEvent.Purchase($"pos:{keys + i}", new Identity(kind, (((keys + i) * 7) % Customers).ToString(CultureInfo.InvariantCulture)), Money.Hkd(10)) with { Channel = channel })];
        }

        /// <summary>Records events, one by one; milliseconds.</summary>
        public async Task<double> TakeAsync(List<CustomerEvent> events)
        {
            var before = Stopwatch.GetTimestamp();
            foreach (var happened in events)
            {
                clock.Advance(Duration.FromSeconds(1));
                await engine.RecordAsync(happened);
            }

            return Stopwatch.GetElapsedTime(before).TotalMilliseconds;
        }

        public Task<double> RecordAsync(string channel) => TakeAsync(Next(channel));

        public async Task IdleAsync()
        {
            while ((await engine.RunDueAsync()).Customers > 0)
            {
            }

            const int calls = 10_000;
            var (before, bytes) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            for (var i = 0; i < calls; i++)
            {
                await engine.RunDueAsync();
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a worker with nothing due, {Customers} customers waiting: {1_000 * Stopwatch.GetElapsedTime(before).TotalMilliseconds / calls:0.0} µs and {(GC.GetAllocatedBytesForCurrentThread() - bytes) / calls} bytes a look"));
        }
    }

    private sealed class Folding
    {
        private readonly Fold fold;
        private readonly CustomerState[] states;
        private Instant now = Start;
        private long versions;

        public Folding(IEnumerable<Segment> segments)
        {
            var modules = new ModuleSet([new SegmentationModule(new SegmentCatalog(segments))]);
            fold = new Fold(modules, new StateCodec(modules), new CrmOptions { Zone = DateTimeZone.Utc });
            states = [.. Enumerable.Range(0, Customers).Select(_ => CustomerState.Newborn(modules))];
        }

        /// <summary>Purchases of customers in turns, a second apart.</summary>
        public (int Customer, JournalInput Input)[] Next()
        {
            var inputs = new (int, JournalInput)[Events];
            for (var i = 0; i < Events; i++)
            {
                now += Duration.FromSeconds(1);
                var happened = CustomerEvent.Purchase($"pos:{++versions}", Identity.User(1), Money.Hkd(10)) with { Identity = null, Channel = "c1", OccurredAt = now };
                inputs[i] = ((int)((versions * 7) % Customers), new JournalInput(new JournalDraft { Event = happened, Kind = EventKinds.Purchase, EffectiveAt = now, RecordedAt = now, Version = versions }, happened));
            }

            return inputs;
        }

        /// <summary>Folds them; the bytes that this took.</summary>
        public long Take((int Customer, JournalInput Input)[] inputs)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var (customer, input) in inputs)
            {
                var consequences = new Consequences();
                fold.BringForward(new CustomerId((UInt128)customer), states[customer], input.Entry.EffectiveAt, consequences);
                fold.Happen(new CustomerId((UInt128)customer), states[customer], input, consequences);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
