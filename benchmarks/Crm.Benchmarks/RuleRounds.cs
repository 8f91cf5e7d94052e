using System.Diagnostics;
using System.Globalization;

namespace Crm.Benchmarks;

/// <summary>The benchmarks of <see cref="RuleMatching"/> in one process, one after the other in turns, so that they share whatever else the machine does: the least of many rounds, and what a call allocates.</summary>
internal static class RuleRounds
{
    private const int Rounds = 60;

    public static void Run()
    {
        Console.WriteLine("rules, by index ns, bytes, by hand ns, by delegates ns, index to hand, delegates to index, compile ms");
        foreach (var rules in new[] { 10, 100, 1_000, 10_000 })
        {
            var matching = new RuleMatching { Rules = rules };
            matching.Read();
            var (index, hand, delegates, compile) = (double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue);
            for (var round = 0; round < Rounds; round++)
            {
                index = Math.Min(index, Least(matching.By_index, 20_000));
                hand = Math.Min(hand, Least(matching.By_hand, 20_000));
                delegates = Math.Min(delegates, Least(matching.By_delegates, Math.Max(20, 200_000 / rules)));
            }

            for (var round = 0; round < 15; round++)
            {
                compile = Math.Min(compile, Least(() => matching.Compile().GetHashCode(), 1));
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                matching.By_index();
            }

            var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 1_000.0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rules}, {index:F1}, {bytes:F2}, {hand:F1}, {delegates:F1}, {index / hand:F2}, {delegates / index:F1}, {compile / 1_000_000:F2}"));
        }
    }

    // Nanoseconds a call.
    private static double Least(Func<int> call, int times)
    {
        var (watch, sum) = (Stopwatch.StartNew(), 0);
        for (var i = 0; i < times; i++)
        {
            sum += call();
        }

        return sum < 0 ? double.MaxValue : watch.Elapsed.TotalNanoseconds / times;
    }
}
