using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>Random segments, that name each other, and random histories, both on boundaries: whole days, equal instants, windows as long as the gaps.</summary>
internal static class Histories
{
    public const int LastDay = 60;

    private static readonly string[] Ids = ["d", "b", "c", "a"];

    public static Gen<Given> All =>
        from conditions in Gen.ListOf(Conditions, 6)
        from references in Gen.ListOf(Gen.Choose(0, 5), 4)
        from activation in Instants
        from events in Events
        from seed in Gen.Choose(0, int.MaxValue)
        from inOrder in Gen.Elements(true, false)
        from workEvery in Gen.Elements<int?>(null, 1, 17)
        from checkpointEvery in Gen.Elements(8, 64)
        select new Given(
            Catalog([.. conditions], [.. references], activation),
            inOrder ? events : [.. events.OrderBy(happened => Scramble(happened.OccurredAt, seed))],
            inOrder ? workEvery : null,
            checkpointEvery);

    private static Gen<Condition> Conditions => Gen.OneOf(
        Leaves,
        Gen.ListOf(Leaves, 2).Select(parts => If.All(parts.ToSequence())),
        Gen.ListOf(Leaves, 2).Select(parts => If.Any(parts.ToSequence())),
        Leaves.Select(If.Not));

    private static Gen<Condition> Leaves => Gen.OneOf(
        from days in Gen.Elements(1, 7, 30)
        from count in Gen.Choose(0, 3)
        from kind in Gen.Elements(EventKinds.PurchaseName, "page-view")
        from question in Gen.Constant(If.Events(kind).InLast(Duration.FromDays(days)).Count())
        from condition in Gen.Elements(question.AtLeast(count), question.Is(count), question.LessThan(count))
        select condition,
        from amount in Gen.Elements(0, 50, 120)
        from question in Gen.Elements(If.Purchases(), If.Purchases().InLast(Duration.FromDays(14)))
        select question.SumOfSpend(Currency.Hkd).MoreThan(amount),
        from how in Gen.Elements(Aggregation.Least, Aggregation.Greatest, Aggregation.Average, Aggregation.First, Aggregation.Latest)
        from amount in Gen.Elements(2, 30, 31)
        from missing in Gen.Elements(true, false)
        from purchases in Gen.Elements(If.Purchases(), If.Purchases().InLast(Duration.FromDays(7)))
        select purchases.Of(how, new Measured.Spend(Currency.Hkd)).WhenMissing(missing).AtLeast(amount),
        Gen.Elements(
            If.Events("page-view").Then(new Step(new EventPattern(EventKinds.PurchaseName)) { Within = Duration.FromDays(7) }).Happened,
            If.Purchases().Then(new Step(new EventPattern(EventKinds.PurchaseName)) { After = Duration.FromDays(1), Within = Duration.FromDays(14), Without = new EventPattern("page-view") }).Times().AtLeast(2),
            If.Purchases().ThenNo(new EventPattern("page-view"), Duration.FromDays(7)).AtLeast(1),
            If.Purchases().Regularly(1, 4, Duration.FromDays(7)).AtLeast(2),
            If.Purchases().Resumed(Duration.FromDays(7), Duration.FromDays(14)),
            If.Purchases().SinceFirst("page-view", Duration.FromDays(14)).Count().AtLeast(1),
            If.Purchases().SinceLatest("page-view").SumOfSpend(Currency.Hkd).MoreThan(50)),
        Gen.Elements(
            If.Purchases().DaysActive("Asia/Hong_Kong").AtLeast(2),
            If.Purchases().This(CalendarPeriod.Day, "Asia/Hong_Kong").Count().AtLeast(1),
            If.Purchases().LastWhole(CalendarPeriod.Week, "UTC").SumOfSpend(Currency.Hkd).MoreThan(30),
            If.Purchases().Latest(new Measured.At()).FromNow(Comparison.LessThan, -Duration.FromDays(7)),
            If.Purchases().First(new Measured.Day("UTC")).FromToday(Comparison.AtMost, Period.FromDays(-7), "UTC")),
        Gen.Elements(
            If.Fact(ScoreModule.Points).AtLeast(2),
            If.Fact(ScoreModule.Points).WhenMissing(true).LessThan(2),
            If.On(IsoDayOfWeek.Monday, IsoDayOfWeek.Friday),
            If.Hours(new LocalTime(22, 0), new LocalTime(6, 0)),
            If.Between(Club.Day(20), Club.Day(35))));

