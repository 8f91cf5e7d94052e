using Crm.Values;

namespace Crm.Customers.Profiles;

/// <summary>What a field of the profile holds.</summary>
public enum ProfileType
{
    /// <summary>Text of a person's own, up to 200 characters.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A calendar date.</summary>
    Date,

    /// <summary>A day that comes back each year, without its year, as the number MMDD; 229 is 29 February.</summary>
    AnnualDate,

    /// <summary>One of the field's choices, by its code.</summary>
    Choice,

    /// <summary>Yes or no.</summary>
    Flag,

    /// <summary>A language such as "zh-Hant-HK" (BCP 47).</summary>
    Locale,

    /// <summary>A time zone such as "Asia/Hong_Kong" (TZDB).</summary>
    Zone,

    /// <summary>An e-mail address in its normal form.</summary>
    Email,

    /// <summary>A telephone number in E.164 form.</summary>
    Phone,
}

/// <summary>What kind of personal data a field is.</summary>
public enum Classification
{
    /// <summary>Who somebody is: names, member numbers.</summary>
    Identity,

    /// <summary>How to reach somebody.</summary>
    Contact,

    /// <summary>Identity cards and passports. Loyalty programmes have no need of them.</summary>
    GovernmentId,

    /// <summary>Age, sex, family.</summary>
    Demographic,

    /// <summary>What somebody does or likes.</summary>
    Behaviour,

    /// <summary>Income, accounts, cards.</summary>
    Financial,

    /// <summary>Text that may hold anything.</summary>
    FreeText,
}

/// <summary>A declared field of the profile.</summary>
/// <param name="Name">Its name, such as "birthday".</param>
/// <param name="Type">What it holds.</param>
/// <param name="Label">What people call it.</param>
/// <param name="Classification">What kind of personal data it is.</param>
/// <param name="Purpose">The id of the purpose that it is collected for, as in the data register.</param>
public sealed record ProfileField(string Name, ProfileType Type, Text Label, Classification Classification, string Purpose)
{
    /// <summary>For <see cref="ProfileType.Choice"/>: the choices, at least one.</summary>
    public Sequence<ProfileChoice> Choices { get; init; }
}

/// <summary>A choice.</summary>
/// <param name="Code">What is stored.</param>
/// <param name="Label">What people call it.</param>
public sealed record ProfileChoice(string Code, Text Label);

/// <summary>Something wrong with a value of the profile. The message never repeats the value.</summary>
/// <param name="Field">Which field.</param>
/// <param name="Code">A stable code: "unknown-profile-field" or "bad-profile-value".</param>
/// <param name="Message">What would be right.</param>
public sealed record ProfileProblem(string Field, string Code, Text Message);
