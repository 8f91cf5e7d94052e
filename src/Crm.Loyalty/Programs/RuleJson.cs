using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>Earning rules, their terms, groups, limits and budgets as JSON.</summary>
internal static class RuleJson
{
    private const string PerAmount = "points-per-amount";
    private const string PerItem = "points-per-item";
    private const string Fixed = "fixed";
    private const string Times = "multiplier";
    private const string Segment = "segment-entry";
    private const string Yearly = "yearly";
    private const string Code = "code";

    private static readonly string[] TermNames =
        ["scope", "hours", "minimumSpend", "times", "oncePer", "cooldown", "least", "most", "group", "priority", "exclusive", "expires", "pending", "issuer"];

    private static readonly (string, string)[] Sorts = [(PerAmount, PerAmount), (PerItem, PerItem), (Fixed, Fixed), (Times, Times), (Segment, Segment), (Yearly, Yearly), (Code, Code)];
    private static readonly (string, string)[] Bases = [("spend", "spend"), ("lines", "lines")];
    private static readonly (string, Rounding)[] Roundings = [("floor", Rounding.Floor), ("nearest", Rounding.Nearest), ("ceiling", Rounding.Ceiling), ("carry", Rounding.Carry)];
    private static readonly (string, RoundingPoint)[] Points = [("rule", RoundingPoint.Rule), ("line", RoundingPoint.Line), ("award", RoundingPoint.Award)];
    private static readonly (string, TierMoment)[] Moments = [("before", TierMoment.Before), ("after", TierMoment.After)];
    private static readonly (string, LeapDayPolicy)[] LeapDays = [("28-february", LeapDayPolicy.Before), ("1-march", LeapDayPolicy.After)];
    private static readonly (string, StackingPolicy)[] Policies =
        [("sum", StackingPolicy.Sum), ("best-of", StackingPolicy.BestOf), ("first-match", StackingPolicy.FirstMatch), ("priority-exclusive", StackingPolicy.PriorityExclusive)];

    private static readonly (string, CapPeriod)[] Periods =
        [("award", CapPeriod.Award), ("day", CapPeriod.Day), ("week", CapPeriod.Week), ("month", CapPeriod.Month), ("year", CapPeriod.Year), ("ever", CapPeriod.Ever), ("balance", CapPeriod.Balance)];

    private static readonly (string, Overflow)[] Overflows = [("truncate", Overflow.Truncate), ("reject", Overflow.Reject)];

    private static readonly (string, IsoDayOfWeek)[] Weekdays =
        [.. Enumerable.Range(1, 7).Select(day => (((IsoDayOfWeek)day).ToString().ToLowerInvariant(), (IsoDayOfWeek)day))];

