using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Openings;

/// <summary>What members had elsewhere comes in with the life that it had there, once, and the books say so.</summary>
public sealed class OpeningBalances
{
    private static readonly LoyaltyProgram Program = Samples.TeaClub with { StampCards = [CupCards.Buy(9)] };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Units_tier_and_stamps_are_opened_with_the_life_that_they_had()
    {
        var club = Club.Of(Program);
        var receipt = await club.Records(Open("old:amy", new OpeningBalance
        {
            Lots =
            [
                new("points", 120) { Expiry = Samples.Local(2026, 3, 1) },
                new("points", 50) { Earned = new LocalDate(2025, 6, 10) },
                new("points", 30) { Forever = true, Issuer = "bakery" },
                new("points", 40) { Earned = new LocalDate(2025, 12, 1), ActiveFrom = Samples.Local(2026, 2, 1) },
                new("status", 25) { Forever = true },
            ],
            Tiers = [new("gold") { Until = Samples.Local(2026, 7, 1) }],
            Cards = [new(4, 1)],
        }));

        Assert.Equal((240L, 25L), (receipt.Total("points"), receipt.Total("status")));
        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((200L, 40L), (wallet.Available, wallet.PendingTotal));
        Assert.Equal([(Samples.Local(2026, 3, 1), 120L), (Samples.Local(2026, 6, 11), 50L)], wallet.Schedule.Select(lot => (lot.At, lot.Amount)));
        Assert.Contains(new Lot(null, 30) { Issuer = "bakery" }, wallet.Lots);
        Assert.Equal("gold", await club.Tier());
        Assert.Equal((4L, 1L), ((await club.Card()).Stamps, (await club.Card()).Free));

        club.On(2026, 3, 1, 0);
        Assert.Equal(120, await club.Points());
        club.On(2026, 7, 1, 0);
        Assert.Equal("silver", await club.Tier());
        Assert.Equal(70, await club.Points());
    }

