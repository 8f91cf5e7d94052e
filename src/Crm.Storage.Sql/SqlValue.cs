using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>How a parameter is sent.</summary>
public enum SqlType : byte
{
    /// <summary>A whole number of 64 bits.</summary>
    Whole,

    /// <summary>Text.</summary>
    Characters,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>An exact decimal number; as text where the database has no such type.</summary>
    Exact,
}

/// <summary>One value on its way into a statement. The column it stands in knows its type.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct SqlValue : IEquatable<SqlValue>
{
    private static readonly object IsWhole = new();
    private readonly long whole;
    private readonly object? reference;

    private SqlValue(long whole, object? reference)
    {
        this.whole = whole;
        this.reference = reference;
    }

    /// <summary>No value.</summary>
    public static SqlValue Null => default;

    /// <summary>Whether there is no value.</summary>
    public bool IsNull => reference is null;

    /// <summary>The whole number.</summary>
    public long AsWhole => whole;

    /// <summary>The text; of a decimal number its invariant form.</summary>
    public string AsText => (string)Present;

    /// <summary>The bytes; do not change them.</summary>
    public byte[] AsBytes => (byte[])Present;

    /// <summary>The decimal number.</summary>
    public decimal AsDecimal => decimal.Parse(AsText, CultureInfo.InvariantCulture);

    private object Present => reference ?? throw new InvalidOperationException("A parameter without a value was read; ask IsNull first.");

    /// <summary>Whether both are the same value.</summary>
    public static bool operator ==(SqlValue left, SqlValue right) => left.Equals(right);

    /// <summary>Whether they are different values.</summary>
    public static bool operator !=(SqlValue left, SqlValue right) => !left.Equals(right);

    /// <summary>A whole number.</summary>
    public static implicit operator SqlValue(long value) => new(value, IsWhole);

    /// <summary>A whole number, or none.</summary>
    public static implicit operator SqlValue(long? value) => value is { } whole ? whole : Null;

    /// <summary>Text, or none.</summary>
    /// <exception cref="ArgumentException">It has half a character or U+0000 in it: databases refuse it, or write another text instead.</exception>
    public static implicit operator SqlValue(string? value) => new(0, value is null ? null : StorableText.Check(value, "A text for the database", nameof(value)));

    /// <summary>Bytes, or none.</summary>
    public static implicit operator SqlValue(byte[]? value) => new(0, value);

    /// <summary>Ticks since 1970.</summary>
    public static implicit operator SqlValue(Instant value) => value.ToUnixTimeTicks();

    /// <summary>Ticks since 1970, or none.</summary>
    public static implicit operator SqlValue(Instant? value) => value is { } instant ? instant : Null;

    /// <summary>A decimal number; 1.50 is sent as 1.5.</summary>
    public static implicit operator SqlValue(decimal value) => new(0, value.ToString("0.############################", CultureInfo.InvariantCulture));

    /// <summary>16 bytes.</summary>
    public static implicit operator SqlValue(CustomerId value) => Bits.Of(value.Value);

    /// <summary>Whether both are the same value; bytes are, where they are the same array.</summary>
    public bool Equals(SqlValue other) => whole == other.whole && Equals(reference, other.reference);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SqlValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(whole, reference);
}
