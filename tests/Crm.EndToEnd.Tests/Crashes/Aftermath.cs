using System.Globalization;
using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>Looks at what a killed shop has left, and says what is wrong with it.</summary>
internal sealed class Aftermath(string location, string folder, FastClock clock) : ILook
{
    public const long Mugs = 1_000_000;

    private readonly Dictionary<(CustomerId Customer, string Occasion), int> settled = [];
    private readonly CustomerVerifier verifier = new(Club.Modules(), Club.Options);
    private readonly List<string> wrong = [];

    /// <summary>How many receipts were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>How many messages were handed over again after an interruption.</summary>
    public int HandedOverAgain { get; private set; }

    /// <summary>All that is wrong after a life; nothing is written.</summary>
    public async Task<IReadOnlyList<string>> LookAsync(int life)
    {
        wrong.Clear();
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        var journals = await JournalsAsync(store);
        LookAtAcknowledgements(journals, life);
        await LookAtCustomersAsync(store, journals.Keys);
        LookAtDeliveries(journals, life);
        return [.. wrong];
    }

    /// <summary>Lets everything leave that waits, a day later, when whatever the dead had leased is free again; and says what is wrong then, and which message never left.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync(int life)
    {
        var later = clock.GetCurrentInstant() + Duration.FromDays(1);
        var store = Worker.Open(location);
        await using var closing = (IAsyncDisposable)store;
        using (var diary = new Diary(Path.Combine(folder, $"sent-{life}")))
        {
            var channel = new FileChannel(diary, new FakeClock(later));
            var engine = Club.Engine(store, new FakeClock(later), new RandomIdSource(), channel);
            await engine.RunDueAsync(100_000);
            await channel.PumpAsync(engine, 100_000);
        }

        var left = (await LookAsync(life)).ToList();
        var sent = Enumerable.Range(1, life).SelectMany(Deliveries).Where(line => line[0] == "sent").Select(line => (CustomerId.Parse(line[1]), line[2])).ToHashSet();
        var purchases = 0;
        foreach (var (customer, journal) in await JournalsAsync(store))
        {
            foreach (var purchase in journal.Where(entry => entry.Event.Kind == EventKinds.PurchaseName))
            {
                purchases++;
                if (!sent.Contains((customer, Greeter.Thanks(purchase.Event.Key))))
                {
                    left.Add($"The thanks for {purchase.Event.Key} were lost.");
                }
            }
        }

        var asked = sent.Count(line => line.Item2.StartsWith("ask/", StringComparison.Ordinal));
        if (asked != purchases)
        {
            left.Add($"{asked} questions were sent for {purchases} purchases.");
        }

        var waiting = await ((IOutbox)store).LeaseAsync(later + Duration.FromDays(30), later + Duration.FromDays(31), 10, default);
        left.AddRange(waiting.Select(item => $"The item {item.Id} is still waiting."));
        return left;
    }

    private static async Task<Dictionary<CustomerId, List<JournalEntry>>> JournalsAsync(ICustomerStore store)
    {
        var journals = new Dictionary<CustomerId, List<JournalEntry>>();
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadAllAsync(default))
        {
            journals.TryAdd(customer, []);
            journals[customer].Add(entry);
        }

