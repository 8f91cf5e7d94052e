using Crm.Conditions;
using Crm.Definitions;
using Crm.Modules;
using Crm.Segmentation.Library;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Segments that are kept in the store.</summary>
public sealed class LibraryScenarios
{
    private static readonly Segment Buyers = Samples.Of("buyers", If.Purchases().Count().AtLeast(1));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_is_drafted_scheduled_active_and_retired_and_every_change_is_written_down()
    {
        var (library, clock) = Library();
        await library.DraftAsync(Buyers.Define(1, Club.Day(5)), "staff:1", Cancel);
        Assert.Equal([("buyers", DefinitionStatus.Draft)], await library.StatusesAsync(Cancel));
        Assert.Empty((await library.LoadAsync(cancellationToken: Cancel)).Definitions.Names);

        await library.ActivateAsync(Buyers.Define(1, Club.Day(5)), "staff:2", Cancel);
        Assert.Equal([("buyers", DefinitionStatus.Scheduled)], await library.StatusesAsync(Cancel));
        clock.Set(Club.Day(6));
        Assert.Equal([("buyers", DefinitionStatus.Active)], await library.StatusesAsync(Cancel));
        await library.ActivateAsync((Buyers with { Label = new Text("Shoppers", "顧客") }).Define(1, Club.Day(5)), "staff:3", Cancel);
        Assert.Equal("Shoppers", (await library.LoadAsync(cancellationToken: Cancel)).Definitions.At("buyers", Club.Day(6))!.Value.Label.English);

        clock.Set(Club.Day(9));
        await library.RetireAsync("buyers", "staff:4", Cancel);

        Assert.Equal([("buyers", DefinitionStatus.Retired)], await library.StatusesAsync(Cancel));
        Assert.Equal(
            [(1, RevisionChange.Draft, "staff:1"), (2, RevisionChange.Activate, "staff:2"), (3, RevisionChange.Activate, "staff:3"), (4, RevisionChange.Retire, "staff:4")],
            (await library.RevisionsAsync(Cancel)).Select(revision => (revision.Number, revision.Change, revision.By)));
        Assert.Equal(Club.Day(9), (await library.RevisionsAsync(Cancel))[^1].At);
    }

