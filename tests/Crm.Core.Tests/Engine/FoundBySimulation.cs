using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What simulated worlds have found, each in the fewest steps.</summary>
public sealed class FoundBySimulation
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly CrmOptions Options = new() { Zone = DateTimeZone.Utc, CheckpointEvery = 8 };
    private readonly Shop shop = new(Options, new ClubModule(new Condition.Any([])), new Mugs());

    [Fact]
    public async Task A_request_that_a_cancellation_of_something_else_was_waiting_for_can_be_refused()
    {
        // The refund names a redemption that has not come, so the redemption is decided with history.
        await shop.RecordAsync(CustomerEvent.Refund("till:1", Shop.Amy, "till:2", Money.Hkd(1)));
        var receipt = await shop.RecordAsync(Histories.Redeem("till:2", 5));

        Assert.Equal("insufficient-balance", receipt.Refusal?.Code);
        Assert.Empty(receipt.Lines);
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning()));
    }

    [Fact]
    public async Task A_cancellation_that_counts_before_its_purchase_is_not_forgotten_by_a_replay_from_between_them()
    {
        await DaysAsync(1, 12);
        await shop.RecordAsync(Histories.Cancellation("till:early", EventKey.Parse("till:late")) with { OccurredAt = Day(2) });
        await shop.RecordAsync(Histories.Purchase("till:late", 90_000) with { OccurredAt = Day(20) });
        await shop.RecordAsync(Histories.Purchase("till:behind", 5_000) with { OccurredAt = Day(19) });

        Assert.Equal(13 * 5, (await shop.ReadAsync()).Fact("club.points").AsNumber);
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning()));
    }

    [Fact]
    public async Task A_late_request_is_not_left_out_of_a_checkpoint_that_a_refused_one_has_made()
    {
        await DaysAsync(1, 8);
        Assert.NotNull((await shop.RecordAsync(Histories.Redeem("till:too-much", 10_000) with { OccurredAt = Day(12) })).Refusal);
        Assert.Equal(Day(8), (await shop.RecordAsync(Histories.Redeem("till:late", 3) with { OccurredAt = Day(5) })).EffectiveAt);
        await shop.RecordAsync(Histories.Purchase("till:next", 5_000) with { OccurredAt = Day(13) });

        Assert.Empty(await DifferencesAsync(new HistoryStart.Before(Day(13))));
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning()));
    }

    [Fact]
    public async Task A_follow_up_that_was_taken_back_and_is_given_again_arrives()
    {
        var gifts = new Shop(Giver());
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await gifts.Engine.PumpAsync(cancellationToken: Token);
        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await gifts.Engine.PumpAsync(cancellationToken: Token);
        Assert.Empty(await BensAsync());

        await gifts.RecordAsync(Histories.Cancellation("till:3", EventKey.Parse("till:2")));
        await gifts.Engine.PumpAsync(cancellationToken: Token);
        Assert.Equal(["got"], await BensAsync());

        await gifts.RecordAsync(Histories.Cancellation("till:4", EventKey.Parse("till:3")));
        await gifts.Engine.PumpAsync(cancellationToken: Token);
        Assert.Empty(await BensAsync());

        async Task<Sequence<string>> BensAsync() => (await gifts.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), Token))!.Slot<Notes>("giver").Lines;
    }

    [Fact]
    public async Task What_was_given_is_taken_back_from_whom_it_reached_though_the_name_is_nobodys_by_then()
    {
        var gifts = new Shop(Giver());
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await gifts.Engine.PumpAsync(cancellationToken: Token);
        var erasure = new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Identity.User("ben"))) { KeepJournal = true };
        var ben = Assert.IsType<EraseResult.Erased>(await gifts.Engine.EraseAsync(erasure, Token)).Customer;

        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await gifts.Engine.PumpAsync(cancellationToken: Token);

        Assert.Empty((await gifts.Engine.ReadAsync(CustomerRef.Of(ben), Token))!.Slot<Notes>("giver").Lines);
        Assert.Null(await gifts.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_waits_for_somebody_who_is_erased_and_is_taken_back_makes_nobody(bool comesFirst)
    {
        var gifts = new Shop(Giver());
        var ben = (await gifts.RecordAsync(CustomerEvent.Purchase("ben:1", Identity.User("ben"), Money.Hkd(10)))).Customer;
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await (comesFirst ? HeldAsync(gifts) : Task.CompletedTask);
        await gifts.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(ben)), Token);

        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await SettledAsync(gifts);

        Assert.Null(await gifts.Engine.ReadAsync(CustomerRef.Of(Identity.User("ben")), Token));
        Assert.Equal(["got"], await NotesOfAsync(gifts, CustomerRef.Of(ben)));
    }

    [Fact]
    public async Task What_takes_back_goes_where_it_went_though_others_have_had_the_name_since()
    {
        var gifts = new Shop(Giver());
        var ben = (await gifts.RecordAsync(CustomerEvent.Purchase("ben:1", Identity.User("ben"), Money.Hkd(10)))).Customer;
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await HeldAsync(gifts);
        await gifts.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(ben)), Token);
        var other = (await gifts.RecordAsync(CustomerEvent.Purchase("ben:2", Identity.User("ben"), Money.Hkd(10)))).Customer;
        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await gifts.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:2"), CustomerRef.Of(other)), Token);

        await SettledAsync(gifts);

        Assert.Equal([["got"], ["got"]], [await NotesOfAsync(gifts, CustomerRef.Of(ben)), await NotesOfAsync(gifts, CustomerRef.Of(other))]);
    }

    [Fact]
    public async Task What_takes_back_waits_for_what_it_takes_back_so_that_both_reach_the_same_person()
    {
        var gifts = new Shop(Giver());
        var ben = (await gifts.RecordAsync(CustomerEvent.Purchase("ben:1", Identity.User("ben"), Money.Hkd(10)))).Customer;
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await HeldAsync(gifts);
        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        Assert.Equal(1, (await gifts.Engine.PumpAsync(cancellationToken: Token)).Postponed);

        await gifts.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Identity.User("ben"))), Token);
        await gifts.RecordAsync(CustomerEvent.Purchase("ben:2", Identity.User("ben"), Money.Hkd(10)));
        await SettledAsync(gifts);

        Assert.Equal([["got"], ["got"]], [await NotesOfAsync(gifts, CustomerRef.Of(ben)), await NotesOfAsync(gifts, CustomerRef.Of(Identity.User("ben")))]);
    }

    [Fact]
    public async Task What_comes_back_from_somebody_who_is_forgotten_is_taken_back_where_it_came()
    {
        const string Brought = "gift.brought", Back = "gift.back";
        CustomerId ben = default;
        var gifts = new Shop(new ScriptModule(
            new ModuleContract
            {
                Name = "giver",
                Handles = [EventKinds.PurchaseName, Brought, Back],
                Kinds = [new EventKind(Brought, EventNature.Happening) { ComesBackAs = Back }, new EventKind(Back, EventNature.Happening)],
                Codec = NotesCodec.Instance,
            },
            (notes, context) => context.Stimulus is Stimulus.Happened({ Kind: Brought or Back } gift) ? notes.Plus(gift.Kind)
                : ben == default ? Outcome.Nothing
                : notes.Plus("gave") with { FollowUps = [new CustomerEvent { Key = EventKey.Parse($"gift:{context.Cause.Value}"), Kind = Brought, Customer = ben }] }));
        ben = (await gifts.RecordAsync(CustomerEvent.Purchase("ben:1", Identity.User("ben"), Money.Hkd(10)))).Customer;
        await gifts.RecordAsync(Histories.Purchase("till:1", 5_000));
        await HeldAsync(gifts);
        await gifts.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(ben)), Token);

        await gifts.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await SettledAsync(gifts);

        Assert.Empty((await gifts.ReadAsync()).Slot<Notes>("giver").Lines);
    }

    [Fact]
    public async Task A_correction_that_gives_a_mug_again_is_recorded_when_none_is_left()
    {
        IQuotas quotas = shop.Store;
        await quotas.SetAsync("mugs", 1, Token);
        await shop.RecordAsync(Mugs.Take("till:1"));
        await shop.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")));
        await shop.RecordAsync(Mugs.Take("till:3"));
        Assert.Equal("no-mugs", (await shop.RecordAsync(Mugs.Take("till:4"))).Refusal?.Code);

        Assert.True((await shop.RecordAsync(Histories.Cancellation("till:5", EventKey.Parse("till:2")))).Accepted);
        Assert.Equal(-1, await quotas.AvailableAsync("mugs", Token));
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning()));
    }

    [Fact]
    public async Task Taking_back_a_refund_gives_back_what_it_took_from_a_purchase_before_the_last_checkpoint()
    {
        await DaysAsync(1, 30);
        await shop.RecordAsync(CustomerEvent.Refund("till:refund", Shop.Amy, "till:day-2", Money.Hkd(50)) with { OccurredAt = Day(31) });
        await shop.RecordAsync(Histories.Purchase("till:later", 5_000) with { OccurredAt = Day(32) });
        Assert.Equal(30 * 5, (await shop.ReadAsync()).Fact("club.points").AsNumber);

        await shop.RecordAsync(Histories.Cancellation("till:undo", EventKey.Parse("till:refund")) with { OccurredAt = Day(33) });
        Assert.Equal(31 * 5, (await shop.ReadAsync()).Fact("club.points").AsNumber);
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning()));
    }

    [Fact]
    public async Task A_late_event_that_nobody_counts_is_the_newest_of_a_checkpoint_after_it_too()
    {
        var open = new Shop(Options, new ClubModule(If.Purchases().InLast(Duration.FromDays(7)).Count().AtLeast(3)));
        await DaysAsync(25, 32, open);

        // Points of January run out, and later those of February, without anything that happens.
        open.Clock.Set(Day(91));
        await open.Engine.RunDueAsync(cancellationToken: Token);
        Assert.NotNull((await open.RecordAsync(Histories.Redeem("till:too-much", 10_000) with { OccurredAt = Day(125) })).Refusal);
        Assert.Equal(Day(90), await LastCheckpointAsync());

        await open.RecordAsync(new CustomerEvent { Key = EventKey.Parse("mail:1"), Kind = MessageOutcomes.Opened, Identity = Shop.Amy, OccurredAt = Day(60), Fields = Fields.Of(("occasion", "news")) });

        Assert.Empty(await DifferencesAsync(new HistoryStart.Before(Day(125)), open));
        Assert.Empty(await DifferencesAsync(new HistoryStart.Beginning(), open));

        async Task<Instant?> LastCheckpointAsync() => (await open.Store.LoadHistoryAsync((await open.ReadAsync()).Customer, new HistoryStart.Before(Day(125)), Token)).Checkpoint?.At;
    }

    [Fact]
    public async Task Somebody_joined_of_whom_something_came_after_what_was_due_later_is_not_decided_again()
    {
        var letters = new Shop(new Letters());
        await letters.RecordAsync(Merges.Purchase("till:1", Shop.Amy, 1_000));
        await letters.RecordAsync(Merges.Purchase("till:2", Merges.Ben, 1_000));
        letters.Clock.Set(Day(9));
        await letters.Engine.RunDueAsync(cancellationToken: Token);
        await letters.RecordAsync(new CustomerEvent { Key = EventKey.Parse("mail:1"), Kind = MessageOutcomes.Opened, Identity = Merges.Ben, OccurredAt = Day(3), Fields = Fields.Of(("occasion", "news")) });

        await Merges.MergedAsync(letters, "desk:1", Shop.Amy, Merges.Ben);

        Assert.Equal(["till:1", "remind", "till:2", "remind", "mail:1"], (await letters.ReadAsync()).Slot<Notes>("letters").Lines);
        Assert.Empty(await Books.DifferencesAsync(letters));
    }

    private static ScriptModule Giver() => new(
        new ModuleContract { Name = "giver", Handles = [EventKinds.PurchaseName], Codec = NotesCodec.Instance },
        (notes, context) => context.Cause.Source == "till" ? notes.Plus("gave") with { FollowUps = [CustomerEvent.Purchase($"gift:{context.Cause.Value}", Identity.User("ben"), Money.Hkd(10))] } : notes.Plus("got"));

    // What waits to leave is in the hands of a worker that died, for an hour.
    private static async Task HeldAsync(Shop gifts) => await ((IOutbox)gifts.Store).LeaseAsync(gifts.Clock.GetCurrentInstant(), gifts.Clock.GetCurrentInstant() + Duration.FromHours(1), 10, Token);

    private static async Task<Sequence<string>> NotesOfAsync(Shop gifts, CustomerRef who) => (await gifts.Engine.ReadAsync(who, Token))!.Slot<Notes>("giver").Lines;

    private static async Task SettledAsync(Shop gifts)
    {
        for (var leaving = 1; leaving > 0;)
        {
            leaving = (await gifts.Engine.PumpAsync(cancellationToken: Token)).Items;
            gifts.Clock.Advance(Duration.FromHours(1));
            leaving += (await gifts.Engine.PumpAsync(cancellationToken: Token)).Items;
        }
    }

    private static Instant Day(int day) => Shop.Opening + Duration.FromDays(day);

    private async Task DaysAsync(int first, int last, Shop? of = null)
    {
        for (var day = first; day <= last; day++)
        {
            await (of ?? shop).RecordAsync(Histories.Purchase($"till:day-{day}", 5_000) with { OccurredAt = Day(day) });
        }
    }

    private async Task<IEnumerable<Difference>> DifferencesAsync(HistoryStart start, Shop? of = null)
    {
        var modules = new ModuleSet((of ?? shop).Modules);
        var codec = new StateCodec(modules);
        var stored = await (of ?? shop).Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        var history = await (of ?? shop).Store.LoadHistoryAsync(stored.Customer!.Value, start, Token);
        return [.. new Redecision(modules, codec, Options).Compare(stored.Customer.Value, codec.Decode(stored.Slots, stored.Version), history)];
    }

    private sealed class Mugs : CustomerModule<Notes>
    {
        private const string Kind = "mug.take";

        public override ModuleContract Contract { get; } = new() { Name = "mugs", Handles = [Kind], Kinds = [new EventKind(Kind, EventNature.Request)], Codec = NotesCodec.Instance };

        public static CustomerEvent Take(string key) => new() { Key = EventKey.Parse(key), Kind = Kind, Identity = Shop.Amy };

        protected override Outcome Handle(Notes state, ModuleContext context) => context.AlreadyAccepted || context.MayDraw("mugs", 1)
            ? state.Plus(context.Cause.Value) with { Quotas = [new QuotaDraw("mugs", 1)] }
            : new Outcome.Refused("no-mugs", new Text("None left.", "已派完。"));
    }

    // Reminds after five days, and notes what it sees in the order in which it does.
    private sealed class Letters : CustomerModule<Notes>
    {
        public override ModuleContract Contract { get; } = new() { Name = "letters", Handles = [EventKinds.PurchaseName, MessageOutcomes.Opened], Codec = NotesCodec.Instance };

        protected override Outcome Handle(Notes state, ModuleContext context) => context.Stimulus switch
        {
            Stimulus.Due(var key) => state.Plus(key),
            Stimulus.Happened({ Kind: EventKinds.PurchaseName }) => state.Plus(context.Cause.ToString()) with { Agenda = [new AgendaChange("remind", context.Moment.Instant + Duration.FromDays(5))] },
            _ => state.Plus(context.Cause.ToString()),
        };

        protected override Outcome.Accepted? Merge(Notes survivor, Notes retired, ModuleContext context) => new() { State = new Notes([.. survivor.Lines, .. retired.Lines]) };
    }
}
