using Crm.Engine;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Tests.Memberships;
using Crm.Storage;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>What holds of every question about the past.</summary>
public sealed class PastLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);
    private static readonly CustomerRef Amy = CustomerRef.Of(Club.Amy);
    private static readonly Duration Apart = Duration.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_past_is_what_the_conditions_say_of_the_history_and_what_was_known_is_what_would_be_if_nothing_more_had_been_recorded() => Check((question, knownAt) => question with { KnownAt = knownAt });

    [Fact]
    public void The_law_catches_a_reader_that_knows_what_was_recorded_later() => Counterfeits.Caught(() => Check((question, _) => question));

    [Fact]
    public void The_law_catches_a_reader_that_does_not_go_back_in_time() =>
        Counterfeits.Caught(() => Check((question, knownAt) => new PastQuestion(Club.Day(Histories.LastDay + 30)) { KnownAt = knownAt }));

    private static void Check(Func<PastQuestion, Instant, PastQuestion> asked) => Prop.ForAll(Arb.From(Histories.All), Arb.From(Gen.Choose(0, 1_000)), async Task<bool> (given, pick) =>
    {
        var catalog = new SegmentCatalog(given.Segments);
        var (all, some) = (new Club(new SegmentationModule(catalog), given.CheckpointEvery), new Club(new SegmentationModule(catalog), given.CheckpointEvery));
        var known = 1 + (pick % given.Events.Length);
        var begin = Club.Day(Histories.LastDay + 1);
        for (var i = 0; i < given.Events.Length; i++)
        {
            foreach (var club in i < known ? new[] { all, some } : [all])
            {
                club.Clock.Set(begin + (i * Apart));
                await club.Engine.RecordAsync(given.Events[i], Cancel);
            }
        }

        all.Clock.Set(begin + Duration.FromDays(40));
        some.Clock.Set(begin + Duration.FromDays(40));
        var truths = new Truths(given.Segments, given.Events);
        foreach (var at in truths.Boundaries(begin + Duration.FromDays(35)).Where((_, place) => place % 4 == pick % 4))
        {
            var view = await all.Engine.ReadAsync(Amy, new PastQuestion(at), Cancel);
            var then = await all.Engine.ReadAsync(Amy, asked(new PastQuestion(at), begin + ((known - 1) * Apart)), Cancel);
            var expected = await some.Engine.ReadAsync(Amy, new PastQuestion(at), Cancel);
            foreach (var segment in given.Segments.Names)
            {
                Assert.Equal(truths.IsMember(segment, at), view is not null && catalog.IsMember(view, segment).Value);
                Assert.Equal(truths.IsMember(segment, at), view is not null && !view.Customer.Fact(SegmentNames.Fact(segment)).IsMissing);
            }

            Assert.Equal(StateOf(expected), StateOf(then));
        }

        return true;
    }).Check(Thorough);

    private static string StateOf(PastView? view) => view is null ? "nobody"
        : $"{string.Join("; ", view.Customer.Slot<SegmentationState>(SegmentNames.Module).Standings)} | {string.Join(", ", view.Customer.Facts)} | {view.History.Count}";
}
