using Crm.Engine;
using Crm.Events;
using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>What a module that is gone has stored can be emptied in every store.</summary>
public sealed class Sweeps
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Stores => [.. TestedStore.All.Select(store => store.Name)];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task The_state_of_a_removed_module_is_gone_and_that_of_another_stays(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var store = await factory.OpenAsync("default", Token);
        var engine = new CrmEngine(store, [], new CrmOptions(), new FakeClock(Samples.Start), new SeededIdSource());
        var customer = (await engine.RecordAsync(CustomerEvent.Purchase("shop:1", Samples.User(1), Money.Hkd(52)), Token)).Customer;
        Assert.Equal(CommitResult.Done, await store.CommitAsync(new Commit
        {
            Customer = customer,
            ExpectedVersion = 1,
            Version = 2,
            RecordedAt = Samples.At(1),
            Slots = [Samples.Slot("gone", 7), Samples.Slot("stays", 8)],
            Ledger = [Samples.Issued(5)],
        }, Token));

        var swept = await engine.SweepAsync(new SweepRequest { RemovedModules = ["gone"] }, Token);

        var slots = (await store.LoadAsync(CustomerRef.Of(customer), Token)).Slots;
        Assert.Equal((1, "stays"), (swept.Emptied, Assert.Single(swept.Left)));
        Assert.Empty(slots.Single(slot => slot.Name == "gone").Bytes);
        Assert.Equal(Samples.Slot("stays", 8), slots.Single(slot => slot.Name == "stays"));
        Assert.Equal(Samples.Issued(5), (await ((IJournalScan)store).ReadLedgerAsync(Token).SingleAsync(Token)).Entry);
        Assert.Equal(0, (await engine.SweepAsync(new SweepRequest { RemovedModules = ["gone"] }, Token)).Swept);
    }
}
