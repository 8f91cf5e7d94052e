using Crm.CrashProgram;
using Crm.Engine;
using Crm.Ledger;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>Looks at what a killed desk has left: every purchase in the books once, everybody who was merged one, and histories, openings and states that fit together.</summary>
internal sealed class DeskAftermath(string location, string folder, FastClock clock) : ILook
{
    private readonly CustomerVerifier verifier = new(Club.Modules(), Club.Options);
    private readonly List<string> wrong = [];

    /// <summary>How many purchases were acknowledged.</summary>
    public int Sold { get; private set; }

    /// <summary>How many merges were acknowledged.</summary>
    public int Merged { get; private set; }

    /// <summary>Of how many events it is known that they were disposed of.</summary>
    public int Disposed { get; private set; }

    public async Task<IReadOnlyList<string>> LookAsync(int life)
    {
        wrong.Clear();
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        var lines = Enumerable.Range(1, life).SelectMany(each => Diary.Read(Path.Combine(folder, $"acks-{each}"))).ToList();
        var ledger = await ((IJournalScan)store).ReadLedgerAsync(default).ToListAsync();
        LookAtSales([.. lines.Where(line => line[0] == "sold").Select(line => EventKey.Parse(line[1]))], ledger);
        await LookAtMergesAsync(store, [.. lines.Where(line => line[0] == "merged")]);
        await LookAtCustomersAsync(store, ledger.ToLookup(row => row.Customer, row => row.Entry));
        Disposed = lines.Where(line => line[0] == "disposed").Sum(line => int.Parse(line[1], System.Globalization.CultureInfo.InvariantCulture));
        return [.. wrong];
    }

    /// <summary>Disposes of all that may go by then, ten days later, when every point has expired.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync(int life)
    {
        var later = new FakeClock(clock.GetCurrentInstant() + Duration.FromDays(10));
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        using var acks = new Diary(Path.Combine(folder, $"acks-{life}"));
        var engine = Club.Engine(store, later, new RandomIdSource());
        await engine.RunDueAsync(100_000);
        await Desk.DisposeAsync(engine, acks, later);
        return await LookAsync(life);
    }

    // What was disposed of is not in the journal any more; the books keep it for ever.
    private void LookAtSales(HashSet<EventKey> sold, List<(CustomerId Customer, LedgerEntry Entry)> ledger)
    {
        Sold = sold.Count;
        var issued = ledger.Where(row => row.Entry.Movement is Movement.Issued or Movement.Reversed).GroupBy(row => row.Entry.Cause).ToDictionary(cause => cause.Key, cause => cause.Sum(row => row.Entry.Amount));
        wrong.AddRange(sold.Where(key => !issued.ContainsKey(key)).Select(key => $"The purchase {key} was acknowledged and is not in the books."));
        wrong.AddRange(issued.Where(cause => cause.Value != Desk.DollarsOf(cause.Key)).Select(cause => $"The purchase {cause.Key} has given {cause.Value} points."));
    }

    private async Task LookAtMergesAsync(ICustomerStore store, List<string[]> merges)
    {
        Merged = merges.Count;
        foreach (var merge in merges)
        {
            var (survivor, retired) = (await store.LoadAsync(CustomerRef.Of(Identity.User(merge[1])), default), await store.LoadAsync(CustomerRef.Of(Identity.User(merge[2])), default));
            if (survivor.Customer is null || survivor.Customer != retired.Customer)
            {
                wrong.Add($"The merge of {merge[1]} and {merge[2]} was acknowledged, and they are two.");
            }
        }
    }

    private async Task LookAtCustomersAsync(ICustomerStore store, ILookup<CustomerId, LedgerEntry> ledgers)
    {
        var customers = (await ((IJournalScan)store).ReadCustomersAsync(default).ToListAsync()).Concat((await ((IJournalScan)store).ReadAllAsync(default).ToListAsync()).Select(row => row.Customer)).ToHashSet();
        foreach (var customer in customers)
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(customer), default);
            var history = await store.LoadWholeAsync(customer, default);
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, [.. ledgers[customer]]) : verifier.VerifyRetired(customer, history, [.. ledgers[customer]]);
            wrong.AddRange(verdict.Differences.Select(difference => $"{customer}: {difference}"));
        }
    }
}
