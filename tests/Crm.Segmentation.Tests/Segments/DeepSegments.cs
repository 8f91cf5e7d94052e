using Crm.Conditions;
using Crm.Definitions;
using Crm.Segmentation.Library;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Segments;

/// <summary>What is written of a segment is read again, however deep its condition is.</summary>
public sealed class DeepSegments
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_segment_is_read_as_it_was_written() => Prop.ForAll(DeepConditions.Any, condition =>
    {
        var written = SegmentJson.Write(Asking(condition));
        Assert.Equal(written, SegmentJson.Write(SegmentJson.Read(written)));
    }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void A_library_reads_what_it_keeps() => Prop.ForAll(DeepConditions.Any, condition => RunAsync(condition).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(10));

    private static async Task RunAsync(Condition condition)
    {
        var library = new SegmentLibrary(new InMemoryStore(), new FakeClock(Instant.FromUtc(2026, 1, 1, 0, 0)));
        await library.ActivateAsync(Asking(condition), "staff:1", Cancel);
        Assert.Equal([ConditionJson.Write(condition)], (await library.RevisionsAsync(Cancel)).Select(revision => ConditionJson.Write(revision.Definition.Value.Where)));
    }

    private static Definition<Segment> Asking(Condition condition) => new Segment { Id = "deep", Label = new Text("deep", "深"), Where = condition }.Define(1, Instant.MinValue);
}
