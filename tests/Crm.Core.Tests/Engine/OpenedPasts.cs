using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Core.Tests.Engine;

/// <summary>A module with units of a host's own that joins a store later, and is shown the history by an event that opens it.</summary>
public sealed class OpenedPasts
{
    private const string Opened = "stamps.opened";
    private const string Passed = "stamps.passed";

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

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
    public async Task Where_what_opened_history_is_taken_back_the_module_has_come_when_it_came(bool reversible)
    {
        var shop = await LateAsync(Stamps(reversible));
        await OpenAsync(shop, Opened);
        await shop.RecordAsync(Histories.Purchase("till:4", 1_000));

        await shop.RecordAsync(Histories.Cancellation("desk:2", EventKey.Parse("desk:1")));

        Assert.Equal(["4"], (await shop.ReadAsync()).Slot<Notes>("stamps").Lines);
        Assert.Equal([("4", 1L)], await UnitsAsync(shop));
        await SoundAsync(shop);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_module_sees_the_whole_history_while_something_opens_it_and_otherwise_what_came_after_it(bool reversible) => SeenLaw(reversible, store => store).Check(Thorough);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_journal_that_does_not_say_since_when_a_module_was_there_is_caught(bool reversible) => Counterfeits.Caught(() => SeenLaw(reversible, store => new Unobserving(store)).Check(Thorough));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_journal_from_before_that_was_said_leads_to_what_it_led_to(bool reversible)
    {
        var shop = (await LateAsync(Stamps(reversible))).Over(store => new Unobserving(store));
        await OpenAsync(shop, Opened);

        await shop.RecordAsync(Histories.Cancellation("desk:2", EventKey.Parse("desk:1")));

        // It is the event that is not known any more; history stays open.
        Assert.Equal(reversible ? ["1", "3", "2"] : ["1", "2", "3"], (await shop.ReadAsync()).Slot<Notes>("stamps").Lines);
        await SoundAsync(shop);
    }

    [Fact]
    public async Task A_past_that_is_asked_about_as_it_was_known_is_open_while_it_was()
    {
        var shop = await LateAsync(Stamps(reversible: true));
        var known = new List<Instant>();
        foreach (var what in new[] { Histories.Purchase("till:4", 1_000), Opening("desk:1", Opened), Histories.Cancellation("desk:2", EventKey.Parse("desk:1")), Histories.Purchase("till:5", 1_000) })
        {
            await shop.RecordAsync(what);
            known.Add(shop.Clock.GetCurrentInstant());
            shop.Clock.Set(shop.Clock.GetCurrentInstant() + Duration.FromHours(1));
        }

        var seen = new List<string>();
        foreach (var at in known)
        {
            var view = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(known[^1]) { KnownAt = at }, TestContext.Current.CancellationToken);
            seen.Add(string.Join(' ', view!.Customer.Slot<Notes>("stamps").Lines));
        }

        Assert.Equal(["4", "opened 1 3 2 4", "4", "4 5"], seen);
    }

    [Theory]
    [InlineData(true, "opened, 1, 3, 2, 4")]
    [InlineData(false, "opened, 1, 2, 3, 4")]
    public async Task A_past_that_is_asked_about_is_as_open_as_it_was(bool reversible, string noted)
    {
        var shop = await LateAsync(Stamps(reversible));
        await OpenAsync(shop, Opened);
        await shop.RecordAsync(Histories.Purchase("till:4", 1_000));
        var asked = shop.Clock.GetCurrentInstant() + Duration.FromMinutes(1);
        shop.Clock.Set(asked + Duration.FromHours(1));
        await shop.RecordAsync(Histories.Purchase("till:5", 1_000));

        var past = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(asked), TestContext.Current.CancellationToken);

