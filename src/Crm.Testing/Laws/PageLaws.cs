using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>What is read of many customers in pages, ranges and parts is what is read of each.</summary>
internal static class PageLaws
{
    private const int Many = 60;
    private const int MostMet = 100 * Many;
    private const int LongJournal = 600;
    private const int WithoutJournal = 700;
    private const int Survivor = 5;
    private const int Retired = 10;
    private static readonly int[] Every = [1, 2, 5];
    private static readonly int[] PageSizes = [7, Many + 40];
    private static readonly (int First, int Last)[] Ranges = [(0, 99), (100, 100), (101, 700), (701, 1_023)];

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerPages>(
            "Pages_are_of_everybody_with_a_journal_once_and_as_loaded_by_id",
            "The pages one after the other are of everybody with a journal entry who was not merged into another, by bucket and then by id, each as loaded by id; a page that is not full is the last.",
            async bench =>
            {
                var pages = (ICustomerPages)bench.Store;
                Bench.Same("The customers on the first page of nobody", 0, (await pages.LoadPageAsync(null, 10, bench.Token)).Count);
                var expected = new List<CustomerSnapshot>();
                foreach (var customer in InOrder(Met(await FillAsync(bench))))
                {
                    expected.Add(await bench.Store.LoadAsync(CustomerRef.Of(customer), bench.Token));
                }

                foreach (var size in PageSizes)
                {
                    Bench.SameList($"The customers in pages of {size}", expected, await PagedAsync(pages, size, _ => Task.CompletedTask, bench.Token));
                }
            },
            () => new ForgetsTheProfile()) with { Since = 4 },

        Law.Of<ICustomerPages>(
            "Pages_taken_while_others_write_are_of_everybody_who_was_there_once",
            "Who takes page after page while customers are born and others have events meets everybody who was there at the beginning once, and nobody twice.",
            async bench =>
            {
                var before = Met(await FillAsync(bench));
                var born = 0;
                var found = await PagedAsync(
                    (ICustomerPages)bench.Store,
                    7,
                    async page =>
                    {
                        await bench.WriteAsync([.. Enumerable.Range(1_000 + (born++ * 5), 5).Select(n => Samples.Birth(n))]);
                        await bench.WriteAsync(new Commit { Customer = page[0].Customer ?? default, ExpectedVersion = page[0].Version, Version = page[0].Version + 1, RecordedAt = Bench.Later, Slots = [Samples.Slot("later", 1)] });
                    },
                    bench.Token);
                Bench.Same("Customers met twice", 0, found.Count - found.Select(snapshot => snapshot.Customer).Distinct().Count());
                Bench.SameList("Customers of the beginning who were not met", [], before.Except(found.Select(snapshot => snapshot.Customer ?? default)));
            },
            () => new CountsFromTheBeginning()) with { Since = 4 },

        Law.Of<IHistoryScan>(
            "Histories_of_some_are_the_journals_of_those",
            "The histories of some customers, by their ids, are the whole journals of those, and of nobody else.",
            async bench =>
            {
                var histories = (IHistoryScan)bench.Store;
                var written = await FillAsync(bench);
                foreach (var every in Every)
                {
                    var meant = InOrder(written.Keys).Where((_, place) => place % every == 0).ToList();
                    var found = await AllAsync(histories.ReadHistoriesAsync(meant, bench.Token), bench.Token);
                    Bench.SameList("The histories", meant.Select(customer => (Customer: customer, written[customer].Select(HistoryEntry.Of).ToSequence())), InOrder(found, history => history.Customer));
                }
            },
            () => new ReadsTheNeighbours()) with { Since = 5 },

