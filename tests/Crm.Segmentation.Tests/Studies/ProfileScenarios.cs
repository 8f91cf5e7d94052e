using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Segments that ask the profile know what it says now, also where no event in its order has said so.</summary>
public sealed class ProfileScenarios
{
    private static readonly Segment Locals = Samples.Of("locals", If.Field("customer.region").Is("HK"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RebuildFrom.History)]
    [InlineData(RebuildFrom.Now)]
    public async Task A_backfill_lets_in_whom_the_preview_found_by_the_profile_of_today(RebuildFrom from)
    {
        var town = await LivesInAsync(new Town(new SegmentCatalog()), ("amy", "HK"), ("ben", "KLN"), ("cat", "HK"));
        town.Clock.Set(Club.Day(30));
        var with = town.With(Locals);

        var dry = await with.Study.BackfillAsync(new BackfillRequest { From = from, DryRun = true }, Cancel);
        Assert.Empty(await with.Study.MembersAsync("locals", Cancel));
        var report = await with.Study.BackfillAsync(new BackfillRequest { From = from }, Cancel);

        Assert.Equal(2, (await with.Study.PreviewAsync(Locals, cancellationToken: Cancel)).Size);
        Assert.Equal([new BackfilledSegment("locals", 2, 0, 2)], report.Segments);
        Assert.Equal(dry.Segments, report.Segments);
        Assert.Equal(["amy", "cat"], await with.NamesAsync(await with.Study.MembersAsync("locals", Cancel)));
        Assert.Equal(["amy", "cat"], await with.NamesAsync(await with.Engine.SelectAsync(Samples.In("locals"), Cancel)));
        Assert.Equal(0, (await with.Study.BackfillAsync(new BackfillRequest { From = from }, Cancel)).Changed);
        Assert.Equal([new Membership(Club.Day(30), null, 1)], (await StateAsync(with, "amy")).MembershipsIn("locals").WithoutCauses());
        Assert.Empty(await FaultsAsync(with, Locals));
    }

    [Fact]
    public async Task Whom_a_backfill_let_in_by_the_profile_stays_in_when_history_is_decided_again()
    {
        var town = await LivesInAsync(new Town(new SegmentCatalog()), ("amy", "HK"));
        var with = town.With(Locals);
        town.Clock.Set(Club.Day(30));
        await with.Study.BackfillAsync(new BackfillRequest(), Cancel);
        town.Clock.Set(Club.Day(40));
        await with.BuysAsync("amy", 35);
        await with.BuysAsync("amy", 2);

        Assert.Equal([new Membership(Club.Day(30), null, 1)], (await StateAsync(with, "amy")).MembershipsIn("locals").WithoutCauses());
        Assert.Empty(await FaultsAsync(with, Locals));
    }

    [Fact]
    public async Task A_profile_that_came_with_a_late_event_counts_at_once()
    {
        var town = await LivesInAsync(new Town(Locals), ("amy", "KLN"));
        town.Clock.Set(Club.Day(10));
        await town.BuysAsync("amy", 10);

        // She tells the desk that she has moved; its clock is six minutes behind.
        var told = Club.Day(10) + Duration.FromMinutes(3);
        town.Clock.Set(told);
        await town.RecordAsync(CustomerEvent.Purchase("desk:move", Identity.User("amy"), Money.Hkd(0)) with { OccurredAt = Club.Day(10) - Duration.FromMinutes(3), Profile = Fields.Of(("region", "HK")) });

        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
        Assert.Equal(["amy"], await town.NamesAsync(await town.Engine.SelectAsync(Locals.Where, Cancel)));
        await town.BuysAsync("amy", 12);
        Assert.Equal([new Membership(told + Duration.FromTicks(1), null, 1)], (await StateAsync(town, "amy")).MembershipsIn("locals").WithoutCauses());
        Assert.Empty(await FaultsAsync(town, Locals));
    }

    [Fact]
    public async Task A_row_that_the_host_has_changed_is_noticed_by_its_stamp()
    {
        var host = new HostTable { ["amy"] = "KLN", ["ben"] = "HK", ["cat"] = "KLN", ["nobody"] = "HK" };
        var town = new Town(Locals);
        var engine = Over(town, host, Locals);
        foreach (var who in new[] { "amy", "ben", "cat" })
        {
            await engine.RecordAsync(CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(5)), Cancel);
        }

