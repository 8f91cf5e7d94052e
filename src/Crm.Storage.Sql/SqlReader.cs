using Crm.Values;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>The current row of an answer.</summary>
public abstract class SqlReader
{
    /// <summary>Whether a column has no value.</summary>
    public abstract bool IsNull(int column);

    /// <summary>A whole number.</summary>
    public abstract long Whole(int column);

    /// <summary>Text.</summary>
    public abstract string Text(int column);

    /// <summary>Bytes.</summary>
    public abstract byte[] Bytes(int column);

    /// <summary>An exact decimal number.</summary>
    public abstract decimal Decimal(int column);

    /// <summary>Text of which many rows have the same.</summary>
    public virtual string Name(int column) => Text(column);

    /// <summary>Bytes, good until the next row.</summary>
    public virtual ReadOnlySpan<byte> Span(int column) => Bytes(column);

    /// <summary>A whole number, or null.</summary>
    public long? WholeOrNull(int column) => IsNull(column) ? null : Whole(column);

    /// <summary>Text, or null.</summary>
    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Bytes; none where there is no value.</summary>
    public byte[] BytesOrNone(int column) => IsNull(column) ? [] : Bytes(column);

    /// <summary>128 bits.</summary>
    public UInt128 Bits(int column) => Sql.Bits.Read(Span(column));

    /// <summary>A customer's id.</summary>
    public CustomerId Customer(int column) => new(Bits(column));

    /// <summary>An instant.</summary>
    public Instant Instant(int column) => NodaTime.Instant.FromUnixTimeTicks(Whole(column));

    /// <summary>An instant, or null.</summary>
    public Instant? InstantOrNull(int column) => IsNull(column) ? null : Instant(column);
}
