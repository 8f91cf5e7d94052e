using System.Runtime.CompilerServices;
using Crm.Values;

namespace Crm.Segmentation.Columns;

/// <summary>What values by themselves take, besides the columns that name them by number.</summary>
internal static class KeptScalars
{
    // An object's header, length and padding, on a machine of 64 bits.
    private const int PerText = 24;

    /// <summary>The memory of values, in bytes: each once, with its codes.</summary>
    public static long Bytes(Scalar[] values) => ((long)Unsafe.SizeOf<Scalar>() * values.Length) + values.Sum(OfCodes);

    private static long OfCodes(Scalar value) => value.Kind switch
    {
        ScalarKind.Code => PerText + (2L * (value.AsCode?.Length ?? 0)),
        ScalarKind.Codes => PerText + value.AsCodes.Sum(code => PerText + (2L * code.Length)),
        _ => 0,
    };
}
