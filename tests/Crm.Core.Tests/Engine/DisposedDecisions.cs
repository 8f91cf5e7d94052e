using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Core.Tests.Engine;

/// <summary>What the log of decisions says of decisions whose later news counts earlier, and so could be disposed of before them.</summary>
public sealed class DisposedDecisions
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_decision_that_was_revoked_does_not_stand_again_when_what_revoked_it_could_go()
    {
        var shop = new Shop(Welcomes());
        await shop.RecordAsync(Purchase("till:2", 10));
        await shop.RecordAsync(Purchase("till:1", 5));
        await shop.RecordAsync(Purchase("till:3", 20));

        var held = new List<HeldHistory>();
        await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(7)) { Held = held.Add }, Token);

        Assert.Equal(["welcome 1", "welcome 2"], await DecidedAsync(shop));
        Assert.Equal(["welcome 1"], await StandingAsync(shop));
        Assert.Equal(("still-amended", 1), (Assert.Single(held).Code, held[0].Entries));

        // Together they go.
        Assert.Equal((2, 0), await DisposedAsync(shop, 12));
        Assert.Empty(await DecidedAsync(shop));
    }

    [Fact]
    public async Task News_of_a_message_do_not_go_before_its_decision()
    {
        var shop = new Shop(Welcomes());
        await shop.RecordAsync(Purchase("till:2", 10));
        var sent = new CustomerEvent { Key = EventKey.Parse("post:1"), Kind = MessageOutcomes.Delivered, Identity = Shop.Amy, OccurredAt = Day(9), Fields = Fields.Of(("occasion", "welcome 2")) };
        await shop.RecordAsync(sent);
        await shop.RecordAsync(Purchase("till:3", 20));

        Assert.Equal((0, 1), await DisposedAsync(shop, 9));
        Assert.Equal(["welcome 2"], (await LogAsync(shop)).Outcomes.Select(outcome => outcome.Occasion));
        Assert.Equal((2, 0), await DisposedAsync(shop, 10));
    }

    // Whoever buys for the first time is welcomed.
    private static ScriptModule Welcomes() => new("welcomes", [EventKinds.PurchaseName], (notes, context) => context.Stimulus switch
    {
        Stimulus.Happened(var purchase) when notes.Lines.IsEmpty => notes.Plus(purchase.Key.Value) with
        {
            Decisions =
            [
                new DecisionRecord
                {
                    Module = "welcomes", Definition = "welcome", Version = 1, Step = "first", Occasion = $"welcome {purchase.Key.Value}",
                    Verdict = DecisionVerdict.Act, At = context.Moment.Instant, Inputs = 1,
                },
            ],
        },
        _ => Outcome.Nothing,
    });

    private static Instant Day(int day) => Shop.Opening + Duration.FromDays(day);

    private static CustomerEvent Purchase(string key, int day) => Histories.Purchase(key, 1_000) with { OccurredAt = Day(day) };

    private static async Task<(long Entries, long Held)> DisposedAsync(Shop shop, int day)
    {
        var report = await shop.Engine.DisposeOfJournalAsync(new DisposalRequest(Day(day)), Token);
        return (report.Entries, report.Held);
    }

    private static async Task<DecisionLog> LogAsync(Shop shop) => Assert.IsType<DecisionLog>(await shop.Engine.ReadDecisionsAsync(CustomerRef.Of(Shop.Amy), Token));

    private static async Task<IEnumerable<string>> DecidedAsync(Shop shop) => (await LogAsync(shop)).Entries.Select(entry => entry.Record.Occasion).Distinct().Order(StringComparer.Ordinal);

    // What was said last about each is that it was decided.
    private static async Task<IEnumerable<string>> StandingAsync(Shop shop) =>
        (await LogAsync(shop)).Entries.GroupBy(entry => entry.Record.Occasion, StringComparer.Ordinal).Where(course => !course.Last().Record.Revoked).Select(course => course.Key);
}
