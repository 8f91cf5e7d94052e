using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>What every store has of two customers after they became one, part by part.</summary>
public sealed class Merges
{
    private static readonly Identity Phone = Identity.Phone("+85291234567");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Stores => [.. TestedStore.All.Select(store => store.Name)];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task State_is_the_survivors_and_journal_ledger_and_keys_stay(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var store = await factory.OpenAsync("default", Token);

        await WriteAsync(store, Samples.Birth(1) with { Slots = [Samples.Slot("loyalty", 1)], Profile = Fields.Of(("name", "Amy")) });
        await WriteAsync(store, Samples.Birth(2) with
        {
            Claims = [new IdentityClaim(Samples.User(2), 1), new IdentityClaim(Phone, 2)],
            Slots = [Samples.Slot("loyalty", 2)],
            Ledger = [Samples.Issued(5)],
            Checkpoints = [new Checkpoint(Samples.At(1), [Samples.Slot("loyalty", 2)])],
        });
        Assert.Equal(new AtomicResult(CommitResult.Done, null), await MergeAsync((IAtomicCommits)store, identities: 2));

        var loaded = await store.LoadAsync(CustomerRef.Of(Phone) with { Recording = EventKey.Parse("pos:birth-2") }, Token);
        Assert.Equal((Samples.Customer(1), 2L, 3, 3), (loaded.Customer, loaded.Version, loaded.Identities, loaded.IdentityReference));
        Assert.Equal([Samples.Slot("loyalty", 9)], loaded.Slots);
        Assert.Equal(Fields.Of(("name", "Amy")), loaded.Profile);
        Assert.NotNull(loaded.Recorded);
        Assert.Null((await store.LoadAsync(CustomerRef.Of(Samples.Customer(2)), Token)).IdentityReference);
        Assert.Equal(2, await store.ReadJournalAsync(Samples.Customer(2), 0, Token).CountAsync(Token));
        Assert.Equal(Samples.At(1), (await store.LoadHistoryAsync(Samples.Customer(2), new HistoryStart.Before(Samples.At(2)), Token)).Checkpoint?.At);
        Assert.Equal(new CommitResult.VersionConflict(), await store.CommitAsync(Samples.Commit(2, 1, "pos:late"), Token));
        Assert.Equal([5L], ((IJournalScan)store).ReadLedgerAsync(Token).ToBlockingEnumerable(Token).Where(row => row.Customer == Samples.Customer(2)).Select(row => row.Entry.Amount));
        Assert.Equal([Samples.User(1), Samples.User(2), Phone], await ((ICustomerIdentities)store).IdentitiesOfAsync(Samples.Customer(1), Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.CommitAsync(Retiring(1, 2, into: 3, known: 1, joining: 3), Token).AsTask());
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 2, "pos:next") with { Claims = [new IdentityClaim(Identity.Cookie("f00d"), 4)] }, Token));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Before_the_merge_the_past_has_both_and_after_it_one(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var store = await factory.OpenAsync("default", Token);
        var clock = new FakeClock(Samples.At(1));
        var engine = new CrmEngine(store, [], new CrmOptions(), clock, new SeededIdSource());
        foreach (var customer in new[] { 1, 2, 3 })
        {
            await engine.RecordAsync(CustomerEvent.Purchase($"shop:{customer}", Samples.User(customer), Money.Hkd(52)), Token);
        }

        // One is merged into the second, and both into the third.
        foreach (var (at, survivor, retired) in new[] { (5, 2, 1), (9, 3, 2) })
        {
            clock.Set(Samples.At(at));
            Assert.IsType<MergeResult.Merged>(await engine.MergeAsync(new MergeRequest(EventKey.Parse($"desk:{at}"), CustomerRef.Of(Samples.User(survivor)), CustomerRef.Of(Samples.User(retired))), Token));
        }

        clock.Set(Samples.At(20));
        foreach (var (at, expected) in new[] { (0, 0), (1, 3), (4, 3), (5, 2), (8, 2), (9, 1), (19, 1) })
        {
            var views = await engine.ReadAllAsync(new PastQuestion(Samples.At(at)), Token).ToListAsync(Token);
            Assert.Equal((at, expected), (at, views.Count));
            Assert.Equal(views.Count, views.Select(view => view.Customer.Customer).Distinct().Count());
            Assert.Equal(at == 0 ? 0 : 3, views.Sum(view => view.History.Count(entry => entry.Event?.Kind == EventKinds.PurchaseName)));
        }
    }

    private static ValueTask<AtomicResult> MergeAsync(IAtomicCommits store, int identities) => store.CommitTogetherAsync(
        [Retiring(2, 1, into: 1, known: 1, joining: identities), Samples.Commit(1, 1, "pos:merge") with { Slots = [Samples.Slot("loyalty", 9)] }],
        Token);

    private static Commit Retiring(int customer, long version, int into, int known, int joining) =>
        Samples.Commit(customer, version, $"pos:retired-{customer}") with { Retirement = new Retirement(Samples.Customer(into), known, joining), NextDueChanged = true };

    private static async Task WriteAsync(ICustomerStore store, Commit commit) => Assert.Equal(CommitResult.Done, await store.CommitAsync(commit, Token));
}
