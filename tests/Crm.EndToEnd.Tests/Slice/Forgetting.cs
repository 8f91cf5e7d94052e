using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using Crm.Customers;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Privacy;
using Crm.Privacy.Consents;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Storage.Tests;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;

namespace Crm.EndToEnd.Tests.Slice;

/// <summary>I6: a person is forgotten by every package and every table, and the books are what they were. Over memory, SQLite and PostgreSQL.</summary>
public sealed class Forgetting
{
    private static readonly Identity Amy = Identity.User("erased-user-4711");
    private static readonly Identity Visitor = Identity.Cookie("erased-cookie-4712");

    // Everything that was ever told of the person, but for the keys of events.
    private static readonly string[] Personal =
    [
        "erased-user-4711", "erased-cookie-4712", "+85291234713", "erased-name-4714", "erased-mail-4715", "erased-tag-4716", "erased-reference-4717", "erased-lookup-4718", "erased-actor-4719", "erased-notice-4720", "erased-sku-4721", "erased-visitor-4722",
    ];

    public static TheoryData<string> Stores => ["memory", "SQLite", "PostgreSQL"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task I6_no_value_of_the_person_is_anywhere_and_the_books_certify_as_before(string kind)
    {
        await using var host = new Host(kind);
        var amy = await LiveAsync(host);
        var bob = await host.Crm.RecordAsync(CustomerEvent.Purchase("till:bob", Identity.User("bob"), Money.Hkd(70)), Token);
        var before = await host.CertifyAsync();
        foreach (var value in Personal)
        {
            Assert.True((await host.FindAsync(value)).Count > 0, $"The search does not find '{value}', which is there.");
        }

        Assert.Equal(1, await host.WaitingAsync());
        var crm = host.Crm;
        // snippet: erase
        var result = await crm.EraseAsync(new EraseRequest(EventKey.Parse("desk:17"), CustomerRef.Of(Visitor)) { Actor = "staff:17" });
        // end

        Assert.Equal(amy, Assert.IsType<EraseResult.Erased>(result).Customer);
        foreach (var value in Personal)
        {
            Assert.Equal([], (await host.FindAsync(value)).Select(place => $"'{value}' is in {place}"));
        }

        Assert.Equal(0, await host.WaitingAsync());
        Assert.Equal(before, await host.CertifyAsync());
        Assert.Empty(before.Faults);
        await host.VerifyAsync();
        Assert.Equal(15m, (await crm.ReadAsync(CustomerRef.Of(amy), Token))?.Fact("loyalty.tea-club.points").AsNumber);
        Assert.Equal(7m, (await crm.ReadAsync(CustomerRef.Of(bob.Customer), Token))?.Fact("loyalty.tea-club.points").AsNumber);
        await host.WorksAsync();
        Assert.Empty(host.Sent);

        var again = await crm.RecordAsync(CustomerEvent.Purchase("till:again", Amy, Money.Hkd(30)), Token);
        Assert.NotEqual(amy, again.Customer);
        Assert.Equal(3m, (await crm.ReadAsync(CustomerRef.Of(Amy), Token))?.Fact("loyalty.tea-club.points").AsNumber);
        Assert.Equal(result, await crm.EraseAsync(new EraseRequest(EventKey.Parse("desk:17"), CustomerRef.Of(Visitor)) { Actor = "staff:17" }, Token));
        Assert.Equal(again.Customer, (await crm.ReadAsync(CustomerRef.Of(Amy), Token))?.Customer);
        await host.VerifyAsync();
        Assert.Empty((await host.CertifyAsync()).Faults);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task I6_with_the_journal_kept_nobody_finds_the_person_and_everything_is_decided_as_before(string kind)
    {
        await using var host = new Host(kind);
        var amy = await LiveAsync(host);
        var before = await host.CertifyAsync();

        await host.Crm.EraseAsync(new EraseRequest(EventKey.Parse("desk:17"), CustomerRef.Of(Amy)) { KeepJournal = true }, Token);

        foreach (var value in Personal.Where(value => value is "erased-user-4711" or "erased-cookie-4712" or "+85291234713"))
        {
            Assert.Empty(await host.FindAsync(value));
        }

        Assert.Equal(before, await host.CertifyAsync());
        await host.VerifyAsync();
        var refund = await host.Crm.RecordAsync(CustomerEvent.Refund("till:back", Amy, "till:1", Money.Hkd(100)) with { Identity = null, Customer = amy }, Token);
        Assert.Equal(-10, refund.Total("points"));
        await host.VerifyAsync();
    }

    // Amy is known by two names and merged with a visitor; she has a profile that is observed, tags, consents, and a message that waits.
    private static async Task<CustomerId> LiveAsync(Host host)
    {
        var crm = host.Crm;
        var first = await crm.RecordAsync(
            CustomerEvent.Purchase("till:1", Amy, Money.Hkd(100), new EventLine("erased-sku-4721", 1, Money.Hkd(100))) with
            {
                AlsoKnownAs = [Identity.Phone("+85291234713")],
                Actor = "erased-actor-4719",
                Lookups = Fields.Of(("weather", "erased-lookup-4718")),
            },
            Token);
        await crm.RecordAsync(CustomerEvents.Profile("web:1", Amy, Fields.Of(("name", "erased-name-4714"), ("email", "erased-mail-4715@example.org"))), Token);
        await crm.RecordAsync(CustomerEvents.Tag("desk:1", Amy, "erased-tag-4716", "erased-actor-4719"), Token);
        await crm.RecordAsync(ConsentEvents.Give("web:2", Amy, "email", "marketing", "erased-notice-4720"), Token);
        await crm.RecordAsync(CustomerEvent.Purchase("web:3", Visitor, Money.Hkd(50)) with { Profile = Fields.Of(("name", "erased-visitor-4722")) }, Token);
        await crm.MergeAsync(new MergeRequest(EventKey.Parse("desk:2"), CustomerRef.Of(Amy), CustomerRef.Of(Visitor)), Token);
        await crm.RecordAsync(LoyaltyEvents.Action("web:4", Amy, "review", "erased-reference-4717"), Token);
        return first.Customer;
    }

    private sealed class Host : IAsyncDisposable
    {
        private readonly string kind;
        private readonly string schema = PostgreSqlServer.NewSchema();
        private readonly string file = Path.Combine(Path.GetTempPath(), $"crm-forget-{Guid.NewGuid():N}.db");
        private readonly ServiceProvider services;
        private readonly FakeClock clock = new(Slice.Local(2026, 3, 2, 10));
        private readonly Outgoing outgoing = new();
        private readonly ICustomerModule[] modules;

        public Host(string kind)
        {
            this.kind = kind;
            Store = kind switch
            {
                "memory" => new InMemoryStore(),
                "SQLite" => SqliteStore.Open($"Data Source={file};Pooling=False"),
                _ => PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, new PostgreSqlStoreOptions { Schema = schema }),
            };
            services = new ServiceCollection()
                .AddSingleton<IClock>(clock)
                .AddSingleton<IIdSource>(new SeededIdSource())
                .AddCrm(crm => crm.UseStore(_ => Store)
                    .AddCustomers()
                    .AddPrivacy(privacy => privacy.Purposes(new Purpose("marketing", new("Offers of tea", "茶品優惠"), PurposeUse.Marketing)))
                    .AddLoyalty(Club)
                    .AddCampaigns(campaigns => campaigns
                        .Journey(new Journey { Id = "thanks", Trigger = new Trigger.OnEvent(LoyaltyEvents.ActionName), Message = new JourneyMessage("email", "thanks", "marketing", Duration.FromDays(3)) })
                        .Channel(_ => outgoing))
                    .AddModule(new Listener()))
                .BuildServiceProvider();
            Crm = services.GetRequiredService<CrmEngine>();
            modules = [.. services.GetServices<ICustomerModule>()];
        }

        public ICustomerStore Store { get; }

        public CrmEngine Crm { get; }

        public IReadOnlyList<Message> Sent => outgoing.Messages;

        private static LoyaltyProgram Club { get; } = new()
        {
            Name = "tea-club",
            Zone = "Asia/Hong_Kong",
            Units = [new("points", UnitKind.Redeemable)],
            Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(10), Basis = EarningBasis.WholeSpend }],
        };

