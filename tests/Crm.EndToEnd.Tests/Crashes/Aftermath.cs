using System.Globalization;
using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>Looks at what a killed shop has left, and says what is wrong with it.</summary>
internal sealed class Aftermath(string location, string folder)
{
    public const long Mugs = 1_000_000;

    private readonly HashSet<(CustomerId Customer, string Occasion)> settled = [];
    private readonly List<string> wrong = [];
    private int linesSeen;

    /// <summary>All that is wrong after a life; nothing is written.</summary>
    public async Task<IReadOnlyList<string>> LookAsync()
    {
        wrong.Clear();
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        var journals = new Dictionary<CustomerId, List<JournalEntry>>();
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadAllAsync(default))
        {
            journals.TryAdd(customer, []);
            journals[customer].Add(entry);
        }

        LookAtAcknowledgements(journals);
        await LookAtBooksAsync(store);
        await LookAtStateAsync(store, journals);
        LookAtDeliveries(journals);
        return wrong;
    }

    /// <summary>Lets everything leave that waits, and says which message of a recorded purchase never did.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync(int life)
    {
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        await using (var channel = new FileChannel(Path.Combine(folder, "sent"), life))
        {
            // Whatever was leased by the dead is free again a day later.
            var clock = new FakeClock(new FastClock().GetCurrentInstant() + Duration.FromDays(1));
            var engine = Club.Engine(store, clock, new RandomIdSource(), channel);
            await engine.RunDueAsync(100_000);
            await engine.PumpAsync(100_000);
        }

        var left = await LookAsync();
        var sent = Deliveries().Select(line => (line.Customer, line.Occasion)).ToHashSet();
        var purchases = 0;
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadAllAsync(default))
        {
            if (entry.Event.Kind == EventKinds.PurchaseName)
            {
                purchases++;
                if (!sent.Contains((customer, Greeter.Thanks(entry.Event.Key))))
                {
                    wrong.Add($"The thanks for {entry.Event.Key} were lost.");
                }
            }
        }

        var asked = sent.Count(line => line.Occasion.StartsWith("ask/", StringComparison.Ordinal));
        return asked == purchases ? left : [.. left, $"{asked} questions were sent for {purchases} purchases."];
    }

    private void LookAtAcknowledgements(Dictionary<CustomerId, List<JournalEntry>> journals)
    {
        foreach (var line in Whole("acks"))
        {
            var (key, customer, version) = (EventKey.Parse(line[0]), CustomerId.Parse(line[1]), long.Parse(line[2], CultureInfo.InvariantCulture));
            if (!journals.TryGetValue(customer, out var journal) || !journal.Exists(entry => entry.Event.Key == key && entry.Version == version))
            {
                wrong.Add($"The receipt for {key} was acknowledged and is not there.");
            }
        }
    }

    /// <summary>The ledger adds up to the balances, no lot is below nothing, and no mug was given twice.</summary>
    private async Task LookAtBooksAsync(ICustomerStore store)
    {
        var balances = new Dictionary<CustomerId, long>();
        var lots = new Dictionary<(CustomerId, string), long>();
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadLedgerAsync(default))
        {
            balances[customer] = balances.GetValueOrDefault(customer) + entry.Amount;
            lots[(customer, entry.Lot)] = lots.GetValueOrDefault((customer, entry.Lot)) + entry.Amount;
        }

        wrong.AddRange(lots.Where(lot => lot.Value < 0).Select(lot => $"The lot {lot.Key} holds {lot.Value}."));
        await foreach (var (customer, fact) in ((IJournalScan)store).ReadFactsAsync(default))
        {
            if (fact.Name == Club.Points && balances.GetValueOrDefault(customer) != (long)fact.Value.AsNumber)
            {
                wrong.Add($"The ledger of {customer} adds up to {balances.GetValueOrDefault(customer)}, and the balance is {fact.Value}.");
            }
        }
    }

    /// <summary>Whoever records the journal anew comes to the state that is there.</summary>
    private async Task LookAtStateAsync(ICustomerStore store, Dictionary<CustomerId, List<JournalEntry>> journals)
    {
        var clock = new FakeClock(new FastClock().GetCurrentInstant() + Duration.FromHours(1));
        var memory = new InMemoryStore();
        await ((IQuotas)memory).SetAsync(Greeter.Mugs, Mugs, default);
        var there = Club.Engine(store, clock, new RandomIdSource());
        var anew = Club.Engine(memory, clock, new SeededIdSource());
        var mugs = 0;
        foreach (var (customer, journal) in journals)
        {
            var identity = new Identity("replay", customer.ToString());
            await anew.RecordAsync([.. journal.Select(entry => entry.Event with { Customer = null, Identity = identity })], RecordMode.Backfill);
            var (found, expected) = (await there.ReadAsync(CustomerRef.Of(customer)), await anew.ReadAsync(CustomerRef.Of(identity)));
            if (found is null || expected is null || found.Facts != expected.Facts || found.Slot<Greetings>("greeter") != expected.Slot<Greetings>("greeter"))
            {
                wrong.Add($"The state of {customer} is [{found?.Facts}] {found?.Slot<Greetings>("greeter")}; its journal says [{expected?.Facts}] {expected?.Slot<Greetings>("greeter")}.");
            }

            mugs += found?.Slot<Greetings>("greeter").Mugs ?? 0;
        }

        var left = await ((IQuotas)store).AvailableAsync(Greeter.Mugs, default);
        if (mugs + left != Mugs)
        {
            wrong.Add($"{mugs} mugs were given away and {left} are left of {Mugs}.");
        }
    }

    /// <summary>No message is handed over twice in one life, nor ever again once its outcome is in the journal.</summary>
    private void LookAtDeliveries(Dictionary<CustomerId, List<JournalEntry>> journals)
    {
        var lines = Deliveries();
        wrong.AddRange(lines.Skip(linesSeen).Where(line => settled.Contains((line.Customer, line.Occasion))).Select(line => $"The message {line.Occasion} was sent again though its outcome was written."));
        wrong.AddRange(lines.GroupBy(line => line).Where(line => line.Count() > 1).Select(line => $"The message {line.Key.Occasion} was sent {line.Count()} times in life {line.Key.Life}."));
        linesSeen = lines.Count;
        foreach (var (customer, journal) in journals)
        {
            settled.UnionWith(journal.Where(entry => entry.Event.Kind == MessageOutcomes.Sent).Select(entry => (customer, entry.Event.Fields["occasion"].AsCode ?? "")));
        }

        wrong.AddRange(settled.Except(lines.Select(line => (line.Customer, line.Occasion))).Select(message => $"The message {message.Occasion} is said to be sent and was not."));
    }

    private List<(int Life, CustomerId Customer, string Occasion)> Deliveries() => [.. Whole("sent").Select(line => (int.Parse(line[0], CultureInfo.InvariantCulture), CustomerId.Parse(line[1]), line[2]))];

    /// <summary>The lines of a file, but the last when the process died within it.</summary>
    private IEnumerable<string[]> Whole(string file)
    {
        var path = Path.Combine(folder, file);
        var text = File.Exists(path) ? File.ReadAllText(path) : "";
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '));
    }
}
