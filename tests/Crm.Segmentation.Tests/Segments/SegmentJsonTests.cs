using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Segments;

public sealed class SegmentJsonTests
{
    private const string Regulars = """
        {"$schema":"segment/1","id":"hk-regulars","version":3,"activeFrom":"2026-12-01T00:00:00Z",
         "where":{"all":[
           {"count":"purchase","window":{"last":"P90D"},"is":{"gte":3}},
           {"field":"customer.region","is":{"eq":"HK"},"whenMissing":false}]},
         "label":{"en":"HK, 3+ orders in 90 days","zh-Hant":"近90日買滿三次的香港客"}}
        """;

    private static readonly Segment InCode = new()
    {
        Id = "hk-regulars",
        Label = new Text("HK, 3+ orders in 90 days", "近90日買滿三次的香港客"),
        Where = If.All(If.Field("customer.region").Is("HK"), If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3)),
    };

    [Fact]
    public void What_is_written_in_JSON_and_in_code_has_one_hash() =>
        Assert.Equal(InCode.Define(3, Instant.FromUtc(2026, 12, 1, 0, 0)).Hash, SegmentJson.Read(Regulars).Hash);

    [Fact]
    public void What_is_written_is_read_back()
    {
        var definition = SegmentJson.Read(Regulars);

        Assert.Equal(SegmentJson.Write(definition), SegmentJson.Write(SegmentJson.Read(SegmentJson.Write(definition))));
        Assert.Equal((3, Instant.FromUtc(2026, 12, 1, 0, 0), InCode.Label), (definition.Version, definition.ActiveFrom, definition.Value.Label));
        Assert.Contains("近90日買滿三次的香港客", SegmentJson.Write(definition), StringComparison.Ordinal);
    }

    [Fact]
    public void The_label_is_no_part_of_the_hash() => Assert.Equal(InCode.Hash, (InCode with { Label = new Text("Others", "其他") }).Hash);

    [Fact]
    public void The_condition_is_part_of_the_hash() => Assert.NotEqual(InCode.Hash, (InCode with { Where = Samples.Regulars.Where }).Hash);

    [Fact]
    public void Everything_wrong_is_said_at_once_with_its_place()
    {
        var wrong = Assert.Throws<InvalidSegmentException>(() => SegmentJson.Read(
            """{"$schema":"segment/9","id":"HK.Regulars","version":0,"activeFrom":"soon","were":1,"where":{"all":[{"count":"purchace","window":{"last":"P90D"},"is":{"gte":3}}]},"label":{"en":" ","fr":"x"}}""",
            new EventKinds([])));

        Assert.Equal(
            ["$schema", "activeFrom", "id", "label.en", "label.fr", "label.zh-Hant", "version", "were", "where.all[0].count"],
            wrong.Errors.Select(error => error.Path).Order(StringComparer.Ordinal));
        Assert.Contains("did you mean 'where'?", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_of_the_event_being_handled_is_refused() =>
        Assert.Equal("where.any[1].field", Assert.Single(Assert.Throws<InvalidSegmentException>(() => Samples.Of("web", If.Any(Samples.Silent.Where, If.Field("event.channel").Is("web"))).Define()).Errors).Path);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"$schema":"segment/1","id":"\ud800","where":{"all":[]},"label":{"en":"a","zh-Hant":"b"}}""")]
    public void What_is_no_segment_is_refused_with_a_sentence(string json) =>
        Assert.NotEmpty(Assert.Throws<InvalidSegmentException>(() => SegmentJson.Read(json)).Errors);
}
