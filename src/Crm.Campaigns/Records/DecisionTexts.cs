using System.Globalization;
using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Records;

/// <summary>The sentences about decisions, in English and in Traditional Chinese as written in Hong Kong.</summary>
internal static class DecisionTexts
{
    /// <summary>What became of a decision and why.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="journey">The version that decided; null where the host does not have it any more.</param>
    /// <param name="moment">As of when, and in which zone days are named.</param>
    public static Text Of(CampaignDecision decision, Journey? journey, Moment moment)
    {
        var (name, at, cause) = ($"'{decision.Journey}' (version {decision.Version})", Local(decision.DecidedAt, moment), Cause(decision, journey));
        var zh = $"「{decision.Journey}」（第 {decision.Version} 版）";
        var settled = Local(decision.SettledAt ?? decision.DecidedAt, moment);
        var later = Local(decision.NotBefore ?? decision.DecidedAt, moment);
        var text = decision.Status switch
        {
            DecisionStatus.Sent => new Text($"At {settled} a message of journey {name} was sent, because {cause.English}.", $"{settled} 發出了旅程{zh}的訊息，因為{cause.Chinese}。"),
            DecisionStatus.Waiting => new Text($"At {at} a message of journey {name} was decided, because {cause.English}; it has not left yet.", $"{at} 決定發出旅程{zh}的訊息，因為{cause.Chinese}；尚未發出。"),
            DecisionStatus.Deferred => new Text($"At {at} a message of journey {name} was decided, because {cause.English}; it leaves at {later} or after.", $"{at} 決定發出旅程{zh}的訊息，因為{cause.Chinese}；{later} 起才會發出。"),
            DecisionStatus.Withdrawn => new Text($"At {at} a message of journey {name} was decided, because {cause.English}; it was withdrawn before it left.", $"{at} 決定發出旅程{zh}的訊息，因為{cause.Chinese}；發出前已撤回。"),
            DecisionStatus.Silent => new Text($"As of {at} journey {name} would have sent a message, because {cause.English}; that was history which was imported, and nothing was sent.", $"截至 {at}，旅程{zh}本應發出訊息，因為{cause.Chinese}；由於是匯入的歷史，沒有發出。"),
            DecisionStatus.Lost => Because($"At {at} journey {name} began, because {cause.English}; nothing was sent, since '{decision.LostTo}' mattered more", $"{at} 旅程{zh}開始，因為{cause.Chinese}；沒有發出訊息，因為「{decision.LostTo}」優先", decision.Reason),
            DecisionStatus.Failed => Because($"At {settled} a message of journey {name} could not be delivered to its channel", $"{settled} 旅程{zh}的訊息無法交予渠道", decision.Reason),
            DecisionStatus.Stale => new Text($"A message of journey {name}, decided at {at}, came too late to be of use and was not sent.", $"旅程{zh}於 {at} 決定的訊息已過時效，沒有發出。"),
            _ => Because($"At {settled} journey {name}, which began because {cause.English}, sent nothing", $"{settled} 旅程{zh}（因為{cause.Chinese}）沒有發出訊息", decision.Reason),
        };
        return decision is { IsCauseGone: true, Status: not DecisionStatus.Withdrawn }
            ? new Text($"{text.English} What it was decided for was taken back afterwards.", $"{text.Chinese}其後相關事件已被取消。")
            : text;
    }

    private static Text Because(string english, string chinese, string? reason) => CampaignTexts.Because(english, chinese, reason ?? Reasons.Gate);

    // What stands after the journey's name in an occasion is what began it.
    private static Text Cause(CampaignDecision decision, Journey? journey)
    {
        var what = decision.Occasion[Math.Min(decision.Journey.Length + 1, decision.Occasion.Length)..];
        var colon = what.LastIndexOf(':');
        var (happened, number) = colon > 0 ? (what[..colon], what[(colon + 1)..]) : (what, "");
        return journey?.Trigger switch
        {
            Trigger.OnEvent on => new Text($"of '{on.Kind}' {what}", $"「{on.Kind}」{what}"),
            Trigger.OnEcho on when what.StartsWith('#') => new Text($"'{on.Kind}' came with the passing of time ({what})", $"「{on.Kind}」隨時間發生（{what}）"),
            Trigger.OnEcho on => new Text($"'{on.Kind}' followed from {what}", $"{what} 帶來「{on.Kind}」"),
            Trigger.WhenSilent silent => new Text($"{number} days had passed since '{silent.After}' {happened}", $"距離「{silent.After}」{happened} 已有 {number} 日"),
            Trigger.OnBirthday => new Text($"it was the day of the year that the customer is greeted on ({number})", $"是客人每年收到祝賀的日子（{number}）"),
            _ => new Text($"of {what}", $"{what}"),
        };
    }

    private static string Local(Instant instant, Moment moment) => instant.InZone(moment.Zone).LocalDateTime.ToString("uuuu-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
