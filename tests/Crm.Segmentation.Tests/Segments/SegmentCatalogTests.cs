using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Segmentation.Tests.Segments;

public sealed class SegmentCatalogTests
{
    [Fact]
    public void Segments_that_go_in_a_circle_are_refused_with_the_circle()
    {
        var wrong = Assert.Throws<InvalidSegmentException>(() => new SegmentCatalog(
            Samples.Of("a", Samples.In("b")), Samples.Of("b", If.Not(Samples.In("c"))), Samples.Of("c", Samples.In("a")), Samples.Of("self", Samples.In("self")), Samples.Regulars));

        Assert.Equal(2, wrong.Errors.Count);
        Assert.Contains("a → b → c → a", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("self → self", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_segment_that_does_not_exist_is_named_with_the_one_that_was_meant() =>
        Assert.Contains("Did you mean 'regulars'?", Assert.Throws<InvalidSegmentException>(() => new SegmentCatalog(Samples.Regulars, Samples.Of("a", Samples.In("regular")))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_definition_whose_hash_is_not_that_of_its_segment_is_refused() =>
        Assert.Throws<InvalidSegmentException>(() => new SegmentCatalog(new DefinitionCatalog<Segment>([Samples.Silent.Define() with { Hash = Samples.Regulars.Hash }])));

    [Fact]
    public void A_host_adds_segmentation_in_one_line()
    {
        var services = new ServiceCollection();
        services.AddCrm(crm => crm.UseMemory().AddSegmentation(segments => segments.Define(Samples.Regulars).Define(Samples.Silent, 1, Instant.MinValue)));
        using var provider = services.BuildServiceProvider();

        Assert.Equal(["segmentation"], provider.GetRequiredService<CrmEngine>().Modules);
        Assert.Equal(["regulars", "silent"], provider.GetRequiredService<SegmentCatalog>().Definitions.Names);
    }

    [Fact]
    public void A_condition_about_a_fact_that_nobody_publishes_is_refused_at_start() =>
        Assert.Contains("loyalty.tier", Assert.Throws<ArgumentException>(() => new Club(Samples.Of("gold", If.Fact("loyalty.tier").Is("gold")))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_hundred_segments_that_name_each_other_in_a_row_are_decided_in_one_pass()
    {
        var segments = Enumerable.Range(0, 100).Select(number => Samples.Of($"s{99 - number}", number == 0 ? If.Purchases().Count().AtLeast(2) : Samples.In($"s{100 - number}")));
        var club = new Club([.. segments]);
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var second = await club.RecordAsync(Club.Purchase("till:2", Club.Day(2)));

        Assert.Equal(100, second.Lines.Count(line => line.Code == SegmentNames.EnteredLine));
        Assert.Equal(100, (await club.StateAsync(Club.Day(2))).Segments.Count());
    }
}
