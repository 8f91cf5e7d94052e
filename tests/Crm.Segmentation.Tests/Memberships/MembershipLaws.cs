using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>What holds of memberships for all segments and histories, and modules that break it.</summary>
public sealed class MembershipLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(200);

    [Fact]
    public void Memberships_are_what_the_conditions_say_of_the_history_at_every_instant() => Check(catalog => new SegmentationModule(catalog));

    [Fact]
    public void The_law_catches_a_module_that_ignores_when_answers_change() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(new SegmentationModule(catalog), outcome => outcome with { Agenda = default }, _ => false)));

    [Fact]
    public void The_law_catches_a_module_that_does_not_listen_to_changed_facts() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(new SegmentationModule(catalog), outcome => outcome, stimulus => stimulus is Stimulus.Echoed { Echo.Kind: Echo.FactsChanged })));

    [Fact]
    public void The_law_catches_a_module_that_sees_the_days_of_UTC() => Counterfeits.Caught(() => Check(catalog => new SegmentationModule(new SegmentCatalog(new DefinitionCatalog<Segment>(
        catalog.Definitions.All.Select(definition => (definition.Value with { Where = definition.Value.Where.WithZones(_ => "UTC") }).Define(definition.Version, definition.ActiveFrom)))))));

    [Fact]
    public void The_law_catches_a_module_that_forgets_to_say_who_left() =>
        Counterfeits.Caught(() => Check(catalog => new Counterfeit(new SegmentationModule(catalog), outcome => outcome with { Facts = [.. outcome.Facts.Where(fact => !fact.Value.IsMissing)] }, _ => false)));

    [Fact]
    public void The_law_catches_a_module_that_forgets_a_membership_when_it_is_over() => Counterfeits.Caught(() => Check(catalog => new Counterfeit(
        new SegmentationModule(catalog),
        outcome => outcome.State is SegmentationState state ? outcome with { State = state.Set([.. state.Standings.Select(standing => standing with { Past = default })]) } : outcome,
        _ => false)));

    [Fact]
    public void Late_events_give_the_same_memberships_with_the_same_causes_as_the_right_order() => CheckOrder(catalog => new SegmentationModule(catalog));

    [Fact]
    public void The_law_of_order_catches_a_module_that_keeps_what_it_has_decided() =>
        Counterfeits.Caught(() => CheckOrder(catalog => new Counterfeit(new SegmentationModule(catalog), outcome => outcome, _ => false) { Contract = new SegmentationModule(catalog).Contract with { Reversible = false } }));

    [Fact]
    public void A_definition_that_is_added_changes_neither_the_other_memberships_nor_their_causes() => CheckAddition(catalog => new SegmentationModule(catalog));

    [Fact]
    public void The_law_of_addition_catches_a_module_that_gives_the_definition_as_every_cause() => Counterfeits.Caught(() => CheckAddition(catalog => new Counterfeit(
        new SegmentationModule(catalog),
        outcome => outcome.State is SegmentationState state && state.Standings.Any(standing => standing.Segment == "added")
            ? outcome with { State = state.Set([.. state.Standings.Select(standing => standing with { Current = standing.Current is { } current ? current with { EnteredBy = new MembershipCause(MembershipReason.Definition) } : null })]) }
            : outcome,
        _ => false)));

    private static void CheckAddition(Func<SegmentCatalog, ICustomerModule> module) =>
        Prop.ForAll(Arb.From(Histories.All), Arb.From(Gen.Choose(1, 10)), async Task<bool> (given, until) =>
        {
            var events = given.Events.OrderBy(happened => happened.OccurredAt).ToList();
            var before = given with { Events = [.. events.Take(until)], WorkEvery = null };
            var after = given with { Events = [.. events.Skip(until)], WorkEvery = null };
            var same = new Club(module(new SegmentCatalog(given.Segments)), given.CheckpointEvery);
            await RecordAsync(given with { Events = [.. events], WorkEvery = null }, same);
            var first = new Club(module(new SegmentCatalog(given.Segments)), given.CheckpointEvery);
            await RecordAsync(before, first);
            var added = new DefinitionCatalog<Segment>([.. given.Segments.All, Samples.Of("added", If.Purchases().Count().AtLeast(1)).Define()]);
            var second = new Club(module(new SegmentCatalog(added)), given.CheckpointEvery, first.Store);
            if (after.Events.Length > 0)
            {
                await RecordAsync(after, second);
            }

            var end = Club.Day(Histories.LastDay + 31);
            var (expected, found) = (await same.StateAsync(end), await second.StateAsync(end));
            foreach (var segment in given.Segments.Names)
            {
                Assert.Equal(expected.MembershipsIn(segment), found.MembershipsIn(segment));
            }

            return true;
        }).Check(Thorough);

    private static void CheckOrder(Func<SegmentCatalog, ICustomerModule> module) =>
        Prop.ForAll(Arb.From(Histories.All), async Task<bool> (given) =>
        {
            var catalog = new SegmentCatalog(given.Segments);
            var (inOrder, asGiven) = (new Club(module(catalog), given.CheckpointEvery), new Club(module(catalog), given.CheckpointEvery));
            await RecordAsync(given with { Events = [.. given.Events.OrderBy(happened => happened.OccurredAt)], WorkEvery = null }, inOrder);
            await RecordAsync(given, asGiven);
            var end = Club.Day(Histories.LastDay + 31);
            var (expected, found) = (await inOrder.StateAsync(end), await asGiven.StateAsync(end));
            foreach (var segment in given.Segments.Names)
            {
                Assert.Equal(expected.MembershipsIn(segment), found.MembershipsIn(segment));
            }

            return true;
        }).Check(Thorough);

    private static void Check(Func<SegmentCatalog, ICustomerModule> module) =>
        Prop.ForAll(Arb.From(Histories.All), async Task<bool> (given) =>
        {
            await HoldsAsync(given, module(new SegmentCatalog(given.Segments)));
            return true;
        }).Check(Thorough);

    private static async Task HoldsAsync(Given given, ICustomerModule module)
    {
        var club = new Club(module, given.CheckpointEvery);
        await RecordAsync(given, club);
        var truths = new Truths(given.Segments, given.Events);
        var recorded = given.Events.Max(happened => happened.OccurredAt!.Value);
        foreach (var at in truths.Boundaries(Club.Day(Histories.LastDay + 31)).Where(at => at >= recorded))
        {
            AgreesNow(given, truths, await club.ReadAsync(at));
        }

        AgreesAsOf(given, truths, await club.ReadAsync(Club.Day(Histories.LastDay + 31)));
    }

    private static async Task RecordAsync(Given given, Club club)
    {
        if (given.WorkEvery is null)
        {
            club.Clock.Set(given.Events.Max(happened => happened.OccurredAt!.Value));
        }

        foreach (var happened in given.Events)
        {
            while (given.WorkEvery is { } days && club.Clock.GetCurrentInstant() + Duration.FromDays(days) is var next && next < happened.OccurredAt)
            {
                club.Clock.Set(next);
                await club.Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
            }

            await club.RecordAsync(happened);
        }
    }

    private static void AgreesNow(Given given, Truths truths, CustomerView view)
    {
        var expected = given.Segments.Names.Where(segment => truths.IsMember(segment, view.Moment.Instant)).ToList();
        Assert.Equal(expected, view.Slot<SegmentationState>(SegmentNames.Module).Segments);
        Assert.Equal(expected.Select(SegmentNames.Fact), view.Facts.Select(fact => fact.Name).Where(name => name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal)));
    }

    private static void AgreesAsOf(Given given, Truths truths, CustomerView view)
    {
        var state = view.Slot<SegmentationState>(SegmentNames.Module);
        foreach (var segment in given.Segments.Names)
        {
            foreach (var at in truths.Boundaries(view.Moment.Instant))
            {
                Assert.True(truths.IsMember(segment, at) == state.WasMember(segment, at), $"{segment} at {at}: {state.WasMember(segment, at)}");
            }

            // Entered and left take turns, beginning with entered.
            var heard = view.Slot<ListenerState>("listener").Heard.Where(echo => echo[1..].StartsWith($"{segment}@", StringComparison.Ordinal)).Select(echo => echo[0]).ToList();
            Assert.Equal(heard.Select((_, place) => place % 2 == 0 ? '+' : '-'), heard);
            Assert.Equal(truths.IsMember(segment, view.Moment.Instant), heard.Count % 2 == 1);
        }
    }

    /// <summary>Breaks a module.</summary>
    private sealed class Counterfeit(ICustomerModule real, Func<Outcome.Accepted, Outcome.Accepted> change, Func<Stimulus, bool> ignores) : ICustomerModule
    {
        public ModuleContract Contract { get; init; } = real.Contract;

        public Outcome Handle(object state, ModuleContext context) =>
            ignores(context.Stimulus) ? Outcome.Nothing : real.Handle(state, context) is Outcome.Accepted accepted && accepted != Outcome.Nothing ? change(accepted) : Outcome.Nothing;

        public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);
    }
}
