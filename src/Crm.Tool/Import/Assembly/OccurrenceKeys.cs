using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Crm.Values;

namespace Crm.Tool.Import.Assembly;

/// <summary>
/// Names rows that have no key of their own: by their content and by how often that content came before in the file. So exact repeats in a file are all recorded,
/// and the same file again names the same events. The content is hashed, because a key outlives the erasure of a person.
/// </summary>
internal sealed class OccurrenceKeys
{
    private readonly Dictionary<UInt128, int> seen = [];

    /// <summary>The key of the next row with these cells.</summary>
    public string Next(string[] cells)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\u001f', cells)), hash);
        var content = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
        var occurrence = seen.GetValueOrDefault(content) + 1;
        seen[content] = occurrence;
        return string.Create(CultureInfo.InvariantCulture, $"{content:x32}-{occurrence}");
    }

    /// <summary>A key made of the values of the key columns.</summary>
    /// <remarks>One column stands as it is. Several are joined by '|', with '\' before a '|' or '\' inside a value, so that no two rows with different values have one key.</remarks>
    public static string Of(IReadOnlyList<string> values) => values.Count == 1
        ? values[0]
        : string.Join('|', values.Select(value => value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("|", @"\|", StringComparison.Ordinal)));

    /// <summary>Whether a text can be the key of an event.</summary>
    public static bool CanBe(string key) => key.Length is > 0 and <= 200 && !key.Any(char.IsControl) && StorableText.FaultOf(key) is null;
}
