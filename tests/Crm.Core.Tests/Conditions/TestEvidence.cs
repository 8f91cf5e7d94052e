using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>A customer of region HK who is gold until an instant, has 120 points, and otherwise what the history says.</summary>
internal sealed record TestEvidence : IEvidence
{
    private static readonly DayCalendars Calendars = new(new ListedDays("holidays", new LocalDate(2026, 1, 1), new LocalDate(2026, 12, 31), [new LocalDate(2026, 3, 2)]));

    public TestEvidence(Moment moment) => Moment = moment with { Calendars = Calendars };

    public Moment Moment { get; }

    public static Instant TierEnds { get; } = Arbitrary.Start + Duration.FromHours(6);

    public List<(CustomerEvent Event, Instant At)> History { get; init; } = [];

    public CustomerEvent? Event { get; init; }

    public Scalar Field(string name) => Event is null ? default : EventFields.ReadScoped(Event, name);

    public bool Observed(Condition.Field leaf) => leaf.Is.Holds(Observed(leaf.Name["customer.".Length..]), leaf.WhenMissing);

    public Scalar Observed(string field) => field switch
    {
        "region" => "HK",
        "zone" => "Asia/Tokyo",
        "joined" => new LocalDate(2026, 2, 1),
        _ => default(Scalar),
    };

    public Scalar Fact(string name, out Instant? validUntil)
    {
        validUntil = name == "loyalty.tier" && Moment.Instant < TierEnds ? TierEnds : null;
        return name switch
        {
            "loyalty.tier" when Moment.Instant < TierEnds => "gold",
            "loyalty.points" => 120,
            _ => default(Scalar),
        };
    }

    public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
}
