using System.Buffers;
using System.Text;
using System.Text.Json;
using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>
/// A programme as JSON. What is written is the canonical form: one programme, one text, whatever way it was made, with everything left out that says what is so anyway.
/// Reading is strict: an unknown or repeated property is an error, and all errors come at once.
/// </summary>
public static class LoyaltyProgramJson
{
    /// <summary>The canonical form.</summary>
    public static string Write(LoyaltyProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, program);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads and checks a programme.</summary>
    /// <param name="json">The text.</param>
    /// <param name="rulesInCode">The rules of the host's own that the programme may name, by name and version.</param>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong; the message lists all of it with its place.</exception>
    public static LoyaltyProgram Read(string json, params IEnumerable<IEarningRule> rulesInCode)
    {
        ArgumentNullException.ThrowIfNull(json);
        var rules = rulesInCode.ToList();
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException exception)
        {
            throw new InvalidLoyaltyProgramException(null, [new ProgramError("", $"This is not JSON: {exception.Message}")]);
        }

        using (document)
        {
            var errors = new List<ProgramError>();
            var read = new JsonPart(document.RootElement, "", errors);
            var program = Program(read, rules);

            // What could not be read has a stand-in, about which the validator would only repeat itself.
            errors.AddRange(LoyaltyProgramValidator.Errors(program).Where(error => !errors.Exists(known => Covers(known.Path, error.Path))).ToList());
            return errors.Count == 0 ? program : throw new InvalidLoyaltyProgramException(program.Name.Length == 0 ? null : program.Name, errors.ToSequence());
        }
    }

    private static bool Covers(string known, string path) =>
        known == path || known.Length == 0 || path.StartsWith(known + ".", StringComparison.Ordinal) || path.StartsWith(known + "[", StringComparison.Ordinal);

    private static LoyaltyProgram Program(JsonPart json, List<IEarningRule> rulesInCode)
    {
        json.Allow("name", "zone", "units", "rules", "ladders", "stampCards");
        return new LoyaltyProgram
        {
            Name = json.Text("name") ?? "",
            Zone = json.Text("zone") ?? "",
            Units = json.Items("units", required: true).Select(Unit).ToSequence(),
            Rules = json.Items("rules").Select((item, place) => Rule(item, rulesInCode) ?? new Unreadable(place)).ToSequence(),
            Ladders = json.Items("ladders").Select(Ladder).ToSequence(),
            StampCards = json.Items("stampCards").Select(StampCard).ToSequence(),
        };
    }

    private static LoyaltyUnit Unit(JsonPart json)
    {
        json.Allow("name", "kind", "expires");
        return new LoyaltyUnit(json.Text("name") ?? "", json.OneOf("kind", UnitKinds, required: true)) { Expiry = Expiry(json.Part("expires")) };
    }

    private static LotExpiry Expiry(JsonPart? json)
    {
        if (json is not { } life)
        {
            return LotExpiry.Never;
        }

        life.Allow("months", "days", "lastDay", "to");
        return new LotExpiry.After(
            (int)Math.Clamp(life.Whole("months") ?? 0, int.MinValue, int.MaxValue),
            (int)Math.Clamp(life.Whole("days") ?? 0, int.MinValue, int.MaxValue),
            life.OneOf("lastDay", LastDays, required: true),
            life.OneOf("to", PeriodEnds));
    }

    private static IEarningRule? Rule(JsonPart json, List<IEarningRule> rulesInCode)
    {
        switch (json.OneOf("rule", RuleSorts, required: true))
        {
            case RuleSort.PointsPerAmount:
                json.Allow("rule", "name", "on", "unit", "points", "per", "basis", "rounding", "when");
                return new PointsPerAmount
                {
                    Name = json.Text("name") ?? "",
                    On = json.Has("on") ? json.Texts("on") : [EventKinds.PurchaseName],
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    Every = json.Money("per"),
                    Basis = Basis(json),
                    Rounding = json.OneOf("rounding", Roundings),
                    When = json.Condition("when"),
                };
            case RuleSort.Code:
                json.Allow("rule", "name", "version");
                var (name, version) = (json.Text("name"), json.Whole("version", required: true));
                if (name is null || version is null)
                {
                    return null;
                }

                if (rulesInCode.Find(rule => rule.Name == name && rule.Version == version) is { } found)
                {
                    return found;
                }

                var known = rulesInCode.Count == 0 ? "none" : string.Join(", ", rulesInCode.Select(rule => $"{rule.Name} version {rule.Version}"));
                json.Wrong("name", $"No rule in code is named '{name}' with version {version}. There are: {known}.");
                return null;
            default:
                return null;
        }
    }

    private static EarningBasis Basis(JsonPart json)
    {
        if (!json.IsObject("basis"))
        {
            return json.OneOf("basis", Bases, required: true) == "lines" ? EarningBasis.AllLines : EarningBasis.WholeSpend;
        }

        return Lines(json, "basis");
    }

    private static EarningBasis.Lines Lines(JsonPart json, string name)
    {
        if (json.Part(name) is not { } lines)
        {
            return EarningBasis.AllLines;
        }

        lines.Allow("skus", "categories", "exceptSkus", "exceptCategories");
        return new EarningBasis.Lines
        {
            Skus = lines.Texts("skus"),
            Categories = lines.Texts("categories"),
            ExceptSkus = lines.Texts("exceptSkus"),
            ExceptCategories = lines.Texts("exceptCategories"),
        };
    }

    private static StampCard StampCard(JsonPart json)
    {
        json.Allow("name", "goal", "stamps");
        return new StampCard
        {
            Name = json.Text("name") ?? "",
            Goal = (int)Math.Clamp(json.Whole("goal", required: true) ?? 0, int.MinValue, int.MaxValue),
            Stamps = Lines(json, "stamps"),
        };
    }

    private static TierLadder Ladder(JsonPart json)
    {
        json.Allow("name", "unit", "window", "tiers");
        return new TierLadder
        {
            Name = json.Has("name") ? json.Text("name") ?? "" : TierLadder.UsualName,
            Unit = json.Text("unit") ?? "",
            Window = json.OneOf("window", Windows),
            Tiers = json.Items("tiers", required: true).Select(item =>
            {
                item.Allow("name", "from");
                return new Tier(item.Text("name") ?? "", item.Whole("from", required: true) ?? 0);
            }).ToSequence(),
        };
    }

    private static void Write(Utf8JsonWriter json, LoyaltyProgram program)
    {
        json.WriteStartObject();
        json.WriteString("name", program.Name);
        json.WriteString("zone", program.Zone);
        Items(json, "units", program.Units, unit =>
        {
            json.WriteString("name", unit.Name);
            json.WriteString("kind", NameOf(UnitKinds, unit.Kind));
            if (unit.Expiry is LotExpiry.After life)
            {
                json.WriteStartObject("expires");
                Unless(json, "months", life.Months, 0);
                Unless(json, "days", life.Days, 0);
                json.WriteString("lastDay", NameOf(LastDays, life.LastDay));
                Unless(json, "to", PeriodEnds, life.To);
                json.WriteEndObject();
            }
        });
        Items(json, "rules", program.Rules, rule =>
        {
            if (rule is not PointsPerAmount points)
            {
                json.WriteString("rule", NameOf(RuleSorts, RuleSort.Code));
                json.WriteString("name", rule.Name);
                json.WriteNumber("version", rule.Version);
                return;
            }

            json.WriteString("rule", NameOf(RuleSorts, RuleSort.PointsPerAmount));
            json.WriteString("name", points.Name);
            if (points.On != [EventKinds.PurchaseName])
            {
                Texts(json, "on", points.On);
            }

            json.WriteString("unit", points.Unit);
            json.WriteNumber("points", points.Points);
            json.WriteString("per", points.Every.ToString());
            Basis(json, points.Basis);
            Unless(json, "rounding", Roundings, points.Rounding);
            if (points.When is { } condition)
            {
                json.WritePropertyName("when");
                JsonPart.Write(json, condition);
            }
        });
        Items(json, "ladders", program.Ladders, ladder =>
        {
            if (ladder.Name != TierLadder.UsualName)
            {
                json.WriteString("name", ladder.Name);
            }

            json.WriteString("unit", ladder.Unit);
            Unless(json, "window", Windows, ladder.Window);
            Items(json, "tiers", ladder.Tiers, tier =>
            {
                json.WriteString("name", tier.Name);
                json.WriteNumber("from", tier.From);
            });
        });
        Items(json, "stampCards", program.StampCards, card =>
        {
            json.WriteString("name", card.Name);
            json.WriteNumber("goal", card.Goal);
            if (card.Stamps != EarningBasis.AllLines)
            {
                Lines(json, "stamps", card.Stamps);
            }
        });
        json.WriteEndObject();
    }

    private static void Basis(Utf8JsonWriter json, EarningBasis basis)
    {
        if (basis is not EarningBasis.Lines lines || basis == EarningBasis.AllLines)
        {
            json.WriteString("basis", basis is EarningBasis.Lines ? "lines" : "spend");
            return;
        }

        Lines(json, "basis", lines);
    }

    private static void Lines(Utf8JsonWriter json, string name, EarningBasis.Lines lines)
    {
        json.WriteStartObject(name);
        Texts(json, "skus", lines.Skus);
        Texts(json, "categories", lines.Categories);
        Texts(json, "exceptSkus", lines.ExceptSkus);
        Texts(json, "exceptCategories", lines.ExceptCategories);
        json.WriteEndObject();
    }

    private static void Items<T>(Utf8JsonWriter json, string name, Sequence<T> items, Action<T> write)
    {
        if (items.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Texts(Utf8JsonWriter json, string name, Sequence<string> texts)
    {
        if (texts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void Unless(Utf8JsonWriter json, string name, long value, long usual)
    {
        if (value != usual)
        {
            json.WriteNumber(name, value);
        }
    }

    private static void Unless<T>(Utf8JsonWriter json, string name, (string Name, T Value)[] names, T value)
    {
        if (!EqualityComparer<T>.Default.Equals(value, names[0].Value))
        {
            json.WriteString(name, NameOf(names, value));
        }
    }

    // A value without a name is a finding of the validator; writing must not come before it with an error of its own.
    private static string NameOf<T>((string Name, T Value)[] names, T value) =>
        Array.Find(names, pair => EqualityComparer<T>.Default.Equals(pair.Value, value)).Name ?? $"{value}";

    /// <summary>Keeps the place of a rule that could not be read, so that findings about later ones name theirs.</summary>
    private sealed class Unreadable(int place) : IEarningRule
    {
        public string Name { get; } = $"unreadable-{place}";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [];
    }

    private enum RuleSort
    {
        Unknown,
        PointsPerAmount,
        Code,
    }

    // The first of each list is what leaving the property out means, where it may be left out.
    private static readonly (string, UnitKind)[] UnitKinds = [("redeemable", UnitKind.Redeemable), ("status", UnitKind.Status)];
    private static readonly (string, LastDay)[] LastDays = [("included", LastDay.Included), ("excluded", LastDay.Excluded)];
    private static readonly (string, PeriodEnd)[] PeriodEnds = [("day", PeriodEnd.Day), ("month", PeriodEnd.Month), ("year", PeriodEnd.Year)];
    private static readonly (string, Rounding)[] Roundings = [("floor", Rounding.Floor), ("nearest", Rounding.Nearest), ("ceiling", Rounding.Ceiling)];
    private static readonly (string, QualificationWindow)[] Windows = [("lifetime", QualificationWindow.Lifetime), ("calendar-year", QualificationWindow.CalendarYear)];
    private static readonly (string, RuleSort)[] RuleSorts = [("points-per-amount", RuleSort.PointsPerAmount), ("code", RuleSort.Code)];
    private static readonly (string, string)[] Bases = [("spend", "spend"), ("lines", "lines")];
}
