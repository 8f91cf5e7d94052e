using System.Runtime.CompilerServices;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Much is as right as little, and what is read in pieces is whole while others write.</summary>
internal static class ScaleLaws
{
    /// <summary>How many rows a scan may hold, however many customers it passes: some pages of any store.</summary>
    private const int MostHeld = 1_000;
    private const int Looks = 5;

    /// <summary>The laws with as many events and customers as a size says.</summary>
    public static IEnumerable<StorageLaw> Of(LawSize size)
    {
        var events = size == LawSize.Small ? 300 : 10_000;
        var customers = size switch { LawSize.Small => 2_000, LawSize.Usual => 10_000, _ => 1_000_000 };
        return
        [
            Law.Of<ICustomerStore>(
                "A_long_journal_is_read_in_order_and_from_anywhere",
                "A customer of 10,000 events is loaded, read from any version on, and replayed from the last checkpoint: no page begins or ends a step too late.",
                bench => LongJournalAsync(bench, events),
                () => new Faulty { Journal = entries => entries.Index().Where(entry => entry.Index != 256).Select(entry => entry.Item) }),

            Law.Of<ICustomerStore>(
                "A_journal_that_grows_while_it_is_read_skips_and_repeats_nothing",
                "Who reads a journal on from where they stopped, while it grows, gets every entry once and in order.",
                GrowingJournalAsync,
                () => new SkipsWhatCameMeanwhile()),

            Law.Of<ICustomerStore>(
                "A_customer_of_a_hundred_identities_is_found_by_each",
                "A hundred identities, claimed by ten commits, all lead to the one customer, each with its own reference.",
                async bench =>
                {
                    for (var commit = 0; commit < 10; commit++)
                    {
                        var first = (10 * commit) + 1;
                        await bench.WriteAsync(Samples.Commit(1, commit) with { Claims = [.. Enumerable.Range(first, 10).Select(n => new IdentityClaim(Identity.Cookie($"many-{n}"), n))] });
                    }

                    for (var n = 1; n <= 100; n++)
                    {
                        var found = await bench.LoadAsync(Identity.Cookie($"many-{n}"));
                        Bench.Same("Customer, number of identities and reference", (Samples.Customer(1), 100, n), (found.Customer ?? default, found.Identities, found.IdentityReference ?? 0));
                    }
                },
                () => new Faulty { Load = (_, snapshot) => snapshot.IdentityReference > 64 ? snapshot with { IdentityReference = 64 } : snapshot }),

            Law.Of<IJournalScan>(
                "All_scans_go_through_the_customers_in_one_order",
                "Journal, ledger, identities and facts come customer by customer, in the same order, so that they can be read side by side.",
                OneOrderAsync,
                () => new ReadsFactsBackwards()),

            Law.Of<IJournalScan>(
                "A_scan_goes_on_while_customers_are_born",
                "Paging while others write is stable: whoever was there when the scan began comes once, and nobody comes twice.",
                ScanWhileWritingAsync,
                () => new PagesByCounting()),

            Law.Of<IJournalScan>(
                "A_scan_of_many_customers_holds_a_part_of_them",
                "What a scan holds in memory does not grow with the number of customers: of the rows that have passed, it keeps at most a thousand that it lets go of at its end.",
                bench => HeldAsync(bench, customers),
                () => new HoldsWhatItRead()),
        ];
    }

