using Crm.Campaigns.Decisions;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Campaigns.Tests.Experiments;

/// <summary>Whoever was exposed to an arm stays in it, in any order of events, late and repeated ones, refunds, merges and replays; and who is held out gets nothing. Each law catches a module that breaks it.</summary>
public sealed class StickyArms
{
    private const int People = 4;

    private static readonly Experiment Letters = new("letters", [new("control", 1) { HoldsOut = true }, new("letter", 1), new("picture", 1) { Template = "hello-picture" }]) { From = Samples.LongAgo };

    private static readonly Experiment Wakings = new("wakings", [new("control", 1) { HoldsOut = true }, new("woken", 1)]) { From = Samples.LongAgo };

    private static readonly CampaignPlan Plan = Of(Samples.Thanks with { Experiment = Letters }, Samples.WakeUp with { Experiment = Wakings });

    private static readonly Condition Known = If.Any(Letters.Arms.Select(arm => If.Fact("experiment.letters").Is(arm.Name)).ToSequence());

    // What waits for the facts of an experiment: a journey on the echo of a segment, and one for whoever counts in none.
    private static readonly CampaignPlan Echoing = Of(
        Samples.Thanks with { Experiment = Letters },
        Samples.WakeUp with { Experiment = Wakings },
        Samples.Of("vip", new Trigger.OnEcho("segment.entered")),
        Samples.Of("zero", new Trigger.OnEvent("purchase")) with { When = !Known });

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    [Fact]
    public void Exposures_stand_whatever_happens_and_books_say_the_same_when_they_are_decided_again() => CheckSticky(Thorough);

    [Fact]
    public void The_law_catches_a_module_that_pins_nothing() => Counterfeits.Caught(() => CheckSticky(Thorough, module => new Unpinned(module)));

    [Fact]
    public void The_law_catches_a_module_that_forgets_the_arm_of_who_goes() => Counterfeits.Caught(() => CheckSticky(Thorough, module => new Forgetful(module)));

    [Fact]
    public void Who_is_held_out_gets_nothing_and_everybody_else_what_their_arm_says() => CheckHeld(Thorough);

    // As it was: what falls due is handled before what happens at its instant.
    [Fact]
    public void The_law_catches_a_module_that_tells_of_what_is_pinned_too_early() => Counterfeits.Caught(() => CheckSticky(Thorough, module => new Hasty(module)));

    [Fact]
    public void The_law_catches_a_module_that_tells_of_what_was_taken_over_as_of_before_the_merge() => Counterfeits.Caught(() => CheckSticky(Thorough, module => new Backdating(module)));

    [Fact]
    public async Task What_reads_the_facts_of_an_experiment_decides_the_same_when_it_is_decided_again()
    {
        var fair = Told();
        var opening = fair.Now + Duration.FromDays(10);
        fair.At(opening);
        await fair.Buys(0, "pos:0", opening);
        var before = await fair.State(0);
        Assert.Equal(("vip:pos:0", "zero:pos:0"), (before.In("vip").Last?.Occasion, before.In("zero").Last?.Occasion));

        fair.At(opening + Duration.FromDays(1));
        await fair.Buys(0, "pos:1");
        await fair.Returns(0, "pos:2", "pos:1");
        await fair.Buys(0, "pos:late", opening - Duration.FromDays(1));
        var after = await fair.State(0);
        Assert.Equal("vip:pos:0", after.In("vip").Last?.Occasion);
        Assert.Equal(before.Exposures, after.Exposures);
        Assert.Empty(await fair.Differences());

        // Of two it is told from the merge on whether they have seen two arms, also when what was before it is decided again.
        await fair.Buys(1, "pos:3", fair.Now);
        var own = Assert.Single((await fair.State(1)).Exposures, exposure => exposure.Experiment == "letters");
        await fair.Merges("desk:1", survivor: 1, retired: 0);
        await fair.Buys(1, "pos:later-known", opening);
        Assert.Equal((own.Arm, own.At), Assert.Single((await fair.State(1)).Exposures, exposure => exposure.Experiment == "letters") is var kept ? (kept.Arm, kept.At) : default);
        Assert.Empty(await fair.Differences());
    }

