using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>Writes values as few bytes: whole numbers of variable length, texts as UTF-8.</summary>
public sealed class SlotWriter
{
    private readonly ArrayBufferWriter<byte> buffer;

    /// <summary>A writer of values of usual size.</summary>
    public SlotWriter()
        : this(256)
    {
    }

    /// <summary>A writer with room for this many bytes; it makes more when it needs to.</summary>
    public SlotWriter(int room) => buffer = new ArrayBufferWriter<byte>(room);

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    /// <summary>Starts anew with the same memory.</summary>
    public void Clear() => buffer.ResetWrittenCount();

    /// <summary>Writes a whole number; small ones, of either sign, take one byte.</summary>
    public void Whole(long value)
    {
        var bits = (ulong)(value << 1) ^ (ulong)(value >> 63);
        var span = buffer.GetSpan(10);
        var length = 0;
        while (bits >= 0x80)
        {
            span[length++] = (byte)(bits | 0x80);
            bits >>= 7;
        }

        span[length++] = (byte)bits;
        buffer.Advance(length);
    }

    /// <summary>Writes 64 bits as they are.</summary>
    public void Bits(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    /// <summary>Writes a flag.</summary>
    public void Flag(bool value) => Whole(value ? 1 : 0);

    /// <summary>Writes an exact decimal number; equal numbers (1.5, 1.50) give equal bytes.</summary>
    public void Number(decimal value)
    {
        // Dividing takes trailing zeros off the decimals; a number without decimals has none.
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value.Scale == 0 && value != 0 ? value : value / 1.000000000000000000000000000000000m, parts);
        foreach (var part in parts)
        {
            Whole(part);
        }
    }

    /// <summary>Writes a text; null is kept apart from "".</summary>
    public void Text(string? value)
    {
        if (value is null)
        {
            Whole(-1);
            return;
        }

        var length = Encoding.UTF8.GetByteCount(value);
        Whole(length);
        Encoding.UTF8.GetBytes(value, buffer.GetSpan(length));
        buffer.Advance(length);
    }

    /// <summary>Writes an instant to the tick.</summary>
    public void Instant(Instant value) => Whole(value.ToUnixTimeTicks());

    /// <summary>Writes an instant to the tick, or that there is none.</summary>
    public void Instant(Instant? value)
    {
        Flag(value.HasValue);
        if (value is { } instant)
        {
            Instant(instant);
        }
    }

    /// <summary>Writes a calendar date.</summary>
    public void Date(LocalDate value) => Whole(Period.DaysBetween(new LocalDate(1970, 1, 1), value));

    /// <summary>Writes a value with its kind.</summary>
    public void Scalar(Scalar value)
    {
        Whole((long)value.Kind);
        switch (value.Kind)
        {
            case ScalarKind.Missing:
                break;
            case ScalarKind.Flag:
                Flag(value.AsFlag);
                break;
            case ScalarKind.Number:
                Number(value.AsNumber);
                break;
            case ScalarKind.Code:
                Text(value.AsCode);
                break;
            case ScalarKind.Date:
                Date(value.AsDate!.Value);
                break;
            case ScalarKind.Instant:
                Instant(value.AsInstant!.Value);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(value), value.Kind, "This kind of value cannot be written.");
        }
    }

    /// <summary>Writes fields in the order of their names.</summary>
    public void Fields(Fields fields)
    {
        Whole(fields.Count);
        foreach (var (name, value) in fields)
        {
            Text(name);
            Scalar(value);
        }
    }

    /// <summary>Writes bytes with their length.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Whole(bytes.Length);
        buffer.Write(bytes);
    }
}
