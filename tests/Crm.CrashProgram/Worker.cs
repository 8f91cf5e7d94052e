using System.Data.Common;
using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Values;

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

    /// <summary>Says "ready", waits for a line, and then works for ever; says "working" when it has begun.</summary>
    /// <param name="isDesk">Whether the work is that of the <see cref="Desk"/>, and not of the tills.</param>
    /// <param name="location">The store; see <see cref="Open"/>.</param>
    /// <param name="folder">Where the life writes down what it has answered ("acks-LIFE") and sent ("sent-LIFE").</param>
    /// <param name="life">Which life it is, from 1; part of all keys.</param>
    /// <param name="clock">The shop's.</param>
    public static async Task RunAsync(bool isDesk, string location, string folder, int life, FastClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        await WarmUpAsync(isDesk, folder, life, clock);
        Console.Out.WriteLine("ready");
        if (Console.In.ReadLine() is null)
        {
            return; // whoever had it started is gone
        }

        var store = Open(location);
        using var acks = new Diary(Path.Combine(folder, $"acks-{life}"));
        if (isDesk)
        {
            await Desk.RunAsync(store, acks, life, clock, static () => Console.Out.WriteLine("working"));
            return;
        }

        using var sent = new Diary(Path.Combine(folder, $"sent-{life}"));
        var channel = new FileChannel(sent, clock);
        var engine = Club.Engine(store, clock, new RandomIdSource(), channel);
        await Task.WhenAll(
            ForeverAsync(async turn =>
            {
                await SellAsync(engine, acks, life, 0, turn);
                if (turn == 2)
                {
                    Console.Out.WriteLine("working");
                }
            }),
            ForeverAsync(turn => SellAsync(engine, acks, life, 1, turn)),
            ForeverAsync(_ => channel.PumpAsync(engine, most: 5)),
            ForeverAsync(_ => engine.RunDueAsync(most: 5).AsTask()));
    }

    // A process that has done everything once before its turn works from the first moment on.
    private static async Task WarmUpAsync(bool isDesk, string folder, int life, FastClock clock)
    {
        await using var store = SqliteStore.Open(":memory:");
        using var nothing = new Diary(Path.Combine(folder, $"warm-{life}"));
        var channel = new FileChannel(nothing, clock);
        var engine = Club.Engine(store, clock, new RandomIdSource(), channel);
        for (var turn = 1; turn <= 4; turn++)
        {
            await (isDesk ? Desk.SellAndMergeAsync(engine, nothing, life, 0, turn) : SellAsync(engine, nothing, life, 0, turn));
        }

        if (isDesk)
        {
            await Desk.DisposeAsync(engine, nothing, clock);
        }

        await engine.RunDueAsync(1);
        await channel.PumpAsync(engine, most: 1);
    }

    /// <summary>One sale, redemption or mug, written down when it is answered.</summary>
    public static async Task SellAsync(CrmEngine engine, Diary acks, int life, int till, int turn)
    {
        // No luck is needed: the tills go through the customers at different paces.
        var customer = Identity.User(((turn * (till + 5)) + life) % Customers);
        var key = string.Create(CultureInfo.InvariantCulture, $"till-{till}:{life}-{turn}");
        var happened = (turn % 4) switch
        {
            1 => LoyaltyEvents.Redeem(key, SpendAuthority.SignedIn(customer), 20 + (turn % 30)),
            3 => new CustomerEvent { Key = EventKey.Parse(key), Kind = Greeter.TakeMug, Identity = customer },
            _ => CustomerEvent.Purchase(key, customer, Money.Hkd(10 + (turn % 50))),
        };
        var receipt = await engine.RecordAsync(happened);
        acks.Write($"{key} {receipt.Customer} {receipt.Version}");
    }

    /// <summary>
    /// Whether the database was taken away. Npgsql says so by its own exceptions, or, where it finds out late, by what breaks inside it: the connection is not open, its transaction is disposed, its stream has ended.
    /// </summary>
    internal static bool IsWithoutDatabase(Exception fault) => fault is DbException || fault.StackTrace?.Contains(" at Npgsql.", StringComparison.Ordinal) == true;

    /// <summary>Opens a store when it is told to, makes its tables and one customer of its own, and says "made".</summary>
    /// <param name="location">The store; see <see cref="Open"/>.</param>
    /// <param name="number">Which process it is.</param>
    /// <param name="clock">The shop's.</param>
    public static async Task MigrateAsync(string location, int number, FastClock clock)
    {
        Console.Out.WriteLine("ready");
        if (Console.In.ReadLine() is null)
        {
            return; // whoever had it started is gone
        }

        var store = Open(location);
        await Club.Engine(store, clock, new RandomIdSource()).RecordAsync(CustomerEvent.Purchase(string.Create(CultureInfo.InvariantCulture, $"till:{number}"), Identity.User(number), Money.Hkd(10)));
        await ((IAsyncDisposable)store).DisposeAsync();
        Console.Out.WriteLine("made");
    }

    /// <summary>Does something again and again. When the database is taken away it tries the same again.</summary>
    internal static Task ForeverAsync(Func<int, Task> work) => Task.Run(async () =>
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
                catch (Exception fault) when (IsWithoutDatabase(fault))
                {
                    await Task.Delay(10);
                }
            }
        }
    });
}
