using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Experiments;

/// <summary>What an experiment showed, as of an instant.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="AsOf">As of when; what came or was taken back later is not in it.</param>
/// <param name="Shares">Whether the arms have the sizes that were asked for. Where not, no effect is to be believed.</param>
/// <param name="Arms">The arms, in the order of the question.</param>
/// <param name="Elsewhere">How many people are in arms that the question does not name.</param>
public sealed record ExperimentReport(ExperimentQuestion Question, Instant AsOf, ShareCheck Shares, Sequence<ArmResult> Arms, int Elsewhere)
{
    /// <summary>How many customers are left out because events that tell of the instant have been disposed of: nobody knows whether they took part.</summary>
    public int Disposed { get; init; }

    /// <summary>The arm that the others are compared with.</summary>
    public ArmResult Control => Arms.First(arm => arm.Arm == Question.Control);
}

/// <summary>What the people of one arm did; everybody who was exposed counts, whatever became of the message.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Converted">How many of how many people reached the goal.</param>
/// <param name="Orders">The events with which they reached it, by their keys: the orders that revenue is of.</param>
/// <param name="Revenue">What they spent in doing so, net.</param>
/// <param name="Cost">What was spent on them, without what is fixed.</param>
/// <param name="Crossed">How many have seen another arm too, because they were merged; they count here.</param>
/// <param name="Open">How many are still within the window, so that more may come.</param>
public sealed record ArmResult(string Arm, Rate Converted, Sequence<EventKey> Orders, decimal Revenue, decimal Cost, int Crossed, int Open)
{
    /// <summary>The effect on the rate, against the control; null for the control, and where either has nobody.</summary>
    public RateEffect? Effect { get; init; }

    /// <summary>Revenue and cost against the control: the effect on the mean, return and incremental return; null for the control, and where either has fewer than two people.</summary>
    public ReturnOnSpend? Return { get; init; }
}
