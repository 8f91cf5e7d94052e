using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>Reads what a <see cref="SlotWriter"/> wrote.</summary>
/// <param name="bytes">The bytes; each reading method takes its part from the front.</param>
public ref struct SlotReader(ReadOnlySpan<byte> bytes)
{
    private const int LongestWhole = 10;
    private const ulong LastOfEach = 0x8080_8080_8080_8080;
    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int at;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool AtEnd => at == bytes.Length;

    /// <summary>Reads a whole number.</summary>
    public long Whole()
    {
        // Most numbers take one byte. What follows lies apart, so that this is short enough to be put where it is called.
        if (at < bytes.Length && bytes[at] is < 0x80 and var only)
        {
            at++;
            return (only >> 1) ^ -(only & 1);
        }

        return LongerWhole();
    }

    private long LongerWhole()
    {
        // A number of up to eight bytes, as an instant is, is put together at once where the processor can.
        if (Bmi2.X64.IsSupported && bytes.Length - at >= 8)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            if ((~word & LastOfEach) is not 0 and var ends)
            {
                var used = BitOperations.TrailingZeroCount(ends) + 1;
                at += used / 8;
                var whole = Bmi2.X64.ParallelBitExtract(word & (ulong.MaxValue >> (64 - used)), ~LastOfEach);
                return (long)(whole >> 1) ^ -(long)(whole & 1);
            }
        }

        ulong bits = 0;
        for (var i = 0; i < LongestWhole; i++)
        {
            if (at == bytes.Length)
            {
                throw TooShort(1);
            }

            var part = bytes[at++];
            bits |= (ulong)(part & 0x7f) << (7 * i);
            if (part < 0x80)
            {
                return (long)(bits >> 1) ^ -(long)(bits & 1);
            }
        }

        throw new FormatException("A whole number of a slot is longer than ten bytes: the slot is damaged.");
    }

    /// <summary>Reads a whole number that fits 32 bits.</summary>
    public int Int() => checked((int)Whole());

    /// <summary>Reads 64 bits.</summary>
    public ulong Bits() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a flag.</summary>
    public bool Flag() => Whole() != 0;

    /// <summary>Reads an exact decimal number.</summary>
    public decimal Number() => new([Int(), Int(), Int(), Int()]);

    /// <summary>Reads a text or null.</summary>
    public string? Text()
    {
        var length = Int();
        return length < 0 ? null : Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Reads a text that is never null.</summary>
    public string Code() => Text() ?? throw new FormatException("A text of a slot is absent where one is expected: the slot is damaged.");

    /// <summary>Reads the name of something that is declared (a module, a fact, a unit), of which many customers have the same: it is looked up before a text is made.</summary>
    public string Name()
    {
        var length = Int();
        return length < 0 ? throw new FormatException("A name of a slot is absent: the slot is damaged.") : KnownNames.Of(Take(length));
    }

    /// <summary>Reads an instant.</summary>
    public Instant Instant() => NodaTime.Instant.FromUnixTimeTicks(Whole());

    /// <summary>Reads an instant or null.</summary>
    public Instant? InstantOrNull() => Flag() ? Instant() : null;

    /// <summary>Reads a calendar date.</summary>
    public LocalDate Date() => new LocalDate(1970, 1, 1).PlusDays(Int());

    /// <summary>Reads a value.</summary>
    public Scalar Scalar() => (ScalarKind)Int() switch
    {
        ScalarKind.Missing => default,
        ScalarKind.Flag => Flag(),
        ScalarKind.Number => Number(),
        ScalarKind.Code => Code(),
        ScalarKind.Date => Date(),
        ScalarKind.Instant => Instant(),
        ScalarKind.Codes => Codes(),
        var kind => throw new FormatException($"A value of a slot is of kind {(int)kind}, which this release does not know."),
    };

    private Scalar Codes()
    {
        var codes = new string[Int()];
        for (var i = 0; i < codes.Length; i++)
        {
            codes[i] = Code();
        }

        return Values.Scalar.Of(codes);
    }

    /// <summary>Reads fields.</summary>
    public Fields Fields()
    {
        var count = Int();
        if (count == 0)
        {
            return default;
        }

        var values = new (string, Scalar)[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (Code(), Scalar());
        }

        return Values.Fields.Of(values);
    }

    /// <summary>Reads bytes with their length.</summary>
    public ReadOnlySpan<byte> Bytes() => Take(Int());

    /// <summary>Passes over what was written, if it is this.</summary>
    internal bool Passes(ReadOnlySpan<byte> written)
    {
        if (!bytes[at..].StartsWith(written))
        {
            return false;
        }

        at += written.Length;
        return true;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - at)
        {
            throw TooShort(count);
        }

        at += count;
        return bytes.Slice(at - count, count);
    }

    private readonly FormatException TooShort(int count) =>
        new($"A slot ends {count - (bytes.Length - at)} bytes too early: it is damaged, or was written by another codec.");
}
