using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Tool.Books;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Reports;

/// <summary>The units that a report and balances show of an instant are those that the books of a store have in which nothing happened later and a worker has run all that was due.</summary>
public sealed class UnitsOfTheDay
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 12, 0);
    private static readonly StoreSettings Settings = new(DateTimeZone.Utc);
    private static readonly Identity[] People = [Identity.User("amy"), Identity.User("ben")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Units_of_any_instant_are_those_of_books_that_end_there() => Law(ReportAsync).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void The_law_catches_books_alone() => Counterfeits.Caught(() => Law(BooksAsync).Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    [Fact]
    public void Units_of_two_who_become_one_are_those_of_books_that_end_there() => Law(FiguresAsync, Merging).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    /// <summary>A purchase that comes late gives units back that ran out without it: they are never gone on a day before they ran out.</summary>
    [Fact]
    public async Task Units_that_run_out_and_are_given_back_are_held_all_the_time()
    {
        var late = new Act(Day(60), Day(20), CustomerEvent.Purchase("pos:2", People[0], Money.Hkd(100)) with { OccurredAt = Day(20) });
        List<Act> acts = [Bought("pos:1", Day(-9)), Bought("pos:3", Day(35)), late];
        await HoldsAsync(new History(Program(idles: true, 0), acts, Day(20) + Duration.FromHours(1)), ReportAsync);
        await HoldsAsync(new History(Program(idles: true, 0), acts, Day(22)), ReportAsync);

        static Act Bought(string key, Instant at) => new(at, at, CustomerEvent.Purchase(key, People[0], Money.Hkd(1)) with { OccurredAt = at });
    }

    private static Property Law(Func<OpenedStore, Instant, Task<UnitAccount>> told, Gen<History>? histories = null) => Prop.ForAll((histories ?? Histories).ToArbitrary(), async Task<bool> (history) =>
    {
        await HoldsAsync(history, told);
        return true;
    });

    private static async Task HoldsAsync(History history, Func<OpenedStore, Instant, Task<UnitAccount>> told)
    {
        await using var whole = await StoreOf(history, history.Acts, null);
        await using var ended = await StoreOf(history, [.. history.Acts.Where(act => act.OccurredAt <= history.At)], history.At);
        Assert.Equal(await BooksAsync(ended, history.At), await told(whole, history.At));
    }

    private static Instant Day(int day) => Start + Duration.FromDays(day);

    // As the report has it, and to what balances add up.
    private static async Task<UnitAccount> ReportAsync(OpenedStore store, Instant at)
    {
        var figures = await FiguresAsync(store, at);
        var (definitions, sum) = (await StoreDefinitions.ReadAsync(store, [], Token), default(UnitAccount));
        foreach (var person in People)
        {
            if ((await store.Customers.LoadAsync(CustomerRef.Of(person), Token)).Customer is { } customer)
            {
                foreach (var unit in (await HeldUnits.ReadAsync(store, OpenedStore.EngineOver(store.Customers, definitions.Modules, Settings, SystemClock.Instance), definitions, customer, at, Token)).Units)
                {
                    Assert.True(unit.IsKnown);
                    sum = sum.Plus(new UnitAccount { Available = unit.Available, Pending = unit.Pending, Reserved = unit.Reserved, Debt = unit.Debt });
                }
            }
        }

        Assert.Equal(sum, figures with { Issued = 0, Spent = 0, Expired = 0, Reversed = 0, Transferred = 0 });
        return figures;
    }

    private static async Task<UnitAccount> FiguresAsync(OpenedStore store, Instant at) =>
        (await SummaryReport.MakeAsync(store, new AsOf.At(at), [], (_, _) => { }, Token)).Units.GetValueOrDefault("points");

    private static async Task<UnitAccount> BooksAsync(OpenedStore store, Instant at)
    {
        var count = new UnitCount(at, StoreDefinitions.None);
        await foreach (var (customer, entry) in store.Scan.ReadLedgerAsync(Token))
        {
            count.Take(customer, entry);
        }

        count.Close();
        return count.Units.GetValueOrDefault("points");
    }

    private static async Task<OpenedStore> StoreOf(History history, IReadOnlyList<Act> acts, Instant? worker)
    {
        var clock = new FakeClock(Start);
        var store = await OpenedStore.OpenAsync(new StoreLocation.Memory { Tenant = "default" }, OpenMode.CreateWhenMissing, Token);
        await StoreSettings.ReadOrWriteAsync(store.Documents, DateTimeZone.Utc, DateTimeZone.Utc, clock, Token);
        await StoredPrograms.AddAsync(store, [history.Program], clock, Token);
        var engine = await store.EngineAsync(Settings, clock, Token);
        foreach (var act in acts)
        {
            clock.Set(act.RecordedAt);
            if (act.Event.Kind == EventKinds.MergedName)
            {
                await engine.MergeAsync(new MergeRequest(act.Event.Key, CustomerRef.Of(People[0]), CustomerRef.Of(People[1])), Token);
            }
            else
            {
                await engine.RecordAsync(act.Event, Token);
            }
        }

        if (worker is { } now)
        {
            clock.Set(now);
            await engine.RunDueAsync(1_000, Token);
        }

        return store;
    }

    private static Gen<History> Histories =>
        from idles in Gen.Elements(false, true)
        from waits in Gen.Elements(0, 0, 10)
        from acts in Acts
        from near in Gen.Elements<Act>([.. acts])
        from days in Gen.Elements(0, 1, 5, 10, 30, 31, 40)
        from midnight in Gen.Elements(false, true)
        from ticks in Gen.Choose(-1, 1)
        let at = near.OccurredAt + Duration.FromDays(days)
        select new History(Program(idles, waits), acts, (midnight ? DateTimeZone.Utc.AtStartOfDay(at.InUtc().Date).ToInstant() : at) + Duration.FromTicks(ticks));

    // Both have bought something before they become one. What is recorded after that is of both, also where it happened before.
    private static Gen<History> Merging =>
        from history in Histories
        from after in Gen.Choose(0, history.Acts.Count)
        let at = after == 0 ? Start + Duration.FromHours(1) : history.Acts[after - 1].RecordedAt + Duration.FromHours(1)
        let merge = new Act(at, at, new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = EventKinds.MergedName, OccurredAt = at })
        let later = history.Acts.Skip(after).Where(act => act.OccurredAt > at || act.Event.Identity == People[0])
        select history with { Acts = [.. People.Select(Welcome), .. history.Acts.Take(after), merge, .. later] };

    private static Act Welcome(Identity who) => new(Start, Start, CustomerEvent.Purchase($"first:{who.Value}", who, Money.Hkd(5)) with { OccurredAt = Start });

    private static Gen<List<Act>> Acts => (
        from kind in Gen.Elements("buy", "buy", "late", "redeem", "reserve", "refund")
        from who in Gen.Elements(People)
        from gap in Gen.Choose(1, 15)
        from back in Gen.Choose(1, 40)
        from amount in Gen.Elements(1, 20, 50, 100)
        select (kind, who, gap, back, amount)).NonEmptyListOf().Select(steps =>
        {
            var (acts, day) = (new List<Act>(), 0);
            foreach (var (kind, who, gap, back, amount) in steps.Take(8))
            {
                day += gap;
                var (key, now) = ($"pos:{acts.Count}", Start + Duration.FromDays(day));
                var occurred = kind == "late" ? now - Duration.FromDays(back) : now;
                var bought = acts.FindLast(act => act.Event.Kind == EventKinds.PurchaseName && act.Event.Identity == who)?.Event;
                acts.Add(new Act(now, occurred, (kind switch
                {
                    "redeem" => LoyaltyEvents.Redeem(key, SpendAuthority.CardPresent(who), amount),
                    "reserve" => RewardEvents.Reserve(key, SpendAuthority.CardPresent(who), amount, Duration.FromDays(back)),
                    "refund" when bought is not null => CustomerEvent.Refund(key, who, bought.Key.ToString(), bought.Spend ?? default),
                    _ => CustomerEvent.Purchase(key, who, Money.Hkd(amount)),
                }) with { OccurredAt = occurred }));
            }

            return acts;
        });

    private static LoyaltyProgram Program(bool idles, int waits) => new()
    {
        Name = "club",
        Zone = "UTC",
        Units =
        [
            new("points", UnitKind.Redeemable)
            {
                Expiry = idles ? new LotExpiry.WhenIdle(0, 30, LastDay.Excluded) : LotExpiry.AfterDays(30, LastDay.Excluded),
                Activation = waits == 0 ? Activation.AtOnce : Activation.AfterDays(waits),
            },
        ],
        Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
    };

    private sealed record Act(Instant RecordedAt, Instant OccurredAt, CustomerEvent Event);

    private sealed record History(LoyaltyProgram Program, List<Act> Acts, Instant At);
}