        Assert.Equal(noted, string.Join(", ", past!.Customer.Slot<Notes>("stamps").Lines));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_ledger_of_a_past_has_what_every_module_wrote(bool reversible)
    {
        var shop = new Shop(Stamps(reversible));
        for (var day = 1; day <= 3; day++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{day}", 1_000) with { OccurredAt = Shop.Opening + Duration.FromDays(day) });
        }

        var question = new PastQuestion(Shop.Opening + Duration.FromDays(2)) { WithoutLaterAmendments = true, WithLedger = true };
        var past = await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), question, TestContext.Current.CancellationToken);

        Assert.Equal(["1", "2"], past!.Customer.Redecided!.Entries.Select(entry => entry.Lot));
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

    [Theory]
    [InlineData("buys")]
    [InlineData("opens", "buys")]
    [InlineData("rebuilds", "buys", "late", "refunds")]
    [InlineData("opens", "closes", "rebuilds", "buys", "late")]
    [InlineData("opens", "rebuilds", "closes", "buys", "late")]
    [InlineData("rebuilds", "opens", "closes", "buys", "refunds")]
    [InlineData("rebuilds", "rebuilds", "opens", "rebuilds", "closes", "late")]
    public async Task What_was_decided_anew_sees_all_of_history_from_then_on(params string[] steps)
    {
        var shop = await LateAsync(Plain);
        foreach (var (place, step) in steps.Index())
        {
            shop.Clock.Set(shop.Clock.GetCurrentInstant() + Duration.FromHours(1));
            switch (step)
            {
                case "buys":
                    await shop.RecordAsync(Histories.Purchase("till:4", 1_000));
                    break;
                case "late":
                    await shop.RecordAsync(Histories.Purchase("till:5", 1_000) with { OccurredAt = Shop.Opening + Duration.FromHours(36) });
                    break;
                case "refunds":
                    await shop.RecordAsync(Histories.Cancellation("till:back", EventKey.Parse("till:2")));
                    break;
                case "opens":
                    await shop.RecordAsync(Opening("desk:open", Opened));
                    break;
                case "closes":
                    await shop.RecordAsync(Histories.Cancellation("desk:close", EventKey.Parse("desk:open")));
                    break;
                default:
                    var report = await shop.Engine.RebuildAsync(new RebuildRequest("notes", RebuildFrom.History), TestContext.Current.CancellationToken);
                    Assert.Equal(steps.Take(place).Contains("rebuilds") ? 0 : 1, report.Changed);
                    break;
            }
        }

        string[] before = steps.Contains("refunds") ? ["1", "3"] : ["1", "2", "3"];
        string[] after = [.. steps.Where(step => step is "buys" or "late").Select(step => step == "buys" ? "4" : "5")];
        Assert.Equal(
            [.. steps.Contains("rebuilds") || steps.Contains("opens") ? before : [], .. after],
            (await shop.ReadAsync()).Slot<Notes>("notes").Lines.Where(line => line != "opened").Order(StringComparer.Ordinal));
        await SoundAsync(shop);
    }

    // Notes each purchase, and has no units.
    private static ScriptModule Plain => new(
        new ModuleContract
        {
            Name = "notes",
            Kinds = [new EventKind(Opened, EventNature.Happening) { OpensHistory = true }],
            Handles = [Opened, EventKinds.PurchaseName],
            Codec = NotesCodec.Instance,
        },
        (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened({ Kind: Opened }) => notes.Plus("opened"),
            Stimulus.Happened({ Kind: EventKinds.PurchaseName } purchase) => notes.Plus(purchase.Key.Value),
            _ => Outcome.Nothing,
        });

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

    private static ValueTask<Receipt> OpenAsync(Shop shop, string kind) => shop.Engine.RecordAsync(Opening("desk:1", kind), TestContext.Current.CancellationToken);

    private static CustomerEvent Opening(string key, string kind) => new() { Key = EventKey.Parse(key), Kind = kind, Identity = Shop.Amy, OccurredAt = Shop.Opening - Duration.FromTicks(1) };

    // Each step buys, or opens history once more, or takes back what was last said about an opening, which may be that it was taken back.
    private static Property SeenLaw(bool reversible, Func<InMemoryStore, ICustomerStore> between) => Prop.ForAll(Gen.Choose(0, 3).ListOf().Where(steps => steps.Count < 10).ToArbitrary(), async Task<bool> (steps) =>
    {
        var shop = (await LateAsync(Stamps(reversible))).Over(between);
        var (said, bought, kept) = (new List<EventKey>[] { [], [], [] }, new List<string>(), true);
        foreach (var (place, step) in steps.Index())
        {
            shop.Clock.Set(shop.Clock.GetCurrentInstant() + Duration.FromHours(1));
            if (step == said.Length)
            {
                bought.Add($"{4 + place}");
                await shop.RecordAsync(Histories.Purchase($"till:{4 + place}", 1_000));
            }
            else
            {
                var key = EventKey.Parse($"desk:{place}");
                await shop.RecordAsync(said[step].Count == 0 ? Opening(key.ToString(), Opened) : Histories.Cancellation(key.ToString(), said[step][^1]));
                said[step].Add(key);
            }

            var isOpen = said.Any(one => one.Count % 2 == 1);
            var expected = (isOpen ? (string[])[.. reversible ? new[] { "1", "3", "2" } : ["1", "2", "3"]] : []).Concat(bought).ToList();
            kept &= expected.SequenceEqual((await shop.ReadAsync()).Slot<Notes>("stamps").Lines.Where(line => line != "opened"))
                && expected.Order(StringComparer.Ordinal).SequenceEqual((await UnitsAsync(shop)).Select(lot => lot.Lot).Order(StringComparer.Ordinal));
        }

        await SoundAsync(shop);
        return kept;
    });

    // What is stored is what the journal leads to.
    private static async Task SoundAsync(Shop shop)
    {
        var token = TestContext.Current.CancellationToken;
        var snapshot = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), token);
        var customer = snapshot.Customer ?? throw new InvalidOperationException("Amy is nobody.");
        var ledger = await shop.Store.ReadLedgerAsync(token).Select(row => row.Entry).ToListAsync(token);
        var verdict = new CustomerVerifier(shop.Modules, shop.Options).Verify(snapshot, await shop.Store.LoadWholeAsync(customer, token), ledger);
        Assert.Null(verdict.NotRedecided);
        Assert.Empty(verdict.Differences);
    }

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
        [.. (await shop.Store.ReadLedgerAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).GroupBy(row => row.Entry.Lot).Select(lot => (lot.Key, lot.Sum(row => row.Entry.Amount))).Where(lot => lot.Item2 != 0).Order()];

    /// <summary>A store whose journal does not say what was observed.</summary>
    private sealed class Unobserving(InMemoryStore inner) : ICustomerStore
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
            inner.CommitAsync(commit with { Entries = commit.Entries.Select(entry => entry with { Observations = default }).ToSequence() }, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }
}