    [Fact]
    public async Task An_engine_made_anew_over_the_same_store_decides_by_what_was_changed()
    {
        var (library, clock) = Library(out var store);
        await library.ActivateAsync(Buyers.Define(), "staff:1", Cancel);
        var first = new Town(await library.LoadAsync(cancellationToken: Cancel), store: store, clock: clock);
        await first.BuysAsync("amy", 1);
        clock.Set(Club.Day(3));
        await library.RetireAsync("buyers", "staff:1", Cancel);
        var second = new Town(await library.LoadAsync(cancellationToken: Cancel), store: store, clock: clock);
        await second.BuysAsync("amy", 4);

        var memberships = (await second.Engine.ReadAsync(CustomerRef.Of(Identity.User("amy")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("buyers");
        Assert.Equal([(Club.Day(1), MembershipReason.Definition)], memberships.Select(membership => (membership.Since, membership.LeftBy.Reason)));
        await foreach (var (_, fact) in ((IJournalScan)store).ReadFactsAsync(Cancel))
        {
            Assert.NotEqual("segment.buyers", fact.Name);
        }
    }

    [Fact]
    public async Task A_retired_segment_ends_now_and_what_was_to_begin_later_does_not()
    {
        var (library, clock) = Library(out var store);
        await library.ActivateAsync(Buyers.Define(), "staff:1", Cancel);
        await library.ActivateAsync(Samples.Of("buyers", If.Purchases().Count().AtLeast(1)).Define(2, Club.Day(8)), "staff:1", Cancel);
        clock.Set(Club.Day(3));
        await library.RetireAsync("buyers", "staff:1", Cancel);
        var town = new Town(await library.LoadAsync(cancellationToken: Cancel), store: store, clock: clock);
        await town.BuysAsync("amy", 4);
        await town.BuysAsync("amy", 9);

        Assert.Equal([("buyers", DefinitionStatus.Retired)], await library.StatusesAsync(Cancel));
        Assert.Empty((await town.Engine.ReadAsync(CustomerRef.Of(Identity.User("amy")), Cancel))!.Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("buyers"));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        var (library, _) = Library();
        await library.ActivateAsync(Buyers.Define(), "staff:1", Cancel);
        await library.ActivateAsync(Samples.Of("loyal", Samples.In("buyers")).Define(), "staff:1", Cancel);

        Assert.Contains("never changed", (await Refused(() => library.ActivateAsync(Samples.Of("buyers", If.Purchases().Count().AtLeast(2)).Define(), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("circle", (await Refused(() => library.DraftAsync(Samples.Of("buyers", Samples.In("loyal")).Define(2, Club.Day(2)), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("named by loyal", (await Refused(() => library.RetireAsync("buyers", "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("No segment is named", (await Refused(() => library.DraftAsync(Samples.Of("other", Samples.In("nobody")).Define(), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => library.RetireAsync("nobody", "staff:1", Cancel).AsTask());
        Assert.Equal(2, (await library.RevisionsAsync(Cancel)).Count);
    }

    [Fact]
    public async Task A_segment_that_nothing_names_any_more_can_be_retired()
    {
        var (library, clock) = Library();
        await library.ActivateAsync(Buyers.Define(), "staff:1", Cancel);
        await library.ActivateAsync(Samples.Of("loyal", Samples.In("buyers")).Define(), "staff:1", Cancel);
        await library.ActivateAsync(Samples.Of("ended", Samples.In("buyers")).Define(), "staff:1", Cancel);
        await library.ActivateAsync(Samples.Of("loyal", If.Purchases().Count().AtLeast(9)).Define(2, Club.Day(5)), "staff:1", Cancel);
        await library.ActivateAsync(Segment.Snapshot("past", new Text("Past", "過去"), Samples.In("buyers"), Club.Day(-1)).Define(), "staff:1", Cancel);
        await library.ActivateAsync(Segment.Snapshot("coming", new Text("Coming", "將來"), Samples.In("buyers"), Club.Day(8)).Define(), "staff:1", Cancel);

        Assert.Contains("named by coming, ended, loyal;", (await Refused(() => library.RetireAsync("buyers", "staff:1", Cancel))).Message, StringComparison.Ordinal);
        await library.RetireAsync("ended", "staff:1", Cancel);
        clock.Set(Club.Day(6));
        Assert.Contains("named by coming;", (await Refused(() => library.RetireAsync("buyers", "staff:1", Cancel))).Message, StringComparison.Ordinal);
        clock.Set(Club.Day(9));
        await library.RetireAsync("buyers", "staff:1", Cancel);

        Assert.Equal(DefinitionStatus.Retired, (await library.StatusesAsync(Cancel)).Single(one => one.Segment == "buyers").Status);
        Assert.Equal(5, (await library.LoadAsync(cancellationToken: Cancel)).Definitions.Names.Count);
    }

    [Fact]
    public async Task What_the_linter_says_comes_back_with_what_is_saved()
    {
        var (store, clock) = (new InMemoryStore(), new FakeClock(Club.Opening));
        var library = new SegmentLibrary(store, clock, new LintNames { Facts = [new FactDeclaration("loyalty.tier")] });
        var silent = Samples.Of("silent", If.Purchases().InLast(Duration.FromDays(90)).Count().Is(0));

        Assert.Equal([LintCodes.NoMinimumAge], (await library.DraftAsync(silent.Define(), "staff:1", Cancel)).Findings.Select(finding => finding.Code));
        Assert.Equal([LintCodes.NoMinimumAge], (await library.ActivateAsync(silent.Define(), "staff:1", Cancel)).Findings.Select(finding => finding.Code));
        Assert.Equal([LintCodes.UnknownFact], (await library.DraftAsync(Samples.Of("gold", If.Fact("loyalty.teir").Is("gold")).Define(), "staff:1", Cancel)).Findings.Select(finding => finding.Code));
        Assert.Empty((await library.ActivateAsync(Samples.Of("tiers", If.Fact("loyalty.tier").IsKnown).Define(), "staff:1", Cancel)).Findings);
        Assert.Empty((await library.RetireAsync("silent", "staff:1", Cancel)).Findings);
    }

    [Fact]
    public async Task Several_who_change_at_once_all_leave_their_revision()
    {
        var (library, _) = Library();
        await Task.WhenAll(Enumerable.Range(1, 8).Select(staff => library.DraftAsync(Buyers.Define(), $"staff:{staff}", Cancel).AsTask()));

        Assert.Equal(Enumerable.Range(1, 8), (await library.RevisionsAsync(Cancel)).Select(revision => revision.Number));
    }

    private static Task<InvalidSegmentException> Refused(Func<ValueTask<SavedSegment>> change) => Assert.ThrowsAsync<InvalidSegmentException>(() => change().AsTask());

    private static (SegmentLibrary Library, FakeClock Clock) Library() => Library(out _);

    private static (SegmentLibrary Library, FakeClock Clock) Library(out InMemoryStore store)
    {
        store = new InMemoryStore();
        var clock = new FakeClock(Club.Opening);
        return (new SegmentLibrary(store, clock), clock);
    }
}
