using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>The audience of five leaves: three purchases in 90 days, much spent, a region, a consent, nothing bought in 14 days. And the luck by which its shop is filled, the same each time.</summary>
internal static class FiveLeaves
{
    /// <summary>How many purchases a customer has at most, but for one.</summary>
    public const int MostPurchases = 19;

    public static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    public static readonly Moment Now = new(Start + Duration.FromDays(365), DateTimeZone.Utc);

    public static readonly Condition FromPurchases = If.All(
        If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3),
        If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1_000),
        If.Fact("customer.region").Is("HK"),
        If.Fact("consent.email").Is(true),
        If.Purchases().InLast(Duration.FromDays(14)).Count().Is(0));

    /// <summary>The same asked of what is kept up with every event.</summary>
    public static readonly Condition FromFacts = If.All(
        If.Fact("kept.recent").AtLeast(3),
        If.Fact("kept.spend").AtLeast(1_000),
        If.Fact("customer.region").Is("HK"),
        If.Fact("consent.email").Is(true),
        If.Fact("kept.fortnight").Is(0));

    /// <summary>How many purchases somebody has.</summary>
    public static int Purchases(ref ulong luck) => (int)(Next(ref luck) % (MostPurchases + 2));

    /// <summary>When one of them was.</summary>
    public static Instant PurchasedAt(ref ulong luck) => Start + Duration.FromSeconds((long)(Next(ref luck) % (365 * 86_400)));

    /// <summary>SplitMix64.</summary>
    public static ulong Next(ref ulong state)
    {
        state = unchecked(state + 0x9e3779b97f4a7c15UL);
        var bits = state;
        bits = unchecked((bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94d049bb133111ebUL);
        return bits ^ (bits >> 31);
    }
}
