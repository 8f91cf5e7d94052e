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
    public static LoyaltyProgram Read(string json, params IEnumerable<IEarningRule> rulesInCode) => Read(json, new LoyaltyCode { Rules = rulesInCode.ToSequence() });

    /// <summary>Reads and checks a programme.</summary>
    /// <param name="json">The text.</param>
    /// <param name="code">What of the host's own the programme may name.</param>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong; the message lists all of it with its place.</exception>
    public static LoyaltyProgram Read(string json, LoyaltyCode code)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(code);
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
            var program = Program(read, code);

            // What could not be read has a stand-in, about which the validator would only repeat itself.
            errors.AddRange(LoyaltyProgramValidator.Errors(program).Where(error => !errors.Exists(known => Covers(known.Path, error.Path))).ToList());
            return errors.Count == 0 ? program : throw new InvalidLoyaltyProgramException(program.Name.Length == 0 ? null : program.Name, errors.ToSequence());
        }
    }

    private static bool Covers(string known, string path) =>
        known == path || known.Length == 0 || path.StartsWith(known + ".", StringComparison.Ordinal) || path.StartsWith(known + "[", StringComparison.Ordinal);

    private static LoyaltyProgram Program(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "zone", "units", "rules", "ladders", "stampCards", "staffLimits");
        return new LoyaltyProgram
        {
            Name = json.Text("name") ?? "",
            Zone = json.Text("zone") ?? "",
            Units = json.Items("units", required: true).Select(Unit).ToSequence(),
            Rules = json.Items("rules").Select((item, place) => Rule(item, code) ?? new Unreadable(place)).ToSequence(),
            Ladders = json.Items("ladders").Select(item => TierLadderJson.Read(item, code)).ToSequence(),
            StampCards = json.Items("stampCards").Select(StampCard).ToSequence(),
            StaffLimits = json.Items("staffLimits").Select(StaffLimit).ToSequence(),
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

    private static IEarningRule? Rule(JsonPart json, LoyaltyCode code)
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

                if (code.Rules.FirstOrDefault(rule => rule.Name == name && rule.Version == version) is { } found)
                {
                    return found;
                }

                var known = code.Rules.IsEmpty ? "none" : string.Join(", ", code.Rules.Select(rule => $"{rule.Name} version {rule.Version}"));
                json.Wrong("name", $"No rule in code is named '{name}' with version {version}. There are: {known}.");
                return null;
            default:
                return null;
        }
    }

    internal static EarningBasis Basis(JsonPart json)
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

    private static StaffLimit StaffLimit(JsonPart json)
    {
        json.Allow("request", "unit", "alone", "most");
        return new StaffLimit
        {
            Request = json.Text("request") ?? "",
            Unit = json.Has("unit") ? json.Text("unit") : null,
            Alone = json.Whole("alone", required: true) ?? 0,
            Most = json.Whole("most"),
        };
    }

    private static void Write(Utf8JsonWriter json, LoyaltyProgram program)
    {
        json.WriteStartObject();
        json.WriteString("name", program.Name);
        json.WriteString("zone", program.Zone);
        json.Items("units", program.Units, unit =>
        {
            json.WriteString("name", unit.Name);
            json.WriteString("kind", JsonForm.NameOf(UnitKinds, unit.Kind));
            if (unit.Expiry is LotExpiry.After life)
            {
                json.WriteStartObject("expires");
                json.Unless("months", life.Months, 0);
                json.Unless("days", life.Days, 0);
                json.WriteString("lastDay", JsonForm.NameOf(LastDays, life.LastDay));
                json.Unless("to", PeriodEnds, life.To);
                json.WriteEndObject();
            }
        });
        json.Items("rules", program.Rules, rule =>
        {
            if (rule is not PointsPerAmount points)
            {
                json.WriteString("rule", JsonForm.NameOf(RuleSorts, RuleSort.Code));
                json.WriteString("name", rule.Name);
                json.WriteNumber("version", rule.Version);
                return;
            }

            json.WriteString("rule", JsonForm.NameOf(RuleSorts, RuleSort.PointsPerAmount));
            json.WriteString("name", points.Name);
            if (points.On != [EventKinds.PurchaseName])
            {
                json.Texts("on", points.On);
            }

            json.WriteString("unit", points.Unit);
            json.WriteNumber("points", points.Points);
            json.WriteString("per", points.Every.ToString());
            Basis(json, points.Basis);
            json.Unless("rounding", Roundings, points.Rounding);
            json.If("when", points.When);
        });
        json.Items("ladders", program.Ladders, ladder => TierLadderJson.Write(json, ladder));
        json.Items("stampCards", program.StampCards, card =>
        {
            json.WriteString("name", card.Name);
            json.WriteNumber("goal", card.Goal);
            if (card.Stamps != EarningBasis.AllLines)
            {
                Lines(json, "stamps", card.Stamps);
            }
        });
        json.Items("staffLimits", program.StaffLimits, limit =>
        {
            json.WriteString("request", limit.Request);
            json.If("unit", limit.Unit);
            json.WriteNumber("alone", limit.Alone);
            json.If("most", limit.Most);
        });
        json.WriteEndObject();
    }

    internal static void Basis(Utf8JsonWriter json, EarningBasis basis)
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
        json.Texts("skus", lines.Skus);
        json.Texts("categories", lines.Categories);
        json.Texts("exceptSkus", lines.ExceptSkus);
        json.Texts("exceptCategories", lines.ExceptCategories);
        json.WriteEndObject();
    }

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
    private static readonly (string, RuleSort)[] RuleSorts = [("points-per-amount", RuleSort.PointsPerAmount), ("code", RuleSort.Code)];
    private static readonly (string, string)[] Bases = [("spend", "spend"), ("lines", "lines")];
}
