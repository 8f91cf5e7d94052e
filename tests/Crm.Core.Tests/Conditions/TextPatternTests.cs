using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Core.Tests.Conditions;

/// <summary>Regular expressions in conditions.</summary>
public sealed class TextPatternTests
{
    [Theory]
    [InlineData("^HK-[0-9]{4}$", "HK-1042", true)]
    [InlineData("^HK-[0-9]{4}$", "HK-10425", false)]
    [InlineData("[0-9]", "tea 3", true)]
    [InlineData("tea", "Tea", false)]
    [InlineData("(?i)tea", "green TEA", true)]
    [InlineData("(?i)i", "I", true)]
    [InlineData("茶.?葉", "綠茶嫩葉", true)]
    public void A_part_of_the_text_is_as_the_pattern_says(string pattern, string text, bool expected)
    {
        Assert.Equal(expected, new Test.Matches(pattern).Holds(text, !expected));
        Assert.Null(TextPattern.WrongWith(pattern));
    }

    [Fact]
    public void What_is_no_text_gets_the_stated_answer()
    {
        foreach (var value in new Scalar[] { default, 3, true, Scalar.Of(["tea", "cup"]) })
        {
            Assert.True(new Test.Matches(".").Holds(value, whenMissing: true));
            Assert.False(new Test.Matches(".").Holds(value, whenMissing: false));
        }
    }

    [Theory]
    [InlineData("", "The pattern has 0 characters; 1 to 200 are expected.")]
    [InlineData("(tea", "'(tea' is no regular expression: InsufficientClosingParentheses at character 4.")]
    [InlineData("[a-", "'[a-' is no regular expression: UnterminatedBracket at character 3.")]
    [InlineData("(?=tea)", "'(?=tea)' asks for what may take long: looking around, references back, atomic groups and large repetitions of repetitions are left out.")]
    [InlineData("(?<a>t)\\k<a>", "'(?<a>t)\\k<a>' asks for what may take long: looking around, references back, atomic groups and large repetitions of repetitions are left out.")]
    [InlineData("((a{1000}){1000}){1000}", "'((a{1000}){1000}){1000}' asks for what may take long: looking around, references back, atomic groups and large repetitions of repetitions are left out.")]
    public void What_is_wrong_with_a_pattern_is_said_with_its_place(string pattern, string expected)
    {
        Assert.Equal(expected, TextPattern.WrongWith(pattern));
        var reading = ConditionJson.Read(ConditionJson.Write(If.Any(If.Field("customer.district").Matches(pattern), If.Fact("loyalty.tier").Is("gold"))), new EventKinds([]));
        Assert.Equal([new ConditionError("$.any[1].is.matches", expected)], reading.Errors.Where(error => error.Path.EndsWith("matches", StringComparison.Ordinal)));
        Assert.Null(reading.Condition);
    }

    [Fact]
    public void A_pattern_that_is_too_long_is_refused() =>
        Assert.Equal("The pattern has 201 characters; 1 to 200 are expected.", TextPattern.WrongWith(new string('a', 201)));

    [Fact]
    public void Numbers_have_no_pattern() =>
        Assert.Contains(
            ConditionJson.Read("""{"count":"purchase","window":"lifetime","is":{"matches":"3"}}""", new EventKinds([])).Errors,
            error => error.Path == "$.is.matches" && error.Message.EndsWith("and this test asks about a code.", StringComparison.Ordinal));

    // Trying one way after another, this takes longer than the universe is old; a time limit would be the only way out, and it would decide by the load of the machine.
    [Fact]
    public void A_text_that_tempts_a_pattern_to_try_every_way_is_decided_as_any_other() =>
        Assert.False(new Test.Matches("^(([a-z])+.)+[A-Z]([a-z])+$").Holds(new string('a', 100_000), whenMissing: true));

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("en-US")]
    public void It_means_the_same_in_every_culture(string culture)
    {
        var before = System.Globalization.CultureInfo.CurrentCulture;
        System.Globalization.CultureInfo.CurrentCulture = new System.Globalization.CultureInfo(culture);
        try
        {
            Assert.True(new Test.Matches("(?i)^vip$").Holds("VIP", whenMissing: false));
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }
}
