using System.Globalization;
using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Rewards, payment, surprises and limits of a programme as JSON.</summary>
internal static class RewardJson
{
    private static readonly (string, RewardSpan)[] Spans = [("ever", RewardSpan.Ever), ("day", RewardSpan.Day), ("month", RewardSpan.Month), ("year", RewardSpan.Year)];
    private static readonly (string, string)[] Kinds = [.. new[] { "discount", "percentage", "free-item", "gift-card", "physical", "units", "cashback", "shipping", "code" }.Select(name => (name, name))];

    public static Reward Read(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "kind", "costs", "when", "stocked", "mostPerMember", "per", "code", "codeLife", "autoAt");
        return new Reward
        {
            Name = json.Text("name") ?? "",
            Kind = json.Required("kind", "an object") is { } kind ? Kind(kind, code) : new RewardKind.Shipping(),
            Costs = [.. json.Items("costs").Select(item =>
            {
                item.Allow("unit", "amount", "when");
                return new RewardCost(item.Text("unit") ?? "", item.Whole("amount", required: true) ?? 0) { When = item.Condition("when") };
            })],
            When = json.Condition("when"),
            Stocked = json.Flag("stocked"),
            MostPerMember = json.Int("mostPerMember"),
            Per = json.OneOf("per", Spans),
            Code = json.Part("code") is { } form ? Form(form) : null,
            CodeLife = json.Has("codeLife") ? ExpiryJson.Read(json, "codeLife") : null,
            AutoAt = json.Whole("autoAt"),
        };
    }

    public static void Write(Utf8JsonWriter json, Reward reward)
    {
        json.WriteString("name", reward.Name);
        json.Part("kind", () => Write(json, reward.Kind));
        json.Items("costs", reward.Costs, cost =>
        {
            json.WriteString("unit", cost.Unit);
            json.WriteNumber("amount", cost.Amount);
            json.If("when", cost.When);
        });
        json.If("when", reward.When);
        json.If("stocked", reward.Stocked);
        json.If("mostPerMember", reward.MostPerMember);
        json.Unless("per", Spans, reward.Per);
        if (reward.Code is { } form)
        {
            json.Part("code", () =>
            {
                json.WriteString("pattern", form.Pattern);
                json.Unless("alphabet", form.Alphabet, RewardCodeForm.Readable);
                json.If("imported", form.Imported);
            });
        }

        if (reward.CodeLife is { } life)
        {
            ExpiryJson.Write(json, "codeLife", life);
        }

        json.If("autoAt", reward.AutoAt);
    }

    public static PointsPayment Payment(JsonPart json)
    {
        json.Allow("unit", "points", "value", "anyAmount", "minimum", "mostPercent", "most", "clampsToBalance");
        return new PointsPayment
        {
            Unit = json.Text("unit") ?? "",
            Points = json.Whole("points", required: true) ?? 0,
            Value = json.Money("value"),
            WholeBlocks = !json.Flag("anyAmount"),
            Minimum = json.Whole("minimum") ?? 0,
            MostPercent = json.Int("mostPercent") ?? 100,
            Most = json.Has("most") ? json.Money("most") : null,
            ClampsToBalance = json.Flag("clampsToBalance"),
        };
    }

    public static void Write(Utf8JsonWriter json, PointsPayment payment) => json.Part("payment", () =>
    {
        json.WriteString("unit", payment.Unit);
        json.WriteNumber("points", payment.Points);
        json.WriteString("value", payment.Value.ToString());
        json.If("anyAmount", !payment.WholeBlocks);
        json.Unless("minimum", payment.Minimum, 0);
        json.Unless("mostPercent", payment.MostPercent, 100);
        json.If("most", payment.Most?.ToString());
        json.If("clampsToBalance", payment.ClampsToBalance);
    });

    public static Surprise Surprise(JsonPart json)
    {
        json.Allow("name", "oneIn", "seed", "on", "when", "gift", "reward");
        return new Surprise
        {
            Name = json.Text("name") ?? "",
            OneIn = json.Int("oneIn", required: true) ?? 0,
            Seed = json.Text("seed") ?? "",
            On = json.Has("on") ? json.Texts("on") : [EventKinds.PurchaseName],
            When = json.Condition("when"),
            Gift = json.Part("gift") is { } gift ? Amount(gift) : null,
            Reward = json.Has("reward") ? json.Text("reward") : null,
        };
    }

    public static void Write(Utf8JsonWriter json, Surprise surprise)
    {
        json.WriteString("name", surprise.Name);
        json.WriteNumber("oneIn", surprise.OneIn);
        json.WriteString("seed", surprise.Seed);
        if (surprise.On != [EventKinds.PurchaseName])
        {
            json.Texts("on", surprise.On);
        }

        json.If("when", surprise.When);
        if (surprise.Gift is { } gift)
        {
            json.Part("gift", () => Write(json, gift));
        }

        json.If("reward", surprise.Reward);
    }

    public static UnitAmount Amount(JsonPart json)
    {
        json.Allow("unit", "amount");
        return new UnitAmount(json.Text("unit") ?? "", json.Whole("amount", required: true) ?? 0);
    }

    public static void Write(Utf8JsonWriter json, UnitAmount amount)
    {
        json.WriteString("unit", amount.Unit);
        json.WriteNumber("amount", amount.Amount);
    }

    private static RewardKind Kind(JsonPart json, LoyaltyCode code)
    {
        switch (json.OneOf("kind", Kinds, required: true))
        {
            case "discount":
                json.Allow("kind", "amount");
                return new RewardKind.Discount(json.Money("amount"));
            case "percentage":
                json.Allow("kind", "percent", "most");
                return new RewardKind.Percentage(json.Decimal("percent"), json.Has("most") ? json.Money("most") : null);
            case "free-item":
                json.Allow("kind", "sku", "quantity");
                return new RewardKind.FreeItem(json.Text("sku") ?? "", json.Int("quantity") ?? 1);
            case "gift-card":
                json.Allow("kind", "amount");
                return new RewardKind.GiftCard(json.Money("amount"));
            case "physical":
                json.Allow("kind", "sku");
                return new RewardKind.Physical(json.Text("sku") ?? "");
            case "units":
                json.Allow("kind", "unit", "amount");
                return new RewardKind.Units(new UnitAmount(json.Text("unit") ?? "", json.Whole("amount", required: true) ?? 0));
            case "cashback":
                json.Allow("kind", "amount");
                return new RewardKind.Cashback(json.Money("amount"));
            case "code":
                json.Allow("kind", "name", "version");
                var (name, version) = (json.Text("name"), json.Whole("version", required: true));
                if (code.RewardKinds.FirstOrDefault(kind => kind.Name == name && kind.Version == version) is { } found)
                {
                    return new RewardKind.Custom(found);
                }

                var known = code.RewardKinds.IsEmpty ? "none" : string.Join(", ", code.RewardKinds.Select(kind => $"{kind.Name} version {kind.Version}"));
                json.Wrong("name", $"No kind of reward in code is named '{name}' with version {version}. There are: {known}.");
                return new RewardKind.Shipping();
            case "shipping":
                json.Allow("kind");
                return new RewardKind.Shipping();
            default:
                return new RewardKind.Shipping();
        }
    }

    private static void Write(Utf8JsonWriter json, RewardKind kind)
    {
        json.WriteString("kind", kind is RewardKind.Custom ? "code" : kind.Code);
        switch (kind)
        {
            case RewardKind.Discount discount:
                json.WriteString("amount", discount.Amount.ToString());
                break;
            case RewardKind.Percentage share:
                json.WritePropertyName("percent");
                json.WriteRawValue(share.Percent.ToString("0.############################", CultureInfo.InvariantCulture));
                json.If("most", share.Most?.ToString());
                break;
            case RewardKind.FreeItem item:
                json.WriteString("sku", item.Sku);
                json.Unless("quantity", item.Quantity, 1);
                break;
            case RewardKind.GiftCard card:
                json.WriteString("amount", card.Amount.ToString());
                break;
            case RewardKind.Physical thing:
                json.WriteString("sku", thing.Sku);
                break;
            case RewardKind.Units units:
                Write(json, units.Amount);
                break;
            case RewardKind.Cashback cashback:
                json.WriteString("amount", cashback.Amount.ToString());
                break;
            case RewardKind.Custom custom:
                json.WriteString("name", custom.Own.Name);
                json.WriteNumber("version", custom.Own.Version);
                break;
        }
    }

    private static RewardCodeForm Form(JsonPart json)
    {
        json.Allow("pattern", "alphabet", "imported");
        return new RewardCodeForm { Pattern = json.Text("pattern") ?? "", Alphabet = json.Has("alphabet") ? json.Text("alphabet") ?? "" : RewardCodeForm.Readable, Imported = json.Flag("imported") };
    }
}
