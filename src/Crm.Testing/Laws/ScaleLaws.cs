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
    /// <summary>What a scan may hold, however many customers it passes: far more than a page of any store, far less than a million of anything.</summary>
    private const long MostHeld = 48L << 20;

    /// <summary>The laws with as many events and customers as a size says.</summary>
    public static IEnumerable<StorageLaw> Of(LawSize size)
    {
        var events = size == LawSize.Small ? 300 : 10_000;
        var customers = size switch { LawSize.Small => 500, LawSize.Usual => 10_000, _ => 1_000_000 };
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
                "What a scan holds in memory does not grow with the number of customers: it is measured while all of them pass.",
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
        foreach (var some in Enumerable.Range(0, customers).Chunk(1_000))
        {
            await WriteAllAsync(bench, [.. some.Select(customer => Samples.Birth(customer))]);
        }

        await HeldAsync("Bytes held while the customers are read", customers, bench.Scan.ReadCustomersAsync(bench.Token));
        await HeldAsync("Bytes held while the journals are read", customers, bench.Scan.ReadAllAsync(bench.Token));
    }

    private static async Task HeldAsync<T>(string about, int customers, IAsyncEnumerable<T> scan)
    {
        var before = Live(long.MaxValue);
        var (read, held) = (0, 0L);
        await foreach (var item in scan)
        {
            read++;
            if (read % Math.Max(1, customers / 4) == 0)
            {
                held = Math.Max(held, Live(before + MostHeld) - before);
            }
        }

        Bench.Same("What a scan read", customers, read);
        if (held > MostHeld)
        {
            throw new LawBroken(about, $"{held:N0}", $"at most {MostHeld:N0}");
        }
    }

    /// <summary>What is alive in the process. Others may work in it too, so what is too much is looked at again.</summary>
    private static long Live(long enough)
    {
        var live = GC.GetTotalMemory(forceFullCollection: true);
        for (var again = 0; again < 3 && live > enough; again++)
        {
            Thread.Sleep(50);
            live = Math.Min(live, GC.GetTotalMemory(forceFullCollection: true));
        }

        return live;
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

    private sealed class HoldsWhatItRead : StoreDecorator
    {
        public override async IAsyncEnumerable<CustomerId> ReadCustomersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var held = new List<byte[]>();
            await foreach (var customer in base.ReadCustomersAsync(cancellationToken))
            {
                held.Add(new byte[200_000]);
                yield return customer;
            }

            GC.KeepAlive(held);
        }
    }
}
