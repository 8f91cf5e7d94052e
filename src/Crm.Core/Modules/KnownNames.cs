using System.Buffers.Binary;
using System.Text;
using Crm.Values;

namespace Crm.Modules;

/// <summary>The names that were read lately, so that the same few are not made again for every customer.</summary>
internal static class KnownNames
{
    private const int Longest = 64;
    private const ulong Spread = 0x9e37_79b9_7f4a_7c15;
    private static readonly Lately<string> Known = new(4_096);

    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        var hash = HashOf(utf8);
        return Known.Find(hash) is { } known && Ascii.Equals(utf8, known) ? known : Known.Keep(hash, Encoding.UTF8.GetString(utf8));
    }

    // Eight bytes at a time; the last eight overlap with those before. Names often differ in their last letters only, and what differs high in a number shows nowhere but at the top of its products.
    public static int HashOf(ReadOnlySpan<byte> utf8)
    {
        var hash = (ulong)utf8.Length;
        if (utf8.Length < sizeof(ulong))
        {
            foreach (var part in utf8)
            {
                hash = (hash << 8) | part;
            }

            return (int)((hash * Spread) >> 32);
        }

        for (var at = 0; at < utf8.Length - sizeof(ulong); at += sizeof(ulong))
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(utf8[at..])) * Spread;
        }

        return (int)(((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(utf8[^sizeof(ulong)..])) * Spread) >> 32);
    }
}
