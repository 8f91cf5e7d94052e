using Crm.Engine;
using Crm.Ledger;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Checks;

/// <summary>Verifies every customer of a store: books always, decisions where the programmes are still there.</summary>
internal static class StoreVerification
{
    private const int AtOnce = 200;
    private const int MostReadings = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <param name="store">The store.</param>
    /// <param name="zone">In which its days begin and end.</param>
    /// <param name="watch">Told how many customers of how many have been verified.</param>
    /// <param name="cancellationToken">Cancels between customers.</param>
    public static async Task<VerificationResult> RunAsync(OpenedStore store, DateTimeZone zone, Action<long, long> watch, CancellationToken cancellationToken)
    {
        var modules = await store.ModulesAsync(cancellationToken);
        var verifier = new CustomerVerifier(modules, new StoreSettings(zone).Options);
        var left = new HashSet<CustomerId>();
        await foreach (var customer in store.Scan.ReadCustomersAsync(cancellationToken))
        {
            left.Add(customer);
        }

        var result = new VerificationResult(modules.Count);
        var all = left.Count;
        await foreach (var some in BooksAsync(store, left, cancellationToken).Chunk(AtOnce).WithCancellation(cancellationToken))
        {
            var snapshots = await store.LoadManyAsync([.. some.Select(books => CustomerRef.Of(books.Customer))], cancellationToken);
            foreach (var (books, snapshot) in some.Zip(snapshots))
            {
                result.Take(await VerifyAsync(store, verifier, books, snapshot, cancellationToken));
            }

            watch(result.Customers, Math.Max(all, result.Customers));
        }

        return result;
    }

    // Ledger, state and journal are read one after the other. What differs because somebody wrote in between means nothing: it is read again until nobody did.
    private static async Task<CustomerVerdict> VerifyAsync(OpenedStore store, CustomerVerifier verifier, CustomerBooks books, CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        var verdict = await CompareAsync(store, verifier, books.Customer, snapshot, books.Ledger, cancellationToken);
        for (var reading = 1; !verdict.Holds && reading <= MostReadings; reading++)
        {
            var before = await LoadAsync(store, books.Customer, cancellationToken);
            var ledger = await store.LedgerOfAsync(books.Customer, cancellationToken);
            verdict = await CompareAsync(store, verifier, books.Customer, before, ledger, cancellationToken);
            var after = await LoadAsync(store, books.Customer, cancellationToken);
            if (after.Customer == before.Customer && after.Version == before.Version)
            {
                return verdict;
            }

            await Task.Delay(Pause * reading, cancellationToken);
        }

        return verdict.Holds ? verdict : new CustomerVerdict(books.Customer, [], "somebody wrote to the customer whenever it was read; verify again when less is written");
    }

    private static async Task<CustomerSnapshot> LoadAsync(OpenedStore store, CustomerId customer, CancellationToken cancellationToken) =>
        (await store.LoadManyAsync([CustomerRef.Of(customer)], cancellationToken))[0];

    private static async Task<CustomerVerdict> CompareAsync(OpenedStore store, CustomerVerifier verifier, CustomerId customer, CustomerSnapshot snapshot, IReadOnlyCollection<LedgerEntry> ledger, CancellationToken cancellationToken)
    {
        if (snapshot.Customer is null)
        {
            return new CustomerVerdict(customer, [new Difference("the ledger", "entries of a customer who is not there", "a customer")], "there is nobody to decide about");
        }

        var history = await store.Customers.LoadWholeAsync(customer, cancellationToken);
        return snapshot.Customer == customer ? verifier.Verify(snapshot, history, ledger) : verifier.VerifyRetired(customer, history, ledger);
    }

    // The ledger comes customer by customer; whoever has none comes after those who do.
    private static async IAsyncEnumerable<CustomerBooks> BooksAsync(OpenedStore store, HashSet<CustomerId> left, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CustomerBooks? books = null;
        await foreach (var (customer, entry) in store.Scan.ReadLedgerAsync(cancellationToken))
        {
            if (books?.Customer != customer)
            {
                if (books is not null)
                {
                    yield return books;
                }

                left.Remove(customer);
                books = new CustomerBooks(customer, []);
            }

            books.Ledger.Add(entry);
        }

        if (books is not null)
        {
            yield return books;
        }

        foreach (var customer in left.Order().ToList())
        {
            yield return new CustomerBooks(customer, []);
        }
    }

    private sealed record CustomerBooks(CustomerId Customer, List<LedgerEntry> Ledger);
}

/// <summary>What the verification of a store has found so far.</summary>
/// <param name="modules">How many modules the tool knows of the store.</param>
internal sealed class VerificationResult(int modules)
{
    private readonly SortedDictionary<string, long> notRedecided = new(StringComparer.Ordinal);

    /// <summary>Whether the tool knows what decides in the store. Otherwise only journals were compared with themselves.</summary>
    public bool KnowsModules => modules > 0;

    public long Customers { get; private set; }

    public long Redecided { get; private set; }

    /// <summary>How many customers differ in something.</summary>
    public long Different { get; private set; }

    /// <summary>Why customers were not decided again, with how many.</summary>
    public IReadOnlyDictionary<string, long> NotRedecided => notRedecided;

    /// <summary>The first difference; null when there is none.</summary>
    public (CustomerId Customer, Difference Difference)? First { get; private set; }

    public void Take(CustomerVerdict verdict)
    {
        Customers++;
        if (verdict.NotRedecided is { } why)
        {
            notRedecided[why] = notRedecided.GetValueOrDefault(why) + 1;
        }
        else
        {
            Redecided++;
        }

        if (!verdict.Holds)
        {
            Different++;
            First ??= (verdict.Customer, verdict.Differences[0]);
        }
    }
}
