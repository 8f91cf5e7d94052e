using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Programs;

/// <summary>The catalogue of what loyalty tells is what the page lists, what the module says it emits, and what is told.</summary>
public sealed class EchoCatalogue
{
    [Fact]
    public void The_page_lists_what_is_told_and_nothing_else()
    {
        var page = File.ReadAllLines(Path.Combine(RepositoryRoot.Folder, "docs", "notifications.md"));

        Assert.Equal(LoyaltyEchoes.All.Select(Row), page.Where(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_module_emits_what_is_listed() => Assert.Equal(LoyaltyEchoes.All.Select(echo => echo.Kind), new LoyaltyModule(Samples.TeaClub).Contract.Emits);

    [Fact]
    public async Task Everything_that_is_listed_is_told_with_the_fields_that_are_listed()
    {
        var heard = new Hearing();
        var club = new Club(new LoyaltyModule(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Program))), heard);
        await club.Records(MemberEvents.Join(club.NextKey(), Samples.Amy));
        await club.Buys(10);
        await club.Buys(100);
        await club.Records(RewardEvents.Redeem(club.NextKey(), SpendAuthority.SignedIn(Samples.Amy), "cup"));
        club.On(2026, 1, 20);
        await club.Records(RewardEvents.Reserve(club.NextKey(), SpendAuthority.SignedIn(Samples.Amy), 10, Duration.FromHours(1), unit: "points"));
        club.On(2026, 2, 10);
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(100), new EventLine("oolong", 1, Money.Hkd(100))));
        foreach (var day in new[] { 1, 20, 40, 60, 80 })
        {
            club.At(Samples.Local(2026, 2, 10) + Duration.FromDays(day));
            await club.RunDue();
        }

        Assert.Equal([10L, 100L, 100L], Of(LoyaltyNames.PendingAdded).Where(fields => fields["unit"].AsCode == "points").Select(fields => (long)fields["amount"].AsNumber));
        Assert.Equal([110L, 100L], Of(LoyaltyNames.PendingActivated).Select(fields => (long)fields["amount"].AsNumber));

        var kept = new Club(new LoyaltyModule(Program with { Cascade = Cascade.None }), heard);
        await kept.Buys(100, "pos:sale");
        await kept.Returns("pos:sale", 100);

        Assert.Equal(LoyaltyEchoes.All.Select(echo => echo.Kind), heard.Echoes.Select(echo => echo.Kind).Distinct().Order(StringComparer.Ordinal));
        Assert.All(heard.Echoes, echo => Assert.Empty(Faults(echo)));
        Assert.Equal(["lapsed", "refund"], Of(LoyaltyNames.PendingCancelled).Select(fields => fields["reason"].AsCode).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["downgraded", "joined", "upgraded"], Of(LoyaltyNames.TierChanged).Select(fields => fields["direction"].AsCode).Distinct().Order(StringComparer.Ordinal));

