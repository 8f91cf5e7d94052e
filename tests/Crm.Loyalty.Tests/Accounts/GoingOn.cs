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

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_count_that_goes_on_is_the_whole_count() => Law(rows => new Rows(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void A_count_that_goes_on_is_the_whole_count_where_the_store_tells_who_is_new() => Law(rows => new News(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void A_count_that_goes_on_is_the_whole_count_where_the_store_lost_its_mark() => Law(rows => new LosesItsMark(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void The_law_catches_a_store_that_tells_the_last_commit_twice() =>
        Counterfeits.Caught(() => Law(rows => new TellsTheLastCommitTwice(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public void The_law_catches_a_store_that_forgets_who_is_new() =>
        Counterfeits.Caught(() => Law(rows => new ForgetsWhoIsNew(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public void The_law_catches_a_store_that_does_not_tell_of_the_last_who_is_new() =>
        Counterfeits.Caught(() => Law(rows => new MissesTheLast(rows)).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public void The_law_catches_a_book_that_loses_a_page() =>
        Counterfeits.CaughtBy<ChangedBookException>(() => Law(rows => new News(rows), new LosesStatements()).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    [Fact]
    public async Task A_script_in_another_language_hashes_the_exports_of_both_counts()
    {
        var rows = Written([(3, 100, "forever"), (1, 40, "pending:x"), (2, -7, "debt"), (3, -30, "forever"), (1, 5, "forever")]);
        var book = new Pages();
        var (first, before) = await Count(new News([.. rows.Take(2)]), book);
        var (second, after) = await Count(new News(rows), book);

        Assert.Equal((2, 3), (before.Count, after.Count));
        Assert.Equal(0, Certifying.Recheck(first.Head, before).Code);
        var (code, output) = Certifying.Recheck(second.Head, before, after);
        Assert.Equal(0, code);
        Assert.Contains($"5 entries, head {second.Head}", output);
        Assert.Contains("tea-club/points issued=138 spent=30 expired=0 reversed=0 transferred=0 available=75 pending=40 reserved=0 debt=7", output);
        Assert.Equal(1, Certifying.Recheck(second.Head, after, before).Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2_000)]
    public async Task A_script_in_another_language_makes_the_same_tree_of_any_number_of_customers(int customers)
    {
        var (certificate, lines) = await Count(new Rows(Written([.. Enumerable.Range(1, customers).Select(customer => (customer, 5L, "forever"))])));

        Assert.Equal(customers, certificate.Customers);
        Assert.Equal(0, Certifying.Recheck(certificate.Head, lines).Code);
    }

    [Fact]
    public async Task Of_the_store_and_of_the_book_only_what_is_new_is_read()
    {
        var rows = Written([.. Enumerable.Range(1, 20_000).Select(customer => (customer, 5L, "forever"))]);
        var book = new Pages();
        await Count(new News(rows), book);
        var (asked, pages) = (0, book.Read);
        rows.AddRange(Written([.. Enumerable.Range(101, 10).Select(customer => (customer, 7L, "forever"))], from: 1));
        var store = new News(rows) { Asked = count => asked += count };

        var (certificate, lines) = await Count(store, book);

        Assert.Equal((10, 11), (lines.Count, asked)); // the last one of before is told again
        Assert.InRange(book.Read - pages, 10, 80);
        Assert.Equal((await Count(new Rows(rows))).Certificate, certificate);
        await Count(new News(rows), book);
        Assert.InRange(book.Read - pages, 10, 90);
    }

    [Fact]
    public async Task Who_was_certified_and_is_not_there_or_went_back_is_a_fault()
    {
        var rows = Written([(1, 10, "forever"), (2, 20, "forever"), (2, 5, "forever")]);
        var book = new Pages();
        await Count(new Rows(rows), book);
        var kept = book.Kept;

        Assert.Contains(" was certified with 1 entries, and is not in the store.", Assert.Single((await Count(new Rows([.. rows.Skip(1)]), book)).Certificate.Faults));
        Assert.Contains(" is at version 1, and was certified up to version 2.", Assert.Single((await Count(new Rows([.. rows.Take(2)]), book)).Certificate.Faults));
        Assert.Equal(kept, book.Kept);
    }

    [Fact]
    public async Task Where_a_mark_is_lost_what_was_certified_is_read_once_more_and_what_differs_is_a_fault()
    {
        var rows = Written([(1, 10, "forever"), (1, 5, "forever"), (2, 20, "forever"), (1, 30, "forever")]);
        var other = rows[1] with { Entry = rows[1].Entry with { Amount = 6 } };
        var book = new Pages();
        await Count(new News([.. rows.Take(3)]), book);
        var kept = book.Kept;
        foreach (var restored in new List<LedgerLine>[] { [rows[0], other, rows[2]], [rows[0], other, rows[2], rows[3]], [rows[0], rows[2], rows[3]] })
        {
            Assert.Equal($"Customer {rows[0].Customer}: the entries up to version 2 are not those that were certified.", Assert.Single((await Count(new LosesItsMark(restored), book)).Certificate.Faults));
            Assert.Equal(kept, book.Kept);
        }

        var (asked, (certificate, lines)) = (0, await Count(new LosesItsMark(rows), book));
        Assert.Equal((await Count(new Rows(rows))).Certificate, certificate);
        Assert.Single(lines);
        await Count(new News(rows) { Asked = count => asked += count }, book);
        Assert.Equal(1, asked); // the last one of before is told again, and nobody else
    }

    [Fact]
    public async Task What_does_not_fit_is_a_fault_and_the_book_stays_as_it_was()
    {
        var rows = Written([(1, 10, "forever")]);
        var book = new Pages();
        await Count(new News(rows), book);
        var kept = book.Kept;

        var (certificate, _) = await Count(new News(Written([(1, 10, "forever"), (1, -30, "other")])), book);

        Assert.Contains("the lot 'other' of customer", Assert.Single(certificate.Faults));
        Assert.Equal(kept, book.Kept);
    }

    [Fact]
    public async Task A_page_that_was_changed_is_refused_where_it_is_read()
    {
        var rows = Written([(1, 10, "forever"), (2, 20, "forever"), (3, 30, "forever")]);
        var more = Written([(1, 10, "forever"), (2, 20, "forever"), (3, 30, "forever"), (1, 5, "forever")]);
        var place = new CustomerId(1).Bucket.ToString("x3", null) + new CustomerId(1);
        foreach (var (at, from, to) in new[] { ("", "60", "61"), (place, " 10", " 11"), (place, "1\t", "x\t"), (place, "lot ", "lots "), ("cover", "\t", " ") })
        {
            var book = new Pages();
            await Count(new News(rows), book);
            book.Change(at, text => text.Replace(from, to, StringComparison.Ordinal));

            await Assert.ThrowsAsync<ChangedBookException>(() => Count(new News(more), book));
        }

        var torn = new Pages();
        await Count(new News(rows), torn);
        torn.Change(place, _ => null);
        await Assert.ThrowsAsync<ChangedBookException>(() => Count(new News(more), torn));
        Assert.Throws<FormatException>(() => CustomerStatement.Parse("nobody", 1));
    }

    [Fact]
    public async Task A_certificate_is_signed_by_one_key_and_a_change_is_noticed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var open = ECDsa.Create(key.ExportParameters(includePrivateParameters: false));
        var (certificate, _) = await Count(new Rows(Written([(1, 10, "forever"), (2, 20, "forever")])));
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

    private static Property Law(Func<IReadOnlyList<LedgerLine>, ILedgerScan> store, Pages? kept = null) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        var rows = Written(history.Moves);
        var (whole, _) = await Count(new Rows(rows));
        var book = kept?.Fresh() ?? new Pages();
        var written = 0;
        foreach (var cut in history.Cuts.Select(cut => Math.Min(cut, rows.Count)).Order().Append(rows.Count))
        {
            var (certificate, added) = await Count(store([.. rows.Take(cut)]), book);
            Assert.Equal(cut, certificate.Entries);
            Assert.Equal(cut - written, added.Count);
            Assert.Equal((await Count(new Rows([.. rows.Take(cut)]))).Certificate, certificate);
            written = cut;
        }

        Assert.Equal(whole, (await Count(new News(rows), book)).Certificate);
        return true;
    });

    private static Gen<(List<(int Customer, long Amount, string Lot)> Moves, List<int> Cuts)> Histories =>
        from most in Gen.Elements(6, 5_000)
        from moves in (from customer in Gen.Choose(1, most) from amount in Gen.Choose(-50, 90) from lot in Gen.Elements(Lots) select (customer, amount == 0 ? 1L : amount, lot)).ListOf()
        from cuts in Gen.Choose(0, 12).ListOf(3)
        select (Covered(moves), cuts.ToList());

    /// <summary>The same, without taking more out of a lot than is in it, nor paying more than is owed.</summary>
    private static List<(int Customer, long Amount, string Lot)> Covered(IEnumerable<(int Customer, long Amount, string Lot)> moves)
    {
        var held = new Dictionary<(int, string), long>();
        return [.. moves.Select(move =>
        {
            var before = held.GetValueOrDefault((move.Customer, move.Lot));
            var amount = before + move.Amount < 0 == (move.Lot == "debt") ? move.Amount : -move.Amount;
            amount = before + amount < 0 == (move.Lot == "debt") ? amount : move.Lot == "debt" ? -1 : 1;
            held[(move.Customer, move.Lot)] = before + amount;
            return (move.Customer, amount, move.Lot);
        })];
    }

    private static List<LedgerLine> Written(List<(int Customer, long Amount, string Lot)> moves, long from = 0)
    {
        var versions = new Dictionary<int, long>();
        return [.. moves.Select(move => new LedgerLine(
            new CustomerId((UInt128)move.Customer),
            versions[move.Customer] = versions.GetValueOrDefault(move.Customer, from) + 1,
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

    private static async Task<(Certificate Certificate, List<string> Lines)> Count(ILedgerScan store, Pages? book = null)
    {
        var lines = new List<string>();
        var certification = new Certification(store) { Line = lines.Add };
        return (book is null ? await certification.CountAsync(Token) : await certification.CountAsync(book.Opened(), Token), lines);
    }

    /// <summary>A ledger of so many rows.</summary>
    private class Rows(IReadOnlyList<LedgerLine> rows) : ILedgerScan
    {
        private readonly ILookup<CustomerId, LedgerLine> byCustomer = rows.ToLookup(row => row.Customer);

        public Action<int>? Asked { get; init; }

        public virtual ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<CustomerVersion>>(
            [.. byCustomer.OrderBy(row => (row.Key.Bucket, row.Key)).Where(row => after is not { } last || (row.Key.Bucket, row.Key).CompareTo((last.Bucket, last)) > 0)
                .Take(Math.Max(2, rows.Count / 8)).Select(row => new CustomerVersion(row.Key, row.Max(line => line.Version)))]);

        public virtual ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken)
        {
            Asked?.Invoke(after.Count);
            return ValueTask.FromResult<IReadOnlyList<LedgerLine>>([.. after.SelectMany(known => byCustomer[known.Customer].Where(row => row.Version > known.Version))]);
        }
    }

    /// <summary>A ledger that can tell who is new, some of whom twice.</summary>
    private class News(IReadOnlyList<LedgerLine> rows) : Rows(rows), ILedgerNews
    {
        private readonly IReadOnlyList<LedgerLine> rows = rows;

        public virtual ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) => ValueTask.FromResult(new LedgerNews(
            rows.Count.ToString(System.Globalization.CultureInfo.InvariantCulture),
            since is null ? null : rows.Skip(Math.Max(0, int.Parse(since, System.Globalization.CultureInfo.InvariantCulture) - 1)).Select(row => row.Customer).Distinct().OrderBy(customer => (customer.Bucket, customer)).ToSequence()));
    }

    /// <summary>Makes marks and knows none of them, as after a restore.</summary>
    private sealed class LosesItsMark(IReadOnlyList<LedgerLine> rows) : News(rows)
    {
        public override ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) => base.ReadNewsAsync(null, cancellationToken);
    }

    private sealed class MissesTheLast(IReadOnlyList<LedgerLine> rows) : News(rows)
    {
        public override async ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) =>
            await base.ReadNewsAsync(since, cancellationToken) is { Customers: { IsEmpty: false } told } news ? news with { Customers = told.SkipLast(1).ToSequence() } : await base.ReadNewsAsync(since, cancellationToken);
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

    /// <summary>A book in memory.</summary>
    private class Pages : ICertificationBook
    {
        private Dictionary<string, string> kept = [];
        private Dictionary<string, string> open = [];

        public int Read { get; private set; }

        public string Kept => string.Join('\n', kept.OrderBy(page => page.Key, StringComparer.Ordinal));

        public virtual Pages Fresh() => new();

        /// <summary>As the next one finds it: what was not kept is gone.</summary>
        public Pages Opened()
        {
            open = new(kept);
            return this;
        }

        public void Change(string place, Func<string, string?> change)
        {
            if (change(kept[place]) is { } text)
            {
                Assert.NotEqual(kept[place], text);
                kept[place] = text;
            }
            else
            {
                kept.Remove(place);
            }
        }

        public ValueTask<IReadOnlyList<BookPage>> ReadAsync(IReadOnlyCollection<string> places, CancellationToken cancellationToken)
        {
            Read += places.Count;
            return ValueTask.FromResult<IReadOnlyList<BookPage>>([.. places.Where(open.ContainsKey).Select(place => new BookPage(place, open[place]))]);
        }

        public virtual ValueTask WriteAsync(IReadOnlyCollection<BookPage> pages, CancellationToken cancellationToken)
        {
            foreach (var page in pages)
            {
                open[page.Place] = page.Text;
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask KeepAsync(CancellationToken cancellationToken)
        {
            kept = new(open);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class LosesStatements : Pages
    {
        public override Pages Fresh() => new LosesStatements();

        public override ValueTask WriteAsync(IReadOnlyCollection<BookPage> pages, CancellationToken cancellationToken) =>
            base.WriteAsync([.. pages.Where(page => page.Place.Length < 35)], cancellationToken);
    }
}
