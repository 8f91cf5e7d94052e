using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>A person is forgotten, and the books stay.</summary>
public sealed class Erasures
{
    private static readonly Identity Phone = Identity.Phone("+852 9123 4567");
    private static readonly Identity Cat = Identity.User("cat");

    private static Condition AnyPurchase => new Condition.EventWindow(EventKinds.PurchaseName, new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_comes_with_an_erased_identity_is_somebody_new_and_the_books_stay()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000) with { AlsoKnownAs = [Phone] });
        var before = await LedgerAsync(shop);

        var erased = await ErasedAsync(shop, "desk:1", Phone);
        var again = await shop.RecordAsync(Merges.Purchase("till:2", Shop.Amy, 1_000));

        Assert.Equal(amy.Customer, erased.Customer);
        Assert.NotEqual(amy.Customer, again.Customer);
        Assert.Equal(before, (await LedgerAsync(shop)).Where(row => row.Customer == amy.Customer));
        Assert.Equal(3m, (await shop.Engine.ReadAsync(CustomerRef.Of(amy.Customer), Token))?.Fact("club.points").AsNumber);
        Assert.Equal(1m, (await shop.ReadAsync()).Fact("club.points").AsNumber);
        Assert.Empty(await shop.Store.IdentitiesOfAsync(amy.Customer, Token));
        Assert.Empty(await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).ToListAsync(Token));
        Assert.True((await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000))).IsShort);
        await HoldsAsync(shop, amy.Customer, again.Customer);
    }

    [Fact]
    public async Task Sent_again_it_gives_the_same_answer_and_touches_nobody()
    {
        var shop = Open();
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        var erased = await ErasedAsync(shop, "desk:1", Shop.Amy);
        await shop.RecordAsync(Merges.Purchase("till:2", Shop.Amy, 1_000));
        var before = await Books.PictureAsync(shop);

        Assert.Equal(erased, await EraseAsync(shop, "desk:1", CustomerRef.Of(Shop.Amy)));
        Assert.Equal(erased, await EraseAsync(shop, "desk:1", CustomerRef.Of(erased.Customer)));
        Assert.Equal(new EraseResult.Nobody(), await EraseAsync(shop, "desk:2", CustomerRef.Of(Phone)));
        await Assert.ThrowsAsync<KeyReusedException>(() => EraseAsync(shop, "desk:1", CustomerRef.Of(new CustomerId(77))));
        await Assert.ThrowsAsync<KeyReusedException>(() => EraseAsync(shop, "till:2", CustomerRef.Of(Shop.Amy)));

        Assert.Equal(before, await Books.PictureAsync(shop));
    }

    [Fact]
    public async Task Stopped_after_its_commit_it_is_ended_when_it_is_sent_again()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        var stops = true;
        shop.Over(store => new Between(store) { BeforeDisposing = () => stops ? throw new IOException("The process was killed.") : ValueTask.CompletedTask });

        await Assert.ThrowsAsync<IOException>(() => EraseAsync(shop, "desk:1", CustomerRef.Of(Shop.Amy)));
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
        Assert.Equal(2, await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).CountAsync(Token));
        await HoldsAsync(shop, amy.Customer);
        stops = false;
        var ended = await ErasedAsync(shop, "desk:1", Shop.Amy);

        Assert.Equal(amy.Customer, ended.Customer);
        Assert.Empty(await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).ToListAsync(Token));
        await HoldsAsync(shop, amy.Customer);
    }

    [Fact]
    public async Task What_comes_by_id_while_the_journal_is_read_goes_with_it()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        var other = shop.Engine;
        var comes = true;
        shop.Over(store => new Between(store)
        {
            BeforeHistory = async () =>
            {
                if (comes)
                {
                    comes = false;
                    await other.RecordAsync(Merges.Purchase("till:2", Shop.Amy, 1_000) with { Identity = null, Customer = amy.Customer }, Token);
                }
            },
        });

        await ErasedAsync(shop, "desk:1", Shop.Amy);

        Assert.False(comes);
        Assert.Empty(await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).ToListAsync(Token));
        await HoldsAsync(shop, amy.Customer);
    }

    [Fact]
    public async Task All_who_were_merged_are_forgotten_with_the_one_whom_they_became()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        var ben = await shop.RecordAsync(Merges.Purchase("till:2", Merges.Ben, 2_000));
        var cat = await shop.RecordAsync(Merges.Purchase("till:3", Cat, 4_000));
        await Merges.MergedAsync(shop, "desk:1", Merges.Ben, Cat);
        await Merges.MergedAsync(shop, "desk:2", Shop.Amy, Merges.Ben);
        var before = await LedgerAsync(shop);

        Assert.Equal(amy.Customer, (await ErasedAsync(shop, "desk:3", Cat)).Customer);

        foreach (var id in new[] { amy.Customer, ben.Customer, cat.Customer })
        {
            Assert.Empty(await shop.Store.ReadJournalAsync(id, 0, Token).ToListAsync(Token));
            Assert.Equal(amy.Customer, (await shop.Engine.ReadAsync(CustomerRef.Of(id), Token))?.Customer);
        }

        Assert.Equal(before, await LedgerAsync(shop));
        Assert.Empty(await shop.Store.ReadIdentitiesAsync(Token).ToListAsync(Token));
        await HoldsAsync(shop, amy.Customer, ben.Customer, cat.Customer);
        Assert.NotEqual(cat.Customer, (await shop.RecordAsync(Merges.Purchase("till:4", Cat, 1_000))).Customer);
    }

    [Fact]
    public async Task Stopped_between_the_journals_of_two_who_were_merged_it_leaves_books_that_verify()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        var ben = await shop.RecordAsync(Merges.Purchase("ben:1", Merges.Ben, 2_000));
        await Merges.MergedAsync(shop, "desk:1", Shop.Amy, Merges.Ben);
        var disposals = 0;
        shop.Over(store => new Between(store) { BeforeDisposing = () => ++disposals == 2 ? throw new IOException("The process was killed.") : ValueTask.CompletedTask });

        await Assert.ThrowsAsync<IOException>(() => EraseAsync(shop, "desk:2", CustomerRef.Of(Shop.Amy)));
        Assert.Empty(await shop.Store.ReadJournalAsync(ben.Customer, 0, Token).ToListAsync(Token));
        Assert.NotEmpty(await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).ToListAsync(Token));
        await HoldsAsync(shop, amy.Customer, ben.Customer);

        await ErasedAsync(shop, "desk:2", Shop.Amy);
        Assert.Empty(await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).ToListAsync(Token));
        await HoldsAsync(shop, amy.Customer, ben.Customer);
    }

    [Fact]
    public async Task A_journal_that_is_kept_is_decided_again_as_before()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        await shop.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { KeepJournal = true }, Token);

        Assert.Equal(["till:1", "desk:1"], await shop.Store.ReadJournalAsync(amy.Customer, 0, Token).Select(entry => $"{entry.Event.Key}").ToListAsync(Token));
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
        await HoldsAsync(shop, amy.Customer);
        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(20)) with { Identity = null, Customer = amy.Customer });
        Assert.Equal(-2, refund.Total("points"));
        await HoldsAsync(shop, amy.Customer);
    }

    [Fact]
    public async Task What_comes_for_the_erased_customer_by_id_is_recorded_and_says_that_the_past_is_gone()
    {
        var shop = Open();
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        await ErasedAsync(shop, "desk:1", Shop.Amy);

        var refund = await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(30)) with { Identity = null, Customer = amy.Customer });

        Assert.Contains(refund.Lines, line => line.Code == "reaches-disposed-history");
        Assert.Equal(0, refund.Total("points"));
        await HoldsAsync(shop, amy.Customer);
    }

    [Fact]
    public async Task Messages_that_wait_go_and_none_is_made_by_the_erasure()
    {
        var shop = new Shop(new ClubModule(new Condition.Any([])), new WatchModule(AnyPurchase));
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        await shop.RecordAsync(Merges.Purchase("till:2", Merges.Ben, 1_000));
        Assert.Equal(2, ((IReadOnlyList<OutboxItem>)await ((IOutbox)shop.Store).LeaseAsync(Instant.MaxValue, Shop.Opening, 10, Token)).Count);

        var amy = await ErasedAsync(shop, "desk:1", Shop.Amy);

        Assert.DoesNotContain(await ((IOutbox)shop.Store).LeaseAsync(Instant.MaxValue, Shop.Opening, 10, Token), item => item.Customer == amy.Customer);
    }

    [Fact]
    public async Task What_a_removed_module_kept_is_emptied_and_what_an_unknown_one_keeps_stops_the_erasure()
    {
        var shop = new Shop(new ClubModule(new Condition.Any([])), new WatchModule(AnyPurchase));
        var amy = await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 3_000));
        var later = new Shop(shop.Store, new ClubModule(new Condition.Any([])));

        Assert.Contains("'watch'", (await Assert.ThrowsAsync<InvalidOperationException>(() => EraseAsync(later, "desk:1", CustomerRef.Of(Shop.Amy)))).Message);
        Assert.Equal(amy.Customer, (await shop.ReadAsync()).Customer);
        await later.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { RemovedModules = ["watch"] }, Token);

        Assert.Empty((await shop.Store.LoadAsync(CustomerRef.Of(amy.Customer), Token)).Slots.Single(slot => slot.Name == "watch").Bytes);
        await HoldsAsync(later, amy.Customer);
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_request_is_said_and_nobody_erases_by_hand()
    {
        var shop = Open();
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        var wrong = new EraseRequest(default, new CustomerRef(null, null)) { OccurredAt = Shop.Opening + Duration.FromDays(9), Channel = "The Desk" };

        var problems = (await Assert.ThrowsAsync<InvalidEventException>(() => shop.Engine.EraseAsync(wrong, Token).AsTask())).Problems;
        Assert.Equal(["bad-name", "from-the-future", "no-customer", "no-key"], problems.Select(problem => problem.Code).Order(StringComparer.Ordinal));
        var byHand = await Assert.ThrowsAsync<InvalidEventException>(() => shop.RecordAsync(new CustomerEvent { Key = EventKey.Parse("till:2"), Kind = EventKinds.ErasedName, Identity = Shop.Amy }));
        Assert.Equal("not-by-hand", Assert.Single(byHand.Problems).Code);
    }

    [Fact]
    public async Task A_store_that_cannot_do_it_is_told_what_it_lacks()
    {
        var shop = Open();
        await shop.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        var (bare, forever) = (Open().Over(store => new Bare(store)), Open().Over(store => new Forever(store)));
        await forever.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));

        Assert.Contains(nameof(ICustomerIdentities), (await Assert.ThrowsAsync<InvalidOperationException>(() => EraseAsync(bare, "desk:1", CustomerRef.Of(Shop.Amy)))).Message);
        Assert.Contains(nameof(IJournalDisposal), (await Assert.ThrowsAsync<InvalidOperationException>(() => EraseAsync(forever, "desk:1", CustomerRef.Of(Shop.Amy)))).Message);
        Assert.NotNull(await forever.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
        await forever.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { KeepJournal = true }, Token);
        Assert.Null(await forever.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
    }

    [Fact]
    public void An_erasure_changes_no_books_and_what_comes_afterwards_is_as_if_nothing_had_been_before() =>
        Law(commit => commit).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void The_law_catches_a_store_that_keeps_the_link() =>
        Counterfeits.Caught(() => Law(commit => commit with { Severed = [] }).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public void The_law_catches_an_erasure_that_takes_from_the_books() => Counterfeits.Caught(() => Law(commit => commit.Severed.IsEmpty ? commit : commit with
    {
        Ledger = [.. commit.Ledger, new LedgerEntry { Program = "club", Unit = "points", Lot = "gone", Amount = -1, Movement = Movement.Reversed, Cause = commit.Entries[0].Event.Key, OccurredAt = commit.Entries[0].EffectiveAt }],
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    private static Property Law(Func<Commit, Commit> changed) => Prop.ForAll(
        Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
        Arb.From(Gen.Choose(1, 24)),
        async Task<bool> (given, cut) =>
        {
            var (club, events) = given;
            var (shop, other) = (Shop.With(club).Over(store => new Between(store) { Changed = changed }), Shop.With(club));
            foreach (var happened in events.Take(cut))
            {
                await shop.RecordAsync(happened);
            }

            var before = await LedgerAsync(shop);
            var erased = await ErasedAsync(shop, "desk:1", Shop.Amy);
            var books = await LedgerAsync(shop);
            Assert.Equal(before, books.Take(before.Count));
            Assert.All(books.Skip(before.Count), row => Assert.Equal(Movement.Expired, row.Entry.Movement));
            Assert.Empty(await shop.Store.ReadJournalAsync(erased.Customer, 0, Token).ToListAsync(Token));
            foreach (var happened in events.Skip(cut))
            {
                await shop.RecordAsync(happened);
                await other.RecordAsync(happened);
            }

            Assert.Equal(books, (await LedgerAsync(shop)).Where(row => row.Customer == erased.Customer));
            Assert.Equal(await PictureAsync(other), await PictureAsync(shop));
            await HoldsAsync(shop, erased.Customer);
            return true;
        });

    private static async Task<string> PictureAsync(Shop shop) => await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token) is not { } view ? "nobody" : string.Join(
        "\n",
        [$"club {view.Slot<ClubState>("club")}", $"watch {view.Slot<WatchState>("watch")}", .. view.Facts.Select(fact => $"fact {fact}")]);

    private static Shop Open() => new(new ClubModule(new Condition.Any([])));

    private static async Task<EraseResult> EraseAsync(Shop shop, string key, CustomerRef customer) => await shop.Engine.EraseAsync(new EraseRequest(EventKey.Parse(key), customer), Token);

    private static async Task<EraseResult.Erased> ErasedAsync(Shop shop, string key, Identity customer) => Assert.IsType<EraseResult.Erased>(await EraseAsync(shop, key, CustomerRef.Of(customer)));

    private static async Task<List<(CustomerId Customer, LedgerEntry Entry)>> LedgerAsync(Shop shop) => await shop.Store.ReadLedgerAsync(Token).ToListAsync(Token);

    private static async Task HoldsAsync(Shop shop, params CustomerId[] customers)
    {
        var verifier = new CustomerVerifier(shop.Modules, shop.Options);
        foreach (var customer in customers)
        {
            var snapshot = await shop.Store.LoadAsync(CustomerRef.Of(customer), Token);
            var (history, ledger) = (await shop.Store.LoadWholeAsync(customer, Token), await shop.Store.LedgerOfAsync(customer, Token));
            var verdict = snapshot.Customer == customer ? verifier.Verify(snapshot, history, ledger) : verifier.VerifyRetired(customer, history, ledger);
            Assert.Equal([], verdict.Differences.Select(difference => $"{difference}"));
        }
    }

    /// <summary>A store that can do nothing but what every store must.</summary>
    private class Bare(InMemoryStore store) : ICustomerStore
    {
        protected InMemoryStore Store { get; } = store;

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => Store.LoadAsync(customer, cancellationToken);

        public virtual ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => Store.LoadHistoryAsync(customer, start, cancellationToken);

        public virtual ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => Store.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    private class Forever(InMemoryStore store) : Bare(store), ICustomerIdentities
    {
        public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => Store.IdentitiesOfAsync(customer, cancellationToken);
    }

    /// <summary>Stops, or writes something else.</summary>
    private sealed class Between(InMemoryStore store) : Forever(store), IJournalDisposal
    {
        public Func<Commit, Commit> Changed { get; init; } = commit => commit;

        public Func<ValueTask> BeforeHistory { get; init; } = () => ValueTask.CompletedTask;

        public Func<ValueTask> BeforeDisposing { get; init; } = () => ValueTask.CompletedTask;

        public override async ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken)
        {
            await BeforeHistory();
            return await base.LoadHistoryAsync(customer, start, cancellationToken);
        }

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Store.CommitAsync(Changed(commit), cancellationToken);

        public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => Store.LedgerOfAsync(customer, cancellationToken);

        public async ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken)
        {
            await BeforeDisposing();
            return await Store.DisposeOfAsync(disposal, cancellationToken);
        }
    }
}
