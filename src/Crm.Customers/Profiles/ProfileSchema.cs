using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Crm.Customers.Contacts;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Profiles;

/// <summary>The fields that profiles may have. What is not declared is refused before anything is recorded.</summary>
public sealed partial class ProfileSchema
{
    private const int LongestText = 200;
    private readonly FrozenDictionary<string, ProfileField> byName;

    /// <summary>A schema of these fields.</summary>
    /// <exception cref="ArgumentException">A declaration is wrong; the message lists all that is.</exception>
    public ProfileSchema(params IEnumerable<ProfileField> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        Fields = fields.ToSequence();
        var errors = Errors(Fields).ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(fields));
        }

        byName = Fields.ToFrozenDictionary(field => field.Name, StringComparer.Ordinal);
    }

    /// <summary>Name, e-mail address, telephone number, birthday without its year, language and time zone, all for serving the customer.</summary>
    public static ProfileSchema Usual { get; } = new(
        new ProfileField("name", ProfileType.Text, new("Name", "姓名"), Classification.Identity, "service"),
        new ProfileField("email", ProfileType.Email, new("E-mail address", "電郵地址"), Classification.Contact, "service"),
        new ProfileField("phone", ProfileType.Phone, new("Telephone number", "電話號碼"), Classification.Contact, "service"),
        new ProfileField("birthday", ProfileType.AnnualDate, new("Birthday", "生日"), Classification.Demographic, "service"),
        new ProfileField("language", ProfileType.Locale, new("Language", "語言"), Classification.Demographic, "service"),
        new ProfileField("zone", ProfileType.Zone, new("Time zone", "時區"), Classification.Demographic, "service"));

    /// <summary>The fields, as declared.</summary>
    public Sequence<ProfileField> Fields { get; }

    /// <summary>The field with this name, or null.</summary>
    public ProfileField? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>All that is wrong with values; empty when nothing is.</summary>
    public Sequence<ProfileProblem> Check(Fields values) => values.Select(pair => Problem(pair.Key, pair.Value)).OfType<ProfileProblem>().ToSequence();

    /// <summary>The values with contact points in their normal form. What is wrong stays as it is, for <see cref="Check"/> to find.</summary>
    /// <param name="values">As people wrote them.</param>
    /// <param name="dialledIn">Where telephone numbers without a country code are dialled.</param>
    public Fields Normalise(Fields values, DialledIn dialledIn) => Values.Fields.Of(values.Select(pair => (pair.Key, Find(pair.Key)?.Type switch
    {
        ProfileType.Email when pair.Value.AsCode is { } text && ContactPoint.Email(text).Value is { } email => Scalar.Of(email),
        ProfileType.Phone when pair.Value.AsCode is { } text && ContactPoint.Phone(text, dialledIn).Value is { } phone => Scalar.Of(phone),
        ProfileType.Text when pair.Value.AsCode is { } text => Scalar.Of(text.Trim()),
        _ => pair.Value,
    })));

    private ProfileProblem? Problem(string name, Scalar value)
    {
        if (Find(name) is not { } field)
        {
            var nearest = Names.Nearest(name, byName.Keys);
            var all = string.Join(", ", Fields.Select(known => known.Name));
            return new(name, "unknown-profile-field", new($"is not a field of the profile.{(nearest is null ? "" : $" Did you mean '{nearest}'?")} There are: {all}.", $"不是個人檔案的欄位。現有：{all}。"));
        }

        return Expected(field, value) is { } expected ? new(name, "bad-profile-value", new($"has a value that is not right: {expected.English}.", $"的內容不正確：{expected.Chinese}。")) : null;
    }

    private static Text? Expected(ProfileField field, Scalar value) => field.Type switch
    {
        ProfileType.Text => Unless(value.AsCode is { Length: > 0 and <= LongestText } text && !text.Any(char.IsControl), "a text of 1 to 200 characters is expected", "應為 1 至 200 個字元"),
        ProfileType.Number => Unless(value.Kind == ScalarKind.Number, "a number is expected", "應為數字"),
        ProfileType.Date => Unless(value.Kind == ScalarKind.Date, "a date is expected", "應為日期"),
        ProfileType.AnnualDate => Unless(value.AsAnnualDate is not null, "a day of the year as the number MMDD is expected, such as 229 for 29 February", "應為月日四位數，例如 229 代表 2 月 29 日"),
        ProfileType.Choice => Unless(field.Choices.Any(choice => choice.Code == value.AsCode), $"one of {string.Join(", ", field.Choices.Select(choice => choice.Code))} is expected", $"應為以下其中一項：{string.Join("、", field.Choices.Select(choice => choice.Code))}"),
        ProfileType.Flag => Unless(value.Kind == ScalarKind.Flag, "yes or no is expected", "應為是或否"),
        ProfileType.Locale => Unless(value.AsCode is { } locale && Locales().IsMatch(locale), "a language such as 'zh-Hant-HK' is expected", "應為語言代碼，例如 zh-Hant-HK"),
        ProfileType.Zone => Unless(value.AsCode is { } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is not null, "a time zone such as 'Asia/Hong_Kong' is expected", "應為時區，例如 Asia/Hong_Kong"),
        ProfileType.Email => value.AsCode is { } email ? Normal(email, ContactPoint.Email(email)) : new("an e-mail address is expected", "應為電郵地址"),
        ProfileType.Phone => value.AsCode is not { } phone ? new("a telephone number is expected", "應為電話號碼")
            : phone.StartsWith('+') ? Normal(phone, ContactPoint.Phone(phone, DialledIn.HongKong))
            : new("a telephone number in E.164 form is expected, such as +85291234567; ProfileSchema.Normalise writes it so", "電話號碼應為 E.164 格式，例如 +85291234567"),
        _ => throw new ArgumentOutOfRangeException(nameof(field), field.Type, "A type of field is expected."),
    };

    private static Text? Normal(string written, ContactPoint contact) => contact.Reason
        ?? Unless(contact.Value == written, "the normal form is expected: small letters, without blanks; ProfileSchema.Normalise writes it so", "應為標準格式：小寫，沒有空格");

    private static Text? Unless(bool right, string english, string chinese) => right ? null : new Text(english, chinese);

    private static IEnumerable<string> Errors(Sequence<ProfileField> fields)
    {
        foreach (var field in fields)
        {
            if (!Names.IsName(field.Name))
            {
                yield return $"'{field.Name}' is not the name of a field: lower-case letters, digits, '-', '_' and '.' are expected.";
            }

            if (string.IsNullOrWhiteSpace(field.Label.English) || string.IsNullOrWhiteSpace(field.Label.Chinese) || field.Choices.Any(choice => string.IsNullOrWhiteSpace(choice.Label.English) || string.IsNullOrWhiteSpace(choice.Label.Chinese)))
            {
                yield return $"The field '{field.Name}' lacks a label in English or in Chinese; both are expected, for its choices too.";
            }

            if (!Names.IsName(field.Purpose))
            {
                yield return $"The field '{field.Name}' has no purpose; the id of one in the data register is expected: what is not needed is not collected.";
            }

            if (field.Type == ProfileType.Choice == field.Choices.IsEmpty)
            {
                yield return field.Choices.IsEmpty ? $"The field '{field.Name}' is a choice without choices." : $"The field '{field.Name}' is a {field.Type} with choices; only a Choice has them.";
            }
        }

        foreach (var twice in fields.GroupBy(field => field.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return $"The field '{twice.Key}' is declared {twice.Count()} times; once is expected.";
        }
    }

    [GeneratedRegex(@"\A[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Locales();
}
