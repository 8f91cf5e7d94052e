using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Modules;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Campaigns.Tests.Decisions;

/// <summary>The laws of campaigns over random histories through the engine; each is shown to catch a module that breaks it.</summary>
public sealed class CampaignLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);
    private static readonly Cap[] Caps = [new Cap.PerDay(1), new Cap.Rolling(2, Duration.FromDays(7))];

    private static readonly CampaignPlan Capped = new(
        new Definitions.DefinitionCatalog<Journey>(new[] { Samples.Thanks, Samples.WakeUp, Samples.Gift(LeapDay.Mar1), Samples.Of("gold", new Trigger.OnEcho("tier.changed")) }.Select(journey => journey.Define())),
        [new("email", [.. Caps])]);

    private static readonly CampaignPlan Free = CampaignPlan.Of(Samples.Thanks, Samples.WakeUp, Samples.Gift(), Samples.Of("gold", new Trigger.OnEcho("tier.changed")));

    [Fact]
    public void No_window_holds_more_sent_messages_than_the_caps_allow() =>
        Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) => KeepsCaps((await RunAsync(new Town(Capped), steps)).Mail)).Check(Thorough);

    [Fact]
    public void The_law_of_caps_catches_channels_that_are_not_looked_at_when_a_message_leaves() =>
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(Steps),
            async Task<bool> (steps) => KeepsCaps((await RunAsync(new Town(Capped, new CampaignsModule(Capped, new FactGate()), capped: false), steps)).Mail)).Check(Thorough.WithMaxTest(2_000)));

    [Fact]
    public void The_law_of_caps_catches_a_module_without_caps() =>
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(Steps),
            async Task<bool> (steps) => KeepsCaps((await RunAsync(new Town(Free), steps)).Mail)).Check(Thorough));

    [Fact]
    public void No_occasion_is_sent_twice() =>
        Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) => OncePerOccasion((await RunAsync(new Town(Free), steps)).Mail)).Check(Thorough);

    [Fact]
    public void The_law_of_occasions_catches_names_that_count_instants() =>
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(Steps),
            async Task<bool> (steps) =>
            {
                var counterfeit = new Counterfeit(new CampaignsModule(Free, new FactGate()), (message, context) => message with { Occasion = message.Occasion[..message.Occasion.IndexOf(':', StringComparison.Ordinal)] + ":thing" });
                var town = new Town(Free, counterfeit);
                await RunAsync(town, steps);
                return town.Mail.Sent.Count == (await RunAsync(new Town(Free), steps)).Mail.Sent.Count;
            }).Check(Thorough));

    [Fact]
    public void A_worker_daily_late_or_never_decides_the_same_messages_at_the_same_instants() =>
        Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) =>
        {
            var never = await DecidedAsync(new Town(Free), steps, null);
            return never == await DecidedAsync(new Town(Free), steps, Duration.FromDays(1)) && never == await DecidedAsync(new Town(Free), steps, Duration.FromDays(17));
        }).Check(Thorough);

    [Fact]
    public void The_law_of_workers_catches_a_module_that_lets_the_moment_of_work_into_its_messages() =>
        Counterfeits.Caught(() => Prop.ForAll(Arb.From(Steps), async Task<bool> (steps) =>
        {
            Town Fake()
            {
                Town? town = null;
                var counterfeit = new Counterfeit(new CampaignsModule(Free, new FactGate()), (message, _) => message with { DecidedAt = town?.Now ?? default });
                return town = new Town(Free, counterfeit);
            }

            return await DecidedAsync(Fake(), steps, null) == await DecidedAsync(Fake(), steps, Duration.FromDays(1));
        }).Check(Thorough));

    [Fact]
    public void Every_silence_has_its_thresholds_once_and_no_other_time_has_any() =>
        Prop.ForAll(Arb.From(Gen.ListOf(Gen.Choose(0, 300))), async Task<bool> (days) => await SilencesAsync(new Town(Samples.WakeUp), [.. days])).Check(Thorough);

    [Fact]
    public void The_law_of_silences_catches_a_module_that_stays_silent_after_the_first_threshold() =>
        Counterfeits.Caught(() => Prop.ForAll(
            Arb.From(Gen.ListOf(Gen.Choose(0, 300))),
            async Task<bool> (days) => await SilencesAsync(new Town(Samples.Of("wake-up", new Trigger.WhenSilent("purchase", [30]))), [.. days])).Check(Thorough));

    internal static Gen<Step[]> Steps =>
        from count in Gen.Choose(1, 18)
        from hours in Gen.ListOf(Gen.Choose(0, 100 * 24), count)
        from rolls in Gen.ListOf(Gen.Choose(0, 99), count)
        from late in Gen.ListOf(Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 20 * 24))), count)
        select hours.Order().Zip(rolls, late).Select(step => new Step(step.First, step.Second, Math.Min(step.Third, step.First))).ToArray();

    private static bool KeepsCaps(MailBox mail)
    {
        var sent = mail.Sent.Select(item => item.At).Order().ToList();
        return sent.GroupBy(at => at.InZone(Samples.HongKong).Date).All(day => day.Count() <= 1)
            && sent.TrueForAll(end => sent.Count(at => at > end - Duration.FromDays(7) && at <= end) <= 2);
    }

    private static bool OncePerOccasion(MailBox mail) => mail.Sent.Select(item => item.Message.Occasion).Distinct().Count() == mail.Sent.Count;

    private static async Task<Town> RunAsync(Town town, Step[] steps)
    {
        await StepAsync(town, steps, async (at, roll) =>
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

    // What is decided hangs on when messages were sent only through caps, so without caps nothing is pumped.
    private static async Task<string> DecidedAsync(Town town, Step[] steps, Duration? every)
    {
        var next = town.Now + (every ?? Duration.Zero);
        await StepAsync(town, steps, null, async until =>
        {
            while (every is { } gap && next <= until)
            {
                town.At(next);
                await town.Works();
                next += gap;
            }
        });
        town.At(Samples.Local(2026, 12, 1));
        return string.Join('\n', (await town.Waiting()).Select(message => $"{message.Occasion} {message.DecidedAt} {message.Parameters["days"]}")) + (town.Module is null ? "" : string.Join('\n', (await town.State()).Journeys));
    }

    internal static async Task StepAsync(Town town, Step[] steps, Func<Instant, int, Task>? after, Func<Instant, Task>? before = null)
    {
        var opening = town.Now;
        await town.HasBirthday(229);
        for (var i = 0; i < steps.Length; i++)
        {
            var now = opening + Duration.FromHours(steps[i].Hour);
            if (before is not null)
            {
                await before(now);
            }

            town.At(now);
            var occurred = now - Duration.FromHours(steps[i].Late);
            switch (steps[i].Roll)
            {
                case < 12 when i > 0 && steps[i - 1].Roll >= 30:
                    await town.Returns($"pos:{i - 1}");
                    break;
                case < 18:
                    await town.Closes(steps[i].Roll % 2 == 0);
                    break;
                case < 30:
                    await town.HasBirthday(101 + (steps[i].Roll * 4));
                    break;
                default:
                    await town.Buys($"pos:{i}", occurred, steps[i].Roll > 90 ? 1_000 : 100);
                    break;
            }

            if (after is not null)
            {
                await after(now, steps[i].Roll);
            }
        }
    }

    private static async Task<bool> SilencesAsync(Town town, int[] days)
    {
        var opening = town.Now;
        var purchases = days.Distinct().Order().ToList();
        foreach (var day in purchases)
        {
            await town.Buys($"pos:{day}", opening + Duration.FromDays(day));
        }

        town.At(opening + Duration.FromDays(500));
        var expected = purchases.Index().SelectMany(purchase => new[] { 30, 60, 90 }
            // At the very instant of the next purchase the silence has lasted.
            .Where(threshold => purchase.Index + 1 == purchases.Count || purchase.Item + threshold <= purchases[purchase.Index + 1])
            .Select(threshold => (Occasion: $"wake-up:pos:{purchase.Item}:{threshold}", At: opening + Duration.FromDays(purchase.Item + threshold))));
        var found = purchases.Count == 0 ? [] : await town.Waiting();
        return found.Select(message => (message.Occasion, message.DecidedAt)).Order().SequenceEqual(expected.Order());
    }

    /// <param name="Hour">When it is recorded.</param>
    /// <param name="Roll">What happens.</param>
    /// <param name="Late">How many hours earlier it occurred.</param>
    internal sealed record Step(int Hour, int Roll, int Late);

    /// <summary>Campaigns whose messages are changed on their way.</summary>
    private sealed class Counterfeit(CampaignsModule genuine, Func<Message, ModuleContext, Message> change) : ICustomerModule
    {
        private readonly ICustomerModule module = genuine;

        public ModuleContract Contract => module.Contract;

        public Outcome Handle(object state, ModuleContext context) => module.Handle(state, context) is Outcome.Accepted { Messages.IsEmpty: false } accepted
            ? accepted with { Messages = Values.Sequence.ToSequence(accepted.Messages.Select(message => change(message, context))) }
            : module.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => module.Correct(stored, without, with);
    }
}
