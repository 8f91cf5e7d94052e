using System.Text.Json;
using System.Text.RegularExpressions;
using Crm.Conditions;
using Crm.Tests.Shared;
using Crm.Values;

namespace Crm.Segmentation.Tests;

/// <summary>docs/conditions.md shows every word of the written form, as it is read and said.</summary>
public sealed partial class ConditionsPage
{
    private static readonly string Page = File.ReadAllText(RepositoryRoot.PathOf("docs", "conditions.md"));

    [Fact]
    public void Every_example_is_in_the_canonical_form_and_reads_as_the_sentences_below_it()
    {
        var examples = Examples().Matches(Page);
        Assert.Equal(Regex.Count(Page, "^```json", RegexOptions.Multiline), examples.Count);
        foreach (Match example in examples)
        {
            var condition = Read(example.Groups["json"].Value);
            Assert.Equal(ConditionJson.Write(condition), example.Groups["json"].Value);
            Assert.Equal(Explain.Describe(condition), new(example.Groups["english"].Value, example.Groups["chinese"].Value));
        }
    }

    [Fact]
    public void Every_word_of_the_schema_is_in_an_example_or_explained()
    {
        var used = Examples().Matches(Page).SelectMany(example => Words(JsonDocument.Parse(example.Groups["json"].Value).RootElement)).ToHashSet(StringComparer.Ordinal);
        var explained = Regex.Matches(Page, "`\"?([a-zA-Z]+)\"?`").Select(word => word.Groups[1].Value);
        Assert.Equal([], Properties(JsonDocument.Parse(ConditionJson.Schema).RootElement).Except(used).Except(explained).Order());
    }

    [Fact]
    public void The_conditions_of_the_sample_are_right_and_say_what_they_mean()
    {
        Assert.All(ClubConditions.Ask.All, condition => Assert.Empty(ConditionCheck.Check(condition)));
        Assert.Equal(
            ["at least 3 purchases in the last 90 days and the customer's region is HK", "at least 1 purchase until 60 days ago and no purchases in the last 60 days"],
            ClubConditions.Ask.All.Take(2).Select(condition => Explain.Describe(condition).English));
    }

    [Theory]
    [InlineData(101, false)]
    [InlineData(102, true)]
    [InlineData(109, true)]
    [InlineData(110, false)]
    public async Task The_birthday_of_the_sample_comes_soon_for_who_gave_it_without_its_year(int birthday, bool isSoon)
    {
        var club = new Club();
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)) with { Profile = Fields.Of(("birthday", birthday)) });

        Assert.Equal(isSoon, (await club.Engine.SelectAsync(ClubConditions.Ask.BirthdaySoon, TestContext.Current.CancellationToken)).Count == 1);
    }

    private static Condition Read(string json) => ConditionJson.Read(json) is { Condition: { } condition } ? condition : throw new InvalidOperationException($"{json} is no condition: {string.Join(" ", ConditionJson.Read(json).Errors)}");

    private static IEnumerable<string> Words(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Words(property.Value).Prepend(property.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Words),
        _ => [],
    };

    private static IEnumerable<string> Properties(JsonElement schema) => schema.ValueKind switch
    {
        JsonValueKind.Object => schema.EnumerateObject().SelectMany(part => (part.NameEquals("properties") ? part.Value.EnumerateObject().Select(property => property.Name) : []).Concat(Properties(part.Value))),
        JsonValueKind.Array => schema.EnumerateArray().SelectMany(Properties),
        _ => [],
    };

    [GeneratedRegex("```json\n(?<json>[^\n]*)\n```\n\n> (?<english>[^\n]*)  \n> (?<chinese>[^\n]*)\n")]
    private static partial Regex Examples();
}
