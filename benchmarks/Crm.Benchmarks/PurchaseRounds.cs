using System.Diagnostics;
using System.Globalization;

namespace Crm.Benchmarks;

/// <summary>
/// Folding and recording one purchase in turns, so that other work on the machine meets both: the least and the median of many rounds, and what is allocated for each:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- purchases [ROUNDS]</c>.
/// </summary>
internal static class PurchaseRounds
{
    private const int Calls = 1_000;

    public static void Run(int rounds)
    {
        var (fold, record) = (new FoldBenchmarks(), new RecordBenchmarks());
        record.Open();
        (string Name, Func<long> Work)[] all =
        [
            ("fold one purchase", fold.Fold_one_purchase), ("record one purchase into memory", record.Record_one_purchase), ("record one simple purchase into memory", record.Record_one_simple_purchase),
        ];
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
