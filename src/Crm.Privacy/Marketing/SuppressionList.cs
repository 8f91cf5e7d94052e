using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Marketing;

/// <summary>What may not be sent to an address.</summary>
public enum SuppressionScope
{
    /// <summary>Marketing (an opt-out); what the customer asked for may still be sent.</summary>
    Marketing,

    /// <summary>Anything at all (the address is somebody else's, or complained of).</summary>
    Everything,
}

/// <summary>
/// The addresses that must not be written to. It belongs to no customer, so it survives erasure, merge, re-import and a new customer with the same address. It holds no address: only a keyed hash
/// (HMAC-SHA256) of the normalised one. Every change is a new version of a document and takes effect with the next lease of a message.
/// </summary>
public sealed class SuppressionList
{
    /// <summary>The kind of its documents.</summary>
    public const string DocumentKind = "suppression";

    /// <summary>The fewest bytes of a key.</summary>
    public const int ShortestKey = 32;

    private const int Attempts = 8;
    private readonly IDocumentStore documents;
    private readonly byte[] key;
    private readonly IClock clock;

    /// <summary>The list in a store.</summary>
    /// <param name="documents">The tenant's store.</param>
    /// <param name="key">The tenant's secret: at least 32 random bytes, kept apart from the database and for as long as the list. With another key the list is empty.</param>
    /// <param name="clock">Now.</param>
    /// <exception cref="ArgumentException">The key is too short.</exception>
    public SuppressionList(IDocumentStore documents, ReadOnlySpan<byte> key, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(clock);
        if (key.Length < ShortestKey)
        {
            throw new ArgumentException($"The key of the opt-out list has {key.Length} bytes; at least {ShortestKey} random ones are expected.", nameof(key));
        }

        this.documents = documents;
        this.key = key.ToArray();
        this.clock = clock;
    }

    /// <summary>Puts an address on the list, or widens what may not be sent to it. On the list already, nothing happens.</summary>
    /// <param name="address">The address: of kind "email", "phone" or a kind of the host's own, such as "line".</param>
    /// <param name="scope">What may not be sent.</param>
    /// <param name="reason">A code, such as "unsubscribe-link"; never text about a person.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public ValueTask AddAsync(Identity address, SuppressionScope scope, string reason, CancellationToken cancellationToken = default) =>
        WriteAsync(address, reason, before => before is null || scope > before ? scope : before, cancellationToken);

    /// <summary>Takes an address off the list, because its owner has consented anew. The earlier versions stay.</summary>
    public ValueTask LiftAsync(Identity address, string reason, CancellationToken cancellationToken = default) =>
        WriteAsync(address, reason, _ => null, cancellationToken);

    /// <summary>What may not be sent to an address; null when it is not on the list.</summary>
    public async ValueTask<SuppressionScope?> FindAsync(Identity address, CancellationToken cancellationToken = default) =>
        Read(await documents.LatestAsync(DocumentKind, NameOf(address), cancellationToken).ConfigureAwait(false));

    private async ValueTask WriteAsync(Identity address, string reason, Func<SuppressionScope?, SuppressionScope?> change, CancellationToken cancellationToken)
    {
        if (!Names.IsName(reason))
        {
            throw new ArgumentException($"'{reason}' is not a reason: a code of lower-case letters, digits, '-', '_' and '.' is expected, such as 'unsubscribe-link'.", nameof(reason));
        }

        var name = NameOf(address);
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var latest = await documents.LatestAsync(DocumentKind, name, cancellationToken).ConfigureAwait(false);
            var before = Read(latest);
            var after = change(before);
            if (after == before)
            {
                return;
            }

            var content = JsonSerializer.Serialize(new SuppressionEntry(after?.ToString(), reason), SuppressionJson.Default.SuppressionEntry);
            if (await documents.AddAsync(new StoredDocument(DocumentKind, name, (latest?.Version ?? 0) + 1, content, clock.GetCurrentInstant()), cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }

        throw new InvalidOperationException($"The opt-out list lost {Attempts} times against other writers of the same entry. Nothing was written; try again.");
    }

    private static SuppressionScope? Read(StoredDocument? document) =>
        document is not null && JsonSerializer.Deserialize(document.Content, SuppressionJson.Default.SuppressionEntry)?.Scope is { } scope
            ? Enum.TryParse<SuppressionScope>(scope, out var known) ? known : SuppressionScope.Everything
            : null;

    // Part of what is stored: "v1" names the normalisation, so that another one can come beside it.
    private string NameOf(Identity address)
    {
        var normal = address.Kind switch
        {
            "email" => Identity.Email(address.Value.Normalize(NormalizationForm.FormKC)),
            "phone" => Identity.Phone(address.Value.Normalize(NormalizationForm.FormKC)),
            _ => address,
        };
        var hash = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"v1\n{normal.Kind}\n{normal.Value}"));
        return $"v1-{Convert.ToHexStringLower(hash)}";
    }
}

/// <summary>A version of an entry.</summary>
/// <param name="Scope">What may not be sent; null: lifted. A scope that this release does not know counts as everything.</param>
/// <param name="Reason">Why, as a code.</param>
internal sealed record SuppressionEntry(string? Scope, string Reason);

[JsonSerializable(typeof(SuppressionEntry))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class SuppressionJson : JsonSerializerContext;
