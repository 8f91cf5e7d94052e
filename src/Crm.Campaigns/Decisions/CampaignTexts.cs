using Crm.Campaigns.Journeys;
using Crm.Events;
using Crm.Values;

namespace Crm.Campaigns.Decisions;

/// <summary>Sentences for people, in English and in Traditional Chinese as written in Hong Kong. Receipts keep codes; the sentence is made when somebody reads.</summary>
public static class CampaignTexts
{
    /// <summary>The sentence of one of the module's receipt lines, or of the reason that is part of one; of a line with a text of its own, that text.</summary>
    /// <exception cref="ArgumentException">The line is another module's, or says of a message that it is suppressed and not why.</exception>
    public static Text Describe(ReceiptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Text is { } own)
        {
            return own;
        }

        var journey = CampaignNames.JourneyOf(line.Subject ?? "");
        return (line.Module, line.Code) switch
        {
            (CampaignNames.Module, LineCodes.Decided) => new($"A message of journey '{journey}' will be sent.", $"將發出旅程「{journey}」的訊息。"),
            (CampaignNames.Module, LineCodes.Suppressed) when line.Parts is [var reason, ..] => Because($"Journey '{journey}' sends nothing", $"旅程「{journey}」不發訊息", reason.Code),
            (CampaignNames.Module, not (LineCodes.Decided or LineCodes.Suppressed)) => Reason(line.Code),
            _ => throw new ArgumentException($"'{line.Module}/{line.Code}' is no line of the campaigns module; its codes are those of {nameof(LineCodes)}.", nameof(line)),
        };
    }

    /// <summary>What a reason says, as a sentence.</summary>
    public static Text Reason(string code) => code switch
    {
        Reasons.Condition => new("The condition of the journey did not hold.", "不符合旅程的條件。"),
        Reasons.JourneyCap => new("A cap of the journey left no room.", "已達該旅程的發送上限。"),
        Reasons.ChannelCap => new("A cap of the channel left no room.", "已達該渠道的發送上限。"),
        Reasons.QuietHours => new("It was decided in quiet hours.", "決定時為寧靜時段。"),
        Reasons.QuietTooLong => new("The quiet hours last longer than the message is of use.", "寧靜時段結束時訊息已過時效。"),
        Reasons.SentBefore => new("A message for it has left before history was known as it is now.", "已就同一事發出訊息，其後記錄有所更正。"),
        Reasons.Gate => new("The gate refused.", "把關規則拒絕發送。"),
        Reasons.HeldOut => new("The customer is in an arm of the experiment that gets nothing.", "客人屬實驗的對照組，不發訊息。"),
        Reasons.HeldOutOfAll => new("The customer is held out of all campaigns for comparison.", "客人屬全體推廣的對照組，不發訊息。"),
        Reasons.ValueMissing => new("A value that the template needs was missing.", "缺少範本所需的資料。"),
        Reasons.NoTemplate => new("There is no such template.", "沒有該範本。"),
        _ => new($"The gate refused with '{code}'.", $"把關規則拒絕發送（{code}）。"),
    };

    internal static Text Because(string english, string chinese, string code)
    {
        var reason = Reason(code);
        return new($"{english}: {char.ToLowerInvariant(reason.English[0])}{reason.English[1..]}", $"{chinese}：{reason.Chinese}");
    }

    internal static Text Describe(Cap cap) => cap switch
    {
        Cap.PerDay => new($"{cap.Most} a day", $"每日 {cap.Most} 則"),
        Cap.Rolling { Length: var length } => new($"{cap.Most} in {Lengths.Write(length)}", $"{Lengths.Write(length)} 內 {cap.Most} 則"),
        _ => throw new InvalidOperationException($"There is no text for the cap {cap.GetType().Name}."),
    };
}
