using Crm.Campaigns.Decisions;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Experiments;

/// <summary>An engine with campaigns over a store in memory, and several people who buy, return, and turn out to be one.</summary>
internal sealed class Fair
{
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Samples.Local(2026, 1, 1, 0));
    private readonly CrmOptions options = new() { CheckpointEvery = 8 };
    private readonly ICustomerModule[] modules;
    private readonly CrmEngine engine;

    public Fair(CampaignPlan plan, Func<ICustomerModule, ICustomerModule>? change = null, params ICustomerModule[] others)
    {
        ICustomerModule campaigns = CampaignsModule.WithoutGate(plan, "a test of arms");
        modules = [change is null ? campaigns : change(campaigns), .. others];
        Mail = new MailBox("email", clock);
        engine = new CrmEngine(store, modules, options, clock, new SeededIdSource(), new CrmPorts { Channels = [CampaignsModule.Capped(Mail, plan)] });
    }

    public MailBox Mail { get; }

    public Instant Now => clock.GetCurrentInstant();

    public void At(Instant instant) => clock.Set(instant);

    public static CustomerRef Person(int who) => CustomerRef.Of(Identity.User($"p{who}"));

    public ValueTask<Receipt> Buys(int who, string key, Instant? at = null, decimal spend = 100) =>
        engine.RecordAsync(CustomerEvent.Purchase(key, Identity.User($"p{who}"), Money.Hkd(spend)) with { OccurredAt = at });

    public async Task Returns(int who, string key, string purchase) => await engine.RecordAsync(CustomerEvent.Refund(key, Identity.User($"p{who}"), purchase, Money.Hkd(100)));

    public ValueTask<MergeResult> Merges(string key, int survivor, int retired) => engine.MergeAsync(new MergeRequest(EventKey.Parse(key), Person(survivor), Person(retired)));

    public ValueTask<EraseResult> Erases(string key, int who) => engine.EraseAsync(new EraseRequest(EventKey.Parse(key), Person(who)));

    public ValueTask<IReadOnlyList<CustomerId>> Selects(Condition condition) => engine.SelectAsync(condition);

    public async Task Due() => await engine.RunDueAsync();

    public async Task Works()
    {
        await engine.RunDueAsync();
        await engine.PumpAsync();
    }

    public async Task<CustomerView?> Reads(int who) => await engine.ReadAsync(Person(who));

    public async Task<CampaignState> State(int who) => (await Reads(who))?.Slot<CampaignState>(CampaignNames.Module) ?? CampaignState.Empty;

    /// <summary>Everything in which what is stored differs from what the journals lead to.</summary>
    public async Task<IReadOnlyList<Difference>> Differences()
    {
        var verifier = new CustomerVerifier(modules, options);
        var found = new List<Difference>();
        foreach (var customer in (await ((IJournalScan)store).ReadAllAsync(CancellationToken.None).ToListAsync()).Select(row => row.Customer).Distinct())
        {
            var snapshot = await store.LoadAsync(CustomerRef.Of(customer), CancellationToken.None);
            var history = await store.LoadWholeAsync(customer, CancellationToken.None);
            found.AddRange((snapshot.Customer == customer ? verifier.Verify(snapshot, history, []) : verifier.VerifyRetired(customer, history, [])).Differences);
        }

        return found;
    }
}

/// <summary>Campaigns as they are, but for what a counterfeit does otherwise.</summary>
internal class Disguised(ICustomerModule genuine) : ICustomerModule
{
    public ModuleContract Contract => genuine.Contract;

    public virtual Outcome Handle(object state, ModuleContext context) => genuine.Handle(state, context);

    public Outcome.Accepted Correct(object stored, object without, object with) => genuine.Correct(stored, without, with);

    public virtual Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => genuine.Merge(survivor, retired, context);

    public virtual Outcome.Accepted? Pin(object state, object seen) => genuine.Pin(state, seen);
}
