using Crm.Conditions;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests;

/// <summary>Segments that the tests share.</summary>
internal static class Samples
{
    /// <summary>Three purchases in 90 days.</summary>
    public static Segment Regulars { get; } = new()
    {
        Id = "regulars",
        Label = new Text("Regulars", "常客"),
        Where = If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3),
    };

    /// <summary>Nothing bought for 30 days.</summary>
    public static Segment Silent { get; } = Of("silent", If.Purchases().InLast(Duration.FromDays(30)).Count().Is(0));

    public static Segment Of(string id, Condition where) => new() { Id = id, Label = new Text(id, id), Where = where };

    public static Condition In(string segment) => If.Fact(SegmentNames.Fact(segment)).Is(true);
}
