using System.Globalization;

namespace Crm.Values;

/// <summary>
/// Names one customer inside the journal: 128 opaque bits that carry no time and no personal data.
/// It is never the host's own key (that is an <see cref="Identity"/> of kind "user"), and never derived from one.
/// </summary>
/// <param name="Value">The bits. Zero is not a customer.</param>
public readonly record struct CustomerId(UInt128 Value) : IComparable<CustomerId>
{
    /// <summary>How many buckets all customers of a tenant are spread over.</summary>
    public const int BucketCount = 1024;

    /// <summary>
    /// The bucket, 0 to 1,023, that all rows of this customer share. The function is part of the storage format and never changes.
    /// </summary>
    public int Bucket => (int)(Mix((ulong)Value ^ (ulong)(Value >> 64)) % BucketCount);

    /// <summary>Reads the 32 hexadecimal digits that <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">The text is not 32 hexadecimal digits, or all of them are zero.</exception>
    public static CustomerId Parse(string text) =>
        TryParse(text, out var id)
            ? id
            : throw new FormatException($"'{text}' is not a customer id: 32 hexadecimal digits are expected, such as '{new CustomerId(UInt128.MaxValue >> 3)}'.");

    /// <summary>Reads the 32 hexadecimal digits that <see cref="ToString"/> writes; false for everything else.</summary>
    public static bool TryParse(string? text, out CustomerId id)
    {
        var isId = UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && text?.Length == 32 && value != 0;
        id = isId ? new CustomerId(value) : default;
        return isId;
    }

    /// <inheritdoc/>
    public int CompareTo(CustomerId other) => Value.CompareTo(other.Value);

    /// <summary>Whether scans of the whole store meet this customer after another: they go by bucket, and then by id. Nobody comes before all.</summary>
    internal bool IsAfter(CustomerId? other) => other is not { } earlier || (Bucket, this).CompareTo((earlier.Bucket, earlier)) > 0;

    /// <summary>The bits as 32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);

    private static ulong Mix(ulong bits)
    {
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebUL;
        return bits ^ (bits >> 31);
    }
}
