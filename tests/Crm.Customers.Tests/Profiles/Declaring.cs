using Crm.Conditions;
using Crm.Customers.Contacts;
using Crm.Customers.Profiles;
using Crm.Values;
using NodaTime;

namespace Crm.Customers.Tests.Profiles;

/// <summary>What profiles may hold.</summary>
public sealed class Declaring
{
    private static readonly ProfileSchema Schema = new([
        .. ProfileSchema.Usual.Fields,
        new ProfileField("sex", ProfileType.Choice, new("Sex", "性別"), Classification.Demographic, "service") { Choices = [new("f", new("Female", "女")), new("m", new("Male", "男"))] },
        new ProfileField("joined", ProfileType.Date, new("Joined", "入會日期"), Classification.Behaviour, "service"),
        new ProfileField("vegetarian", ProfileType.Flag, new("Vegetarian", "素食者"), Classification.Behaviour, "service"),
        new ProfileField("cups", ProfileType.Number, new("Cups a day", "每日杯數"), Classification.Behaviour, "service"),
    ]);

    public static TheoryData<string, string, bool> Days => new()
    {
        { "birthday", "229", true }, { "birthday", "230", false }, { "birthday", "1231", true }, { "birthday", "1301", false }, { "birthday", "100", false }, { "birthday", "431", false }, { "birthday", "101", true }, { "birthday", "229.5", false },
    };

    [Theory]
    [MemberData(nameof(Days))]
    public void An_annual_date_is_a_day_that_some_year_has(string field, string day, bool right) =>
        Assert.Equal(right, Schema.Check(Fields.Of((field, decimal.Parse(day, System.Globalization.CultureInfo.InvariantCulture)))).IsEmpty);

    [Fact]
    public void Every_birthday_that_the_schema_takes_has_its_anniversary_and_no_other_number_has()
    {
        var test = new Test.Anniversary(7, 0, LeapDayRule.February28, "Asia/Hong_Kong");

        Assert.All(Enumerable.Range(0, 1400), day =>
            Assert.Equal(ProfileSchema.Usual.Check(Fields.Of(("birthday", day))).IsEmpty, Evaluator.Passes(test, day, whenMissing: false, Instant.FromUtc(2026, 6, 1, 0, 0)).ValidUntil is not null));
    }

    [Theory]
    [InlineData("language", "zh-Hant-HK", true)]
    [InlineData("language", "english", false)]
    [InlineData("zone", "Asia/Taipei", true)]
    [InlineData("zone", "Hong Kong time", false)]
    [InlineData("sex", "f", true)]
    [InlineData("sex", "F", false)]
    [InlineData("email", "amy@example.com", true)]
    [InlineData("email", "Amy@example.com", false)]
    [InlineData("phone", "+85291234567", true)]
    [InlineData("phone", "91234567", false)]
    [InlineData("phone", "+852 9123 4567", false)]
    [InlineData("name", "陳大文", true)]
    [InlineData("name", "", false)]
    [InlineData("name", "a\nb", false)]
    [InlineData("joined", "2026-01-01", false)]
    [InlineData("vegetarian", "yes", false)]
    [InlineData("cups", "3", false)]
    [InlineData("nmae", "Amy", false)]
    public void A_text_is_right_or_not(string field, string value, bool right) => Assert.Equal(right, Schema.Check(Fields.Of((field, value))).IsEmpty);

    [Fact]
    public void Values_of_the_declared_kinds_are_right() =>
        Assert.Empty(Schema.Check(Fields.Of(("joined", new LocalDate(2026, 1, 1)), ("vegetarian", true), ("cups", 2.5m))));

    [Fact]
    public void What_people_wrote_is_right_once_it_is_in_its_normal_form()
    {
        var written = Fields.Of(("email", "Amy@Example.com"), ("phone", "9123 4567"), ("name", " Amy "));

        Assert.Equal(2, Schema.Check(written).Count);
        Assert.Empty(Schema.Check(Schema.Normalise(written, DialledIn.HongKong)));
        Assert.Equal(Fields.Of(("email", "amy@example.com"), ("phone", "+85291234567"), ("name", "Amy")), Schema.Normalise(written, DialledIn.HongKong));
    }

    [Fact]
    public void Wrong_declarations_are_refused_with_all_that_is_wrong()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new ProfileSchema(
            new ProfileField("Shoe size", ProfileType.Number, new("Shoe size", ""), Classification.Demographic, ""),
            new ProfileField("team", ProfileType.Choice, new("Team", "隊"), Classification.Behaviour, "service"),
            new ProfileField("team", ProfileType.Flag, new("Team", "隊"), Classification.Behaviour, "service")));

        Assert.Equal(5, wrong.Message.Replace(" (Parameter 'fields')", "", StringComparison.Ordinal).Split(Environment.NewLine).Length);
    }
}
