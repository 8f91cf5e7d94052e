using Crm.Analytics.Figures;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Tests.Figures;

/// <summary>The figures of <see cref="House.Figures"/> at an instant, from the events themselves and the formulas as they are printed, without anything of the package.</summary>
internal sealed class Plain
{
    private const double R = 0.5, Alpha = 6, A = 0.8, B = 2.4, P = 6.25, Q = 3.74, V = 150;
    private static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb[House.Zone];

    private readonly List<(Instant At, LocalDate Day, decimal Dollars)> bought;
    private readonly List<Instant> referrals;
    private readonly Instant at;

    /// <param name="events">All that had been recorded.</param>
    /// <param name="at">The instant; later events are not looked at, and what is taken back at any time has not been bought.</param>
    public Plain(IReadOnlyList<CustomerEvent> events, Instant at)
    {
        this.at = at;
        var cancelled = events.Where(happened => happened.Kind == EventKinds.CancellationName).Select(happened => happened.Original).ToHashSet();
        bought = [.. events.Where(happened => happened.Kind == EventKinds.PurchaseName && happened.OccurredAt <= at && !cancelled.Contains(happened.Key)).Select(happened => (happened.OccurredAt!.Value, DayOf(happened.OccurredAt!.Value), happened.Spend!.Value.Amount))];
        referrals = [.. events.Where(happened => happened.Kind == "referral" && happened.OccurredAt <= at).Select(happened => happened.OccurredAt!.Value)];
    }

    public IReadOnlyDictionary<string, Scalar> Facts(CalendarPeriod step)
    {
        var facts = new Dictionary<string, Scalar>();
        var days = bought.Select(one => one.Day).Distinct().Order().ToList();
        var today = DayOf(at);
        if (referrals.Exists(referral => referral > at - Duration.FromDays(14)))
        {
            facts[FigureNames.Advocate] = true;
        }

        if (days.Count == 0)
        {
            facts[FigureNames.Stage] = "prospect";
            return facts;
        }

        var (first, latest) = (days[0], days[^1]);
        int Silence(LocalDate day) => Period.DaysBetween(latest, day);
        var span = Period.DaysBetween(first, latest);
        facts[FigureNames.Frequency] = days.Count;
        facts[FigureNames.Monetary] = bought.Sum(one => one.Dollars);
        if (days.Count > 1)
        {
            facts[FigureNames.Cycle] = decimal.Round((decimal)span / (days.Count - 1), 6);
        }

        var cycle = days.Count == 1 ? 10m : Math.Max(1.5m, (decimal)span / (days.Count - 1));
        bool Within(LocalDate day, int cycles) => days.Count == 1 || cycle == 1.5m ? Silence(day) <= cycles * cycle : Silence(day) * (days.Count - 1) <= cycles * span;
        facts[FigureNames.Nes] = Within(today, 1) ? days.Count == 1 ? "N" : "E0" : Within(today, 2) ? "S1" : Within(today, 3) ? "S2" : "S3";
        facts[FigureNames.Sleeps] = Days(latest).First(day => !Within(day, 1));
        facts[FigureNames.Stage] = bought.Where(one => one.At > at - Duration.FromDays(365)).Sum(one => one.Dollars) >= 300 ? "core" : days.Count >= 3 && Silence(today) <= 9 ? "loyal" : "occasional";

        var begins = step switch { CalendarPeriod.Day => today, CalendarPeriod.Week => today.Previous(IsoDayOfWeek.Sunday).PlusDays(1), _ => new LocalDate(today.Year, today.Month, 1) };
        var asOf = begins > latest ? begins : latest;
        var x = days.Count - 1;
        double Age(LocalDate day) => Period.DaysBetween(first, day);
        double Alive(LocalDate day) => x == 0 ? 1 : 1 / (1 + (A / (B + x - 1) * Math.Pow((Alpha + Age(day)) / (Alpha + span), R + x)));
        var (age, mean) = (Age(asOf), (double)(bought.Sum(one => one.Dollars) / days.Count));
        var z = 30 / (Alpha + age + 30);
        var expected = (A + B + x - 1) / (A - 1) * (1 - (Math.Pow((Alpha + age) / (Alpha + age + 30), R + x) * Series(R + x, B + x, A + B + x - 1, z))) * Alive(asOf);
        facts[FigureNames.Recency] = Silence(asOf);
        facts[FigureNames.Alive] = (decimal)Alive(asOf);
        facts[FigureNames.Expected] = (decimal)expected;
        facts[FigureNames.Value] = (decimal)(expected * P * (V + (days.Count * mean)) / ((P * days.Count) + Q - 1));
        if (x > 0)
        {
            facts[FigureNames.Asleep] = Days(latest).First(day => Alive(day) < 0.5);
        }

        var alarm = Days(latest).Take(2_000).Where(day => Alive(day) * (1 - Math.Pow((Alpha + Age(day)) / (Alpha + Age(day) + 14), R + x)) <= 0.1).Cast<LocalDate?>().FirstOrDefault();
        if (alarm is { } day)
        {
            facts[FigureNames.Alarm] = day;
        }

        return facts;
    }

    public bool IsIn(string segment, CalendarPeriod step)
    {
        var facts = Facts(step);
        var today = DayOf(at);
        Scalar Of(string name) => facts.GetValueOrDefault(name);
        return segment switch
        {
            "asleep" => Of(FigureNames.Nes).AsCode is "S2" or "S3",
            "leaving" => !Of(FigureNames.Alive).IsMissing && decimal.Round(Of(FigureNames.Alive).AsNumber, 6) < 0.6m,
            "loyal" => Of(FigureNames.Stage).AsCode is "loyal" or "core",
            "falling-asleep" => Of(FigureNames.Sleeps).AsDate <= today.PlusDays(3) && Of(FigureNames.Nes).AsCode is "N" or "E0" && Of(FigureNames.Sleeps).AsDate <= today.PlusDays(3),
            "valuable" => decimal.Round(Of(FigureNames.Value).AsNumber, 4) >= 20,
            "gone" => Of(FigureNames.Asleep).AsDate <= today,
            "friends" => Of(FigureNames.Advocate).AsFlag && Of(FigureNames.Frequency).AsNumber >= 2,
            _ => throw new ArgumentOutOfRangeException(nameof(segment), segment, null),
        };
    }

    public bool IsNes(params string[] codes) => codes.Contains(Facts(CalendarPeriod.Day)[FigureNames.Nes].AsCode);

    private static LocalDate DayOf(Instant instant) => instant.InZone(HongKong).Date;

    private static IEnumerable<LocalDate> Days(LocalDate from)
    {
        for (var day = from; ; day = day.PlusDays(1))
        {
            yield return day;
        }
    }

    private static double Series(double a, double b, double c, double z)
    {
        var (term, sum) = (1.0, 1.0);
        for (var n = 0; n < 3_000; n++)
        {
            term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z;
            sum += term;
        }

        return sum;
    }
}
