namespace Crm.Engine;

/// <summary>Divides a whole number in proportion of weights, exactly: largest remainders first, the earlier of equal ones first. No share exceeds its weight when the total does not exceed their sum.</summary>
internal static class Apportionment
{
    /// <param name="total">Not negative.</param>
    /// <param name="weights">Not negative; where all are 0 so are the shares.</param>
    public static long[] Of(long total, long[] weights)
    {
        var shares = new long[weights.Length];
        Int128 sum = 0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        if (sum == 0 || total == 0)
        {
            return shares;
        }

        var remainders = new (Int128 Remainder, int Index)[weights.Length];
        var left = total;
        for (var i = 0; i < weights.Length; i++)
        {
            var exact = (Int128)total * weights[i];
            shares[i] = (long)(exact / sum);
            remainders[i] = (exact % sum, i);
            left -= shares[i];
        }

        Array.Sort(remainders, static (a, b) => a.Remainder != b.Remainder ? b.Remainder.CompareTo(a.Remainder) : a.Index.CompareTo(b.Index));
        for (var i = 0; i < left; i++)
        {
            shares[remainders[i].Index]++;
        }

        return shares;
    }
}
