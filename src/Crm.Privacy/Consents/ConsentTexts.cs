using Crm.Values;

namespace Crm.Privacy.Consents;

/// <summary>Codes and sentences of the module's receipt lines.</summary>
public static class ConsentTexts
{
    /// <summary>A consent was given; the subject is "channel.purpose", or "channel.purpose.brand".</summary>
    public const string GivenLine = "consent-given";

    /// <summary>A consent was given again.</summary>
    public const string RenewedLine = "consent-renewed";

    /// <summary>A consent was refused.</summary>
    public const string RefusedLine = "consent-refused";

    /// <summary>A consent was withdrawn.</summary>
    public const string WithdrawnLine = "consent-withdrawn";

    internal static string CodeOf(ConsentState state) => state switch
    {
        ConsentState.Given => GivenLine,
        ConsentState.RenewedGiven => RenewedLine,
        ConsentState.Refused => RefusedLine,
        ConsentState.Withdrawn => WithdrawnLine,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state after an answer is expected."),
    };

    internal static Text Sentence(Consent consent, Text purpose)
    {
        var channel = ChannelName(consent.Channel);
        var (of, by) = consent.Brand is { } brand ? ($" of “{brand}”", $"「{brand}」") : ("", "");
        return consent.State switch
        {
            ConsentState.Given => new($"Agreed to “{purpose.English}”{of} by {channel.English}.", $"同意{by}以{channel.Chinese}作「{purpose.Chinese}」。"),
            ConsentState.RenewedGiven => new($"Agreed again to “{purpose.English}”{of} by {channel.English}.", $"再次同意{by}以{channel.Chinese}作「{purpose.Chinese}」。"),
            ConsentState.Refused => new($"Declined “{purpose.English}”{of} by {channel.English}.", $"拒絕{by}以{channel.Chinese}作「{purpose.Chinese}」。"),
            ConsentState.Withdrawn => new($"Opted out of “{purpose.English}”{of} by {channel.English}.", $"要求{by}停止以{channel.Chinese}作「{purpose.Chinese}」。"),
            _ => throw new ArgumentOutOfRangeException(nameof(consent), consent.State, "A state after an answer is expected."),
        };
    }

    /// <summary>What people call a channel; a channel of the host's own is called by its name.</summary>
    public static Text ChannelName(string channel) => channel switch
    {
        "email" => new("e-mail", "電郵"),
        "sms" => new("SMS", "短訊"),
        "phone" => new("telephone", "電話"),
        "post" => new("post", "郵寄"),
        "push" => new("push notification", "推送通知"),
        "line" => new("LINE", "LINE "),
        "whatsapp" => new("WhatsApp", "WhatsApp "),
        _ => new(channel, channel + " "),
    };
}
