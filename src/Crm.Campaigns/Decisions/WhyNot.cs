using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>Why a customer has no message from a journey, as of the view's moment. Holds codes and sentences, no value of the profile.</summary>
/// <param name="Journey">The journey.</param>
/// <param name="Findings">What was found: where the journey stands, what was decided last, what stands against a message now. There is always one.</param>
public sealed record WhyNot(string Journey, Sequence<Finding> Findings)
{
    /// <summary>The sentences, one a line.</summary>
    public string In(Language language) => string.Join("\n", Findings.Select(finding => finding.Text.In(language)));

    internal static WhyNot Explain(CampaignPlan plan, ISendGate? gate, string journey, CustomerView customer)
    {
        var now = customer.Moment;
        var standing = customer.Slot<CampaignState>(CampaignNames.Module).In(journey);
        if (plan.Journeys.At(journey, now.Instant) is not { } definition)
        {
            return new WhyNot(journey, [new Finding("not-active", new("The journey has not begun to count.", "旅程尚未生效。"))]);
        }

        if (definition.Value.Ended)
        {
            return new WhyNot(journey, [new Finding("ended", new("The journey has been ended.", "旅程已結束。")), .. Last(standing, now)]);
        }

        return new WhyNot(journey, Stand(definition, standing, now).Concat(Last(standing, now)).Concat(Against(plan, gate, definition.Value, customer)).ToSequence());
    }

    private static IEnumerable<Finding> Stand(Definition<Journey> definition, JourneyStanding standing, Moment now)
    {
        switch (definition.Value.Trigger)
        {
            case Trigger.OnEvent on when standing.Last is null:
                yield return new("never-begun", new($"No event '{on.Kind}' has begun it{(on.Where is null ? "" : $" ({Conditions.Explain.Describe(on.Where).English})")}.", $"未有「{on.Kind}」事件觸發{(on.Where is null ? "" : $"（{Conditions.Explain.Describe(on.Where).Chinese}）")}。"));
                break;
            case Trigger.OnEcho on when standing.Last is null:
                yield return new("never-begun", new($"'{on.Kind}' has not come with what the journey asks for.", $"未有符合要求的「{on.Kind}」。"));
                break;
            case Trigger.WhenSilent silent when standing.Anchor is null:
                yield return new("no-anchor", new($"There is no '{silent.After}' from which a silence could count.", $"未有「{silent.After}」可作靜默的起點。"));
                break;
            case Trigger.WhenSilent when standing.Due is null:
                yield return new("all-thresholds-passed", new("All thresholds of this silence are behind; the next event begins anew.", "是次靜默的門檻已全部過去，待下次事件重新計算。"));
                break;
            case Trigger.OnBirthday when standing.Day == 0:
                yield return new("no-birthday", new("No day of the year is known of the customer.", "未有客人的日期資料。"));
                break;
            case Trigger.WhenSilent or Trigger.OnBirthday when standing.Due is { } due:
                yield return new("waits", new($"It waits until {Local(due, now)}.", $"等待至 {Local(due, now)}。"));
                break;
        }
    }

    private static IEnumerable<Finding> Last(JourneyStanding standing, Moment now)
    {
        if (standing.Last is { Reason: { } reason, At: var suppressed })
        {
            yield return new($"last.{reason}", CampaignTexts.Because($"Last time, at {Local(suppressed, now)}, nothing was sent", $"上次（{Local(suppressed, now)}）沒有發出", reason));
        }
        else if (standing.Last is { At: var decided })
        {
            yield return new("last.decided", new($"Last time, at {Local(decided, now)}, a message was decided.", $"上次（{Local(decided, now)}）已決定發出訊息。"));
            foreach (var (code, english, chinese) in Outcomes.Where(outcome => standing.Count(outcome.Code) > 0))
            {
                yield return new($"outcome.{code}", new($"{standing.Count(code)} {english}.", $"{standing.Count(code)} 則{chinese}。"));
            }
        }
    }

