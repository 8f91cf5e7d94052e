using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Documents grow by versions and lose nothing.</summary>
internal static class DocumentLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IDocumentStore>(
            "Documents_have_versions_without_gaps",
            "Only the next version of a document is taken, the first being 1; of ten who add it at once, one does.",
            async bench =>
            {
                Bench.Same("Whether a document may begin with version 2", false, await bench.Documents.AddAsync(Document(2), bench.Token));
                Bench.Same("Whether a document may begin with version 0", false, await bench.Documents.AddAsync(Document(0), bench.Token));
                var added = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () => await bench.Documents.AddAsync(Document(1), bench.Token))));
                Bench.Same("How many added version 1", 1, added.Count(one => one));
                Bench.Same("Whether version 3 may follow version 1", false, await bench.Documents.AddAsync(Document(3), bench.Token));
                Bench.Same("Whether version 2 may follow version 1", true, await bench.Documents.AddAsync(Document(2), bench.Token));
                Bench.Same("The latest version", Document(2), await bench.Documents.LatestAsync("programme", "club", bench.Token));
                Bench.Same("The latest version of an unknown document", null, await bench.Documents.LatestAsync("programme", "Club", bench.Token));
            },
            () => new Faulty { Add = async (document, store) => document.Version == 3 ? await store.AddAsync(document with { Version = 2 }, default) : await store.AddAsync(document, default) }),

        Law.Of<IDocumentStore>(
            "Documents_are_never_overwritten",
            "A version that exists is not taken again, and all versions of all documents of a kind come back by name and version.",
            async bench =>
            {
                var other = Document(1) with { Name = "a-club" };
                var elsewhere = Document(1) with { Kind = "segment" };
                foreach (var document in new[] { Document(1), elsewhere, Document(2), other })
                {
                    Bench.Same("Whether a new version is taken", true, await bench.Documents.AddAsync(document, bench.Token));
                }

                Bench.Same("Whether a version is taken again", false, await bench.Documents.AddAsync(Document(1) with { Content = "{}" }, bench.Token));
                Bench.Same("Whether the latest version is taken again", false, await bench.Documents.AddAsync(Document(2) with { Content = "{}" }, bench.Token));
                var all = await bench.Documents.ReadAllAsync("programme", bench.Token).ToListAsync(bench.Token);
                Bench.SameList("All documents of a kind", [other, Document(1), Document(2)], all);
            },
            () => new Overwrites()),

        new StorageLaw(
            "Tenants_never_meet",
            "Two tenants with the same ids, keys, identities, supplies, documents and messages know nothing of each other.",
            typeof(ICustomerStore),
            TenantsAsync)
        {
            Counterfeit = () =>
            {
                var shared = new InMemoryStore();
                return new CounterfeitFactory(_ => new Faulty(shared));
            },
        },
    ];

    private static StoredDocument Document(int version) => new("programme", "club", version, $$"""{"名":"茶會","version":{{version}}}""", Samples.At(version) + Duration.FromTicks(1));

    private static async Task TenantsAsync(IStoreFactory factory, CancellationToken cancellationToken)
    {
        var tea = new Bench(await factory.OpenAsync("tea", cancellationToken), cancellationToken);
        var coffee = new Bench(await factory.OpenAsync("coffee", cancellationToken), cancellationToken);
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
            await tea.Documents.AddAsync(Document(1), cancellationToken);
            Bench.Same("A document of another tenant", null, await coffee.Documents.LatestAsync("programme", "club", cancellationToken));
        }
    }

    private sealed class Overwrites : StoreDecorator
    {
        private readonly Dictionary<int, StoredDocument> replaced = [];

        public override async ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken)
        {
            var added = await base.AddAsync(document, cancellationToken);
            if (!added && document.Content == "{}")
            {
                replaced[document.Version] = document;
            }

            return added;
        }

        public override IAsyncEnumerable<StoredDocument> ReadAllAsync(string kind, CancellationToken cancellationToken) =>
            base.ReadAllAsync(kind, cancellationToken).Select(document => document.Name == "club" ? replaced.GetValueOrDefault(document.Version, document) : document);
    }
}
