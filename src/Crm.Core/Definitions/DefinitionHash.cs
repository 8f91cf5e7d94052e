using System.Security.Cryptography;
using System.Text;

namespace Crm.Definitions;

/// <summary>The name of a definition's exact content: the first 128 bits of the SHA-256 of its canonical form, the same on every machine.</summary>
/// <param name="Value">The bits; zero is no definition.</param>
public readonly record struct DefinitionHash(UInt128 Value)
{
    /// <summary>The hash of a canonical text (UTF-8).</summary>
    public static DefinitionHash Of(string canonical)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(canonical), hash);
        return new DefinitionHash(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
