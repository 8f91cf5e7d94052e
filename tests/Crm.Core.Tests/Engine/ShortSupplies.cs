using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Core.Tests.Engine;

/// <summary>A supply that has less than is wanted gives what it has, to what is due as to events; what it had is kept with the entry, so that history decides the same again.</summary>
public sealed class ShortSupplies
{
    private const string Visit = "visit";
    private const string Ask = "mug.ask";
    private const string Mugs = "mugs";
    private static readonly Identity Ben = Identity.User("ben");
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_left_is_given()
    {
        var shop = await Stocked(2);

        await shop.RecordAsync(Visited("door:1", Shop.Amy, 3));

        Assert.Equal(["1 took 2"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Equal(0, await LeftIn(shop));
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task What_is_due_and_the_event_with_it_share_what_is_left()
    {
        var shop = await Stocked(4);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        shop.Clock.Advance(Duration.FromDays(2));

        await shop.RecordAsync(Visited("door:2", Shop.Amy, 3));

        Assert.Equal(["1 took 1", "due took 2", "2 took 1"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Equal(0, await LeftIn(shop));
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task A_supply_that_ran_short_later_was_not_short_for_what_was_due_before()
    {
        var shop = await Stocked(1);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 0));
        shop.Clock.Advance(Duration.FromHours(2));
        await shop.RecordAsync(Visited("door:2", Shop.Amy, 0));
        for (var day = 0; day < 2; day++)
        {
            shop.Clock.Advance(Duration.FromHours(23));
            await shop.Engine.RunDueAsync(cancellationToken: Token);
        }

        Assert.Equal(["1 took 0", "2 took 0", "due took 1", "due took 0"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task A_refund_does_not_bring_what_was_due_with_it_and_found_nothing()
    {
        var shop = await Stocked(1);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        shop.Clock.Advance(Duration.FromDays(2));

        await shop.RecordAsync(Histories.Cancellation("door:undo", EventKey.Parse("door:none")));

        Assert.Equal(["1 took 1", "due took 0"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Equal(0, await LeftIn(shop));
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task A_refused_request_keeps_what_was_due_with_it_and_found_nothing()
    {
        var shop = await Stocked(1);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        shop.Clock.Advance(Duration.FromDays(2));

        Assert.Equal("no-mugs", (await shop.RecordAsync(Asked("app:1", Shop.Amy, 1))).Refusal?.Code);

        Assert.Equal(["1 took 1", "due took 0"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task A_refused_request_keeps_what_fell_due_a_tick_before_it()
    {
        var shop = await Stocked(1);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        await shop.RecordAsync(Visited("door:2", Shop.Amy, 0));
        shop.Clock.Advance(Duration.FromDays(1));

        Assert.Equal("no-mugs", (await shop.RecordAsync(Asked("app:1", Shop.Amy, 1))).Refusal?.Code);

        Assert.Equal(["1 took 1", "2 took 0", "due took 0", "due took 0"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
        Assert.Empty(await Differences(shop, static entry => entry));
    }

    [Fact]
    public async Task What_an_irrevocable_module_asks_of_the_past_shares_what_was_left_then()
    {
        var asked = new ScriptModule(
            new ModuleContract { Name = "mugs", Handles = [Visit, EventKinds.CancellationName], Kinds = [Wanting(Visit, EventNature.Happening)], Codec = NotesCodec.Instance, Reversible = false },
            (notes, context) => context.Stimulus switch
            {
                Stimulus.Happened({ Kind: EventKinds.CancellationName }) => new Outcome.Accepted { State = new Notes([.. context.Amended.SelectMany(amended => ((Notes)context.StateHad(amended.Whole.Key, amended.Whole)).Lines)]) },
                _ => Visiting(notes, context),
            });
        var shop = await Stocked(4, asked);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        shop.Clock.Advance(Duration.FromDays(2));
        await shop.RecordAsync(Visited("door:2", Shop.Amy, 3));

        await shop.RecordAsync(Histories.Cancellation("undo:2", EventKey.Parse("door:2")));

        Assert.Equal(["1 took 1", "due took 2", "2 took 1"], (await shop.ReadAsync()).Slot<Notes>("mugs").Lines);
    }

    [Fact]
    public async Task The_past_has_what_history_decided_where_the_entry_that_knows_of_it_came_later()
    {
        var shop = await Stocked(2);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        shop.Clock.Advance(Duration.FromDays(3));
        await shop.RecordAsync(Visited("door:3", Shop.Amy, 1));

        Assert.Equal(["1 took 1", "due took 1"], await Past(shop, Shop.Amy, Duration.FromDays(2)));
        Assert.Equal(["1 took 1", "due took 1"], await Past(shop, Shop.Amy, Duration.FromDays(2), question => question with { HappenedUntil = Shop.Opening + Duration.FromHours(1) }));
        Assert.Equal(["1 took 1", "due took 1", "3 took 0"], await Past(shop, Shop.Amy, Duration.FromDays(3) + Duration.FromHours(1)));
    }

    // The merge knows of the one who stays, and the end of the other journal of the one who goes.
    [Fact]
    public async Task The_past_of_two_who_were_merged_has_what_history_decided_with_the_merge()
    {
        var shop = await Stocked(3);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 1));
        await shop.RecordAsync(Visited("door:2", Ben, 1));
        var ben = (await shop.Engine.ReadAsync(CustomerRef.Of(Ben), Token))!.Customer;
        shop.Clock.Advance(Duration.FromDays(3));
        await shop.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy), CustomerRef.Of(Ben)), Token);

        var then = new PastQuestion(Shop.Opening + Duration.FromDays(2));
        var amy = (await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), then, Token))!.Customer;
        var gone = (await shop.Engine.ReadAsync(CustomerRef.Of(ben), then, Token))!.Customer;
        Assert.Equal(["1 took 1", "due took 0", "2 took 1", "due took 1"], [.. amy.Slot<Notes>("mugs").Lines, .. gone.Slot<Notes>("mugs").Lines]);
    }

    [Fact]
    public async Task A_quote_promises_what_is_left()
    {
        var shop = await Stocked(1);
        await shop.RecordAsync(Visited("door:1", Shop.Amy, 0));
        shop.Clock.Advance(Duration.FromDays(2));
        var asks = Asked("app:1", Shop.Amy, 1);

        var quote = await shop.Engine.QuoteAsync(asks, Token);
        Assert.Equal("no-mugs", quote.Receipt.Refusal?.Code);
        await ((IQuotas)shop.Store).SetAsync(Mugs, 3, Token);
        Assert.Equal(new Quoted.Stale("decided-otherwise"), await shop.Engine.CommitAsync(asks, quote.Token, Token));

        var better = await shop.Engine.QuoteAsync(asks, Token);
        Assert.Null(better.Receipt.Refusal);
        await ((IQuotas)shop.Store).SetAsync(Mugs, 2, Token);
        Assert.Equal(new Quoted.Stale("decided-otherwise"), await shop.Engine.CommitAsync(asks, better.Token, Token));
        Assert.Equal(2, await LeftIn(shop));
    }

    [Fact]
    public void Nothing_is_oversold_and_history_decides_the_same_again() => Law(static entry => entry).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void History_that_forgets_what_was_left_is_caught() => Counterfeits.Caught(() => Law(static entry => entry with
    {
        Observations = Fields.Of(entry.Observations.Where(observed => !observed.Key.StartsWith("q#:", StringComparison.Ordinal)).Select(observed => (observed.Key, observed.Value))),
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(150)));

    [Fact]
    public void History_that_forgets_that_anything_was_short_is_caught() => Counterfeits.Caught(() => Law(static entry => entry with { Observations = default }).Check(Config.QuickThrowOnFailure.WithMaxTest(150)));

    // Visits in order and late, requests, cancellations, deliveries and workers, of two people over one supply.
    private static Property Law(Func<JournalEntry, JournalEntry> kept) => Prop.ForAll(
        Arb.From(Gen.Choose(0, 5)),
        Arb.From(Gen.Zip(Gen.Choose(0, 5), Gen.Zip(Gen.Choose(0, 30), Gen.Choose(0, 4))).ListOf().Where(steps => steps.Count < 32)),
        async Task<bool> (mugs, steps) =>
        {
            var (shop, filled) = (await Stocked(mugs), (long)mugs);
            for (var i = 0; i < steps.Count; i++)
            {
                var (what, (hours, amount)) = steps[i];
                var (who, now, before) = (i % 3 == 2 ? Ben : Shop.Amy, shop.Clock.GetCurrentInstant(), await LeftIn(shop));
                shop.Clock.Advance(what == 1 ? Duration.Zero : Duration.FromHours(hours));
                switch (what)
                {
                    case 0:
                        await shop.RecordAsync(Visited($"door:{i}", who, amount));
                        if (await LeftIn(shop) > 0 && !(await Lines(shop, who)).Contains($"{i} took {amount}"))
                        {
                            return false;
                        }

                        break;
                    case 1:
                        await shop.RecordAsync(Visited($"door:{i}", who, amount) with { OccurredAt = Instant.Max(now - Duration.FromHours(hours), Shop.Opening) });
                        break;
                    case 2:
                        await shop.RecordAsync(Asked($"app:{i}", who, amount));
                        break;
                    case 3:
                        await shop.RecordAsync(Histories.Cancellation($"undo:{i}", EventKey.Parse($"door:{i - 3}")) with { Identity = who });
                        break;
                    case 4:
                        await ((IQuotas)shop.Store).SetAsync(Mugs, await LeftIn(shop) + amount, Token);
                        filled += amount;
                        break;
                    default:
                        await shop.Engine.RunDueAsync(cancellationToken: Token);
                        break;
                }

                // What a change of history gives again goes into debt; nothing new does.
                if (what is not 1 and not 3 && await LeftIn(shop) < Math.Min(before, 0))
                {
                    return false;
                }
            }

            await shop.Engine.RunDueAsync(cancellationToken: Token);
            var taken = (await Lines(shop, Shop.Amy)).Concat(await Lines(shop, Ben)).Sum(line => long.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture));
            return filled - await LeftIn(shop) == taken && (await Differences(shop, kept)).Count == 0;
        });

    // Whoever visits takes as many mugs as they want and there are, and two more on the day after.
    private static ScriptModule Module => new(
        new ModuleContract { Name = "mugs", Handles = [Visit, Ask], Kinds = [Wanting(Visit, EventNature.Happening), Wanting(Ask, EventNature.Request)], Codec = NotesCodec.Instance },
        Visiting);

    private static Outcome Visiting(Notes notes, ModuleContext context) => context.Stimulus switch
    {
        Stimulus.Due => Take(notes, context, "due", 2),
        Stimulus.Happened({ Kind: Ask } asked) when !context.AlreadyAccepted && !context.MayDraw(Mugs, Wanted(asked)) => new Outcome.Refused("no-mugs", new Text("None left.", "已派完。")),
        Stimulus.Happened({ Kind: Ask } asked) => Took(notes, asked.Key.Value, Wanted(asked)),
        Stimulus.Happened(var visited) => Take(notes, context, visited.Key.Value, Wanted(visited)) with { Agenda = [new AgendaChange($"later/{visited.Key}", context.Moment.Instant + Duration.FromDays(1))] },
        _ => Outcome.Nothing,
    };

    private static Outcome.Accepted Take(Notes notes, ModuleContext context, string who, long wanted)
    {
        while (wanted > 0 && !context.MayDraw(Mugs, wanted))
        {
            wanted--;
        }

        return Took(notes, who, wanted);
    }

    private static Outcome.Accepted Took(Notes notes, string who, long many) => notes.Plus($"{who} took {many}") with { Quotas = many > 0 ? [new QuotaDraw(Mugs, many)] : [] };

    private static long Wanted(CustomerEvent happened) => (long)happened.Fields["want"].AsNumber;

    private static EventKind Wanting(string name, EventNature nature) => new(name, nature) { Fields = [new FieldDeclaration("want", ScalarKind.Number)] };

    private static CustomerEvent Visited(string key, Identity who, long want) => new() { Key = EventKey.Parse(key), Kind = Visit, Identity = who, Fields = Fields.Of(("want", want)) };

    private static CustomerEvent Asked(string key, Identity who, long want) => Visited(key, who, want) with { Kind = Ask };

    private static async Task<Shop> Stocked(long mugs, ScriptModule? module = null)
    {
        var shop = new Shop(new CrmOptions { Zone = DateTimeZone.Utc, CheckpointEvery = 8 }, module ?? Module);
        await ((IQuotas)shop.Store).SetAsync(Mugs, mugs, Token);
        return shop;
    }

    private static ValueTask<long> LeftIn(Shop shop) => ((IQuotas)shop.Store).AvailableAsync(Mugs, Token);

    private static async Task<Sequence<string>> Past(Shop shop, Identity who, Duration after, Func<PastQuestion, PastQuestion>? asked = null) =>
        (await shop.Engine.ReadAsync(CustomerRef.Of(who), (asked ?? (question => question))(new PastQuestion(Shop.Opening + after)), Token))!.Customer.Slot<Notes>("mugs").Lines;

    private static async Task<Sequence<string>> Lines(Shop shop, Identity who) => (await shop.Engine.ReadAsync(CustomerRef.Of(who), Token))?.Slot<Notes>("mugs").Lines ?? [];

    private static async Task<List<Difference>> Differences(Shop shop, Func<JournalEntry, JournalEntry> kept)
    {
        var (verifier, found) = (new CustomerVerifier(shop.Modules, shop.Options), new List<Difference>());
        foreach (var customer in await shop.Store.ReadCustomersAsync(Token).ToListAsync(Token))
        {
            var history = await shop.Store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), Token);
            found.AddRange(verifier.Verify(await shop.Store.LoadAsync(CustomerRef.Of(customer), Token), history with { Entries = history.Entries.Select(kept).ToSequence() }, []).Differences);
        }

        return found;
    }
}