    private static async Task LongJournalAsync(Bench bench, int events)
    {
        const int atOnce = 100;
        for (var version = 0; version < events; version += atOnce)
        {
            var entries = Enumerable.Range(version + 1, atOnce).Select(n => Samples.Entry(1, n, Samples.Purchase($"pos:{n}") with { OccurredAt = Samples.Start + Duration.FromMinutes(n) })).ToSequence();
            var last = version + atOnce == events;
            await bench.WriteAsync(Samples.Commit(1, version) with { Version = version + atOnce, Entries = entries, Checkpoints = last ? [new Checkpoint(entries[^11].EffectiveAt, [Samples.Slot("kernel", 1)])] : [], Slots = [Samples.Slot("kernel", 2)] });
        }

        Bench.Same("The version of a customer of many events", events, (await bench.LoadAsync(1)).Version);
        Bench.SameList("All versions of a long journal", Enumerable.Range(1, events).Select(n => (long)n), (await bench.JournalAsync(1)).Select(entry => entry.Version));
        Bench.SameList("The last versions of a long journal", Enumerable.Range(events - 9, 10).Select(n => (long)n), (await bench.JournalAsync(1, events - 10)).Select(entry => entry.Version));
        var history = await bench.HistoryAsync(1, new HistoryStart.Before(Bench.Later));
        Bench.SameList("What counts after the last checkpoint", Enumerable.Range(events - 9, 10).Select(n => (long)n), history.Entries.Select(entry => entry.Version));
        Bench.Same("The length of the whole history", events, (await bench.HistoryAsync(1, new HistoryStart.Beginning())).Entries.Count);
    }

    private static async Task GrowingJournalAsync(Bench bench)
    {
        const int events = 120;
        for (var version = 0; version < 10; version++)
        {
            await bench.WriteAsync(Samples.Commit(1, version, $"grow:{version}"));
        }

        var read = (await bench.JournalAsync(1)).Select(entry => entry.Version).ToList();
        var writes = Task.Run(async () =>
        {
            for (var version = 10; version < events; version++)
            {
                await bench.WriteAsync(Samples.Commit(1, version, $"grow:{version}"));
            }
        });
        for (var last = false; !last;)
        {
            last = writes.IsCompleted;
            read.AddRange((await bench.JournalAsync(1, read[^1])).Select(entry => entry.Version));
        }

        await writes;
        Bench.SameList("Versions that were read while the journal grew", Enumerable.Range(1, events).Select(n => (long)n), read);
    }

    private static async Task OneOrderAsync(Bench bench)
    {
        await bench.WriteAsync([.. Enumerable.Range(1, 40).Select(customer => Bench.Everything(customer, 0))]);
        await bench.WriteAsync(Bench.Everything(7, 1), Bench.Everything(3, 1));
        var customers = await bench.Scan.ReadCustomersAsync(bench.Token).ToListAsync(bench.Token);
        Bench.SameList("The customers of the journals", customers, Runs(await bench.Scan.ReadAllAsync(bench.Token).Select(row => row.Customer).ToListAsync(bench.Token)));
        Bench.SameList("The customers of the ledger", customers, Runs((await bench.LedgerAsync()).Select(row => row.Item1)));
        Bench.SameList("The customers of the identities", customers, Runs(await bench.Scan.ReadIdentitiesAsync(bench.Token).Select(row => row.Customer).ToListAsync(bench.Token)));
        Bench.SameList("The customers of the facts", customers, Runs((await bench.FactsAsync()).Select(row => row.Item1)));
    }

    private static async Task ScanWhileWritingAsync(Bench bench)
    {
        await WriteAllAsync(bench, [.. Enumerable.Range(0, 400).Select(customer => Samples.Birth(customer))]);
        await StableAsync(bench, "Customers", bench.Scan.ReadCustomersAsync(bench.Token), 400);
        await StableAsync(bench, "Customers of the journals", bench.Scan.ReadAllAsync(bench.Token).Select(row => row.Customer), 500);
    }

    /// <summary>Reads a scan to its end while a hundred customers are born, those before having the numbers below.</summary>
    private static async Task StableAsync(Bench bench, string about, IAsyncEnumerable<CustomerId> scan, int known)
    {
        var seen = new List<CustomerId>();
        var born = known;
        await foreach (var customer in scan)
        {
            seen.Add(customer);
            if (born < known + 100)
            {
                await bench.WriteAsync(Samples.Birth(born++));
            }
        }

        Bench.Same($"{about} who came twice", 0, seen.Count - seen.Distinct().Count());
        Bench.Same($"{about} who were there and did not come", 0, Enumerable.Range(0, known).Select(Samples.Customer).Except(seen).Count());
    }

