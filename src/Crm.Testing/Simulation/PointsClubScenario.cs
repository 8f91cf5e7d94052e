using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Testing.Simulation;

/// <summary>A small club that has one of everything the kernel offers: lots that run out, requests that may be refused, gifts to others, a supply that is short, refunds, messages, tiers, windows and names in profiles.</summary>
public sealed class PointsClubScenario : SimulatedScenario
{
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, long> Quotas { get; } = new Dictionary<string, long>(StringComparer.Ordinal) { [PointsClub.Mugs] = 12 };

    /// <inheritdoc/>
    public override IReadOnlyList<ICustomerModule> Modules() => [new PointsClub()];

    /// <inheritdoc/>
    public override CustomerEvent Next(Luck luck, EventKey key, int customer, int customers, IReadOnlyList<EventKey> earlier)
    {
        ArgumentNullException.ThrowIfNull(luck);
        ArgumentNullException.ThrowIfNull(earlier);
        var chosen = luck.Below(100);
        var happened = new CustomerEvent { Key = key, Kind = EventKinds.PurchaseName, Identity = Identity.User(customer) };
        return chosen switch
        {
            < 45 => happened with { Spend = Money.Hkd(luck.Below(400)) },
            < 50 => happened with { Spend = Money.Hkd(luck.Below(400)), Profile = Fields.Of(("name", $"customer {luck.Below(1000)}")) },
            < 58 => happened with { Spend = Money.Hkd(40 + luck.Below(60)), Lines = [new EventLine("oolong", 1 + luck.Below(3), Money.Hkd(40))] },
            < 68 => happened with { Kind = PointsClub.Redeem, Fields = Fields.Of(("amount", (decimal)(1 + luck.Below(20)))) },
            < 74 => happened with { Kind = PointsClub.TakeMug },
            < 82 when customers > 1 => happened with
            {
                Kind = PointsClub.Give,
                Fields = Fields.Of(("amount", (decimal)(1 + luck.Below(15))), ("to", (decimal)((customer + 1 + luck.Below(customers - 1)) % customers))),
            },
            < 88 when earlier.Count > 0 => happened with { Kind = EventKinds.RefundName, Original = luck.Of(earlier), Spend = Money.Hkd(1 + luck.Below(200)) },
            < 91 when earlier.Count > 0 => happened with { Kind = EventKinds.CancellationName, Original = luck.Of(earlier) },
            < 92 => happened with { Kind = EventKinds.RefundName, Spend = Money.Hkd(1 + luck.Below(80)), Lines = [new EventLine("oolong", 1, Money.Hkd(40))] },
            _ => happened with { Kind = PointsClub.Visit },
        };
    }
}