    private static Gen<Instant> Instants =>
        from day in Gen.Choose(0, LastDay - 5)
        from ticks in Gen.Elements(0L, 1L, NodaConstants.TicksPerDay / 2, NodaConstants.TicksPerDay - 1)
        select Club.Day(day) + Duration.FromTicks(ticks);

    private static Gen<CustomerEvent[]> Events =>
        from count in Gen.Choose(1, 16)
        from instants in Gen.ListOf(Instants, count)
        from rolls in Gen.ListOf(Gen.Choose(0, 99), count)
        from picks in Gen.ListOf(Gen.Choose(0, 1_000), count)
        select Build([.. instants.Order()], [.. rolls], [.. picks]);

    /// <summary>Each segment may name those before it in <see cref="Ids"/>, whose order is not that of the names; the last has a second version.</summary>
    private static DefinitionCatalog<Segment> Catalog(Condition[] conditions, int[] references, Instant activation)
    {
        var definitions = new List<Definition<Segment>>();
        for (var i = 0; i < Ids.Length; i++)
        {
            var earlier = i == 0 ? null : Samples.In(Ids[references[i] % i]);
            var where = (earlier, references[i] % 3) switch
            {
                (not null, 0) => If.All(earlier, conditions[i]),
                (not null, 1) => If.Any(If.Not(earlier), conditions[i]),
                _ => conditions[i],
            };
            definitions.Add(Samples.Of(Ids[i], where).Define());
        }

        definitions.Add(Samples.Of("b", conditions[4]).Define(2, activation));
        definitions.Add(Samples.Of("e", conditions[5]).Define(1, activation));
        return new DefinitionCatalog<Segment>(definitions);
    }

    private static CustomerEvent[] Build(Instant[] instants, int[] rolls, int[] picks)
    {
        var events = new List<CustomerEvent>();
        for (var i = 0; i < instants.Length; i++)
        {
            var purchases = events.Where(earlier => earlier.Kind == EventKinds.PurchaseName).ToList();
            var original = purchases.Count == 0 ? null : purchases[picks[i] % purchases.Count];
            events.Add((rolls[i] switch
            {
                < 20 when original is not null => CustomerEvent.Refund($"till:{i}", Club.Amy, original.Key.ToString(), Money.Hkd((picks[i] % 4) + 29)),
                < 30 when original is not null => new CustomerEvent { Key = EventKey.Parse($"till:{i}"), Kind = EventKinds.CancellationName, Identity = Club.Amy, Original = original.Key },
                < 45 => new CustomerEvent { Key = EventKey.Parse($"web:{i}"), Kind = "page-view", Identity = Club.Amy },
                _ => CustomerEvent.Purchase($"till:{i}", Club.Amy, Money.Hkd((picks[i] % 3) + 30)),
            }) with { OccurredAt = instants[i] });
        }

        return [.. events];
    }

    // Events of one instant keep their order: it is the order of recording that decides between them.
    private static long Scramble(Instant? at, int seed) => ((at?.ToUnixTimeTicks() ?? 0) / NodaConstants.TicksPerSecond * 7_919 ^ seed) % 1_009;
}

/// <param name="Segments">What is defined.</param>
/// <param name="Events">In the order of recording.</param>
/// <param name="WorkEvery">How often a worker runs, in days; null: never.</param>
/// <param name="CheckpointEvery">How often the engine keeps a checkpoint.</param>
public sealed record Given(DefinitionCatalog<Segment> Segments, CustomerEvent[] Events, int? WorkEvery, int CheckpointEvery)
{
    public override string ToString() => string.Join(
        "\n",
        [
            .. Segments.All.Select(SegmentJson.Write),
            .. Events.Select(happened => $"{happened.OccurredAt} {happened.Kind} {happened.Key} {happened.Spend} {happened.Original}"),
            $"worker {WorkEvery}, checkpoints {CheckpointEvery}",
        ]);
}
