using Crm.Privacy.Registers;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Tests;

/// <summary>A tea club in Hong Kong.</summary>
internal static class Samples
{
    public static Purpose Marketing { get; } = new("marketing", new("Offers of tea and events", "茶品優惠及活動推廣"), PurposeUse.Marketing);

    public static Purpose Accounting { get; } = new("accounting", new("Keeping accounts as the law asks", "按法例備存帳目"), PurposeUse.Internal);

    public static PurposeCatalog Purposes { get; } = new(Marketing, Accounting);

    public static DataRegister Register { get; } = new()
    {
        Id = "tea-club",
        Name = new("Tea Club members", "茶會會員資料庫"),
        Version = 2,
        Supersedes = 1,
        ValidFrom = new LocalDate(2026, 11, 1),
        NextReview = new LocalDate(2027, 11, 1),
        DataUser = new DataUser(new("Tea Club Limited", "茶會有限公司"), new("1 Queen's Road Central, Hong Kong", "香港中環皇后大道中 1 號"), "+852 2123 4567"),
        AccessContact = new AccessContact(new("Data protection officer", "保障資料主任"), new("P.O. Box 1, Hong Kong", "香港郵政信箱 1 號")),
        DataSubjects = [new("members", new("Members", "會員")), new("visitors", new("Visitors of the web shop", "網店訪客"))],
        Kinds =
        [
            new KindOfPersonalData
            {
                Id = "contact",
                Text = new("Contact details", "聯絡資料"),
                Fields = ["name", "email", "phone"],
                Source = new("The member", "會員本人"),
                Purposes = [Purpose.ServiceId, "marketing"],
                Obligation = Obligation.Obligatory,
                Consequence = new("no membership without an e-mail address or telephone number", "不提供電郵或電話則未能成為會員"),
                Retention = new Retention(24, new("the last purchase", "最後一次購物"), Disposal.Erased),
            },
            new KindOfPersonalData
            {
                Id = "purchases",
                Text = new("Purchases", "購物紀錄"),
                Fields = ["purchase", "refund"],
                Source = new("The till", "收銀系統"),
                Purposes = [Purpose.ServiceId, "accounting"],
                Retention = new Retention(84, new("the end of the financial year", "財政年度終結"), Disposal.Severed),
            },
        ],
        Purposes = [Purpose.Service, Marketing, Accounting],
        Disclosures = [new(new("The courier who delivers your order", "送貨的速遞公司"), Modality.Does, ["contact"]), new(new("Our auditors", "本公司的核數師"), Modality.MayWish, ["purchases"])],
        Places = [],
        Protection = new PublicProtectionStatement(new("Only staff who serve members can read their data; it is encrypted where it is kept.", "只有服務會員的職員可讀取資料；資料加密儲存。")),
        Rights = new RightsStatement(new("You may ask for a copy of your data and have it corrected, in Chinese or English.", "閣下可以中文或英文要求查閱及改正個人資料。")),
    };
}
