namespace Crm.Values;

/// <summary>
/// A name under which the outside world knows a customer, such as a phone number, a member number or a cookie.
/// Two identities are the same when kind and normalised value are.
/// </summary>
public readonly record struct Identity : IComparable<Identity>
{
    private const int LongestValue = 200;
    private const string PhoneKind = "phone";
    private const string EmailKind = "email";

    /// <summary>An identity of any kind. The value is taken as it is, apart from blanks around it: what comes as data is made by <see cref="Of"/>, because no event may name anybody by a telephone number or an e-mail address in another form.</summary>
    /// <param name="kind">Lower-case letters, digits, '-' or '_', such as "user" or "member-number".</param>
    /// <param name="value">1 to 200 printable characters, none of them cut in half.</param>
    /// <exception cref="ArgumentException">Kind or value is not of that form.</exception>
    public Identity(string kind, string value)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(value);
        if (!Names.IsName(kind))
        {
            throw new ArgumentException($"'{kind}' is not a kind of identity: lower-case letters, digits, '-' and '_' are expected, such as 'phone' or 'user'.", nameof(kind));
        }

        var trimmed = value.Trim();
        if (trimmed.Length is 0 or > LongestValue || trimmed.Any(char.IsControl))
        {
            throw new ArgumentException($"An identity of kind '{kind}' has {trimmed.Length} characters or a control character in it; 1 to {LongestValue} printable characters are expected.", nameof(value));
        }

        if (StorableText.FaultOf(trimmed) is { } fault)
        {
            throw new ArgumentException($"An identity of kind '{kind}' has {fault}; whole characters are expected, because no database keeps others.", nameof(value));
        }

        Kind = kind;
        Value = trimmed;
    }

    /// <summary>The kind, such as "phone".</summary>
    public string Kind { get; }

    /// <summary>The normalised value. It is personal data: never log it.</summary>
    public string Value { get; }

    /// <summary>Whether the value is in the one form of its kind, as <see cref="Of"/> gives it.</summary>
    internal bool IsNormalised => Kind switch
    {
        PhoneKind => Digits(Value) == Value,
        EmailKind => Address(Value) == Value,
        _ => true,
    };

    /// <summary>An identity of any kind in the one form of its kind: a telephone number as <see cref="Phone"/> gives it, an e-mail address as <see cref="Email"/> does, every other value as it is.</summary>
    /// <exception cref="ArgumentException">It is none of its kind.</exception>
    public static Identity Of(string kind, string value) => kind switch
    {
        PhoneKind => Phone(value),
        EmailKind => Email(value),
        _ => new Identity(kind, value),
    };

    /// <summary>The host's own key of the customer.</summary>
    public static Identity User(string key) => new("user", key);

    /// <summary>The host's own key of the customer, where it is a number.</summary>
    public static Identity User(long key) => new("user", key.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A telephone number in E.164 form; blanks, hyphens, dots and brackets are removed.</summary>
    /// <param name="number">Begins with '+' and the country code, such as "+852 9123 4567".</param>
    /// <exception cref="ArgumentException">Not '+' followed by 7 to 15 digits.</exception>
    public static Identity Phone(string number)
    {
        ArgumentNullException.ThrowIfNull(number);
        return Digits(number) is { } digits
            ? new Identity(PhoneKind, digits)
            : throw new ArgumentException($"A telephone number is expected in E.164 form: {FormOf(PhoneKind)}.", nameof(number));
    }

    /// <summary>An e-mail address. It is compared without regard to case.</summary>
    /// <exception cref="ArgumentException">Not one '@' between a name and a domain.</exception>
    public static Identity Email(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Address(address) is { } normal
            ? new Identity(EmailKind, normal)
            : throw new ArgumentException("An e-mail address is expected: a name, one '@' and a domain, such as 'amy@example.com'.", nameof(address));
    }

    /// <summary>What the value of a kind looks like, for messages.</summary>
    internal static string FormOf(string kind) => kind switch
    {
        PhoneKind => "'+', the country code and the number, 7 to 15 digits in all, such as '+85291234567'",
        EmailKind => "a name, one '@' and a domain, in small letters, such as 'amy@example.com'",
        _ => "1 to 200 printable characters",
    };

    private static string? Digits(string number)
    {
        var digits = string.Concat(number.Where(character => character is not (' ' or '-' or '.' or '(' or ')')));
        return digits.Length is >= 8 and <= 16 && digits[0] == '+' && digits.Skip(1).All(char.IsAsciiDigit) && digits[1] != '0' ? digits : null;
    }

    private static string? Address(string address)
    {
        var trimmed = address.Trim();
        var at = trimmed.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at == trimmed.LastIndexOf('@') && at < trimmed.Length - 1 && !trimmed.Any(char.IsWhiteSpace) ? trimmed.ToLowerInvariant() : null;
    }

    /// <summary>A visitor who has not said who they are.</summary>
    public static Identity Cookie(string value) => new("cookie", value);

    /// <inheritdoc/>
    public int CompareTo(Identity other) =>
        string.CompareOrdinal(Kind, other.Kind) is not 0 and var byKind ? byKind : string.CompareOrdinal(Value, other.Value);

    /// <summary>The kind alone: the value is personal data and stays out of logs.</summary>
    public override string ToString() => $"{Kind}:…";
}
