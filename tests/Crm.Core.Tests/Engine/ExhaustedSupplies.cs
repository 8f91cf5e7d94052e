using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Something that is due draws on a supply that has nothing left.</summary>
public sealed class ExhaustedSupplies
{
    private const string Visit = "visit";
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly Identity Ben = Identity.User("ben");
    private readonly Shop shop = new(Gifts);

    [Fact]
    public async Task What_is_due_and_finds_a_supply_exhausted_is_decided_without_it_and_does_not_come_again()
    {
        await VisitedAsync(supply: 1);

        Assert.Equal(new DueReport(2, 0), await shop.Engine.RunDueAsync(cancellationToken: Token));

        Assert.Equal(["mug", "no mug"], (await NotesAsync()).Order(StringComparer.Ordinal));
        Assert.Equal(0, await ((IQuotas)shop.Store).AvailableAsync("mugs", Token));
        shop.Clock.Advance(Duration.FromHours(1));
        Assert.Equal(new DueReport(0, 0), await shop.Engine.RunDueAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task An_event_after_something_due_that_finds_a_supply_exhausted_is_recorded()
    {
        await VisitedAsync(supply: 0);

        await shop.Engine.RecordAsync(Histories.Purchase("till:next", 1_000), Token);

        Assert.Equal(["no mug"], (await shop.ReadAsync()).Slot<Notes>("gifts").Lines);
    }

    [Fact]
    public async Task What_was_answered_then_stands_when_history_is_decided_again()
    {
        await VisitedAsync(supply: 0);
        await shop.Engine.RunDueAsync(cancellationToken: Token);
        await ((IQuotas)shop.Store).SetAsync("mugs", 5, Token);

        await shop.Engine.RecordAsync(Histories.Purchase("till:late", 1_000) with { OccurredAt = Shop.Opening + Duration.FromHours(1) }, Token);

        Assert.Equal(["no mug", "no mug"], await NotesAsync());
        Assert.Equal(5, await ((IQuotas)shop.Store).AvailableAsync("mugs", Token));
        var verifier = new CustomerVerifier(shop.Modules, shop.Options);
        foreach (var customer in await shop.Store.ReadCustomersAsync(Token).ToListAsync(Token))
        {
            var verdict = verifier.Verify(await shop.Store.LoadAsync(CustomerRef.Of(customer), Token), await shop.Store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), Token), []);
            Assert.Empty(verdict.Differences);
            Assert.Null(verdict.NotRedecided);
        }
    }

    private static ScriptModule Gifts => new(new ModuleContract { Name = "gifts", Handles = [Visit], Kinds = [new EventKind(Visit, EventNature.Happening)], Codec = NotesCodec.Instance }, (notes, context) => context.Stimulus switch
    {
        Stimulus.Due when context.MayDraw("mugs", 1) => notes.Plus("mug") with { Quotas = [new QuotaDraw("mugs", 1)] },
        Stimulus.Due => notes.Plus("no mug"),
        _ => new Outcome.Accepted { Agenda = [new AgendaChange("gift", context.Moment.Instant + Duration.FromDays(1))] },
    });

    private async Task VisitedAsync(long supply)
    {
        await ((IQuotas)shop.Store).SetAsync("mugs", supply, Token);
        foreach (var customer in new[] { Shop.Amy, Ben })
        {
            await shop.Engine.RecordAsync(new CustomerEvent { Key = new EventKey("door", customer.Value), Kind = Visit, Identity = customer }, Token);
        }

        shop.Clock.Advance(Duration.FromDays(2));
    }

    private async Task<List<string>> NotesAsync()
    {
        var notes = new List<string>();
        foreach (var customer in new[] { Shop.Amy, Ben })
        {
            notes.AddRange((await shop.Engine.ReadAsync(CustomerRef.Of(customer), Token))!.Slot<Notes>("gifts").Lines);
        }

        return notes;
    }
}
