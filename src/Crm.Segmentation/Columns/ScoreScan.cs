using Crm.Conditions;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>The sum of the points of the parts that hold.</summary>
internal sealed class ScoreScan((Scan When, decimal Points)[] parts, Test wanted, Instant now) : Scan
{
    public override void Fill(int first, int end, Span<ulong> bits)
    {
        var points = new decimal[end - first];
        Span<ulong> part = stackalloc ulong[Population.Block / 64];
        foreach (var (when, worth) in parts)
        {
            when.Fill(first, end, part);
            for (var i = 0; i < points.Length; i++)
            {
                points[i] += (part[i / 64] & (1UL << (i % 64))) != 0 ? worth : 0;
            }
        }

        bits[..Words(first, end)].Clear();
        for (var i = 0; i < points.Length; i++)
        {
            bits[i / 64] |= Evaluator.Passes(wanted, points[i], false, now).Value ? 1UL << (i % 64) : 0;
        }
    }
}
