// snippet: rule
using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Rules;
using NodaTime;
using NodaTime.Text;

namespace HappyHour;

/// <summary>Points for every article of a category that is bought in the happy hour, by the clock of the programme's zone.</summary>
public sealed record HappyHourRule : IJsonEarningRule
{
    public required string Name { get; init; }

    // Counts up whenever the same purchase would earn otherwise; the old code stays beside the new.
    public int Version => 1;

    public string Kind => HappyHours.Name;

    public EarningTerms Terms { get; init; } = EarningTerms.Usual;

    public required string Unit { get; init; }

    public required long Points { get; init; }

    public required string Category { get; init; }

    public required DayPart Hours { get; init; }

    public IEnumerable<Earning> Evaluate(EarningContext context)
    {
        if (!Hours.Contains(context.Moment.Local.TimeOfDay))
        {
            return [];
        }

        var drinks = (long)context.Event.Lines.Where(line => line.Category == Category && line.Amount.MinorUnits > 0).Sum(line => line.Quantity);
        return drinks == 0 ? [] : [new Earning(Unit, Points * drinks) { CountedOn = new CountedOn(articles: drinks) }];
    }

    // What is written here is part of the programme's hash.
    public void WriteSettings(Utf8JsonWriter json)
    {
        json.WriteString("unit", Unit);
        json.WriteNumber("points", Points);
        json.WriteString("category", Category);
        json.WriteString("from", HappyHours.Time.Format(Hours.From));
        json.WriteString("until", HappyHours.Time.Format(Hours.Until));
    }
}
// end

// snippet: kind
/// <summary>How programmes in JSON name the rule, and how it is read.</summary>
public static class HappyHours
{
    public const string Name = "happy-hour";

    internal static readonly LocalTimePattern Time = LocalTimePattern.CreateWithInvariantCulture("HH:mm");

    public static EarningRuleKind Kind { get; } = new(Name, [1], Read);

    private static HappyHourRule Read(RuleSettings settings)
    {
        settings.Allow("unit", "points", "category", "from", "until");
        return new HappyHourRule
        {
            Name = settings.Name,
            Terms = settings.Terms,
            Unit = settings.Text("unit"),
            Points = settings.Whole("points"),
            Category = settings.Text("category"),
            Hours = new DayPart(TimeOf(settings, "from"), TimeOf(settings, "until")),
        };
    }

    private static LocalTime TimeOf(RuleSettings settings, string name)
    {
        if (Time.Parse(settings.Text(name)) is { Success: true, Value: var time })
        {
            return time;
        }

        settings.Errors.Add(new(name, "A time of day such as '17:00' is expected."));
        return default;
    }
}
// end
