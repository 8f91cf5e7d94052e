using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>What need not be kept any longer goes, what stands for it stays, and nothing else is touched.</summary>
internal static class DisposalLaws
{
    public static IEnumerable<StorageLaw> All => Laws.Select(law => law with { Since = 2 });

    private static IEnumerable<StorageLaw> Laws =>
    [
        Law.Of<IJournalDisposal>(
            "What_is_disposed_of_is_gone_from_the_journal",
            "The entries that a disposal names are read no more, by customer or in a scan, however many they are; those of others are as they were.",
            async bench =>
            {
                const int Many = 600;
                await WriteAsync(bench, 1);
                await WriteAsync(bench, 2);
                await bench.WriteAsync(Samples.Commit(3, 0) with { Version = Many, Entries = Enumerable.Range(1, Many).Select(n => Samples.Entry(3, n, Samples.Purchase($"pos:3-{n}", n))).ToSequence() });
                await DisposeAsync(bench, Disposal(1, 4, 2, [1, 2]));
                await DisposeAsync(bench, Disposal(3, Many, Many, [.. Enumerable.Range(1, Many)]));
                Bench.SameList("The journal after a disposal of everything", [], (await bench.JournalAsync(3)).Select(entry => entry.Version));
                Bench.SameList("The journal after a disposal", [3L, 4L], (await bench.JournalAsync(1)).Select(entry => entry.Version));
                Bench.SameList("The journal of another customer", [1L, 2L, 3L, 4L], (await bench.JournalAsync(2)).Select(entry => entry.Version));
                if (bench.Store is IJournalScan scan)
                {
                    Bench.Same("Entries in a scan after a disposal", 6, (await scan.ReadAllAsync(bench.Token).ToListAsync(bench.Token)).Count);
                }
            },
            () => new KeepsRows()),

        Law.Of<IJournalDisposal>(
            "An_opening_comes_back_as_it_was_written",
            "Every history of a customer has the opening, all parts of it, with the entries after it; for an event that is gone it is whole, as for one that never was.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                Bench.Same("The opening before any disposal", null, (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Opening);
                var disposal = Disposal(1, 4, 2, [1, 2]);
                await DisposeAsync(bench, disposal);
                foreach (var start in new HistoryStart[] { new HistoryStart.Beginning(), new HistoryStart.Before(Bench.Later), new HistoryStart.Before(Samples.At(1)), new HistoryStart.BeforeEvent(Key(1, 1)), new HistoryStart.BeforeEvent(Key(1, 4)) })
                {
                    var history = await bench.HistoryAsync(1, start);
                    Bench.Same($"The opening of the history from {start}", disposal.Opening, history.Opening);
                    Bench.SameList($"The entries of the history from {start}", ["1-3", "1-4"], history.Entries.Select(entry => entry.Event.Key.Value));
                }

                Bench.Same("The slot that the disposal changed", 77, (await bench.LoadAsync(1)).Slots[0].Bytes[0]);
                Bench.Same("The version after a disposal", 5, (await bench.LoadAsync(1)).Version);
            },
            () => Answering(opening => opening with { LedgerSum = opening.LedgerSum & ulong.MaxValue })),

