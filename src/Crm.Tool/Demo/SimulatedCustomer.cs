using System.Globalization;
using Crm.Customers;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Privacy.Consents;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>One customer's life in the simulation: joins, consents, comes by as the habit, the season and the weekday have it, sends something back now and then, and may stop coming.</summary>
internal sealed class SimulatedCustomer
{
    private const int RedemptionSize = 40;
    private static readonly int[] SeasonByMonth = [95, 80, 95, 100, 105, 110, 120, 120, 110, 100, 95, 110];
    private static readonly int[] WeekdayFromMonday = [80, 80, 85, 95, 120, 135, 115];
    private static readonly (int Hour, int Weight)[] Hours = [(8, 7), (9, 6), (10, 4), (11, 5), (12, 10), (13, 10), (14, 3), (15, 3), (16, 4), (17, 9), (18, 11), (19, 8), (20, 5)];

    private readonly SeededRandom random;
    private readonly TillOutages outages;
    private readonly Identity member;
    private readonly string prefix;
    private readonly int days;
    private readonly Habit habit;
    private readonly string home;
    private readonly int joins;
    private readonly int lapses;
    private readonly List<Arrival> arrivals = [];
    private int events;
    private int pointsGuessed;
    private int cupsGuessed;
    private bool agreed;

    public SimulatedCustomer(int number, long seed, int days, TillOutages outages)
    {
        random = SeededRandom.For(seed, (ulong)number);
        this.days = days;
        this.outages = outages;
        prefix = number.ToString("00000", CultureInfo.InvariantCulture);
        member = new Identity("member", prefix);
        habit = Habit.Draw(random);
        home = random.Happens(5_500) ? Shops.Central : Shops.MongKok;
        joins = habit.JoinsLate ? random.Below(days) : random.Below(Math.Min(days, 28));
        lapses = habit.Lapses ? joins + 20 + random.Below(Math.Max(1, days - joins)) : int.MaxValue;
    }

    /// <summary>All events, in no particular order.</summary>
    public IReadOnlyList<Arrival> Life()
    {
        Join();
        for (var day = joins; day < days && day < lapses; day++)
        {
            var date = ShopSimulation.Opening.PlusDays(day);
            if (random.Happens(habit.Visits * SeasonByMonth[date.Month - 1] / 100 * WeekdayFromMonday[(int)date.DayOfWeek - 1] / 100) || day == joins)
            {
                Visit(date);
            }

            if (random.Happens(60))
            {
                FillCart(date);
            }

            if (agreed && random.Happens(8))
            {
                Withdraw(date);
            }
        }

        return arrivals;
    }

    private void Join()
    {
        var at = ShopSimulation.Opening.PlusDays(joins).At(new LocalTime(7, 30 + random.Below(30)));

        // Somebody born on 29 February is rarer than the demo's size allows for; here every two hundredth is.
        var birthday = random.Happens(50) ? 229 : (random.Between(1, 12) * 100) + random.Between(1, 28);
        Send(at, key => CustomerEvents.Profile(key, member, Fields.Of(
            ("email", $"member{prefix}@example.com"),
            ("language", random.Happens(7_500) ? "zh-Hant-HK" : "en-HK"),
            ("birthday", random.Happens(8_500) ? birthday : default(Scalar)))));
        agreed = random.Happens(6_200);
        if (agreed || random.Happens(4_000))
        {
            var asked = at.PlusMinutes(1);
            Send(asked, key => agreed
                ? ConsentEvents.Give(key, member, TeaShop.Channel, TeaShop.MarketingPurpose, TeaShop.Notice, ConsentMethods.Tick)
                : ConsentEvents.Refuse(key, member, TeaShop.Channel, TeaShop.MarketingPurpose));
        }
    }

    private void Visit(LocalDate date)
    {
        var at = date.At(new LocalTime(random.Pick<int>(Hours), random.Below(60), random.Below(60)));
        var till = random.Happens(700) ? Shops.Web : random.Happens(8_500) ? home : home == Shops.Central ? Shops.MongKok : Shops.Central;
        var lines = Basket(date);
        var spend = lines.Aggregate(Money.Hkd(0), (sum, line) => sum + line.Amount);
        var purchase = Send(at, key => CustomerEvent.Purchase(key, member, spend, lines) with { Channel = till }, till);
        pointsGuessed += (int)(spend.MinorUnits / 10_00);
        cupsGuessed += (int)lines.Where(line => line.Category == TeaShopMenu.Tea).Sum(line => line.Quantity);
        if (till != Shops.Web && random.Happens(150))
        {
            Send(at.PlusMinutes(2), key => CustomerEvents.Tag(key, member, random.Pick<string>([("no-sugar", 5), ("less-ice", 4), ("window-seat", 2), ("brings-own-cup", 2)]), "staff:" + random.Between(1, 9).ToString(CultureInfo.InvariantCulture)) with { Channel = till });
        }

        if (random.Happens(220))
        {
            Refund(at, till, purchase, lines);
        }

        Redeem(at, till);
    }

