using System.Diagnostics;
using System.Globalization;

namespace Crm.Benchmarks;

/// <summary>
/// Folding and recording one purchase in turns, so that other work on the machine meets both: the least and the median of many rounds, and what is allocated for each:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- purchases [ROUNDS] [PART…]</c>.
/// </summary>
internal static class PurchaseRounds
{
    private const int Calls = 1_000;

    /// <param name="rounds">How many.</param>
    /// <param name="parts">Which of "fold", "record", "simple", "year", "warned-year", "months" and "warned-months" are measured; none: all.</param>
    public static void Run(int rounds, IReadOnlyCollection<string> parts)
    {
        var record = new RecordBenchmarks();
        (string Name, string Part, Func<long> Work)[] all =
        [
            ("fold one purchase", "fold", new FoldBenchmarks().Fold_one_purchase),
            ("record one purchase into memory", "record", record.Record_one_purchase),
            ("record one simple purchase into memory", "simple", record.Record_one_simple_purchase),
            ("the same on a ladder by the year", "year", record.Record_one_by_the_year),
            ("the same with warnings", "warned-year", record.Record_one_by_the_year_that_warns),
            ("the simple one on a ladder by the last months", "months", record.Record_one_by_the_last_months),
            ("the same with warnings", "warned-months", record.Record_one_by_the_last_months_that_warns),
        ];
        all = [.. all.Where(one => parts.Count == 0 || parts.Contains(one.Part))];
        var times = all.Select(_ => new double[rounds]).ToArray();
        var bytes = new long[all.Length];
        for (var round = -rounds / 4; round < rounds; round++)
        {
            foreach (var (i, one) in all.Index())
            {
                var (allocated, started) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
                for (var call = 0; call < Calls; call++)
                {
                    GC.KeepAlive(one.Work());
                }

                if (round >= 0)
                {
                    times[i][round] = Stopwatch.GetElapsedTime(started).TotalMicroseconds / Calls;
                    bytes[i] += GC.GetAllocatedBytesForCurrentThread() - allocated;
                }
            }
        }

        foreach (var (i, one) in all.Index())
        {
            Array.Sort(times[i]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{one.Name}: {times[i][0]:0.0} µs, median {times[i][rounds / 2]:0.0}, mean {times[i].Average():0.0}, {bytes[i] / Calls / rounds:N0} bytes"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"collections of the three generations: {GC.CollectionCount(0)}, {GC.CollectionCount(1)}, {GC.CollectionCount(2)}; paused {GC.GetTotalPauseDuration().TotalMilliseconds:0} ms"));
    }
}
