using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Wallets;
using NodaTime.Text;

namespace Crm.Loyalty.Programs;

/// <summary>The stamp cards of a programme as JSON.</summary>
internal static class StampCardJson
{
    private static readonly (string, StampOverflow)[] Overflows = [("carry", StampOverflow.Carry), ("drop", StampOverflow.Drop), ("reject", StampOverflow.Reject)];
    private static readonly (string, NextCard)[] NextCards = [("at-once", NextCard.AtOnce), ("on-request", NextCard.OnRequest)];
    private static readonly (string, DayKind)[] Days = [("calendar", DayKind.Calendar), ("rolling", DayKind.Rolling)];
    private static readonly (string, StampLife)[] Lives = [("first-stamp", StampLife.FirstStamp), ("latest-stamp", StampLife.LatestStamp), ("each-stamp", StampLife.EachStamp), ("on-date", StampLife.OnDate)];

    public static StampCard Read(JsonPart json)
    {
        json.Allow("name", "goal", "on", "stamps", "per", "minimum", "overflow", "next", "prize", "milestones", "signUp", "mostPerVisit", "mostPerDay", "day", "expires");
        return new StampCard
        {
            Name = json.Text("name") ?? "",
            Goal = Int(json, "goal", required: true),
            On = json.Has("on") ? json.Texts("on") : [EventKinds.PurchaseName],
            Stamps = RuleJson.Lines(json, "stamps"),
            Count = Count(json),
            Overflow = json.OneOf("overflow", Overflows),
            Next = json.OneOf("next", NextCards),
            Prize = json.Part("prize") is { } prize ? Prize(prize) : null,
            Milestones = [.. json.Items("milestones").Select(item =>
            {
                item.Allow("at", "prize");
                return new Milestone(Int(item, "at", required: true), item.Part("prize") is { } given ? Prize(given) : Missing(item));
            })],
            SignUp = Int(json, "signUp"),
            MostPerVisit = json.Has("mostPerVisit") ? Int(json, "mostPerVisit") : null,
            MostPerDay = json.Has("mostPerDay") ? Int(json, "mostPerDay") : null,
            Day = json.OneOf("day", Days),
            Expiry = json.Part("expires") is { } expires ? Expiry(expires) : null,
        };
    }

    public static void Write(Utf8JsonWriter json, StampCard card)
    {
        json.WriteString("name", card.Name);
        json.WriteNumber("goal", card.Goal);
        if (card.On != [EventKinds.PurchaseName])
        {
            json.Texts("on", card.On);
        }

        if (card.Stamps != EarningBasis.AllLines)
        {
            RuleJson.Lines(json, "stamps", card.Stamps);
        }

        switch (card.Count)
        {
            case StampCount.PerAmount amount:
                json.WriteString("per", amount.Every.ToString());
                break;
            case StampCount.PerVisit { AtLeast: { } least }:
                json.WriteString("per", "visit");
                json.WriteString("minimum", least.ToString());
                break;
            case StampCount.PerVisit:
                json.WriteString("per", "visit");
                break;
        }

        json.Unless("overflow", Overflows, card.Overflow);
        json.Unless("next", NextCards, card.Next);
        if (card.Prize is { } prize)
        {
            Write(json, prize);
        }

        json.Items("milestones", card.Milestones, milestone =>
        {
            json.WriteNumber("at", milestone.At);
            Write(json, milestone.Prize);
        });
        json.Unless("signUp", card.SignUp, 0);
        json.If("mostPerVisit", card.MostPerVisit);
        json.If("mostPerDay", card.MostPerDay);
        json.Unless("day", Days, card.Day);
        if (card.Expiry is { } expiry)
        {
            json.Part("expires", () =>
            {
                json.WriteString("from", JsonForm.NameOf(Lives, expiry.From));
                if (expiry.Date is { } date)
                {
                    json.WriteString("date", LocalDatePattern.Iso.Format(date));
                }

                if (expiry.Life is not LotExpiry.Forever)
                {
                    ExpiryJson.Write(json, "life", expiry.Life);
                }
            });
        }
    }

    private static StampCount Count(JsonPart json)
    {
        if (!json.Has("per"))
        {
            return new StampCount.PerArticle();
        }

        return json.Text("per") switch
        {
            "article" => new StampCount.PerArticle(),
            "visit" => new StampCount.PerVisit(json.Has("minimum") ? json.Money("minimum") : null),
            null => new StampCount.PerArticle(),
            _ => new StampCount.PerAmount(json.Money("per")),
        };
    }

    private static UnitAmount Prize(JsonPart json)
    {
        json.Allow("unit", "amount");
        return new UnitAmount(json.Text("unit") ?? "", json.Whole("amount", required: true) ?? 0);
    }

    private static UnitAmount Missing(JsonPart json)
    {
        json.Wrong("prize", "The property is missing; what the milestone gives is expected, such as { \"unit\": \"points\", \"amount\": 50 }.");
        return default;
    }

    private static StampExpiry Expiry(JsonPart json)
    {
        json.Allow("from", "date", "life");
        return new StampExpiry(json.OneOf("from", Lives, required: true), (json.Has("life") ? ExpiryJson.Read(json, "life") : LotExpiry.Never)) { Date = json.Date("date") };
    }

    private static void Write(Utf8JsonWriter json, UnitAmount prize) => json.Part("prize", () =>
    {
        json.WriteString("unit", prize.Unit);
        json.WriteNumber("amount", prize.Amount);
    });

    private static int Int(JsonPart json, string name, bool required = false) => (int)Math.Clamp(json.Whole(name, required) ?? 0, int.MinValue, int.MaxValue);
}
