using Crm.Values;

namespace Crm.Privacy.Marketing;

/// <summary>Why the gate lets a message not leave.</summary>
/// <param name="Code">The stable code, as in outcomes and decision records.</param>
/// <param name="Text">The sentence for people.</param>
/// <param name="Source">Where the rule comes from: a section of the Personal Data (Privacy) Ordinance (Cap. 486) of Hong Kong, or a rule of this package.</param>
public sealed record GateReason(string Code, Text Text, string Source)
{
    /// <summary>Nothing was said. A data user must not use personal data in direct marketing without the data subject's consent, and silence is none (s.35E(1)).</summary>
    public static GateReason ConsentUnknown { get; } = new(
        "consent-unknown",
        new("No consent to direct marketing on this channel is on record; silence is not consent.", "未有紀錄顯示客戶同意經此途徑接收直接促銷；沉默不等於同意。"),
        "Cap. 486 s.35E(1)");

    /// <summary>The customer was asked and declined (s.35E(1)).</summary>
    public static GateReason ConsentRefused { get; } = new(
        "consent-refused",
        new("The customer declined direct marketing on this channel.", "客戶拒絕經此途徑接收直接促銷。"),
        "Cap. 486 s.35E(1)");

    /// <summary>The customer opted out, which they may at any time and whatever they agreed to before (s.35G(1)); the data user must then stop (s.35G(3)).</summary>
    public static GateReason ConsentWithdrawn { get; } = new(
        "consent-withdrawn",
        new("The customer asked for direct marketing on this channel to stop.", "客戶已要求停止經此途徑作直接促銷。"),
        "Cap. 486 s.35G(3)");

    /// <summary>The address is on the list of those who must not be written to (s.35G(3)), whoever's it is now.</summary>
    public static GateReason Suppressed { get; } = new(
        "suppressed",
        new("The address is on the opt-out list.", "該地址／號碼已列入拒收名單。"),
        "Cap. 486 s.35G(3)");

    /// <summary>The profile has no address for the channel, so the opt-out list cannot be asked; what cannot be asked does not leave.</summary>
    public static GateReason AddressUnknown { get; } = new(
        "address-unknown",
        new("The address is not known, so the opt-out list could not be checked.", "未知地址／號碼，無法核對拒收名單。"),
        "Cap. 486 s.35G(3)");

    /// <summary>A message must tell of the right to opt out: at the latest the first one (s.35F(1)); the package asks it of every template.</summary>
    public static GateReason OptOutNoticeMissing { get; } = new(
        "opt-out-notice-missing",
        new("The template does not tell the customer how to opt out.", "訊息範本未告知客戶如何要求停止接收。"),
        "Cap. 486 s.35F(1)");

    /// <summary>Data is used for declared purposes only (data protection principle 3).</summary>
    public static GateReason PurposeUnknown { get; } = new(
        "purpose-unknown",
        new("The message is for a purpose that nobody has declared.", "訊息的目的未有申報。"),
        "Cap. 486 Schedule 1, principle 3");

    /// <summary>The purpose was declared as one without messages (data protection principle 3).</summary>
    public static GateReason PurposeWithoutMessages { get; } = new(
        "purpose-without-messages",
        new("The purpose was declared as one for which no messages are sent.", "該目的申報為不發送訊息。"),
        "Cap. 486 Schedule 1, principle 3");

    /// <summary>All reasons.</summary>
    public static Sequence<GateReason> All { get; } =
        [ConsentUnknown, ConsentRefused, ConsentWithdrawn, Suppressed, AddressUnknown, OptOutNoticeMissing, PurposeUnknown, PurposeWithoutMessages];

    /// <summary>The reason with this code, or null when it is another gate's.</summary>
    public static GateReason? Find(string code) => All.FirstOrDefault(reason => reason.Code == code);
}
