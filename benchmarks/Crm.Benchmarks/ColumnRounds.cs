using System.Diagnostics;
using System.Globalization;

namespace Crm.Benchmarks;

/// <summary>Loops by hand and scans from definitions in turns, so that other work on the machine meets all: the least and the median of many rounds.</summary>
internal static class ColumnRounds
{
    private const int Rounds = 41;

    public static void Run()
    {
        var columns = new ColumnBenchmarks();
        columns.Fill();
        (string Name, Func<int> Work)[] all =
        [
            ("by hand from purchases", columns.By_hand), ("from the definition", columns.From_the_definition), ("on two threads", columns.On_two_threads),
            ("by hand from maintained values", columns.Kept_by_hand), ("from the definition over facts", columns.Kept_from_the_definition), ("overlap of two sets", columns.Overlap), ("size of a set", columns.Size), ("a thousand memberships of one", columns.A_thousand_memberships),
            ("overlap by hand", columns.Overlap_by_hand), ("size by hand", columns.Size_by_hand), ("memberships by hand", columns.A_thousand_memberships_by_hand),
        ];
        var times = all.Select(_ => new double[Rounds]).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (i, one) in all.Index())
            {
                times[i][round] = Time(one.Work);
            }
        }

        foreach (var (i, one) in all.Index())
        {
            Array.Sort(times[i]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{one.Name}: {times[i][0]:0.000} ms, median {times[i][Rounds / 2]:0.000}"));
        }

        var (purchase, customer) = columns.Memory;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{purchase:0.0} bytes a purchase, {customer:0.0} a customer"));
    }

    private static double Time(Func<int> work)
    {
        var before = Stopwatch.GetTimestamp();
        GC.KeepAlive(work());
        return Stopwatch.GetElapsedTime(before).TotalMilliseconds;
    }
}
