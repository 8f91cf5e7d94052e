using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>Two customers who become one.</summary>
internal static class MergeLaws
{
    private static readonly Identity Phone = Identity.Phone("+85291234567");

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IAtomicCommits>(
            "The_id_and_the_identities_of_whoever_was_merged_lead_to_the_survivor",
            "By id and by every identity, one by one and many at once, over as many merges as there were.",
            async bench =>
            {
                await MergedAsync(bench);
                CustomerRef[] references = [CustomerRef.Of(Samples.Customer(1)), CustomerRef.Of(Samples.Customer(2)), CustomerRef.Of(Samples.User(1)), CustomerRef.Of(Samples.User(2)), CustomerRef.Of(Phone)];
                foreach (var reference in references)
                {
                    Bench.Same($"Who is found by {Shown(reference)}", Samples.Customer(1), (await bench.Store.LoadAsync(reference, bench.Token)).Customer);
                }

                if (bench.Store is IBulkCommit bulk)
                {
                    Bench.SameList("Who is found by many references at once", references.Select(_ => Samples.Customer(1)), (await bulk.LoadManyAsync(references, bench.Token)).Select(loaded => loaded.Customer ?? default));
                }

                await bench.WriteAsync(Samples.Birth(3));
                Bench.Same("A merge of the survivor", new AtomicResult(CommitResult.Done, null), await bench.Atomic.CommitTogetherAsync([Retiring(1, 2, into: 3, known: 1, joining: 3), Samples.Commit(3, 1, "pos:second-merge")], bench.Token));
                Bench.Same("Who is found by the first id after two merges", Samples.Customer(3), (await bench.Store.LoadAsync(CustomerRef.Of(Samples.Customer(2)), bench.Token)).Customer);
                Bench.Same("Who is found by the identity after two merges", Samples.Customer(3), (await bench.Store.LoadAsync(CustomerRef.Of(Phone), bench.Token)).Customer);
            },
            () => new FindsNobodyByTheOldId()),

        Law.Of<IAtomicCommits>(
            "Whoever_was_merged_is_listed_no_more",
            "A scan of customers passes over the retired one, whose journal is there still.",
            async bench =>
            {
                await MergedAsync(bench);
                if (bench.Store is IJournalScan scan)
                {
                    Bench.SameList("The customers", [Samples.Customer(1)], await scan.ReadCustomersAsync(bench.Token).ToListAsync(bench.Token));
                }
            },
            () => new ListsEverybody()),

