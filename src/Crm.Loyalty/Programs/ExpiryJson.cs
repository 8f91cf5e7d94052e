using System.Text.Json;
using Crm.Loyalty.Wallets;

namespace Crm.Loyalty.Programs;

/// <summary>Lives of units as JSON.</summary>
internal static class ExpiryJson
{
    private static readonly (string, LastDay)[] LastDays = [("included", LastDay.Included), ("excluded", LastDay.Excluded)];
    private static readonly (string, PeriodEnd)[] PeriodEnds = [("day", PeriodEnd.Day), ("month", PeriodEnd.Month), ("year", PeriodEnd.Year)];

    public static LotExpiry Read(JsonPart json, string name)
    {
        if (json.PlainText(name) == "never" || json.Part(name) is not { } life)
        {
            return LotExpiry.Never;
        }

        life.Allow("months", "days", "lastDay", "to");
        return new LotExpiry.After(Int(life.Whole("months")), Int(life.Whole("days")), life.OneOf("lastDay", LastDays, required: true), life.OneOf("to", PeriodEnds));
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
                json.WriteEndObject();
                break;
            default:
                json.WriteString(name, "never");
                break;
        }
    }

    private static int Int(long? whole) => (int)Math.Clamp(whole ?? 0, int.MinValue, int.MaxValue);
}
