using System.Globalization;
using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Programs;

/// <summary>The ladders of a programme as JSON.</summary>
internal static class TierLadderJson
{
    private static readonly (string, CalendarUnit)[] Calendars = [("calendar-year", CalendarUnit.Year), ("calendar-half-year", CalendarUnit.HalfYear), ("calendar-quarter", CalendarUnit.Quarter), ("calendar-month", CalendarUnit.Month), ("calendar-week", CalendarUnit.Week), ("calendar-day", CalendarUnit.Day)];
    private static readonly (string, TierStart)[] Starts = [("at-once", TierStart.AtOnce), ("next-period", TierStart.NextPeriod)];
    private static readonly (string, TierFall)[] Falls = [("to-earned", TierFall.ToEarned), ("one-level", TierFall.OneLevel), ("to-base", TierFall.ToBase), ("never", TierFall.Never)];
    private static readonly (string, Rollover)[] Rollovers = [("none", Rollover.None), ("surplus", Rollover.Surplus)];
    private static readonly (string, LastDay)[] LastDays = [("included", LastDay.Included), ("excluded", LastDay.Excluded)];
    private static readonly LocalDatePattern Day = LocalDatePattern.Iso;
    private static readonly AnnualDatePattern DayOfYear = AnnualDatePattern.Iso;

    public static TierLadder Read(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "unit", "metric", "window", "start", "validity", "fall", "grace", "rollover", "warnDaysBefore", "tiers");
        if (json.Has("unit") == json.Has("metric"))
        {
            json.Wrong("unit", "A ladder counts either a 'unit' or another 'metric'; one of the two is expected.");
        }

