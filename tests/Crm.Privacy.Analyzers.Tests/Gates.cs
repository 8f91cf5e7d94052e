namespace Crm.Privacy.Analyzers.Tests;

/// <summary>CRM0002: messages that are sent past the gate.</summary>
public sealed class Gates
{
    private const string Mail = """
        sealed class Mail : IMessageChannel
        {
            public string Name => "email";

            public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken token) => new(new SendOutcome.Sent());
        }
        """;

    [Theory]
    [InlineData("IMessageChannel")]
    [InlineData("Mail")]
    public async Task Code_that_calls_a_channel_is_found(string channel)
    {
        var found = Assert.Single(await Host.FindAsync(new PastTheGate(), $$"""
            {{Mail}}
            static class Newsletter
            {
                public static ValueTask<SendOutcome> Blast({{channel}} channel, Message message, CustomerView customer) => channel.SendAsync("1", message, customer, default);
            }
            """));

        Assert.StartsWith("CRM0002 at channel.SendAsync(\"1\", message, customer, default): 'Blast' hands a message to a channel itself", found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channel_around_a_channel_is_none_and_other_senders_are_none() => Assert.Empty(await Host.FindAsync(new PastTheGate(), $$"""
        {{Mail}}
        sealed class Slow(IMessageChannel inner) : IMessageChannel
        {
            public string Name => inner.Name;

            public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken token) => inner.SendAsync(id, message, customer, token);
        }

        static class Other
        {
            public static void Post(Pigeon pigeon) => pigeon.SendAsync("1");
        }

        sealed class Pigeon
        {
            public void SendAsync(string id) => GC.KeepAlive(id);
        }
        """));
}
