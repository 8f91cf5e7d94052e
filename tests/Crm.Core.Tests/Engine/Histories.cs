using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Random histories and definitions that sit on boundaries: whole days, equal instants, amounts a cent around a point, windows as long as the gaps.</summary>
public static class Histories
{
    public static readonly Instant End = Shop.Opening + Duration.FromDays(200);

    public static readonly Identity Phone = Identity.Phone("+852 9123 4567");

    private static readonly int[] Cents = [0, 1, 999, 1_000, 1_001, 1_999, 2_000, 5_000, 9_999, 25_000];

    public static Gen<Clubhouse> Clubs =>
        from bonus in Conditions
        from watched in Gen.ListOf(Conditions, 3)
        from checkpointEvery in Gen.Elements(8, 9, 64)
        from remembered in Gen.Elements(0, 1, 16)
        select new Clubhouse(bonus, [.. watched], new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = checkpointEvery, RememberCustomers = remembered, RememberFor = 2 * (End - Shop.Opening) });

    /// <summary>Purchases, page views, refunds that name their purchase or do not, and cancellations, in order of time. No requests.</summary>
    public static Gen<CustomerEvent[]> Happenings => Events(requests: false);

    /// <summary>The same with redemptions among them.</summary>
    public static Gen<CustomerEvent[]> WithRequests => Events(requests: true);

    /// <summary>One to twelve purchases in order of time, some of which cost nothing.</summary>
    public static Gen<CustomerEvent[]> Orders =>
        from count in Gen.Choose(1, 12)
        from instants in Gen.ListOf(Instants, count)
        from picks in Gen.ListOf(Gen.Choose(0, 1_000), count)
        select instants.Order().Select((at, i) => Purchase($"till:{i}", Cents[picks[i] % Cents.Length]) with { OccurredAt = at }).ToArray();

    /// <summary>The first event of somebody who has two names.</summary>
    public static CustomerEvent Birth => Purchase("till:birth", 0) with { OccurredAt = Shop.Opening, AlsoKnownAs = [Phone] };

    /// <summary>The events as they come from somebody who gives now the one name and now the other.</summary>
    public static CustomerEvent[] UnderTwoNames(CustomerEvent[] events) => [.. events.Select((happened, i) => i % 3 == 1 ? happened with { Identity = Phone } : happened)];

    /// <summary>Whether a condition looks at nothing but purchases, facts and the calendar.</summary>
    public static bool IsOfPurchases(Condition condition) => !ConditionJson.Write(condition).Contains("page-view", StringComparison.Ordinal);

    private static Gen<Condition> Conditions => Gen.Sized(size => Nested(Math.Min(size, 2)));

    private static Gen<Condition> Leaves => Gen.OneOf(
        from days in Gen.Elements(1, 7, 30)
        from count in Gen.Choose(0, 4)
        from test in Gen.Elements<Func<Scalar, Test>>(value => new Test.AtLeast(value), value => new Test.EqualTo(value), value => new Test.LessThan(value))
        from kind in Gen.Elements(EventKinds.PurchaseName, "page-view")
        select (Condition)new Condition.EventWindow(kind, new Measure.Count(), new Window.Last(Duration.FromDays(days)), test(count)),
        from amount in Gen.Elements(0, 20, 70, 300)
        from window in Gen.Elements<Window>(new Window.Lifetime(), new Window.Last(Duration.FromDays(14)))
        select (Condition)new Condition.EventWindow(EventKinds.PurchaseName, new Measure.SumOfSpend(Currency.Hkd), window, new Test.MoreThan(amount)),
        Gen.Elements<Condition>(
            new Condition.Fact("club.tier", new Test.OneOf(["silver", "gold"]), WhenMissing: false),
            new Condition.Fact("club.points", new Test.AtLeast(10), WhenMissing: false),
            new Condition.Moment(new Span.Weekdays([IsoDayOfWeek.Monday, IsoDayOfWeek.Friday])),
            new Condition.Moment(new Span.Hours(new LocalTime(22, 0), new LocalTime(6, 0))),
            new Condition.Moment(new Span.Between(Shop.Opening + Duration.FromDays(40), Shop.Opening + Duration.FromDays(80)))));

    private static Gen<Condition> Nested(int depth) => depth == 0
        ? Leaves
        : Gen.OneOf(
            Leaves,
            Gen.ListOf(Nested(depth - 1), 2).Select(parts => (Condition)new Condition.All(parts.ToSequence())),
            Gen.ListOf(Nested(depth - 1), 2).Select(parts => (Condition)new Condition.Any(parts.ToSequence())),
            Nested(depth - 1).Select(part => (Condition)new Condition.Not(part)));

    private static Gen<Instant> Instants =>
        from day in Gen.Choose(0, 190)
        from ticks in Gen.Elements(0L, 1L, NodaConstants.TicksPerDay / 2, NodaConstants.TicksPerDay - 1)
        select Shop.Opening + Duration.FromDays(day) + Duration.FromTicks(ticks);

    private static Gen<CustomerEvent[]> Events(bool requests) =>
        from count in Gen.Choose(1, 24)
        from instants in Gen.ListOf(Instants, count)
        from rolls in Gen.ListOf(Gen.Choose(0, 99), count)
        from picks in Gen.ListOf(Gen.Choose(0, 1_000), count)
        select Build([.. instants.Order()], [.. rolls], [.. picks], requests);

    private static CustomerEvent[] Build(Instant[] instants, int[] rolls, int[] picks, bool requests)
    {
        var events = new List<CustomerEvent>();
        for (var i = 0; i < instants.Length; i++)
        {
            var purchases = events.Where(earlier => earlier.Kind == EventKinds.PurchaseName).ToList();
            var original = purchases.Count == 0 ? null : purchases[picks[i] % purchases.Count];
            events.Add(rolls[i] switch
            {
                < 15 when requests => Redeem($"till:{i}", 1 + (picks[i] % 12)),
                < 30 when original is not null => CustomerEvent.Refund($"till:{i}", Shop.Amy, picks[i] % 3 == 0 ? null : original.Key.ToString(), Money.Hkd(Cents[picks[i] % Cents.Length] / 100m)),
                < 35 when original is not null => Cancellation($"till:{i}", original.Key),
                < 45 => new CustomerEvent { Key = EventKey.Parse($"web:{i}"), Kind = "page-view", Identity = Shop.Amy },
                _ => Purchase($"till:{i}", Cents[picks[i] % Cents.Length]),
            } with { OccurredAt = instants[i] });
        }

        return [.. events];
    }

    public static CustomerEvent Purchase(string key, long cents) => CustomerEvent.Purchase(key, Shop.Amy, new Money(cents, Currency.Hkd));

    public static CustomerEvent Cancellation(string key, EventKey original) => new() { Key = EventKey.Parse(key), Kind = EventKinds.CancellationName, Identity = Shop.Amy, Original = original };

    public static CustomerEvent Redeem(string key, int amount) => new() { Key = EventKey.Parse(key), Kind = ClubModule.Redeem, Identity = Shop.Amy, Fields = Fields.Of(("amount", amount)) };
}
