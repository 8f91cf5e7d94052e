using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>Challenges of a programme as JSON.</summary>
internal static class ChallengeJson
{
    private static readonly (string, Recurrence)[] Recurrences = [("once", Recurrence.Once), ("next-period", Recurrence.NextPeriod), ("on-completion", Recurrence.OnCompletion)];
    private static readonly (string, GoalMeasure)[] Measures = [("events", GoalMeasure.Events), ("articles", GoalMeasure.Articles), ("money", GoalMeasure.Money)];
    private static readonly (string, CalendarUnit?)[] Units = [("none", null), ("year", CalendarUnit.Year), ("half-year", CalendarUnit.HalfYear), ("quarter", CalendarUnit.Quarter), ("month", CalendarUnit.Month), ("week", CalendarUnit.Week), ("day", CalendarUnit.Day)];
    private static readonly (string, IsoDayOfWeek)[] Days = [.. Enum.GetValues<IsoDayOfWeek>().Where(day => day != IsoDayOfWeek.None).Select(day => (day.ToString().ToLowerInvariant(), day))];

    public static Challenge Read(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "goals", "period", "weekStart", "consecutive", "freezes", "byJoining", "recurrence", "from", "until", "keepsAchieved", "award");
        return new Challenge
        {
            Name = json.Text("name") ?? "",
            Goals = json.Items("goals", required: true).Select(goal => Goal(goal, code)).ToSequence(),
            Period = json.OneOf("period", Units),
            WeekStart = json.OneOf("weekStart", Days),
            Consecutive = json.Int("consecutive") ?? 1,
            Freezes = json.Int("freezes") ?? 0,
            ByJoining = json.Flag("byJoining"),
            Recurrence = json.OneOf("recurrence", Recurrences),
            From = json.Instant("from"),
            Until = json.Instant("until"),
            KeepsAchieved = json.Flag("keepsAchieved"),
            Award = json.Items("award").Select(RewardJson.Amount).ToSequence(),
        };
    }

    public static void Write(Utf8JsonWriter json, Challenge challenge)
    {
        json.WriteString("name", challenge.Name);
        json.Items("goals", challenge.Goals, goal =>
        {
            json.WriteString("name", goal.Name);
            json.Unless("on", goal.On, EventKinds.PurchaseName);
            json.Unless("measure", Measures, goal.Measure);
            if (goal.Kind is { } kind)
            {
                json.Part("kind", () =>
                {
                    json.WriteString("name", kind.Name);
                    json.WriteNumber("version", kind.Version);
                });
            }

            if (goal.Measure == GoalMeasure.Money && goal.Currency is { } currency)
            {
                json.WriteString("target", new Money(goal.Target, currency).ToString());
            }
            else
            {
                json.WriteNumber("target", goal.Target);
            }

            if (goal.Lines != EarningBasis.AllLines)
            {
                RuleJson.Lines(json, "lines", goal.Lines);
            }

            json.If("when", goal.When);
        });
        json.Unless("period", Units, challenge.Period);
        json.Unless("weekStart", Days, challenge.WeekStart);
        json.Unless("consecutive", challenge.Consecutive, 1);
        json.Unless("freezes", challenge.Freezes, 0);
        json.If("byJoining", challenge.ByJoining);
        json.Unless("recurrence", Recurrences, challenge.Recurrence);
        json.If("from", challenge.From);
        json.If("until", challenge.Until);
        json.If("keepsAchieved", challenge.KeepsAchieved);
        json.Items("award", challenge.Award, award => RewardJson.Write(json, award));
    }

    private static ChallengeGoal Goal(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "on", "measure", "kind", "target", "lines", "when");
        var measure = json.OneOf("measure", Measures);
        var money = measure == GoalMeasure.Money ? json.Money("target") : default;
        return new ChallengeGoal(json.Text("name") ?? "", measure == GoalMeasure.Money ? money.MinorUnits : json.Whole("target", required: true) ?? 0)
        {
            On = json.Has("on") ? json.Text("on") ?? "" : EventKinds.PurchaseName,
            Measure = measure,
            Kind = json.Part("kind") is { } kind ? Kind(kind, code) : null,
            Currency = measure == GoalMeasure.Money && money.Currency != default ? money.Currency : null,
            Lines = RuleJson.Lines(json, "lines"),
            When = json.Condition("when"),
        };
    }

    private static IGoalKind? Kind(JsonPart json, LoyaltyCode code)
    {
        json.Allow("name", "version");
        var (name, version) = (json.Text("name"), json.Whole("version", required: true));
        var found = code.GoalKinds.FirstOrDefault(kind => kind.Name == name && kind.Version == version);
        if (found is null)
        {
            var known = code.GoalKinds.IsEmpty ? "none" : string.Join(", ", code.GoalKinds.Select(kind => $"{kind.Name} version {kind.Version}"));
            json.Wrong("name", $"No kind of goal in code is named '{name}' with version {version}. There are: {known}.");
        }

        return found;
    }
}
