using Crm.Privacy;
using Crm.Privacy.Registers;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>The data register of the demo's shop: which personal data it holds, what for and for how long.</summary>
internal static class TeaShopRegister
{
    public static DataRegister Register { get; } = new()
    {
        Id = "tea-club",
        Name = new("Tea Club members", "茶會會員資料庫"),
        Version = 1,
        ValidFrom = ShopSimulation.Opening,
        NextReview = ShopSimulation.Opening.PlusYears(1),
        DataUser = new DataUser(new("Tea Club (demonstration)", "茶會（示範）"), new("1 Example Street, Central, Hong Kong", "香港中環例子街 1 號"), "privacy@example.com"),
        AccessContact = new AccessContact(new("Data protection officer", "保障資料主任"), new("1 Example Street, Central, Hong Kong", "香港中環例子街 1 號")),
        DataSubjects = [new("members", new("Members", "會員"))],
        Kinds =
        [
            new KindOfPersonalData
            {
                Id = "contact",
                Text = new("Contact details and preferences", "聯絡資料及偏好"),
                Fields = ["email", "language", "birthday"],
                Source = new("The member", "會員本人"),
                Purposes = [Purpose.ServiceId, TeaShop.MarketingPurpose],
                Obligation = Obligation.Obligatory,
                Consequence = new("no membership without an e-mail address", "不提供電郵地址則未能成為會員"),
                Retention = new Retention(24, new("the last purchase", "最後一次購物"), Disposal.Erased),
            },
            new KindOfPersonalData
            {
                Id = "purchases",
                Text = new("Purchases, refunds and carts", "購物、退款及購物車紀錄"),
                Fields = ["purchase", "refund", "cart"],
                Source = new("The tills and the web shop", "收銀系統及網店"),
                Purposes = [Purpose.ServiceId],
                Retention = new Retention(84, new("the end of the financial year", "財政年度終結"), Disposal.Severed),
            },
        ],
        Purposes = [Purpose.Service, new Purpose(TeaShop.MarketingPurpose, new("Offers of tea and events", "茶品優惠及活動推廣"), PurposeUse.Marketing)],
        Disclosures = [new(new("The company that sends our e-mails", "代本會發送電郵的公司"), Modality.Does, ["contact"])],
        Places = [],
        Protection = new PublicProtectionStatement(new("Only staff who serve members can read their data; it is encrypted where it is kept.", "只有服務會員的職員可讀取資料；資料加密儲存。")),
        Rights = new RightsStatement(new("You may ask for a copy of your data and have it corrected, in Chinese or English.", "閣下可以中文或英文要求查閱及改正個人資料。")),
    };
}
