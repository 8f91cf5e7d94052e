using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing.Simulation;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>A town of customers whose whole history is known outside the store too, so that every answer can be checked.</summary>
internal sealed class AudienceTown
{
    // The lengths of the windows that the conditions ask about.
    private static readonly Duration[] Windows = [Duration.FromHours(1), Duration.FromHours(3), Duration.FromHours(4)];
    private const int Customers = 12;
    private const int Happenings = 60;
    private static readonly Duration Tick = Duration.FromTicks(1);
    private static readonly Duration Ahead = new CrmOptions().FutureTolerance;
    private static readonly string?[] Channels = ["web", "shop", null];
    private static readonly string[] Articles = ["tea", "cup"];

    private readonly FakeClock clock = new(Samples.Start);
    private readonly Dictionary<int, List<(CustomerEvent Event, Instant At)>> histories = [];
    private readonly Dictionary<int, CustomerView> views = [];
    private readonly ICustomerStore store;
    private readonly CancellationToken cancellationToken;

    private AudienceTown(ICustomerStore store, CancellationToken cancellationToken)
    {
        this.store = store;
        this.cancellationToken = cancellationToken;
        Engine = new CrmEngine(store, [new AudienceModule()], new CrmOptions { Zone = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"] }, clock, new SeededIdSource(7));
    }

    /// <summary>The engine that recorded what happened.</summary>
    public CrmEngine Engine { get; }

    /// <summary>The ability under test.</summary>
    public IAudienceQuery Query => (IAudienceQuery)store;

    /// <summary>A town, the same for the same seed.</summary>
    /// <param name="store">An empty store.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="refunds">How many purchases are taken back whole.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<AudienceTown> OfAsync(ICustomerStore store, ulong seed, int refunds, CancellationToken cancellationToken)
    {
        var town = new AudienceTown(store, cancellationToken);
        var luck = new Luck(seed);
        var hours = Enumerable.Range(0, Happenings).Select(_ => luck.Below(12)).Order().ToList();
        for (var i = 0; i < Happenings; i++)
        {
            await town.RecordAsync(i, 1 + luck.Below(Customers), Samples.At(hours[i]) + (Tick * (luck.Below(3) - 1)), luck).ConfigureAwait(false);
        }

        for (var i = 0; i < refunds; i++)
        {
            await town.TakeBackAsync(luck).ConfigureAwait(false);
        }

        return town;
    }

    /// <summary>The end of what happened, and the instants from then on at which something leaves a window, with their neighbours.</summary>
    public IEnumerable<Instant> Boundaries()
    {
        var now = clock.GetCurrentInstant();
        var edges = histories.Values.SelectMany(history => history).SelectMany(one => Windows.Select(window => one.At + window)).Append(Samples.At(29));
        return edges.Where(edge => edge - Tick >= now).Distinct().Order().Take(4).SelectMany(edge => new[] { edge - Tick, edge, edge + Tick }).Prepend(now).Distinct().Order();
    }

    /// <summary>As of an instant, not before all that happened; the clock goes on to it.</summary>
    public Moment MomentAt(Instant at)
    {
        clock.Set(at);
        views.Clear();
        return new Moment(at, DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]);
    }

    /// <summary>Of half of the customers something is recorded by tills whose clocks are ahead, from a tick to as far as a clock may be.</summary>
    public async Task RecordAheadAsync(ulong seed)
    {
        var luck = new Luck(seed);
        for (var customer = 1; customer <= Customers; customer += 2)
        {
            await RecordAsync(Happenings + customer, customer, clock.GetCurrentInstant() + (customer % 4 == 1 ? Tick : Ahead), luck, isAhead: true).ConfigureAwait(false);
        }
    }

    /// <summary>The customers of whom a condition holds, by the evaluator over the whole history.</summary>
    public async Task<List<CustomerId>> ExpectedAsync(Condition condition)
    {
        var members = new List<CustomerId>();
        foreach (var (number, history) in histories)
        {
            if (!views.TryGetValue(number, out var view))
            {
                views[number] = view = await Engine.ReadAsync(CustomerRef.Of(Samples.User(number)), cancellationToken).ConfigureAwait(false)
                    ?? throw new LawBroken($"The customer {number}", "nobody", "who was recorded");
            }

            if (Evaluator.Evaluate(condition, new Known(view, history)).Value)
            {
                members.Add(view.Customer);
            }
        }

        members.Sort();
        return members;
    }

    private async Task RecordAsync(int number, int customer, Instant at, Luck luck, bool isAhead = false)
    {
        if (!isAhead && at > clock.GetCurrentInstant())
        {
            clock.Set(at);
        }

        var purchase = luck.Below(3) > 0;
        var lines = Enumerable.Range(0, purchase ? 1 + luck.Below(2) : 0).Select(_ => new EventLine(luck.Of(Articles), luck.Below(2) == 0 ? 1m : 0.5m, Money.Hkd(1 + luck.Below(3)), luck.Below(2) == 0 ? "drinks" : null)).ToSequence();
        var happened = new CustomerEvent
        {
            Key = new EventKey("pos", number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Kind = purchase ? EventKinds.PurchaseName : AudienceModule.Visit,
            Identity = Samples.User(customer),
            OccurredAt = at,
            Channel = luck.Of(Channels),
            Spend = purchase ? new Money(lines.Sum(line => line.Amount.MinorUnits), Currency.Hkd) : null,
            Lines = lines,
            Profile = luck.Below(4) == 0 ? Fields.Of(("region", luck.Below(2) == 0 ? "HK" : "KLN"), ("age", luck.Below(4))) : Fields.None,
        };
        var receipt = await Engine.RecordAsync(happened, cancellationToken).ConfigureAwait(false);
        if (!histories.TryGetValue(customer, out var history))
        {
            histories[customer] = history = [];
        }

        history.Add((happened, receipt.EffectiveAt));
    }

    private async Task TakeBackAsync(Luck luck)
    {
        var purchases = histories.SelectMany(pair => pair.Value.Where(one => one.Event.Spend is not null).Select(one => (pair.Key, one.Event))).ToList();
        var (customer, taken) = luck.Of(purchases);
        clock.Advance(Tick);
        var refund = CustomerEvent.Refund($"back:{taken.Key.Value}", Samples.User(customer), taken.Key.ToString(), taken.Spend ?? default) with { OccurredAt = clock.GetCurrentInstant() };
        await Engine.RecordAsync(refund, cancellationToken).ConfigureAwait(false);
        histories[customer].RemoveAll(one => one.Event.Key == taken.Key);
    }

    /// <summary>Facts and profile are those that the engine reads; what happened is known here.</summary>
    private sealed class Known(CustomerView view, List<(CustomerEvent Event, Instant At)> history) : IEvidence
    {
        public Moment Moment => view.Moment;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Passes(leaf.Is, Observed(leaf.Name[Evaluator.ProfileScope.Length..]), leaf.WhenMissing, Moment.Instant).Value;

        public Scalar Observed(string field) => view.Profile[field];

        public Scalar Fact(string name, out Instant? validUntil) => view.Fact(name, out validUntil);

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, history, Moment.Instant);
    }
}