        public async Task<Certificate> CertifyAsync() => await new Certification((ILedgerScan)Store).CountAsync(Token);

        public async Task<long> WaitingAsync() => (await ((IStoreStatus)Store).ReadStatusAsync(clock.GetCurrentInstant() + Duration.FromDays(1), Token)).OutboxDepth;

        public async Task WorksAsync()
        {
            clock.Advance(Duration.FromDays(40));
            await Crm.RunDueAsync(cancellationToken: Token);
            await Crm.PumpAsync(cancellationToken: Token);
        }

        public async Task VerifyAsync()
        {
            var verifier = new CustomerVerifier(modules, new CrmOptions());
            Assert.NotEmpty(modules);
            var ledgers = (await ((IJournalScan)Store).ReadLedgerAsync(Token).ToListAsync(Token)).ToLookup(row => row.Customer, row => row.Entry);
            foreach (var entries in ledgers)
            {
                var customer = entries.Key;
                var snapshot = await Store.LoadAsync(CustomerRef.Of(customer), Token);
                var history = await Store.LoadWholeAsync(customer, Token);
                var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, [.. entries]) : verifier.VerifyRetired(customer, history, [.. entries]);
                Assert.Equal([], verdict.Differences.Select(difference => $"{difference}"));
            }
        }

        public async Task<IReadOnlyList<string>> FindAsync(string text)
        {
            if (Store is InMemoryStore memory)
            {
                return [.. MemorySearch.Find(memory, text)];
            }

            System.Data.Common.DbConnection connection = kind == "SQLite" ? new SqliteConnection($"Data Source={file};Pooling=False") : new NpgsqlConnection(PostgreSqlServer.ConnectionString);
            await using (connection)
            {
                await connection.OpenAsync(Token);
                var tables = kind == "SQLite" ? "SELECT name FROM sqlite_master WHERE type = 'table'" : $"SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = '{schema}'";
                return await DatabaseSearch.FindAsync(connection, await DatabaseSearch.NamesAsync(connection, tables, Token), text, Token);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await services.DisposeAsync();
            if (Store is IAsyncDisposable store)
            {
                await store.DisposeAsync();
            }

            if (kind == "PostgreSQL")
            {
                PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
            }

            foreach (var suffix in new[] { "", "-wal", "-shm" })
            {
                File.Delete(file + suffix);
            }
        }
    }

    /// <summary>A team's own module that hears everybody's name, and forgets it when it is told to.</summary>
    private sealed class Listener : CustomerModule<Heard>
    {
        public override ModuleContract Contract { get; } = new() { Name = "listener", Codec = new HeardCodec(), Handles = ["*"], Observes = ["name"] };

        protected override Outcome Handle(Heard state, ModuleContext context) => context.Stimulus switch
        {
            Stimulus.Happened { Event.Kind: EventKinds.ErasedName } => new Outcome.Accepted { State = new Heard("") },
            Stimulus.Happened when context.Observed("name").AsCode is { } name && name != state.Name => new Outcome.Accepted { State = new Heard(name) },
            _ => Outcome.Nothing,
        };
    }

    private sealed record Heard(string Name);

    private sealed class HeardCodec : SlotCodec<Heard>
    {
        public override int Version => 1;

        public override Heard Empty { get; } = new("");

        protected override void Write(Heard state, SlotWriter writer) => writer.Text(state.Name);

        protected override Heard Read(int version, ref SlotReader reader) => new(reader.Code());
    }

    private sealed class Outgoing : IMessageChannel
    {
        public List<Message> Messages { get; } = [];

        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Messages.Add(message);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}
