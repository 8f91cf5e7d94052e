using System.Buffers.Binary;
using System.Text;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>128 bits as the 16 bytes in which they are stored, high byte first.</summary>
internal static class Bits
{
    public static byte[] Of(UInt128 value)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }

    public static UInt128 Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);
}

/// <summary>
/// The bucket of a key or an identity: the FNV-1a hash (64 bits) of the UTF-8 bytes of both its parts with a zero byte between them, its halves combined by exclusive or, modulo 1,024.
/// Part of the storage format: it never changes.
/// </summary>
internal static class Bucket
{
    public static long Of(EventKey key) => Of(key.Source, key.Value);

    public static long Of(Identity identity) => Of(identity.Kind, identity.Value);

    private static long Of(string scope, string value)
    {
        var hash = Add(Add(Add(0xcbf29ce484222325UL, scope), [0]), value);
        return (long)((hash ^ (hash >> 32)) & (CustomerId.BucketCount - 1));
    }

    private static ulong Add(ulong hash, string text)
    {
        // 200 characters, the longest value, have at most 600 bytes.
        Span<byte> bytes = stackalloc byte[600];
        return Encoding.UTF8.TryGetBytes(text, bytes, out var written) ? Add(hash, bytes[..written]) : Add(hash, Encoding.UTF8.GetBytes(text));
    }

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            hash = unchecked((hash ^ one) * 0x100000001b3UL);
        }

        return hash;
    }
}
