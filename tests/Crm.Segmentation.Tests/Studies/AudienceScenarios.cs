using System.Reflection;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Audiences;
using Crm.Segmentation.Segments;
using Crm.Values;
using Audience = Crm.Segmentation.Audiences.Audience;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>Who may be sent to, and how.</summary>
public sealed class AudienceScenarios
{
    private static readonly Segment Buyers = Samples.Of("buyers", If.Purchases().Count().AtLeast(1));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_those_whom_the_gate_lets_through_are_addressed_once_for_each_occasion()
    {
        var town = new Town(new SegmentCatalog(Buyers, Samples.Of("addressed", If.Events(SendableAudience.Addressed).Where(If.Field("event.occasion").Is("spring")).Count().AtLeast(1))), new Gate());
        await town.BuysAsync("amy", 1, 2);
        await town.BuysAsync("ben", 1);
        await town.BuysAsync("cat", 3, 4);

        var sendable = await (await town.Study.AudienceAsync("buyers", Cancel)).ForChannelAsync("email", "marketing", cancellationToken: Cancel);

        Assert.Equal(["amy", "cat"], await town.NamesAsync(sendable.Customers));
        Assert.Equal([KeyValuePair.Create("unknown", 1)], sendable.Refused);
        Assert.Equal((2, 0), (await sendable.AddressAsync("spring", Cancel), await sendable.AddressAsync("spring", Cancel)));
        Assert.Equal(["amy", "cat"], await town.NamesAsync(await town.Study.MembersAsync("addressed", Cancel)));
        Assert.Empty((await (await town.Study.AudienceAsync("buyers", Cancel)).ForChannelAsync("post", "marketing", cancellationToken: Cancel)).Customers);
        await Assert.ThrowsAsync<ArgumentException>(() => sendable.AddressAsync("Spring sale", Cancel).AsTask());
    }

    [Fact]
    public async Task Two_who_were_chosen_and_have_been_merged_since_are_addressed_once()
    {
        var town = new Town(new SegmentCatalog(Buyers), new Gate());
        await town.BuysAsync("amy", 1, 1.5);
        await town.BuysAsync("ben", 2);
        var chosen = await town.Study.AudienceAsync("buyers", Cancel);
        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), Storage.CustomerRef.Of(Identity.User("amy")), Storage.CustomerRef.Of(Identity.User("ben"))), Cancel);

        Assert.Equal(2, chosen.Customers.Count);
        Assert.Equal([await town.IdAsync("amy")], (await chosen.ForChannelAsync("email", "marketing", cancellationToken: Cancel)).Customers);
        Assert.Equal([KeyValuePair.Create("unknown", 1)], (await chosen.ForChannelAsync("post", "marketing", cancellationToken: Cancel)).Refused);
    }

    [Fact]
    public async Task Without_a_gate_nobody_can_be_sent_to()
    {
        var town = new Town(Buyers);
        await town.BuysAsync("amy", 1);

        Assert.Contains("ISendGate", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await (await town.Study.AudienceAsync("buyers", Cancel)).ForChannelAsync("email", "marketing", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_the_gate_makes_an_audience_sendable()
    {
        var makers = typeof(Audience).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(member => (Type: type, Member: member)))
            .Where(one => one.Member is ConstructorInfo ? one.Type == typeof(SendableAudience) : one.Member is MethodInfo method && Mentions(method.ReturnType, typeof(SendableAudience)))
            .Select(one => $"{one.Type.Name}.{one.Member.Name}");

        Assert.Equal(["Audience.ForChannelAsync"], makers);
        Assert.DoesNotContain(typeof(Audience).GetMethods(), method => method.Name.StartsWith("Address", StringComparison.Ordinal) || method.Name.StartsWith("Send", StringComparison.Ordinal));
    }

    private static bool Mentions(Type type, Type wanted) => type == wanted || (type.IsGenericType && type.GetGenericArguments().Any(argument => Mentions(argument, wanted)));

    /// <summary>Lets through whoever has two points, by e-mail.</summary>
    private sealed class Gate : ISendGate
    {
        public GateAnswer AskAtDecision(Message message, IEvidence customer) =>
            message.Channel == "email" && customer.Fact(ScoreModule.Points, out _) == 2 ? new(true) : new(false, "unknown");

        public ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult(AskAtDecision(message, customer));
    }
}
