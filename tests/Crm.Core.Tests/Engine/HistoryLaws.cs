using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The laws of the kernel, over random histories with random definitions. Each is shown to catch a counterfeit.</summary>
public sealed class HistoryLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);

    [Fact]
    public void A_worker_daily_late_or_never_gives_the_same_state_ledger_and_messages() => WorkerLaw(Shop.With).Check(Thorough);


    [Fact]
    public void Late_events_give_what_the_right_order_would_have_given() => LateLaw(Shop.With).Check(Thorough);


    [Fact]
    public void Duplicates_change_nothing_and_get_the_same_receipt() => DuplicateLaw(Shop.With).Check(Thorough);


    [Fact]
    public void One_call_with_many_events_gives_what_one_call_for_each_gives() => BulkLaw(Shop.With).Check(Thorough);


    [Fact]
    public void Replaying_the_stored_journal_gives_the_stored_state() => ReplayLaw(Shop.With).Check(Thorough);


    [Fact]
    public void A_module_that_looks_at_a_clock_is_caught() => Caught(WorkerLaw(club => Counterfeit(club, shop => new ClockWatcher(shop.Clock))));

    [Fact]
    public void A_module_that_keeps_what_it_did_in_the_wrong_order_is_caught() => Caught(LateLaw(club => Counterfeit(club, _ => new OrderKeeper(reversible: false))));

    [Fact]
    public void A_module_that_remembers_outside_its_state_is_caught() => Caught(ReplayLaw(club => Counterfeit(club, _ => new Rememberer())));

    [Fact]
    public void A_store_that_forgets_keys_is_caught() => Caught(DuplicateLaw(club => Shop.With(club).Over(store => new ForgetfulStore(store))));

    [Fact]
    public void A_module_that_counts_calls_is_caught_by_many_in_one_call() => Caught(BulkLaw(club => Counterfeit(club, _ => new Rememberer())));

    [Fact]
    public void A_store_that_takes_all_names_of_somebody_for_one_is_caught_by_many_in_one_call() => Caught(BulkLaw(club => Shop.With(club).Over(store => new OneNamedStore(store))));

    private static Property WorkerLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var never = await RunAsync(open(club), events, workEvery: null);
                var daily = await RunAsync(open(club), events, Duration.FromDays(1));
                var late = await RunAsync(open(club), events, Duration.FromDays(23));
                Assert.Equal(never, daily);
                Assert.Equal(never, late);
                return true;
            });

    private static Property LateLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Happenings)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var inOrder = open(club);
                var mixed = open(club);
                mixed.Clock.Set(Histories.End);
                foreach (var happened in events)
                {
                    await inOrder.RecordAsync(happened);
                }

                // Events of one instant keep their order: it is the order of recording that decides between them.
                foreach (var happened in events.GroupBy(happened => happened.OccurredAt).OrderBy(group => Scramble(group.Key, seed)).SelectMany(group => group))
                {
                    await mixed.RecordAsync(happened);

                    // What a worker has handled by then is later than events that are still to come.
                    if (Scramble(happened.OccurredAt, ~seed) % 3 == 0)
                    {
                        await mixed.Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
                    }
                }

                Assert.Equal(await inOrder.PictureAsync(Histories.End, netted: true), await mixed.PictureAsync(Histories.End, netted: true));
                return true;
            });

    private static Property DuplicateLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var once = open(club);
                var twice = open(club);
                foreach (var happened in events)
                {
                    await once.RecordAsync(happened);
                    var first = await twice.RecordAsync(happened);
                    Assert.Equal(first, await twice.RecordAsync(happened));
                }

                foreach (var happened in events.Reverse())
                {
                    await twice.RecordAsync(happened);
                }

                Assert.Equal(await once.PictureAsync(Histories.End, netted: false), await twice.PictureAsync(Histories.End, netted: false));
                return true;
            });

    private static Property BulkLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var one = open(club);
                var many = open(club);
                one.Clock.Set(Histories.End);
                many.Clock.Set(Histories.End);
                await one.RecordAsync(Histories.Birth);
                await many.RecordAsync(Histories.Birth);
                foreach (var happened in Histories.UnderTwoNames(events))
                {
                    await one.RecordAsync(happened);
                }

                await many.Engine.RecordAsync(Histories.UnderTwoNames(events), cancellationToken: TestContext.Current.CancellationToken);
                Assert.Equal(await one.PictureAsync(Histories.End, netted: true), await many.PictureAsync(Histories.End, netted: true));
                Assert.Equal(await one.NamesAsync(), await many.NamesAsync());
                return true;
            });

    private static Property ReplayLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var shop = open(club);
                shop.Clock.Set(Histories.End);
                foreach (var happened in events.OrderBy(happened => Scramble(happened.OccurredAt, seed)))
                {
                    await shop.RecordAsync(happened);
                }

                await shop.Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
                Assert.Empty(string.Join('\n', await Books.DifferencesAsync(shop)));
                return true;
            });

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    // The club with one dishonest module more, which the pictures show through its facts.
    private static Shop Counterfeit(Clubhouse club, Func<Shop, ICustomerModule> module) =>
        new(club.Options, shop => [new ClubModule(club.Bonus), new WatchModule([.. club.Watched]), module(shop)]);

    private static async Task<string> RunAsync(Shop shop, CustomerEvent[] events, Duration? workEvery)
    {
        var nextWork = Shop.Opening + (workEvery ?? Duration.Zero);
        foreach (var happened in events)
        {
            while (workEvery is { } every && nextWork <= happened.OccurredAt)
            {
                shop.Clock.Set(nextWork);
                await shop.Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
                nextWork += every;
            }

            await shop.RecordAsync(happened);
        }

        return await shop.PictureAsync(Histories.End, netted: false);
    }

    private static int Scramble(Instant? instant, int seed) => unchecked((int)(((ulong)(instant?.ToUnixTimeTicks() ?? 0) ^ (uint)seed) * 0x9e3779b97f4a7c15UL >> 33));
}