    private static async Task HeldAsync(Bench bench, int customers)
    {
        foreach (var some in Enumerable.Range(0, customers).Chunk(500))
        {
            await WriteAllAsync(bench, [.. some.Select(customer => Samples.Birth(customer))]);
        }

        await HeldAsync(customers, bench.Scan.ReadAllAsync(bench.Token));
    }

    // What is alive is counted row by row: others may work in the process, and what they hold tells nothing of the scan. Rows that outlive the scan are the store's own, as in one that keeps everything in memory.
    private static async Task HeldAsync(int customers, IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> scan)
    {
        var passed = new List<WeakReference>(customers);
        var (during, counted) = (0, 0);
        await foreach (var (_, entry) in scan)
        {
            passed.Add(new WeakReference(entry));
            if (passed.Count == customers * 3 / 4)
            {
                (during, counted) = (await AliveAsync(passed, passed.Count), passed.Count);
            }
        }

        Bench.Same("What a scan read", customers, passed.Count);
        var held = during - await AliveAsync(passed, counted);
        if (held > MostHeld)
        {
            throw new LawBroken("Rows of the journals that are held when they have passed", $"{held:N0}", $"at most {MostHeld:N0}");
        }
    }

    // What a thread has just left may still be found on its stack, so many are looked at again: those that are held stay.
    private static async Task<int> AliveAsync(List<WeakReference> passed, int first)
    {
        var alive = first;
        for (var look = 0; look < Looks && alive > MostHeld; look++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10 * look));
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
            alive = passed.Take(first).Count(row => row.IsAlive);
        }

        return alive;
    }

    private static async Task WriteAllAsync(Bench bench, Commit[] commits)
    {
        if (bench.Store is IBulkCommit bulk)
        {
            var results = await bulk.CommitManyAsync(commits, bench.Token);
            Bench.Same("Commits that were written", commits.Length, results.Count(result => result is CommitResult.Committed));
        }
        else
        {
            await bench.WriteAsync(commits);
        }
    }

    private static List<CustomerId> Runs(IEnumerable<CustomerId> customers)
    {
        var runs = new List<CustomerId>();
        foreach (var customer in customers)
        {
            if (runs.Count == 0 || runs[^1] != customer)
            {
                runs.Add(customer);
            }
        }

        return runs;
    }

    private sealed class SkipsWhatCameMeanwhile : StoreDecorator
    {
        public override IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) =>
            base.ReadJournalAsync(customer, afterVersion, cancellationToken).Where(entry => entry.Event.Key.Source != "grow" || afterVersion == 0 || entry.Version > afterVersion + 1);
    }

    private sealed class ReadsFactsBackwards : StoreDecorator
    {
        public override IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => base.ReadFactsAsync(cancellationToken).OrderByDescending(row => row.Customer.Bucket).ThenByDescending(row => row.Customer);
    }

    /// <summary>Reads pages of ten, each by how many came before.</summary>
    private sealed class PagesByCounting : StoreDecorator
    {
        public override async IAsyncEnumerable<CustomerId> ReadCustomersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (var before = 0; ; before += 10)
            {
                var page = (await base.ReadCustomersAsync(cancellationToken).ToListAsync(cancellationToken)).Skip(before).Take(10).ToList();
                foreach (var customer in page)
                {
                    yield return customer;
                }

                if (page.Count < 10)
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>Reads everything before it gives the first row; they are its own, as those of a database are.</summary>
    private sealed class HoldsWhatItRead : StoreDecorator
    {
        public override async IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var all = await base.ReadAllAsync(cancellationToken).Select(row => (row.Customer, Entry: row.Entry with { })).ToListAsync(cancellationToken);
            foreach (var row in all)
            {
                yield return row;
            }
        }
    }
}
