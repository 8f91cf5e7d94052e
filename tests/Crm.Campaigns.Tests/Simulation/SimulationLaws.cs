using System.Runtime.CompilerServices;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Simulation;
using Crm.Campaigns.Tests.Decisions;
using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Campaigns.Tests.Simulation;

/// <summary>What ran is what a simulation of it says, over random histories; each law is shown to catch what breaks it.</summary>
public sealed class SimulationLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);

    private static readonly Definition<Journey>[] Journeys =
    [
        Samples.Thanks.Define(), (Samples.Thanks with { Priority = 2 }).Define(2, Samples.Local(2026, 2, 10)), Samples.WakeUp.Define(), Samples.Gift(LeapDay.Mar1).Define(),
        (Samples.Of("gold", new Trigger.OnEcho("tier.changed")) with { Experiment = new Experiment("golden", [new Arm("control", 1) { HoldsOut = true }, new Arm("letter", 1)]) { From = Samples.LongAgo } }).Define(), Samples.Of("vip", new Trigger.OnEcho("segment.entered")).Define(),
    ];

    private static readonly CampaignPlan Plan = new(new DefinitionCatalog<Journey>(Journeys), [new("email", [new Cap.PerDay(1), new Cap.Rolling(2, Duration.FromDays(7))])], quiet: new QuietHours(new LocalTime(22, 0), new LocalTime(7, 0)));

    private static readonly CampaignPlan Uncapped = new(new DefinitionCatalog<Journey>(Journeys));

    [Fact]
    public void Simulating_what_ran_gives_what_was_decided() => Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => await IsAsItWas(steps, Plan, static store => store)).Check(Thorough);

    [Fact]
    public void The_law_catches_another_plan() => Caught(steps => IsAsItWas(steps, Uncapped, static store => store));

    [Fact]
    public void The_law_catches_a_simulation_that_does_not_know_what_became_of_messages() =>
        Caught(steps => IsAsItWas(steps, Plan, static store => new Hiding(store, entry => MessageOutcomes.Has(entry.Event.Kind))));

    [Fact]
    public void The_law_catches_a_simulation_that_does_not_see_refunds() => Caught(steps => IsAsItWas(steps, Plan, static store => new Hiding(store, entry => entry.Event.Kind == EventKinds.RefundName)));

    [Fact]
    public void The_same_input_gives_the_same_bytes_and_nothing_is_written() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) =>
        {
            var town = await RunAsync(steps);
            var before = await JournalAsync(town.Store);
            var first = await BytesAsync(town);
            return first == await BytesAsync(town) && before == await JournalAsync(town.Store) && first == await BytesAsync(await RunAsync(steps));
        }).Check(Thorough.WithMaxTest(30));

    [Fact]
    public void Comparing_a_plan_with_itself_finds_nothing_and_with_another_what_the_two_simulations_say() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) =>
        {
            var town = await RunAsync(steps);
            var request = new CampaignSimulationRequest { Until = town.Now };
            var same = await town.Simulation.CompareAsync(town.Store, Plan, Plan, request);
            var other = await town.Simulation.CompareAsync(town.Store, Plan, Uncapped, request);
            return same.Changes.IsEmpty && same.Customers.IsEmpty
                && other.Now == await town.Simulation.RunAsync(town.Store, Plan, request)
                && other.Then == await town.Simulation.RunAsync(town.Store, Uncapped, request)
                && other.Customers.Sum(customer => customer.Then - customer.Now) == other.Then.Sent - other.Now.Sent
                && other.Changes.Where(change => change.Then == DecisionStatus.Sent).Sum(change => change.Count) - other.Changes.Where(change => change.Now == DecisionStatus.Sent).Sum(change => change.Count) == other.Then.Sent - other.Now.Sent;
        }).Check(Thorough);

    private static void Caught(Func<CampaignLaws.Step[], Task<bool>> law) => Counterfeits.Caught(() => Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => await law(steps)).Check(Thorough));

    private static async Task<bool> IsAsItWas(CampaignLaws.Step[] steps, CampaignPlan plan, Func<IJournalScan, IJournalScan> seen)
    {
        var town = await RunAsync(steps);
        var simulated = new List<CampaignDecision>();
        await foreach (var customer in town.Simulation.ReadAsync(seen(town.Store), plan, new CampaignSimulationRequest { Until = town.Now }))
        {
            simulated.AddRange(customer.Decisions);
        }

        return Said(await town.Decided()) == Said(simulated);
    }

    // What counts: what was decided meanwhile and never left is no more.
    private static string Said(IEnumerable<CampaignDecision> decisions) => string.Join('\n', decisions.Where(decision => decision.SettledAt is not null || !decision.IsCauseGone).Select(SimulationJson.Write));

    private static async Task<string> BytesAsync(Town town)
    {
        var request = new CampaignSimulationRequest { Until = town.Now };
        var lines = new List<string> { SimulationJson.Write(await town.Simulation.CompareAsync(town.Store, Plan, Uncapped, request)), SimulationJson.Write(await town.Simulation.RunAsync(town.Store, Uncapped, request)) };
        await foreach (var customer in town.Simulation.ReadAsync(town.Store, Uncapped, request))
        {
            lines.AddRange(customer.Decisions.Select(SimulationJson.Write));
        }

        return string.Join('\n', lines);
    }

    private static async Task<string> JournalAsync(IJournalScan store)
    {
        var entries = new List<string>();
        await foreach (var (customer, entry) in store.ReadAllAsync(CancellationToken.None))
        {
            entries.Add($"{customer} {entry.Version} {entry.Event.Key} {entry.Receipt}");
        }

        return string.Join('\n', entries);
    }

    private static async Task<Town> RunAsync(CampaignLaws.Step[] steps)
    {
        var town = new Town(Plan);
        await CampaignLaws.StepAsync(town, steps, async (_, roll) =>
        {
            if (roll % 2 == 0)
            {
                await town.Works();
            }

            if (roll % 3 != 0)
            {
                await town.Pumps();
            }
        });
        await town.Works();
        town.At(town.Now + Duration.FromSeconds(1));
        return town;
    }

    /// <summary>A journal of which some entries are not seen.</summary>
    private sealed class Hiding(IJournalScan journal, Func<JournalEntry, bool> hidden) : IJournalScan
    {
        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => journal.ReadCustomersAsync(cancellationToken);

        public async IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var one in journal.ReadAllAsync(cancellationToken))
            {
                if (!hidden(one.Entry))
                {
                    yield return one;
                }
            }
        }

        public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => journal.ReadLedgerAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => journal.ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => journal.ReadFactsAsync(cancellationToken);
    }
}