    // As a system does that draws anew at each pass.
    [Fact]
    public void The_law_catches_a_module_that_draws_the_arm_of_each_occasion() => Counterfeits.Caught(() => CheckHeld(Thorough, module => new Drawing(module)));

    [Fact]
    public async Task The_arm_of_who_stays_counts_if_they_were_exposed_and_else_that_of_who_goes()
    {
        var fair = new Fair(CampaignPlan.Of(Samples.WakeUp with { Experiment = Wakings }));
        var opening = fair.Now;
        await fair.Buys(0, "pos:0");
        fair.At(opening + Duration.FromDays(20));
        await fair.Buys(1, "pos:1");
        fair.At(opening + Duration.FromDays(31));
        await fair.Works();
        var exposed = Assert.Single((await fair.State(0)).Exposures);
        Assert.Equal(opening + Duration.FromDays(30), exposed.At);
        Assert.Empty((await fair.State(1)).Exposures);

        await fair.Merges("desk:1", survivor: 1, retired: 0);
        var view = await fair.Reads(1);
        var taken = exposed with { Customer = view?.Customer ?? default, ToldAt = fair.Now };
        Assert.Equal([taken], (await fair.State(1)).Exposures);
        Assert.Equal(exposed.Arm, view?.Fact("experiment.wakings").AsCode);
        Assert.Equal([view?.Customer], (await fair.Selects(If.Fact("experiment.wakings").Is(exposed.Arm))).Select(id => (CustomerId?)id));

        // What came late and would have exposed who stays before does not move them any more.
        await fair.Buys(1, "pos:2", opening - Duration.FromDays(40));
        Assert.Equal([taken], (await fair.State(1)).Exposures);
        Assert.Empty(await fair.Differences());

        await fair.Erases("desk:2", 1);
        Assert.Empty((await fair.State(1)).Exposures);
    }

    [Fact]
    public async Task Reasons_are_recorded_and_said_in_both_languages()
    {
        var fair = new Fair(CampaignPlan.Of(Samples.Thanks with { Experiment = Letters }));
        var reasons = new List<string?>();
        for (var person = 0; person < 12; person++)
        {
            var receipt = await fair.Buys(person, $"pos:{person}");
            var line = Assert.Single(receipt.Lines);
            reasons.Add(line.Code == LineCodes.Suppressed ? Assert.Single(line.Parts).Code : null);
            var last = (await fair.State(person)).In("thanks").Last;
            Assert.Equal(reasons[^1], last?.Reason);
        }

        Assert.Equal([null, Reasons.HeldOut], reasons.Distinct().Order());
        Assert.Equal("The customer is in an arm of the experiment that gets nothing.", CampaignTexts.Reason(Reasons.HeldOut).English);
        Assert.Contains("對照組", CampaignTexts.Reason(Reasons.HeldOutOfAll).Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_held_out_of_all_hears_of_the_service_only()
    {
        var plan = new CampaignPlan(
            new Definitions.DefinitionCatalog<Journey>(new[] { Samples.Thanks.Define(), Samples.Of("receipt", new Trigger.OnEvent("purchase"), purpose: JourneyMessage.Service).Define() }),
            holdout: new Holdout("everyone", 1, 2) { From = Samples.LongAgo });
        var fair = new Fair(plan);
        for (var person = 0; person < 20; person++)
        {
            await fair.Buys(person, $"pos:{person}");
        }

        await fair.Works();
        var held = 0;
        for (var person = 0; person < 20; person++)
        {
            var state = await fair.State(person);
            var exposure = Assert.Single(state.Exposures);
            held += exposure.Arm == Holdout.HeldOutArm ? 1 : 0;
            Assert.Equal(exposure.Arm == Holdout.HeldOutArm ? Reasons.HeldOutOfAll : null, state.In("thanks").Last?.Reason);
            Assert.Null(state.In("receipt").Last?.Reason);
        }

        Assert.InRange(held, 3, 17);
        Assert.Equal(20 - held, fair.Mail.Sent.Count(sent => sent.Message.Parameters["journey"].AsCode == "thanks"));
        Assert.Equal(20, fair.Mail.Sent.Count(sent => sent.Message.Parameters["journey"].AsCode == "receipt"));
    }

    private static CampaignPlan Of(params Journey[] journeys) => new(new Definitions.DefinitionCatalog<Journey>(journeys.Select(journey => journey.Define())), holdout: new Holdout("everyone", 1, 8, CalendarPeriod.Month) { From = Samples.LongAgo });

    private static Fair Told(Func<ICustomerModule, ICustomerModule>? change = null) =>
        new(Echoing, change, new SegmentationModule(new SegmentCatalog(new Segment { Id = "lettered", Label = new Text("In the letters", "來信實驗"), Where = Known })));

    private static Gen<Step[]> Steps =>
        from count in Gen.Choose(2, 22)
        from hours in Gen.ListOf(Gen.Choose(0, 100 * 24), count)
        from rolls in Gen.ListOf(Gen.Choose(0, 99), count)
        from people in Gen.ListOf(Gen.Two(Gen.Choose(0, People - 1)), count)
        from late in Gen.ListOf(Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(1, 30 * 24))), count)
        select hours.Order().Select((hour, i) => new Step(hour, rolls[i], people[i].Item1, people[i].Item2, Math.Min(late[i], hour))).ToArray();

