using System.Globalization;
using System.Security.Cryptography;
using Crm.Values;

namespace Crm.Loyalty.Members;

/// <summary>
/// A member's number: digits with a check digit (Luhn, ISO/IEC 7812-1 annex B), so that a mistyped one is noticed. Being an identity of its kind it belongs to one customer, and never enters the journal.
/// Printed as a barcode or a QR code it is what a till scans.
/// </summary>
public static class MemberNumber
{
    /// <summary>The kind of identity.</summary>
    public const string IdentityKind = "member";

    /// <summary>A new number, from the machine's source of chance. Call it where the customer joins.</summary>
    /// <param name="prefix">Digits that all numbers begin with, such as "852".</param>
    /// <param name="length">How many digits in all; 8 to 19, and at least 6 more than the prefix.</param>
    /// <exception cref="ArgumentException">The prefix is not digits, or leaves too few.</exception>
    public static string New(string prefix = "", int length = 12)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (length is < 8 or > 19 || length - prefix.Length < 6 || !prefix.All(char.IsAsciiDigit))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A number of {length} digits with the prefix '{prefix}' is not possible; 8 to 19 digits, of which at least 6 are free, are expected."), nameof(prefix));
        }

        var digits = prefix + string.Concat(Enumerable.Range(0, length - prefix.Length - 1).Select(_ => (char)('0' + RandomNumberGenerator.GetInt32(10))));
        return digits + Check(digits);
    }

    /// <summary>Whether a text is digits whose last one checks the others.</summary>
    public static bool IsValid(string number)
    {
        ArgumentNullException.ThrowIfNull(number);
        return number.Length is >= 8 and <= 19 && number.All(char.IsAsciiDigit) && Check(number[..^1]) == number[^1];
    }

    /// <summary>The number as an identity.</summary>
    /// <exception cref="ArgumentException">It is not digits with a check digit.</exception>
    public static Identity Identity(string number) => IsValid(number)
        ? new Identity(IdentityKind, number)
        : throw new ArgumentException($"A member's number is expected: 8 to 19 digits of which the last checks the others, such as '{"85212345" + Check("85212345")}'.", nameof(number));

    private static char Check(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? (digit > 4 ? (digit * 2) - 9 : digit * 2) : digit;
        }

        return (char)('0' + ((10 - (sum % 10)) % 10));
    }
}
