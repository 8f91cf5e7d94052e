using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Testing.Simulation;
using Crm.Tool.Demo;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Checks;

/// <summary>The tea shop of the demo in simulated worlds: customers, privacy, loyalty, segments and campaigns as hosts use them.</summary>
internal sealed class TeaShopScenario : SimulatedScenario
{
    public const string Name = "tea-shop";

    public override CrmOptions Options { get; } = new() { Zone = ShopSimulation.Zone, CheckpointEvery = 8 };

    public override ISendGate Gate { get; } = new TeaShop().Gate;

    public override Sequence<string> Channels => [TeaShop.Channel];

    public override IReadOnlyList<ICustomerModule> Modules() => new TeaShop().Modules;

    public override CustomerEvent Next(Luck luck, EventKey key, int customer, int customers, IReadOnlyList<EventKey> earlier)
    {
        var member = Identity.User(customer);
        var name = key.ToString();
        var article = luck.Of(TeaShopMenu.Summer).Item;
        var quantity = 1 + luck.Below(3);
        var line = new EventLine(article.Sku, quantity, new Money((long)quantity * article.Cents, Currency.Hkd), article.Category);
        return luck.Below(100) switch
        {
            < 60 => CustomerEvent.Purchase(name, member, line.Amount, line) with { Channel = Shops.Central },
            < 68 when earlier.Count > 0 => CustomerEvent.Refund(name, member, luck.Of(earlier).ToString(), new Money(article.Cents, Currency.Hkd), line with { Quantity = 1, Amount = new Money(article.Cents, Currency.Hkd) }),
            < 69 => CustomerEvent.Refund(name, member, null, new Money(article.Cents, Currency.Hkd), line with { Quantity = 1, Amount = new Money(article.Cents, Currency.Hkd) }),
            < 76 => LoyaltyEvents.Redeem(name, SpendAuthority.SignedIn(member), 1 + luck.Below(20)),
            < 80 => StampEvents.Use(name, member),
            < 88 => ConsentEvents.Give(name, member, TeaShop.Channel, TeaShop.MarketingPurpose, TeaShop.Notice),
            < 91 => ConsentEvents.Withdraw(name, member, TeaShop.Channel, TeaShop.MarketingPurpose),
            _ => WebShop.CartAbandoned(name, member, article),
        };
    }
}
