using System.Globalization;
using System.Text;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Values;
using NodaTime;

namespace Crm.CrashProgram;

/// <summary>One life of the shop: it records, redeems, pumps and runs timers until it is killed.</summary>
public static class Worker
{
    private const int Customers = 12;

    /// <summary>Opens a store by what a command line can say: "sqlite:FILE" or "postgresql:SCHEMA:CONNECTION".</summary>
    public static ICustomerStore Open(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        var parts = location.Split(':', 3);
        return parts[0] == "sqlite"
            ? SqliteStore.Open(location["sqlite:".Length..])
            : PostgreSqlStore.Open(parts[2], new PostgreSqlStoreOptions { Schema = parts[1] });
    }

    /// <param name="location">The store; see <see cref="Open"/>.</param>
    /// <param name="folder">Where acknowledgements ("acks") and messages ("sent") are written, a line each.</param>
    /// <param name="life">Which life it is, from 1; part of all keys.</param>
    public static async Task RunAsync(string location, string folder, int life)
    {
        var store = Open(location);
        await using var acks = File.Open(Path.Combine(folder, "acks"), FileMode.Append, FileAccess.Write, FileShare.Read);
        await using var channel = new FileChannel(Path.Combine(folder, "sent"), life);
        var engine = Club.Engine(store, new FastClock(), new RandomIdSource(), channel);
        var workers = Enumerable.Range(0, 2).Select(till => ForeverAsync(turn => SellAsync(engine, acks, life, till, turn)))
            .Append(ForeverAsync(_ => engine.PumpAsync(most: 5).AsTask()))
            .Append(ForeverAsync(_ => engine.RunDueAsync(most: 5).AsTask()));
        await Task.WhenAll(workers);
    }

    private static async Task SellAsync(CrmEngine engine, FileStream acks, int life, int till, int turn)
    {
        // No luck is needed: the tills go through the customers at different paces.
        var customer = Identity.User(((turn * (till + 5)) + life) % Customers);
        var key = string.Create(CultureInfo.InvariantCulture, $"till-{till}:{life}-{turn}");
        var happened = (turn % 4) switch
        {
            1 => LoyaltyEvents.Redeem(key, customer, 20 + (turn % 30)),
            3 => new CustomerEvent { Key = EventKey.Parse(key), Kind = Greeter.TakeMug, Identity = customer },
            _ => CustomerEvent.Purchase(key, customer, Money.Hkd(10 + (turn % 50))),
        };
        var receipt = await engine.RecordAsync(happened);
        var line = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key} {receipt.Customer} {receipt.Version}\n"));
        lock (acks)
        {
            acks.Write(line);
            acks.Flush(); // what the operating system has outlives the process
        }

        if (turn == 2 && till == 0)
        {
            Console.Out.WriteLine("working");
        }
    }

    /// <summary>Does something again and again. When the database is taken away it tries again; a message goes to the error stream.</summary>
    private static Task ForeverAsync(Func<int, Task> work) => Task.Run(async () =>
    {
        for (var turn = 1; ; turn++)
        {
            while (true)
            {
                try
                {
                    await work(turn);
                    break;
                }
                catch (Exception fault) when (fault is System.Data.Common.DbException or TooManyConflictsException or InvalidOperationException or IOException)
                {
                    Console.Error.WriteLine(fault.GetType().Name);
                    await Task.Delay(10);
                }
            }
        }
    });
}

/// <summary>A channel that forgets nothing: a line for each message (life, customer, occasion), on the disk before it says that the message is sent.</summary>
/// <param name="path">The file; lines are added.</param>
/// <param name="life">Written with each line.</param>
public sealed class FileChannel(string path, int life) : IMessageChannel, IAsyncDisposable
{
    private readonly FileStream file = File.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read);

    public string Name => Greeter.Channel;

    public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        lock (file)
        {
            file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{life} {customer.Customer} {message.Occasion}\n")));
            file.Flush(flushToDisk: true);
        }

        return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }

    public ValueTask DisposeAsync() => file.DisposeAsync();
}