    private static readonly (string Code, string English, string Chinese)[] Outcomes =
    [
        ("sent", "sent so far", "已發出"), ("refused", "refused by the gate when it was to leave", "臨發出時被拒"), ("failed", "failed at the channel", "在渠道失敗"),
        ("stale", "came too late to be of use", "已過時效"), ("bounced", "came back", "被退回"),
    ];

    private static IEnumerable<Finding> Against(CampaignPlan plan, ISendGate? gate, Journey journey, CustomerView customer)
    {
        if (journey.When is { } when)
        {
            var text = Conditions.Explain.Describe(when);
            yield return !ViewEvidence.CanAnswer(when) ? new("condition", new($"It asks, when it begins: {text.English}.", $"觸發時須符合：{text.Chinese}。"))
                : Evaluator.Evaluate(when, new ViewEvidence(customer)).Value ? new("condition-met", new($"Its condition holds now: {text.English}.", $"現時符合條件：{text.Chinese}。"))
                : new(Reasons.Condition, new($"Its condition does not hold now: {text.English}.", $"現時不符合條件：{text.Chinese}。"));
        }

        var message = journey.MessageAt(customer.Moment.Instant, "?") with { NotBefore = plan.QuietAt(journey, customer.Moment, customer.Observed)?.Until };
        if (gate?.AskAtDecision(message, new ViewEvidence(customer)) is { MayLeave: false } refusal)
        {
            yield return new(refusal.Reason ?? Reasons.Gate, CampaignTexts.Because("Now nothing may be sent", "現時不可發送", refusal.Reason ?? Reasons.Gate));
        }

        var state = customer.Slot<CampaignState>(CampaignNames.Module);
        if (plan.EveryoneFor(journey, customer.Moment) is { } everyone && state.ArmIn(everyone, customer.Customer).HoldsOut)
        {
            yield return new(Reasons.HeldOutOfAll, CampaignTexts.Because("Now nothing may be sent", "現時不可發送", Reasons.HeldOutOfAll));
        }

        if (CampaignPlan.ExperimentOf(journey, customer.Moment.Instant) is { } experiment && state.ArmIn(experiment, customer.Customer) is var arm)
        {
            yield return arm.HoldsOut
                ? new(Reasons.HeldOut, CampaignTexts.Because($"Experiment '{experiment.Id}' sends nothing", $"實驗「{experiment.Id}」不發訊息", Reasons.HeldOut))
                : new("arm", new($"In experiment '{experiment.Id}' the customer is in the arm '{arm.Name}'.", $"客人在實驗「{experiment.Id}」屬「{arm.Name}」組。"));
        }

        if (message.NotBefore is { } from)
        {
            yield return from > message.UsefulUntil
                ? new(Reasons.QuietTooLong, CampaignTexts.Because("Now nothing may be sent", "現時不可發送", Reasons.QuietTooLong))
                : new(Reasons.QuietHours, new($"Now it is quiet; what is decided leaves at {Local(from, customer.Moment)} or after.", $"現時為寧靜時段；決定的訊息 {Local(from, customer.Moment)} 起才會發出。"));
        }

        var counted = state.Reservations.Where(reservation => reservation.Counts).ToList();
        if (message.Purpose != JourneyMessage.Service && Frequency.ReasonAgainst(plan, journey, counted, message.NotBefore ?? message.DecidedAt, message.UsefulUntil + Frequency.Slack, customer.Moment.Zone) is { } cap)
        {
            var caps = (cap == Reasons.JourneyCap ? journey.Caps : plan.CapsOf(journey.Message.Channel)).Select(CampaignTexts.Describe).ToList();
            yield return new(cap, CampaignTexts.Because($"Now nothing may be sent ({string.Join(", ", caps.Select(text => text.English))})", $"現時不可發送（{string.Join("、", caps.Select(text => text.Chinese))}）", cap));
        }
    }

    private static string Local(Instant instant, Moment now) =>
        instant.InZone(now.Zone).LocalDateTime.ToString("uuuu-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One thing found.</summary>
/// <param name="Code">A stable code, such as "no-anchor", "waits" or a reason.</param>
/// <param name="Text">The sentence.</param>
public sealed record Finding(string Code, Text Text);