        Law.Of<IJournalDisposal>(
            "History_begins_with_the_opening_where_no_checkpoint_is_later",
            "The opening is the checkpoint of a history from after its instant, unless there is a later one before the start; a history from earlier has none.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await bench.WriteAsync(Samples.Commit(1, 4) with { Checkpoints = [new Checkpoint(Samples.At(1), []), new Checkpoint(Samples.At(3), [])] });
                var disposal = Disposal(1, 5, 2, [1, 2]);
                await DisposeAsync(bench, disposal);
                await ExpectAsync(bench, Samples.At(2) - Duration.FromTicks(2), null);
                await ExpectAsync(bench, Samples.At(1) + Duration.FromMinutes(1), null);
                await ExpectAsync(bench, Samples.At(2) + Duration.FromTicks(1), disposal.Opening.State);
                await ExpectAsync(bench, Samples.At(3) - Duration.FromTicks(2), disposal.Opening.State);
                await ExpectAsync(bench, Samples.At(4), new Checkpoint(Samples.At(3), []));
            },
            () => new Faulty
            {
                History = async (customer, start, store) => await store.LoadHistoryAsync(customer, start, default) is var right && right.Opening is { } opening && right.Checkpoint?.At == opening.At && right.Entries.Count == 2 ? right with { Checkpoint = null } : right,
            }),

        Law.Of<IJournalDisposal>(
            "An_opening_outlives_the_checkpoints",
            "A commit that makes checkpoints untrue leaves the opening, and none that it writes takes its place: without the opening the customer's history would be lost.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await DisposeAsync(bench, Disposal(1, 4, 3, [1, 2, 3]));
                await bench.WriteAsync(Samples.Commit(1, 5) with { CheckpointsInvalidFrom = Samples.At(0), Checkpoints = [new Checkpoint(Samples.At(3), []), new Checkpoint(Samples.At(4), [])] });
                Bench.Same("The instant of the opening after checkpoints went", Samples.At(3), (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Opening?.At);
                Bench.Same("The slots of the opening after checkpoints went", 2, (await bench.HistoryAsync(1, new HistoryStart.Before(Samples.At(4) - Duration.FromTicks(2)))).Checkpoint?.Slots.Count);
            },
            () => new LosesOpenings()),

        Law.Of<IJournalDisposal>(
            "A_later_disposal_takes_the_place_of_the_earlier",
            "A customer has one opening, the latest; all that was before it is gone, and so are the checkpoints.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await DisposeAsync(bench, Disposal(1, 4, 1, [1]));
                await DisposeAsync(bench, Disposal(1, 5, 3, [2, 3], before: 1));
                var history = await bench.HistoryAsync(1, new HistoryStart.Beginning());
                Bench.Same("The instant of the opening", Samples.At(3), history.Opening?.At);
                Bench.Same("The entries that it stands for", 3L, history.Opening?.Entries);
                Bench.SameList("The entries after two disposals", ["1-4"], history.Entries.Select(entry => entry.Event.Key.Value));
                Bench.Same("A checkpoint before the opening", null, (await bench.HistoryAsync(1, new HistoryStart.Before(Samples.At(3) - Duration.FromTicks(2)))).Checkpoint);
            },
            () => new KeepsTheFirst()),

        Law.Of<IJournalDisposal>(
            "A_disposal_touches_nothing_but_the_entries_that_it_names",
            "Entries that count later come back to the letter; ledger, facts, profile, identities and what is due or waits to leave stay, and slots that it does not name.",
            async bench =>
            {
                var entries = new[] { Samples.Entry(1, 2, Samples.Purchase("pos:1-2", 2)), Samples.FullEntry(1, 3, "pos:1-3") };
                await bench.WriteAsync(Bench.Everything(1, 0), Samples.Commit(1, 1) with { Version = 3, Entries = entries.ToSequence() });
                var ledger = (await ((IJournalDisposal)bench.Store).LedgerOfAsync(Samples.Customer(1), bench.Token)).ToSequence();
                var before = await bench.LoadAsync(Samples.User(1));
                var first = (await bench.JournalAsync(1))[0];
                await DisposeAsync(bench, Disposal(1, 3, 2, first, entries[0]));
                Bench.SameList("The entries that count later", [entries[1]], (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Entries);
                Bench.Same("The ledger", ledger, (await ((IJournalDisposal)bench.Store).LedgerOfAsync(Samples.Customer(1), bench.Token)).ToSequence());
                var after = await bench.LoadAsync(Samples.User(1));
                Bench.Same("Identity, profile and slots", before with { Version = 4, Slots = [Kernel, .. before.Slots] }, after);
                if (bench.Store is IWakeups)
                {
                    Bench.SameList("Who is due", [Samples.Customer(1)], await bench.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later));
                }

                if (bench.Store is IOutbox)
                {
                    Bench.Same("What waits to leave", 2, (await bench.LeaseAsync(Bench.Later, Bench.Later)).Count);
                }
            },
            () => new LosesLedgers()),

        Law.Of<IJournalDisposal>(
            "The_ledger_of_one_customer_is_read_in_its_order",
            "All its entries, in the order in which they were written, and none of others.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1) with { Ledger = [Samples.Issued(5), Samples.Issued(7, "lot-2")] }, Samples.Birth(2) with { Ledger = [Samples.Issued(1)] }, Samples.Commit(1, 1) with { Ledger = [Samples.Issued(9)] });
                var disposal = (IJournalDisposal)bench.Store;
                Bench.SameList("The ledger of a customer", [Samples.Issued(5), Samples.Issued(7, "lot-2"), Samples.Issued(9)], await disposal.LedgerOfAsync(Samples.Customer(1), bench.Token));
                Bench.SameList("The ledger of nobody", [], await disposal.LedgerOfAsync(Samples.Customer(3), bench.Token));
            },
            () => new Faulty { Ledger = (_, entries) => entries.OrderBy(entry => entry.Lot, StringComparer.Ordinal) }),

        Law.Of<IJournalDisposal>(
            "Only_what_a_disposal_names_and_its_opening_covers_may_go",
            "A disposal that names fewer entries than count up to its instant, or others, is refused with an InvalidOperationException, and nothing is written.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await RefusedAsync(bench, "fewer entries than there are", Disposal(1, 4, 2, [1]));
                await RefusedAsync(bench, "an entry that counts later", Disposal(1, 4, 2, [1, 2]) is var right ? right with { Receipts = [.. right.Receipts, Short(1, 3) with { EffectiveAt = Samples.At(2) }] } : right);
                await RefusedAsync(bench, "an entry of somebody else", Disposal(1, 4, 2, [1, 2]) is var other ? other with { Receipts = [Short(2, 1), Short(2, 2)] } : other);
                await RefusedAsync(bench, "no entry", Disposal(1, 4, 0, Array.Empty<int>()));
                Bench.Same("The version after disposals that were refused", 4, (await bench.LoadAsync(1)).Version);
                Bench.Same("The entries after disposals that were refused", 4, (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Entries.Count);
            },
            () => new Faulty { DisposeOf = MendingAsync }),

        Law.Of<IJournalDisposal>(
            "A_disposal_upon_another_version_writes_nothing",
            "Where the customer has changed since the disposal was decided, or is nobody, it answers with a version conflict, and all is as it was.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                var disposal = (IJournalDisposal)bench.Store;
                Bench.Same<CommitResult>("A disposal upon an older version", new CommitResult.VersionConflict(), await disposal.DisposeOfAsync(Disposal(1, 3, 2, [1, 2]), bench.Token));
                Bench.Same<CommitResult>("A disposal of nobody's", new CommitResult.VersionConflict(), await disposal.DisposeOfAsync(Disposal(9, 4, 2, [1, 2]), bench.Token));
                Bench.Same("The opening after version conflicts", null, (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Opening);
                Bench.Same("The version after version conflicts", 4, (await bench.LoadAsync(1)).Version);
            },
            () => new Faulty { DisposeOf = async (disposal, store) => await store.DisposeOfAsync(await OnTopAsync(disposal, store), default) }),

        Law.Of<IJournalDisposal>(
            "The_key_of_what_was_disposed_of_stays_known",
            "An event that is sent again after its entry has gone is known by its key and the hash of its content, with the short receipt.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await DisposeAsync(bench, Disposal(1, 4, 2, [1, 2]));
                var again = Samples.Entry(1, 6, Samples.Purchase("pos:1-1", 1));
                var known = (await bench.Store.LoadAsync(CustomerRef.Of(Samples.Customer(1)) with { Recording = Key(1, 1) }, bench.Token)).Recorded;
                Bench.Same("What is known under the key", new RecordedKey(again.PayloadHash, Short(1, 1)), known);
                Bench.Same<CommitResult>("The same event again", new CommitResult.AlreadyCommitted(Key(1, 1), Short(1, 1)), await bench.TryAsync(Samples.Commit(1, 5) with { Entries = [again] }));
            },
            () => new Faulty { Load = (_, snapshot) => snapshot.Recorded is { Receipt.IsShort: true } ? snapshot with { Recorded = null } : snapshot }),

        Law.Of<IJournalDisposal>(
            "Whoever_has_nothing_but_an_opening_is_met_by_scans",
            "A customer of whom every entry was disposed of has a state and balances all the same, and is listed with the others.",
            async bench =>
            {
                await WriteAsync(bench, 1);
                await DisposeAsync(bench, Disposal(1, 4, 9, [1, 2, 3, 4]));
                if (bench.Store is IJournalScan scan)
                {
                    Bench.SameList("The customers of a scan", [Samples.Customer(1)], await scan.ReadCustomersAsync(bench.Token).ToListAsync(bench.Token));
                }
            },
            () => new Faulty { Customers = (customers, store) => customers.Where(customer => store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), default).AsTask().GetAwaiter().GetResult().Entries.Count > 0) }),
    ];

    /// <summary>A disposal of entries that <see cref="WriteAsync"/> wrote.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="expected">The version expected.</param>
    /// <param name="hours">The instant of the opening.</param>
    /// <param name="versions">The entries.</param>
    /// <param name="before">How many entries an earlier opening stood for.</param>
    public static JournalDisposal Disposal(int customer, long expected, int hours, int[] versions, int before = 0) =>
        Of(customer, expected, hours, before, [.. versions.Select(version => Short(customer, version))]);

    /// <summary>Four purchases of a customer, an hour apart.</summary>
    public static async Task WriteAsync(Bench bench, int customer)
    {
        for (var n = 1; n <= 4; n++)
        {
            await bench.WriteAsync(Samples.Commit(customer, n - 1, $"pos:{customer}-{n}", hours: n)).ConfigureAwait(false);
        }
    }

    private static StoredSlot Kernel { get; } = Samples.Slot("kernel", 77);

    private static JournalDisposal Disposal(int customer, long expected, int hours, params JournalEntry[] entries) => Of(customer, expected, hours, 0, [.. entries.Select(entry => entry.Receipt.Short())]);

    private static JournalDisposal Of(int customer, long expected, int hours, int before, Sequence<Receipt> receipts) => new(
        Samples.Commit(customer, expected) with { Slots = [Kernel] },
        new JournalOpening(Samples.At(hours), [Samples.Slot("kernel", 5), Samples.Slot("loyalty", 6, version: 7)])
        {
            Entries = before + receipts.Count,
            Sum = UInt128.MaxValue - (UInt128)hours,
            LedgerEntries = 12,
            LedgerSum = ((UInt128)hours << 100) + 7,
            RecordedAt = Samples.At(1_000) + Duration.FromTicks(3),
            DisposedAt = Samples.At(2_000) + Duration.FromTicks(5),
        },
        receipts);

    private static EventKey Key(int customer, int version) => new("pos", $"{customer}-{version}");

    private static Receipt Short(int customer, int version) => Samples.Entry(customer, version, Samples.Purchase($"pos:{customer}-{version}", version)).Receipt.Short();

    private static async Task DisposeAsync(Bench bench, JournalDisposal disposal) =>
        Bench.Same("A disposal that nothing stands against", CommitResult.Done, await ((IJournalDisposal)bench.Store).DisposeOfAsync(disposal, bench.Token).ConfigureAwait(false));

    private static async Task ExpectAsync(Bench bench, Instant before, Checkpoint? checkpoint) =>
        Bench.Same($"The checkpoint of the history from before {before}", checkpoint, (await bench.HistoryAsync(1, new HistoryStart.Before(before)).ConfigureAwait(false)).Checkpoint);

    private static async Task RefusedAsync(Bench bench, string what, JournalDisposal disposal)
    {
        try
        {
            await ((IJournalDisposal)bench.Store).DisposeOfAsync(disposal, bench.Token).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            return;
        }

        throw new LawBroken($"A disposal that names {what}", "an answer", nameof(InvalidOperationException));
    }

    private static async Task<JournalDisposal> OnTopAsync(JournalDisposal disposal, InMemoryStore store)
    {
        var version = (await store.LoadAsync(CustomerRef.Of(disposal.Commit.Customer), default).ConfigureAwait(false)).Version;
        return version == 0 ? disposal : disposal with { Commit = disposal.Commit with { ExpectedVersion = version, Version = version + 1 } };
    }

    // Takes what there is, whatever was named.
    private static async Task<CommitResult> MendingAsync(JournalDisposal disposal, InMemoryStore store)
    {
        var history = await store.LoadHistoryAsync(disposal.Commit.Customer, new HistoryStart.Beginning(), default).ConfigureAwait(false);
        var receipts = history.Entries.Where(entry => entry.EffectiveAt <= disposal.Opening.At).OrderBy(entry => entry.Version).Select(entry => entry.Receipt.Short()).ToSequence();
        return receipts.IsEmpty || disposal.Commit.ExpectedVersion != (await store.LoadAsync(CustomerRef.Of(disposal.Commit.Customer), default).ConfigureAwait(false)).Version
            ? await store.DisposeOfAsync(disposal, default).ConfigureAwait(false)
            : await store.DisposeOfAsync(disposal with { Receipts = receipts, Opening = disposal.Opening with { Entries = Math.Max(disposal.Opening.Entries, receipts.Count) } }, default).ConfigureAwait(false);
    }

    private static Faulty Answering(Func<JournalOpening, JournalOpening> changed) => new()
    {
        History = async (customer, start, store) => await store.LoadHistoryAsync(customer, start, default).ConfigureAwait(false) is var right && right.Opening is { } opening ? right with { Opening = changed(opening) } : right,
    };

    /// <summary>Reads what it was told to dispose of.</summary>
    private sealed class KeepsRows : StoreDecorator
    {
        private readonly Dictionary<CustomerId, List<JournalEntry>> kept = [];

        public override async ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
        {
            var before = await Inner.ReadJournalAsync(disposal.Commit.Customer, 0, default).ToListAsync(cancellationToken);
            var result = await base.DisposeOfAsync(disposal, cancellationToken);
            if (result is CommitResult.Committed)
            {
                kept[disposal.Commit.Customer] = [.. before.Where(entry => entry.EffectiveAt <= disposal.Opening.At)];
            }

            return result;
        }

        public override IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) =>
            kept.TryGetValue(customer, out var entries) ? entries.ToAsyncEnumerable().Concat(base.ReadJournalAsync(customer, afterVersion, cancellationToken)) : base.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    /// <summary>Takes an opening for a checkpoint like any other.</summary>
    private sealed class LosesOpenings : StoreDecorator
    {
        private readonly HashSet<CustomerId> lost = [];

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var history = await Inner.LoadHistoryAsync(commit.Customer, new HistoryStart.Beginning(), cancellationToken);
            if (commit.CheckpointsInvalidFrom <= history.Opening?.At)
            {
                lost.Add(commit.Customer);
            }

            return await base.CommitAsync(commit, cancellationToken);
        }

        public override async ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) =>
            await base.LoadHistoryAsync(customer, start, cancellationToken) is var right && lost.Contains(customer) ? right with { Opening = null } : right;
    }

    /// <summary>Gives the first opening for ever.</summary>
    private sealed class KeepsTheFirst : StoreDecorator
    {
        private readonly Dictionary<CustomerId, JournalOpening> first = [];

        public override async ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
        {
            var result = await base.DisposeOfAsync(disposal, cancellationToken);
            if (result is CommitResult.Committed)
            {
                first.TryAdd(disposal.Commit.Customer, disposal.Opening);
            }

            return result;
        }

        public override async ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) =>
            await base.LoadHistoryAsync(customer, start, cancellationToken) is var right && first.TryGetValue(customer, out var opening) ? right with { Opening = opening } : right;
    }

    /// <summary>Takes the first ledger entry along.</summary>
    private sealed class LosesLedgers : StoreDecorator
    {
        private readonly HashSet<CustomerId> disposed = [];

        public override ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
        {
            disposed.Add(disposal.Commit.Customer);
            return base.DisposeOfAsync(disposal, cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) =>
            await base.LedgerOfAsync(customer, cancellationToken) is var right && disposed.Contains(customer) ? [.. right.Skip(1)] : right;
    }
}
