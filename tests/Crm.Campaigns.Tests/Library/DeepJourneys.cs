using Crm.Campaigns.Journeys;
using Crm.Campaigns.Library;
using Crm.Conditions;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Campaigns.Tests.Library;

/// <summary>What is written of a journey is read again, however deep its conditions are.</summary>
public sealed class DeepJourneys
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_journey_is_read_as_it_was_written() => Check(JourneyJson.Read);

    [Fact]
    public void The_law_catches_a_reader_of_the_usual_depth() => Counterfeits.Caught(() => Check(json =>
    {
        using var _ = System.Text.Json.JsonDocument.Parse(json);
        return JourneyJson.Read(json);
    }));

    [Fact]
    public void A_library_reads_what_it_keeps() => Prop.ForAll(DeepConditions.Any, condition => RunAsync(condition).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    private static async Task RunAsync(Condition condition)
    {
        var library = new JourneyLibrary(new InMemoryStore(), new FakeClock(Samples.Local(2026, 1, 1)));
        await library.ActivateAsync((Samples.Thanks with { When = condition }).Define(), "staff:1", Cancel);
        Assert.Equal([ConditionJson.Write(condition)], (await library.RevisionsAsync(Cancel)).Select(revision => revision.Definition.Value.When is { } when ? ConditionJson.Write(when) : ""));
    }

    private static void Check(Func<string, JourneyReading> read) => Prop.ForAll(DeepConditions.Any, condition =>
    {
        var written = JourneyJson.Write(Samples.Thanks with { When = condition });
        JourneyReading? reading = null;
        Assert.Null(Record.Exception(() => reading = read(written)));
        Assert.Empty(reading!.Errors);
        Assert.Equal(written, reading.Journey is { } journey ? JourneyJson.Write(journey) : "");
    }).Check(Config.QuickThrowOnFailure);
}
