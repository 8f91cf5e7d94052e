using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Library;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Stamps;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Library;

/// <summary>Programmes that are kept in the store, and carried from a sandbox to production.</summary>
public sealed class ProgramLibraries
{
    private static readonly LoyaltyProgram Club = Samples.TeaClub with { StampCards = [CupCards.Buy(9)] };
    private static readonly LoyaltyProgram Twice = Club with { Rules = [Samples.Per(2, 10), Club.Rules[1]] };

    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Samples.Local(2026, 1, 15, 12));
    private int events;

    private ProgramLibrary Library => new(store, clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_programme_is_drafted_scheduled_active_and_retired_and_every_change_is_written_down()
    {
        var from = Samples.Local(2026, 2, 1);
        await Library.DraftAsync(Club.Define(1, from), "staff:1", Cancel);
        Assert.Equal([("tea-club", DefinitionStatus.Draft)], await Library.StatusesAsync(Cancel));
        Assert.Empty((await Library.LoadAsync(Cancel)).Names);

        await Library.ActivateAsync(Club.Define(1, from), "staff:2", Cancel);
        Assert.Equal([("tea-club", DefinitionStatus.Scheduled)], await Library.StatusesAsync(Cancel));
        clock.Set(from);
        Assert.Equal([("tea-club", DefinitionStatus.Active)], await Library.StatusesAsync(Cancel));
        clock.Set(Samples.Local(2026, 3, 1));
        await Library.RetireAsync("tea-club", "staff:3", Cancel);

        Assert.Equal([("tea-club", DefinitionStatus.Retired)], await Library.StatusesAsync(Cancel));
        Assert.Equal(
            [(1, RevisionChange.Draft, "staff:1", Samples.Local(2026, 1, 15, 12)), (2, RevisionChange.Activate, "staff:2", Samples.Local(2026, 1, 15, 12)), (3, RevisionChange.Retire, "staff:3", Samples.Local(2026, 3, 1))],
            (await Library.RevisionsAsync(Cancel)).Select(revision => (revision.Number, revision.Change, revision.By, revision.At)));
    }

    [Fact]
    public async Task A_version_counts_from_its_instant_on_in_an_engine_made_anew_over_the_same_store()
    {
        await Library.ActivateAsync(Club.Define(), "staff:1", Cancel);
        await Buys(await Engine());
        await Library.ActivateAsync(Twice.Define(2, Samples.Local(2026, 2, 1)), "staff:1", Cancel);
        var engine = await Engine();

        await Buys(engine);
        Assert.Equal(20, await Points(engine));
        clock.Set(Samples.Local(2026, 2, 1));
        await Buys(engine);
        Assert.Equal(40, await Points(engine));
        Assert.Equal([Club.Hash, Twice.Hash], (await Ledger()).Where(entry => entry.Unit == "points").Select(entry => entry.Definition).OfType<DefinitionHash>().Distinct());
    }

    [Fact]
    public async Task A_retired_programme_gives_nothing_more_and_keeps_the_books()
    {
        await Library.ActivateAsync(Club.Define(), "staff:1", Cancel);
        await Buys(await Engine());
        clock.Set(Samples.Local(2026, 3, 1));
        await Library.RetireAsync("tea-club", "staff:1", Cancel);
        var engine = await Engine();

        var drinks = await engine.RecordAsync(CupCards.Purchase("pos:cups", 3), Cancel);
        Assert.Equal((0L, 10L), (drinks.Total("points"), await Points(engine)));
        Assert.Equal(0, (await Membership(engine)).Card("cups").Stamps);
        Assert.Equal("program-ended", (await engine.RecordAsync(MemberEvents.Join("app:1", Identity.User("ben")), Cancel)).Refusal?.Code);
        Assert.True((await engine.RecordAsync(LoyaltyEvents.Redeem("app:2", SpendAuthority.SignedIn(Samples.Amy), 4), Cancel)).Accepted);
        Assert.Equal(6, await Points(engine));
        clock.Set(Samples.Local(2027, 3, 1));
        Assert.Equal(0, await Points(engine));
    }

    [Fact]
    public async Task A_retired_programme_ends_now_and_what_was_to_begin_later_does_not()
    {
        await Library.ActivateAsync(Club.Define(), "staff:1", Cancel);
        await Library.ActivateAsync(Twice.Define(2, Samples.Local(2027, 1, 1)), "staff:1", Cancel);
        await Library.RetireAsync("tea-club", "staff:1", Cancel);
        foreach (var day in new[] { Samples.Local(2026, 1, 16), Samples.Local(2027, 1, 2) })
        {
            clock.Set(day);
            Assert.Equal([("tea-club", DefinitionStatus.Retired)], await Library.StatusesAsync(Cancel));
            Assert.Equal(0, (await Buys(await Engine())).Total("points"));
        }

        Assert.Equal([1, 3], (await Library.DefinitionsAsync(Cancel)).Select(definition => definition.Version));
        Assert.Contains("not after", (await Refused(() => Library.ActivateAsync(Twice.Define(2, Samples.Local(2027, 1, 1)), "staff:1", Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_programme_that_is_retired_before_it_begins_never_does()
    {
        await Library.ActivateAsync(Club.Define(1, Samples.Local(2027, 1, 1)), "staff:1", Cancel);
        await Library.RetireAsync("tea-club", "staff:1", Cancel);
        clock.Set(Samples.Local(2027, 1, 2));

        Assert.Equal([("tea-club", DefinitionStatus.Retired)], await Library.StatusesAsync(Cancel));
        Assert.Equal(0, (await Buys(await Engine())).Total("points"));
    }

    [Fact]
    public async Task What_the_sandbox_tried_is_what_production_counts_by_with_the_same_hash()
    {
        await Library.ActivateAsync(Twice.Define(3, Samples.Local(2026, 1, 1)), "staff:1", Cancel);
        await Buys(await Engine());
        var document = ProgramDocument.Write((await Library.DefinitionsAsync(Cancel)).Single());

        var production = new ProgramLibraries();
        await production.Library.ActivateAsync(ProgramDocument.Read(document), "staff:2", Cancel);
        await production.Buys(await production.Engine());

        Assert.Equal((await Ledger()).Select(entry => (entry.Definition, entry.Rule, entry.Amount)), (await production.Ledger()).Select(entry => (entry.Definition, entry.Rule, entry.Amount)));
        Assert.Equal(document, ProgramDocument.Write((await production.Library.DefinitionsAsync(Cancel)).Single()));
    }

    [Fact]
    public void A_document_that_was_changed_on_the_way_is_refused()
    {
        var document = ProgramDocument.Write(Club.Define());
        var changed = document.Replace("\"points\":1", "\"points\":9", StringComparison.Ordinal);
        Assert.NotEqual(document, changed);

        Assert.Contains("hash", Assert.Throws<InvalidLoyaltyProgramException>(() => ProgramDocument.Read(changed)).Message, StringComparison.Ordinal);
        Assert.Equal(3, Assert.Throws<InvalidLoyaltyProgramException>(() => ProgramDocument.Read("{}")).Errors.Count);
        Assert.Throws<InvalidLoyaltyProgramException>(() => ProgramDocument.Read("no"));
        Assert.Throws<InvalidLoyaltyProgramException>(() => ProgramDocument.Read("[]"));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        await Library.ActivateAsync(Club.Define(), "staff:1", Cancel);

        Assert.Contains("never changed", (await Refused(() => Library.ActivateAsync(Twice.Define(), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("not after", (await Refused(() => Library.DraftAsync(Twice.Define(2, Instant.MinValue), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        Assert.Contains("cascade", (await Refused(() => Library.DraftAsync((Twice with { Cascade = Cascade.None }).Define(2, clock.GetCurrentInstant()), "staff:1", Cancel))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Library.RetireAsync("nobody", "staff:1", Cancel).AsTask());
        Assert.Single(await Library.RevisionsAsync(Cancel));
    }

    [Fact]
    public async Task Several_who_change_at_once_all_leave_their_revision()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(staff => Library.DraftAsync(Club.Define(), $"staff:{staff}", Cancel).AsTask()));

        Assert.Equal(Enumerable.Range(1, 8), (await Library.RevisionsAsync(Cancel)).Select(revision => revision.Number));
    }

    [Fact]
    public async Task A_programme_that_a_first_import_wrote_by_itself_counts_from_the_beginning()
    {
        await ((IDocumentStore)store).AddAsync(new StoredDocument(ProgramLibrary.DocumentKind, "tea-club", 1, LoyaltyProgramJson.Write(Club), clock.GetCurrentInstant()), Cancel);
        await Library.ActivateAsync(Twice.Define(2, Samples.Local(2026, 2, 1)), "staff:1", Cancel);

        Assert.Equal([(1, Instant.MinValue, Club.Hash), (2, Samples.Local(2026, 2, 1), Twice.Hash)], (await Library.DefinitionsAsync(Cancel)).Select(definition => (definition.Version, definition.ActiveFrom, definition.Hash)));
    }

    private async Task<CrmEngine> Engine() => new(store, LoyaltyModule.Of(await Library.LoadAsync(Cancel), []), new CrmOptions(), clock, new SeededIdSource());

    private ValueTask<Receipt> Buys(CrmEngine engine) => engine.RecordAsync(CustomerEvent.Purchase($"pos:{++events}", Samples.Amy, Money.Hkd(100)), Cancel);

    private static async Task<Membership> Membership(CrmEngine engine) => (await engine.ReadAsync(CustomerRef.Of(Samples.Amy), Cancel))!.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club");

    private static async Task<long> Points(CrmEngine engine) => (await Membership(engine)).Wallet("points").Available;

    private static Task<InvalidLoyaltyProgramException> Refused(Func<ValueTask<Revision<LoyaltyProgram>>> change) => Assert.ThrowsAsync<InvalidLoyaltyProgramException>(() => change().AsTask());

    private async Task<List<LedgerEntry>> Ledger()
    {
        var entries = new List<LedgerEntry>();
        await foreach (var (_, entry) in store.ReadLedgerAsync(CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
