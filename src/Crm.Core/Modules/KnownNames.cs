using System.Text;

namespace Crm.Modules;

/// <summary>The names that were read lately, so that the same few are not made again for every customer. It holds a bounded number and forgets by overwriting; threads share it without waiting.</summary>
internal static class KnownNames
{
    private const int Places = 4096;
    private const int Longest = 64;
    private static readonly string?[] Known = new string?[Places];

    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        var hash = (uint)utf8.Length;
        foreach (var part in utf8)
        {
            hash = (hash * 31) + part;
        }

        ref var place = ref Known[hash % Places];
        if (Volatile.Read(ref place) is { } known && Ascii.Equals(utf8, known))
        {
            return known;
        }

        var name = Encoding.UTF8.GetString(utf8);
        Volatile.Write(ref place, name);
        return name;
    }
}
