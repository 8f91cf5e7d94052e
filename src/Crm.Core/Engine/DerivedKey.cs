using System.Security.Cryptography;
using System.Text;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Names made from other names, always the same from the same, so that deciding again names the same thing.</summary>
internal static class DerivedKey
{
    /// <summary>A key in the source of another.</summary>
    public static EventKey Of(EventKey key, string why) => new(key.Source, Hash($"{key}\n{why}"));

    /// <summary>The outbox id of a message.</summary>
    public static string OfMessage(CustomerId customer, string occasion) => Hash($"message\n{customer}\n{occasion}");

    /// <summary>The outbox id of a follow-up.</summary>
    public static string OfFollowUp(EventKey key) => Hash($"follow-up\n{key}");

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