        Law.Of<IHistoryScan>(
            "Entries_of_some_kinds_after_an_instant_are_those_of_the_journals",
            "Of the histories of some customers, the entries of some kinds after an instant of each, and those of others whenever they were, are what the whole histories have of them, and nothing else.",
            async bench =>
            {
                var histories = (IHistoryScan)bench.Store;
                var written = await FillAsync(bench);
                var kinds = written.Values.SelectMany(entries => entries).Select(entry => entry.Event.Kind).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
                foreach (var (some, always) in new (List<string> Some, List<string> Always)[] { (kinds, []), ([kinds[0]], kinds.Skip(1).ToList()), (["crm_event", "no name's", kinds[^1]], []) })
                {
                    // All of them, those after the first, and those after the latest.
                    var customers = InOrder(written.Keys).Select((customer, place) => new EntriesAfter(customer, place % 3 == 0 ? (Instant?)null : written[customer].Order(ByEffect).ElementAt(place % 3 == 1 ? 0 : written[customer].Count - 1).EffectiveAt)).ToList();
                    var asked = new EntryRequest(customers, some.ToSequence(), always.ToSequence());
                    var found = await histories.ReadEntriesAsync(asked, bench.Token).SelectMany(part => part).ToListAsync(bench.Token);
                    Bench.SameList("The entries", customers.SelectMany(customer => written[customer.Customer].Select(HistoryEntry.Of).Where(entry => asked.Has(entry, customer.After)).Select(entry => new CustomerEntry(customer.Customer, entry))), found);
                }
            },
            () => new ReadsFromTheInstantOn()) with { Since = 5 },

        Law.Of<IHistoryScan>(
            "Histories_by_ranges_of_buckets_are_the_journals",
            "Ranges of buckets that cover all meet every customer once, each in the range of its bucket, with the whole journal in the order in which it was recorded, however long; and so does one range of all.",
            async bench =>
            {
                var histories = (IHistoryScan)bench.Store;
                var written = await FillAsync(bench);
                var journal = Enumerable.Range(1, LongJournal).Select(n => n % 3 == 0 ? Samples.FullEntry(LongJournal, n, $"long:{n}") : Samples.Entry(LongJournal, n, Samples.Purchase($"long:{n}"))).ToSequence();
                await bench.WriteAsync(Samples.Commit(LongJournal, 0) with { Version = LongJournal, Entries = journal });
                written.Add(Samples.Customer(LongJournal), [.. journal]);
                var expected = InOrder(written.Keys).Select(customer => (Customer: customer, written[customer].Select(HistoryEntry.Of).ToSequence())).ToList();

                foreach (var ranges in new[] { Ranges, [(0, 1_023)] })
                {
                    var found = new List<(CustomerId Customer, Sequence<HistoryEntry> Entries)>();
                    foreach (var (first, last) in ranges)
                    {
                        var some = await AllAsync(histories.ReadHistoriesAsync(first, last, bench.Token), bench.Token);
                        Bench.Same("Customers of another bucket", 0, some.Count(history => history.Customer.Bucket < first || history.Customer.Bucket > last));
                        found.AddRange(some);
                    }

                    Bench.SameList("Whose histories were read", expected.Select(history => history.Customer), InOrder(found.Select(history => history.Customer)));
                    Bench.SameList("The histories", expected, InOrder(found, history => history.Customer));
                }
            },
            () => new ReadsAPageOfEach()) with { Since = 4 },

        Law.Of<IHistoryScan>(
            "Histories_of_a_page_are_those_after_one_customer_up_to_another",
            "The histories of a page, after the last customer of the page before up to the last of its own, are the whole journals of those in between, and of nobody else; so page by page everybody is met once.",
            async bench =>
            {
                var histories = (IHistoryScan)bench.Store;
                var written = await FillAsync(bench);
                foreach (var size in PageSizes)
                {
                    CustomerId? before = null;
                    foreach (var page in InOrder(written.Keys).Chunk(size))
                    {
                        var found = await AllAsync(histories.ReadHistoriesAsync(before, page[^1], bench.Token), bench.Token);
                        Bench.SameList($"The histories of a page of {size}", page.Select(customer => (Customer: customer, written[customer].Select(HistoryEntry.Of).ToSequence())), InOrder(found, history => history.Customer));
                        before = page[^1];
                    }
                }
            },
            () => new ReadsWholeBuckets()) with { Since = 4 },

