using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>What belongs to different tenants, databases or customers never meets.</summary>
internal static class PlaceLaws
{
    private static readonly StoredDocument Club = new("programme", "club", 1, """{"名":"茶會"}""", Samples.Start);

    public static IEnumerable<StorageLaw> All =>
    [
        Law.OfStores<ICustomerStore>(
            "Tenants_never_meet",
            "Two tenants with the same ids, keys, identities, supplies, documents and messages know nothing of each other.",
            async (factory, cancellationToken) => await NeverMeetAsync(await factory.OpenAsync("tea", cancellationToken), await factory.OpenAsync("coffee", cancellationToken), cancellationToken),
            () =>
            {
                var shared = new InMemoryStore();
                return new CounterfeitFactory(tenant => tenant is "tea" or "coffee" ? new Faulty(shared) : new Faulty());
            }),

        Law.Needing<ICustomerStore, IElsewhere>(
            "Databases_never_meet",
            "The same tenant in two databases, or in two schemas of one server, is two tenants: the same ids, keys, identities, supplies, documents and messages know nothing of each other.",
            async (factory, cancellationToken) => await NeverMeetAsync(await factory.OpenAsync("default", cancellationToken), await factory.OpenElsewhereAsync("default", cancellationToken), cancellationToken),
            () => new CounterfeitFactory(_ => new Faulty()) { ElsewhereIsHere = true }),

        Law.Of<ICustomerStore>(
            "Customers_of_one_bucket_are_kept_apart",
            "Three customers whose rows share a bucket have each their own state, journal, facts, checkpoints and timers, and what one of them loses the others keep.",
            async bench =>
            {
                var customers = Enumerable.Range(1, 5_000).GroupBy(number => Samples.Customer(number).Bucket).First(bucket => bucket.Count() >= 3).Take(3).ToArray();
                foreach (var customer in customers)
                {
                    await bench.WriteAsync(Bench.Everything(customer, 0) with { Profile = Fields.Of(("bucket", $"profile-{customer}")), Slots = [Samples.Slot("loyalty", (byte)customer)] });
                }

                await bench.WriteAsync(Samples.Commit(customers[0], 1) with { Profile = Fields.None, Facts = [new("loyalty.points", default), new("loyalty.tier", default)], CheckpointsInvalidFrom = Samples.Start, NextDueChanged = true });
                foreach (var customer in customers[1..])
                {
                    var seen = await bench.LoadAsync(customer);
                    Bench.SameList("The slots of a customer", [Samples.Slot("loyalty", (byte)customer)], seen.Slots);
                    Bench.Same("The profile of a customer", $"profile-{customer}", seen.Profile["bucket"].AsCode);
                    Bench.SameList("The journal of a customer", Bench.Everything(customer, 0).Entries, await bench.JournalAsync(customer));
                    Bench.Same("The checkpoint of a customer", Samples.At(0), (await bench.HistoryAsync(customer, new HistoryStart.Before(Bench.Later))).Checkpoint?.At);
                    if (bench.Store is IJournalScan)
                    {
                        Bench.Same("The facts of a customer", 2, (await bench.FactsAsync()).Count(row => row.Item1 == Samples.Customer(customer)));
                    }
                }

                if (bench.Store is IWakeups)
                {
                    Bench.SameList("Customers due", customers[1..].Select(Samples.Customer).Order(), (await bench.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later)).Order());
                }
            },
            () => new TakesTheBucketForTheCustomer()),
    ];

    private static async Task NeverMeetAsync(ICustomerStore first, ICustomerStore second, CancellationToken cancellationToken)
    {
        var tea = new Bench(first, cancellationToken);
        var coffee = new Bench(second, cancellationToken);
        await tea.WriteAsync(Samples.Birth(1) with
        {
            Slots = [Samples.Slot("loyalty", 1)],
            Ledger = [Samples.Issued(1)],
            Facts = [new("loyalty.points", 1)],
            Profile = Fields.Of(("city", "九龍")),
            NextDue = Samples.Start,
            NextDueChanged = true,
            Outbox = [Samples.Message(1, "welcome")],
            Checkpoints = [new Checkpoint(Samples.Start, [])],
        });
        Bench.Same("A customer of another tenant, by id", CustomerSnapshot.Nobody, await coffee.LoadAsync(1));
        Bench.Same("A customer of another tenant, by identity", CustomerSnapshot.Nobody, await coffee.LoadAsync(Samples.User(1)));
        Bench.Same("A key of another tenant", null, (await coffee.Store.LoadAsync(CustomerRef.Of(Samples.User(1)) with { Recording = EventKey.Parse("pos:birth-1") }, cancellationToken)).Recorded);
        Bench.SameList("The journal of a customer of another tenant", [], await coffee.JournalAsync(1));
        Bench.Same("The checkpoint of a customer of another tenant", null, (await coffee.HistoryAsync(1, new HistoryStart.Before(Bench.Later))).Checkpoint);
        await OptionalPartsAsync(tea, coffee, cancellationToken);
        await coffee.WriteAsync(Samples.Birth(1), Samples.Commit(1, 1) with { CheckpointsInvalidFrom = Samples.Start, NextDueChanged = true, Withdrawn = [Samples.Message(1, "welcome").Id], Facts = [new("loyalty.points", default)] });
        Bench.Same("The version in the first tenant", 1, (await tea.LoadAsync(1)).Version);
        Bench.Same("The checkpoint in the first tenant", Samples.Start, (await tea.HistoryAsync(1, new HistoryStart.Before(Bench.Later))).Checkpoint?.At ?? default);
        if (tea.Store is IOutbox)
        {
            Bench.Same("Messages in the first tenant", 1, (await tea.LeaseAsync(Bench.Later, Bench.Later)).Count);
        }

        if (tea.Store is IWakeups)
        {
            Bench.Same("Customers due in the first tenant", 1, (await tea.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later)).Count);
        }

        if (tea.Store is IJournalScan)
        {
            Bench.Same("Facts in the first tenant", 1, (await tea.FactsAsync()).Count);
        }
    }

    private static async Task OptionalPartsAsync(Bench tea, Bench coffee, CancellationToken cancellationToken)
    {
        if (coffee.Store is IJournalScan scan)
        {
            Bench.Same("Customers of a tenant without any", 0, await scan.ReadCustomersAsync(cancellationToken).CountAsync(cancellationToken));
            Bench.Same("Ledger entries of a tenant without any", 0, (await coffee.LedgerAsync()).Count);
            Bench.Same("Facts of a tenant without any", 0, (await coffee.FactsAsync()).Count);
            Bench.Same("Identities of a tenant without any", 0, await scan.ReadIdentitiesAsync(cancellationToken).CountAsync(cancellationToken));
        }

        if (coffee.Store is IOutbox)
        {
            Bench.Same("Messages of a tenant without any", 0, (await coffee.LeaseAsync(Bench.Later, Bench.Later)).Count);
        }

        if (coffee.Store is IWakeups)
        {
            Bench.Same("Customers due of a tenant without any", 0, (await coffee.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later)).Count);
        }

        if (coffee.Store is IQuotas)
        {
            await tea.Quotas.SetAsync("mug", 3, cancellationToken);
            Bench.Same("A supply of another tenant", 0, await coffee.Quotas.AvailableAsync("mug", cancellationToken));
        }

        if (coffee.Store is IDocumentStore)
        {
            await tea.Documents.AddAsync(Club, cancellationToken);
            Bench.Same("A document of another tenant", null, await coffee.Documents.LatestAsync("programme", "club", cancellationToken));
        }
    }

    private sealed class TakesTheBucketForTheCustomer : StoreDecorator
    {
        private readonly Dictionary<int, Fields> profiles = [];

        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            var right = await base.LoadAsync(customer, cancellationToken);
            lock (profiles)
            {
                return right.Customer is { } id && right.Profile["bucket"].AsCode is not null && !profiles.TryAdd(id.Bucket, right.Profile) ? right with { Profile = profiles[id.Bucket] } : right;
            }
        }
    }
}
