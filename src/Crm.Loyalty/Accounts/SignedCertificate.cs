using System.Security.Cryptography;
using System.Text;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// A certificate as a text with a signature over it, by a key of the host's own. The signature is ECDSA over the SHA-256 of the text in UTF-8, in the form of RFC 3279, so that others can check it with what they
/// have, such as "openssl dgst -sha256 -verify public.pem -signature certificate.sig certificate.txt".
/// </summary>
/// <param name="Text">What is signed: whose books they are, when they were counted, and the lines of <see cref="Certificate.ToString"/>.</param>
/// <param name="Signature">The bytes of the signature.</param>
public sealed record SignedCertificate(string Text, Sequence<byte> Signature)
{
    private const string Form = "crm certificate 1";

    /// <summary>Writes and signs a certificate.</summary>
    /// <param name="certificate">What was counted.</param>
    /// <param name="of">Whose books they are, in one line, such as the name of a tenant.</param>
    /// <param name="at">When they were counted, so that an old certificate cannot stand for a new one.</param>
    /// <param name="key">The host's private key, such as one over P-256.</param>
    /// <exception cref="ArgumentException">The name is empty or has several lines.</exception>
    /// <exception cref="CryptographicException">The key has no private part.</exception>
    public static SignedCertificate Sign(Certificate certificate, string of, Instant at, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var text = TextOf(certificate, of, at);
        return new SignedCertificate(text, key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence).ToSequence());
    }

    /// <summary>The text that is signed.</summary>
    /// <inheritdoc cref="Sign"/>
    public static string TextOf(Certificate certificate, string of, Instant at)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentException.ThrowIfNullOrWhiteSpace(of);
        return of.AsSpan().IndexOfAny('\r', '\n') < 0
            ? $"{Form}\nof {of}\nat {InstantPattern.ExtendedIso.Format(at)}\n{certificate}"
            : throw new ArgumentException("The name of whose books they are has several lines; one is expected.", nameof(of));
    }

    /// <summary>Whether the text is signed by the private part of a key, and unchanged since.</summary>
    /// <param name="key">The public key; the private part is not needed.</param>
    public bool IsSignedBy(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.VerifyData(Encoding.UTF8.GetBytes(Text), Signature.AsSpan(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <summary>Whether the text says of a ledger what a certificate says: the same customers, entries, head, accounts and faults, whenever it was counted.</summary>
    public bool Says(Certificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Text.Split('\n', 4) is [Form, _, _, var said] && said == certificate.ToString();
    }
}
