using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Tests;

/// <summary>Whatever is done to the customers of one tenant does nothing to those of another who have the same ids, keys and names, and is done as if there were no other.</summary>
public sealed class TenantsSideBySide
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SQLite file")]
    [InlineData("PostgreSQL")]
    [InlineData("PostgreSQL, as if distributed")]
    public async Task Merging_erasing_disposing_sweeping_and_pumping_change_no_row_of_another_tenant(string name)
    {
        await using var lonely = TestedStore.All.Single(store => store.Name == name).Fresh();
        await using var shared = TestedStore.All.Single(store => store.Name == name).Fresh();
        await LiveAsync(await shared.OpenAsync("other", Token));
        var other = await RowsAsync(shared, "other");

        foreach (var factory in new[] { lonely, shared })
        {
            var store = await factory.OpenAsync("mine", Token);
            await MaintainAsync(store, await LiveAsync(store));
        }

        Assert.Equal(other, await RowsAsync(shared, "other"));
        Assert.Equal(await RowsAsync(lonely, "mine"), await RowsAsync(shared, "mine"));
        Assert.True(other.Count > 200);
    }

    private static async Task<FakeClock> LiveAsync(ICustomerStore store)
    {
        var clock = new FakeClock(Samples.At(0));
        var engine = Engine(store, clock, new Thanking());
        await ((IQuotas)store).SetAsync("mug", 10, Token);
        await ((IDocumentStore)store).AddAsync(new StoredDocument("case", "club", 1, "{}", Samples.At(0)) { Removable = true }, Token);
        for (var n = 0; n < 60; n++)
        {
            var bought = CustomerEvent.Purchase($"pos:{n}", Identity.User(n % 6), Money.Hkd(n + 1), new EventLine("tea", 1, Money.Hkd(n + 1)));
            await engine.RecordAsync(bought with { AlsoKnownAs = [new Identity("card", $"{n % 6}")], Profile = Fields.Of(("city", $"c{n}")) }, Token);
            clock.Advance(Duration.FromDays(3));
        }

        return clock;
    }

    private static async Task MaintainAsync(ICustomerStore store, FakeClock clock)
    {
        var engine = Engine(store, clock, new Thanking());
        Assert.True((await engine.RunDueAsync(cancellationToken: Token)).Customers > 0);
        Assert.True((await engine.PumpAsync(cancellationToken: Token)).Failed > 0);
        Assert.IsType<MergeResult.Merged>(await engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Identity.User(0)), CustomerRef.Of(Identity.User(1))), Token));
        Assert.True((await engine.DisposeOfJournalAsync(new DisposalRequest(clock.GetCurrentInstant() - Duration.FromDays(60)), Token)).Entries > 0);
        Assert.IsType<EraseResult.Erased>(await engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:2"), CustomerRef.Of(Identity.User(2))), Token));
        Assert.True((await Engine(store, clock).SweepAsync(new SweepRequest { RemovedModules = ["thanking"] }, Token)).Emptied > 0);
        Assert.True(await ((IDocumentStore)store).RemoveAsync("case", "club", Token));
        await ((IQuotas)store).SetAsync("mug", 3, Token);
    }

    private static CrmEngine Engine(ICustomerStore store, FakeClock clock, params ICustomerModule[] modules) => new(store, modules, new CrmOptions { CheckpointEvery = 8 }, clock, new SeededIdSource());

    /// <summary>All rows of a tenant, but for its name and the number of the transaction that wrote them.</summary>
    private static async Task<List<string>> RowsAsync(StoreFactory factory, string tenant)
    {
        var rows = new List<string>();
        await using var connection = await ((IHostConnections)factory).ConnectAsync(Token);
        foreach (var table in SqlSchema.Tables.Where(table => table != SqlSchema.VersionTable))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {(factory is PostgreSqlFactory server ? server.Schema + "." : "")}{table} WHERE tenant = '{tenant}'";
            await using var reader = await command.ExecuteReaderAsync(Token);
            var columns = Enumerable.Range(0, reader.FieldCount).Where(column => reader.GetName(column) is not ("tenant" or "written")).ToList();
            while (await reader.ReadAsync(Token))
            {
                rows.Add($"{table} {string.Join('|', columns.Select(column => reader.GetValue(column) is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)))}");
            }
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }

    /// <summary>Counts purchases, and thanks for each when it is long past, by a channel that nobody has.</summary>
    private sealed class Thanking : CustomerModule<Thanking.Seen>
    {
        public override ModuleContract Contract { get; } = new() { Name = "thanking", Codec = new Codec(), Handles = [EventKinds.PurchaseName] };

        protected override Outcome Handle(Seen state, ModuleContext context)
        {
            var now = context.Moment.Instant;
            return context.Stimulus is Stimulus.Happened { Event: var bought }
                ? new Outcome.Accepted { State = new Seen(state.Count + 1), Agenda = [new AgendaChange(bought.Key.ToString(), now + Duration.FromDays(100))] }
                : new Outcome.Accepted { Messages = [new Message { Occasion = $"thanks-{now}", Channel = "email", Template = "thanks", Purpose = "service", DecidedAt = now, UsefulUntil = now + Duration.FromDays(900) }] };
        }

        internal sealed record Seen(long Count);

        private sealed class Codec : SlotCodec<Seen>
        {
            public override int Version => 1;

            public override Seen Empty { get; } = new(0);

            protected override void Write(Seen state, SlotWriter writer) => writer.Whole(state.Count);

            protected override Seen Read(int version, ref SlotReader reader) => new(reader.Whole());
        }
    }
}
