using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Tests.Decisions;
using Crm.Definitions;
using Crm.Events;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using DecisionRecord = Crm.Events.DecisionRecord;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Campaigns.Tests.Records;

/// <summary>The laws of the record of decisions over random histories through the engine; each is shown to catch what breaks it.</summary>
public sealed class LedgerLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);

    private static readonly CampaignPlan Plan = new(
        new DefinitionCatalog<Journey>(
        [
            Samples.Thanks.Define(), (Samples.Thanks with { Priority = 2 }).Define(2, Samples.Local(2026, 2, 10)), Samples.WakeUp.Define(), Samples.Gift(LeapDay.Mar1).Define(),
            Samples.Of("gold", new Trigger.OnEcho("tier.changed")).Define(), Samples.Of("vip", new Trigger.OnEcho("segment.entered")).Define(),
        ]),
        [new("email", [new Cap.PerDay(1), new Cap.Rolling(2, Duration.FromDays(7))])], quiet: new QuietHours(new LocalTime(22, 0), new LocalTime(7, 0)));

    [Fact]
    public void There_is_one_record_for_each_version_step_and_occasion_of_every_message_and_every_suppression_has_a_reason() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => await IsComplete(Capped(), steps)).Check(Thorough);

    [Fact]
    public void The_law_of_records_catches_a_module_that_forgets_one_of_its_messages() => Caught((record, _) => record.Verdict == DecisionVerdict.Act && record.Definition == "wake-up" ? null : record);

    [Fact]
    public void The_law_of_records_catches_a_suppression_without_a_reason() => Caught((record, _) => record.Reason == "consent-withdrawn" ? record with { Reason = null } : record);

    [Fact]
    public void The_law_of_records_catches_names_that_count_instants() => Caught((record, context) => record with { Step = $"message-{context.Moment.Instant.ToUnixTimeTicks()}" });

    [Fact]
    public void What_counts_of_the_record_is_what_the_journal_leads_to_with_the_hashes_of_the_inputs() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => (await (await RunAsync(Capped(), steps)).Differences()).IsEmpty).Check(Thorough);

    [Fact]
    public void The_law_of_inputs_catches_a_hash_of_what_no_replay_sees()
    {
        var times = 0;
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(CampaignLaws.Steps),
            async Task<bool> (steps) => (await (await RunAsync(Faking((record, _) => record with { Inputs = (UInt128)(++times) }), steps)).Differences()).IsEmpty).Check(Thorough));
    }

    [Fact]
    public void A_worker_daily_late_or_never_leads_to_the_same_record() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) =>
        {
            var never = await CountingAsync(Capped(), steps, null);
            return never == await CountingAsync(Capped(), steps, Duration.FromDays(1)) && never == await CountingAsync(Capped(), steps, Duration.FromDays(17));
        }).Check(Thorough);

    [Fact]
    public void The_law_of_workers_catches_a_record_of_the_moment_of_work() =>
        Counterfeits.Caught(() => Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) =>
        {
            Town Fake()
            {
                Town? town = null;
                return town = Faking((record, _) => record with { At = town?.Now ?? default });
            }

            return await CountingAsync(Fake(), steps, null) == await CountingAsync(Fake(), steps, Duration.FromDays(1));
        }).Check(Thorough));

    [Fact]
    public void What_has_left_stands_as_it_was_decided_whatever_comes_later() =>
        Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => await IsPinned(steps, static decision => $"{decision.Version} {decision.DecidedAt} {decision.Inputs:x32} {decision.SettledAt}")).Check(Thorough);

    [Fact]
    public void The_law_of_pins_catches_a_reader_that_takes_the_latest_entry() =>
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(CampaignLaws.Steps),
            async Task<bool> (steps) => await IsPinned(steps, static decision => $"{decision.Entries[^1].Record}")).Check(Thorough));

    [Fact]
    public async Task Two_processes_that_race_write_one_record_of_each()
    {
        for (var round = 0; round < 20; round++)
        {
            var town = Capped();
            await town.HasBirthday(215);
            var engines = new[] { town.Engine, town.Another(), town.Another() };
            for (var day = 0; day < 60; day += 15)
            {
                town.At(Samples.Local(2026, 1, 2) + Duration.FromDays(day));
                var bought = CustomerEvent.Purchase($"pos:{day}", Samples.Amy, Money.Hkd(1_000));
                await Task.WhenAll(engines.SelectMany(engine => new[] { Task.Run(async () => { await engine.RunDueAsync(); }), Task.Run(async () => { await engine.RecordAsync(bought); }), Task.Run(async () => { await engine.PumpAsync(); }) }));
            }

            town.At(Samples.Local(2026, 6, 1));
            Assert.True(Completes(town, await town.Decided(), [.. await town.Waiting()]));
            Assert.Empty(await town.Differences());
        }
    }

    [Fact]
    public async Task An_event_that_comes_again_finds_its_decisions_in_the_same_receipt()
    {
        var town = Capped();
        var first = await town.Buys("pos:1", spend: 1_000);
        var again = await town.Buys("pos:1", spend: 1_000);

        Assert.Equal(first, again);
        Assert.Equal(["thanks:pos:1", "gold:pos:1"], first.Decisions.Select(decision => decision.Occasion).OrderDescending(StringComparer.Ordinal));
    }

    private static Town Capped() => new(Plan);

    private static Town Faking(Func<DecisionRecord, ModuleContext, DecisionRecord?> change) => new(Plan, new Counterfeit(new CampaignsModule(Plan, new FactGate()), change));

    private static void Caught(Func<DecisionRecord, ModuleContext, DecisionRecord?> change) =>
        Counterfeits.Caught(() => Prop.ForAll(Arb.From(CampaignLaws.Steps), async Task<bool> (steps) => await IsComplete(Faking(change), steps)).Check(Thorough));

    private static async Task<bool> IsComplete(Town town, CampaignLaws.Step[] steps)
    {
        await RunAsync(town, steps);
        var waiting = await town.Waiting();
        return Completes(town, await town.Decided(), waiting);
    }

    private static bool Completes(Town town, Sequence<CampaignDecision> decisions, List<Message> waiting)
    {
        var names = decisions.Select(decision => (decision.Customer, decision.Journey, decision.Version, decision.Step, decision.Occasion)).ToList();
        return names.Distinct().Count() == names.Count
            && names.TrueForAll(name => name.Step == CampaignNames.MessageStep)
            && Occasions(DecisionStatus.Sent).SequenceEqual(town.Mail.Sent.Select(item => item.Message.Occasion).Order(StringComparer.Ordinal))
            && Occasions(DecisionStatus.Waiting, DecisionStatus.Deferred).SequenceEqual(waiting.Select(message => message.Occasion).Order(StringComparer.Ordinal))
            && decisions.All(decision => decision.Status is DecisionStatus.Suppressed or DecisionStatus.Lost or DecisionStatus.Failed or DecisionStatus.Stale or DecisionStatus.Deferred == decision.Reason is not null);

        IEnumerable<string> Occasions(params DecisionStatus[] statuses) => decisions.Where(decision => statuses.Contains(decision.Status)).Select(decision => decision.Occasion).Order(StringComparer.Ordinal);
    }

    private static async Task<bool> IsPinned(CampaignLaws.Step[] steps, Func<CampaignDecision, string> said)
    {
        var (town, pinned) = (Capped(), new Dictionary<(string, int), string>());
        var stands = true;
        await CampaignLaws.StepAsync(town, steps, async (_, roll) =>
        {
            await town.Works();
            if (roll % 3 != 0)
            {
                await town.Pumps();
            }

            foreach (var sent in (await town.Decided()).Where(decision => decision.SettledAt is not null))
            {
                stands &= pinned.TryAdd((sent.Occasion, sent.Version), said(sent)) || pinned[(sent.Occasion, sent.Version)] == said(sent);
            }
        });
        var last = await town.Decided();
        return stands && pinned.Keys.All(name => last.Any(decision => (decision.Occasion, decision.Version) == name && decision.SettledAt is not null));
    }

    private static async Task<Town> RunAsync(Town town, CampaignLaws.Step[] steps)
    {
        await CampaignLaws.StepAsync(town, steps, async (_, roll) =>
        {
            await town.Works();
            if (roll % 3 != 0)
            {
                await town.Pumps();
            }
        });
        await town.Pumps();
        return town;
    }

    // What is decided hangs on when messages were sent only through caps and outcomes, so nothing is pumped.
    private static async Task<string> CountingAsync(Town town, CampaignLaws.Step[] steps, Duration? every)
    {
        var next = town.Now + (every ?? Duration.Zero);
        await CampaignLaws.StepAsync(town, steps, null, async until =>
        {
            while (every is { } gap && next <= until)
            {
                town.At(next);
                await town.Works();
                next += gap;
            }
        });
        town.At(Samples.Local(2026, 12, 1));
        return string.Join('\n', (await town.Decided()).Where(decision => decision.Status != DecisionStatus.Withdrawn && !decision.IsCauseGone)
            .Select(decision => $"{decision.Occasion} {decision.Version} {decision.Status} {decision.Reason} {decision.LostTo} {decision.DecidedAt} {decision.Inputs:x32}"));
    }

    /// <summary>Campaigns whose records are changed on their way, or left out.</summary>
    private sealed class Counterfeit(CampaignsModule genuine, Func<DecisionRecord, ModuleContext, DecisionRecord?> change) : ICustomerModule
    {
        private readonly ICustomerModule module = genuine;

        public ModuleContract Contract => module.Contract;

        public Outcome Handle(object state, ModuleContext context) => module.Handle(state, context) is Outcome.Accepted { Decisions.IsEmpty: false } accepted
            ? accepted with { Decisions = accepted.Decisions.Select(record => change(record, context)).OfType<DecisionRecord>().ToSequence() }
            : module.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => module.Correct(stored, without, with);
    }
}
