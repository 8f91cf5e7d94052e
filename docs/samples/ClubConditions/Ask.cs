using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace ClubConditions;

/// <summary>What a tea club asks about its customers.</summary>
public static class Ask
{
    // snippet: conditions
    /// <summary>Three purchases in 90 days, in Hong Kong.</summary>
    public static Condition Regular { get; } =
        If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3) & If.Field("customer.region").Is("HK");

    /// <summary>Used to buy, and has not for 60 days: true at the very instant at which the 60 days are over.</summary>
    public static Condition Silent { get; } = If.Purchases().Stopped(Duration.FromDays(60));

    /// <summary>Bought tea, and a pot within the 14 days that followed.</summary>
    public static Condition TeaThenPot { get; } =
        If.Purchases().Where(If.Field("line.category").Is("tea")).Then(new Step(new EventPattern("purchase") { Where = If.Field("line.sku").Is("pot") }) { Within = Duration.FromDays(14) }).Happened;

    /// <summary>A birthday in the next seven days, by the customer's own calendar.</summary>
    public static Condition BirthdaySoon { get; } =
        If.Field("customer.birthday").HasAnniversary(new CalendarZone.Customer("customer.zone", "Asia/Hong_Kong"), daysBefore: 7);

    /// <summary>Nothing with milk among what was bought this year; false of those who bought nothing.</summary>
    public static Condition NoMilk { get; } =
        If.Purchases().This(CalendarPeriod.Year, "Asia/Hong_Kong").Unique("line.sku").NoneOf("milk-tea", "latte");

    /// <summary>A segment is a condition with a name: what it means and why somebody is in it can be asked.</summary>
    public static Segment Regulars { get; } = new() { Id = "regulars", Label = new Text("Regulars", "常客"), Where = Regular & !Silent };
    // end

    /// <summary>All of them, for the test that holds docs/conditions.md to them.</summary>
    public static Sequence<Condition> All { get; } = [Regular, Silent, TeaThenPot, BirthdaySoon, NoMilk];
}