        return journals;
    }

    private void LookAtAcknowledgements(Dictionary<CustomerId, List<JournalEntry>> journals, int life)
    {
        var there = journals.SelectMany(journal => journal.Value.Select(entry => (entry.Event.Key, journal.Key, entry.Version))).ToHashSet();
        var lines = Enumerable.Range(1, life).SelectMany(each => Diary.Read(Path.Combine(folder, $"acks-{each}"))).ToList();
        Acknowledged = lines.Count;
        wrong.AddRange(lines.Where(line => !there.Contains((EventKey.Parse(line[0]), CustomerId.Parse(line[1]), long.Parse(line[2], CultureInfo.InvariantCulture)))).Select(line => $"The receipt for {line[0]} was acknowledged and is not there."));
    }

    /// <summary>For each customer: the journal leads to the state, every event is known by its key, the ledger adds up to the lots that are held and to the balance that audiences read, and every mug is somewhere.</summary>
    private async Task LookAtCustomersAsync(ICustomerStore store, IEnumerable<CustomerId> customers)
    {
        var ledgers = new Dictionary<CustomerId, List<LedgerEntry>>();
        await foreach (var (customer, entry) in ((IJournalScan)store).ReadLedgerAsync(default))
        {
            ledgers.TryAdd(customer, []);
            ledgers[customer].Add(entry);
        }

        var codec = new Greeter().Contract.Codec;
        var mugs = 0L;
        foreach (var customer in customers)
        {
            var stored = await store.LoadAsync(CustomerRef.Of(customer), default);
            var history = await store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), default);
            var verdict = verifier.Verify(stored, history, ledgers.GetValueOrDefault(customer) ?? []);
            wrong.AddRange(verdict.Differences.Select(difference => $"{customer}: {difference}"));
            wrong.AddRange(verdict.NotRedecided is { } reason ? [$"{customer} was not decided again: {reason}"] : []);
            var keys = await ((IBulkCommit)store).LoadManyAsync([.. history.Entries.Select(entry => CustomerRef.Of(customer) with { Recording = entry.Event.Key })], default);
            wrong.AddRange(history.Entries.Zip(keys).Where(pair => pair.Second.Recorded?.Receipt != pair.First.Receipt).Select(pair => $"{pair.First.Event.Key} would be recorded again."));
            if (stored.Slots.FirstOrDefault(slot => slot.Name == "greeter") is { Version: > 0 } slot)
            {
                mugs += Read(codec, slot).Mugs;
            }
        }

        var balances = await ((IJournalScan)store).ReadFactsAsync(default).Where(row => row.Fact.Name == Club.Points).ToDictionaryAsync(row => row.Customer, row => row.Fact.Value);
        foreach (var customer in ledgers.Keys.Union(balances.Keys))
        {
            var ledger = ledgers.GetValueOrDefault(customer)?.Sum(entry => entry.Amount) ?? 0;
            if (ledger != (balances.TryGetValue(customer, out var balance) ? (long)balance.AsNumber : 0))
            {
                wrong.Add($"The ledger of {customer} adds up to {ledger}, and the balance is {balance}.");
            }
        }

        var left = await ((IQuotas)store).AvailableAsync(Greeter.Mugs, default);
        if (mugs + left != Mugs)
        {
            wrong.Add($"{mugs} mugs were given away and {left} are left of {Mugs}.");
        }
    }

    /// <summary>
    /// What the outbox states: a message is handed over again only when whoever had leased it was interrupted (the process ended, or the run of the outbox ended with an error) before the outcome was durable,
    /// and not before that lease has ended. So none is handed over more often than once and once for each interruption, and never again when its outcome is in the journal.
    /// </summary>
    private void LookAtDeliveries(Dictionary<CustomerId, List<JournalEntry>> journals, int life)
    {
        var last = new Dictionary<(CustomerId, string), (int Interruptions, Instant Leased)>();
        var interruptions = 0;
        HandedOverAgain = 0;
        for (var each = 1; each <= life; each++)
        {
            interruptions++; // the end of the life before
            var leased = Instant.MinValue;
            foreach (var line in Deliveries(each))
            {
                switch (line[0])
                {
                    case "run":
                        leased = At(line[1]);
                        break;
                    case "fault":
                        interruptions++;
                        break;
                    default:
                        var message = (CustomerId.Parse(line[1]), line[2]);
                        if (last.TryGetValue(message, out var before))
                        {
                            HandedOverAgain++;
                            LookAtSecond(message.Item2, each, At(line[3]), before.Leased, interrupted: interruptions > before.Interruptions, settled.TryGetValue(message, out var when) && when < each);
                        }

                        last[message] = (interruptions, leased);
                        break;
                }
            }
        }

        foreach (var outcome in journals.SelectMany(journal => journal.Value.Where(entry => entry.Event.Kind == MessageOutcomes.Sent).Select(entry => (journal.Key, entry.Event.Fields["occasion"].AsCode ?? ""))))
        {
            settled.TryAdd(outcome, life);
            if (!last.ContainsKey(outcome))
            {
                wrong.Add($"The message {outcome.Item2} is said to be sent and was not.");
            }
        }
    }

    private void LookAtSecond(string occasion, int life, Instant at, Instant leased, bool interrupted, bool wasSettled)
    {
        if (!interrupted)
        {
            wrong.Add($"The message {occasion} was handed over again in life {life}, and nothing had been interrupted.");
        }

        if (wasSettled)
        {
            wrong.Add($"The message {occasion} was handed over again in life {life} though its outcome was written.");
        }

        if (at < leased + Club.Options.LeaseFor)
        {
            wrong.Add($"The message {occasion} was handed over again in life {life} while its lease still ran.");
        }
    }

    private IEnumerable<string[]> Deliveries(int life) => Diary.Read(Path.Combine(folder, $"sent-{life}"));

    private static Instant At(string ticks) => Instant.FromUnixTimeTicks(long.Parse(ticks, CultureInfo.InvariantCulture));

    private static Greetings Read(ISlotCodec codec, StoredSlot slot)
    {
        var reader = new SlotReader(slot.Bytes.AsSpan());
        return (Greetings)codec.Read(slot.Version, ref reader);
    }
}
