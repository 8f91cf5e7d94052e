using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Stamps;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>The past decided again is the same to the byte, whatever culture the machine speaks. With CRM_LONG=1 over a million events.</summary>
public sealed class ReplayInCultures
{
    private const int EventsEach = 20;
    private const int AtOnce = 1_000;
    private static readonly int Customers = Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 50_000 : 300;
    private static readonly Instant Start = Samples.Local(2025, 1, 1, 9);
    private static readonly string[] Cultures = ["", "tr-TR", "ar-SA"];

    private static readonly LoyaltyProgram Program = Samples.TeaClub with
    {
        Rules = [.. Samples.TeaClub.Rules, new FixedPoints { Name = "first", Unit = "points", Points = 20, When = If.Purchases().Count().Is(1) }, new Multiplier { Name = "gold", Unit = "points", ByTier = [new("gold", new Ratio(3, 2))], TierAs = TierMoment.After }],
        Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 80 }],
        StampCards = [CupCards.Buy(4)],
    };

    [Fact]
    public async Task A_long_history_decided_again_in_three_cultures_gives_one_hash()
    {
        var heads = Cultures.Select(_ => Conservation.Genesis).ToArray();
        for (var (first, events) = (0, 0L); first < Customers; first += AtOnce)
        {
            var histories = await Histories(first, Math.Min(AtOnce, Customers - first));
            events += histories.Sum(history => history.Entries.Count);
            for (var i = 0; i < heads.Length; i++)
            {
                var before = heads[i];
                heads[i] = In(Cultures[i], () => HashOf(before, histories, Program));
            }

            Assert.Equal((long)Math.Min(first + AtOnce, Customers) * EventsEach, events);
        }

        Assert.Single(heads.Distinct());
        Assert.NotEqual(Conservation.Genesis, heads[0]);
    }

    [Fact]
    public async Task A_rule_that_looks_at_the_culture_is_noticed()
    {
        var histories = await Histories(0, 20);

        Assert.True(Cultures.Select(culture => In(culture, () => HashOf(Conservation.Genesis, histories, Program with { Rules = [new Local()] }))).Distinct().Count() > 1);
    }

    // The last link over all that is decided: every ledger entry, and every fact that is left.
    private static string HashOf(string head, IReadOnlyList<StoredHistory> histories, LoyaltyProgram program)
    {
        var conservation = new Conservation();
        var replay = new HistoryReplay(LoyaltyModule.Of(program), new CrmOptions());
        foreach (var history in histories)
        {
            var replayed = replay.Run(history, Start + Duration.FromDays(900));
            foreach (var entry in replayed.Entries)
            {
                head = Conservation.Link(head, conservation.Add(history.Customer, entry));
            }

            head = replayed.Customer.Facts.Aggregate(head, (link, fact) => Conservation.Link(link, $"{fact.Name}={fact.Value}"));
        }

        Assert.Empty(conservation.Certify().Faults);
        return head;
    }

    private static T In<T>(string culture, Func<T> work)
    {
        var (before, words) = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo(culture);
            return work();
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (before, words);
        }
    }

    private static async Task<List<StoredHistory>> Histories(int first, int count)
    {
        var (store, clock) = (new InMemoryStore(), new FakeClock(Start + Duration.FromDays(800)));
        var engine = new CrmEngine(store, LoyaltyModule.Of(Program), new CrmOptions(), clock, new SeededIdSource());
        for (var customer = first; customer < first + count; customer++)
        {
            clock.Advance(Duration.FromSeconds(1));
            await engine.RecordAsync(Enumerable.Range(0, EventsEach).Select(number => Happening(customer, number)).ToList(), RecordMode.Backfill);
        }

        var histories = new List<StoredHistory>();
        await foreach (var (customer, entry) in store.ReadAllAsync(CancellationToken.None))
        {
            if (histories.Count == 0 || histories[^1].Customer != customer)
            {
                histories.Add(new StoredHistory(customer, new List<HistoryEntry>()));
            }

            ((List<HistoryEntry>)histories[^1].Entries).Add(HistoryEntry.Of(entry));
        }

        return histories;
    }

    private static CustomerEvent Happening(int customer, int number)
    {
        var who = Identity.User(customer);
        var at = Start + Duration.FromDays((number * 31) + (customer % 17)) + Duration.FromMinutes(customer % 600);
        return (number % 7) switch
        {
            3 => LoyaltyEvents.Redeem($"app:{customer}-{number}", SpendAuthority.SignedIn(who), 5 + (customer % 9), "tea-club", "points"),
            5 => CustomerEvent.Refund($"back:{customer}-{number}", who, $"till:{customer}-{number - 1}", Money.Hkd(20)),
            _ => CustomerEvent.Purchase($"till:{customer}-{number}", who, Money.Hkd(40 + ((customer + (number * 13)) % 160)), CupCards.Cups(1 + (number % 2))),
        } with { OccurredAt = at };
    }

    /// <summary>Gives by how the culture writes one and a half.</summary>
    private sealed class Local : IEarningRule
    {
        public string Name => "local";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new Earning("points", 1.5m.ToString(CultureInfo.CurrentCulture).Contains(',', StringComparison.Ordinal) ? 2 : 1)];
    }
}
