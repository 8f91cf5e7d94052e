using System.Globalization;
using Crm.Analytics.Buying;
using Crm.Analytics.Figures;
using Crm.Analytics.Habits;
using Crm.Analytics.Spending;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Analytics.Tests.Figures;

/// <summary>Figures as hosts use them.</summary>
public sealed class FigureScenarios
{
    [Fact]
    public async Task A_store_selects_by_figures_whom_the_formulas_select()
    {
        await SelectsAsync(new InMemoryStore());
        await using var file = SqliteStore.Open(":memory:");
        await file.MigrateAsync(TestContext.Current.CancellationToken);
        await SelectsAsync(file);
    }

    [Fact]
    public async Task Whoever_has_never_bought_is_a_prospect_and_nothing_else()
    {
        var house = new House(new FiguresModule(House.Figures));
        await house.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "referral", Identity = House.Amy, OccurredAt = House.Day(1) });
        Assert.Equal(["analytics.advocate true", "analytics.stage prospect"], (await house.ReadAsync(House.Day(2))).Facts.Select(fact => $"{fact.Name} {fact.Value}").Order(StringComparer.Ordinal));

        await house.RecordAsync(House.Purchase("till:1", House.Day(3), 50));
        await house.RecordAsync(House.Cancellation("till:2", House.Day(4), EventKey.Parse("till:1")));
        Assert.Equal(["analytics.advocate true", "analytics.stage prospect"], (await house.ReadAsync(House.Day(5))).Facts.Select(fact => $"{fact.Name} {fact.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_refund_of_a_part_takes_its_amount_and_leaves_the_day()
    {
        var house = new House(new FiguresModule(House.Figures));
        await house.RecordAsync(House.Purchase("till:1", House.Day(3), 50));
        await house.RecordAsync(CustomerEvent.Refund("till:2", House.Amy, "till:1", Money.Hkd(20)) with { OccurredAt = House.Day(4) });
        var view = await house.ReadAsync(House.Day(5));
        Assert.Equal((30, 1), (view.Fact(FigureNames.Monetary), view.Fact(FigureNames.Frequency)));
    }

    [Fact]
    public async Task A_new_definition_counts_from_the_next_event_on_and_facts_that_are_gone_go()
    {
        var first = new House(new FiguresModule(House.Figures), withSegments: false);
        await first.RecordAsync(House.Purchase("till:1", House.Day(1), 50));
        var second = new House(new FiguresModule(House.Figures with { Nes = new NesRule(new PurchaseCycle.OfAll(2)), Buying = null, Step = null }), first.Store, withSegments: false);
        await second.RecordAsync(House.Purchase("till:2", House.Day(5), 50));

        var view = await second.ReadAsync(House.Day(8));
        Assert.Equal("S1", view.Fact(FigureNames.Nes));
        Assert.Equal(default, view.Fact(FigureNames.Alive));
        Assert.DoesNotContain(view.Facts, fact => fact.Name is FigureNames.Recency or FigureNames.Asleep);
    }

    [Fact]
    public async Task What_the_page_shows_finds_who_is_worth_a_call()
    {
        // A shop as the model has it: rates of a gamma distribution of shape 1, every fifth purchase or so the last.
        var asOf = new LocalDate(2026, 1, 1);
        var seed = 7u;
        double Luck() => ((seed = (seed * 1664525) + 1013904223) + 0.5) / 4294967296.0;
        var customers = Enumerable.Range(0, 400).Select(_ =>
        {
            var (rate, stops, day) = (-Math.Log(Luck()) / 14, 1 - Math.Pow(Luck(), 1 / 4.0), Luck() * 90);
            var days = new List<LocalDate> { new LocalDate(2025, 1, 1).PlusDays((int)day) };
            while ((days.Count == 1 || Luck() > stops) && (day -= Math.Log(Luck()) / rate) < 365)
            {
                days.Add(new LocalDate(2025, 1, 1).PlusDays((int)day));
            }

            return (Days: PurchaseDays.Of(days) ?? throw new InvalidOperationException(), Spend: SpendHistory.OfTotal(days.Count, days.Count * (decimal)(50 + (200 * Luck()))));
        }).ToList();
        var figures = LeavingCustomers.Leaving.Learn(customers, asOf);

        var services = new ServiceCollection().AddSingleton<IClock>(new Crm.Testing.FakeClock(House.Opening)).AddCrm(crm => LeavingCustomers.Leaving.Configure(crm.UseMemory(), figures));
        await using var provider = services.BuildServiceProvider();
        var (crm, clock) = (provider.GetRequiredService<CrmEngine>(), (Crm.Testing.FakeClock)provider.GetRequiredService<IClock>());
        for (var week = 0; week < 12; week++)
        {
            clock.Set(House.Day(7 * week));
            await crm.RecordAsync(House.Purchase($"till:{week}", House.Day(7 * week), 120), TestContext.Current.CancellationToken);
        }

        var called = new List<int>();
        for (var day = 78; day < 300; day++)
        {
            clock.Set(House.Day(day));
            if ((await crm.ReadAsync(CustomerRef.Of(House.Amy), TestContext.Current.CancellationToken))?.Fact("segment.worth-a-call") == true)
            {
                called.Add(day);
            }
        }

        // Not while she comes every week; then from a week before she is more likely gone than not, until she is worth too little.
        var asleep = new SleepForecast(figures.Buying!.Value.Buying, TimeUnit.Day).AsleepOn(new PurchaseDays(12, asOf, asOf.PlusDays(77)), 0.5) ?? throw new InvalidOperationException();
        Assert.Equal(Period.DaysBetween(asOf, asleep) - 7, called[0]);
        Assert.Equal(Enumerable.Range(called[0], called.Count), called);
        Assert.True(called.Count < 200);
    }

    [Fact]
    public void The_hash_is_that_of_the_content_in_every_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        var hash = House.Figures.Hash;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(hash, (House.Figures with { }).Hash);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }

        var buying = House.Figures.Buying ?? throw new InvalidOperationException();
        CustomerFigures[] others =
        [
            House.Figures with { Zone = "Europe/London" },
            House.Figures with { Currency = Currency.Of("USD") },
            House.Figures with { Purchases = new EventPattern("order") },
            House.Figures with { Nes = new NesRule(new PurchaseCycle.Own(10)) },
            House.Figures with { Stage = new StageRule(new NesRule(new PurchaseCycle.OfAll(9))) { CoreSpend = 300, LoyalDays = 4 } },
            House.Figures with { Advocate = null },
            House.Figures with { Step = CalendarPeriod.Week },
            House.Figures with { Buying = buying with { AsleepBelow = 0.51 } },
            House.Figures with { Buying = buying with { Alarm = null } },
            House.Figures with { Buying = buying with { Unit = TimeUnit.Week } },
            House.Figures with { Buying = buying with { Value = buying.Value with { Discount = 0.001 } } },
            House.Figures with { Buying = buying with { Value = buying.Value with { Buying = new BetaGeometric(0.5, 6, 0.8, 2.41) } } },
        ];
        Assert.Equal(others.Length + 1, others.Append(House.Figures).Select(figures => figures.Hash).Distinct().Count());
    }

    [Fact]
    public void All_that_is_wrong_with_a_definition_is_said_at_once()
    {
        var message = Assert.Throws<ArgumentException>(() => new FiguresModule(new CustomerFigures
        {
            Zone = House.Zone,
            Currency = Currency.Hkd,
            Purchases = new EventPattern("Purchase"),
            Advocate = If.Fact(FigureNames.Alive).AtLeast(0.5m) & If.Field("event.channel").Is("web"),
            Step = (CalendarPeriod)9,
        })).Message;
        Assert.All(["Purchases: $.count", "'analytics.alive' is made by these figures themselves", "'event.channel' says nothing of the customer", "There is no step 9"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Contains("There is no zone 'Hong_Kong'", Assert.Throws<ArgumentException>(() => new FiguresModule(new CustomerFigures { Zone = "Hong_Kong", Currency = Currency.Hkd })).Message, StringComparison.Ordinal);
        Assert.Contains("No figure is asked for", Assert.Throws<ArgumentException>(() => new FiguresModule(new CustomerFigures { Zone = House.Zone, Currency = Currency.Hkd })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SilenceAlarm(3, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BuyingFigures(new LifetimeValue(PublishedBuying, null), TimeUnit.Day) { AsleepBelow = 0 });
    }

    private static readonly BetaGeometric PublishedBuying = new(0.243, 4.414, 0.793, 2.426);

    // Forty customers, each with other gaps, asked at instants between events without a worker.
    private static async Task SelectsAsync(ICustomerStore store)
    {
        var house = new House(new FiguresModule(House.Figures), store);
        var histories = Enumerable.Range(0, 40).Select(n => (Who: Identity.User(n), Events: Enumerable.Range(0, 1 + (n % 7)).Select(i => House.Purchase($"till:{n}-{i}", House.Day((n % 5) + (i * (1 + (n % 11)) * 0.7)), 20 + (10 * (n % 9)), Identity.User(n))).ToList())).ToList();
        foreach (var happened in histories.SelectMany(one => one.Events).OrderBy(happened => happened.OccurredAt))
        {
            await house.RecordAsync(happened);
        }

        (Condition Asked, Func<Plain, bool> Meant)[] questions =
        [
            (If.Fact(FigureNames.Alive).LessThan(0.7m), plain => plain.Facts(CalendarPeriod.Day)[FigureNames.Alive].AsNumber < 0.7m),
            (If.Fact(FigureNames.Expected).AtLeast(1.5m), plain => plain.Facts(CalendarPeriod.Day)[FigureNames.Expected].AsNumber >= 1.5m),
            (If.Fact(FigureNames.Value).Between(50, 150), plain => plain.Facts(CalendarPeriod.Day)[FigureNames.Value].AsNumber is >= 50 and <= 150),
            (If.Fact(FigureNames.Nes).AnyOf("S1", "S2"), plain => plain.IsNes("S1", "S2")),
            (If.Fact(FigureNames.Recency).AtLeast(20) & If.Fact(FigureNames.Frequency).AtLeast(3) & If.Fact(FigureNames.Monetary).AtLeast(200), plain => plain.Facts(CalendarPeriod.Day) is var facts && facts[FigureNames.Recency].AsNumber >= 20 && facts[FigureNames.Frequency].AsNumber >= 3 && facts[FigureNames.Monetary].AsNumber >= 200),
            (If.Fact(FigureNames.Cycle).AtMost(3), plain => plain.Facts(CalendarPeriod.Day).TryGetValue(FigureNames.Cycle, out var cycle) && cycle.AsNumber <= 3),
        ];
        var some = new HashSet<int>();
        foreach (var at in new[] { 51.2, 55.66, 70 }.Select(House.Day))
        {
            house.Clock.Set(at);
            for (var i = 0; i < questions.Length; i++)
            {
                var found = await house.Engine.SelectAsync(questions[i].Asked, TestContext.Current.CancellationToken);
                var expected = new List<CustomerId>();
                foreach (var (who, events) in histories)
                {
                    if (questions[i].Meant(new Plain(events, at)))
                    {
                        expected.Add((await house.ReadAsync(at, who)).Customer);
                    }
                }

                Assert.Equal(expected.Order(), found.Order());
                if (expected.Count is > 0 and < 40)
                {
                    some.Add(i);
                }
            }
        }

        // Each question told customers apart at some instant.
        Assert.Equal(questions.Length, some.Count);
    }
}