        IEnumerable<Fields> Of(string kind) => heard.Echoes.Where(echo => echo.Kind == kind).Select(echo => echo.Fields);
    }

    [Fact]
    public async Task A_tier_that_what_is_counted_does_not_keep_is_told_of_once_before_it_ends()
    {
        var heard = new Hearing();
        var club = new Club(new LoyaltyModule(Program), heard);
        async Task<List<(long Missing, Instant Until)>> Told(int month, int day)
        {
            club.On(2026, month, day, 1);
            await club.RunDue();
            await club.RunDue();
            return [.. heard.Echoes.Where(echo => echo.Kind == LoyaltyNames.TierExpiring).Select(echo => ((long)echo.Fields["missing"].AsNumber, echo.Fields["until"].AsInstant.GetValueOrDefault()))];
        }

        await club.Buys(100);
        Assert.Empty(await Told(2, 23));
        Assert.Equal([(100L, Samples.Local(2026, 3, 1))], await Told(2, 24));
        await club.Buys(60);
        Assert.Single(await Told(2, 27));
        await club.Buys(40);

        // What was bought keeps it through March; and nobody is told again of an end that they were told of.
        Assert.Equal("silver", (await club.Membership()).Standing()?.Tier);
        club.On(2026, 3, 10);
        Assert.Equal("silver", (await club.Membership()).Standing()?.Tier);
        Assert.Equal([(100L, Samples.Local(2026, 3, 1)), (100L, Samples.Local(2026, 4, 1))], await Told(3, 27));
        club.On(2026, 4, 2);
        Assert.Equal("basic", (await club.Membership()).Standing()?.Tier);
    }

    [Fact]
    public async Task A_tier_that_nothing_keeps_is_told_of_without_anything_missing()
    {
        var heard = new Hearing();
        var club = new Club(new LoyaltyModule(Program with { Ladders = [Program.Ladders[0] with { Validity = new TierValidity.ToPeriodEnd(0) }] }), heard);
        await club.Buys(100);
        club.On(2026, 1, 28);
        await club.RunDue();

        var told = Assert.Single(heard.Echoes, echo => echo.Kind == LoyaltyNames.TierExpiring);
        Assert.Equal((Samples.Local(2026, 2, 1), default), (told.Fields["until"].AsInstant, told.Fields["missing"]));
        Assert.Empty(Faults(told));
        Assert.Equal(new Text("The tier 'silver' ends on 2026-02-01.", "等級「silver」將於 2026-02-01 屆滿。"), Crm.Loyalty.Receipts.LoyaltyTexts.TierExpiring("silver", null, new LocalDate(2026, 2, 1)));
    }

    [Fact]
    public async Task Who_has_what_it_takes_to_keep_a_tier_is_told_nothing()
    {
        var heard = new Hearing();
        var club = new Club(new LoyaltyModule(Program), heard);
        await club.Buys(100);
        club.On(2026, 2, 5);
        await club.Buys(100);
        club.On(2026, 3, 2);
        await club.RunDue();

        Assert.DoesNotContain(heard.Echoes, echo => echo.Kind == LoyaltyNames.TierExpiring);
        Assert.Contains(heard.Echoes, echo => echo.Kind == LoyaltyNames.TierProlonged);
    }

    [Fact]
    public async Task At_one_midnight_tiers_close_then_units_run_out_and_then_warnings_come_C11()
    {
        var heard = new Hearing();
        var club = new Club(
            new LoyaltyModule(Samples.TeaClub with
            {
                Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(0, LastDay.Included) }, Samples.TeaClub.Units[1], new("stars", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(31, LastDay.Included), WarnDaysBefore = 31 }],
                Rules = [.. Samples.TeaClub.Rules, Samples.Per(1, 10) with { Name = "stars", Unit = "stars" }],
                Ladders = [Samples.TeaClub.Ladders[0] with { Validity = new TierValidity.ToPeriodEnd(0) }],
            }),
            heard);
        club.At(Samples.Local(2026, 12, 31));
        await club.Buys(600);
        heard.Echoes.Clear();
        club.At(Samples.Local(2027, 1, 1));
        await club.RunDue();

        Assert.Equal([LoyaltyNames.TierChanged, LoyaltyNames.Expired, LoyaltyNames.Expiring], heard.Echoes.Select(echo => echo.Kind));
    }

    private static LoyaltyProgram Program { get; } = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units =
        [
            new("points", UnitKind.Redeemable) { Activation = Activation.AfterDays(3), Expiry = LotExpiry.AfterDays(30, LastDay.Included), WarnDaysBefore = 7 },
            new("stars", UnitKind.Redeemable) { Activation = new Activation.OnEvent("order.delivered", 10) },
            new("status", UnitKind.Status),
        ],
        Rules = [Samples.Per(1, 1), Samples.Per(1, 50) with { Name = "stars", Unit = "stars" }, Samples.Per(1, 1) with { Name = "status", Unit = "status" }],
        Ladders = [new() { Unit = "status", Window = new QualificationWindow.Calendar(CalendarUnit.Month), WarnDaysBefore = 5, Tiers = [new("basic", 0), new("silver", 100)] }],
        StampCards = [new() { Name = "cups", Goal = 1 }],
        Challenges = [new() { Name = "first", Goals = [new ChallengeGoal("visits", 1)] }],
        Rewards = [new Reward { Name = "cup", Kind = new RewardKind.FreeItem("oolong") }],
    };

    private static string Row(LoyaltyEcho echo)
    {
        var fields = string.Join(", ", echo.Fields.Select(field => $"`{field.Name}`{(field.Required ? "" : "?")}")) + (echo.IsOpen ? ", …" : "");
        return $"| `{echo.Kind}` | {fields} | {echo.When.English} | {echo.When.Chinese} |";
    }

    private static IEnumerable<string> Faults(Echo echo)
    {
        var declared = LoyaltyEchoes.All.Single(known => known.Kind == echo.Kind);
        foreach (var (name, value) in echo.Fields)
        {
            if (declared.Fields.FirstOrDefault(field => field.Name == name) is { } field ? field.Kind != value.Kind : !declared.IsOpen)
            {
                yield return $"{echo.Kind} has '{name}' = {value}, which is not listed.";
            }
        }

        foreach (var field in declared.Fields.Where(field => field.Required && echo.Fields[field.Name].IsMissing))
        {
            yield return $"{echo.Kind} lacks '{field.Name}'.";
        }
    }

    /// <summary>Keeps every echo of the catalogue that it hears, each once however often history is decided.</summary>
    private sealed class Hearing : CustomerModule<VipWhen.Nothing>
    {
        public List<Echo> Echoes { get; } = [];

        public override ModuleContract Contract { get; } = new() { Name = "hearing", Codec = new VipWhen.NothingCodec(), Handles = LoyaltyEchoes.All.Select(echo => echo.Kind).ToSequence(), Kinds = [new("order.delivered", EventNature.Happening)] };

        protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context)
        {
            if (context.Stimulus is Stimulus.Echoed(var echo))
            {
                Echoes.Add(echo);
            }

            return Outcome.Nothing;
        }
    }
}
