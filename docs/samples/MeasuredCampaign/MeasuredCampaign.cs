using Crm;
using Crm.Analytics.Experiments;
using Crm.Campaigns;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Engine;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace MeasuredCampaign;

/// <summary>A campaign that is measured: a tenth of its people hold still, and the others get one of two letters.</summary>
public static class Measured
{
    // snippet: spread
    /// <summary>Who gets which letter, from the first of March on; the id spreads them, and nothing else.</summary>
    public static Experiment SpringLetters { get; } = new("spring-letters",
    [
        new Arm("control", 10) { HoldsOut = true },
        new Arm("letter", 45),
        new Arm("picture", 45) { Template = "miss-you-picture" },
    ])
    {
        From = Instant.FromUtc(2026, 3, 1, 0, 0),
    };

    /// <summary>The journey, for regulars who have not bought for a month.</summary>
    public static Journey WakeUp { get; } = new()
    {
        Id = "wake-up",
        Trigger = new Trigger.WhenSilent("purchase", [30]),
        When = If.Fact("segment.regulars").Is(true),
        Message = new JourneyMessage("email", "miss-you", "marketing", Duration.FromDays(3)),
        Experiment = SpringLetters,
    };

    /// <summary>Beside it, one customer of twenty hears of nothing for a quarter.</summary>
    public static void Configure(CrmBuilder crm) => crm.AddCampaigns(campaigns => campaigns
        .Journey(WakeUp)
        .HoldOut(new Holdout("everyone", HeldOut: 5, Of: 100, CalendarPeriod.Quarter) { From = Instant.FromUtc(2026, 3, 31, 16, 0) }));

    // end

    // snippet: ask
    /// <summary>What is asked, decided on before the first letter leaves.</summary>
    public static ExperimentQuestion Question { get; } = new()
    {
        Experiment = SpringLetters.Id,
        Arms = SpringLetters.Arms.Select(arm => new ExpectedArm(arm.Name, arm.Share)).ToSequence(),
        Control = "control",
        Goal = new ExperimentGoal("purchase", Duration.FromDays(14), Currency.Hkd),
        Costs = new ExperimentCosts
        {
            PerMessage = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["email"] = 0.05m },
            PerUnit = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["points"] = 0.01m },
            PerEvent = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["coupon.used"] = 20 },
            Fixed = 3_000,
        },
    };

    /// <summary>The answer, in the language of whoever asks.</summary>
    public static async Task<IReadOnlyList<string>> AnswerAsync(CrmEngine crm, IJournalScan store, Instant asOf, Language language)
    {
        var report = await ExperimentReading.ReadAsync(crm, Question, asOf, store);
        return [.. ExperimentTexts.Describe(report).Select(text => text.In(language))];
    }

    // end
}
