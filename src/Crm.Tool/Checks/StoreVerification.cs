using System.Data.Common;
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
    private const int KeysAtOnce = 1_000;

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
            var snapshots = await ReadAsync(async () => await store.LoadManyAsync([.. some.Select(books => CustomerRef.Of(books.Customer))], cancellationToken));
            foreach (var (i, books) in some.Index())
            {
                result.Take(await VerifyAsync(store, verifier, books, snapshots?[i], cancellationToken));
            }

            watch(result.Customers, Math.Max(all, result.Customers));
        }

        return result;
    }

    // Ledger, state and journal are read one after the other. What differs may be what somebody wrote in between: only what differs at one moment counts.
    private static async Task<CustomerVerdict> VerifyAsync(OpenedStore store, CustomerVerifier verifier, CustomerBooks books, CustomerSnapshot? snapshot, CancellationToken cancellationToken)
    {
        var verdict = await CompareAsync(store, verifier, books.Customer, snapshot, books.Ledger, cancellationToken);
        return verdict.Holds ? verdict : await store.AtOneMomentAsync(then => CompareAsync(then, verifier, books.Customer, null, null, cancellationToken), cancellationToken);
    }

    /// <param name="store">The store.</param>
    /// <param name="verifier">Compares what is read.</param>
    /// <param name="customer">Who.</param>
    /// <param name="snapshot">The customer as loaded; null: is loaded here.</param>
    /// <param name="ledger">All ledger entries of the customer; null: are read here.</param>
    /// <param name="cancellationToken">Cancels.</param>
    private static async Task<CustomerVerdict> CompareAsync(OpenedStore store, CustomerVerifier verifier, CustomerId customer, CustomerSnapshot? snapshot, IReadOnlyCollection<LedgerEntry>? ledger, CancellationToken cancellationToken)
    {
        try
        {
            ledger ??= await store.LedgerOfAsync(customer, cancellationToken);
            snapshot ??= (await store.LoadManyAsync([CustomerRef.Of(customer)], cancellationToken))[0];
            if (snapshot.Customer is null)
            {
                return new CustomerVerdict(customer, [new Difference("the ledger", "entries of a customer who is not there", "a customer")], "there is nobody to decide about");
            }

            var history = await store.Customers.LoadWholeAsync(customer, cancellationToken);
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, ledger) : verifier.VerifyRetired(customer, history, ledger);
            return verdict with { Differences = [.. verdict.Differences, .. await KeysAsync(store, history, cancellationToken)] };
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            return new CustomerVerdict(customer, [new Difference("what is stored", $"something that cannot be read ({fault.GetType().Name})", "what this release can read")], "not all of the customer can be read");
        }
    }

    // An event whose key is lost would be recorded again when it comes again.
    private static async Task<List<Difference>> KeysAsync(OpenedStore store, CustomerHistory history, CancellationToken cancellationToken)
    {
        var differences = new List<Difference>();
        foreach (var some in history.Entries.Chunk(KeysAtOnce))
        {
            // The keys are asked of nobody, which loads no customer.
            var known = await store.LoadManyAsync([.. some.Select(entry => CustomerRef.Of(default(CustomerId)) with { Recording = entry.Event.Key })], cancellationToken);
            differences.AddRange(some.Zip(known, (entry, answer) => (entry, answer.Recorded))
                .Where(pair => pair.Recorded?.PayloadHash != pair.entry.PayloadHash || pair.Recorded.Receipt != pair.entry.Receipt)
                .Select(pair => new Difference($"the journal entry '{pair.entry.Event.Key}': its key", pair.Recorded is null ? "none" : "one of something else", "one that leads to it")));
        }

        return differences;
    }

    /// <summary>What is read; null where something of it cannot be.</summary>
    private static async Task<T?> ReadAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            return null;
        }
    }

    // What cannot be what it is said to be is a difference. A store that does not answer is none.
    private static bool IsDamage(Exception fault) => fault is (not (OperationCanceledException or DbException or IOException or ToolException or UnreadableStateException)) or EndOfStreamException;

    // The ledger comes customer by customer; whoever has none comes after those who do. Where a row cannot be read, those who are left are read one by one.
    private static async IAsyncEnumerable<CustomerBooks> BooksAsync(OpenedStore store, HashSet<CustomerId> left, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (customer, ledger) = (default(CustomerId), new List<LedgerEntry>());
        await using var rows = store.Scan.ReadLedgerAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        object? more;
        while ((more = await ReadAsync(async () => (object)await rows.MoveNextAsync())) is true)
        {
            if (customer != rows.Current.Customer && ledger.Count > 0)
            {
                left.Remove(customer);
                yield return new CustomerBooks(customer, ledger);
                ledger = [];
            }

            customer = rows.Current.Customer;
            ledger.Add(rows.Current.Entry);
        }

        if (more is not null && ledger.Count > 0)
        {
            left.Remove(customer);
            yield return new CustomerBooks(customer, ledger);
        }

        foreach (var other in left.Order().ToList())
        {
            yield return new CustomerBooks(other, more is null ? null : []);
        }
    }

    /// <param name="Customer">Who.</param>
    /// <param name="Ledger">All entries; null: to be read for this customer alone.</param>
    private sealed record CustomerBooks(CustomerId Customer, IReadOnlyCollection<LedgerEntry>? Ledger);
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
