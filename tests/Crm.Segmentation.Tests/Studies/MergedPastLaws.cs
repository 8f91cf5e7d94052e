using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Whoever was merged later was somebody before: the past knows them as it did when it was the present.</summary>
public sealed class MergedPastLaws
{
    private static readonly string[] People = ["amy", "ben", "cat", "dan", "eve"];
    private static readonly Segment Twice = Samples.Of("twice", If.Purchases().InLast(Duration.FromDays(20)).Count().AtLeast(2));
    private static readonly Segment Once = Samples.Of("once", If.Purchases().Count().AtLeast(1));

    // Every step is one purchase, or one merge of two who are two still.
    private static readonly Gen<Step[]> Steps = Gen.ArrayOf(
        from hours in Gen.Choose(1, 200)
        from who in Gen.Elements(People)
        from other in Gen.Elements(People)
        from merges in Gen.Frequency((2, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new Step(hours, who, other, merges),
        14);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_instant_has_the_customers_and_members_that_it_had() => Check(view => view);

    [Fact]
    public void The_law_catches_a_past_without_those_who_were_merged_later() => Counterfeits.Caught(() => Check(view => view.MergedInto is null ? view : null));

    [Fact]
    public void The_law_catches_a_past_that_takes_the_merged_for_the_survivor() => Counterfeits.Caught(() => Check(view => view, view => view.MergedInto ?? view.Customer.Customer));

    [Fact]
    public async Task Two_of_a_segment_who_are_merged_later_are_two_in_a_migration_and_in_a_snapshot_one()
    {
        var spring = Segment.Snapshot("spring", new Text("Spring", "春"), Samples.In("once"), Club.Day(5));
        var town = new Town(Once, spring);
        await town.BuysAsync("amy", 1);
        await town.BuysAsync("ben", 2);
        await MergeAsync(town, "amy", "ben", Club.Day(10));
        var (amy, ben) = (await town.IdAsync("amy"), Assert.Single(await PastAsync(town, Club.Day(5)), view => view.MergedInto is not null).Customer.Customer);

        var migration = await town.Study.MigrateAsync(new Partition.OfSegments(["once"]), Club.Day(5), Club.Day(20), cancellationToken: Cancel);

        Assert.Equal((2, 1, 1, 1), (migration.Before("once"), migration.After("once"), migration.Of("once", "once"), migration.Of("once", Partition.Merged)));
        Assert.Equal(["once", Partition.Merged], migration.Cells);
        Assert.Equal((ben, amy), ((await town.Engine.ReadAsync(CustomerRef.Of(ben), new PastQuestion(Club.Day(5)), Cancel))!.Customer.Customer, (await town.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), new PastQuestion(Club.Day(5)), Cancel))!.Customer.Customer));
        Assert.Equal((amy, amy), ((await town.Engine.ReadAsync(CustomerRef.Of(ben), new PastQuestion(Club.Day(10)), Cancel))!.Customer.Customer, (await town.Engine.ReadAsync(CustomerRef.Of(ben), new PastQuestion(Club.Day(5)) { IsNow = true }, Cancel))!.Customer.Customer));
        Assert.Equal(2, (await town.Engine.ReadPageAsync(new CustomerPageRequest(1), new PastQuestion(Club.Day(5)), Cancel)).Customers.Count);
        Assert.Equal(1, (await town.Study.TakeAsync("spring", cancellationToken: Cancel)).Size);
        Assert.Equal([amy], await town.Study.MembersAsync("spring", Cancel));
    }

