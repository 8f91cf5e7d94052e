using System.Diagnostics;
using System.Globalization;

namespace Crm.Benchmarks;

/// <summary>The loop by hand and the scan from a definition in turns, so that other work on the machine meets both: the least and the median of many rounds.</summary>
internal static class ColumnRounds
{
    private const int Rounds = 41;

    public static void Run()
    {
        var columns = new ColumnBenchmarks();
        columns.Fill();
        var (hand, scan) = (new double[Rounds], new double[Rounds]);
        for (var round = 0; round < Rounds; round++)
        {
            hand[round] = Time(columns.By_hand);
            scan[round] = Time(columns.From_the_definition);
        }

        Array.Sort(hand);
        Array.Sort(scan);
        var (purchase, customer) = columns.Memory;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"by hand {hand[0]:0.0} ms (median {hand[Rounds / 2]:0.0}), from the definition {scan[0]:0.0} ms (median {scan[Rounds / 2]:0.0}), ratio of medians {scan[Rounds / 2] / hand[Rounds / 2]:0.00}; {purchase:0.0} bytes a purchase, {customer:0.0} a customer"));
    }

    private static double Time(Func<int> work)
    {
        var before = Stopwatch.GetTimestamp();
        GC.KeepAlive(work());
        return Stopwatch.GetElapsedTime(before).TotalMilliseconds;
    }
}
