using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>A module with units of a host's own that joins a store later, and is shown the history by an event that opens it.</summary>
public sealed class OpenedPasts
{
    private const string Opened = "stamps.opened";
    private const string Passed = "stamps.passed";

    [Theory]
    [InlineData(true, "opened, 1, 3, 2, 4")]
    [InlineData(false, "opened, 1, 2, 3, 4")]
    public async Task A_module_with_units_is_as_if_it_had_been_there(bool reversible, string noted)
    {
        var shop = await LateAsync(Stamps(reversible));

        await OpenAsync(shop, Opened);
        await shop.RecordAsync(Histories.Purchase("till:4", 1_000));

        Assert.Equal(noted, string.Join(", ", (await shop.ReadAsync()).Slot<Notes>("stamps").Lines));
        Assert.Equal([("1", 1L), ("2", 1L), ("3", 1L), ("4", 1L)], await UnitsAsync(shop));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_opened_history_is_taken_back_like_any_event(bool reversible)
    {
        var shop = await LateAsync(Stamps(reversible));
        await OpenAsync(shop, Opened);

        await shop.RecordAsync(Histories.Cancellation("desk:2", EventKey.Parse("desk:1")));

        // It is the event that is not known any more; history stays open.
        Assert.Equal(reversible ? ["1", "3", "2"] : ["1", "2", "3"], (await shop.ReadAsync()).Slot<Notes>("stamps").Lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_keeps_nothing_of_the_event_is_shown_nothing(bool reversible)
    {
        var shop = await LateAsync(Stamps(reversible));

        await OpenAsync(shop, Passed);
        await shop.RecordAsync(Histories.Purchase("till:4", 1_000));

        Assert.Equal(["4"], (await shop.ReadAsync()).Slot<Notes>("stamps").Lines);
        Assert.Equal([("4", 1L)], await UnitsAsync(shop));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_sent_for_what_was_imported(bool reversible)
    {
        var shop = await LateAsync(Stamps(reversible), RecordMode.Backfill);

        await OpenAsync(shop, Opened);

        Assert.Empty(await shop.MessagesAsync());
        Assert.Equal(4, (await shop.ReadAsync()).Slot<Notes>("stamps").Lines.Count);
    }

    [Fact]
    public async Task Whoever_asks_for_such_a_module_to_be_decided_anew_hears_what_shows_it_the_past()
    {
        var shop = new Shop(Stamps(reversible: false), new ScriptModule(new ModuleContract { Name = "letters", Handles = ["*"], Codec = NotesCodec.Instance, Reversible = false }, (_, _) => Outcome.Nothing));

        Assert.Contains("An event of a kind that opens history shows it a customer's past; it declares 'stamps.opened', 'stamps.passed'.", await RefusedAsync("stamps"), StringComparison.Ordinal);
        Assert.Contains("An event of a kind that opens history (EventKind.OpensHistory) shows a module a customer's past; it declares none.", await RefusedAsync("letters"), StringComparison.Ordinal);

        async Task<string> RefusedAsync(string module) =>
            (await Assert.ThrowsAsync<ArgumentException>(() => shop.Engine.RebuildAsync(new RebuildRequest(module, RebuildFrom.History), TestContext.Current.CancellationToken).AsTask())).Message;
    }

    // Three purchases, of which the second came last; then the host has another module.
    private static async Task<Shop> LateAsync(ICustomerModule module, RecordMode mode = RecordMode.Live)
    {
        var before = new Shop(new ScriptModule("any", ["*"], (_, _) => Outcome.Nothing));
        foreach (var (key, day) in new[] { ("till:1", 0), ("till:2", 2), ("till:3", 1) })
        {
            before.Clock.Set(Shop.Opening + Duration.FromDays(3));
            await before.Engine.RecordAsync([Histories.Purchase(key, 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(day) }], mode, TestContext.Current.CancellationToken);
        }

        var shop = new Shop(before.Store, module);
        shop.Clock.Set(Shop.Opening + Duration.FromDays(4));
        return shop;
    }

    private static ValueTask<Receipt> OpenAsync(Shop shop, string kind) =>
        shop.Engine.RecordAsync(new CustomerEvent { Key = EventKey.Parse("desk:1"), Kind = kind, Identity = Shop.Amy, OccurredAt = Shop.Opening - Duration.FromTicks(1) }, TestContext.Current.CancellationToken);

    // Notes each purchase, gives a stamp for it and writes about it.
    private static ScriptModule Stamps(bool reversible) => new(
        new ModuleContract
        {
            Name = "stamps",
            Kinds = [new EventKind(Opened, EventNature.Happening) { OpensHistory = true }, new EventKind(Passed, EventNature.Happening) { OpensHistory = true }],
            Handles = [Opened, Passed, EventKinds.PurchaseName],
            Codec = NotesCodec.Instance,
            Reversible = reversible,
        },
        (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened({ Kind: Opened }) => notes.Plus("opened"),
            Stimulus.Happened({ Kind: EventKinds.PurchaseName } purchase) => notes.Plus(purchase.Key.Value) with
            {
                Entries = [new LedgerEntry { Program = "stamps", Unit = "stamp", Lot = purchase.Key.Value, Amount = 1, Movement = Movement.Issued, Cause = context.Cause, OccurredAt = context.Moment.Instant }],
                Messages = [new Message { Occasion = $"stamp for {purchase.Key}", Channel = "post", Template = "stamp", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(1) }],
            },
            _ => Outcome.Nothing,
        });

    private static async Task<List<(string Lot, long Amount)>> UnitsAsync(Shop shop) =>
        [.. (await shop.Store.ReadLedgerAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).GroupBy(row => row.Entry.Lot).Select(lot => (lot.Key, lot.Sum(row => row.Entry.Amount))).Order()];
}