        Law.Of<IAtomicCommits>(
            "What_waits_for_whoever_was_merged_waits_for_the_survivor",
            "Under the id that it had.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2) with { Outbox = [Samples.Message(2, "waits", hours: 1)] });
                await MergeAsync(bench);
                var leased = await bench.Outbox.LeaseAsync(Samples.At(2), Samples.At(9), 10, bench.Token);
                Bench.SameList("What waits, and for whom", [(Samples.Message(2, "waits").Id, Samples.Customer(1))], leased.Select(item => (item.Id, item.Customer)));
            },
            () => new NamesWhoseItWas()),

        Law.Of<IAtomicCommits>(
            "A_merge_is_written_wholly_or_not_at_all",
            "Where either side has changed, nobody is merged; nor without a commit of the survivor.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2));
                foreach (var (about, commits) in new[]
                {
                    ("a survivor who has changed", new[] { Retiring(2, 1, into: 1, known: 1, joining: 1), Samples.Commit(1, 7, "pos:merge") }),
                    ("a retired customer who has changed", [Retiring(2, 7, into: 1, known: 1, joining: 1), Samples.Commit(1, 1, "pos:merge")]),
                })
                {
                    Bench.Same($"A merge with {about}", new CommitResult.VersionConflict(), (await bench.Atomic.CommitTogetherAsync(commits, bench.Token)).Result);
                    Bench.Same($"Who the retired customer is after a merge with {about}", Samples.Customer(2), (await bench.Store.LoadAsync(CustomerRef.Of(Samples.User(2)), bench.Token)).Customer);
                }

                await ThrownAsync("A merge without the survivor", async () => await bench.Atomic.CommitTogetherAsync([Retiring(2, 1, into: 1, known: 1, joining: 1)], bench.Token));
                Bench.Same("Who the retired customer is after that", Samples.Customer(2), (await bench.Store.LoadAsync(CustomerRef.Of(Samples.User(2)), bench.Token)).Customer);
            },
            () => new MergesAnyway()),
    ];

    private static async Task MergedAsync(Bench bench)
    {
        await bench.WriteAsync(
            Samples.Birth(1),
            Samples.Birth(2) with { Claims = [new IdentityClaim(Samples.User(2), 1), new IdentityClaim(Phone, 2)] });
        await MergeAsync(bench, identities: 2);
    }

    private static async Task MergeAsync(Bench bench, int identities = 1)
    {
        var merged = await bench.Atomic.CommitTogetherAsync([Retiring(2, 1, into: 1, known: 1, joining: identities), Samples.Commit(1, 1, "pos:merge")], bench.Token);
        Bench.Same("A merge that nothing stands against", new AtomicResult(CommitResult.Done, null), merged);
    }

    private static Commit Retiring(int customer, long version, int into, int known, int joining) =>
        Samples.Commit(customer, version, $"pos:retired-{customer}") with { Retirement = new Retirement(Samples.Customer(into), known, joining), NextDueChanged = true };

    private static string Shown(CustomerRef customer) => customer.Id is { } id ? $"the id {id}" : $"the {customer.Identity?.Kind}";

    private static async Task ThrownAsync(string about, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (InvalidOperationException)
        {
            return;
        }

        throw new LawBroken(about, "an answer", nameof(InvalidOperationException));
    }

    /// <summary>Hands identities over, and leads an old id nowhere.</summary>
    private sealed class FindsNobodyByTheOldId : StoreDecorator
    {
        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => Found(customer, await base.LoadAsync(customer, cancellationToken));

        public override async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) =>
            [.. customers.Zip(await base.LoadManyAsync(customers, cancellationToken), Found)];

        private static CustomerSnapshot Found(CustomerRef customer, CustomerSnapshot loaded) => customer.Id is { } id && loaded.Customer != id ? CustomerSnapshot.Nobody with { Recorded = loaded.Recorded } : loaded;
    }

    /// <summary>Lists whoever it has a journal of.</summary>
    private sealed class ListsEverybody : StoreDecorator
    {
        public override async IAsyncEnumerable<CustomerId> ReadCustomersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var listed = new HashSet<CustomerId>();
            await foreach (var customer in base.ReadCustomersAsync(cancellationToken))
            {
                listed.Add(customer);
                yield return customer;
            }

            await foreach (var (customer, _) in base.ReadAllAsync(cancellationToken))
            {
                if (listed.Add(customer))
                {
                    yield return customer;
                }
            }
        }
    }

    /// <summary>Says of what waits for the survivor that it waits for whoever was merged.</summary>
    private sealed class NamesWhoseItWas : StoreDecorator
    {
        private bool merged;

        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            var result = await base.CommitTogetherAsync(commits, cancellationToken);
            merged |= result.Result is CommitResult.Committed;
            return result;
        }

        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(NodaTime.Instant now, NodaTime.Instant until, int most, CancellationToken cancellationToken) =>
            merged ? [.. (await base.LeaseAsync(now, until, most, cancellationToken)).Select(item => item with { Customer = Samples.Customer(2) })] : await base.LeaseAsync(now, until, most, cancellationToken);
    }

    /// <summary>Merges whatever the versions are.</summary>
    private sealed class MergesAnyway : StoreDecorator
    {
        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            var result = await base.CommitTogetherAsync(commits, cancellationToken);
            return result.Result is CommitResult.VersionConflict && commits.Any(commit => commit.Retirement is not null)
                ? await base.CommitTogetherAsync([.. await Task.WhenAll(commits.Select(async commit => Current(commit, (await Inner.LoadAsync(CustomerRef.Of(commit.Customer), cancellationToken)).Version)))], cancellationToken)
                : result;
        }

        private static Commit Current(Commit commit, long version) => commit with
        {
            ExpectedVersion = version,
            Version = version + 1,
            Entries = commit.Entries.Select(entry => entry with { Version = version + 1, Receipt = entry.Receipt with { Version = version + 1 } }).ToSequence(),
        };
    }
}
