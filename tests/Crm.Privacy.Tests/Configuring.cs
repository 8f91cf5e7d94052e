using Crm.Engine;
using Crm.Privacy.Registers;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;

namespace Crm.Privacy.Tests;

/// <summary>Adding privacy to a host.</summary>
public sealed class Configuring
{
    [Fact]
    public void The_gate_the_register_and_the_purposes_are_there_for_others()
    {
        var shop = new TeaShop();

        Assert.IsType<Crm.Privacy.Marketing.ConsentGate>(shop.Services.GetRequiredService<ISendGate>());
        Assert.Same(Samples.Register, shop.Services.GetRequiredService<DataRegister>());
        Assert.Equal(["accounting", "marketing", "service"], shop.Services.GetRequiredService<PurposeCatalog>().Ids);
    }

    [Fact]
    public async Task Purposes_alone_are_enough_to_begin_with()
    {
        var shop = new TeaShop(privacy => privacy.Purposes(Samples.Marketing));
        await shop.BuyAsync("pos:1", email: null);

        Assert.Equal(["message.refused offer/1 consent-unknown", "message.sent receipt/1"], await shop.PumpAsync());
    }

    [Fact]
    public void Everything_wrong_is_said_at_once()
    {
        var wrong = Assert.Throws<InvalidOperationException>(() => new TeaShop(privacy => privacy
            .Register(Samples.Register)
            .Purposes(new Purpose("profiling", new Text("Profiles", "側寫"), PurposeUse.Internal))
            .OptOutList(new byte[8])));

        Assert.Equal(
            [
                "The purpose 'profiling' is not in the register 'tea-club'; add it there: data is used for published purposes only.",
                "The key of the opt-out list has 8 bytes; at least 32 random ones are expected.",
            ],
            wrong.Message.Split(Environment.NewLine));
    }

    [Fact]
    public void Purposes_that_contradict_each_other_are_refused_with_all_that_is_wrong()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new PurposeCatalog(
            new Purpose("e.mail", new Text("E", "電"), PurposeUse.Marketing),
            Samples.Marketing,
            Samples.Marketing with { Use = PurposeUse.Internal },
            new Purpose("service", new Text("Offers", ""), PurposeUse.Marketing)));

        Assert.Equal(4, wrong.Message.Split(Environment.NewLine).Length);
    }
}
