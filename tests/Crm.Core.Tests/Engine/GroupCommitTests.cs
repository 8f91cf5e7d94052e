using System.Data.Common;
using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

public sealed class GroupCommitTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alone_an_event_waits_for_one_load_and_one_commit()
    {
        var (shop, store) = Open();

        for (var i = 0; i < 3; i++)
        {
            await shop.Engine.RecordAsync(Purchase(i, customer: i), Token);
        }

        Assert.Equal([1, 1, 1], store.Transactions);
        Assert.Equal(3, store.Loads);
    }

    [Fact]
    public async Task Whoever_comes_while_a_transaction_is_written_shares_the_next_one()
    {
        var (shop, store) = Open();
        var receipts = await TogetherAsync(shop, store, [.. Enumerable.Range(0, 100).Select(i => Purchase(i, customer: i))]);

        Assert.Equal([1, 99], store.Transactions);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"till:{i}"), receipts.Select(receipt => receipt.Key.ToString()));
    }

    [Fact]
    public async Task A_hot_customer_is_folded_into_one_commit()
    {
        var (shop, store) = Open();

        var receipts = await TogetherAsync(shop, store, [.. Enumerable.Range(0, 100).Select(i => Purchase(i, customer: 7))]);

        Assert.Equal([1, 1], store.Transactions);
        Assert.Equal(Enumerable.Range(1, 100), receipts.Select(receipt => (int)receipt.Version));
        var view = await shop.Engine.ReadAsync(CustomerRef.Of(Identity.User(7)), Token);
        Assert.Equal(100, view?.Slot<ClubState>("club").Earned);
    }

    [Fact]
    public async Task Callers_who_share_a_transaction_keep_the_identities_that_they_came_with()
    {
        var (shop, store) = Open();
        var born = await shop.RecordAsync(Histories.Purchase("till:born", 1_000) with { AlsoKnownAs = [Histories.Phone] });

        await TogetherAsync(shop, store, [.. Enumerable.Range(0, 20).Select(i => Purchase(i, customer: i) with { Identity = i % 2 == 0 ? Histories.Phone : Shop.Amy })]);

        Assert.Equal([1, 1, 1], store.Transactions);
        var journal = await shop.Store.ReadJournalAsync(born.Customer, 1, Token).ToListAsync(Token);
        Assert.Equal(20, journal.Count);
        Assert.All(journal, entry => Assert.Equal(int.Parse(entry.Event.Key.Value, CultureInfo.InvariantCulture) % 2 == 0 ? 2 : 1, entry.IdentityReference));
    }

    [Fact]
    public async Task Nobody_is_answered_before_the_commit()
    {
        var (shop, store) = Open();
        var gate = new TaskCompletionSource();
        store.Gate = gate.Task;
        var callers = Enumerable.Range(0, 20).Select(i => shop.Engine.RecordAsync(Purchase(i, customer: i), Token).AsTask()).ToList();

        await Task.Delay(50, Token);
        Assert.DoesNotContain(callers, caller => caller.IsCompleted);
        Assert.Null((await shop.Store.LoadAsync(CustomerRef.Of(Identity.User(0)), Token)).Customer);

        gate.SetResult();
        await Task.WhenAll(callers);
    }

    [Fact]
    public async Task An_event_that_fails_fails_alone()
    {
        var (shop, store) = Open();
        var nobody = new CustomerId(42);
        CustomerEvent[] events = [.. Enumerable.Range(0, 40).Select(i => i == 23 ? Purchase(i, customer: i) with { Identity = null, Customer = nobody } : Purchase(i, customer: i))];

        var outcomes = await OutcomesAsync(shop, store, events);

        Assert.Equal([23], outcomes.Index().Where(outcome => outcome.Item.StartsWith(nameof(InvalidEventException), StringComparison.Ordinal)).Select(outcome => outcome.Index));
        Assert.Equal(39, outcomes.Count(outcome => outcome.StartsWith("till:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wrong_event_never_gets_into_a_group()
    {
        var (shop, store) = Open();

        await Assert.ThrowsAsync<InvalidEventException>(() => shop.Engine.RecordAsync(Purchase(1, customer: 1) with { Kind = "unheard-of" }, Token).AsTask());

        Assert.Empty(store.Transactions);
    }

    [Fact]
    public async Task A_key_sent_twice_at_once_is_recorded_once_and_a_reused_one_refused()
    {
        var (shop, store) = Open();

        var outcomes = await OutcomesAsync(shop, store, [Purchase(0, customer: 0), Purchase(1, customer: 1), Purchase(1, customer: 1), Purchase(1, customer: 1) with { Spend = Money.Hkd(99) }]);

        Assert.Equal(outcomes[1], outcomes[2]);
        Assert.Contains(nameof(KeyReusedException), outcomes[3], StringComparison.Ordinal);
        Assert.Single(await shop.Store.ReadAllAsync(Token).Where(each => each.Entry.Event.Key.Value == "1").ToListAsync(Token));
    }

    [Fact]
    public async Task A_store_that_is_out_of_order_is_not_asked_once_for_every_caller()
    {
        var (shop, store) = Open();
        store.Broken = new IOException("The disk is full.");

        var outcomes = await OutcomesAsync(shop, store, [.. Enumerable.Range(0, 100).Select(i => Purchase(i, customer: i))]);

        Assert.All(outcomes, outcome => Assert.Contains("The disk is full.", outcome, StringComparison.Ordinal));
        Assert.Equal(2, store.Transactions.Count);
    }

    public static TheoryData<string> TroublesOfOneRow => [.. Troubles.Keys];

    // As drivers tell of them: what can be told apart, and what cannot.
    private static Dictionary<string, Func<Exception>> Troubles { get; } = new(StringComparer.Ordinal)
    {
        ["the driver waited in vain for an answer"] = () => new DriverFault(null, transient: true, new TimeoutException()),
        ["the server waited in vain for a lock"] = () => new DriverFault("55P03", transient: true),
        ["the statement took too long"] = () => new DriverFault("57014", transient: false),
        ["the driver knows no SQL states"] = () => new DriverFault(null, transient: false),
        ["a row that the database refuses"] = () => new DriverFault("23514", transient: false),
        ["somebody's client was cancelled by its own time-out"] = () => new TaskCanceledException(),
        ["somebody waited in vain"] = () => new TimeoutException(),
    };

    [Theory]
    [MemberData(nameof(TroublesOfOneRow))]
    public async Task What_one_customers_row_fails_with_takes_no_neighbour_down(string trouble)
    {
        var (shop, store) = Open();
        var tried = 0;
        store.Fails = commit => commit.Claims.Any(claim => claim.Identity == Identity.User(23)) && ++tried > 0 ? Troubles[trouble]() : null;

        // Of every fifth event on, it is this customer's.
        var outcomes = await OutcomesAsync(shop, store, [.. Enumerable.Range(0, 60).Select(i => Purchase(i, customer: i % 5 == 4 ? 23 : 100 + i))]);

        Assert.All(outcomes.Index(), outcome => Assert.Equal(outcome.Index % 5 != 4, outcome.Item.StartsWith("till:", StringComparison.Ordinal)));
        Assert.Equal(48, await shop.Store.ReadAllAsync(Token).CountAsync(Token));
        Assert.InRange(tried, 2, ConnectionLoss.IsTimeOut(Troubles[trouble]()) ? 2 : 60);
    }

    [Fact]
    public async Task However_often_one_customers_row_is_refused_it_takes_no_neighbour_down()
    {
        var (shop, store) = Open();
        var tried = 0;
        store.Fails = commit => commit.Claims.Any(claim => claim.Identity == Identity.User(23)) && ++tried > 0 ? Troubles["a row that the database refuses"]() : null;

        var outcomes = await OutcomesAsync(shop, store, [.. Enumerable.Range(0, 60).Select(i => Purchase(i, customer: i is >= 10 and < 40 ? 23 : 100 + i))]);

        Assert.All(outcomes.Index(), outcome => Assert.Equal(outcome.Index is < 10 or >= 40, outcome.Item.StartsWith("till:", StringComparison.Ordinal)));
        Assert.Equal(1 + 9, tried);
    }

    [Theory]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(IOException))]
    public async Task A_profile_that_cannot_be_read_takes_no_neighbour_down(Type trouble)
    {
        var shop = new Shop(new ClubModule(new Condition.Any([])));
        var store = new GroupingStore(shop.Store);
        var engine = new CrmEngine(store, shop.Modules, shop.Options, shop.Clock, new SeededIdSource(), new CrmPorts { Profiles = new OneIsUnreadable(Identity.User(23), (Exception)Activator.CreateInstance(trouble)!) });
        var gate = new TaskCompletionSource();
        store.Gate = gate.Task;

        var callers = Enumerable.Range(0, 60).Select(i => OutcomeAsync(engine, Purchase(i, customer: i))).ToList();
        gate.SetResult();
        var outcomes = await Task.WhenAll(callers);

        Assert.Equal([23], outcomes.Index().Where(outcome => outcome.Item.StartsWith(nameof(ProfileFaultException), StringComparison.Ordinal)).Select(outcome => outcome.Index));
        Assert.Equal(59, outcomes.Count(outcome => outcome.StartsWith("till:", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(int.MaxValue, 9)]
    public async Task A_store_that_does_not_answer_is_waited_for_a_few_times_and_not_once_for_every_caller(int answersUntil, int times)
    {
        var (shop, store) = Open();
        store.AnswersUntil = answersUntil;
        store.Broken = new DriverFault(null, transient: true, new TimeoutException());

        var outcomes = await OutcomesAsync(shop, store, [.. Enumerable.Range(0, 100).Select(i => Purchase(i, customer: i))]);

        Assert.All(outcomes, outcome => Assert.StartsWith(nameof(DriverFault), outcome, StringComparison.Ordinal));
        Assert.Equal([1, 99, .. Enumerable.Repeat(1, times)], store.Transactions);
    }

    [Fact]
    public async Task Some_in_a_row_whose_rows_are_held_take_nobody_else_down_while_the_store_answers()
    {
        var (shop, store) = Open();
        var held = Enumerable.Range(20, 5).Select(number => Identity.User(number)).ToHashSet();
        store.Fails = commit => commit.Claims.Any(claim => held.Contains(claim.Identity)) ? Troubles["the server waited in vain for a lock"]() : null;

        var outcomes = await OutcomesAsync(shop, store, [.. Enumerable.Range(0, 60).Select(i => Purchase(i, customer: i))]);

        Assert.Equal([20, 21, 22, 23, 24], outcomes.Index().Where(outcome => !outcome.Item.StartsWith("till:", StringComparison.Ordinal)).Select(outcome => outcome.Index));
    }

    [Fact]
    public async Task Whoever_gives_up_leaves_the_line_and_the_others_keep_their_places()
    {
        var gate = new TaskCompletionSource();
        var groups = new List<string>();
        var line = new GroupLine(
            async events =>
            {
                groups.Add(string.Join(' ', events.Select(sent => sent.Happened.Key.Value)));
                await gate.Task;
                throw new InvalidOperationException("Nothing is recorded here.");
            },
            1,
            100,
            Pacing.Real,
            _ => ValueTask.CompletedTask);
        var patient = new List<Task> { line.RecordAsync(Purchase(0, customer: 0), Token) };
        for (var n = 1; n <= 2_000; n++)
        {
            using var impatience = new CancellationTokenSource();
            var caller = line.RecordAsync(Purchase(n, customer: n), n % 500 == 0 ? Token : impatience.Token);
            await impatience.CancelAsync();
            if (n % 500 == 0)
            {
                patient.Add(caller);
                continue;
            }

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
            Assert.Equal(patient.Count - 1, line.Waiting);
        }

        gate.SetResult();
        foreach (var caller in patient)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => caller);
        }

        Assert.Equal(["0", "500 1000 1500 2000"], groups.Take(2));
    }

    [Fact]
    public async Task Who_gives_up_in_line_is_not_recorded()
    {
        var (shop, store) = Open();
        var gate = new TaskCompletionSource();
        store.Gate = gate.Task;
        var first = shop.Engine.RecordAsync(Purchase(0, customer: 0), Token).AsTask();
        using var impatience = new CancellationTokenSource();
        var second = shop.Engine.RecordAsync(Purchase(1, customer: 1), impatience.Token).AsTask();

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        gate.SetResult();
        await first;
        await shop.Engine.RecordAsync(Purchase(2, customer: 2), Token);

        Assert.Null((await shop.Store.LoadAsync(CustomerRef.Of(Identity.User(1)), Token)).Customer);
    }

    [Fact]
    public async Task The_line_has_an_end_and_the_others_wait_outside()
    {
        var (shop, store) = Open(options => options with { GroupQueue = 3 });

        await TogetherAsync(shop, store, [.. Enumerable.Range(0, 30).Select(i => Purchase(i, customer: i))]);

        Assert.Equal(30, store.Transactions.Sum());
        Assert.All(store.Transactions, size => Assert.InRange(size, 1, 3));
    }

    [Fact]
    public async Task A_group_has_a_largest_size()
    {
        var (shop, store) = Open(options => options with { GroupSize = 8 });

        await TogetherAsync(shop, store, [.. Enumerable.Range(0, 41).Select(i => Purchase(i, customer: i))]);

        Assert.Equal([1, 8, 8, 8, 8, 8], store.Transactions);
    }

    [Fact]
    public async Task One_option_turns_it_off()
    {
        var (shop, store) = Open(options => options with { GroupCommits = false });

        await TogetherAsync(shop, store, [.. Enumerable.Range(0, 20).Select(i => Purchase(i, customer: i))]);

        Assert.Equal(Enumerable.Repeat(1, 20), store.Transactions);
    }

    [Fact]
    public void Grouped_equals_ungrouped() =>
        Prop.ForAll(
            Arb.From(
                from club in Histories.Clubs
                from events in Histories.WithRequests
                from lost in Gen.Choose(0, 3)
                select (club, events, lost)),
            async drawn =>
            {
                var alone = Shop.With(drawn.club);
                alone.Clock.Set(Histories.End);
                await alone.RecordAsync(Histories.Birth);
                var events = Histories.UnderTwoNames(drawn.events);
                var expected = new List<string>();
                foreach (var happened in events)
                {
                    expected.Add(await OutcomeAsync(alone.Engine, happened));
                }

                var grouped = Shop.With(drawn.club);
                grouped.Clock.Set(Histories.End);
                var store = default(GroupingStore)!;
                grouped.Over(inner => store = new GroupingStore(inner));
                await grouped.RecordAsync(Histories.Birth);
                store.Transactions.Clear();
                var attempts = 0;
                store.Loses = _ => Interlocked.Increment(ref attempts) <= drawn.lost; // somebody else was faster
                var found = await OutcomesAsync(grouped, store, events);

                Assert.Equal(expected, found);
                Assert.Equal(await alone.PictureAsync(Histories.End, netted: true), await grouped.PictureAsync(Histories.End, netted: true));
                Assert.Equal(await alone.NamesAsync(), await grouped.NamesAsync());
                Assert.InRange(store.Transactions.Count, Math.Min(1, drawn.events.Length), 2 + drawn.lost + 2);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private sealed class DriverFault(string? state, bool transient, Exception? inner = null) : DbException("The database did not do it.", inner)
    {
        public override string? SqlState => state;

        public override bool IsTransient => transient;
    }

    private sealed class OneIsUnreadable(Identity one, Exception trouble) : ICustomerProfiles
    {
        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken) => user == one.Value ? throw trouble : ValueTask.FromResult(Fields.None);

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<HostProfile>();
    }

    private static (Shop Shop, GroupingStore Store) Open(Func<CrmOptions, CrmOptions>? change = null)
    {
        var options = new CrmOptions { Zone = DateTimeZone.Utc };
        var shop = new Shop(change?.Invoke(options) ?? options, new ClubModule(new Condition.Any([])));
        var store = default(GroupingStore)!;
        shop.Over(inner => store = new GroupingStore(inner));
        return (shop, store);
    }

    private static CustomerEvent Purchase(int number, int customer) =>
        Histories.Purchase(string.Create(CultureInfo.InvariantCulture, $"till:{number}"), 1_000) with { Identity = Identity.User(customer) };

    /// <summary>All at once: the first transaction waits until everybody is in line.</summary>
    private static async Task<Receipt[]> TogetherAsync(Shop shop, GroupingStore store, CustomerEvent[] events)
    {
        var gate = new TaskCompletionSource();
        store.Gate = gate.Task;
        var callers = Array.ConvertAll(events, happened => shop.Engine.RecordAsync(happened, Token).AsTask());
        gate.SetResult();
        return await Task.WhenAll(callers);
    }

    private static async Task<string[]> OutcomesAsync(Shop shop, GroupingStore store, CustomerEvent[] events)
    {
        var gate = new TaskCompletionSource();
        store.Gate = gate.Task;
        var callers = Array.ConvertAll(events, happened => OutcomeAsync(shop.Engine, happened));
        gate.SetResult();
        return await Task.WhenAll(callers);
    }

    private static async Task<string> OutcomeAsync(CrmEngine engine, CustomerEvent happened)
    {
        try
        {
            var receipt = await engine.RecordAsync(happened, Token);
            return $"{receipt.Key} {receipt.EffectiveAt} {receipt.Refusal} {string.Join(", ", receipt.Lines)}";
        }
        catch (Exception fault)
        {
            return $"{fault.GetType().Name}: {fault.Message}";
        }
    }
}
