using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>Many at once is faster, never different.</summary>
internal static class BulkLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IBulkCommit>(
            "Many_commits_end_as_the_same_one_by_one",
            "Commits sent together succeed and fail independently, with the results that they would have one after the other, even where two of them want the same.",
            async bench =>
            {
                if (bench.Store is IQuotas quotas)
                {
                    await quotas.SetAsync("mug", 2, bench.Token);
                }

                await bench.WriteAsync(Samples.Birth(1, "pos:1"), Samples.Birth(2, "pos:2"));
                var draws = bench.Store is IQuotas ? (Sequence<QuotaDraw>)[new QuotaDraw("mug", 1)] : [];
                Commit[] commits =
                [
                    Samples.Birth(10, "pos:10") with { Quotas = draws, Slots = [Samples.Slot("a", 1)] },
                    Samples.Commit(1, 1, "pos:2"),
                    Samples.Commit(2, 5, "pos:20"),
                    Samples.Commit(3, 0, "pos:30") with { Claims = [new IdentityClaim(Samples.User(1), 1)] },
                    Samples.Commit(11, 0, "pos:10"),
                    Samples.Commit(12, 0, "pos:12") with { Claims = [new IdentityClaim(Samples.User(10), 1)] },
                    Samples.Birth(13, "pos:13") with { Quotas = draws },
                    Samples.Birth(14, "pos:14") with { Quotas = draws },
                    Samples.Commit(15, 0) with { Entries = [Samples.Entry(15, 1, Samples.Purchase("pos:1", dollars: 1))] },
                    Samples.Birth(16, "pos:16"),
                ];
                CommitResult[] expected =
                [
                    CommitResult.Done,
                    new CommitResult.AlreadyCommitted(EventKey.Parse("pos:2"), Samples.Birth(2, "pos:2").Entries[0].Receipt),
                    new CommitResult.VersionConflict(),
                    new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)),
                    new CommitResult.AlreadyCommitted(EventKey.Parse("pos:10"), commits[0].Entries[0].Receipt),
                    new CommitResult.IdentityTaken(Samples.User(10), Samples.Customer(10)),
                    CommitResult.Done,
                    draws.IsEmpty ? CommitResult.Done : new CommitResult.QuotaExhausted("mug"),
                    new CommitResult.KeyReused(EventKey.Parse("pos:1")),
                    CommitResult.Done,
                ];
                Bench.SameList("The results of commits sent together", expected, await bench.Bulk.CommitManyAsync(commits, bench.Token));
                for (var n = 0; n < commits.Length; n++)
                {
                    var snapshot = await bench.Store.LoadAsync(CustomerRef.Of(commits[n].Customer), bench.Token);
                    Bench.Same($"The version of the customer of commit {n}", expected[n] is CommitResult.Committed ? 1 : n is 1 or 2 ? 1 : 0, snapshot.Version);
                }
            },
            () => new Faulty
            {
                CommitMany = async (commits, store) =>
                {
                    if (!commits.Any(commit => commit.Quotas.Any(draw => draw.Name == "mug")))
                    {
                        return await store.CommitManyAsync(commits, default);
                    }

                    var results = new List<CommitResult>();
                    foreach (var commit in commits)
                    {
                        // One that fails takes the rest with it.
                        results.Add(results.Exists(result => result is not CommitResult.Committed) ? new CommitResult.VersionConflict() : await store.CommitAsync(commit, default));
                    }

                    return results;
                },
            }),

        Law.Of<IBulkCommit>(
            "A_thousand_commits_at_once_are_all_written",
            "No limit of the database shows: a thousand births with lines, slots, facts and ledger entries are written by one call, and loaded by one.",
            async bench =>
            {
                var births = Enumerable.Range(0, 1_000).Select(n => Samples.Birth(n) with
                {
                    Entries = [Samples.FullEntry(n, 1, $"pos:{n}")],
                    Slots = [Samples.Slot("a", (byte)n), Samples.Slot("b", 2)],
                    Ledger = [Samples.Issued(n + 1)],
                    Facts = [new("loyalty.points", n)],
                    NextDue = Samples.At(n),
                    NextDueChanged = true,
                }).ToList();
                var results = await bench.Bulk.CommitManyAsync(births, bench.Token);
                Bench.Same("Commits that were written", 1_000, results.Count(result => result is CommitResult.Committed));
                var snapshots = await bench.Bulk.LoadManyAsync([.. births.Select(birth => CustomerRef.Of(birth.Customer))], bench.Token);
                for (var n = 0; n < births.Count; n++)
                {
                    Bench.Same("A customer", births[n].Customer, snapshots[n].Customer);
                    Bench.SameList("The slots of a customer", births[n].Slots, snapshots[n].Slots);
                }

                Bench.SameList("The journal of one of them", births[777].Entries, await bench.JournalAsync(777));
            },
            () => new Faulty { CommitMany = async (commits, store) => await store.CommitManyAsync([.. commits.Take(999)], default) is var done && commits.Count > 999 ? [.. done, .. Enumerable.Repeat(CommitResult.Done, commits.Count - 999)] : done }),

        Law.Of<IBulkCommit>(
            "Many_are_loaded_in_the_order_in_which_they_were_asked_for",
            "The answers of one call come in the order of the questions, by id and by identity, known and unknown, the same customer twice, with what is recorded under keys.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1, "pos:1") with { Slots = [Samples.Slot("a", 1), Samples.Slot("b", 2)] }, Samples.Birth(2, "pos:2"));
                CustomerRef[] asked =
                [
                    CustomerRef.Of(Samples.User(2)), CustomerRef.Of(Samples.Customer(9)), CustomerRef.Of(Samples.Customer(1)), CustomerRef.Of(Samples.User(9)) with { Recording = EventKey.Parse("pos:2") },
                    CustomerRef.Of(Samples.User(1)), CustomerRef.Of(Samples.Customer(2)) with { Recording = EventKey.Parse("pos:3") }, CustomerRef.Of(Samples.User(2)) with { Recording = EventKey.Parse("pos:1") },
                ];
                var expected = new List<CustomerSnapshot>();
                foreach (var customer in asked)
                {
                    expected.Add(await bench.Store.LoadAsync(customer, bench.Token));
                }

                Bench.SameList("The customers loaded by one call", expected, await bench.Bulk.LoadManyAsync(asked, bench.Token));
                Bench.Same("The answers to no question", 0, (await bench.Bulk.LoadManyAsync([], bench.Token)).Count);
                Bench.Same("The results of no commit", 0, (await bench.Bulk.CommitManyAsync([], bench.Token)).Count);
            },
            () => new Faulty { LoadMany = right => right.Count > 100 ? right : [.. right.OrderBy(snapshot => snapshot.Customer?.Value)] }),

        Law.Of<IBulkCommit>(
            "Batches_that_meet_write_each_commit_once",
            "Six batches of the same fifty births, in six orders and at once, write each birth once; every other sender hears that it is written, and nobody waits for ever or fails.",
            async bench =>
            {
                var births = Enumerable.Range(0, 50).Select(n => Samples.Birth(n, $"meet:{n}")).ToList();
                var results = await Bench.TogetherAsync(Enumerable.Range(0, 6).Select(batch => (Func<Task<(Commit Commit, CommitResult Result)[]>>)(async () =>
                {
                    Commit[] shuffled = [.. births.Select((birth, n) => (birth, n)).OrderBy(pair => pair.n * (7 + (2 * batch)) % 53).Select(pair => pair.birth)];
                    var answers = await Bench.AnswerAsync("A batch that meets others", async () => await bench.Bulk.CommitManyAsync(shuffled, bench.Token));
                    return [.. shuffled.Zip(answers)];
                })));
                foreach (var answers in results.SelectMany(result => result).GroupBy(result => result.Commit.Customer))
                {
                    Bench.Same("How often a birth was written", 1, answers.Count(answer => answer.Result is CommitResult.Committed));
                    Bench.Same("How often it was written already", 5, answers.Count(answer => answer.Result == Bench.Already(answer.Commit)));
                }
            },
            () => new Faulty { CommitMany = async (commits, store) => [.. (await store.CommitManyAsync(commits, default)).Select(result => result is CommitResult.AlreadyCommitted { Key.Source: "meet" } ? CommitResult.Done : result)] }),

        Law.Of<IBulkCommit>(
            "Batches_never_oversell_a_supply",
            "Four batches that draw forty units at once on a supply of fifteen get fifteen; with a store that has no supplies there is nothing to check.",
            async bench =>
            {
                if (bench.Store is not IQuotas quotas)
                {
                    return;
                }

                await quotas.SetAsync("batch", 15, bench.Token);
                var results = await Bench.TogetherAsync(Enumerable.Range(0, 4).Select(batch => (Func<Task<IReadOnlyList<CommitResult>>>)(() => Bench.AnswerAsync(
                    "A batch that draws",
                    async () => await bench.Bulk.CommitManyAsync([.. Enumerable.Range(10 * batch, 10).Select(n => Samples.Birth(n) with { Quotas = [new QuotaDraw("batch", 1)] })], bench.Token)))));
                Bench.Same("Draws that succeeded", 15, results.SelectMany(result => result).Count(result => result is CommitResult.Committed));
                Bench.Same("Draws that were refused", 25, results.SelectMany(result => result).Count(result => result == new CommitResult.QuotaExhausted("batch")));
                Bench.Same("What is left", 0, await quotas.AvailableAsync("batch", bench.Token));
            },
            () => new Faulty
            {
                CommitMany = async (commits, store) =>
                {
                    var results = await store.CommitManyAsync(commits, default);
                    var last = commits.Zip(results).LastOrDefault(pair => pair.Second == new CommitResult.QuotaExhausted("batch"));
                    return last.First is { } refused && await store.CommitAsync(refused with { Quotas = [] }, default) is CommitResult.Committed ? [.. results.SkipLast(1), CommitResult.Done] : results;
                },
            }),

        Law.Of<IBulkCommit>(
            "A_supply_is_given_back_to_and_taken_into_debt_by_one_batch",
            "Commits sent together of which some give back to a supply and others take it into debt, as corrections do, are all written, and the supply has what they come to; with a store that has no supplies there is nothing to check.",
            async bench =>
            {
                if (bench.Store is not IQuotas quotas)
                {
                    return;
                }

                Commit[] commits = [.. Enumerable.Range(0, 4).Select(n => Samples.Birth(n) with { Quotas = [new QuotaDraw("mixed", n - 2) { IntoDebt = n > 1 }, new QuotaDraw($"own-{n}", -1), new QuotaDraw("debt", 2) { IntoDebt = true }] })];
                Bench.SameList("The results of commits sent together", commits.Select(_ => (CommitResult)CommitResult.Done), await bench.Bulk.CommitManyAsync(commits, bench.Token));
                Bench.Same("A supply given 3 and taken 1", 2, await quotas.AvailableAsync("mixed", bench.Token));
                Bench.Same("A supply taken four times into debt", -8, await quotas.AvailableAsync("debt", bench.Token));
                Bench.Same("A supply of one of them", 1, await quotas.AvailableAsync("own-3", bench.Token));
                if (bench.Store is IAtomicCommits atomic)
                {
                    Commit[] together = [Samples.Commit(1, 1) with { Quotas = [new QuotaDraw("mixed", -1)] }, Samples.Commit(2, 1) with { Quotas = [new QuotaDraw("mixed", 5) { IntoDebt = true }] }];
                    Bench.Same("The result of commits written together", new AtomicResult(CommitResult.Done, null), await atomic.CommitTogetherAsync(together, bench.Token));
                    Bench.Same("A supply given 1 and taken 5 more", -2, await quotas.AvailableAsync("mixed", bench.Token));
                }
            },
            () => new Faulty
            {
                // Writes one row of what is given back and one of what is taken, and the second in place of the first.
                CommitMany = (commits, store) => store.CommitManyAsync([.. commits.Select(commit => commit.Quotas.Any(draw => draw.IntoDebt) ? commit with { Quotas = commit.Quotas.Where(draw => draw.IntoDebt || draw.Name != "mixed").ToSequence() } : commit)], default).AsTask(),
            }) with { Since = 4 },
    ];
}
