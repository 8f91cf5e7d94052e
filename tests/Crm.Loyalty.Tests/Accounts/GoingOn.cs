using Crm.Tests.Shared;
using System.Security.Cryptography;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Storage;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Accounts;

/// <summary>A count that goes on from an earlier one reads what is new, and comes to what counting everything comes to. A certificate is signed by the host's key.</summary>
public sealed class GoingOn
{
    private static readonly string[] Lots = ["forever", "20261231T160000Z", "pending:20261231T160000Z", "reserved", "debt", "held:x"];

    [Fact]
    public void A_count_that_goes_on_is_the_whole_count() => Law(rows => new Rows(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void The_law_catches_a_store_that_tells_the_last_commit_twice() =>
        Counterfeits.Caught(() => Law(rows => new TellsTheLastCommitTwice(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public void The_law_catches_a_store_that_forgets_who_is_new() =>
        Counterfeits.Caught(() => Law(rows => new ForgetsWhoIsNew(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public async Task A_script_in_another_language_links_the_exports_of_both_counts()
    {
        var rows = Written([(3, 100, "forever"), (1, 40, "pending:x"), (2, -7, "debt"), (3, -30, "forever"), (1, 5, "forever")]);
        var (first, said, before) = await Count(new Rows([.. rows.Take(2)]), []);
        var (second, _, after) = await Count(new Rows(rows), said);

        Assert.Equal((2, 3), (before.Count, after.Count));
        Assert.Equal(0, Certifying.Recheck(first.Head, before).Code);
        var (code, output) = Certifying.Recheck(second.Head, before, after);
        Assert.Equal(0, code);
        Assert.Contains($"5 entries, head {second.Head}", output);
        Assert.Contains("tea-club/points issued=138 spent=30 expired=0 reversed=0 transferred=0 available=75 pending=40 reserved=0 debt=7", output);
        Assert.Equal(1, Certifying.Recheck(second.Head, after, before).Code);
    }

    [Fact]
    public async Task Who_was_certified_and_is_not_there_or_went_back_is_a_fault()
    {
        var rows = Written([(1, 10, "forever"), (2, 20, "forever"), (2, 5, "forever")]);
        var (_, said, _) = await Count(new Rows(rows), []);

        Assert.Contains(" was certified with 1 entries, and is not in the store.", Assert.Single((await Count(new Rows([.. rows.Skip(1)]), said)).Certificate.Faults));
        Assert.Contains(" is at version 1, and was certified up to version 2.", Assert.Single((await Count(new Rows([.. rows.Take(2)]), said)).Certificate.Faults));
    }

    [Fact]
    public async Task A_statement_that_says_no_version_or_comes_in_another_order_is_refused()
    {
        var (_, said, _) = await Count(new Rows(Written([(1, 10, "forever"), (2, 20, "forever")])), []);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Count(new Rows([]), [said[0] with { Version = 0 }]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Count(new Rows([]), [said[1], said[0]]));
        Assert.Throws<FormatException>(() => CustomerStatement.Parse("nobody", 1));
        Assert.Throws<FormatException>(() => CustomerStatement.Parse($"{said[0]}\tlots", 1));
    }

    [Fact]
    public async Task A_certificate_is_signed_by_one_key_and_a_change_is_noticed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var open = ECDsa.Create(key.ExportParameters(includePrivateParameters: false));
        var (certificate, _, _) = await Count(new Rows(Written([(1, 10, "forever"), (2, 20, "forever")])), []);
        var signed = SignedCertificate.Sign(certificate, "tea", Instant.FromUtc(2026, 11, 1, 0, 0), key);

        Assert.True(signed.IsSignedBy(open));
        Assert.True(signed.Says(certificate));
        Assert.StartsWith("crm certificate 1\nof tea\nat 2026-11-01T00:00:00Z\ncustomers 2\nentries 2\nhead " + certificate.Head, signed.Text);
        Assert.False(signed.IsSignedBy(other));
        Assert.False((signed with { Text = signed.Text.Replace("issued=30", "issued=31", StringComparison.Ordinal) }).IsSignedBy(open));
        Assert.False((signed with { Signature = [.. signed.Signature.Skip(1)] }).IsSignedBy(open));
        Assert.False(signed.Says(certificate with { Entries = 3 }));
        Assert.ThrowsAny<CryptographicException>(() => SignedCertificate.Sign(certificate, "tea", Instant.MinValue, open));
        Assert.Throws<ArgumentException>(() => SignedCertificate.Sign(certificate, "tea\nat", Instant.MinValue, key));
    }

    private static Property Law(Func<IReadOnlyList<LedgerLine>, ILedgerScan> store) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        var rows = Written(history.Moves);
        var (whole, all, lines) = await Count(new Rows(rows), []);
        IReadOnlyList<CustomerStatement> said = [];
        var written = 0;
        foreach (var cut in history.Cuts.Select(cut => Math.Min(cut, rows.Count)).Order().Append(rows.Count))
        {
            var (certificate, now, added) = await Count(store([.. rows.Take(cut)]), [.. said.Select(statement => CustomerStatement.Parse(statement.ToString(), statement.Version))]);
            Assert.Equal(cut, certificate.Entries);
            Assert.Equal(cut - written, added.Count);
            (said, written) = (now, cut);
            if (cut == rows.Count)
            {
                Assert.Equal(whole, certificate);
                Assert.Equal(all, now);
            }
        }

        Assert.Equal(rows.Count, lines.Count);
        return true;
    });

    private static Gen<(List<(int Customer, long Amount, string Lot)> Moves, List<int> Cuts)> Histories =>
        from moves in (from customer in Gen.Choose(1, 6) from amount in Gen.Choose(-50, 90) from lot in Gen.Elements(Lots) select (customer, amount == 0 ? 1L : amount, lot)).ListOf()
        from cuts in Gen.Choose(0, 12).ListOf(3)
        select (moves.ToList(), cuts.ToList());

    private static List<LedgerLine> Written(List<(int Customer, long Amount, string Lot)> moves)
    {
        var versions = new Dictionary<int, long>();
        return [.. moves.Select(move => new LedgerLine(
            new CustomerId((UInt128)move.Customer),
            versions[move.Customer] = versions.GetValueOrDefault(move.Customer) + 1,
            new LedgerEntry
            {
                Program = "tea-club",
                Unit = "points",
                Lot = move.Lot,
                Amount = move.Amount,
                Movement = move.Amount < 0 && move.Lot != "debt" ? Movement.Spent : Movement.Issued,
                Cause = EventKey.Parse($"pos:{move.Customer}-{versions[move.Customer]}"),
                OccurredAt = Instant.FromUtc(2026, 1, 1, 0, 0) + Duration.FromHours(versions[move.Customer]),
            }))];
    }

    private static async Task<(Certificate Certificate, List<CustomerStatement> Said, List<string> Lines)> Count(ILedgerScan store, IReadOnlyList<CustomerStatement> earlier)
    {
        var (said, lines) = (new List<CustomerStatement>(), new List<string>());
        var certificate = await new Certification(store) { Said = said.Add, Line = lines.Add }.CountAsync(earlier, TestContext.Current.CancellationToken);
        return (certificate, said, lines);
    }

    /// <summary>A ledger of so many rows.</summary>
    private class Rows(IReadOnlyList<LedgerLine> rows) : ILedgerScan
    {
        public virtual ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<CustomerVersion>>(
            [.. rows.GroupBy(row => row.Customer).OrderBy(row => (row.Key.Bucket, row.Key)).Where(row => after is not { } last || (row.Key.Bucket, row.Key).CompareTo((last.Bucket, last)) > 0)
                .Take(2).Select(row => new CustomerVersion(row.Key, row.Max(line => line.Version)))]);

        public virtual ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<LedgerLine>>(
            [.. after.SelectMany(known => rows.Where(row => row.Customer == known.Customer && row.Version > known.Version))]);
    }

    private sealed class TellsTheLastCommitTwice(IReadOnlyList<LedgerLine> rows) : Rows(rows)
    {
        public override ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) =>
            base.ReadLedgerAfterAsync([.. after.Select(known => known with { Version = known.Version - 1 })], cancellationToken);
    }

    private sealed class ForgetsWhoIsNew(IReadOnlyList<LedgerLine> rows) : Rows(rows)
    {
        private readonly int length = rows.Count;

        public override ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) =>
            base.ReadLedgerAfterAsync([.. after.Where(known => known.Version > 0 || length < 4)], cancellationToken);
    }
}