    private Sequence<EventLine> Basket(LocalDate date)
    {
        var lines = new List<EventLine>();
        var teas = date.Month is >= 5 and <= 10 ? TeaShopMenu.Summer : TeaShopMenu.Winter;
        Add(lines, random.Pick<Article>(teas), random.Pick<int>([(1, 78), (2, 16), (3, 4), (5, 2)]));
        if (random.Happens(2_600))
        {
            Add(lines, random.Pick<Article>(teas), 1);
        }

        if (random.Happens(3_800))
        {
            Add(lines, random.Pick<Article>(TeaShopMenu.Snacks), random.Between(1, 2));
        }

        // Gifts before the new year of the moon and at mid-autumn.
        if (random.Happens(date.Month is 2 or 9 ? 700 : 200))
        {
            Add(lines, random.Pick<Article>(TeaShopMenu.Leaves), 1);
        }

        return lines.ToSequence();
    }

    private static void Add(List<EventLine> lines, Article article, int quantity)
    {
        var place = lines.FindIndex(line => line.Sku == article.Sku);
        var all = quantity + (place < 0 ? 0 : (int)lines[place].Quantity);
        var line = new EventLine(article.Sku, all, new Money((long)all * article.Cents, Currency.Hkd), article.Category);
        if (place < 0)
        {
            lines.Add(line);
        }
        else
        {
            lines[place] = line;
        }
    }

    private void Refund(LocalDateTime bought, string till, EventKey purchase, Sequence<EventLine> lines)
    {
        var at = random.Happens(6_000) ? bought.PlusMinutes(random.Between(3, 40)) : bought.Date.PlusDays(random.Between(1, 5)).At(new LocalTime(random.Between(9, 19), random.Below(60)));
        var first = lines[0];
        var one = first with { Quantity = 1, Amount = new Money(first.Amount.MinorUnits / (long)first.Quantity, Currency.Hkd) };
        var whole = lines.Aggregate(Money.Hkd(0), (sum, line) => sum + line.Amount);
        var (amount, back, original) = random.Below(10) switch
        {
            < 4 => (whole, lines, purchase.ToString()),
            < 8 => (one.Amount, [one], purchase.ToString()),
            8 => (new Money(Math.Min(whole.MinorUnits, 10_00), Currency.Hkd), default, purchase.ToString()),
            _ => (one.Amount, (Sequence<EventLine>)[one], null),
        };
        Send(at, key => CustomerEvent.Refund(key, member, original, amount, back) with { Channel = till });
    }

    // The customer asks at the counter by what the app showed; what a refund or an expiry has taken since is refused.
    private void Redeem(LocalDateTime bought, string till)
    {
        if (cupsGuessed >= TeaShop.CupsToFill && random.Happens(4_500))
        {
            cupsGuessed -= TeaShop.CupsToFill;
            Send(bought.PlusMinutes(4), key => StampEvents.Use(key, member) with { Channel = till });
        }

        if (pointsGuessed >= RedemptionSize && random.Happens(2_500))
        {
            pointsGuessed -= RedemptionSize;
            Send(bought.PlusMinutes(5), key => LoyaltyEvents.Redeem(key, SpendAuthority.CardPresent(member), RedemptionSize) with { Channel = till });
        }
    }

    private void FillCart(LocalDate date)
    {
        var at = date.At(new LocalTime(random.Between(19, 22), random.Below(60)));
        var article = random.Pick<Article>(TeaShopMenu.Leaves);
        Send(at, key => WebShop.CartUpdated(key, member, article));
        if (random.Happens(6_000))
        {
            Send(at.PlusMinutes(45), key => WebShop.CartAbandoned(key, member, article));
        }
        else
        {
            var line = new EventLine(article.Sku, 1, new Money(article.Cents, Currency.Hkd), article.Category);
            Send(at.PlusMinutes(12), key => CustomerEvent.Purchase(key, member, line.Amount, line) with { Channel = Shops.Web });
        }
    }

    private void Withdraw(LocalDate date)
    {
        agreed = false;
        Send(date.At(new LocalTime(random.Between(8, 21), random.Below(60))), key => ConsentEvents.Withdraw(key, member, TeaShop.Channel, TeaShop.MarketingPurpose));
    }

    private EventKey Send(LocalDateTime at, Func<string, CustomerEvent> happened, string? till = null)
    {
        var occurred = ShopSimulation.Zone.AtLeniently(at).ToInstant();
        var sent = happened($"demo:{prefix}-{++events:000}") with { OccurredAt = occurred };
        arrivals.Add(new Arrival(till is null or Shops.Web ? occurred : outages.Sent(till, at), sent));
        return sent.Key;
    }
}
