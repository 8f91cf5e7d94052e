using System.Globalization;
using Crm.Events;
using Crm.Values;

namespace Crm.Customers.Timelines;

/// <summary>Sentences for timelines: the host's first, then the built-in ones. Only codes, amounts and dates go into them; the journal has nothing else.</summary>
public sealed class TimelineTexts
{
    /// <summary>The host's sentence for an event; null where it has none.</summary>
    public Func<CustomerEvent, Text?>? OfEvent { get; init; }

    /// <summary>The host's sentence for a line of a receipt, such as another package's describer; null where it has none.</summary>
    public Func<ReceiptLine, Text?>? OfLine { get; init; }

    /// <summary>The sentence for an event.</summary>
    public Text Describe(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return OfEvent?.Invoke(happened) ?? BuiltIn(happened);
    }

    /// <summary>The sentence for a line of a receipt.</summary>
    public Text Describe(ReceiptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Text is { } own)
        {
            return own;
        }

        if ((OfLine?.Invoke(line) ?? EngineTexts.Describe(line)) is { } text)
        {
            return text;
        }

        var amount = line.Unit is null ? "" : $" {line.Amount.ToString("+0;-0;0", CultureInfo.InvariantCulture)} {line.Unit}";
        var subject = line.Subject is null ? "" : $" ({line.Subject})";
        return new($"{line.Module}: {line.Code}{amount}{subject}.", $"{line.Module}：{line.Code}{amount}{subject}。");
    }

    private static Text BuiltIn(CustomerEvent happened)
    {
        var articles = happened.Lines.Count;
        var where = happened.Channel is { } channel ? new Text($" ({channel})", $"（{channel}）") : new Text("", "");
        return happened.Kind switch
        {
            EventKinds.PurchaseName => new(
                $"Bought for {happened.Spend}{(articles == 0 ? "" : articles == 1 ? ", 1 article" : $", {articles} articles")}{where.English}.",
                $"購物 {happened.Spend}{(articles == 0 ? "" : $"，共 {articles} 項")}{where.Chinese}。"),
            EventKinds.RefundName => new($"Was refunded {happened.Spend}{where.English}.", $"獲退款 {happened.Spend}{where.Chinese}。"),
            EventKinds.CancellationName => new($"{happened.Original} was cancelled.", $"取消了 {happened.Original}。"),
            EventKinds.SupplyExhaustedName => new("Something was due of which nothing was left.", "到期的項目已無餘額可派。"),
            EventKinds.ProfileObservedName => new("The profile was found changed.", "發現個人檔案有變。"),
            EventKinds.MergedName => new($"Became one with another customer{where.English}.", $"與另一位客人的資料合併{where.Chinese}。"),
            EventKinds.ErasedName => new($"Was forgotten{where.English}; the books stay.", $"身分資料已刪除{where.Chinese}，帳目保留。"),
            MessageOutcomes.Sent => Message(happened, "was sent", "已發出"),
            MessageOutcomes.Failed => Message(happened, "could not be sent", "未能發出"),
            MessageOutcomes.Refused => Message(happened, "was held back", "不獲准發出"),
            MessageOutcomes.Stale => Message(happened, "came too late to be sent", "已過時，不再發出"),
            MessageOutcomes.Delivered => Message(happened, "arrived", "已送達"),
            MessageOutcomes.Opened => Message(happened, "was opened", "已開啟"),
            MessageOutcomes.Bounced => Message(happened, "came back", "被退回"),
            CustomerEvents.ProfileChanged => new("The profile was updated.", "更新了個人檔案。"),
            CustomerEvents.IdentityAdded => new("Another way to recognise the customer was added.", "新增了識別客戶的方式。"),
            CustomerEvents.TagAdded => new($"The tag “{happened.Fields[CustomerEvents.TagField]}” was put on.", $"加上了標籤「{happened.Fields[CustomerEvents.TagField]}」。"),
            CustomerEvents.TagRemoved => new($"The tag “{happened.Fields[CustomerEvents.TagField]}” was taken off.", $"移除了標籤「{happened.Fields[CustomerEvents.TagField]}」。"),
            var kind => new($"{kind}{where.English}.", $"{kind}{where.Chinese}。"),
        };
    }

    private static Text Message(CustomerEvent outcome, string english, string chinese)
    {
        var name = outcome.Fields["template"].AsCode ?? outcome.Fields["occasion"].AsCode ?? "";
        var by = outcome.Fields["channel"].AsCode is { } channel ? new Text($" by {channel}", $"（{channel}）") : new Text("", "");
        var why = outcome.Fields["reason"].AsCode is { } reason ? new Text($": {reason}", $"：{reason}") : new Text("", "");
        return new($"The message “{name}”{by.English} {english}{why.English}.", $"訊息「{name}」{by.Chinese}{chinese}{why.Chinese}。");
    }
}
