using System.Text.Json;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Lives of units, and when they begin, as JSON.</summary>
internal static class ExpiryJson
{
    private static readonly (string, LastDay)[] LastDays = [("included", LastDay.Included), ("excluded", LastDay.Excluded)];

    private static readonly (string, PeriodEnd)[] PeriodEnds =
        [("day", PeriodEnd.Day), ("month", PeriodEnd.Month), ("quarter", PeriodEnd.Quarter), ("half-year", PeriodEnd.HalfYear), ("year", PeriodEnd.Year)];

    private static readonly (string, GoneLots)[] Gone = [("still-expired", GoneLots.StillExpired), ("grace-days", GoneLots.GraceDays), ("new-lot", GoneLots.NewLot)];

    public static LotExpiry Read(JsonPart json, string name)
    {
        if (json.PlainText(name) == "never" || json.Part(name) is not { } life)
        {
            return LotExpiry.Never;
        }

        if (life.Has("idle"))
        {
            life.Allow("idle");
            return Idle(life, "idle") ?? LotExpiry.Never;
        }

        if (life.Has("anniversary"))
        {
            life.Allow("anniversary");
            return new LotExpiry.OnAnniversary(Int(life.Whole("anniversary")));
        }

        if (life.Has("dates"))
        {
            life.Allow("dates", "lastDay");
            return new LotExpiry.OnDates(Days(life), life.OneOf("lastDay", LastDays, required: true));
        }

        life.Allow("months", "days", "lastDay", "to", "yearEndsIn");
        return new LotExpiry.After(Int(life.Whole("months")), Int(life.Whole("days")), life.OneOf("lastDay", LastDays, required: true), life.OneOf("to", PeriodEnds)) { YearEndsIn = Int(life.Whole("yearEndsIn") ?? 12) };
    }

    public static void Write(Utf8JsonWriter json, string name, LotExpiry expiry)
    {
        switch (expiry)
        {
            case LotExpiry.After life:
                json.WriteStartObject(name);
                json.Unless("months", life.Months, 0);
                json.Unless("days", life.Days, 0);
                json.WriteString("lastDay", JsonForm.NameOf(LastDays, life.LastDay));
                json.Unless("to", PeriodEnds, life.To);
                json.Unless("yearEndsIn", life.YearEndsIn, 12);
                json.WriteEndObject();
                break;
            case LotExpiry.OnDates dates:
                json.WriteStartObject(name);
                json.Texts("dates", dates.Days.Select(day => day.ToString()).ToSequence());
                json.WriteString("lastDay", JsonForm.NameOf(LastDays, dates.LastDay));
                json.WriteEndObject();
                break;
            case LotExpiry.OnAnniversary anniversary:
                json.WriteStartObject(name);
                json.WriteNumber("anniversary", anniversary.Years);
                json.WriteEndObject();
                break;
            case LotExpiry.WhenIdle idle:
                json.WriteStartObject(name);
                Idle(json, "idle", idle);
                json.WriteEndObject();
                break;
            default:
                json.WriteString(name, "never");
                break;
        }
    }

    public static LotExpiry.WhenIdle? Idle(JsonPart json, string name)
    {
        if (json.Part(name) is not { } idle)
        {
            return null;
        }

        idle.Allow("months", "days", "lastDay", "notByEarning", "notBySpending", "on");
        return new LotExpiry.WhenIdle(Int(idle.Whole("months")), Int(idle.Whole("days")), idle.OneOf("lastDay", LastDays, required: true))
        {
            ByEarning = !idle.Flag("notByEarning"),
            BySpending = !idle.Flag("notBySpending"),
            On = idle.Texts("on"),
        };
    }

    public static void Idle(Utf8JsonWriter json, string name, LotExpiry.WhenIdle idle)
    {
        json.WriteStartObject(name);
        json.Unless("months", idle.Months, 0);
        json.Unless("days", idle.Days, 0);
        json.WriteString("lastDay", JsonForm.NameOf(LastDays, idle.LastDay));
        json.If("notByEarning", !idle.ByEarning);
        json.If("notBySpending", !idle.BySpending);
        json.Texts("on", idle.On);
        json.WriteEndObject();
    }

    public static Activation Activation(JsonPart json, string name)
    {
        if (json.PlainText(name) == "at-once" || json.Part(name) is not { } pending)
        {
            return Wallets.Activation.AtOnce;
        }

        pending.Allow("days", "dayOfMonth", "until", "lapseDays");
        return pending.Has("until") ? new Activation.OnEvent(pending.Text("until") ?? "", pending.Whole("lapseDays") is { } lapse ? Int(lapse) : null)
            : pending.Has("dayOfMonth") ? new Activation.OnDayOfMonth(Int(pending.Whole("dayOfMonth")))
            : new Activation.After(Int(pending.Whole("days", required: true)));
    }

    public static void Activation(Utf8JsonWriter json, string name, Activation activation)
    {
        switch (activation)
        {
            case Activation.After after:
                json.WriteStartObject(name);
                json.WriteNumber("days", after.Days);
                json.WriteEndObject();
                break;
            case Activation.OnDayOfMonth day:
                json.WriteStartObject(name);
                json.WriteNumber("dayOfMonth", day.Day);
                json.WriteEndObject();
                break;
            case Activation.OnEvent on:
                json.WriteStartObject(name);
                json.WriteString("until", on.Kind);
                json.If("lapseDays", on.LapseDays);
                json.WriteEndObject();
                break;
            default:
                json.WriteString(name, "at-once");
                break;
        }
    }

    public static ReturnPolicy? Returns(JsonPart json)
    {
        if (json.Part("returns") is not { } returns)
        {
            return null;
        }

        returns.Allow("withinDays", "ifGone", "graceDays");
        return new ReturnPolicy(Int(returns.Whole("withinDays", required: true)), returns.OneOf("ifGone", Gone), Int(returns.Whole("graceDays")));
    }

    public static void Returns(Utf8JsonWriter json, ReturnPolicy? returns)
    {
        if (returns is null)
        {
            return;
        }

        json.WriteStartObject("returns");
        json.WriteNumber("withinDays", returns.WithinDays);
        json.Unless("ifGone", Gone, returns.IfGone);
        json.Unless("graceDays", returns.GraceDays, 0);
        json.WriteEndObject();
    }

    private static Sequence<DayOfYear> Days(JsonPart json)
    {
        var days = new List<DayOfYear>();
        foreach (var text in json.Texts("dates"))
        {
            if (DayOfYear.TryParse(text, out var day))
            {
                days.Add(day);
            }
            else
            {
                json.Wrong("dates", $"'{text}' is not a day of the year; month and day such as '03-31' are expected.");
            }
        }

        return days.ToSequence();
    }

    private static int Int(long? whole) => (int)Math.Clamp(whole ?? 0, int.MinValue, int.MaxValue);
}
