using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What holds of every merge, over random histories: nothing is lost or doubled, the journals still lead to the state, and where nothing but adding is asked for, two who are merged are who one would have been.</summary>
public sealed class MergeLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);
    private static readonly Condition Never = new Condition.Any([]);

    private delegate Shop Opening(Clubhouse club);

    [Fact]
    public void Journals_lead_to_the_state_and_the_books_add_up_whenever_two_are_merged() => BooksLaw(Shop.With).Check(Thorough);

    [Fact]
    public void Two_who_are_merged_hold_what_one_would_have_held() => UnionLaw(Plain, Both).Check(Thorough);

    [Fact]
    public void Who_is_merged_into_whom_and_in_which_order_makes_no_difference_to_what_is_held() => OrderLaw(Plain).Check(Thorough);

    [Fact]
    public void Merging_again_changes_nothing() => AgainLaw().Check(Thorough);

    [Fact]
    public void A_module_that_looks_at_luck_while_it_merges_is_caught()
    {
        var calls = 0;
        Caught(BooksLaw(club => new Shop(club.Options, [.. Merging(club, (real, one, other, context) => real.Merge(one, other, context) is { State: ClubState merged } outcome ? outcome with { State = merged with { Earned = merged.Earned + (++calls % 2) } } : null), new WatchModule([.. club.Watched])])));
    }

    [Fact]
    public void A_store_that_forgets_half_of_a_retired_journal_is_caught() => Caught(BooksLaw(Shop.With, store => new HalfJournal(store)));

    [Fact]
    public void A_module_that_forgets_what_was_earned_is_caught() =>
        Caught(UnionLaw(club => new Shop(club.Options, Merging(club, (real, one, other, context) => real.Merge(one, other, context) is { } outcome ? outcome with { State = (ClubState)outcome.State! with { Earned = ((ClubState)one).Earned } } : null)), Both));

    [Fact]
    public void A_merge_that_joins_only_what_the_survivor_bought_is_caught() => Caught(UnionLaw(Plain, One));

    [Fact]
    public void A_module_that_takes_the_survivors_word_is_caught() =>
        Caught(OrderLaw(club => new Shop(club.Options, Merging(club, (real, one, other, context) => real.Merge(one, other, context) is { } outcome ? outcome with { State = (ClubState)outcome.State! with { Earned = ((ClubState)one).Earned } } : null))));

    /// <summary>Events of both before and after, late ones among them, refunds with and without their purchase, redemptions: verified whole at the end.</summary>
    private static Property BooksLaw(Func<Clubhouse, Shop> open, Func<InMemoryStore, ICustomerStore>? readBy = null) => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Clubs, Gen.Zip(Histories.WithRequests, Histories.WithRequests))),
        Arb.From(Gen.Choose(0, 190)),
        async Task<bool> (given, day) =>
        {
            var (club, (amys, bens)) = given;
            var shop = open(club);
            var all = amys.Concat(bens.Select(Bens)).OrderBy(happened => happened.OccurredAt).ToList();
            var merge = Shop.Opening + Duration.FromDays(day);
            var held = all.Where((happened, i) => happened.OccurredAt > merge || i % 5 == 4).ToList();
            await shop.RecordAsync(Merges.Purchase("till:first", Shop.Amy, 1_000) with { OccurredAt = Shop.Opening });
            await shop.RecordAsync(Merges.Purchase("ben:first", Merges.Ben, 1_000) with { OccurredAt = Shop.Opening });
            foreach (var happened in all.Except(held))
            {
                await shop.RecordAsync(happened);
            }

            shop.Clock.Set(merge > shop.Clock.GetCurrentInstant() ? merge : shop.Clock.GetCurrentInstant());
            await Merges.MergedAsync(shop, "desk:1", day % 2 == 0 ? Shop.Amy : Merges.Ben, day % 2 == 0 ? Merges.Ben : Shop.Amy);
            foreach (var happened in held)
            {
                await shop.RecordAsync(happened);
            }

            Assert.Empty(string.Join('\n', await Books.DifferencesAsync(shop, readBy?.Invoke(shop.Store))));
            Assert.Equal(0, await Books.SumAsync(shop, Movement.Transferred));
            return true;
        });

    /// <summary>Purchases and what takes them back, for two who are merged at the end and for one: the same lots, the same sum, and the same again after refunds that name nothing.</summary>
    private static Property UnionLaw(Func<Clubhouse, Shop> open, Func<Shop, Task> merge) => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Orders, Histories.Orders)),
        Arb.From(Gen.Zip(Gen.Choose(0, 30_000), Gen.Choose(0, 30_000))),
        async Task<bool> (given, cents) =>
        {
            var (amys, bens) = given;
            var club = new Clubhouse(Never, [], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 });
            var (two, one) = (open(club), Plain(club));
            foreach (var happened in amys.Concat(bens.Select(Bens)).OrderBy(happened => happened.OccurredAt))
            {
                await two.RecordAsync(happened);
                await one.RecordAsync(happened with { Identity = Shop.Amy });
            }

            two.Clock.Set(Histories.End);
            one.Clock.Set(Histories.End);
            await merge(two);
            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            foreach (var (refund, i) in new[] { CustomerEvent.Refund("till:a", Merges.Ben, null, Cents(cents.Item1)), CustomerEvent.Refund("till:b", Merges.Ben, "ben:0", Cents(cents.Item2)) }.Select((refund, i) => (refund, i)))
            {
                var at = Histories.End + Duration.FromDays(1 + i);
                await two.RecordAsync(refund with { OccurredAt = at });
                await one.RecordAsync(refund with { OccurredAt = at, Identity = Shop.Amy });
                Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            }

            return true;
        });

    private static Property OrderLaw(Func<Clubhouse, Shop> open) => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Orders, Gen.Zip(Histories.Orders, Histories.Orders))),
        async Task<bool> (given) =>
        {
            var (amys, (bens, cats)) = given;
            var cat = Identity.User("cat");
            var standings = new HashSet<string>(StringComparer.Ordinal);
            foreach (var order in new[] { new[] { (Shop.Amy, Merges.Ben), (Shop.Amy, cat) }, [(Shop.Amy, cat), (Shop.Amy, Merges.Ben)], [(Merges.Ben, cat), (Shop.Amy, Merges.Ben)], [(cat, Shop.Amy), (Merges.Ben, cat)] })
            {
                var shop = open(new Clubhouse(Never, [], new CrmOptions { Zone = DateTimeZone.Utc }));
                foreach (var happened in amys.Concat(bens.Select(Bens)).Concat(cats.Select(happened => As(happened, cat, "cat"))).OrderBy(happened => happened.OccurredAt))
                {
                    await shop.RecordAsync(happened);
                }

                shop.Clock.Set(Histories.End);
                foreach (var ((survivor, retired), i) in order.Select((pair, i) => (pair, i)))
                {
                    await Merges.MergedAsync(shop, $"desk:{i}", survivor, retired);
                }

                standings.Add(await StandingAsync(shop));
            }

            Assert.Single(standings);
            return true;
        });

    private static Property AgainLaw() => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Clubs, Gen.Zip(Histories.Happenings, Histories.Happenings))),
        async Task<bool> (given) =>
        {
            var (club, (amys, bens)) = given;
            var shop = Shop.With(club);
            foreach (var happened in amys.Concat(bens.Select(Bens)).OrderBy(happened => happened.OccurredAt))
            {
                await shop.RecordAsync(happened);
            }

            var first = await Merges.MergedAsync(shop, "desk:1", Shop.Amy, Merges.Ben);
            var picture = await Books.PictureAsync(shop);
            Assert.Equal(first, await Merges.MergedAsync(shop, "desk:1", Shop.Amy, Merges.Ben));
            Assert.IsType<MergeResult.OneAlready>(await Merges.MergeAsync(shop, "desk:2", Merges.Ben, Shop.Amy));
            Assert.Equal(picture, await Books.PictureAsync(shop));
            return true;
        });

    private static Shop Plain(Clubhouse club) => new(club.Options, new ClubModule(club.Bonus));

    private static ICustomerModule[] Merging(Clubhouse club, Func<ICustomerModule, object, object, ModuleContext, Crm.Modules.Outcome.Accepted?> merge)
    {
        ICustomerModule real = new ClubModule(club.Bonus);
        return [new Altered(real, (one, other, context) => merge(real, one, other, context))];
    }

    private static Task Both(Shop shop) => Merges.MergedAsync(shop, "desk:1", Shop.Amy, Merges.Ben);

    private static Task One(Shop shop) => Task.CompletedTask;

    private static async Task<string> StandingAsync(Shop shop)
    {
        var view = await shop.ReadAsync();
        return $"{view.Slot<ClubState>("club")} {string.Join(' ', view.Facts)}";
    }

    private static Money Cents(int cents) => new(cents, Currency.Hkd);

    private static CustomerEvent Bens(CustomerEvent happened) => As(happened, Merges.Ben, "ben");

    private static CustomerEvent As(CustomerEvent happened, Identity customer, string source) => happened with
    {
        Identity = customer,
        Key = new EventKey(source, $"{happened.Key.Source}-{happened.Key.Value}".Replace("till-", "", StringComparison.Ordinal)),
        Original = happened.Original is { } original ? new EventKey(source, original.Value) : null,
    };

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    /// <summary>Gives of every other journal than the newest customer's only the first half.</summary>
    private sealed class HalfJournal(InMemoryStore store) : ICustomerStore
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public async ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
        {
            var history = await store.LoadHistoryAsync(customer, start, cancellationToken);
            return (await store.LoadAsync(CustomerRef.Of(customer), cancellationToken)).Customer == customer ? history : history with { Entries = history.Entries.Take(history.Entries.Count / 2).ToSequence() };
        }

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }
}
