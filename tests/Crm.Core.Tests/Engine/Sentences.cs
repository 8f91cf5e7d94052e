using Crm.Engine;
using Crm.Events;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

/// <summary>What the engine itself writes into receipts can be told to people.</summary>
public sealed class Sentences
{
    [Theory]
    [InlineData("corrected", null, "Corrected by −1,234 points.", "更正 −1,234 points。")]
    [InlineData("corrects", "till:1", "−1,234 points of what came of 'till:1'.", "「till:1」之所得：−1,234 points。")]
    [InlineData("merged-units", "club", "−1,234 points of 'club' by becoming one customer.", "因合併：「club」−1,234 points。")]
    public void Units_are_told_with_their_sign(string code, string? subject, string english, string chinese) =>
        Assert.Equal(new Text(english, chinese), EngineTexts.Describe(new ReceiptLine(EngineTexts.Module, code) { Subject = subject, Unit = "points", Amount = -1_234 }));

    [Fact]
    public async Task Whatever_a_correction_and_a_late_event_write_has_a_sentence()
    {
        var shop = new Shop(new CrmOptions { Zone = NodaTime.DateTimeZone.Utc, ReplayHorizon = NodaTime.Duration.FromDays(10) }, new ClubModule(new Crm.Conditions.Condition.Any([])));
        shop.Clock.Set(Shop.Opening + NodaTime.Duration.FromDays(30));
        var receipts = new List<Receipt>
        {
            await shop.RecordAsync(Histories.Purchase("till:1", 5_000)),
            await shop.RecordAsync(CustomerEvent.Refund("till:2", Shop.Amy, "till:1", Money.Hkd(10))),
            await shop.RecordAsync(Histories.Purchase("till:3", 5_000) with { OccurredAt = Shop.Opening }),
        };
        var lines = receipts.SelectMany(receipt => receipt.Lines).SelectMany(line => line.Parts.Prepend(line)).Where(line => line.Module == EngineTexts.Module).ToList();

        Assert.Equal(["beyond-replay-horizon", "corrected", "corrects"], lines.Select(line => line.Code).Distinct().Order(StringComparer.Ordinal));
        Assert.All(lines, line => Assert.True(EngineTexts.Describe(line) is { English.Length: > 0, Chinese.Length: > 0 }));
        Assert.NotNull(EngineTexts.Describe(Assert.Single(receipts[0].Short().Lines)));
    }

    [Fact]
    public void The_lines_of_modules_have_sentences_of_their_own() => Assert.Null(EngineTexts.Describe(new ReceiptLine("club", "corrected")));
}
