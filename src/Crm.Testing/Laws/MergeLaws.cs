using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

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
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2) with { Outbox = [Samples.Message(2, "lone", hours: 1)] });
                await MergeAsync(bench);
                var leased = await bench.Outbox.LeaseAsync(Samples.At(2), Samples.At(9), 10, bench.Token);
                Bench.SameList("What waits, and for whom", [(Samples.Message(2, "lone").Id, Samples.Customer(1))], leased.Select(item => (item.Id, item.Customer)));
            },
            () => new NamesWhoseItWas()),

        Law.Of<IAtomicCommits>(
            "The_identities_that_join_are_counted_on_from_those_the_survivor_had",
            "In the order in which they were claimed, so that what a journal says of an identity by its number stays unambiguous; the next identity that is claimed has the next number.",
            async bench =>
            {
                await MergedAsync(bench);
                foreach (var (identity, reference) in new[] { (Samples.User(1), 1), (Samples.User(2), 2), (Phone, 3) })
                {
                    var found = await bench.LoadAsync(identity);
                    Bench.Same($"How many identities the survivor has, and which is the {identity.Kind}", (3, reference), (found.Identities, found.IdentityReference));
                }

                Bench.Same("The identity by which somebody is found who is asked for by id", null, (await bench.LoadAsync(2)).IdentityReference);
                await bench.WriteAsync(Samples.Commit(1, 2, "pos:next") with { Claims = [new IdentityClaim(Identity.Cookie("f00d"), 4)] });
                Bench.Same("The number of the next identity", 4, (await bench.LoadAsync(Identity.Cookie("f00d"))).IdentityReference);
            },
            () => new KeepsTheNumbersOfIdentities()) with { Since = 5 },

        Law.Of<IAtomicCommits>(
            "What_is_leased_while_two_become_one_stays_leased",
            "Whoever is sending it has it until the lease ends; then it is the survivor's like all that waits.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2) with { Outbox = [Samples.Message(2, "leased"), Samples.Message(2, "waits", hours: 2)] });
                Bench.Same("Items leased before the merge", 1, (await bench.LeaseAsync(Samples.At(1), Samples.At(5))).Count);
                await MergeAsync(bench);
                Bench.SameList("What can be leased while the lease lasts", [Samples.Message(2, "waits").Id], (await bench.LeaseAsync(Samples.At(3), Samples.At(9))).Select(item => item.Id));
                Bench.SameList(
                    "What can be leased when it has ended, and for whom",
                    [(Samples.Message(2, "leased").Id, Samples.Customer(1))],
                    (await bench.LeaseAsync(Samples.At(5), Samples.At(9))).Select(item => (item.Id, item.Customer)));
            },
            () => new EndsLeasesByAMerge()) with { Since = 5 },

        Law.Of<IAtomicCommits>(
            "What_was_leased_before_a_merge_is_settled_and_released_after_it",
            "Whoever has leased an item knows it under the customer who is merged meanwhile, perhaps more than once: settling, releasing and putting it off find it with the survivor.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(3), Samples.Birth(2) with { Outbox = [Samples.Message(2, "tried"), Samples.Message(2, "delayed"), Samples.Message(2, "settled"), Samples.Message(2, "slow")] });
                var items = await bench.LeaseAsync(Samples.At(4), Samples.At(8));
                await MergeAsync(bench);
                await bench.ReleaseAsync(items[0], Samples.At(8), Samples.At(0));
                await bench.PostponeAsync(items[1], Samples.At(8), Samples.At(0));
                await bench.SettleAsync(items[2]);
                Bench.SameList("What waits while the leases would last", [(items[0].Id, Samples.Customer(1)), (items[1].Id, Samples.Customer(1))], await WaitingAsync(bench, 5));
                Bench.Same("A merge of the survivor", new AtomicResult(CommitResult.Done, null), await bench.Atomic.CommitTogetherAsync([Retiring(1, 2, into: 3, known: 1, joining: 2), Samples.Commit(3, 1, "pos:second-merge")], bench.Token));
                await bench.SettleAsync(items[0]);
                await bench.ReleaseAsync(items[3], Samples.At(8), Samples.At(0));
                Bench.SameList("What waits after two merges", [(items[3].Id, Samples.Customer(3))], await WaitingAsync(bench, 6));
                Bench.SameList("What waits when all leases have ended", [(items[1].Id, Samples.Customer(3)), (items[3].Id, Samples.Customer(3))], await WaitingAsync(bench, 9));
            },
            () => new EndsLeasesOfTheLivingOnly()) with { Since = 5 },

        Law.Of<IAtomicCommits>(
            "What_has_left_does_not_leave_again_over_a_merge",
            "Not by itself, and not when the survivor's commit decides it again under the id that it had.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2) with { Outbox = [Samples.Message(2, "left"), Samples.Message(2, "waits", hours: 1)] });
                await bench.SettleAsync(Samples.Message(2, "left"));
                await MergeAsync(bench);
                await bench.WriteAsync(Samples.Commit(1, 2, "pos:again") with { Outbox = [Samples.Message(2, "left") with { Customer = Samples.Customer(1) }] });
                Bench.SameList("What leaves", [Samples.Message(2, "waits").Id], (await bench.LeaseAsync(Samples.At(9), Samples.At(10))).Select(item => item.Id));
            },
            () => new ForgetsByAMergeWhatHasLeft()) with { Since = 5 },

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

    private static async Task<IEnumerable<(string, CustomerId)>> WaitingAsync(Bench bench, int hours) => (await bench.LeaseAsync(Samples.At(hours), Samples.At(9))).Select(item => (item.Id, item.Customer));

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

    /// <summary>A store that does something else once two became one.</summary>
    private abstract class ChangedByAMerge : StoreDecorator
    {
        protected bool Merged { get; private set; }

        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            var result = await base.CommitTogetherAsync(commits, cancellationToken);
            if (result.Result is CommitResult.Committed && commits.Any(commit => commit.Retirement is not null))
            {
                Merged = true;
                await AfterAsync(cancellationToken);
            }

            return result;
        }

        protected virtual ValueTask AfterAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    /// <summary>Says of what waits for the survivor that it waits for whoever was merged.</summary>
    private sealed class NamesWhoseItWas : ChangedByAMerge
    {
        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var items = await base.LeaseAsync(now, until, most, cancellationToken);
            return Merged ? [.. items.Select(item => item is OutboxItem.OfMessage { Message.Occasion: "lone" } ? item with { Customer = Samples.Customer(2) } : item)] : items;
        }
    }

    /// <summary>Hands identities over with the numbers that they had.</summary>
    private sealed class KeepsTheNumbersOfIdentities : ChangedByAMerge
    {
        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            var right = await base.LoadAsync(customer, cancellationToken);
            return Merged && customer.Identity is { } identity && (identity == Samples.User(2) || identity == Phone) ? right with { IdentityReference = right.IdentityReference - 1 } : right;
        }
    }

    /// <summary>Hands over what waits as if nobody had it.</summary>
    private sealed class EndsLeasesByAMerge : ChangedByAMerge
    {
        private readonly List<(OutboxItem Item, Instant Until)> leased = [];

        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var items = await base.LeaseAsync(now, until, most, cancellationToken);
            leased.AddRange(items.OfType<OutboxItem.OfMessage>().Where(item => item.Message.Occasion == "leased").Select(item => ((OutboxItem)item, until)));
            return items;
        }

        protected override async ValueTask AfterAsync(CancellationToken cancellationToken)
        {
            foreach (var (item, until) in leased)
            {
                await InnerOutbox.PostponeAsync(item, until, item.NotBefore, cancellationToken);
            }
        }
    }

    /// <summary>Looks for an item with the customer that whoever leased it names, and nowhere else.</summary>
    private sealed class EndsLeasesOfTheLivingOnly : ChangedByAMerge
    {
        public override async ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken)
        {
            if (await IsOfTheLivingAsync(item, cancellationToken))
            {
                await base.SettleAsync(item, cancellationToken);
            }
        }

        public override async ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken)
        {
            if (await IsOfTheLivingAsync(item, cancellationToken))
            {
                await base.ReleaseAsync(item, lease, notBefore, cancellationToken);
            }
        }

        private async ValueTask<bool> IsOfTheLivingAsync(OutboxItem item, CancellationToken cancellationToken) =>
            !Merged || (await Inner.LoadAsync(CustomerRef.Of(item.Customer), cancellationToken)).Customer == item.Customer;
    }

    /// <summary>Hands over what waits, and not what it knows of what has left.</summary>
    private sealed class ForgetsByAMergeWhatHasLeft : ChangedByAMerge
    {
        private readonly HashSet<string> left = new(StringComparer.Ordinal);

        public override ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken)
        {
            lock (left)
            {
                left.Add(item.Id);
            }

            return base.SettleAsync(item, cancellationToken);
        }

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            lock (left)
            {
                return base.CommitAsync(Merged ? commit with { Outbox = commit.Outbox.Select(item => left.Contains(item.Id) ? item with { Id = item.Id + "/again" } : item).ToSequence() } : commit, cancellationToken);
            }
        }
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
