using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Records;

public sealed class Answers
{
    [Fact]
    public async Task A_message_that_was_sent_says_why_in_both_languages()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        town.On(2026, 2, 9);
        await town.Works();
        await town.Pumps();

        var why = Assert.Single(await town.Decided());

        Assert.Equal((DecisionStatus.Sent, "wake-up", 1, "message", "wake-up:pos:1:30"), (why.Status, why.Journey, why.Version, why.Step, why.Occasion));
        Assert.Equal((Samples.Local(2026, 2, 9), (EventKey?)why.Entries[0].With), (why.DecidedAt, new EventKey("outbox", why.Entries[0].Message)));
        Assert.Equal("At 2026-02-09 12:00 a message of journey 'wake-up' (version 1) was sent, because 30 days had passed since 'purchase' pos:1.", why.Text.English);
        Assert.Equal("2026-02-09 12:00 發出了旅程「wake-up」（第 1 版）的訊息，因為距離「purchase」pos:1 已有 30 日。", why.Text.Chinese);
        Assert.Equal(why.Text.Chinese, await town.Record.ExplainAsync(CustomerRef.Of(Samples.Amy), Language.TraditionalChinese));
    }

    [Fact]
    public async Task A_suppressed_decision_says_why_not()
    {
        var town = new Town(Samples.Thanks, Samples.Gift());
        await town.HasBirthday(201);
        await town.Closes();
        await town.Buys("pos:1", Samples.Local(2026, 1, 10));
        town.On(2026, 2, 2);

        var decisions = await town.Decided();

        Assert.Equal([(DecisionStatus.Suppressed, "consent-withdrawn", "thanks:pos:1"), (DecisionStatus.Suppressed, "consent-withdrawn", "gift:birthday:2026")], decisions.Select(decision => (decision.Status, decision.Reason, decision.Occasion)));
        Assert.Equal("At 2026-01-10 12:00 journey 'thanks' (version 1), which began because of 'purchase' pos:1, sent nothing: the gate refused with 'consent-withdrawn'.", decisions[0].Text.English);
        Assert.Equal("2026-02-01 09:00 旅程「gift」（第 1 版）（因為是客人每年收到祝賀的日子（2026））沒有發出訊息：把關規則拒絕發送（consent-withdrawn）。", decisions[1].Text.Chinese);
        Assert.Null(decisions[1].Entries[0].With);
    }

    [Fact]
    public async Task What_the_gate_refused_when_it_was_to_leave_is_the_same_record()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        Assert.Equal(DecisionStatus.Waiting, Assert.Single(await town.Decided()).Status);
        await town.Closes();
        await town.Pumps();

        var record = Assert.Single(await town.Decided());

        Assert.Equal((DecisionStatus.Suppressed, "consent-withdrawn", MessageOutcomes.Refused), (record.Status, record.Reason, Assert.Single(record.Outcomes).Kind));
    }

    [Fact]
    public async Task Who_lost_says_to_whom_and_a_full_cap_is_nobodys_victory()
    {
        var plan = new CampaignPlan(
            new DefinitionCatalog<Journey>([Samples.Of("a", new Trigger.OnEvent("purchase")).Define(), (Samples.Of("b", new Trigger.OnEvent("purchase")) with { Priority = 5 }).Define()]),
            [new("email", [new Cap.PerDay(1)])]);
        var town = new Town(plan);
        await town.Buys("pos:1");
        town.On(2026, 1, 1, 3);
        await town.Buys("pos:2");

        var decisions = await town.Decided();

        Assert.Equal(
            [("a:pos:1", DecisionStatus.Lost, "b:pos:1"), ("b:pos:1", DecisionStatus.Waiting, null), ("a:pos:2", DecisionStatus.Suppressed, null), ("b:pos:2", DecisionStatus.Suppressed, null)],
            decisions.Select(decision => (decision.Occasion, decision.Status, decision.LostTo)));
        Assert.Equal("2026-01-01 00:00 旅程「a」（第 1 版）開始，因為「purchase」pos:1；沒有發出訊息，因為「b:pos:1」優先：已達該渠道的發送上限。", decisions[0].Text.Chinese);
    }

    [Fact]
    public async Task What_was_taken_back_before_it_left_is_withdrawn_and_what_had_left_says_that_its_cause_is_gone()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        await town.Pumps();
        await town.Buys("pos:2");
        await town.Returns("pos:1");
        await town.Returns("pos:2");
        await town.Pumps();

        var decisions = await town.Decided();

        Assert.Equal([(DecisionStatus.Sent, true, 2), (DecisionStatus.Withdrawn, true, 2)], decisions.Select(decision => (decision.Status, decision.IsCauseGone, decision.Entries.Count)));
        Assert.EndsWith("What it was decided for was taken back afterwards.", decisions[0].Text.English, StringComparison.Ordinal);
        Assert.Empty(await town.Differences());
    }

    [Fact]
    public async Task A_late_event_writes_another_entry_and_what_was_sent_stands_as_it_was_decided()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        town.On(2026, 1, 31);
        await town.Works();
        await town.Pumps();
        town.On(2026, 2, 1);
        await town.Buys("pos:late", Samples.Local(2026, 1, 20));
        town.On(2026, 2, 19);
        await town.Works();

        var decisions = await town.Decided();

        Assert.Equal([("wake-up:pos:1:30", DecisionStatus.Sent, true), ("wake-up:pos:late:30", DecisionStatus.Waiting, false)], decisions.Select(decision => (decision.Occasion, decision.Status, decision.IsCauseGone)));
        Assert.Equal(Samples.Local(2026, 1, 31), decisions[0].DecidedAt);
        Assert.Empty(await town.Differences());
    }

    [Fact]
    public async Task History_that_is_imported_is_recorded_and_silent()
    {
        var town = new Town(Samples.Thanks, Samples.WakeUp);
        town.On(2026, 3, 1);
        await town.Imports(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, 1, 1) }, CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, 2, 10) });

        var decisions = await town.Decided();

        Assert.Equal(["thanks:pos:1", "wake-up:pos:1:30", "thanks:pos:2"], decisions.Select(decision => decision.Occasion));
        Assert.All(decisions, decision => Assert.Equal(DecisionStatus.Silent, decision.Status));
        Assert.Empty(await town.Waiting());
        Assert.Empty(await town.Differences());
    }

    [Fact]
    public async Task Each_version_has_its_own_record_and_questions_narrow_them()
    {
        var next = Samples.Thanks with { Message = Samples.Thanks.Message with { Template = "hello-again" } };
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define(), next.Define(2, Samples.Local(2026, 2, 1)), Samples.Of("more", new Trigger.OnEvent("purchase")).Define()])));
        await town.Buys("pos:1", Samples.Local(2026, 1, 31));
        await town.Buys("pos:2", Samples.Local(2026, 2, 1));

        Assert.Equal([("thanks:pos:1", 1), ("thanks:pos:2", 2)], (await town.Decided(new DecisionQuery { Journey = "thanks" })).Select(decision => (decision.Occasion, decision.Version)));
        Assert.Equal("thanks:pos:2", Assert.Single(await town.Decided(new DecisionQuery { Journey = "thanks", Version = 2 })).Occasion);
        Assert.Equal(2, Assert.Single(await town.Decided(new DecisionQuery { Occasion = "thanks:pos:2" })).Version);
        Assert.Equal(2, (await town.Decided(new DecisionQuery { From = Samples.Local(2026, 2, 1) })).Count);
        Assert.Equal(2, (await town.Decided(new DecisionQuery { Until = Samples.Local(2026, 2, 1) })).Count);
        Assert.Empty(await town.Decided(new DecisionQuery { Status = DecisionStatus.Sent }));
    }

    [Fact]
    public async Task All_customers_are_told_of_and_whoever_was_merged_keeps_what_was_decided_for_them()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        await town.Engine.RecordAsync(CustomerEvent.Purchase("pos:2", Bob, Money.Hkd(10)));
        await town.Pumps();
        Assert.Equal(["thanks:pos:1", "thanks:pos:2"], await All());

        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Bob)));
        await town.Returns("pos:2");

        var decisions = await town.Decided();
        Assert.Equal([("thanks:pos:1", DecisionStatus.Sent, false), ("thanks:pos:2", DecisionStatus.Sent, true)], decisions.Select(decision => (decision.Occasion, decision.Status, decision.IsCauseGone)));
        Assert.NotEqual(decisions[0].Customer, decisions[1].Customer);
        Assert.Equal(["thanks:pos:1", "thanks:pos:2"], await All());
        Assert.Empty(await town.Differences());

        async Task<List<string>> All()
        {
            var occasions = new List<string>();
            await foreach (var decision in town.Record.AllAsync())
            {
                occasions.Add(decision.Occasion);
            }

            return [.. occasions.Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task What_a_channel_tells_of_one_of_two_who_were_merged_is_told_of_that_one_only()
    {
        var town = new Town(Samples.Gift(), Samples.Thanks);
        await town.HasBirthday(201);
        await town.Records(new CustomerEvent { Key = EventKey.Parse("web:bob"), Kind = "door.knocked", Identity = Bob, Profile = Fields.Of(("birthday", 201)) });
        town.On(2026, 1, 1);
        await town.Engine.RecordAsync(CustomerEvent.Purchase("pos:2", Bob, Money.Hkd(10)));
        await town.Pumps();
        town.On(2026, 2, 2);
        await town.Works();
        await town.Pumps();
        await Tells("esp:1", Bob, MessageOutcomes.Opened, "gift:birthday:2026");
        var bob = (await town.Engine.ReadAsync(CustomerRef.Of(Bob)))?.Customer;

        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Bob)));
        await Tells("esp:2", Samples.Amy, MessageOutcomes.Delivered, "gift:birthday:2026");
        await Tells("esp:3", Bob, MessageOutcomes.Opened, "thanks:pos:2");

        var gifts = await town.Decided(new DecisionQuery { Occasion = "gift:birthday:2026" });
        Assert.Equal([MessageOutcomes.Sent, MessageOutcomes.Opened], gifts.Single(gift => gift.Customer == bob).Outcomes.Select(outcome => outcome.Kind));
        Assert.Equal([MessageOutcomes.Sent, MessageOutcomes.Delivered], gifts.Single(gift => gift.Customer != bob).Outcomes.Select(outcome => outcome.Kind));
        var thanks = Assert.Single(await town.Decided(new DecisionQuery { Occasion = "thanks:pos:2" }));
        Assert.Equal([MessageOutcomes.Sent, MessageOutcomes.Opened], thanks.Outcomes.Select(outcome => outcome.Kind));

        async Task Tells(string key, Identity whom, string kind, string occasion) => await town.Records(new CustomerEvent { Key = EventKey.Parse(key), Kind = kind, Identity = whom, Fields = Fields.Of(("occasion", occasion)) });
    }

    [Fact]
    public async Task What_falls_due_when_a_person_is_forgotten_is_silent_in_the_journal_that_is_kept()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        var customer = (await town.Amy()).Customer;
        town.On(2026, 2, 5);

        await town.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy)) { KeepJournal = true });

        var record = Assert.Single(await town.Record.OfAsync(CustomerRef.Of(customer)));
        Assert.Equal(("wake-up:pos:1:30", DecisionStatus.Silent), (record.Occasion, record.Status));
        Assert.Empty(await town.Waiting());
    }

    [Fact]
    public async Task What_is_put_off_is_deferred_until_its_instant()
    {
        var plan = CampaignPlan.Of(Samples.Thanks);
        var until = Samples.Local(2026, 1, 2);
        var town = new Town(plan, new PuttingOff(new CampaignsModule(plan, new FactGate()), until));
        await town.Buys("pos:1");
        await town.Pumps();

        Assert.Equal(DecisionStatus.Deferred, Assert.Single(await town.Decided()).Status);
        town.At(until);
        Assert.Equal(DecisionStatus.Waiting, Assert.Single(await town.Decided()).Status);
        await town.Pumps();
        Assert.Equal(DecisionStatus.Sent, Assert.Single(await town.Decided()).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_that_was_changed_or_removed_afterwards_is_found(bool removed)
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1");
        await town.Buys("pos:2");
        Assert.Empty(await town.Differences());

        var difference = Assert.Single(await town.Differences(change: decisions => removed ? [] : decisions.Select(decision => decision with { Reason = "consent-withdrawn", Verdict = DecisionVerdict.Suppress }).ToSequence(), of: EventKey.Parse("pos:2")));

        Assert.Equal("the decision of 'thanks' about 'thanks:pos:2'", difference.About);
    }

    [Fact]
    public async Task What_an_older_release_did_not_record_is_not_missed_when_a_refund_writes_about_it_and_what_is_removed_since_is()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        await town.Buys("pos:2", Samples.Local(2026, 1, 20));
        var release = Samples.Local(2026, 2, 10);
        town.At(release);
        await town.Returns("pos:1");
        Assert.Empty(await town.DifferencesIf(Recorded));
        await town.Buys("pos:3", Samples.Local(2026, 2, 12));
        await town.Buys("pos:4", Samples.Local(2026, 2, 13));

        Assert.Empty(await town.DifferencesIf(Recorded));
        var difference = Assert.Single(await town.DifferencesIf(entry => entry.Event.Key == EventKey.Parse("pos:4") ? [] : Recorded(entry)));
        Assert.Equal("the decision of 'thanks' about 'thanks:pos:4'", difference.About);

        Sequence<DecisionRecord> Recorded(JournalEntry entry) => entry.RecordedAt < release ? [] : entry.Receipt.Decisions;
    }

    [Fact]
    public async Task What_came_late_is_missed_too_where_all_was_recorded()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1", Samples.Local(2026, 1, 20));
        await town.Buys("pos:2", Samples.Local(2026, 1, 10));

        var difference = Assert.Single(await town.Differences(static _ => [], EventKey.Parse("pos:2")));

        Assert.Equal("the decision of 'thanks' about 'thanks:pos:2'", difference.About);
    }

    [Fact]
    public async Task An_outcome_from_before_what_had_fallen_due_is_not_decided_again_and_is_no_damage()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 2));
        town.On(2026, 2, 10);
        await town.Works();
        Assert.Empty(await town.Differences());
        IOutbox outbox = town.Store;
        var item = Assert.Single((await outbox.LeaseAsync(town.Now, town.Now, 10, CancellationToken.None)).OfType<OutboxItem.OfMessage>());

        // The worker that hands it over has a clock that is behind.
        await town.Records(new CustomerEvent
        {
            Key = new EventKey("outbox", item.Id),
            Kind = MessageOutcomes.Sent,
            Identity = Samples.Amy,
            OccurredAt = item.Message.DecidedAt - Duration.FromHours(1),
            Fields = Fields.Of(("occasion", item.Message.Occasion), ("channel", item.Message.Channel), ("template", item.Message.Template), ("purpose", item.Message.Purpose)),
        });

        var why = await Assert.ThrowsAsync<InvalidOperationException>(() => town.Differences());
        Assert.Contains("was decided as of a later instant", why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decisions_whose_receipts_were_disposed_of_are_not_missed_of_who_was_merged_since_and_those_of_who_stays_are()
    {
        var town = new Town(Samples.WakeUp, Samples.Thanks);
        await town.Buys("pos:1", Samples.Local(2026, 1, 2));
        await town.Buys("pos:2", Samples.Local(2026, 2, 10));

        // It is silence since then that was broken: what was decided otherwise stands in its receipt alone.
        await town.Buys("pos:late", Samples.Local(2026, 1, 5));
        await town.Engine.DisposeOfJournalAsync(new DisposalRequest(Samples.Local(2026, 1, 20)));
        await town.Records(CustomerEvent.Purchase("pos:3", Bob, Money.Hkd(100)));
        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Bob), CustomerRef.Of(Samples.Amy)));

        Assert.Empty(await town.Differences());
        Assert.Equal("the decision of 'thanks' about 'thanks:pos:3'", Assert.Single(await town.Differences(static _ => [], EventKey.Parse("pos:3"))).About);
    }

    [Fact]
    public async Task What_the_page_shows_answers_and_counts()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        await town.Pumps();
        await town.Closes();
        await town.Buys("pos:2", Samples.Local(2026, 1, 5));

        Assert.StartsWith("2026-01-05 12:00 旅程「thanks」", await WhyContacted.Questions.AnswerAsync(town.Record, Samples.Amy, Samples.Local(2026, 1, 3), Language.TraditionalChinese), StringComparison.Ordinal);
        var counts = await WhyContacted.Questions.CountAsync(town.Record, "thanks");
        Assert.Equal((2, 1, 1), (counts.Count, counts[(DecisionStatus.Sent, null)], counts[(DecisionStatus.Suppressed, "consent-withdrawn")]));
    }

    [Fact]
    public async Task Nobody_has_no_record()
    {
        Assert.Empty(await new Town(Samples.Thanks).Decided());
    }

    private static readonly Identity Bob = Identity.User("bob");

    /// <summary>Campaigns whose messages are put off.</summary>
    private sealed class PuttingOff(CampaignsModule genuine, Instant until) : ICustomerModule
    {
        private readonly ICustomerModule module = genuine;

        public ModuleContract Contract => module.Contract;

        public Outcome Handle(object state, ModuleContext context) => module.Handle(state, context) is Outcome.Accepted { Messages.IsEmpty: false } accepted
            ? accepted with { Messages = accepted.Messages.Select(message => message with { NotBefore = until }).ToSequence(), Decisions = accepted.Decisions.Select(record => record with { NotBefore = until }).ToSequence() }
            : module.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => module.Correct(stored, without, with);
    }
}
