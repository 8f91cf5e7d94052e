using Crm.Analytics.Experiments;
using Crm.Campaigns;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Segmentation;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Tests.Experiments;

/// <summary>An experiment with a known effect, through the engine on SQLite: what is read from the store is what was put into it.</summary>
public sealed class ReadingExperiments
{
    private const int People = 600;
    private const int Strangers = 30;
    private static readonly Instant Opening = Instant.FromUtc(2026, 3, 2, 4, 0);
    private static readonly Duration Window = Duration.FromDays(7);

    private static readonly Experiment Letters = new("letters", [new("control", 1) { HoldsOut = true }, new("letter", 1)]) { From = Opening };

    private static readonly Segment Regulars = new() { Id = "regulars", Label = new Text("Regulars", "常客"), Where = If.Events("visit").InLast(Duration.FromDays(30)).Count().AtLeast(2) };

    private static readonly ExperimentQuestion Question = new()
    {
        Experiment = "letters",
        Arms = [.. Letters.Arms.Select(arm => new ExpectedArm(arm.Name, arm.Share))],
        Control = "control",
        Goal = new("purchase", Window, Currency.Hkd) { Where = If.Field("event.channel").Is("shop") },
        Costs = new()
        {
            PerMessage = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["email"] = 0.5m },
            PerUnit = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["points"] = 0.01m },
            PerEvent = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["coupon.used"] = 5 },
            Fixed = 40,
        },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_known_effect_on_a_segment_is_found_with_revenue_net_of_refunds_and_all_that_it_cost()
    {
        using var file = new TemporaryFile();
        await using var store = SqliteStore.Open(file.Path);
        var clock = new FakeClock(Opening);
        var plan = CampaignPlan.Of(new Journey
        {
            Id = "hello",
            Trigger = new Trigger.OnEvent("visit"),
            When = If.Fact("segment.regulars").Is(true),
            Experiment = Letters,
            Message = new JourneyMessage("email", "hello", "marketing", Duration.FromDays(1)),
        });
        var engine = new CrmEngine(store, [new TillModule(), new SegmentationModule(new SegmentCatalog(Regulars)), CampaignsModule.WithoutGate(plan, "a simulated experiment")], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Channels = [new Mail()] });
        await engine.RecordAsync([.. Enumerable.Range(0, People + Strangers).Select(n => Event(n, "visit", -24, "before"))], RecordMode.Live, Token);
        await engine.RecordAsync([.. Enumerable.Range(0, People).Select(n => Event(n, "visit", 0))], RecordMode.Live, Token);
        clock.Set(Opening + Duration.FromHours(1));
        while ((await engine.PumpAsync(cancellationToken: Token)).Sent > 0)
        {
        }

        // One of ten buys anyway, and with the letter three of ten, for 100 each with a coupon; each tenth purchase is taken back.
        var luck = new SplitMix(2026);
        var (bought, expected) = (new List<CustomerEvent>(), new Dictionary<string, (int People, int Converted, decimal Revenue, decimal Cost)>(StringComparer.Ordinal));
        var returned = new List<CustomerEvent>();
        for (var n = 0; n < People; n++)
        {
            var arm = (await engine.ReadAsync(CustomerRef.Of(Who(n)), Token))?.Fact("experiment.letters").AsCode ?? "";
            var (buys, back) = (luck.Unit() < (arm == "letter" ? 0.3 : 0.1), luck.Unit() < 0.1);
            var known = expected.GetValueOrDefault(arm);
            var (converted, revenue, cost) = (buys && !back ? 1 : 0, buys && !back ? 100m : 0, arm == "letter" ? 0.5m : 0);
            if (buys)
            {
                bought.Add(Event(n, "purchase", 48) with { Spend = Money.Hkd(100), Channel = "shop" });
                bought.Add(Event(n, "coupon.used", 48));
                cost += 5 + (back ? 0 : 100 * 0.01m);
                if (back)
                {
                    returned.Add(CustomerEvent.Refund($"till:r{n}", Who(n), $"till:purchase{n}", Money.Hkd(100)) with { OccurredAt = Opening + Duration.FromDays(20) });
                }
            }

            // What comes by another channel, before the exposure's window ends or after, is no success.
            bought.Add(Event(n, "purchase", n % 2 == 0 ? 60 : 24 * 9, "other") with { Spend = Money.Hkd(33), Channel = n % 2 == 0 ? "web" : "shop" });
            cost += n % 2 == 0 ? 0.33m : 0;
            expected[arm] = (known.People + 1, known.Converted + converted, known.Revenue + revenue, known.Cost + cost);
        }

        clock.Set(Opening + Duration.FromDays(15));
        await engine.RecordAsync([.. bought.OrderBy(happened => happened.OccurredAt)], RecordMode.Live, Token);
        clock.Set(Opening + Duration.FromDays(30));
        await engine.RecordAsync(returned, RecordMode.Live, Token);

        var report = await ExperimentReading.ReadAsync(engine, Question, clock.GetCurrentInstant(), store, Token);
        Assert.Equal(ShareVerdict.AsPlanned, report.Shares.Verdict);
        Assert.Equal((0, People), (report.Elsewhere, (int)report.Arms.Sum(arm => arm.Converted.People)));
        Assert.All(report.Arms, arm => Assert.Equal(expected[arm.Arm], ((int)arm.Converted.People, (int)arm.Converted.Count, arm.Revenue, arm.Cost)));
        Assert.All(report.Arms, arm => Assert.Equal((0, 0, arm.Converted.Count), (arm.Crossed, arm.Open, (long)arm.Orders.Count)));
        Assert.Null(report.Control.Effect);
        var letter = report.Arms.Single(arm => arm.Arm == "letter");
        var effect = Assert.IsType<RateEffect>(letter.Effect);
        Assert.True(effect.DifferenceInterval.Contains(0.9 * 0.2) && effect.DifferenceInterval.Low > 0);
        var brought = Assert.IsType<ReturnOnSpend>(letter.Return);
        var (with, without) = (expected["letter"], expected["control"]);
        Assert.Equal((double)(((with.Revenue / with.People) - (without.Revenue / without.People)) * with.People), brought.Incremental, 1e-6);
        Assert.Equal((double)(with.Revenue / (with.Cost + 40)), brought.Roas ?? 0, 1e-9);
        Assert.Equal(brought.Incremental / (double)(with.Cost + 40 - (without.Cost / without.People * with.People)), brought.IncrementalRoas ?? 0, 1e-9);
        Assert.True(brought.IncrementalRoasSet.Contains(brought.IncrementalRoas ?? 0) && brought.Roas > 0);

        // Halfway, what is taken back later still counts and everybody is within the window.
        var early = await ExperimentReading.ReadAsync(engine, Question with { Costs = new() }, Opening + Duration.FromDays(3), cancellationToken: Token);
        Assert.True(early.Arms.Sum(arm => arm.Revenue) >= report.Arms.Sum(arm => arm.Revenue));
        Assert.Equal(People, early.Arms.Sum(arm => arm.Open));

        var texts = ExperimentTexts.Describe(report);
        Assert.Contains(texts, text => text.English.Contains("incremental return", StringComparison.Ordinal) && text.Chinese.Contains("增量廣告回報", StringComparison.Ordinal));
        Assert.StartsWith("The arms have the sizes", texts[0].English, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_past_was_disposed_of_is_counted_as_left_out()
    {
        var (clock, store) = (new FakeClock(Opening), new InMemoryStore());
        var engine = new CrmEngine(store, [new TillModule()], new CrmOptions(), clock, new SeededIdSource());
        foreach (var day in Enumerable.Range(0, 3))
        {
            clock.Set(Opening + Duration.FromDays(day * 20));
            await engine.RecordAsync(CustomerEvent.Purchase($"till:{day}", Identity.User("amy"), Money.Hkd(10)), Token);
        }

        await engine.DisposeOfJournalAsync(new DisposalRequest(Opening + Duration.FromDays(30)), Token);
        var report = await ExperimentReading.ReadAsync(engine, Question with { Costs = new() }, Opening + Duration.FromDays(10), cancellationToken: Token);

        Assert.Equal(1, report.Disposed);
        Assert.Contains(ExperimentTexts.Describe(report), text => text.English.StartsWith("1 customers are left out", StringComparison.Ordinal) && text.Chinese.StartsWith("1 名顧客不計在內", StringComparison.Ordinal));
        Assert.Equal(0, (await ExperimentReading.ReadAsync(engine, Question with { Costs = new() }, Opening + Duration.FromDays(41), cancellationToken: Token)).Disposed);
    }

    [Fact]
    public async Task What_is_wrong_with_a_question_is_said_at_once()
    {
        var engine = new CrmEngine(new InMemoryStore(), [new TillModule()], new CrmOptions(), new FakeClock(Opening), new SeededIdSource());
        var wrong = Question with
        {
            Control = "nobody",
            Arms = [new("a", 1), new("a", 0), new("b", -2)],
            Goal = Question.Goal with { Window = Duration.Zero },
            Costs = Question.Costs with { Fixed = -1 },
            Level = 1,
            ShareThreshold = double.NaN,
        };
        var error = await Assert.ThrowsAsync<ArgumentException>(async () => await ExperimentReading.ReadAsync(engine, wrong, Opening, cancellationToken: Token));
        Assert.Equal(9, error.Message.Split(Environment.NewLine).Length);
        Assert.All(
            ["The arm 'a' comes 2 times; once", "'nobody'", "'a' has the share 0; a number above 0", "'b' has the share -2; a number above 0", "The level is 1; a number between 0 and 1", "The threshold of the shares is NaN; a number between 0 and 1", "The window", "the making is -1", "no ledger"],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1.5, 0.5)]
    [InlineData(double.NaN, 0.5)]
    [InlineData(0.5, 0)]
    [InlineData(0.5, 1)]
    [InlineData(0.5, -0.1)]
    public async Task Levels_and_thresholds_are_between_0_and_1(double level, double threshold)
    {
        var engine = new CrmEngine(new InMemoryStore(), [new TillModule()], new CrmOptions(), new FakeClock(Opening), new SeededIdSource());
        var error = await Assert.ThrowsAsync<ArgumentException>(async () => await ExperimentReading.ReadAsync(engine, Question with { Costs = new(), Level = level, ShareThreshold = threshold }, Opening, cancellationToken: Token));
        Assert.Contains("a number between 0 and 1 is expected", Assert.Single(error.Message.Split(Environment.NewLine)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_alarm_is_said_first_in_both_languages()
    {
        var text = ExperimentTexts.Describe(ShareCheck.Of([(821_588, 1), (815_482, 1)]));
        Assert.StartsWith("ALARM", text.English, StringComparison.Ordinal);
        Assert.StartsWith("警報", text.Chinese, StringComparison.Ordinal);
    }

    private static Identity Who(int n) => Identity.User($"p{n}");

    private static CustomerEvent Event(int n, string kind, int hours, string? key = null) =>
        new() { Key = new EventKey("till", $"{key ?? kind}{n}"), Kind = kind, Identity = Who(n), OccurredAt = Opening + Duration.FromHours(hours) };

    private sealed class Mail : IMessageChannel
    {
        public string Name => "email";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }

    /// <summary>A point for each dollar, and the kinds of events.</summary>
    private sealed class TillModule : CustomerModule<TillModule.Till>
    {
        public override ModuleContract Contract { get; } = new()
        {
            Name = "till",
            Codec = new Codec_(),
            Kinds = [new EventKind("visit", EventNature.Happening), new EventKind("coupon.used", EventNature.Happening)],
            Handles = ["purchase"],
        };

        protected override Outcome Handle(Till state, ModuleContext context) => context.Stimulus is Stimulus.Happened { Event.Spend: { } spend }
            ? new Outcome.Accepted
            {
                Entries = [new LedgerEntry { Program = "club", Unit = "points", Lot = context.Cause.ToString(), Amount = (long)spend.Amount, Movement = Movement.Issued, Cause = context.Cause, OccurredAt = context.Moment.Instant }],
            }
            : Outcome.Nothing;

        internal sealed record Till;

        private sealed class Codec_ : SlotCodec<Till>
        {
            public override int Version => 1;

            public override Till Empty { get; } = new();

            protected override void Write(Till state, SlotWriter writer)
            {
            }

            protected override Till Read(int version, ref SlotReader reader) => Empty;
        }
    }

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());

        public void Dispose()
        {
            foreach (var file in new[] { Path, $"{Path}-wal", $"{Path}-shm" })
            {
                File.Delete(file);
            }
        }
    }
}