    [Fact]
    public async Task A_tier_that_was_brought_can_be_earned_again_in_the_open_window()
    {
        var club = Club.Of(Program);
        await club.Records(Open("old:amy", new OpeningBalance { Tiers = [new("gold") { Until = Samples.Local(2027, 1, 1) }] }));
        await club.Buys(500);

        club.On(2027, 6, 1);
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task What_is_gone_already_is_issued_and_expires_with_the_opening()
    {
        var club = Club.Of(Program);
        var receipt = await club.Records(Open("old:amy", new OpeningBalance { Lots = [new("points", 70) { Earned = new LocalDate(2024, 5, 1) }, new("points", 5) { Forever = true }] }));

        Assert.Equal((5L, 5L), (receipt.Total("points"), await club.Points()));
        Assert.Equal([(Movement.Issued, 75L), (Movement.Expired, -70L)], (await club.Ledger()).GroupBy(entry => entry.Movement).Select(kind => (kind.Key, kind.Sum(entry => entry.Amount))));
    }

    [Fact]
    public async Task Units_that_idle_live_from_the_last_activity_on_and_not_from_the_import()
    {
        var club = Club.Of(Program with { Units = [new("points", UnitKind.Redeemable) { Expiry = new LotExpiry.WhenIdle(6, 0, LastDay.Included) }, Program.Units[1]] });
        await club.Records(Open("old:amy", new OpeningBalance { Lots = [new("points", 80) { Earned = new LocalDate(2025, 9, 1) }] }));

        Assert.Equal(80, await club.Points());
        club.On(2026, 3, 2, 0);
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task What_is_owed_comes_with_it_and_is_repaid_by_the_next_units()
    {
        var club = Club.Of(Program);
        await club.Records(Open("old:amy", new OpeningBalance { Debts = [new UnitAmount("points", 12)] }));
        Assert.Equal(12, (await club.Membership()).Wallet("points").Debt);

        await club.Buys(200);
        Assert.Equal((0L, 8L), ((await club.Membership()).Wallet("points").Debt, await club.Points()));
    }

    [Fact]
    public async Task An_import_opens_once_and_says_what_changed_since()
    {
        var club = Club.Of(Program);
        var import = Import(("amy", 100), ("ben", 40));
        var half = import with { Rows = [import.Rows[0]] };

        Assert.Equal(1, (await half.RunAsync(club.Engine, cancellationToken: Cancel)).Opened);
        var whole = await import.ReconcileAsync(await import.RunAsync(club.Engine, cancellationToken: Cancel), club.Store, Cancel);
        var again = await import.ReconcileAsync(await import.RunAsync(club.Engine, cancellationToken: Cancel), club.Store, Cancel);
        var changed = Import(("amy", 90), ("ben", 40));
        var differs = await changed.ReconcileAsync(await changed.RunAsync(club.Engine, cancellationToken: Cancel), club.Store, Cancel);

        Assert.Equal((1, 1, 0, true), (whole.Opened, whole.Already, whole.Refused.Count, whole.NetsToZero));
        Assert.Equal((0, 2, 140L), (again.Opened, again.Already, again.Units.Single().Booked));
        Assert.Equal(("changed-since", -10L, false), (differs.Refused.Single().Code, differs.Units.Single().Difference, differs.NetsToZero));
        Assert.Equal("already-opened", (await club.Records(Open("other:amy", import.Rows[0].Balance, "old-till"))).Refusal?.Code);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task Everything_wrong_is_said_at_once_and_before_anything_is_written()
    {
        var club = Club.Of(Program);
        var wrong = new OpeningBalance
        {
            Lots = [new("stars", 5) { Forever = true }, new("points", 0) { Forever = true }, new("points", 5), new("points", 5) { Forever = true, Earned = new LocalDate(2025, 1, 1) }],
            Tiers = [new("platinum"), new("gold") { Until = Samples.Local(2026, 1, 1) }, new("gold") { Ladder = "steps" }],
            Cards = [new(9, 0), new(1, 0) { Card = "cakes" }],
        };
        var import = new OpeningImport("old-till", "staff:1", [new(Samples.Amy, wrong, "line 2"), new(Identity.User("ben"), new OpeningBalance { Program = "other", Tiers = [new("gold")] }, "line 3")]);

        var problems = import.Problems([Program], club.Now);

        Assert.Equal(
            ["line 2 lots[0].unit unknown-unit", "line 2 lots[1].amount invalid-amount", "line 2 lots[2].expiry life-missing", "line 2 lots[3].expiry life-missing", "line 2 tiers[0].tier unknown-tier",
                "line 2 tiers[1].until already-over", "line 2 tiers[2].ladder unknown-ladder", "line 2 cards[0] invalid-stamps", "line 2 cards[1].card unknown-card", "line 3 program unknown-program", "line 2 tiers several-tiers"],
            problems.Select(each => $"{each.Row.Place} {each.Problem.Path} {each.Problem.Code}"));
        var receipt = await club.Records(Open("old:amy", wrong));
        Assert.Equal("unknown-unit", receipt.Refusal?.Code);
        Assert.Contains("platinum", receipt.Refusal?.Detail.English, StringComparison.Ordinal);
        Assert.Empty(await club.Ledger());
    }

    [Fact]
    public async Task Who_brings_no_units_brings_one_thing_as_far_as_staff_are_limited_HO9()
    {
        var club = Club.Of(Program with { StaffLimits = [new() { Request = OpeningEvents.OpenName, Alone = 0, Most = 1 }] });
        var (tier, card) = (Open("old:tier", new OpeningBalance { Tiers = [new("gold")] }), Open("old:card", new OpeningBalance { Cards = [new(0, 500)] }, "older-till"));

        Assert.Equal("approval-needed", (await club.Records(tier)).Refusal?.Code);
        Assert.Equal("approval-needed", (await club.Records(card)).Refusal?.Code);
        Assert.True((await club.Records(tier with { Key = EventKey.Parse("old:again"), Fields = tier.Fields.With(StaffFields.ApprovedBy, "staff:2") })).Accepted);
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task Nothing_was_earned_or_reached_after_the_opening_I4()
    {
        var club = Club.Of(Program);
        var earned = new OpeningBalance { Lots = [new("points", 5) { Earned = new LocalDate(2026, 1, 16) }] };
        var reached = new OpeningBalance { Tiers = [new("gold") { Since = club.Now + Duration.FromTicks(1) }] };

        Assert.Equal(["lots[0].earned not-yet", "tiers[0].since not-yet"], new[] { earned, reached }.SelectMany(balance => OpeningCheck.Problems(balance, Program, club.Now)).Select(problem => $"{problem.Path} {problem.Code}"));
        Assert.Equal("not-yet", (await club.Records(Open("old:amy", earned))).Refusal?.Code);
        Assert.True((await club.Records(Open("old:today", new OpeningBalance { Lots = [new("points", 5) { Earned = new LocalDate(2026, 1, 15) }], Tiers = [new("gold") { Since = club.Now }] }))).Accepted);
    }

    [Theory]
    [InlineData("points|extra")]
    [InlineData("a;b")]
    public async Task What_cannot_be_read_is_not_left_out_of_an_opening_I4(string issuer)
    {
        var club = Club.Of(Program);

        var receipt = await club.Records(Open("old:amy", new OpeningBalance { Lots = [new("points", 70) { Forever = true }, new("points", 30) { Forever = true, Issuer = issuer }] }));

        Assert.Equal("unreadable", receipt.Refusal?.Code);
        Assert.Empty(await club.Ledger());
    }

    [Fact]
    public async Task An_opening_that_is_taken_back_leaves_nothing()
    {
        var club = Club.Of(Program);
        var import = Import(("amy", 100), ("ben", 40));
        await import.RunAsync(club.Engine, cancellationToken: Cancel);
        foreach (var cancellation in import.Undo)
        {
            await club.Records(cancellation);
        }

        Assert.Equal((0L, 0L), ((await club.Ledger()).Sum(entry => entry.Amount), await club.Points()));
    }

    [Fact]
    public async Task Refunds_and_late_purchases_leave_what_was_brought_as_it_was()
    {
        var club = Club.Of(Program);
        await club.Records(Open("old:amy", new OpeningBalance { Lots = [new("points", 100) { Expiry = Samples.Local(2026, 9, 1) }], Tiers = [new("gold") { Until = Samples.Local(2026, 9, 1) }] }));
        var brought = await club.Membership();
        await club.Buys(300, "pos:a");
        await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(20)) with { OccurredAt = Samples.Local(2026, 1, 14) });
        await club.Returns("pos:a", 300);
        await club.Returns("pos:late", 20);

        Assert.Equal((brought.Wallet("points"), "gold"), ((await club.Membership()).Wallet("points"), await club.Tier()));
    }

    [Fact]
    public async Task Stamps_that_are_brought_open_a_card_that_was_to_be_asked_for()
    {
        var club = Club.Of(CupCards.Program with { StampCards = [CupCards.Buy(10) with { Overflow = StampOverflow.Drop, Next = NextCard.OnRequest }] });
        await club.Drinks(10);
        Assert.True((await club.Card()).Waits);

        Assert.True((await club.Records(Open("old:amy", new OpeningBalance { Cards = [new(4, 0)] }))).Accepted);

        Assert.Equal((4L, 1L, false), ((await club.Card()).Stamps, (await club.Card()).Completed, (await club.Card()).Waits));
    }

    [Theory]
    [InlineData(StampOverflow.Carry, NextCard.AtOnce)]
    [InlineData(StampOverflow.Drop, NextCard.AtOnce)]
    [InlineData(StampOverflow.Reject, NextCard.AtOnce)]
    [InlineData(StampOverflow.Drop, NextCard.OnRequest)]
    [InlineData(StampOverflow.Reject, NextCard.OnRequest)]
    public async Task Stamps_that_are_brought_are_kept_when_a_late_purchase_had_filled_their_card(StampOverflow overflow, NextCard next)
    {
        var club = Club.Of(CupCards.Program with { StampCards = [CupCards.Buy(10) with { Overflow = overflow, Next = next }] });
        await club.Records(Open("old:amy", new OpeningBalance { Cards = [new(4, 0)] }));
        var brought = await club.Card();
        await club.Records(CupCards.Purchase("pos:late", 8) with { OccurredAt = club.Now - Duration.FromDays(1) });

        Assert.Equal((2L, 1L), ((await club.Card()).Stamps, (await club.Card()).Completed));
        await club.Records(CupCards.Refund("pos:back", "pos:late", 8));
        Assert.Equal(brought, await club.Card());
    }

    [Fact]
    public void What_was_brought_is_booked_or_refused_and_the_ledger_adds_up() => Law(journal => journal).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void The_law_catches_a_ledger_that_has_lost_an_entry() =>
        Counterfeits.Caught(() => Law(journal => new Losing(journal)).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    private static Property Law(Func<IJournalScan, IJournalScan> through) => Prop.ForAll(Rows.ToArbitrary(), async Task<bool> (rows) =>
    {
        var club = Club.Of(Program);
        var import = new OpeningImport("old-till", "staff:1", rows.ToSequence());
        var report = await import.ReconcileAsync(await import.RunAsync(club.Engine), through(club.Store));
        Assert.True(report.NetsToZero, string.Join(", ", report.Units));
        var conservation = new Conservation();
        await foreach (var (customer, entry) in club.Store.ReadLedgerAsync(CancellationToken.None))
        {
            conservation.Add(customer, entry);
        }

        Assert.Empty(conservation.Certify().Faults);
        foreach (var member in import.Members)
        {
            var wallet = (await club.Reads(member.Member))?.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club").Wallet("points") ?? Wallet.Empty;
            var gone = member.Balance.Lots.Where(lot => lot.Unit == "points" && lot.Expiry <= club.Now).Sum(lot => lot.Amount);
            var refused = report.Refused.Any(each => each.Member.Member == member.Member);
            Assert.True(refused || gone > 0 || wallet.Available - wallet.Debt == member.Balance.Net("points"));
        }

        return true;
    });

    private static Gen<List<OpeningRow>> Rows =>
        (from member in Gen.Elements("amy", "ben", "cat")
         from lots in (from amount in Gen.Choose(0, 90) from days in Gen.Choose(-20, 400) from unit in Gen.Elements("points", "points", "status") select new OpeningLot(unit, amount) { Expiry = Samples.Local(2026, 1, 15, 12) + Duration.FromDays(days) }).ListOf()
         from debt in Gen.Elements(0, 0, 7)
         select new OpeningRow(Identity.User(member), new OpeningBalance { Lots = lots.ToSequence(), Debts = debt > 0 ? [new UnitAmount("points", debt)] : [] })).NonEmptyListOf().Select(rows => rows.ToList());

    private static OpeningImport Import(params (string Member, long Points)[] rows) => new(
        "old-till",
        "staff:1",
        rows.Select(row => new OpeningRow(Identity.User(row.Member), new OpeningBalance { Lots = [new("points", row.Points) { Forever = true }] })).ToSequence());

    private static CustomerEvent Open(string key, OpeningBalance balance, string provenance = "old-till") => OpeningEvents.Open(key, Samples.Amy, balance, provenance, "staff:1");

    /// <summary>A journal whose first ledger entry is lost.</summary>
    private sealed class Losing(IJournalScan journal) : IJournalScan
    {
        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => journal.ReadCustomersAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => journal.ReadAllAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => journal.ReadLedgerAsync(cancellationToken).Skip(1);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => journal.ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => journal.ReadFactsAsync(cancellationToken);
    }
}