        Law.Of<ILedgerScan>(
            "The_ledger_after_a_version_is_what_was_written_since",
            "Page by page everybody is met once, merged ones among them, with the version they have; and what is read after a version of each is exactly what was written into the ledger since, by commit and in order.",
            async bench =>
            {
                var ledger = (ILedgerScan)bench.Store;
                var written = await FillAsync(bench);
                var lines = new Dictionary<CustomerId, List<LedgerLine>>();
                for (var customer = 1; customer <= Many; customer++)
                {
                    lines[Samples.Customer(customer)] = [];
                    for (var commit = 0; commit < (customer is Survivor or Retired ? 0 : customer % 4); commit++)
                    {
                        var version = written[Samples.Customer(customer)][^1].Version + commit;
                        LedgerEntry[] entries = [Samples.Issued(customer), Samples.Issued(-1) with { Movement = Movement.Spent }];
                        await bench.WriteAsync(Samples.Commit(customer, version) with { Ledger = [.. entries] });
                        lines[Samples.Customer(customer)].AddRange(entries.Select(entry => new LedgerLine(Samples.Customer(customer), version + 1, entry)));
                    }
                }

                lines[Samples.Customer(WithoutJournal)] = [];
                var versions = new List<CustomerVersion>();
                for (IReadOnlyList<CustomerVersion> page; (page = await ledger.ReadVersionsAsync(versions.Count == 0 ? null : versions[^1].Customer, 7, bench.Token)).Count > 0;)
                {
                    versions.AddRange(page);
                    Bench.Same("Whether pages of versions end", true, versions.Count < MostMet);
                }

                Bench.SameList("Everybody", InOrder(lines.Keys), versions.Select(known => known.Customer));
                Bench.SameList("The last versions in the ledger", InOrder(lines.Keys).Where(customer => lines[customer].Count > 0).Select(customer => new CustomerVersion(customer, lines[customer][^1].Version)), versions.Where(known => lines[known.Customer].Count > 0));
                foreach (var back in new[] { long.MaxValue, 2, 1, 0 })
                {
                    CustomerVersion[] after = [.. versions.Select(known => known with { Version = Math.Max(0, known.Version - back) })];
                    var expected = after.SelectMany(known => lines[known.Customer].Where(line => line.Version > known.Version));
                    Bench.SameList("The ledger after a version of each", expected, await ledger.ReadLedgerAfterAsync(after, bench.Token));
                }
            },
            () => new TellsTheLastAgain()) with { Since = 4 },
    ];

    private static readonly Comparer<JournalEntry> ByEffect = Comparer<JournalEntry>.Create(static (one, other) => one.EffectiveAt.CompareTo(other.EffectiveAt));

    /// <summary>Customers with journals of some entries, one of them merged into another where the store merges, and one without a journal.</summary>
    /// <returns>The journals.</returns>
    private static async Task<Dictionary<CustomerId, List<JournalEntry>>> FillAsync(Bench bench)
    {
        var journals = new Dictionary<CustomerId, List<JournalEntry>>();
        for (var customer = 1; customer <= Many; customer++)
        {
            var entries = Enumerable.Range(1, 1 + (customer % 5)).Select(n => n % 2 == 0 ? Samples.FullEntry(customer, n, $"pos:{customer}-{n}") : Samples.Entry(customer, n, Samples.Purchase($"pos:{customer}-{n}", n))).ToSequence();
            await bench.WriteAsync(Samples.Commit(customer, 0) with
            {
                Version = entries.Count,
                Entries = entries,
                Claims = [new IdentityClaim(Samples.User(customer), 1)],
                Slots = Enumerable.Range(0, customer % 4).Select(slot => Samples.Slot($"slot-{slot}", (byte)customer)).ToSequence(),
                Profile = customer % 3 == 0 ? Fields.Of(("city", $"city-{customer}")) : null,
            }).ConfigureAwait(false);
            journals.Add(Samples.Customer(customer), [.. entries]);
        }

        await bench.WriteAsync(Samples.Commit(WithoutJournal, 0)).ConfigureAwait(false);
        if (bench.Store is not IAtomicCommits)
        {
            return journals;
        }

        Commit[] merge = [Samples.Commit(Retired, 1 + (Retired % 5), "pos:retired") with { Retirement = new Retirement(Samples.Customer(Survivor), 1, 1) }, Samples.Commit(Survivor, 1 + (Survivor % 5), "pos:merge")];
        Bench.Same("A merge that nothing stands against", new AtomicResult(CommitResult.Done, null), await bench.Atomic.CommitTogetherAsync(merge, bench.Token).ConfigureAwait(false));
        foreach (var commit in merge)
        {
            journals[commit.Customer].AddRange(commit.Entries);
        }

        return journals;
    }

    /// <summary>Whom a scan of customers meets: whoever has a journal that does not end with a merge into another.</summary>
    private static List<CustomerId> Met(Dictionary<CustomerId, List<JournalEntry>> journals) => [.. journals.Where(journal => journal.Value[^1].Event.Key.Value != "retired").Select(journal => journal.Key)];

    private static IEnumerable<CustomerId> InOrder(IEnumerable<CustomerId> customers) => InOrder(customers, customer => customer);

    private static IEnumerable<T> InOrder<T>(IEnumerable<T> items, Func<T, CustomerId> of) => items.OrderBy(item => of(item).Bucket).ThenBy(of);

    private static ValueTask<List<(CustomerId Customer, Sequence<HistoryEntry> Entries)>> AllAsync(IAsyncEnumerable<IReadOnlyList<StoredHistory>> read, CancellationToken cancellationToken) =>
        read.SelectMany(some => some).Select(history => (history.Customer, history.Entries.ToSequence())).ToListAsync(cancellationToken);

    private static async Task<List<CustomerSnapshot>> PagedAsync(ICustomerPages pages, int size, Func<IReadOnlyList<CustomerSnapshot>, Task> between, CancellationToken cancellationToken)
    {
        var found = new List<CustomerSnapshot>();
        while (true)
        {
            var page = await pages.LoadPageAsync(found.Count == 0 ? null : found[^1].Customer, size, cancellationToken).ConfigureAwait(false);
            found.AddRange(page);
            if (page.Count < size)
            {
                return found;
            }

            Bench.Same("Whether pages end", true, found.Count < MostMet);

            await between(page).ConfigureAwait(false);
        }
    }

    private sealed class ForgetsTheProfile : StoreDecorator
    {
        public override async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) =>
            [.. (await base.LoadPageAsync(after, most, cancellationToken).ConfigureAwait(false)).Select(snapshot => snapshot with { Profile = Fields.None })];
    }

    /// <summary>Remembers how many have been given, and not who.</summary>
    private sealed class CountsFromTheBeginning : StoreDecorator
    {
        private int given;
        private CustomerId? last;

        public override async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken)
        {
            if (after is not null && after != last)
            {
                return await base.LoadPageAsync(after, most, cancellationToken).ConfigureAwait(false);
            }

            given = after is null ? 0 : given;
            var page = (await base.LoadPageAsync(null, given + most, cancellationToken).ConfigureAwait(false)).Skip(given).ToList();
            given += page.Count;
            last = page.LastOrDefault()?.Customer;
            return page;
        }
    }

    private sealed class ReadsAPageOfEach : StoreDecorator
    {
        public override IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, CancellationToken cancellationToken) =>
            base.ReadHistoriesAsync(firstBucket, lastBucket, cancellationToken).Select(some => (IReadOnlyList<StoredHistory>)[.. some.Select(history => history with { Entries = [.. history.Entries.Take(512)] })]);
    }

    private sealed class ReadsWholeBuckets : StoreDecorator, IHistoryScan
    {
        public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(CustomerId? after, CustomerId last, CancellationToken cancellationToken) => ReadHistoriesAsync(after?.Bucket ?? 0, last.Bucket, cancellationToken);
    }

    private sealed class ReadsFromTheInstantOn : StoreDecorator, IHistoryScan
    {
        public async IAsyncEnumerable<IReadOnlyList<CustomerEntry>> ReadEntriesAsync(EntryRequest asked, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var after = asked.Customers.ToDictionary(customer => customer.Customer, customer => customer.After);
            await foreach (var some in ((IHistoryScan)this).ReadHistoriesAsync([.. asked.Customers.Select(customer => customer.Customer)], cancellationToken).ConfigureAwait(false))
            {
                yield return [.. some.SelectMany(history => history.Entries.Where(entry => asked.Has(entry, after[history.Customer]) || (entry.EffectiveAt == after[history.Customer] && asked.Kinds.Contains(entry.Event.Kind))).Select(entry => new CustomerEntry(history.Customer, entry)))];
            }
        }
    }

    private sealed class ReadsTheNeighbours : StoreDecorator, IHistoryScan
    {
        public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(IReadOnlyList<CustomerId> customers, CancellationToken cancellationToken) =>
            ReadHistoriesAsync(customers[0].Bucket, customers[^1].Bucket, cancellationToken);
    }

    private sealed class TellsTheLastAgain : StoreDecorator
    {
        public override ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) =>
            base.ReadLedgerAfterAsync([.. after.Select(known => known with { Version = Math.Max(0, known.Version - 1) })], cancellationToken);
    }
}
