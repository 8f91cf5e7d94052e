using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>Writes values as few bytes: whole numbers of variable length, texts as UTF-8.</summary>
public sealed class SlotWriter
{
    private const int LongestWhole = 10;
    private const ulong AnotherFollows = 0x8080_8080_8080_8080;
    private const int LongestInOneByte = 63;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private byte[] buffer;
    private int length;

    /// <summary>A writer of values of usual size.</summary>
    public SlotWriter()
        : this(256)
    {
    }

    /// <summary>A writer with room for this many bytes; it makes more when it needs to.</summary>
    public SlotWriter(int room) => buffer = new byte[room];

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, length);

    /// <summary>Starts anew with the same memory.</summary>
    public void Clear() => length = 0;

    /// <summary>Writes a whole number; small ones, of either sign, take one byte.</summary>
    public void Whole(long value)
    {
        var bits = (ulong)(value << 1) ^ (ulong)(value >> 63);
        var span = Room(LongestWhole);
        if (Bmi2.X64.IsSupported && bits >> 56 == 0)
        {
            // Seven bits to a byte, all at once; every byte but the last says that another follows.
            var bytes = bits < 0x80 ? 1 : (70 - BitOperations.LeadingZeroCount(bits)) / 7;
            BinaryPrimitives.WriteUInt64LittleEndian(span, Bmi2.X64.ParallelBitDeposit(bits, ~AnotherFollows) | (AnotherFollows & ((1UL << (8 * (bytes - 1))) - 1)));
            length += bytes;
            return;
        }

        var used = 0;
        while (bits >= 0x80)
        {
            span[used++] = (byte)(bits | 0x80);
            bits >>= 7;
        }

        span[used++] = (byte)bits;
        length += used;
    }

    /// <summary>Writes 64 bits as they are.</summary>
    public void Bits(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        length += 8;
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
    /// <exception cref="ArgumentException">It has half a character in it, which has no form in UTF-8: two texts would become one.</exception>
    public void Text(string? value)
    {
        if (value is null)
        {
            Whole(-1);
            return;
        }

        // Most texts are short and plain: then the length is known to take one byte, and they are encoded once.
        if (value.Length <= LongestInOneByte && Ascii.FromUtf16(value, Room(value.Length + 1)[1..], out var plain) == OperationStatus.Done)
        {
            buffer[length] = (byte)(plain << 1);
            length += plain + 1;
            return;
        }

        var count = Strict.GetByteCount(value);
        Whole(count);
        length += Strict.GetBytes(value, Room(count));
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
            case ScalarKind.Codes:
                var codes = value.AsCodes;
                Whole(codes.Count);
                foreach (var code in codes)
                {
                    Text(code);
                }

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
        bytes.CopyTo(Room(bytes.Length));
        length += bytes.Length;
    }

    /// <summary>Writes what another writer has written.</summary>
    internal void Copy(ReadOnlySpan<byte> written)
    {
        written.CopyTo(Room(written.Length));
        length += written.Length;
    }

    private Span<byte> Room(int count)
    {
        if (buffer.Length - length < count)
        {
            Array.Resize(ref buffer, Math.Max(length + count, 2 * buffer.Length));
        }

        return buffer.AsSpan(length);
    }
}
