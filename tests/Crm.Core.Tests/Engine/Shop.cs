using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>An engine over a memory store, with a clock that tests move and everything in it laid open.</summary>
public sealed class Shop
{
    public static readonly Instant Opening = Instant.FromUtc(2026, 1, 1, 0, 0);
    public static readonly Identity Amy = Identity.User("amy");

    public Shop(params ICustomerModule[] modules)
        : this(new CrmOptions { Zone = DateTimeZone.Utc }, modules)
    {
    }

    public Shop(CrmOptions options, params ICustomerModule[] modules)
        : this(new InMemoryStore(), options, _ => modules)
    {
    }

    /// <summary>A shop whose modules know it, as honest ones do not.</summary>
    public Shop(CrmOptions options, Func<Shop, ICustomerModule[]> modules)
        : this(new InMemoryStore(), options, modules)
    {
    }

    public Shop(InMemoryStore store, params ICustomerModule[] modules)
        : this(store, new CrmOptions { Zone = DateTimeZone.Utc }, _ => modules)
    {
    }

    private Shop(InMemoryStore store, CrmOptions options, Func<Shop, ICustomerModule[]> modules)
    {
        Options = options;
        Store = store;
        Modules = modules(this);
        Engine = new CrmEngine(Store, Modules, options, Clock, new SeededIdSource());
    }

    public ICustomerModule[] Modules { get; }

    public CrmOptions Options { get; }

    public InMemoryStore Store { get; }

    public FakeClock Clock { get; } = new(Opening);

    public CrmEngine Engine { get; private set; }

    /// <summary>The modules of the laws: a club whose bonus hangs on a condition, and a watcher of conditions.</summary>
    internal static Shop With(Clubhouse club) => new(club.Options, new ClubModule(club.Bonus), new WatchModule([.. club.Watched]));

    /// <summary>The same shop with something between the engine and the store.</summary>
    public Shop Over(Func<InMemoryStore, ICustomerStore> between)
    {
        Engine = new CrmEngine(between(Store), Modules, Options, Clock, new SeededIdSource());
        return this;
    }

    public async Task<Receipt> RecordAsync(CustomerEvent happened)
    {
        if (happened.OccurredAt is { } at && at > Clock.GetCurrentInstant())
        {
            Clock.Set(at);
        }

        return await Engine.RecordAsync(happened, TestContext.Current.CancellationToken);
    }

    public async Task<CustomerView> ReadAsync() =>
        await Engine.ReadAsync(CustomerRef.Of(Amy), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("Amy is nobody.");

    /// <summary>Everything that can be observed of the customer at an instant, as text.</summary>
    public async Task<string> PictureAsync(Instant at, bool netted)
    {
        Clock.Set(at);
        await Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
        var view = await Engine.ReadAsync(CustomerRef.Of(Amy), TestContext.Current.CancellationToken);
        return view is null ? "nobody" : string.Join(
            "\n",
            [
                $"club {view.Slot<ClubState>("club")}",
                $"watch {view.Slot<WatchState>("watch")}",
                .. view.Facts.Select(fact => $"fact {fact}"),
                .. await LedgerAsync(netted),
                .. (await MessagesAsync()).Select(message => $"message {message.Occasion} {message.DecidedAt}"),
            ]);
    }

    /// <summary>By which of Amy's identities each entry of her journal came, by key.</summary>
    public async Task<string> NamesAsync() => string.Join(
        ", ",
        (await Store.ReadJournalAsync((await ReadAsync()).Customer, 0, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken))
            .Select(entry => $"{entry.Event.Key} by {entry.IdentityReference}").Order(StringComparer.Ordinal));

    public async Task<List<Message>> MessagesAsync()
    {
        IOutbox outbox = Store;
        var items = await outbox.LeaseAsync(Instant.MaxValue, Instant.MaxValue, int.MaxValue, TestContext.Current.CancellationToken);
        return [.. items.OfType<OutboxItem.OfMessage>().Select(item => item.Message).OrderBy(message => message.Occasion, StringComparer.Ordinal)];
    }

    private async Task<IEnumerable<string>> LedgerAsync(bool netted)
    {
        var entries = new List<LedgerEntry>();
        await foreach (var (_, entry) in Store.ReadLedgerAsync(TestContext.Current.CancellationToken))
        {
            entries.Add(entry);
        }

        return netted
            ? entries.GroupBy(entry => (entry.Unit, entry.Lot, Movement: entry.Movement == Movement.Reversed ? Movement.Issued : entry.Movement))
                .Select(group => (group.Key, Amount: group.Sum(entry => entry.Amount))).Where(group => group.Amount != 0)
                .OrderBy(group => group.Key.Lot, StringComparer.Ordinal).ThenBy(group => group.Key.Movement)
                .Select(group => $"net {group.Key.Lot} {group.Key.Movement} {group.Amount}")
            : entries.Select(entry => $"entry {entry.OccurredAt} {entry.Cause} {entry.Lot} {entry.Movement} {entry.Amount} {entry.Corrects}").Order(StringComparer.Ordinal);
    }
}

/// <summary>A random club: when the bonus is given, what is watched, and small limits so that boundaries are met often.</summary>
public sealed record Clubhouse(Condition Bonus, IReadOnlyList<Condition> Watched, CrmOptions Options)
{
    public override string ToString() => $"bonus {ConditionJson.Write(Bonus)}; watched {string.Join(" ; ", Watched.Select(ConditionJson.Write))}";
}
