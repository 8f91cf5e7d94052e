using Crm.Analytics.Habits;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Analytics.Tests.Habits;

/// <summary>New, existing and sleeping customers.</summary>
public sealed class NesTests
{
    private static readonly LocalDate Opening = new(2026, 1, 1);

    private static readonly Gen<(PurchaseCycle Cycle, PurchaseDays Days)> Cases =
        from count in Gen.Choose(1, 6)
        from gaps in Gen.Choose(1, 40).ListOf(count - 1)
        from length in Gen.Choose(1, 400)
        from least in Gen.Choose(1, 60)
        from own in Gen.Elements(true, false)
        select (own ? new PurchaseCycle.Own(length / 10m) { Least = least / 10m } : (PurchaseCycle)new PurchaseCycle.OfAll(length / 10m), new PurchaseDays(gaps.Count + 1, Opening, Opening.PlusDays(gaps.Sum())));

    [Fact]
    public void Online_retail_has_the_published_numbers_with_the_cycle_of_all_and_with_ones_own()
    {
        var customers = Retail.Days(new LocalDate(2011, 12, 10)).Values.ToList();
        var all = PurchaseCycle.OfAll.MeanOf(customers);
        Assert.Equal(45.66m, Math.Round(all.Days, 2));

        Assert.Equal("N 335, E0 1716, S1 838, S2 333, S3 1116", Counted(new NesRule(all)));
        Assert.Equal("N 335, E0 1994, S1 695, S2 281, S3 1033", Counted(new NesRule(new PurchaseCycle.Own(all.Days))));

        string Counted(NesRule rule) => string.Join(", ", customers.GroupBy(days => rule.On(new LocalDate(2011, 12, 10), days)).OrderBy(state => state.Key).Select(state => $"{state.Key.Code()} {state.Count()}"));
    }

    [Fact]
    public void A_silence_of_exactly_a_cycle_is_within_it()
    {
        var rule = new NesRule(new PurchaseCycle.Own(30));
        var weekly = new PurchaseDays(3, Opening, Opening.PlusDays(14));
        Assert.Equal([Nes.E0, Nes.S1, Nes.S1, Nes.S2, Nes.S2, Nes.S3], new[] { 7, 8, 14, 15, 21, 22 }.Select(silence => rule.On(weekly.Latest.PlusDays(silence), weekly)));

        // Three gaps of 7⅓ days: three cycles are 22 days to the day.
        var thirds = new PurchaseDays(4, Opening, Opening.PlusDays(22));
        Assert.Equal([Nes.E0, Nes.S1, Nes.S2, Nes.S3], new[] { 7, 8, 22, 23 }.Select(silence => rule.On(thirds.Latest.PlusDays(silence), thirds)));
        Assert.Equal([Nes.N, Nes.S1], new[] { 30, 31 }.Select(silence => rule.On(Opening.PlusDays(silence), new PurchaseDays(1, Opening, Opening))));
    }

    [Fact]
    public void Who_buys_daily_has_a_cycle_of_a_day_at_least()
    {
        var daily = new PurchaseDays(5, Opening, Opening.PlusDays(4));
        Assert.Equal(daily.Latest.PlusDays(2), new NesRule(new PurchaseCycle.Own(30)).FirstDayIn(Nes.S1, daily));
        Assert.Equal(daily.Latest.PlusDays(4), new NesRule(new PurchaseCycle.Own(30) { Least = 3.5m }).FirstDayIn(Nes.S1, daily));
    }

    [Fact]
    public void Nobody_stands_elsewhere_before_the_day_that_was_foreseen() => Check(Foreseen, (rule, day, days) => rule.ChangesAfter(day, days));

    [Fact]
    public void The_law_catches_a_day_too_late() => Counterfeits.Caught(() => Check(Foreseen, (rule, day, days) => rule.ChangesAfter(day, days)?.PlusDays(1)));

    /// <summary>The states by fractions, as the definition is printed.</summary>
    [Fact]
    public void States_are_cycles_of_silence() => Prop.ForAll(Cases.ToArbitrary(), one =>
    {
        var (cycle, days) = one;
        var (length, parts) = cycle switch
        {
            PurchaseCycle.OfAll all => (all.Days, 1m),
            PurchaseCycle.Own own when days.Count == 1 => (own.Otherwise, 1m),
            PurchaseCycle.Own own => days.Span < own.Least * (days.Count - 1) ? (own.Least, 1m) : (days.Span, days.Count - 1m),
            _ => throw new InvalidOperationException(),
        };
        for (var silence = 0; silence < 200; silence++)
        {
            var expected = silence * parts <= length ? days.Count == 1 ? Nes.N : Nes.E0 : silence * parts <= 2 * length ? Nes.S1 : silence * parts <= 3 * length ? Nes.S2 : Nes.S3;
            Assert.Equal(expected, new NesRule(cycle).On(days.Latest.PlusDays(silence), days));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Days_and_cycles_that_cannot_be_are_refused()
    {
        Assert.Contains("There are 5 days from 2026-01-01 to 2026-01-03", Assert.Throws<ArgumentOutOfRangeException>(() => new PurchaseDays(5, Opening, Opening.PlusDays(2))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PurchaseDays(1, Opening, Opening.PlusDays(2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PurchaseDays(2, Opening, Opening));
        Assert.Contains("0 days long", Assert.Throws<ArgumentOutOfRangeException>(() => new PurchaseCycle.OfAll(0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PurchaseCycle.OfAll.MeanOf([new PurchaseDays(1, Opening, Opening)]));
        Assert.Null(PurchaseDays.Of([Opening], Opening.PlusDays(-1)));
        Assert.Null(new NesRule(new PurchaseCycle.OfAll(1e9m)).FirstDayIn(Nes.S1, new PurchaseDays(1, Opening, Opening)));
    }

    private static void Foreseen(NesRule rule, PurchaseDays days, Func<NesRule, LocalDate, PurchaseDays, LocalDate?> changes)
    {
        var (until, state) = (changes(rule, days.Latest, days), rule.On(days.Latest, days));
        for (var day = days.Latest; day < days.Latest.PlusDays(200); day = day.PlusDays(1))
        {
            if (day == until)
            {
                Assert.NotEqual(state, rule.On(day, days));
                (until, state) = (changes(rule, day, days), rule.On(day, days));
            }

            Assert.Equal(state, rule.On(day, days));
        }
    }

    private static void Check(Action<NesRule, PurchaseDays, Func<NesRule, LocalDate, PurchaseDays, LocalDate?>> law, Func<NesRule, LocalDate, PurchaseDays, LocalDate?> changes) =>
        Prop.ForAll(Cases.ToArbitrary(), one => law(new NesRule(one.Cycle), one.Days, changes)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
}