    [Fact]
    public async Task What_was_known_before_a_merge_was_recorded_is_of_two_and_a_refund_after_it_is_of_the_one_who_bought()
    {
        var town = new Town(Once);
        await town.BuysAsync("amy", 1);
        await town.BuysAsync("ben", 2);
        await MergeAsync(town, "amy", "ben", Club.Day(10));
        await town.RecordAsync(CustomerEvent.Refund("till:refund", Identity.User("ben"), "till:ben-2", Money.Hkd(50)) with { OccurredAt = Club.Day(12) });

        Assert.Equal(2, (await PastAsync(town, Club.Day(20), Club.Day(9))).Count);
        Assert.Single(await PastAsync(town, Club.Day(20), Club.Day(11)));
        Assert.Single(await PastAsync(town, Club.Day(5)));
        Assert.Equal(2, (await PastAsync(town, Club.Day(5), knownAt: null, withoutLaterAmendments: true)).Count);
    }

    private static void Check(Func<PastView, PastView?> seen, Func<PastView, CustomerId>? named = null) => Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) =>
    {
        var town = new Town(Twice, Once);
        var moments = new List<(Instant At, string[] Customers)>();
        var at = Club.Opening;
        foreach (var (step, place) in steps.Select((step, place) => (step, place)))
        {
            at += Duration.FromHours(step.Hours);
            town.Clock.Set(at);
            if (!step.Merges)
            {
                await town.Engine.RecordAsync(CustomerEvent.Purchase($"till:{place}", Identity.User(step.Who), Money.Hkd(50)), Cancel);
            }
            else if (await KnownAsync(town, step.Who) is { } one && await KnownAsync(town, step.Other) is { } other && one != other)
            {
                await MergeAsync(town, step.Who, step.Other, at);
            }

            var now = at + Duration.FromMinutes(30);
            town.Clock.Set(now);
            moments.Add((now, [.. (await town.Engine.ReadAllAsync(Cancel).ToListAsync(Cancel)).Select(view => Told(view.Customer, view)).Order(StringComparer.Ordinal)]));
        }

        foreach (var (then, customers) in moments)
        {
            var views = (await PastAsync(town, then)).Select(seen).OfType<PastView>().ToList();
            Assert.Equal(customers, views.Select(view => Told(named?.Invoke(view) ?? view.Customer.Customer, view.Customer)).Order(StringComparer.Ordinal));
            Assert.All(views, view => Assert.Equal(view.History.Count, view.History.Count(entry => entry.EffectiveAt <= then)));
        }

        var (from, to) = (moments[moments.Count / 2], moments[^1]);
        var migration = await town.Study.MigrateAsync(new Partition.OfSegments(["twice", "once"]), from.At, to.At, cancellationToken: Cancel);
        Assert.Equal(from.Customers.Count(customer => customer.EndsWith("twice", StringComparison.Ordinal)), migration.Before("twice"));
        Assert.Equal(to.Customers.Length, migration.Moves.Where(move => move.To != Partition.Merged).Sum(move => move.Customers));
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static string Told(CustomerId customer, CustomerView view) =>
        $"{customer} {view.Fact(ScoreModule.Points)} {(view.Fact("segment.once").IsMissing ? "" : "once")} {(view.Fact("segment.twice").IsMissing ? "" : "twice")}";

    private static async Task<CustomerId?> KnownAsync(Town town, string who) => (await town.Store.LoadAsync(CustomerRef.Of(Identity.User(who)), Cancel)).Customer;

    private static async Task MergeAsync(Town town, string survivor, string retired, Instant at)
    {
        town.Clock.Set(at);
        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse($"desk:{survivor}-{retired}-{at.ToUnixTimeSeconds()}"), CustomerRef.Of(Identity.User(survivor)), CustomerRef.Of(Identity.User(retired))), Cancel);
    }

    private static async Task<List<PastView>> PastAsync(Town town, Instant at, Instant? knownAt = null, bool withoutLaterAmendments = false) =>
        await town.Engine.ReadAllAsync(new PastQuestion(at) { KnownAt = knownAt, WithoutLaterAmendments = withoutLaterAmendments }, Cancel).ToListAsync(Cancel);

    private sealed record Step(int Hours, string Who, string Other, bool Merges);
}
