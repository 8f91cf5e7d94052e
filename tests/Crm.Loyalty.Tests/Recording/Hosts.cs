using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Loyalty in a host's container.</summary>
public sealed class Hosts
{
    [Fact]
    public async Task One_line_adds_loyalty()
    {
        using var services = new ServiceCollection()
            .AddSingleton<IClock>(FakeClock.At(2026, 1, 15))
            .AddCrm(crm => crm.UseMemory().AddLoyalty(Samples.TeaClub))
            .BuildServiceProvider();
        var engine = services.GetRequiredService<CrmEngine>();

        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(105)));

        var amy = await engine.ReadAsync(CustomerRef.Of(Samples.Amy));
        Assert.Equal(10, amy?.Slot<LoyaltyState>("loyalty").In("tea-club").Wallet("points").Available);
    }

    [Fact]
    public void A_wrong_programme_is_refused_when_it_is_added() =>
        Assert.Throws<InvalidLoyaltyProgramException>(() => new ServiceCollection().AddCrm(crm => crm.UseMemory().AddLoyalty(loyalty => loyalty.Program(Samples.TeaClub with { Zone = "Nowhere" }))));
}