        var metric = json.Part("metric") is { } part ? Metric(part, code) : new QualificationMetric.UnitsEarned(json.Has("unit") ? json.Text("unit") ?? "" : "");
        return new TierLadder
        {
            Name = json.Has("name") ? json.Text("name") ?? "" : TierLadder.UsualName,
            Metric = metric,
            Window = Window(json),
            Start = json.OneOf("start", Starts),
            Validity = Validity(json),
            Fall = json.OneOf("fall", Falls),
            Grace = json.Part("grace") is { } grace ? Graced(grace) : default,
            Rollover = json.OneOf("rollover", Rollovers),
            WarnDaysBefore = json.Int("warnDaysBefore"),
            Tiers = json.Items("tiers", required: true).Select(item => Tier(item, metric)).ToSequence(),
        };
    }

    public static void Write(Utf8JsonWriter json, TierLadder ladder)
    {
        json.Unless("name", ladder.Name, TierLadder.UsualName);
        if (ladder.Unit is { } unit)
        {
            json.WriteString("unit", unit);
        }
        else
        {
            json.Part("metric", () => Write(json, ladder.Metric));
        }

        Write(json, ladder.Window);
        json.Unless("start", Starts, ladder.Start);
        if (ladder.Validity is { } validity)
        {
            Write(json, validity);
        }

        json.Unless("fall", Falls, ladder.Fall);
        if (ladder.Grace is var grace && grace != default)
        {
            json.Part("grace", () =>
            {
                json.Unless("months", grace.Months, 0);
                json.Unless("days", grace.Days, 0);
            });
        }

        json.Unless("rollover", Rollovers, ladder.Rollover);
        json.If("warnDaysBefore", ladder.WarnDaysBefore);
        json.Items("tiers", ladder.Tiers, tier =>
        {
            json.WriteString("name", tier.Name);
            if (ladder.Metric is QualificationMetric.Spend spend)
            {
                json.WriteString("from", new Money(tier.From, spend.Currency).ToString());
            }
            else
            {
                json.WriteNumber("from", tier.From);
            }

            json.If("invitationOnly", tier.InvitationOnly);
            json.If("when", tier.When);
            json.If("forLife", tier.ForLife);
            if (!tier.Benefits.IsEmpty)
            {
                json.Part("benefits", () =>
                {
                    foreach (var benefit in tier.Benefits)
                    {
                        Write(json, benefit);
                    }
                });
            }

            json.Texts("formerly", tier.Formerly);
        });
    }

    private static Tier Tier(JsonPart json, IQualificationMetric metric)
    {
        json.Allow("name", "from", "invitationOnly", "when", "forLife", "benefits", "formerly");
        return new Tier(json.Text("name") ?? "", metric is QualificationMetric.Spend spend ? Amount(json, spend.Currency) : json.Whole("from", required: true) ?? 0)
        {
            InvitationOnly = json.Flag("invitationOnly"),
            When = json.Condition("when"),
            ForLife = json.Flag("forLife"),
            Benefits = json.Scalars("benefits").Select(pair => new Benefit(pair.Name, pair.Value)).ToSequence(),
            Formerly = json.Texts("formerly"),
        };
    }

    // A threshold of money is written as money, so that nobody counts cents.
    private static long Amount(JsonPart json, Currency currency)
    {
        var from = json.Money("from");
        if (from.Currency != default && currency != default && from.Currency != currency)
        {
            json.Wrong("from", $"{from} is not in the currency of the ladder's metric, which is {currency}.");
        }

        return from.MinorUnits;
    }

    private static IQualificationMetric Metric(JsonPart json, LoyaltyCode code)
    {
        var sort = json.OneOf("metric", new[] { ("spend", "spend"), ("visits", "visits"), ("units-held", "units-held"), ("fact", "fact"), ("profile", "profile"), ("code", "code") }, required: true);
        switch (sort)
        {
            case "spend":
                json.Allow("metric", "currency", "basis");
                return new QualificationMetric.Spend(Money(json)) { Basis = json.Has("basis") ? RuleJson.Basis(json) : Rules.EarningBasis.WholeSpend };
            case "visits":
                json.Allow("metric", "kinds", "oncePerDay");
                return new QualificationMetric.Visits { Kinds = json.Has("kinds") ? json.Texts("kinds") : [EventKinds.PurchaseName], OncePerDay = json.Flag("oncePerDay") };
            case "units-held":
                json.Allow("metric", "unit");
                return new QualificationMetric.UnitsHeld(json.Text("unit") ?? "");
            case "fact":
                json.Allow("metric", "fact");
                return new QualificationMetric.FactValue(json.Text("fact") ?? "");
            case "profile":
                json.Allow("metric", "field");
                return new QualificationMetric.ProfileValue(json.Text("field") ?? "");
            case "code":
                json.Allow("metric", "name", "version");
                var (name, version) = (json.Text("name"), json.Whole("version", required: true));
                if (name is not null && version is not null && code.Metrics.FirstOrDefault(metric => metric.Name == name && metric.Version == version) is { } found)
                {
                    return found;
                }

                var known = code.Metrics.IsEmpty ? "none" : string.Join(", ", code.Metrics.Select(metric => $"{metric.Name} version {metric.Version}"));
                json.Wrong("name", $"No metric in code is named '{name}' with version {version}. There are: {known}.");
                return new QualificationMetric.Visits();
            default:
                return new QualificationMetric.Visits();
        }
    }

    private static Currency Money(JsonPart json)
    {
        try
        {
            return json.Text("currency") is { } text ? Currency.Of(text) : default;
        }
        catch (ArgumentException exception)
        {
            json.Wrong("currency", exception.Sentence());
            return default;
        }
    }

    private static void Write(Utf8JsonWriter json, IQualificationMetric metric)
    {
        json.WriteString("metric", metric is QualificationMetric own ? own.Name : "code");
        switch (metric)
        {
            case QualificationMetric.Spend spend:
                json.WriteString("currency", spend.Currency.Code);
                if (spend.Basis != Rules.EarningBasis.WholeSpend)
                {
                    RuleJson.Basis(json, spend.Basis);
                }

                break;
            case QualificationMetric.Visits visits:
                if (visits.Kinds != [EventKinds.PurchaseName])
                {
                    json.Texts("kinds", visits.Kinds);
                }

                json.If("oncePerDay", visits.OncePerDay);
                break;
            case QualificationMetric.UnitsHeld held:
                json.WriteString("unit", held.Unit);
                break;
            case QualificationMetric.FactValue fact:
                json.WriteString("fact", fact.Fact);
                break;
            case QualificationMetric.ProfileValue profile:
                json.WriteString("field", profile.Field);
                break;
            default:
                json.WriteString("name", metric.Name);
                json.WriteNumber("version", metric.Version);
                break;
        }
    }

    private static QualificationWindow Window(JsonPart json)
    {
        if (!json.IsObject("window"))
        {
            var names = Calendars.Select(pair => (pair.Item1, (QualificationWindow)new QualificationWindow.Calendar(pair.Item2)))
                .Prepend(("lifetime", QualificationWindow.Lifetime)).Append(("since-tier-start", new QualificationWindow.SinceTierStart())).ToArray();
            return json.OneOf("window", names) ?? QualificationWindow.Lifetime;
        }

        if (json.Part("window") is not { } window)
        {
            return QualificationWindow.Lifetime;
        }

        if (window.Has("rolling"))
        {
            window.Allow("rolling");
            var (months, days) = window.Part("rolling") is { } length ? Length(length) : default;
            return new QualificationWindow.Rolling(months, days);
        }

        if (window.Has("cycleFrom"))
        {
            window.Allow("cycleFrom", "months");
            return new QualificationWindow.Cycle(window.Date("cycleFrom") ?? default, (int)Math.Clamp(window.Whole("months", required: true) ?? 0, 0, int.MaxValue));
        }

        window.Allow("anniversaryMonths");
        return new QualificationWindow.Anniversary((int)Math.Clamp(window.Whole("anniversaryMonths", required: true) ?? 0, 0, int.MaxValue));
    }

    private static void Write(Utf8JsonWriter json, QualificationWindow window)
    {
        switch (window)
        {
            case QualificationWindow.Calendar calendar:
                json.WriteString("window", JsonForm.NameOf(Calendars, calendar.Unit));
                break;
            case QualificationWindow.SinceTierStart:
                json.WriteString("window", "since-tier-start");
                break;
            case QualificationWindow.Rolling rolling:
                json.Part("window", () => json.Part("rolling", () => Write(json, rolling.Months, rolling.Days)));
                break;
            case QualificationWindow.Cycle cycle:
                json.Part("window", () =>
                {
                    json.WriteString("cycleFrom", Day.Format(cycle.From));
                    json.WriteNumber("months", cycle.Months);
                });
                break;
            case QualificationWindow.Anniversary anniversary:
                json.Part("window", () => json.WriteNumber("anniversaryMonths", anniversary.Months));
                break;
        }
    }

    private static TierValidity? Validity(JsonPart json)
    {
        if (!json.Has("validity"))
        {
            return null;
        }

        if (!json.IsObject("validity"))
        {
            return json.OneOf<TierValidity>("validity", [("while-qualified", TierLadder.WhileQualified), ("forever", TierLadder.Forever)]);
        }

        if (json.Part("validity") is not { } validity)
        {
            return null;
        }

        if (validity.Has("through"))
        {
            validity.Allow("through");
            var days = validity.Texts("through").Select(text => DayOfYear.Parse(text)).ToList();
            if (days.Exists(day => !day.Success))
            {
                validity.Wrong("through", "A day of the year is expected as month and day, such as '03-31'.");
            }

            return new TierValidity.ToDayOfYear(days.Where(day => day.Success).Select(day => day.Value).ToSequence());
        }

        if (validity.Has("periods"))
        {
            validity.Allow("periods", "extraMonths", "extraDays");
            return new TierValidity.ToPeriodEnd(Int(validity, "periods"), Int(validity, "extraMonths"), Int(validity, "extraDays"));
        }

        validity.Allow("months", "days", "lastDay");
        return new TierValidity.Fixed(Int(validity, "months"), Int(validity, "days"), validity.OneOf("lastDay", LastDays, required: true));
    }

    private static void Write(Utf8JsonWriter json, TierValidity validity)
    {
        switch (validity)
        {
            case TierValidity.WhileQualified:
                json.WriteString("validity", "while-qualified");
                break;
            case TierValidity.Forever:
                json.WriteString("validity", "forever");
                break;
            case TierValidity.ToPeriodEnd end:
                json.Part("validity", () =>
                {
                    json.WriteNumber("periods", end.Periods);
                    json.Unless("extraMonths", end.ExtraMonths, 0);
                    json.Unless("extraDays", end.ExtraDays, 0);
                });
                break;
            case TierValidity.Fixed length:
                json.Part("validity", () =>
                {
                    Write(json, length.Months, length.Days);
                    json.WriteString("lastDay", JsonForm.NameOf(LastDays, length.LastDay));
                });
                break;
            case TierValidity.ToDayOfYear days:
                json.Part("validity", () => json.Texts("through", days.Days.Select(DayOfYear.Format).ToSequence()));
                break;
        }
    }

    private static Grace Graced(JsonPart json) => Length(json) is var (months, days) ? new Grace(months, days) : default;

    private static (int Months, int Days) Length(JsonPart json)
    {
        json.Allow("months", "days");
        return (Int(json, "months"), Int(json, "days"));
    }

    private static void Write(Utf8JsonWriter json, int months, int days)
    {
        json.Unless("months", months, 0);
        json.Unless("days", days, 0);
    }

    private static int Int(JsonPart json, string name) => (int)Math.Clamp(json.Whole(name) ?? 0, int.MinValue, int.MaxValue);

    private static void Write(Utf8JsonWriter json, Benefit benefit)
    {
        switch (benefit.Value.Kind)
        {
            case ScalarKind.Flag:
                json.WriteBoolean(benefit.Name, benefit.Value.AsFlag);
                break;
            case ScalarKind.Number:
                json.WritePropertyName(benefit.Name);
                json.WriteRawValue(benefit.Value.AsNumber.ToString("0.############################", CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteString(benefit.Name, benefit.Value.ToString());
                break;
        }
    }
}
