using Crm.Values;

namespace Crm.Segmentation.Columns;

/// <summary>The events of one kind: those of the first customer by instant, then those of the second, and so on.</summary>
/// <param name="Firsts">For each customer the place of the first event; one more at the end.</param>
/// <param name="Ticks">When each event counts.</param>
/// <param name="Sums">For each currency that was spent, in minor units, what the customer has spent with and before each event.</param>
/// <param name="Codes">For each field that is a code, a number for each event's code; 0: none.</param>
internal sealed record EventColumns(int[] Firsts, long[] Ticks, Dictionary<Currency, long[]> Sums, Dictionary<string, CodeColumn> Codes)
{
    public long Bytes => (4L * Firsts.Length) + (8L * Ticks.Length) + Sums.Values.Sum(sums => 8L * sums.Length) + Codes.Values.Sum(codes => 4L * codes.Places.Length);
}

/// <summary>Values by number.</summary>
/// <param name="Places">For each event the number of its value; 0: none.</param>
/// <param name="Known">The values, the first of which has number 1.</param>
internal sealed record CodeColumn(int[] Places, Scalar[] Known);
