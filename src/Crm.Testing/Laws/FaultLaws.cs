using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Whenever a connection breaks, the store has all of it or nothing, and goes on afterwards.</summary>
internal static class FaultLaws
{
    private const int MostSteps = 2_000;
    private static readonly Instant Now = Samples.At(10);
    private static readonly Instant Until = Samples.At(11);

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Needing<ICustomerStore, IFaultyStores>(
            "A_fault_between_any_two_steps_leaves_all_or_nothing",
            "A commit of everything whose connection breaks before or after any one of its steps is written wholly or not at all; sent again, it is written once.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    await judge.BirthAsync([step]);
                    await judge.JudgeAsync([step], () => breaking.DoAsync<IReadOnlyList<CommitResult>>(async () => [await broken.TryAsync(WholeOrNothing.Second(step))]));
                });
                await judge.FinishAsync();
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new WritesInTwoHalves(inner, faults) }),

        Law.Needing<IBulkCommit, IFaultyStores>(
            "A_fault_amid_many_commits_leaves_each_whole_or_not_there",
            "Several commits sent together, whose connection breaks anywhere, are each written wholly or not at all; sent again, each is written once.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    int[] customers = [10 * step, (10 * step) + 1, (10 * step) + 2];
                    await judge.BirthAsync(customers);
                    await judge.JudgeAsync(customers, () => breaking.DoAsync<IReadOnlyList<CommitResult>>(async () => await broken.Bulk.CommitManyAsync([.. customers.Select(WholeOrNothing.Second)], cancellationToken)));
                });
                await judge.FinishAsync();
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new WritesManyInTwoHalves(inner, faults) }),

        Law.Needing<IJournalDisposal, IFaultyStores>(
            "A_fault_amid_a_disposal_leaves_all_or_nothing",
            "A disposal whose connection breaks before or after any one of its steps has taken the entries and written the opening, or nothing; sent again, it is done once.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    await DisposalLaws.WriteAsync(judge.Tested, step);
                    var disposal = DisposalLaws.Disposal(step, 4, 2, [1, 2]);
                    await WholeOrNothing.TriedAsync(() => breaking.DoAsync<CommitResult>(async () => await ((IJournalDisposal)broken.Store).DisposeOfAsync(disposal, cancellationToken)));
                    var history = await judge.Tested.HistoryAsync(step, new HistoryStart.Beginning());
                    var snapshot = await judge.Tested.LoadAsync(step);
                    var isDone = history.Opening is not null;
                    Bench.Same("The entries after a disposal that broke off", isDone ? 2 : 4, history.Entries.Count);
                    Bench.Same("The version after a disposal that broke off", isDone ? 5 : 4, snapshot.Version);
                    Bench.Same("The slots after a disposal that broke off", isDone ? 1 : 0, snapshot.Slots.Count);
                    if (!isDone)
                    {
                        Bench.Same("The same disposal again", CommitResult.Done, await ((IJournalDisposal)judge.Tested.Store).DisposeOfAsync(disposal, cancellationToken));
                    }
                });
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new DisposesInTwoHalves(inner, faults) }) with { Since = 2 },

        Law.Needing<IAtomicCommits, IFaultyStores>(
            "A_fault_amid_a_merge_leaves_two_or_one",
            "Two commits of a merge whose connection breaks anywhere are both written, and the retired customer leads to the survivor, or neither is.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                var whole = judge.Tested;
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    var (stays, goes) = (10 * step, (10 * step) + 1);
                    await whole.WriteAsync(Samples.Birth(stays), Samples.Birth(goes));
                    Commit[] merge =
                    [
                        Samples.Commit(goes, 1, $"pos:gone-{step}") with { Retirement = new Retirement(Samples.Customer(stays), 1, 1) },
                        Samples.Commit(stays, 1, $"pos:merge-{step}"),
                    ];
                    await WholeOrNothing.TriedAsync(() => breaking.DoAsync(async () => await broken.Atomic.CommitTogetherAsync(merge, cancellationToken)));
                    var isOne = (await whole.LoadAsync(stays)).Version == 2;
                    Bench.Same("Whom the identity leads to after a merge that broke off", Samples.Customer(isOne ? stays : goes), (await whole.LoadAsync(Samples.User(goes))).Customer);
                    Bench.Same("Whether the id leads to whoever was retired after a merge that broke off", !isOne, (await whole.LoadAsync(goes)).Customer == Samples.Customer(goes));
                });
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new MergesInTwoHalves(inner, faults) }),

        Law.Needing<IOutbox, IFaultyStores>(
            "A_fault_at_the_outbox_loses_no_item",
            "An item whose lease broke off comes again at the latest when the lease would have ended; one whose settling broke off is there or gone for ever, and settling it again is no fault.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                var whole = judge.Tested;
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    var item = Samples.Message(step, "fault");
                    await whole.WriteAsync(Samples.Commit(step, 0) with { Outbox = [item] });
                    await WholeOrNothing.TriedAsync(() => breaking.DoAsync(() => broken.LeaseAsync(Now, Until)));
                    Bench.SameList("Items when the lease that broke off would have ended", [item], await whole.LeaseAsync(Until, Samples.At(99)));
                    await WholeOrNothing.TriedAsync(() => breaking.DoAsync(async () =>
                    {
                        await broken.SettleAsync(item);
                        return item;
                    }));
                    Bench.SameList("Items but the one that was being settled", [], (await whole.LeaseAsync(Samples.At(99), Samples.At(100))).Where(found => found != item));
                    await whole.SettleAsync(item);
                    Bench.SameList("Items after the settling was repeated", [], await whole.LeaseAsync(Bench.Later, Bench.Later));
                });
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new LosesWhatItLeases(inner, faults) }),

        Law.Needing<IWakeups, IFaultyStores>(
            "A_fault_while_waking_loses_nobody",
            "A customer whose lease broke off is due again at the latest when the lease would have ended.",
            async (factory, cancellationToken) =>
            {
                var (judge, broken, faults) = await OpenAsync(factory, cancellationToken);
                await ForEveryStepAsync(faults, async (step, breaking) =>
                {
                    await judge.Tested.WriteAsync(Samples.Commit(step, 0) with { NextDue = Samples.At(1), NextDueChanged = true });
                    await WholeOrNothing.TriedAsync(() => breaking.DoAsync(() => broken.LeaseDueAsync(Now, Now, Until)));
                    Bench.SameList("Customers when the lease that broke off would have ended", [Samples.Customer(step)], await judge.Tested.LeaseDueAsync(Now, Until, Samples.At(99)));
                    await judge.Tested.WriteAsync(Samples.Commit(step, 1) with { NextDueChanged = true });
                });
            },
            () => new CounterfeitFactory(_ => new Faulty()) { Faulty = (inner, faults) => new ForgetsWhomItWakes(inner, faults) }),
    ];

    private static async Task<(WholeOrNothing Judge, Bench Broken, StoreFaults Faults)> OpenAsync(IFaultyStores factory, CancellationToken cancellationToken)
    {
        var judge = await WholeOrNothing.OpenAsync(factory, cancellationToken).ConfigureAwait(false);
        var faults = new StoreFaults();
        var broken = new Bench(await factory.OpenFaultyAsync("default", faults, cancellationToken).ConfigureAwait(false), cancellationToken);

        // What a store does at first use, such as making its tables, is no part of a commit.
        await broken.LoadAsync(1).ConfigureAwait(false);
        return (judge, broken, faults);
    }

    /// <summary>Tries something with a fault at its first step, then at its second, until it goes through without meeting one.</summary>
    /// <param name="trial">Is given the number of the step, and what breaks a piece of work at it.</param>
    private static async Task ForEveryStepAsync(StoreFaults faults, Func<int, Breaking, Task> trial)
    {
        for (var step = 1; step <= MostSteps; step++)
        {
            var breaking = new Breaking(faults, step);
            await trial(step, breaking).ConfigureAwait(false);
            if (!breaking.Struck)
            {
                Bench.Same("Whether the store under test calls StoreFaults.Step", true, step > 1);
                return;
            }
        }

        throw new LawBroken("The steps of one piece of work", $"more than {MostSteps}", "an end");
    }

    /// <summary>Does work whose connection breaks at a step.</summary>
    private sealed class Breaking(StoreFaults faults, int step)
    {
        public bool Struck { get; private set; }

        public async Task<T> DoAsync<T>(Func<Task<T>> work)
        {
            faults.FailAt(step);
            try
            {
                return await work().ConfigureAwait(false);
            }
            finally
            {
                Struck |= faults.Struck;
                faults.Heal();
            }
        }
    }

    /// <summary>Writes the facts after everything else.</summary>
    private sealed class WritesInTwoHalves(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            Faults.Step();
            var result = await Inner.CommitAsync(commit with { Facts = [] }, cancellationToken).ConfigureAwait(false);
            Faults.Step();
            return result is CommitResult.Committed ? await Inner.CommitAsync(OfFacts(commit), cancellationToken).ConfigureAwait(false) : result;
        }
    }

    private sealed class WritesManyInTwoHalves(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            Faults.Step();
            await Inner.CommitManyAsync([.. commits.Select(commit => commit with { Facts = [] })], cancellationToken).ConfigureAwait(false);
            Faults.Step();
            return await Inner.CommitManyAsync([.. commits.Select(OfFacts)], cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes what both sides of a merge say, and then hands over.</summary>
    private sealed class MergesInTwoHalves(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            Faults.Step();
            var result = await Inner.CommitTogetherAsync([.. commits.Select(commit => commit with { Retirement = null })], cancellationToken).ConfigureAwait(false);
            Faults.Step();
            return result.Result is CommitResult.Committed
                ? await Inner.CommitTogetherAsync([.. commits.Select(commit => OfFacts(commit) with { Retirement = commit.Retirement })], cancellationToken).ConfigureAwait(false)
                : result;
        }
    }

    private static Commit OfFacts(Commit commit) => new() { Customer = commit.Customer, ExpectedVersion = commit.Version, Version = commit.Version + 1, RecordedAt = commit.RecordedAt, Facts = commit.Facts };

    private sealed class DisposesInTwoHalves(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
        {
            Faults.Step();
            await Inner.CommitAsync(disposal.Commit, cancellationToken).ConfigureAwait(false);
            Faults.Step();
            var version = disposal.Commit.Version;
            return await Inner.DisposeOfAsync(disposal with { Commit = disposal.Commit with { ExpectedVersion = version, Version = version + 1 } }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes items for good.</summary>
    private sealed class LosesWhatItLeases(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            Faults.Step();
            var items = await InnerOutbox.LeaseAsync(now, Instant.MaxValue, most, cancellationToken).ConfigureAwait(false);
            Faults.Step();
            return items;
        }
    }

    /// <summary>Takes customers for good.</summary>
    private sealed class ForgetsWhomItWakes(InMemoryStore inner, StoreFaults faults) : SteppingStore(inner, faults)
    {
        public override async ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            Faults.Step();
            var customers = await Inner.LeaseDueAsync(due, now, Instant.MaxValue, most, cancellationToken).ConfigureAwait(false);
            Faults.Step();
            return customers;
        }
    }
}
