using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Counts the ledger of a store, or goes on from an earlier count: then only what was written since is read, of the store and of the book, and the certificate is exactly that of counting everything. What an earlier
/// count said is taken for true: that somebody changed the rows that it counted is noticed by counting everything.
/// </summary>
/// <param name="store">A store that can be read customer by customer. Where it is an <see cref="ILedgerNews"/> too, it is not asked about anybody to whom nothing happened.</param>
public sealed class Certification(ILedgerScan store)
{
    private const int AtOnce = 1_024;

    // Before all places of the tree, which are digits.
    private const string Cover = "cover";

    /// <summary>Told each line of the export that is counted: those written since, when a count goes on. Null: nobody is.</summary>
    public Action<string>? Line { get; init; }

    /// <summary>Counts everything, and keeps nothing.</summary>
    public async ValueTask<Certificate> CountAsync(CancellationToken cancellationToken = default)
    {
        var conservation = new Conservation();
        await foreach (var some in VersionsAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var line in await store.ReadLedgerAfterAsync([.. some.Select(now => now with { Version = 0 })], cancellationToken).ConfigureAwait(false))
            {
                var text = conservation.Add(line.Customer, line.Entry);
                Line?.Invoke(text);
            }
        }

        return conservation.Certify();
    }

    /// <summary>
    /// Goes on from what a book says, or counts everything into an empty one; it is kept when there is no fault. Where the store cannot tell who is new since, everybody's version is compared: then also who was
    /// certified and is not there any more, or is at an earlier version, as in a store that was restored, is among the faults. Where it told a mark and does not know it any more, what was certified is read once more, and
    /// whose entries are others now is among the faults too.
    /// </summary>
    /// <param name="book">What earlier counts kept, of this store.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ChangedBookException">Somebody else wrote into the pages that were read.</exception>
    public async ValueTask<Certificate> CountAsync(ICertificationBook book, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(book);
        var count = new Count(book, await CoverOfAsync(book, cancellationToken).ConfigureAwait(false));

        // The mark is made first: what is written while the ledger is read is told again the next time.
        var news = store is ILedgerNews telling ? await telling.ReadNewsAsync(count.Mark, cancellationToken).ConfigureAwait(false) : new LedgerNews(null, null);
        if (news.Customers is { } customers)
        {
            foreach (var some in customers.Chunk(AtOnce))
            {
                await TakeAsync(count, [.. some.Select(customer => new CustomerVersion(customer, long.MaxValue))], cancellationToken).ConfigureAwait(false);
            }
        }
        else
        {
            count.IsInDoubt = count.Mark is not null;
            var there = 0L;
            await foreach (var some in VersionsAsync(cancellationToken).ConfigureAwait(false))
            {
                there += await TakeAsync(count, some, cancellationToken).ConfigureAwait(false);
            }

            if ((await count.RootAsync(cancellationToken).ConfigureAwait(false)).Sums.Customers > there)
            {
                await NameMissingAsync(count, cancellationToken).ConfigureAwait(false);
            }
        }

        var root = await count.RootAsync(cancellationToken).ConfigureAwait(false);
        var certificate = root.Sums.Certify(StatementTree.HashOf(root.ToString()), count.Faults);
        if (certificate.Faults.IsEmpty)
        {
            await book.WriteAsync([new BookPage("", root.ToString()), new BookPage(Cover, $"{certificate.Head}\t{news.Mark}")], cancellationToken).ConfigureAwait(false);
            await book.KeepAsync(cancellationToken).ConfigureAwait(false);
        }

        return certificate;
    }

    /// <summary>Takes what is new of some customers, in the order of scans, and tells of how many of them anything is said.</summary>
    private async ValueTask<int> TakeAsync(Count count, IReadOnlyList<CustomerVersion> some, CancellationToken cancellationToken)
    {
        var pages = await count.ReadAsync([.. some.Select(now => StatementTree.PlaceOf(now.Customer))], cancellationToken).ConfigureAwait(false);
        var known = some.Select(now => (Now: now, Earlier: pages.StatementAt(StatementTree.PlaceOf(now.Customer)))).ToList();
        count.Faults.UnionWith(known.Where(each => each.Earlier?.Version > each.Now.Version)
            .Select(each => $"Customer {each.Now.Customer} is at version {each.Now.Version}, and was certified up to version {each.Earlier?.Version}."));
        if (count.IsInDoubt)
        {
            await CompareAsync(count, [.. known.Where(each => each.Earlier?.Version <= each.Now.Version).Select(each => each.Earlier).OfType<CustomerStatement>()], cancellationToken).ConfigureAwait(false);
        }

        var asked = known.Where(each => each.Now.Version > (each.Earlier?.Version ?? 0)).Select(each => new CustomerVersion(each.Now.Customer, each.Earlier?.Version ?? 0)).ToList();
        var written = (await store.ReadLedgerAfterAsync(asked, cancellationToken).ConfigureAwait(false)).ToLookup(line => line.Customer);
        var (fresh, root) = (new List<BookPage>(), pages.Root);
        var tree = new StatementTree(root, pages, fresh.Add);
        foreach (var (now, earlier) in known.Where(each => written.Contains(each.Now.Customer)))
        {
            var running = new RunningStatement(earlier ?? CustomerStatement.Empty(now.Customer));
            foreach (var line in written[now.Customer])
            {
                var text = running.Add(line.Entry, line.Version);
                Line?.Invoke(text);
            }

            var statement = running.Close();
            count.Faults.UnionWith(statement.Faults);
            tree.Put(earlier, statement);
        }

        if (fresh.Count > 0)
        {
            await count.WriteAsync(tree.Finish(), fresh, cancellationToken).ConfigureAwait(false);
        }

        return known.Count(each => each.Earlier is not null || written.Contains(each.Now.Customer));
    }

    /// <summary>Reads what was certified of some customers once more, and names those whose entries are others now.</summary>
    private async ValueTask CompareAsync(Count count, IReadOnlyCollection<CustomerStatement> certified, CancellationToken cancellationToken)
    {
        var written = (await store.ReadLedgerAfterAsync([.. certified.Select(earlier => new CustomerVersion(earlier.Customer, 0))], cancellationToken).ConfigureAwait(false)).ToLookup(line => line.Customer);
        foreach (var earlier in certified)
        {
            var again = new RunningStatement(CustomerStatement.Empty(earlier.Customer));
            foreach (var line in written[earlier.Customer].Where(line => line.Version <= earlier.Version))
            {
                again.Add(line.Entry, line.Version);
            }

            if (again.Close().Link != earlier.Link)
            {
                count.Faults.Add($"Customer {earlier.Customer}: the entries up to version {earlier.Version} are not those that were certified.");
            }
        }
    }

    /// <summary>Names those of whom something is said and who are not in the store.</summary>
    private async ValueTask NameMissingAsync(Count count, CancellationToken cancellationToken)
    {
        var there = VersionsAsync(cancellationToken).SelectMany(some => some).GetAsyncEnumerator(cancellationToken);
        await using (there.ConfigureAwait(false))
        {
            var more = await there.MoveNextAsync().ConfigureAwait(false);
            await foreach (var statement in count.StatementsAsync(cancellationToken).ConfigureAwait(false))
            {
                var place = (statement.Customer.Bucket, statement.Customer);
                while (more && (there.Current.Customer.Bucket, there.Current.Customer).CompareTo(place) < 0)
                {
                    more = await there.MoveNextAsync().ConfigureAwait(false);
                }

                if (!more || there.Current.Customer != statement.Customer)
                {
                    count.Faults.Add($"Customer {statement.Customer} was certified with {statement.Entries} entries, and is not in the store.");
                }
            }
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<CustomerVersion>> VersionsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (CustomerId? last = null; ;)
        {
            var some = await store.ReadVersionsAsync(last, AtOnce, cancellationToken).ConfigureAwait(false);
            if (some.Count == 0)
            {
                yield break;
            }

            last = some[^1].Customer;
            yield return some;
        }
    }

    private static async ValueTask<(string? Head, string? Mark)> CoverOfAsync(ICertificationBook book, CancellationToken cancellationToken)
    {
        var cover = await book.ReadAsync([Cover], cancellationToken).ConfigureAwait(false);
        return cover is [{ Text: var text }]
            ? text.Split('\t') is [var head, var mark]
                ? (head, mark.Length == 0 ? null : mark)
                : throw new ChangedBookException($"The cover of the book says '{text}'; a head and a mark are expected, separated by a tab.")
            : (null, null);
    }

    /// <summary>A count that goes on: the tree in the book as it is by now.</summary>
    private sealed class Count(ICertificationBook book, (string? Head, string? Mark) cover)
    {
        private string? head = cover.Head;

        public string? Mark => cover.Mark;

        /// <summary>Whether the store does not know the mark any more, so that what was certified may not be what is there.</summary>
        public bool IsInDoubt { get; set; }

        public SortedSet<string> Faults { get; } = new(StringComparer.Ordinal);

        public ValueTask<BookPages> ReadAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken) =>
            head is null ? ValueTask.FromResult(BookPages.None) : BookPages.ReadAsync(book, head, places, cancellationToken);

        public async ValueTask<StatementNode> RootAsync(CancellationToken cancellationToken) => (await ReadAsync([], cancellationToken).ConfigureAwait(false)).Root;

        public async ValueTask WriteAsync(string newHead, IReadOnlyCollection<BookPage> pages, CancellationToken cancellationToken)
        {
            await book.WriteAsync(pages, cancellationToken).ConfigureAwait(false);
            head = newHead;
        }

        /// <summary>Everything that is said, in the order of scans.</summary>
        public async IAsyncEnumerable<CustomerStatement> StatementsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var open = new Stack<Branch>((await RootAsync(cancellationToken).ConfigureAwait(false)).Branches.Reverse());
            while (open.TryPop(out var branch))
            {
                var pages = await BookPages.AtAsync(book, branch, cancellationToken).ConfigureAwait(false);
                if (branch.IsStatement)
                {
                    if (pages.StatementAt(branch.Place) is { } statement)
                    {
                        yield return statement;
                    }
                }
                else
                {
                    foreach (var below in pages.NodeAt(branch).Branches.Reverse())
                    {
                        open.Push(below);
                    }
                }
            }
        }
    }
}