    private static void CheckSticky(Config config, Func<ICustomerModule, ICustomerModule>? change = null) =>
        Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) =>
        {
            var fair = Told(change);
            var model = new Dictionary<(int Person, string Experiment), Exposure>();
            var leads = Enumerable.Range(0, People).ToArray();
            await StepAsync(fair, steps, async (step, merged) =>
            {
                if (merged)
                {
                    Join(model, leads, step, fair.Now);
                }

                // What history does not lead to any more is told a tick after. What nobody has handled yet has been seen by nobody, and may still turn out otherwise.
                fair.At(fair.Now + Duration.FromTicks(1));
                await fair.Due();
                foreach (var person in leads.Distinct())
                {
                    var state = await fair.State(person);
                    foreach (var exposure in state.Exposures)
                    {
                        // That somebody has seen two arms may become known later, by what comes late of before a merge; it is never forgotten.
                        var known = model.GetValueOrDefault((person, exposure.Experiment), exposure);
                        Assert.Equal((known.Experiment, known.Arm, known.At), (exposure.Experiment, exposure.Arm, exposure.At));
                        Assert.True(exposure.Crossed || !known.Crossed);
                        model[(person, exposure.Experiment)] = exposure;
                    }

                    Assert.Equal(model.Keys.Count(key => key.Person == person), state.Exposures.Count);
                    var view = await fair.Reads(person);
                    Assert.All(state.Exposures, exposure => Assert.Equal(
                        (exposure.Arm, exposure.At, exposure.Crossed),
                        (view?.Fact(ExperimentNames.Arm(exposure.Experiment)).AsCode, view?.Fact(ExperimentNames.Since(exposure.Experiment)).AsInstant, view?.Fact(ExperimentNames.Crossed(exposure.Experiment)).AsFlag)));
                }
            });
            Assert.Empty(await fair.Differences());
            return true;
        }).Check(config);

    // What the page says of merges, in other words than the module's.
    private static void Join(Dictionary<(int Person, string Experiment), Exposure> model, int[] leads, Step step, Instant now)
    {
        var (stays, goes) = (leads[step.Who], leads[step.Other]);
        foreach (var (key, theirs) in model.Where(pair => pair.Key.Person == goes).ToList())
        {
            model.Remove(key);
            model[(stays, key.Experiment)] = !model.TryGetValue((stays, key.Experiment), out var mine) ? theirs
                : mine with { CrossedAt = mine.Crossed || theirs.Crossed || mine.Arm != theirs.Arm ? now : null };
        }

        for (var i = 0; i < leads.Length; i++)
        {
            leads[i] = leads[i] == goes ? stays : leads[i];
        }
    }

    private static void CheckHeld(Config config, Func<ICustomerModule, ICustomerModule>? change = null) =>
        Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) =>
        {
            var fair = new Fair(Plan, change);
            var (read, holds) = (0, true);
            await StepAsync(fair, steps, async (step, _) =>
            {
                foreach (var (message, _) in fair.Mail.Sent.Skip(read))
                {
                    read++;
                    var experiment = message.Parameters["journey"].AsCode == "thanks" ? Letters : Wakings;
                    var arm = experiment.Named(message.Parameters["arm"].AsCode ?? "");
                    holds &= arm is { HoldsOut: false } && message.Template == (arm.Template ?? "hello");
                }

                for (var person = 0; person < People; person++)
                {
                    var state = await fair.State(person);
                    foreach (var (journey, experiment) in new[] { ("thanks", Letters), ("wake-up", Wakings) })
                    {
                        holds &= state.In(experiment) is not { Crossed: false } exposure || state.In(journey) is var standing
                            && (experiment.Named(exposure.Arm)?.HoldsOut == true ? standing.Count("decided") == 0 : standing.Count($"suppressed.{Reasons.HeldOut}") == 0);
                    }
                }
            });
            return holds;
        }).Check(config);

    private static async Task StepAsync(Fair fair, Step[] steps, Func<Step, bool, Task> after)
    {
        var opening = fair.Now;
        var bought = new List<(string Key, int Who, Instant At)>();
        for (var i = 0; i < steps.Length; i++)
        {
            var step = steps[i];
            var now = Instant.Max(fair.Now, opening + Duration.FromHours(step.Hour));
            fair.At(now);
            var merged = false;
            switch (step.Roll)
            {
                case < 20 when bought.Count > 0:
                    var (key, who, _) = bought[step.Roll % bought.Count];
                    await fair.Returns(who, $"pos:r{i}", key);
                    break;
                case < 30 when bought.Count > 0:
                    var (again, buyer, at) = bought[step.Roll % bought.Count];
                    await fair.Buys(buyer, again, at);
                    break;
                case < 45:
                    await after(step, false);
                    merged = await fair.Reads(step.Who) is { } one && await fair.Reads(step.Other) is { } other && one.Customer != other.Customer
                        && await fair.Merges($"desk:{i}", step.Who, step.Other) is MergeResult.Merged;
                    break;
                case < 60:
                    await fair.Works();
                    break;
                default:
                    await fair.Buys(step.Who, $"pos:{i}", now - Duration.FromHours(step.Late));
                    bought.Add(($"pos:{i}", step.Who, now - Duration.FromHours(step.Late)));
                    break;
            }

            await after(step, merged);
        }
    }

    private sealed record Step(int Hour, int Roll, int Who, int Other, int Late);

    private sealed class Unpinned(ICustomerModule genuine) : Disguised(genuine)
    {
        public override Outcome.Accepted? Pin(object state, object seen) => null;
    }

    private sealed class Hasty(ICustomerModule genuine) : Disguised(genuine)
    {
        public override Outcome.Accepted? Pin(object state, object seen) => base.Pin(state, seen) is not { } pinned ? null
            : pinned with { Agenda = pinned.Agenda.Select(change => new AgendaChange(change.Key, change.Due - Duration.FromTicks(1))).ToSequence() };
    }

    private sealed class Backdating(ICustomerModule genuine) : Disguised(genuine)
    {
        public override Outcome Handle(object state, ModuleContext context) =>
            context.Stimulus is Stimulus.Happened { Event.Kind: EventKinds.MergedName } ? Outcome.Nothing : base.Handle(state, context);
    }

    private sealed class Forgetful(ICustomerModule genuine) : Disguised(genuine)
    {
        public override Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => base.Merge(survivor, ((CampaignState)retired) with { Exposures = [] }, context);
    }

    private sealed class Drawing(ICustomerModule genuine) : Disguised(genuine)
    {
        public override Outcome Handle(object state, ModuleContext context) =>
            base.Handle(
                ((CampaignState)state) with
                {
                    Exposures = ((CampaignState)state).Exposures.Select(exposure => exposure with { Arm = exposure.Experiment == "letters" ? Letters.Arms[(int)(context.Moment.Instant.ToUnixTimeSeconds() / 3_600 % 3)].Name : exposure.Arm }).ToSequence(),
                },
                context);
    }
}
