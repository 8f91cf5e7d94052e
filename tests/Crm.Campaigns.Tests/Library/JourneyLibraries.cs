using Crm.Campaigns.Journeys;
using Crm.Campaigns.Library;
using Crm.Definitions;
using Crm.Storage;
using Crm.Testing;

namespace Crm.Campaigns.Tests.Library;

/// <summary>Journeys that are kept in the store.</summary>
public sealed class JourneyLibraries
{
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Samples.Local(2026, 1, 1));

    private JourneyLibrary Library => new(store, clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_journey_is_drafted_scheduled_active_and_retired_and_every_change_is_written_down()
    {
        var from = Samples.Local(2026, 2, 1);
        await Library.DraftAsync(Samples.Thanks.Define(1, from), "staff:1", Cancel);
        Assert.Equal([("thanks", DefinitionStatus.Draft)], await Library.StatusesAsync(Cancel));
        Assert.Empty((await Library.LoadAsync(cancellationToken: Cancel)).Journeys.Names);

        await Library.ActivateAsync(Samples.Thanks.Define(1, from), "staff:2", Cancel);
        Assert.Equal([("thanks", DefinitionStatus.Scheduled)], await Library.StatusesAsync(Cancel));
        clock.Set(from);
        Assert.Equal([("thanks", DefinitionStatus.Active)], await Library.StatusesAsync(Cancel));
        clock.Set(Samples.Local(2026, 3, 1));
        await Library.RetireAsync("thanks", "staff:3", Cancel);

        Assert.Equal([("thanks", DefinitionStatus.Retired)], await Library.StatusesAsync(Cancel));
        Assert.Equal(
            [(1, RevisionChange.Draft, "staff:1", Samples.Local(2026, 1, 1)), (2, RevisionChange.Activate, "staff:2", Samples.Local(2026, 1, 1)), (3, RevisionChange.Retire, "staff:3", Samples.Local(2026, 3, 1))],
            (await Library.RevisionsAsync(Cancel)).Select(revision => (revision.Number, revision.Change, revision.By, revision.At)));
        Assert.Equal([Samples.Thanks.Define(1, from), (Samples.Thanks with { Ended = true }).Define(2, Samples.Local(2026, 3, 1))], await Library.DefinitionsAsync(Cancel));
    }

    [Fact]
    public async Task What_was_ended_is_begun_by_nothing_and_a_later_version_begins_anew()
    {
        await Library.ActivateAsync(Samples.Thanks.Define(), "staff:1", Cancel);
        await Library.ActivateAsync(Samples.WakeUp.Define(), "staff:1", Cancel);
        clock.Set(Samples.Local(2026, 3, 1));
        await Library.RetireAsync("thanks", "staff:1", Cancel);
        await Library.RetireAsync("wake-up", "staff:1", Cancel);
        await Library.ActivateAsync(Samples.WakeUp.Define(3, Samples.Local(2026, 6, 1)), "staff:1", Cancel);

        var town = new Town(await Library.LoadAsync(cancellationToken: Cancel));
        town.On(2026, 2, 15);
        await town.Buys("pos:feb");
        town.On(2026, 3, 20);
        await town.Buys("pos:mar");
        Assert.Equal(["thanks:pos:feb"], (await town.Waiting()).Select(message => message.Occasion));
        Assert.Equal(["ended", "last.decided"], town.Module?.WhyNot("thanks", await town.Amy()).Findings.Select(finding => finding.Code));

        // The silence that was waited for in March comes to nothing, and begins with the first purchase under the new version.
        town.On(2026, 5, 30);
        Assert.DoesNotContain(await town.Waiting(), message => message.Occasion.StartsWith("wake-up", StringComparison.Ordinal));
        Assert.Equal(["ended"], town.Module?.WhyNot("wake-up", await town.Amy()).Findings.Select(finding => finding.Code));
        town.On(2026, 6, 10);
        await town.Buys("pos:jun");
        town.On(2026, 7, 15);
        Assert.Contains(await town.Waiting(), message => message.Occasion == "wake-up:pos:jun:30");
    }

    [Fact]
    public async Task A_retired_journey_ends_now_and_what_was_to_begin_later_does_not()
    {
        await Library.ActivateAsync(Samples.Thanks.Define(), "staff:1", Cancel);
        await Library.ActivateAsync((Samples.Thanks with { Priority = 3 }).Define(2, Samples.Local(2026, 6, 1)), "staff:1", Cancel);
        clock.Set(Samples.Local(2026, 3, 1));
        await Library.RetireAsync("thanks", "staff:1", Cancel);

        Assert.Equal([("thanks", DefinitionStatus.Retired)], await Library.StatusesAsync(Cancel));
        var town = new Town(await Library.LoadAsync(cancellationToken: Cancel));
        town.On(2026, 3, 2);
        await town.Buys("pos:mar");
        town.On(2026, 6, 2);
        await town.Buys("pos:jun");
        Assert.Empty(await town.Waiting());
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        await Library.ActivateAsync(Samples.Thanks.Define(), "staff:1", Cancel);

        Assert.Contains("never changed", (await Refused(() => Library.ActivateAsync((Samples.Thanks with { Priority = 3 }).Define(), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("366 days", (await Refused(() => Library.DraftAsync(Samples.Of("long", new Trigger.OnEvent("purchase"), usefulDays: 400).Define(), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        await Refused(() => Library.DraftAsync(Samples.Thanks.Define(2), "staff:1", Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => Library.RetireAsync("nobody", "staff:1", Cancel).AsTask());
        Assert.Single(await Library.RevisionsAsync(Cancel));
    }

    [Fact]
    public async Task Several_who_change_at_once_all_leave_their_revision()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(staff => Library.DraftAsync(Samples.Thanks.Define(), $"staff:{staff}", Cancel).AsTask()));

        Assert.Equal(Enumerable.Range(1, 8), (await Library.RevisionsAsync(Cancel)).Select(revision => revision.Number));
    }

    [Fact]
    public void A_journey_that_is_ended_says_so_in_its_text_and_others_say_nothing()
    {
        Assert.Contains("\"ended\":true", JourneyJson.Write(Samples.Thanks with { Ended = true }), StringComparison.Ordinal);
        Assert.Equal(Samples.Thanks with { Ended = true }, JourneyJson.Read(JourneyJson.Write(Samples.Thanks with { Ended = true })).Journey);
        Assert.DoesNotContain("ended", JourneyJson.Write(Samples.Thanks), StringComparison.Ordinal);
        Assert.Equal(["$.ended"], JourneyJson.Read(JourneyJson.Write(Samples.Thanks)[..^1] + ",\"ended\":\"yes\"}").Errors.Select(error => error.Path));
    }

    private static Task<InvalidJourneyException> Refused(Func<ValueTask<Revision<Journey>>> change) => Assert.ThrowsAsync<InvalidJourneyException>(() => change().AsTask());
}
