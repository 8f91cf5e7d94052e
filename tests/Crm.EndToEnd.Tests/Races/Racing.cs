using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Storage;
using Crm.Values;

namespace Crm.EndToEnd.Tests.Races;

/// <summary>What many want at once is given once, by two hosts over one store.</summary>
public sealed class Racing
{
    private static readonly Identity Amy = Identity.User("amy");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Of_a_hundred_redemptions_of_a_balance_that_covers_one_one_is_accepted(string kind)
    {
        await using var town = new Town(kind);
        await town.Hosts[0].RecordAsync(CustomerEvent.Purchase("till:1", Amy, Money.Hkd(100)), Token);

        var receipts = await town.AtOnceAsync(100, async (host, n) => await host.RecordAsync(LoyaltyEvents.Redeem($"app:{n}", SpendAuthority.SignedIn(Amy), 100), Token));

        Assert.Single(receipts, receipt => receipt.Refusal is null);
        Assert.Equal(99, receipts.Count(receipt => receipt.Refusal?.Code == "insufficient-balance"));
        Assert.Equal(0, await town.LedgerAsync());
        Assert.Equal(0, (await town.Hosts[1].ReadAsync(CustomerRef.Of(Amy), Token))?.Fact(Club.Points).AsNumber);
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Of_fifty_customers_who_want_the_last_mug_one_gets_it(string kind)
    {
        await using var town = new Town(kind);
        var quotas = (IQuotas)town.Stores[0];
        await quotas.SetAsync(Greeter.Mugs, 1, Token);

        var receipts = await town.AtOnceAsync(50, async (host, n) => await host.RecordAsync(new CustomerEvent { Key = new EventKey("app", $"mug-{n}"), Kind = Greeter.TakeMug, Identity = Identity.User(n) }, Token));

        Assert.Single(receipts, receipt => receipt.Refusal is null);
        Assert.Equal(49, receipts.Count(receipt => receipt.Refusal?.Code == "no-mugs"));
        Assert.Equal(0, await quotas.AvailableAsync(Greeter.Mugs, Token));
        Assert.Equal(50, await town.CustomersAsync());
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Rewards_that_give_themselves_to_fifty_customers_at_once_give_what_the_stock_has(string kind)
    {
        await using var town = new Town(kind, Club.Program with { Rewards = [new() { Name = "mug", Kind = new RewardKind.Physical("mug-1"), Costs = [new("points", 100)], AutoAt = 100, Stocked = true }] });
        var quotas = (IQuotas)town.Stores[0];
        await quotas.SetAsync(LoyaltyNames.StockOf("club", "mug"), 70, Token);

        await town.AtOnceAsync(50, async (host, n) => await host.RecordAsync(CustomerEvent.Purchase($"till:{n}", Identity.User(n), Money.Hkd(300)), Token));

        Assert.Equal(0, await quotas.AvailableAsync(LoyaltyNames.StockOf("club", "mug"), Token));
        Assert.Equal((50 * 300) - (70 * 100), await town.LedgerAsync());
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Of_fifty_gifts_of_one_of_the_staff_as_many_are_granted_as_the_limit_of_the_day_has(string kind)
    {
        await using var town = new Town(kind, Club.Program with { StaffLimits = [new() { Request = LoyaltyEvents.AdjustName, Per = CapPeriod.Day, Alone = 100, Most = 200 }] });
        var (now, quotas) = (town.Now, (IQuotas)town.Stores[0]);

        var receipts = await town.AtOnceAsync(50, async (host, n) => await host.RecordAsync(LoyaltyEvents.Adjust($"desk:{n}", Identity.User(n), 10, "goodwill", "staff:17"), Token));

        Assert.Equal(10, receipts.Count(receipt => receipt.Refusal is null));
        Assert.Equal(40, receipts.Count(receipt => receipt.Refusal?.Code == "approval-needed"));
        Assert.Equal(100, await town.LedgerAsync());
        Assert.Equal(-100, await quotas.AvailableAsync(LoyaltyNames.StaffCount("club", new StaffLimit { Request = LoyaltyEvents.AdjustName, Per = CapPeriod.Day }, new Moment(now, NodaTime.DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]), "staff:17"), Token));
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Two_hosts_that_pump_one_outbox_send_every_message_once(string kind)
    {
        await using var town = new Town(kind);
        var purchases = Enumerable.Range(0, 300).Select(n => CustomerEvent.Purchase($"till:{n}", Identity.User(n % 40), Money.Hkd(10))).ToList();
        await town.Hosts[0].RecordAsync(purchases, cancellationToken: Token);
        town.Later();

        var reports = await town.AtOnceAsync(6, async (host, _) => await host.PumpAsync(cancellationToken: Token));
        var rest = await town.Hosts[1].PumpAsync(cancellationToken: Token);

        Assert.Equal(300, town.Outgoing.Sent.Count);
        Assert.Equal(300, town.Outgoing.Sent.Distinct().Count());
        Assert.Equal(300, reports.Sum(report => report.Sent) + rest.Sent);
        Assert.Empty(await ((IOutbox)town.Stores[0]).LeaseAsync(NodaTime.Instant.FromUtc(2030, 1, 1, 0, 0), NodaTime.Instant.FromUtc(2030, 1, 2, 0, 0), 10, Token));
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task One_receipt_that_two_people_claim_counts_for_one(string kind)
    {
        await using var town = new Town(kind);

        for (var n = 0; n < 20; n++)
        {
            var receipts = await town.AtOnceAsync(2, async (host, person) => await host.RecordAsync(CustomerEvent.Purchase($"till:{n}", Identity.User($"{(person == 0 ? "amy" : "ben")}-{n}"), Money.Hkd(50)), Token));

            Assert.Equal(receipts[0], receipts[1]);
        }

        Assert.Equal(20 * 50, await town.LedgerAsync());
        Assert.Equal(20, await town.CustomersAsync());
    }

    [Theory]
    [MemberData(nameof(Town.Kinds), MemberType = typeof(Town))]
    public async Task Fifty_first_purchases_of_one_person_make_one_customer(string kind)
    {
        await using var town = new Town(kind);

        var receipts = await town.AtOnceAsync(50, async (host, n) => await host.RecordAsync(CustomerEvent.Purchase($"till:{n}", Amy, Money.Hkd(2)), Token));

        Assert.Single(receipts.Select(receipt => receipt.Customer).Distinct());
        Assert.Equal(1, await town.CustomersAsync());
        Assert.Equal(100, (await town.Hosts[0].ReadAsync(CustomerRef.Of(Amy), Token))?.Fact(Club.Points).AsNumber);
        Assert.Equal(100, await town.LedgerAsync());
        Assert.Equal(Enumerable.Range(1, 50).Select(version => (long)version), receipts.Select(receipt => receipt.Version).Order());
    }
}
