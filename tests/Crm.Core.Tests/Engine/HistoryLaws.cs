using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The laws of the kernel, over random histories with random definitions.</summary>
public sealed class HistoryLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);

    [Fact]
    public void A_worker_daily_late_or_never_gives_the_same_state_ledger_and_messages() =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var never = await RunAsync(club, events, workEvery: null);
                var daily = await RunAsync(club, events, Duration.FromDays(1));
                var late = await RunAsync(club, events, Duration.FromDays(23));
                Assert.Equal(never, daily);
                Assert.Equal(never, late);
                return true;
            }).Check(Thorough);

    [Fact]
    public void Late_events_give_what_the_right_order_would_have_given() =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Happenings)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var inOrder = Shop.With(club);
                var mixed = Shop.With(club);
                mixed.Clock.Set(Histories.End);
                foreach (var happened in events)
                {
                    await inOrder.RecordAsync(happened);
                }

                // Events of one instant keep their order: it is the order of recording that decides between them.
                foreach (var happened in events.GroupBy(happened => happened.OccurredAt).OrderBy(group => Scramble(group.Key, seed)).SelectMany(group => group))
                {
                    await mixed.RecordAsync(happened);
                }

                Assert.Equal(await inOrder.PictureAsync(Histories.End, netted: true), await mixed.PictureAsync(Histories.End, netted: true));
                return true;
            }).Check(Thorough);

    [Fact]
    public void Duplicates_change_nothing_and_get_the_same_receipt() =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var once = Shop.With(club);
                var twice = Shop.With(club);
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
            }).Check(Thorough);

    [Fact]
    public void One_call_with_many_events_gives_what_one_call_for_each_gives() =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            async Task<bool> (given) =>
            {
                var (club, events) = given;
                var one = Shop.With(club);
                var many = Shop.With(club);
                one.Clock.Set(Histories.End);
                many.Clock.Set(Histories.End);
                foreach (var happened in events)
                {
                    await one.RecordAsync(happened);
                }

                await many.Engine.RecordAsync(events, cancellationToken: TestContext.Current.CancellationToken);
                Assert.Equal(await one.PictureAsync(Histories.End, netted: true), await many.PictureAsync(Histories.End, netted: true));
                return true;
            }).Check(Thorough);

    [Fact]
    public void Replaying_the_stored_journal_gives_the_stored_state() =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var shop = Shop.With(club);
                shop.Clock.Set(Histories.End);
                foreach (var happened in events.OrderBy(happened => Scramble(happened.OccurredAt, seed)))
                {
                    await shop.RecordAsync(happened);
                }

                await shop.Engine.RunDueAsync(cancellationToken: TestContext.Current.CancellationToken);
                var stored = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), TestContext.Current.CancellationToken);
                var modules = new ModuleSet(shop.Modules);
                var codec = new StateCodec(modules);
                var history = await shop.Store.LoadHistoryAsync(stored.Customer!.Value, new HistoryStart.Beginning(), TestContext.Current.CancellationToken);
                var replayed = Crm.Engine.Replay.Run(new Fold(modules, codec, shop.Options), stored.Customer.Value, CustomerState.Newborn(modules), EffectiveHistory.Of([.. JournalDraft.Of(history.Entries, modules.Kinds)]).Inputs, Histories.End);
                foreach (var slot in stored.Slots.Where(slot => slot.Name != StateCodec.KernelSlot))
                {
                    Assert.Equal(slot, codec.EncodeModule(modules.IndexOf(slot.Name), replayed.State.Slots[modules.IndexOf(slot.Name)]));
                }

                var kernel = codec.Decode(stored.Slots, stored.Version);
                Assert.Equal(kernel.Facts.InOrder, replayed.State.Facts.InOrder);
                Assert.Equal(kernel.Agenda.Entries, replayed.State.Agenda.Entries);
                return true;
            }).Check(Thorough);

    private static async Task<string> RunAsync(Clubhouse club, CustomerEvent[] events, Duration? workEvery)
    {
        var shop = Shop.With(club);
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
