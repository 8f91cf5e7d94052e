using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>A part of the buckets that customers are in, so that several workers share the work without asking for the same rows.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BucketRange
{
    /// <summary>From one bucket up to another.</summary>
    /// <param name="first">The first, from 0.</param>
    /// <param name="last">The last, included; at most 1,023.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty, or reaches beyond the buckets.</exception>
    public BucketRange(int first, int last)
    {
        if (first < 0 || last < first || last >= CustomerId.BucketCount)
        {
            throw new ArgumentOutOfRangeException(nameof(first), $"Buckets {first} to {last} are no range; from 0 up to {CustomerId.BucketCount - 1} is expected, and the last not before the first.");
        }

        First = first;
        Last = last;
    }

    /// <summary>Every bucket.</summary>
    public static BucketRange All { get; } = new(0, CustomerId.BucketCount - 1);

    /// <summary>The first bucket.</summary>
    public int First { get; }

    /// <summary>The last bucket, included.</summary>
    public int Last { get; }

    /// <summary>One of so many ranges of nearly one size, which together are all buckets.</summary>
    /// <param name="number">Which, from 0.</param>
    /// <param name="count">How many; 1 to 1,024.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public static BucketRange Part(int number, int count) => count is < 1 or > CustomerId.BucketCount || number < 0 || number >= count
        ? throw new ArgumentOutOfRangeException(nameof(number), $"Part {number} of {count} is none; 1 to {CustomerId.BucketCount} parts are expected, counted from 0.")
        : new BucketRange(number * CustomerId.BucketCount / count, ((number + 1) * CustomerId.BucketCount / count) - 1);
}
