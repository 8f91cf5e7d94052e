using System.Reflection;
using Crm.Campaigns;
using Crm.Campaigns.Decisions;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Segmentation.Segments;
using Crm.Tool.Commands;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;
using NodaTime;
using CampaignCodes = Crm.Campaigns.Decisions.LineCodes;
using LoyaltyCodes = Crm.Loyalty.Receipts.LineCodes;

namespace Crm.Tool.Tests.Commands;

/// <summary>Every code that a package writes into receipts has a sentence in both languages: its own, which is made when somebody reads, or one that the line carries with it.</summary>
public sealed class SentencesOfLines : IDisposable
{
    // What the engine writes without a sentence.
    private static readonly string[] Engine = ["corrected", "corrects", "merged-units", "beyond-replay-horizon", "disposed-of"];

    // Lines that are written with their sentence, which the club of the tests of loyalty asks of each.
    private static readonly HashSet<string> Carried =
    [
        LoyaltyCodes.UnknownProgram, LoyaltyCodes.NotBooked, LoyaltyCodes.WhyNot, LoyaltyCodes.TierBrought, LoyaltyCodes.CardBrought, LoyaltyCodes.RewardTakenBack, LoyaltyCodes.NotUndone, LoyaltyCodes.Activated, LoyaltyCodes.Expiring,
        LoyaltyCodes.LotsAmended, LoyaltyCodes.LifeNotBegun, LoyaltyCodes.TierExpiring, LoyaltyCodes.Stamped, LoyaltyCodes.CardFull, LoyaltyCodes.FreeTaken, LoyaltyCodes.StampsExpired, LoyaltyCodes.StampsNotGiven, LoyaltyCodes.CardOpened,
        LoyaltyCodes.StampsTakenBack, LoyaltyCodes.ChallengeTakenBack, LoyaltyCodes.PrizeCovered, LoyaltyCodes.Reserved, LoyaltyCodes.ReservationReturned, LoyaltyCodes.Rewarded, LoyaltyCodes.RewardUsed, LoyaltyCodes.Surprise,
        LoyaltyCodes.CartWants, LoyaltyCodes.QuoteShort, LoyaltyCodes.StampsForfeited, LoyaltyCodes.ChallengeForfeited, LoyaltyCodes.RewardForfeited, LoyaltyCodes.Membership, LoyaltyCodes.Velocity, LoyaltyCodes.Pool, LoyaltyCodes.Referred,
        LoyaltyCodes.ReferralFlagged, LoyaltyCodes.ReferralUnclaimed, LoyaltyCodes.ChallengeJoined, LoyaltyCodes.ChallengeAchieved,
    ];

    private static readonly ReceiptText Texts = new(new SegmentCatalog(new DefinitionCatalog<Segment>([])), Instant.FromUtc(2026, 1, 1, 0, 0), namesPrograms: false);

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_code_has_a_sentence() => Assert.Empty(Untold(All));

    [Fact]
    public void A_code_without_a_sentence_is_caught()
    {
        ReceiptLine[] forgotten = [new(EngineTexts.Module, "forgotten"), new(LoyaltyNames.Module, "forgotten"), new(CampaignNames.Module, "forgotten"), new(SegmentNames.Module, "forgotten"), new(CampaignNames.Module, CampaignCodes.Suppressed)];

        Assert.Equal(forgotten, Untold(All.Concat(forgotten)));
    }

    [Fact]
    public void Lines_that_carry_their_sentence_have_none_of_their_own() =>
        Assert.Equal(Carried.Order(StringComparer.Ordinal), Untold(Codes(typeof(LoyaltyCodes)).Select(code => new ReceiptLine(LoyaltyNames.Module, code))).Select(line => line.Code).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Whatever_the_modules_of_the_demo_write_has_a_sentence()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "20", "--days", "60", "--store", file);
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.OnlyLook, CancellationToken.None);
        var texts = await ReceiptText.OfAsync(store, SystemClock.Instance, Instant.FromUtc(2026, 3, 1, 0, 0), CancellationToken.None);
        var modules = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (_, entry) in store.Scan.ReadAllAsync(CancellationToken.None))
        {
            // Parts of what is suppressed are reasons, which a gate names as it likes.
            foreach (var line in entry.Receipt.Lines.SelectMany(line => line.Module == CampaignNames.Module ? [line] : line.Parts.Prepend(line)))
            {
                modules.Add(line.Module);
                Assert.False(IsUntold(texts, line), $"{line.Module}/{line.Code}");
            }
        }

        Assert.Superset(new HashSet<string> { "customers", "loyalty", "segmentation", "campaigns" }, modules);
    }

    private static IEnumerable<ReceiptLine> All =>
    [
        .. Engine.Select(code => new ReceiptLine(EngineTexts.Module, code)),
        .. Codes(typeof(LoyaltyCodes)).Where(code => !Carried.Contains(code)).Select(code => new ReceiptLine(LoyaltyNames.Module, code)),
        .. Codes(typeof(CampaignCodes)).Select(code => new ReceiptLine(CampaignNames.Module, code) { Subject = "wake-up:pos:1:30", Parts = code == CampaignCodes.Suppressed ? [new ReceiptLine(CampaignNames.Module, Reasons.Gate)] : [] }),
        .. Codes(typeof(Reasons)).Select(code => new ReceiptLine(CampaignNames.Module, code)),
        .. new[] { SegmentNames.EnteredLine, SegmentNames.LeftLine }.Select(code => new ReceiptLine(SegmentNames.Module, code) { Subject = "vip" }),
    ];

    private static IEnumerable<string> Codes(Type codes) => codes.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field is { IsLiteral: true, Name: not nameof(LoyaltyCodes.NoTier) }).Select(field => (string)(field.GetRawConstantValue() ?? ""));

    private static IEnumerable<ReceiptLine> Untold(IEnumerable<ReceiptLine> lines) => lines.Where(line => IsUntold(Texts, line));

    // Codes that nobody tells of are shown as they are, or as a gate's own.
    private static bool IsUntold(ReceiptText texts, ReceiptLine line)
    {
        try
        {
            var text = texts.Of(line);
            return text.English.Length == 0 || text.Chinese.Length == 0 || text.Chinese == text.English || text.English.StartsWith($"{line.Module}: ", StringComparison.Ordinal) || text.English.Contains($"refused with '{line.Code}'", StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
