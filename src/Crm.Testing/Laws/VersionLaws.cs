using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>A commit is written wholly, by one of those who compete, or not at all.</summary>
internal static class VersionLaws
{
    private static readonly int[] Writers = [2, 10, 100];

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "A_conflict_of_versions_writes_nothing",
            "A commit made from an old version is refused, and no part of it is written.",
            async bench =>
            {
                await bench.WriteAsync(Bench.Everything(1, 0), Samples.Commit(1, 1, "pos:2"));
                await bench.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later + Duration.FromDays(9));
                var before = await bench.ContentAsync(1);
                foreach (var expected in new long[] { 0, 1, 3 })
                {
                    var stale = Bench.Everything(1, expected) with { Entries = [Samples.Entry(1, expected + 1, Samples.Purchase("pos:9"))], Claims = [new IdentityClaim(Samples.User(9), 2)], Outbox = [Samples.Message(1, "stale")] };
                    Bench.Same<CommitResult>($"A commit from version {expected} of a customer of version 2", new CommitResult.VersionConflict(), await bench.TryAsync(stale));
                    await bench.UnchangedAsync("After a conflict of versions", before, [1], [.. stale.Outbox]);
                }

                Bench.Same("The owner of an identity that was claimed in vain", CustomerSnapshot.Nobody, await bench.LoadAsync(Samples.User(9)));
            },
            () => Faulty.WritingAPartOnRefusal<CommitResult.VersionConflict>(commit => commit.Checkpoints.IsEmpty ? null : commit with { Entries = [], Claims = [], Outbox = [] })),

        Law.Of<ICustomerStore>(
            "Nobody_can_be_updated_who_was_not_born",
            "A commit that expects a version of a customer whom the store does not have is a conflict, and gives birth to nobody.",
            async bench =>
            {
                Bench.Same<CommitResult>("A commit from version 3 of nobody", new CommitResult.VersionConflict(), await bench.TryAsync(Samples.Commit(1, 3, "pos:1")));
                Bench.Same("A customer who was not born", CustomerSnapshot.Nobody, await bench.LoadAsync(1));
                await bench.WriteAsync(Samples.Birth(1, "pos:1"));
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var unborn = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default)).Customer is null;
                    return await store.CommitAsync(unborn ? commit with { ExpectedVersion = 0 } : commit, default);
                },
            }),

        Law.Of<ICustomerStore>(
            "A_commit_upon_another_slot_is_a_conflict",
            "A commit that says what a slot must be is refused where the store has none of that name, or one with another content, though the version is right; nothing of it is written.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1) with { Slots = [Samples.Slot("kernel", 1), Samples.Slot("loyalty", 2)] }, Samples.Birth(2));
                var before = await bench.ContentAsync(1, 2);
                foreach (var other in (StoredSlot[])[Samples.Slot("kernel", 2), Samples.Slot("loyalty", 1), Samples.Slot("campaigns", 1)])
                {
                    var stale = Samples.Commit(1, 1, "pos:9") with { Upon = other, Slots = [Samples.Slot("kernel", 3)] };
                    Bench.Same<CommitResult>($"A commit upon the slot '{other.Name}' with content that the store does not have", new CommitResult.VersionConflict(), await bench.TryAsync(stale));
                    Bench.Same<CommitResult>("A commit upon a slot of a customer who has none", new CommitResult.VersionConflict(), await bench.TryAsync(Samples.Commit(2, 1, "pos:9") with { Upon = other }));
                    await bench.UnchangedAsync("After a commit upon another slot", before, [1, 2]);
                }

                Bench.Same("A commit upon a slot as it is", CommitResult.Done, await bench.TryAsync(Samples.Commit(1, 1, "pos:9") with { Upon = Samples.Slot("loyalty", 2), Slots = [Samples.Slot("loyalty", 3)] }));
                Bench.Same<CommitResult>("A commit upon a slot as it was", new CommitResult.VersionConflict(), await bench.TryAsync(Samples.Commit(1, 2, "pos:10") with { Upon = Samples.Slot("loyalty", 2) }));
                Bench.Same("A commit upon the slot that was written", CommitResult.Done, await bench.TryAsync(Samples.Commit(1, 2, "pos:10") with { Upon = Samples.Slot("loyalty", 3) }));
            },
            () => Faulty.Writing(commit => commit with { Upon = null })) with { Since = 5 },

        Law.Of<ICustomerStore>(
            "Of_those_who_commit_one_version_at_once_one_wins",
            "Two, ten and a hundred commits from the same version end as one commit, and conflicts for all others.",
            async bench =>
            {
                foreach (var writers in Writers)
                {
                    await bench.WriteAsync(Samples.Birth(writers));
                    var results = await Bench.TogetherAsync(Enumerable.Range(0, writers).Select(n => (Func<Task<CommitResult>>)(() => bench.AnswerAsync(Samples.Commit(writers, 1, $"pos:{writers}-{n}")))));
                    Bench.Same($"Commits of {writers} that were written", 1, results.Count(result => result is CommitResult.Committed));
                    Bench.Same($"Conflicts of {writers} commits", writers - 1, results.Count(result => result is CommitResult.VersionConflict));
                    Bench.Same("Entries in the journal", 2, (await bench.JournalAsync(writers)).Count);
                }
            },
            () => new Faulty
            {
                // The version is looked at in good time, and the world changes before it is used.
                Commit = async (commit, store) =>
                {
                    var seen = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default)).Version;
                    await Task.Yield();
                    if (seen != commit.ExpectedVersion || commit.ExpectedVersion != 1 || commit.Entries.Count != 1)
                    {
                        return await store.CommitAsync(commit, default);
                    }

                    await Task.Delay(100);
                    var now = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default)).Version;
                    return await store.CommitAsync(commit with { ExpectedVersion = now, Version = now + 1, Entries = [commit.Entries[0] with { Version = now + 1 }] }, default);
                },
            }),

        Law.Of<ICustomerStore>(
            "Two_births_of_one_identity_make_one_customer",
            "Of several customers born at once with the same identity one comes into being; the others hear whose it is, and leave no orphan.",
            async bench =>
            {
                var births = Enumerable.Range(0, 10).Select(n => Samples.Commit(n, 0, $"pos:{n}") with { Claims = [new IdentityClaim(Identity.User("amy"), 1)] }).ToList();
                var results = await Task.WhenAll(births.Select(birth => Task.Run(() => bench.TryAsync(birth))));
                var owner = (await bench.LoadAsync(Identity.User("amy"))).Customer;
                Bench.Same("Customers born", 1, results.Count(result => result is CommitResult.Committed));
                for (var n = 0; n < births.Count; n++)
                {
                    var won = births[n].Customer == owner;
                    Bench.Same("What a birth is told", won ? CommitResult.Done : new CommitResult.IdentityTaken(Identity.User("amy"), owner ?? default), results[n]);
                    Bench.Same("The customer of a birth", won ? owner : null, (await bench.LoadAsync(n)).Customer);
                }
            },
            () => new Faulty
            {
                // Whoever loses the claim is born all the same, as an orphan.
                Commit = async (commit, store) =>
                {
                    var result = await store.CommitAsync(commit, default);
                    return result is CommitResult.IdentityTaken && commit is { ExpectedVersion: 0, Claims: [{ Identity.Value: "amy" }] } ? await store.CommitAsync(commit with { Claims = [] }, default) : result;
                },
            }),

        Law.Of<ICustomerStore>(
            "A_claim_that_is_lost_writes_nothing",
            "A commit that claims several identities, of which one belongs to somebody, writes none of them and nothing else.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2));
                var before = await bench.ContentAsync(1, 2);
                var greedy = Bench.Everything(1, 1) with
                {
                    Entries = [Samples.Entry(1, 2, Samples.Purchase("pos:9"))],
                    Claims = [new IdentityClaim(Samples.User(8), 2), new IdentityClaim(Samples.User(2), 3), new IdentityClaim(Samples.User(9), 4)],
                };
                Bench.Same<CommitResult>("A claim to somebody's identity", new CommitResult.IdentityTaken(Samples.User(2), Samples.Customer(2)), await bench.TryAsync(greedy));
                await bench.UnchangedAsync("After a lost claim", before, [1, 2], [.. greedy.Outbox]);
                Bench.Same("The owner of the first identity claimed", CustomerSnapshot.Nobody, await bench.LoadAsync(Samples.User(8)));
                Bench.Same("The owner of the last identity claimed", CustomerSnapshot.Nobody, await bench.LoadAsync(Samples.User(9)));
            },
            () => Faulty.WritingAPartOnRefusal<CommitResult.IdentityTaken>(commit => commit.Claims.Count < 3 ? null : commit with { Entries = [], Claims = [commit.Claims[0]] })),

        Law.Of<ICustomerStore>(
            "A_commit_with_one_bad_part_writes_nothing",
            "A commit of three events of which the last is known already writes none of them, nor anything else that it holds.",
            async bench =>
            {
                var first = Samples.Birth(1, "pos:1");
                await bench.WriteAsync(first);
                var before = await bench.ContentAsync(1);
                var three = Bench.Everything(1, 1) with
                {
                    Version = 4,
                    Claims = [],
                    Entries = [Samples.Entry(1, 2, Samples.Purchase("pos:2")), Samples.Entry(1, 3, Samples.Purchase("pos:3")), Samples.Entry(1, 4, Samples.Purchase("pos:1"))],
                };
                Bench.Same("A commit whose last event is known", Bench.Already(first), await bench.TryAsync(three));
                await bench.UnchangedAsync("After a commit of which the last event was known", before, [1], [.. three.Outbox]);
                await bench.WriteAsync(Samples.Commit(1, 1, "pos:2"));
            },
            () => Faulty.WritingAPartOnRefusal<CommitResult.AlreadyCommitted>(commit => commit.Entries.Count < 3 ? null : commit with { Entries = [] })),

        Law.Of<ICustomerStore>(
            "A_cancelled_commit_writes_nothing",
            "A commit whose token is cancelled beforehand throws OperationCanceledException, and nothing is written.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1));
                var before = await bench.ContentAsync(1);
                var cancelled = await ThrowsAsync(() => bench.Store.CommitAsync(Bench.Everything(1, 1) with { Claims = [] }, new CancellationToken(canceled: true)).AsTask());
                Bench.Same("Whether a cancelled commit says so", true, cancelled);
                await bench.UnchangedAsync("After a cancelled commit", before, [1]);
                await bench.WriteAsync(Samples.Commit(1, 1, "pos:2"));
            },
            () => new CommitsInSpiteOfCancellation()),
    ];

    private static async Task<bool> ThrowsAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private sealed class CommitsInSpiteOfCancellation : StoreDecorator
    {
        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await Inner.CommitAsync(commit, default).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return result;
        }
    }
}
