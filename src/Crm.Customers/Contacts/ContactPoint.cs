using System.Text;
using Crm.Values;

namespace Crm.Customers.Contacts;

/// <summary>Where a telephone number without a country code is dialled.</summary>
public enum DialledIn
{
    /// <summary>Hong Kong: +852 and 8 digits.</summary>
    HongKong,

    /// <summary>Macao: +853 and 8 digits.</summary>
    Macao,

    /// <summary>Taiwan: +886; the 0 before the area is dropped.</summary>
    Taiwan,
}

/// <summary>A way to reach a customer in its one normal form, or the reason why a text is none.</summary>
/// <param name="Value">The normal form; null when the text is none.</param>
/// <param name="Reason">Why not; null when it is one. It never repeats the text.</param>
public readonly record struct ContactPoint(string? Value, Text? Reason)
{
    /// <summary>Whether there is a normal form.</summary>
    public bool IsValid => Value is not null;

    /// <summary>An e-mail address: blanks around it go, full-width letters become plain ones, case does not count.</summary>
    public static ContactPoint Email(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plain = text.Normalize(NormalizationForm.FormKC).Trim().ToLowerInvariant();
        var at = plain.IndexOf('@', StringComparison.Ordinal);
        if (at <= 0 || at != plain.LastIndexOf('@') || plain.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)))
        {
            return Wrong("one '@' between a name and a domain, without blanks, is expected", "應為「名稱@網域」，中間沒有空格");
        }

        var labels = plain[(at + 1)..].Split('.');
        return plain.Length > 200 ? Wrong("at most 200 characters are expected", "最多 200 個字元")
            : labels.Length < 2 || Array.Exists(labels, label => label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') ? Wrong("a domain such as 'example.com' is expected after the '@'", "「@」後應為網域，例如 example.com")
            : new(plain, null);
    }

    /// <summary>A telephone number in E.164 form, such as "+85291234567".</summary>
    /// <param name="text">With the country code after '+' or '00', or as dialled locally; blanks, hyphens, dots and brackets do not count.</param>
    /// <param name="dialledIn">Where numbers without a country code are dialled.</param>
    public static ContactPoint Phone(string text, DialledIn dialledIn)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plain = string.Concat(text.Normalize(NormalizationForm.FormKC).Where(character => character is not (' ' or '-' or '.' or '(' or ')')));
        var international = plain.StartsWith('+') ? plain[1..] : plain.StartsWith("00", StringComparison.Ordinal) ? plain[2..] : null;
        if ((international ?? plain) is not { Length: > 0 } digits || !digits.All(char.IsAsciiDigit))
        {
            return Wrong("digits, and '+' before a country code, are expected", "只可有數字，及國家／地區號碼前的「+」");
        }

        return international is null ? Local(digits, dialledIn) : International(digits);
    }

    private static ContactPoint Local(string digits, DialledIn dialledIn) => dialledIn switch
    {
        DialledIn.HongKong => International("852" + digits),
        DialledIn.Macao => International("853" + digits),
        DialledIn.Taiwan when digits[0] == '0' => International("886" + digits[1..]),
        DialledIn.Taiwan => Wrong("a number of Taiwan begins with 0, such as 0912 345 678", "台灣號碼應以 0 開頭，例如 0912 345 678"),
        _ => throw new ArgumentOutOfRangeException(nameof(dialledIn), dialledIn, "A place is expected."),
    };

    private static ContactPoint International(string digits) => (digits.Length >= 3 ? digits[..3] : digits) switch
    {
        "852" when digits.Length != 11 || digits[3] is '0' or '1' => Wrong("a number of Hong Kong has 8 digits and does not begin with 0 or 1", "香港號碼應有 8 位數字，不以 0 或 1 開頭"),
        "853" when digits.Length != 11 || digits[3] is not ('2' or '6' or '8') => Wrong("a number of Macao has 8 digits and begins with 2, 6 or 8", "澳門號碼應有 8 位數字，以 2、6 或 8 開頭"),
        "886" when digits.Length is not (11 or 12) || digits[3] is '0' or '1' || (digits[3] == '9' && digits.Length != 12) => Wrong("a number of Taiwan has 8 or 9 digits after +886, a mobile one 9", "台灣號碼在 +886 後應有 8 或 9 位數字，手機為 9 位"),
        _ when digits.Length is < 7 or > 15 || digits[0] == '0' => Wrong("a country code and 7 to 15 digits in all are expected", "連國家／地區號碼應有 7 至 15 位數字"),
        _ => new("+" + digits, null),
    };

    private static ContactPoint Wrong(string english, string chinese) => new(null, new Text(english, chinese));

    /// <summary>Whether there is one; the value is personal.</summary>
    public override string ToString() => IsValid ? "a contact point" : $"no contact point: {Reason?.English}";
}
