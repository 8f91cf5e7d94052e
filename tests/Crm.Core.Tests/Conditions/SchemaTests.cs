using Crm.Tests.Shared;
using System.Text.Json;
using System.Text.Json.Nodes;
using Crm.Conditions;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Core.Tests.Conditions;

/// <summary>The shipped schema and the reader agree on what has the form of a condition.</summary>
public sealed class SchemaTests
{
    private static readonly SmallSchema Schema = new(ConditionJson.Schema);

    private static readonly Gen<string> Written = Arbitrary.Conditions.Select(ConditionWriter.Text);

    private static readonly Gen<(string Text, int Place, int Change)> Damaged =
        from text in Written from place in Gen.Choose(0, 10_000) from change in Gen.Choose(0, 13) select (text, place, change);

    [Fact]
    public void What_is_written_has_the_form_of_the_schema() =>
        Prop.ForAll(Written.ToArbitrary(), text =>
        {
            Assert.True(Schema.Accepts(JsonDocument.Parse(text).RootElement), text);
            Assert.Empty(FormErrors(text));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void A_damaged_text_is_accepted_by_both_or_by_neither() => Agree(Schema.Accepts);

    [Fact]
    public void The_law_catches_a_schema_that_lets_unknown_properties_pass() =>
        Counterfeits.Caught(() => Agree(new SmallSchema(ConditionJson.Schema.Replace("\"additionalProperties\": false", "\"additionalProperties\": true", StringComparison.Ordinal)).Accepts));

    [Fact]
    public void The_law_catches_a_schema_that_does_not_ask_for_the_missing_value() =>
        Counterfeits.Caught(() => Agree(new SmallSchema(ConditionJson.Schema.Replace("\"whenMissing\"\n", "\"is\"\n", StringComparison.Ordinal)).Accepts));

    private static void Agree(Func<JsonElement, bool> accepts) =>
        Prop.ForAll(Damaged.ToArbitrary(), sample =>
        {
            var text = Damage(sample.Text, sample.Place, sample.Change);
            var errors = FormErrors(text);
            Assert.True(accepts(JsonDocument.Parse(text).RootElement) == (errors.Count == 0), $"{text}\n{string.Join("\n", errors)}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    private static List<ConditionError> FormErrors(string text)
    {
        var reader = new ConditionReader();
        reader.Read(JsonDocument.Parse(text).RootElement);
        return reader.Errors;
    }

    /// <summary>Changes one node: takes a property away, adds one, renames one, or puts another value in its place.</summary>
    private static string Damage(string text, int place, int change)
    {
        var root = JsonNode.Parse(text)!;
        var nodes = Nodes(root).ToList();
        var node = nodes[place % nodes.Count];
        if (node is JsonObject given && change < 4 && given.Count > 0)
        {
            var name = given.Select(pair => pair.Key).ElementAt(place / nodes.Count % given.Count);
            var value = given[name];
            switch (change)
            {
                case 0:
                    given.Remove(name);
                    break;
                case 1:
                    given["extra"] = 1;
                    break;
                case 2:
                    given.Remove(name);
                    given[name.ToUpperInvariant()] = value;
                    break;
                default:
                    given.Remove(name);
                    given["where"] = value;
                    break;
            }

            return root.ToJsonString();
        }

        JsonNode? other = change switch { 4 => null, 5 => 7, 6 => "x", 7 => new JsonArray(), 8 => new JsonObject(), 9 => true, 10 => "event.x", 11 => "P1D", 12 => new JsonObject { ["date"] = "2026-01-01" }, _ => -1.5 };
        if (node.Parent is null)
        {
            return other?.ToJsonString() ?? "null";
        }

        node.ReplaceWith(other);
        return root.ToJsonString();
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode node) => node switch
    {
        JsonObject properties => properties.SelectMany(pair => pair.Value is null ? [] : Nodes(pair.Value)).Prepend(node),
        JsonArray items => items.SelectMany(item => item is null ? [] : Nodes(item)).Prepend(node),
        _ => [node],
    };
}