        Assert.Equal(new ObserveReport(4, 4, 0), await engine.ObserveProfilesAsync(Cancel));
        host["amy"] = "HK";
        host.Remove("ben");
        town.Clock.Set(Club.Day(3));

        Assert.Equal(new ObserveReport(3, 2, 2), await engine.ObserveProfilesAsync(Cancel));
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
        Assert.Equal([new Membership(Club.Day(3), null, 1)], (await StateAsync(town, "amy")).MembershipsIn("locals").WithoutCauses());
        Assert.Equal(["+locals@1"], (await engine.ReadAsync(CustomerRef.Of(Identity.User("amy")), Cancel))!.Slot<ListenerState>("listener").Heard);
        Assert.Equal(new ObserveReport(3, 0, 0), await engine.ObserveProfilesAsync(Cancel));
        Assert.Empty(await FaultsAsync(town, Locals));
    }

    [Fact]
    public async Task A_new_definition_waits_for_the_next_event_or_a_backfill_and_so_does_its_message()
    {
        var host = new HostTable { ["amy"] = "HK" };
        var town = new Town(new SegmentCatalog());
        await Over(town, host).RecordAsync(CustomerEvent.Purchase("till:amy", Identity.User("amy"), Money.Hkd(5)), Cancel);
        var engine = Over(town, host, Locals);

        Assert.Equal(new ObserveReport(1, 1, 0), await engine.ObserveProfilesAsync(Cancel));
        Assert.Empty(await town.With(Locals).Study.MembersAsync("locals", Cancel));
    }

    [Fact]
    public async Task One_customer_is_looked_at_when_the_host_says_so()
    {
        var host = new HostTable { ["amy"] = "KLN" };
        var town = new Town(Locals);
        var engine = Over(town, host, Locals);
        await engine.RecordAsync(CustomerEvent.Purchase("till:amy", Identity.User("amy"), Money.Hkd(5)), Cancel);
        host["amy"] = "HK";

        Assert.True(await engine.ObserveProfileAsync(CustomerRef.Of(Identity.User("amy")), Cancel));
        Assert.False(await engine.ObserveProfileAsync(CustomerRef.Of(Identity.User("amy")), Cancel));
        Assert.False(await engine.ObserveProfileAsync(CustomerRef.Of(Identity.User("nobody")), Cancel));
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
    }

    [Fact]
    public async Task A_look_that_failed_is_made_again_at_everybody()
    {
        var host = new HostTable { ["amy"] = "KLN", ["ben"] = "KLN" };
        var town = new Town(Locals);
        var engine = Over(town, host, Locals);
        foreach (var who in new[] { "amy", "ben" })
        {
            await engine.RecordAsync(CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(5)), Cancel);
        }

        await engine.ObserveProfilesAsync(Cancel);
        host["amy"] = "HK";
        host["ben"] = "HK";
        host.FailsAt = "ben";
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.ObserveProfilesAsync(Cancel).AsTask());
        host.FailsAt = null;

        Assert.Equal(2, (await engine.ObserveProfilesAsync(Cancel)).Looked);
        Assert.Equal(["amy", "ben"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
    }

    [Fact]
    public async Task One_profile_that_cannot_be_read_keeps_nobody_else_from_being_looked_at_and_is_tried_again()
    {
        var host = new HostTable { ["amy"] = "KLN", ["ben"] = "KLN" };
        var town = new Town(Locals);
        var engine = Over(town, host, Locals);
        foreach (var who in new[] { "amy", "ben" })
        {
            await engine.RecordAsync(CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(5)), Cancel);
        }

        await engine.ObserveProfilesAsync(Cancel);
        host["amy"] = "H\uD83C";
        host["ben"] = "HK";
        var fault = await Assert.ThrowsAsync<AggregateException>(() => engine.ObserveProfilesAsync(Cancel).AsTask());
        Assert.Contains("half a character", Assert.IsType<ProfileFaultException>(fault.InnerException).InnerException!.Message, StringComparison.Ordinal);
        Assert.Equal(["ben"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));

        host["amy"] = "HK";
        Assert.Equal(new ObserveReport(2, 1, 1), await engine.ObserveProfilesAsync(Cancel));
        Assert.Equal(["amy", "ben"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
    }

    [Fact]
    public async Task A_host_says_that_it_has_changed_a_profile_and_not_when()
    {
        var host = new HostTable { ["amy"] = "KLN" };
        var town = new Town(Locals);
        var engine = Over(town, host, Locals);
        await engine.RecordAsync(CustomerEvent.Purchase("till:amy", Identity.User("amy"), Money.Hkd(5)), Cancel);
        host["amy"] = "HK";
        var observed = new CustomerEvent { Key = EventKey.Parse("host:1"), Kind = EventKinds.ProfileObservedName, Identity = Identity.User("amy") };

        Assert.Contains("no instant is expected", (await Assert.ThrowsAsync<InvalidEventException>(() => engine.RecordAsync(observed with { OccurredAt = Club.Opening }, Cancel).AsTask())).Message, StringComparison.Ordinal);
        await engine.RecordAsync(observed, Cancel);
        Assert.Equal(["amy"], await town.NamesAsync(await town.Study.MembersAsync("locals", Cancel)));
        Assert.Empty(await FaultsAsync(town, Locals));
    }

    [Fact]
    public async Task Where_the_store_keeps_the_profiles_there_is_nothing_to_look_at() =>
        Assert.Contains("ICustomerProfiles", (await Assert.ThrowsAsync<InvalidOperationException>(() => new Town(Locals).Engine.ObserveProfilesAsync(Cancel).AsTask())).Message, StringComparison.Ordinal);

    private static ICustomerModule[] Modules(params Segment[] segments) => segments.Length == 0 ? [new ScoreModule()] : [new ScoreModule(), new SegmentationModule(new SegmentCatalog(segments)), new ListenerModule()];

    private static CrmEngine Over(Town town, HostTable host, params Segment[] segments) =>
        new(town.Store, Modules(segments), new CrmOptions { Zone = DateTimeZone.Utc }, town.Clock, new SeededIdSource(), new CrmPorts { Profiles = host });

    private static async Task<Town> LivesInAsync(Town town, params (string Who, string Region)[] people)
    {
        foreach (var (who, region) in people)
        {
            await town.RecordAsync(CustomerEvent.Purchase($"till:{who}", Identity.User(who), Money.Hkd(5)) with { OccurredAt = Club.Day(1), Profile = Fields.Of(("region", region)) });
        }

        return town;
    }

    private static async Task<SegmentationState> StateAsync(Town town, string who) => (await town.Engine.ReadAsync(CustomerRef.Of(Identity.User(who)), Cancel))!.Slot<SegmentationState>(SegmentNames.Module);

    private static async Task<List<string>> FaultsAsync(Town town, Segment segment)
    {
        var verifier = new CustomerVerifier(Modules(segment), new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 });
        var faults = new List<string>();
        await foreach (var customer in town.Engine.ReadCustomersAsync(Cancel))
        {
            var verdict = verifier.Verify(await town.Store.LoadAsync(CustomerRef.Of(customer), Cancel), await ((ICustomerStore)town.Store).LoadWholeAsync(customer, Cancel), []);
            faults.AddRange(verdict.Differences.Select(difference => difference.ToString()));
            faults.AddRange(verdict.NotRedecided is { } obstacle ? [obstacle] : []);
        }

        return faults;
    }

    /// <summary>The host's own table.</summary>
    private sealed class HostTable : Dictionary<string, string>, ICustomerProfiles
    {
        public string? FailsAt { get; set; }

        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken) =>
            ValueTask.FromResult(user is not null && TryGetValue(user, out var region) ? Fields.Of(("region", region)) : Fields.None);

        public async IAsyncEnumerable<HostProfile> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var (user, region) in this.OrderBy(row => row.Key, StringComparer.Ordinal).ToList())
            {
                await Task.Yield();
                yield return user == FailsAt ? throw new InvalidOperationException("The table is locked.") : new HostProfile(user, Fields.Of(("region", region)), region);
            }
        }
    }
}