    public static IEarningRule? Read(JsonPart json, LoyaltyCode code)
    {
        if (json.PlainText("rule") is { } kind && code.Kinds.Find(kind) is { } known)
        {
            return Custom(json, known);
        }

        switch (json.OneOf("rule", [.. Sorts, .. code.Kinds.Names.Select(name => (name, name))], required: true))
        {
            case PerAmount:
                Allow(json, "points", "per", "basis", "rounding", "roundAt", "unit");
                return Own(json, new PointsPerAmount
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    Every = json.Money("per"),
                    Basis = Basis(json),
                    Rounding = json.OneOf("rounding", Roundings),
                    RoundAt = json.OneOf("roundAt", Points),
                });
            case PerItem:
                Allow(json, "points", "every", "items", "unit");
                return Own(json, new PointsPerItem
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    Every = Int(json.Whole("every") ?? 1),
                    Items = Lines(json, "items"),
                });
            case Fixed:
                Allow(json, "points", "with", "unit");
                return Own(json, new FixedPoints
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    With = json.Has("with") ? Lines(json, "with") : null,
                });
            case Times:
                Allow(json, "factor", "of", "byTier", "ladder", "tierAs", "rounding", "roundAt", "unit");
                return Own(json, new Multiplier
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Factor = json.Has("factor") ? json.Ratio("factor") : default,
                    Of = json.Texts("of"),
                    ByTier = json.Items("byTier").Select(item =>
                    {
                        item.Allow("tier", "factor");
                        return new TierFactor(item.Text("tier") ?? "", item.Ratio("factor"));
                    }).ToSequence(),
                    Ladder = json.Has("ladder") ? json.Text("ladder") ?? "" : TierLadder.UsualName,
                    TierAs = json.OneOf("tierAs", Moments),
                    Rounding = json.OneOf("rounding", Roundings),
                    RoundAt = json.OneOf("roundAt", Points),
                });
            case Segment:
                json.Allow(["rule", "name", "when", "unit", "points", "segment", "backfill", .. TermNames]);
                var entry = new SegmentEntry
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    Segment = json.Text("segment") ?? "",
                    Backfill = json.Flag("backfill"),
                    When = json.Condition("when"),
                };
                return entry with { Terms = Terms(json, SegmentEntry.Once) };
            case Yearly:
                json.Allow(["rule", "name", "when", "unit", "points", "date", "zone", "leapDay", "catchUpDays", .. TermNames]);
                return new YearlyPoints
                {
                    Name = Name(json),
                    Unit = json.Text("unit") ?? "",
                    Points = json.Whole("points", required: true) ?? 0,
                    DateField = json.Has("date") ? json.Text("date") : null,
                    ZoneField = json.Has("zone") ? json.Text("zone") : null,
                    LeapDay = json.OneOf("leapDay", LeapDays),
                    CatchUpDays = Int(json.Whole("catchUpDays") ?? 0),
                    When = json.Condition("when"),
                    Terms = Terms(json, EarningTerms.Usual),
                };
            case Code:
                json.Allow("rule", "name", "version");
                return InCode(json, code.Rules);
            default:
                return null;
        }
    }

    public static void Write(Utf8JsonWriter json, IEarningRule rule)
    {
        switch (rule)
        {
            case PointsPerAmount points:
                Begin(json, PerAmount, points);
                json.WriteString("unit", points.Unit);
                json.WriteNumber("points", points.Points);
                json.WriteString("per", points.Every.ToString());
                Basis(json, points.Basis);
                json.Unless("rounding", Roundings, points.Rounding);
                json.Unless("roundAt", Points, points.RoundAt);
                End(json, points);
                break;
            case PointsPerItem items:
                Begin(json, PerItem, items);
                json.WriteString("unit", items.Unit);
                json.WriteNumber("points", items.Points);
                json.Unless("every", items.Every, 1);
                if (items.Items != EarningBasis.AllLines)
                {
                    Lines(json, "items", items.Items);
                }

                End(json, items);
                break;
            case FixedPoints fix:
                Begin(json, Fixed, fix);
                json.WriteString("unit", fix.Unit);
                json.WriteNumber("points", fix.Points);
                if (fix.With is { } with)
                {
                    Lines(json, "with", with);
                }

                End(json, fix);
                break;
            case Multiplier multiplier:
                Begin(json, Times, multiplier);
                json.WriteString("unit", multiplier.Unit);
                if (multiplier.Factor != new Ratio(1, 1))
                {
                    json.WriteString("factor", multiplier.Factor.ToString());
                }

                json.Texts("of", multiplier.Of);
                json.Items("byTier", multiplier.ByTier, one =>
                {
                    json.WriteString("tier", one.Tier);
                    json.WriteString("factor", one.Factor.ToString());
                });
                if (multiplier.Ladder != TierLadder.UsualName)
                {
                    json.WriteString("ladder", multiplier.Ladder);
                }

                json.Unless("tierAs", Moments, multiplier.TierAs);
                json.Unless("rounding", Roundings, multiplier.Rounding);
                json.Unless("roundAt", Points, multiplier.RoundAt);
                End(json, multiplier);
                break;
            case SegmentEntry entry:
                json.WriteString("rule", Segment);
                json.WriteString("name", entry.Name);
                json.WriteString("unit", entry.Unit);
                json.WriteNumber("points", entry.Points);
                json.WriteString("segment", entry.Segment);
                json.If("backfill", entry.Backfill);
                json.If("when", entry.When);
                Terms(json, entry.Terms, SegmentEntry.Once);
                break;
            case YearlyPoints yearly:
                json.WriteString("rule", Yearly);
                json.WriteString("name", yearly.Name);
                json.WriteString("unit", yearly.Unit);
                json.WriteNumber("points", yearly.Points);
                if (yearly.DateField is { } date)
                {
                    json.WriteString("date", date);
                }

                json.If("zone", yearly.ZoneField);

                json.Unless("leapDay", LeapDays, yearly.LeapDay);
                json.Unless("catchUpDays", yearly.CatchUpDays, 0);
                End(json, yearly);
                break;
            case IJsonEarningRule custom:
                json.WriteString("rule", custom.Kind);
                json.WriteString("name", custom.Name);
                json.WriteNumber("version", custom.Version);
                json.WriteStartObject("settings");
                custom.WriteSettings(json);
                json.WriteEndObject();
                Terms(json, custom.Terms, EarningTerms.Usual);
                break;
            default:
                json.WriteString("rule", Code);
                json.WriteString("name", rule.Name);
                json.WriteNumber("version", rule.Version);
                break;
        }
    }

    public static EarningBasis.Lines Lines(JsonPart json, string name)
    {
        if (json.Part(name) is not { } lines)
        {
            return EarningBasis.AllLines;
        }

        lines.Allow("skus", "categories", "collections", "exceptSkus", "exceptCategories", "exceptCollections");
        return new EarningBasis.Lines
        {
            Skus = lines.Texts("skus"),
            Categories = lines.Texts("categories"),
            Collections = lines.Texts("collections"),
            ExceptSkus = lines.Texts("exceptSkus"),
            ExceptCategories = lines.Texts("exceptCategories"),
            ExceptCollections = lines.Texts("exceptCollections"),
        };
    }

    public static void Lines(Utf8JsonWriter json, string name, EarningBasis.Lines lines)
    {
        json.WriteStartObject(name);
        json.Texts("skus", lines.Skus);
        json.Texts("categories", lines.Categories);
        json.Texts("collections", lines.Collections);
        json.Texts("exceptSkus", lines.ExceptSkus);
        json.Texts("exceptCategories", lines.ExceptCategories);
        json.Texts("exceptCollections", lines.ExceptCollections);
        json.WriteEndObject();
    }

    public static EarningScope Scope(JsonPart json)
    {
        if (json.Part("scope") is not { } scope)
        {
            return EarningScope.Everywhere;
        }

        scope.Allow("channels", "stores", "brands");
        return new EarningScope { Channels = scope.Texts("channels"), Stores = scope.Texts("stores"), Brands = scope.Texts("brands") };
    }

    public static void Scope(Utf8JsonWriter json, EarningScope scope)
    {
        if (scope == EarningScope.Everywhere)
        {
            return;
        }

        json.WriteStartObject("scope");
        json.Texts("channels", scope.Channels);
        json.Texts("stores", scope.Stores);
        json.Texts("brands", scope.Brands);
        json.WriteEndObject();
    }

    public static ArticleCollection Collection(JsonPart json)
    {
        json.Allow("name", "skus", "categories");
        return new ArticleCollection { Name = json.Text("name") ?? "", Skus = json.Texts("skus"), Categories = json.Texts("categories") };
    }

    public static void Write(Utf8JsonWriter json, ArticleCollection collection)
    {
        json.WriteString("name", collection.Name);
        json.Texts("skus", collection.Skus);
        json.Texts("categories", collection.Categories);
    }

    public static StackingGroup Group(JsonPart json)
    {
        json.Allow("name", "policy");
        return new StackingGroup(json.Text("name") ?? "", json.OneOf("policy", Policies, required: true));
    }

    public static void Write(Utf8JsonWriter json, StackingGroup group)
    {
        json.WriteString("name", group.Name);
        json.WriteString("policy", JsonForm.NameOf(Policies, group.Policy));
    }

    public static EarningLimit Limit(JsonPart json)
    {
        json.Allow("name", "unit", "rules", "per", "most", "overflow");
        return new EarningLimit
        {
            Name = json.Text("name") ?? "",
            Unit = json.Text("unit") ?? "",
            Rules = json.Texts("rules"),
            Per = json.OneOf("per", Periods, required: true),
            Most = json.Whole("most", required: true) ?? 0,
            Overflow = json.OneOf("overflow", Overflows),
        };
    }

    public static void Write(Utf8JsonWriter json, EarningLimit limit)
    {
        json.WriteString("name", limit.Name);
        json.WriteString("unit", limit.Unit);
        json.Texts("rules", limit.Rules);
        json.WriteString("per", JsonForm.NameOf(Periods, limit.Per));
        json.WriteNumber("most", limit.Most);
        json.Unless("overflow", Overflows, limit.Overflow);
    }

    public static EarningBudget Budget(JsonPart json)
    {
        json.Allow("name", "unit", "rules", "perUnit");
        return new EarningBudget { Name = json.Text("name") ?? "", Unit = json.Text("unit") ?? "", Rules = json.Texts("rules"), PerUnit = json.Whole("perUnit") ?? 1 };
    }

    public static void Write(Utf8JsonWriter json, EarningBudget budget)
    {
        json.WriteString("name", budget.Name);
        json.WriteString("unit", budget.Unit);
        json.Texts("rules", budget.Rules);
        json.Unless("perUnit", budget.PerUnit, 1);
    }

    private static string Name(JsonPart json) => json.Text("name") ?? "";

    private static int Int(long whole) => (int)Math.Clamp(whole, int.MinValue, int.MaxValue);

    private static void Allow(JsonPart json, params string[] own) => json.Allow(["rule", "name", "on", "when", .. own, .. TermNames]);

    private static TRule Own<TRule>(JsonPart json, TRule rule)
        where TRule : EarningRule => rule with
        {
            On = json.Has("on") ? json.Texts("on") : [EventKinds.PurchaseName],
            When = json.Condition("when"),
            Terms = Terms(json, EarningTerms.Usual),
        };

    private static IEarningRule? InCode(JsonPart json, Sequence<IEarningRule> rulesInCode)
    {
        var (name, version) = (json.Text("name"), json.Whole("version", required: true));
        if (name is null || version is null)
        {
            return null;
        }

        if (rulesInCode.FirstOrDefault(rule => rule.Name == name && rule.Version == version) is { } found)
        {
            return found;
        }

        var known = rulesInCode.Count == 0 ? "none" : string.Join(", ", rulesInCode.Select(rule => $"{rule.Name} version {rule.Version}"));
        json.Wrong("name", $"No rule in code is named '{name}' with version {version}. There are: {known}.");
        return null;
    }

    private static IEarningRule? Custom(JsonPart json, EarningRuleKind kind)
    {
        json.Allow(["rule", "name", "version", "settings", .. TermNames]);
        var version = json.Whole("version", required: true);
        if (version is not null && !kind.Versions.Contains((int)version))
        {
            json.Wrong("version", $"The code of rules of the kind '{kind.Name}' has no version {version}. There are: {string.Join(", ", kind.Versions)}.");
            return null;
        }

        var errors = new List<ProgramError>();
        var rule = kind.Read(new RuleSettings(Name(json), (int)(version ?? 0), Terms(json, EarningTerms.Usual), json.Element("settings"), errors));
        errors.ForEach(error => json.Wrong(error.Path.Length == 0 ? "settings" : $"settings.{error.Path}", error.Message));
        return errors.Count == 0 ? rule : null;
    }

    internal static EarningBasis Basis(JsonPart json)
    {
        if (!json.IsObject("basis"))
        {
            return json.OneOf("basis", Bases, required: true) == "lines" ? EarningBasis.AllLines : EarningBasis.WholeSpend;
        }

        if (json.Part("basis") is not { } basis || !basis.Has("spend"))
        {
            return Lines(json, "basis");
        }

        basis.Allow("spend");
        if (basis.Part("spend") is not { } spend)
        {
            return EarningBasis.WholeSpend;
        }

        spend.Allow("beforeDiscount", "withoutTax", "withoutDelivery", "withPointsPaid");
        return new EarningBasis.Spend
        {
            BeforeDiscount = spend.Flag("beforeDiscount"),
            WithoutTax = spend.Flag("withoutTax"),
            WithoutDelivery = spend.Flag("withoutDelivery"),
            WithPointsPaid = spend.Flag("withPointsPaid"),
        };
    }

    internal static void Basis(Utf8JsonWriter json, EarningBasis basis)
    {
        switch (basis)
        {
            case EarningBasis.Lines lines when lines != EarningBasis.AllLines:
                Lines(json, "basis", lines);
                break;
            case EarningBasis.Spend spend when spend != EarningBasis.WholeSpend:
                json.WriteStartObject("basis");
                json.WriteStartObject("spend");
                json.If("beforeDiscount", spend.BeforeDiscount);
                json.If("withoutTax", spend.WithoutTax);
                json.If("withoutDelivery", spend.WithoutDelivery);
                json.If("withPointsPaid", spend.WithPointsPaid);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            default:
                json.WriteString("basis", basis is EarningBasis.Lines ? "lines" : "spend");
                break;
        }
    }

    private static void Begin(Utf8JsonWriter json, string kind, EarningRule rule)
    {
        json.WriteString("rule", kind);
        json.WriteString("name", rule.Name);
        if (rule.On != [EventKinds.PurchaseName])
        {
            json.Texts("on", rule.On);
        }
    }

    private static void End(Utf8JsonWriter json, EarningRule rule)
    {
        json.If("when", rule.When);
        Terms(json, rule.Terms, EarningTerms.Usual);
    }

    private static EarningTerms Terms(JsonPart json, EarningTerms usual)
    {
        var terms = usual with
        {
            Scope = Scope(json),
            Hours = Hours(json),
            MinimumSpend = json.Has("minimumSpend") ? json.Money("minimumSpend") : null,
            Frequency = json.Has("times") ? Frequency(json) : usual.Frequency,
            OncePer = json.Has("oncePer") ? json.Text("oncePer") : null,
            Cooldown = json.Has("cooldown") ? json.Length("cooldown") : null,
            Least = json.Whole("least"),
            Most = json.Whole("most"),
            Group = json.Has("group") ? json.Text("group") : null,
            Priority = Int(json.Whole("priority") ?? 0),
            Exclusive = json.Flag("exclusive"),
            Expiry = json.Has("expires") ? ExpiryJson.Read(json, "expires") : null,
            Activation = json.Has("pending") ? ExpiryJson.Activation(json, "pending") : null,
            Issuer = json.Has("issuer") ? json.Text("issuer") : null,
        };
        return terms == usual ? usual : terms;
    }

    private static Frequency? Frequency(JsonPart json)
    {
        if (json.Part("times") is not { } times)
        {
            return null;
        }

        times.Allow("most", "per");
        return new Frequency(Int(times.Whole("most", required: true) ?? 0), times.OneOf("per", Periods, required: true));
    }

    private static EarningHours Hours(JsonPart json)
    {
        if (json.Part("hours") is not { } hours)
        {
            return EarningHours.Always;
        }

        hours.Allow("from", "until", "days", "parts");
        return new EarningHours
        {
            From = hours.Has("from") ? hours.DateTime("from") : null,
            Until = hours.Has("until") ? hours.DateTime("until") : null,
            Days = hours.EachOf("days", Weekdays),
            Hours = hours.Items("parts").Select(part =>
            {
                part.Allow("from", "until");
                return new DayPart(part.Time("from"), part.Time("until"));
            }).ToSequence(),
        };
    }

    private static void Terms(Utf8JsonWriter json, EarningTerms terms, EarningTerms usual)
    {
        Scope(json, terms.Scope);
        Hours(json, terms.Hours);
        if (terms.MinimumSpend is { } spend)
        {
            json.WriteString("minimumSpend", spend.ToString());
        }

        if (terms.Frequency is { } times && terms.Frequency != usual.Frequency)
        {
            json.WriteStartObject("times");
            json.WriteNumber("most", times.Most);
            json.WriteString("per", JsonForm.NameOf(Periods, times.Per));
            json.WriteEndObject();
        }

        json.If("oncePer", terms.OncePer);
        json.If("cooldown", terms.Cooldown is { } cooldown ? JsonPart.Text(cooldown) : null);
        if (terms.Least is { } least)
        {
            json.WriteNumber("least", least);
        }

        if (terms.Most is { } most)
        {
            json.WriteNumber("most", most);
        }

        json.If("group", terms.Group);
        json.Unless("priority", terms.Priority, 0);
        json.If("exclusive", terms.Exclusive);
        if (terms.Expiry is { } expiry)
        {
            ExpiryJson.Write(json, "expires", expiry);
        }

        if (terms.Activation is { } activation)
        {
            ExpiryJson.Activation(json, "pending", activation);
        }

        json.If("issuer", terms.Issuer);
    }

    private static void Hours(Utf8JsonWriter json, EarningHours hours)
    {
        if (hours == EarningHours.Always)
        {
            return;
        }

        json.WriteStartObject("hours");
        json.If("from", hours.From is { } from ? JsonPart.Text(from) : null);
        json.If("until", hours.Until is { } until ? JsonPart.Text(until) : null);
        json.Texts("days", hours.Days.Select(day => JsonForm.NameOf(Weekdays, day)).ToSequence());
        json.Items("parts", hours.Hours, part =>
        {
            json.WriteString("from", JsonPart.Text(part.From));
            json.WriteString("until", JsonPart.Text(part.Until));
        });
        json.WriteEndObject();
    }
}
