using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The host keeps the profiles, under a key of its own.</summary>
public sealed class HostProfiles
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly Identity Phone = Identity.Phone("+85291234567");
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Shop.Opening);

    [Fact]
    public async Task A_customer_is_read_with_the_hosts_profile_however_it_is_named()
    {
        var engine = Engine(store);
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] }, Token);

        foreach (var customer in new[] { CustomerRef.Of(Shop.Amy), CustomerRef.Of(Phone), CustomerRef.Of(receipt.Customer) })
        {
            Assert.Equal("kowloon", (await engine.ReadAsync(customer, Token))!.Profile["district"].AsCode);
        }
    }

    [Fact]
    public async Task An_event_sees_the_hosts_profile_whichever_identity_it_came_with()
    {
        var engine = Engine(store);
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] }, Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Phone }, Token);
        await engine.RecordAsync(Histories.Purchase("till:3", 1_000) with { Identity = null, Customer = receipt.Customer }, Token);

        Assert.Equal(["kowloon", "kowloon", "kowloon"], (await engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Slot<Notes>("districts").Lines);
    }

    [Fact]
    public async Task A_store_that_does_not_tell_identities_leaves_the_key_out()
    {
        var engine = Engine(new ForgetfulStore(store));
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);

        Assert.Equal("kowloon", (await engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Profile["district"].AsCode);
        Assert.True((await engine.ReadAsync(CustomerRef.Of(receipt.Customer), Token))!.Profile["district"].IsMissing);
    }

    private CrmEngine Engine(ICustomerStore over) => new(over, [Districts], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Profiles = new Table() });

    private static ScriptModule Districts => new(
        new ModuleContract { Name = "districts", Handles = [EventKinds.PurchaseName], Observes = ["district"], Codec = NotesCodec.Instance },
        (notes, context) => notes.Plus(context.Observed("district").AsCode ?? "nowhere"));

    private sealed class Table : ICustomerProfiles
    {
        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken) =>
            ValueTask.FromResult(user == Shop.Amy.Value ? Fields.Of(("district", "kowloon")) : Fields.None);

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<HostProfile>();
    }
}
