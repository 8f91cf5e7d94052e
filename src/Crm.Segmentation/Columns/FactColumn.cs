using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>The values of one fact, or of one field of the profile.</summary>
/// <param name="Kinds">For each customer the kind of the value.</param>
/// <param name="Values">Flags, days and ticks as whole numbers; numbers in parts of one; everything else by its number among <paramref name="Known"/>.</param>
/// <param name="Until">When the value runs out, in ticks; null: no value of this fact does.</param>
/// <param name="Known">Codes, several codes, and numbers where these are not exact; the first has number 1.</param>
/// <param name="Unit">How many parts of a number are one.</param>
/// <param name="IsExact">Whether every number is a whole number of the parts; otherwise they are kept among <paramref name="Known"/>.</param>
internal sealed record FactColumn(byte[] Kinds, FactValues Values, FactValues? Until, Scalar[] Known, long Unit, bool IsExact)
{
    /// <summary>The value of a customer; missing where there is none, or it has run out.</summary>
    public Scalar At(int customer, long now) => Until is { } until && until[customer] <= now ? default : (ScalarKind)Kinds[customer] switch
    {
        ScalarKind.Missing => default(Scalar),
        ScalarKind.Flag => Values[customer] != 0,
        ScalarKind.Date => new LocalDate(1970, 1, 1).PlusDays((int)Values[customer]),
        ScalarKind.Instant => Instant.FromUnixTimeTicks(Values[customer]),
        ScalarKind.Number when IsExact => (decimal)Values[customer] / Unit,
        _ => Known[Values[customer] - 1],
    };

    public long Bytes => Kinds.Length + Values.Bytes + (Until?.Bytes ?? 0) + KeptScalars.Bytes(Known);
}

/// <summary>A whole number of each customer, in as few bytes as hold all of them.</summary>
internal abstract class FactValues
{
    public abstract long Bytes { get; }

    public abstract long this[int customer] { get; }

    public static FactValues Of(long[] values)
    {
        var (least, most) = values.Length == 0 ? (0, 0) : (values.Min(), values.Max());
        return (least, most) switch
        {
            ( >= sbyte.MinValue, <= sbyte.MaxValue) => Narrow<sbyte>(values),
            ( >= short.MinValue, <= short.MaxValue) => Narrow<short>(values),
            ( >= int.MinValue, <= int.MaxValue) => Narrow<int>(values),
            _ => new Kept<long>(values),
        };
    }

    /// <summary>Of at most 64 customers those whose number is from one to another, both included.</summary>
    public abstract ulong Within(int first, int end, long from, long to);

    /// <summary>Of at most 64 bytes those that are one.</summary>
    public static ulong Equal(ReadOnlySpan<byte> bytes, byte one)
    {
        var signed = MemoryMarshal.Cast<byte, sbyte>(bytes);
        return Kept<sbyte>.Within(signed, (sbyte)one, (sbyte)one);
    }

    private static Kept<T> Narrow<T>(long[] values)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => new(Array.ConvertAll(values, T.CreateTruncating));

    private sealed class Kept<T>(T[] values) : FactValues
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        public override long Bytes => (long)values.Length * Marshal.SizeOf<T>();

        public override long this[int customer] => long.CreateTruncating(values[customer]);

        public override ulong Within(int first, int end, long from, long to) =>
            from > to || to < long.CreateTruncating(T.MinValue) || from > long.CreateTruncating(T.MaxValue) ? 0 : Within(values.AsSpan(first, end - first), T.CreateSaturating(from), T.CreateSaturating(to));

        /// <summary>Several numbers are compared at once: their answers are the bits of a word already.</summary>
        public static ulong Within(ReadOnlySpan<T> some, T from, T to)
        {
            var bits = 0UL;
            var place = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                var (least, most) = (Vector256.Create(from), Vector256.Create(to));
                for (; place + Vector256<T>.Count <= some.Length; place += Vector256<T>.Count)
                {
                    var vector = Vector256.Create(some[place..]);
                    bits |= (ulong)(Vector256.GreaterThanOrEqual(vector, least) & Vector256.LessThanOrEqual(vector, most)).ExtractMostSignificantBits() << place;
                }
            }

            for (; place < some.Length; place++)
            {
                bits |= from <= some[place] && some[place] <= to ? 1UL << place : 0;
            }

            return bits;
        }
    }
}
