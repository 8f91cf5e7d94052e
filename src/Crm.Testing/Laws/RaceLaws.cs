using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>Who comes at the same time is answered as if they had come one after the other.</summary>
internal static class RaceLaws
{
    // A conflict says that somebody else has written; a store may say so once too often, and not for ever.
    private const int MostConflicts = 1_000;

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "Ten_who_send_one_event_at_once_write_it_once",
            "Ten newborn customers that bring the same event at once: one is born with it, the others hear the receipt of the one, and are not born.",
            async bench =>
            {
                var births = Enumerable.Range(0, 10).Select(n => Samples.Birth(n, "till:7")).ToList();
                var results = await Bench.TogetherAsync(births.Select(birth => (Func<Task<CommitResult>>)(() => bench.AnswerAsync(birth))));
                Bench.Same("Events that were written", 1, results.Count(result => result is CommitResult.Committed));
                var first = births[Array.FindIndex(results, result => result is CommitResult.Committed)];
                for (var n = 0; n < births.Count; n++)
                {
                    Bench.Same("What a sender is told", births[n] == first ? CommitResult.Done : Bench.Already(first), results[n]);
                    Bench.Same("The customer of a sender", births[n] == first ? first.Customer : null, (await bench.LoadAsync(n)).Customer);
                }
            },
            () => new Faulty
            {
                // Whoever brings a known event is born all the same.
                Commit = async (commit, store) =>
                {
                    var result = await store.CommitAsync(commit, default);
                    if (result is CommitResult.AlreadyCommitted { Key.Source: "till" })
                    {
                        await store.CommitAsync(commit with { Entries = [] }, default);
                    }

                    return result;
                },
            }),

        Law.Of<ICustomerStore>(
            "No_update_is_lost_when_writers_try_again",
            "Ten writers who add one to a number ten times each, and load and try again after every conflict, make it a hundred.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Slots = [Samples.Slot("count", 0)] });
                await Bench.TogetherAsync(Enumerable.Range(0, 10).Select(_ => (Func<Task<int>>)(async () =>
                {
                    var conflicts = 0;
                    for (var added = 0; added < 10;)
                    {
                        var seen = await bench.LoadAsync(1);
                        var result = await bench.AnswerAsync(Samples.Commit(1, seen.Version) with { Slots = [Samples.Slot("count", (byte)(seen.Slots[0].Bytes[0] + 1))] });
                        added += result is CommitResult.Committed ? 1 : 0;
                        conflicts += result is CommitResult.Committed ? 0 : 1;
                        if (conflicts > MostConflicts)
                        {
                            throw new LawBroken("A writer of ten who load and try again after every conflict", $"{conflicts} conflicts", $"no more than one for each of the ninety commits of the others, or at least fewer than {MostConflicts}");
                        }
                    }

                    return conflicts;
                })));
                var counted = await bench.LoadAsync(1);
                Bench.Same("The number that was added to", 100, counted.Slots[0].Bytes[0]);
                Bench.Same("The version after as many commits", 101, counted.Version);
            },
            () => Faulty.Writing(commit => commit.Slots is [{ Name: "count" } count] && count.Bytes[0] == 50 ? commit with { Slots = [Samples.Slot("count", 49)] } : commit)),

        Law.Of<ICustomerStore>(
            "Writers_of_different_customers_do_not_hinder_each_other",
            "Commits of a hundred customers at once are all written at the first attempt: there is no conflict but over one customer, and no answer but to the question.",
            async bench =>
            {
                for (var round = 0; round < 2; round++)
                {
                    var expected = round;
                    var results = await Bench.TogetherAsync(Enumerable.Range(0, 100).Select(n => (Func<Task<CommitResult>>)(() => bench.AnswerAsync(
                        Samples.Commit(n, expected, $"busy:{n}-{expected}") with { Claims = [new IdentityClaim(new Identity("busy", $"{n}-{expected}"), expected + 1)], Slots = [Samples.Slot("loyalty", (byte)n)] }))));
                    Bench.SameList("What a hundred writers are told", Enumerable.Repeat(CommitResult.Done, 100), results);
                }
            },
            () => new HinderedByNeighbours()),

        Law.Of<ICustomerStore>(
            "Writers_who_want_the_same_in_another_order_all_get_an_answer",
            "Two commits that claim the same two identities, in opposite orders and at once: one gets both, the other hears whose they are, and neither waits for ever or fails.",
            async bench =>
            {
                for (var n = 0; n < 20; n++)
                {
                    var (a, b) = (new Identity("pair", $"a{n}"), new Identity("pair", $"b{n}"));
                    var ab = Samples.Commit(2 * n, 0, $"pos:ab{n}") with { Claims = [new IdentityClaim(a, 1), new IdentityClaim(b, 2)] };
                    var ba = Samples.Commit((2 * n) + 1, 0, $"pos:ba{n}") with { Claims = [new IdentityClaim(b, 1), new IdentityClaim(a, 2)] };
                    var results = await Bench.TogetherAsync<CommitResult>([() => bench.AnswerAsync(ab), () => bench.AnswerAsync(ba)]);
                    Bench.Same("Commits that got both identities", 1, results.Count(result => result is CommitResult.Committed));
                    var winner = results[0] is CommitResult.Committed ? ab : ba;
                    Bench.Same("Who is named to the other", winner.Customer, results.OfType<CommitResult.IdentityTaken>().Select(taken => taken.Customer).SingleOrDefault());
                }
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var result = await store.CommitAsync(commit, default);
                    return result is CommitResult.IdentityTaken { Identity.Kind: "pair" } ? throw new TimeoutException("Two writers waited for each other.") : result;
                },
            }),

        Law.Of<ICustomerStore>(
            "A_snapshot_is_of_one_version",
            "What is loaded while somebody writes is what one commit left: never a slot or the profile of one version with the number or another slot of the next.",
            async bench =>
            {
                await bench.WriteAsync(Torn(0));
                await bench.LoadAsync(1);
                var writing = true;
                var reads = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
                {
                    while (Volatile.Read(ref writing))
                    {
                        ExpectWhole(await bench.LoadAsync(1));
                    }
                })).ToList();
                try
                {
                    for (var version = 1; version < 150; version++)
                    {
                        await bench.WriteAsync(Torn(version));
                    }
                }
                finally
                {
                    Volatile.Write(ref writing, false);
                }

                await Task.WhenAll(reads);
                ExpectWhole(await bench.LoadAsync(1));
            },
            () => new ReadsSlotAfterSlot()),

        Law.OfStores<ICustomerStore>(
            "What_one_open_store_writes_another_reads_at_once",
            "Two stores opened for one tenant, as two processes do, have one content: what was answered to one is seen by the other, and nothing is remembered that has changed since.",
            async (factory, cancellationToken) =>
            {
                var one = new Bench(await factory.OpenAsync("default", cancellationToken), cancellationToken);
                var other = new Bench(await factory.OpenAsync("default", cancellationToken), cancellationToken);
                for (var version = 0; version < 10; version++)
                {
                    var (writes, reads) = version % 2 == 0 ? (one, other) : (other, one);
                    await writes.WriteAsync(Bench.Everything(1, version));
                    var seen = await reads.LoadAsync(1);
                    Bench.Same("The version that another store sees", version + 1, seen.Version);
                    Bench.Same("The first slot that another store sees", Samples.Slot("loyalty", (byte)(version + 1)), seen.Slots[0]);
                    Bench.Same("The entries that another store sees", version + 1, (await reads.JournalAsync(1)).Count);
                    Bench.Same("An event that another store has recorded", Bench.Already(Bench.Everything(1, version)), await reads.TryAsync(Samples.Commit(1, version + 1, $"pos:{version + 1}")));
                }
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Again = known => new RemembersWhatItLoaded(((StoreDecorator)known).Inner) }),
    ];

    private static Commit Torn(int version) => Samples.Commit(1, version) with
    {
        Slots = [Samples.Slot("torn-a", (byte)(version + 1)), Samples.Slot("torn-b", (byte)(version + 1))],
        Profile = Fields.Of(("version", version + 1)),
    };

    private static void ExpectWhole(CustomerSnapshot seen)
    {
        Bench.Same("The first slot of a snapshot", (byte)seen.Version, seen.Slots[0].Bytes[0]);
        Bench.Same("The second slot of a snapshot", (byte)seen.Version, seen.Slots[1].Bytes[0]);
        Bench.Same("The profile of a snapshot", seen.Version, (long)seen.Profile["version"].AsNumber);
    }

    /// <summary>Takes whoever writes at the same time for a writer of the same customer.</summary>
    private sealed class HinderedByNeighbours : StoreDecorator
    {
        private int writing;

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            if (commit.Entries is not [{ Event.Key.Source: "busy" }])
            {
                return await base.CommitAsync(commit, cancellationToken);
            }

            var neighbours = Interlocked.Increment(ref writing);
            await Task.Delay(20, cancellationToken);
            Interlocked.Decrement(ref writing);
            return neighbours > 1 ? new CommitResult.VersionConflict() : await base.CommitAsync(commit, cancellationToken);
        }
    }

    /// <summary>Reads the parts of a snapshot at different times, while somebody who writes takes a little longer than no time.</summary>
    private sealed class ReadsSlotAfterSlot : StoreDecorator
    {
        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            var earlier = await base.LoadAsync(customer, cancellationToken);
            if (earlier.Slots is not [{ Name: "torn-a" }, _])
            {
                return earlier;
            }

            await Task.Delay(5, cancellationToken);
            var later = await base.LoadAsync(customer, cancellationToken);
            return later with { Slots = [earlier.Slots[0], later.Slots[1]] };
        }

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            if (commit.Slots is [{ Name: "torn-a" }, _])
            {
                await Task.Delay(1, cancellationToken);
            }

            return await base.CommitAsync(commit, cancellationToken);
        }
    }

    private sealed class RemembersWhatItLoaded(InMemoryStore inner) : StoreDecorator(inner)
    {
        private readonly Dictionary<CustomerId, CustomerSnapshot> loaded = [];

        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            var right = await base.LoadAsync(customer, cancellationToken);
            lock (loaded)
            {
                return right.Customer is { } id && !loaded.TryAdd(id, right) ? loaded[id] : right;
            }
        }
    }
}
