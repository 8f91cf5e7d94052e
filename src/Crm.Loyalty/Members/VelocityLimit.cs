using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Members;

/// <summary>
/// How often something may happen to one customer: more requests are refused, more happenings earn nothing. Refused requests are not counted, and what a refund took back wholly is not either.
/// </summary>
public sealed record VelocityLimit
{
    /// <summary>Its name within the programme; the receipt and the refusal name it.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of event, such as "points.redeem" or "purchase".</summary>
    public required string Kind { get; init; }

    /// <summary>The most; 1 or more.</summary>
    public required int Most { get; init; }

    /// <summary>The time that ends with the event, and that the most is of; more than 0, at most 3,660 days.</summary>
    public required Duration Within { get; init; }

    /// <summary>True when there are more than the most, the event itself among them, where a programme looks. Requests are to the programme that they name, wherever they are made; one that names none, as where there is only one, counts in all.</summary>
    internal Condition ExceededIn(string program, EarningScope scope) => new Condition.EventWindow(Kind, new Measure.Count(), new Window.Last(Within), new Test.MoreThan(Most))
    {
        Where = LoyaltyModule.Asks.Contains(Kind) ? new Condition.Field("event.program", new Test.EqualTo(program), WhenMissing: true) : scope.AsFilter(),
    };
}
