using Crm.Events;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Basics;

/// <summary>Receipts as adapters keep them: what lines were counted on, and of which programmes they are, is at the end, where a release that knows nothing of it does not look.</summary>
public sealed class ReceiptBytes
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(200);

    [Fact]
    public void A_receipt_is_read_as_it_was_written() => Law(receipt => receipt).Check(Thorough);

    [Fact]
    public void What_was_counted_on_by_another_line_is_caught() =>
        Counterfeits.Caught(() => Law(receipt => receipt with { Lines = receipt.Lines.Select((line, place) => line with { CountedOn = receipt.Lines[(place + 1) % receipt.Lines.Count].CountedOn }).ToSequence() }).Check(Thorough));

    [Fact]
    public void The_programme_of_another_line_is_caught() =>
        Counterfeits.Caught(() => Law(receipt => receipt with { Lines = receipt.Lines.Select((line, place) => line with { Program = receipt.Lines[Math.Max(0, place - 1)].Program }).ToSequence() }).Check(Thorough));

    [Fact]
    public void A_receipt_from_before_lines_said_what_they_were_counted_on_is_read() => Prop.ForAll(Receipts(), receipt =>
    {
        var (before, now) = (Binary.Write(Bare(receipt)), Binary.Write(receipt));

        // And the release before reads what is written now, since it reads this beginning and no further.
        Assert.Equal(before, now.AsSpan(0, before.Length));
        Assert.Equal(Bare(receipt), Binary.ReadReceipt(before));
    }).Check(Thorough);

    [Fact]
    public void A_receipt_from_before_lines_named_their_programme_is_read_and_would_be_written_as_it_was()
    {
        const string Before = "0206706F7302310000000000000000010000000000000002808094D4D7B4E43E00040E6C6F79616C74790C69737375656408626173650C706F696E74730A00020E6C6F79616C74790862617365010C706F696E74730A00000E6C6F79616C747918746965722D6368616E67656408676F6C640100000000000006484B44A05100900300";
        var receipt = Of(
        [
            new("loyalty", "issued") { Subject = "base", Unit = "points", Amount = 5, CountedOn = new CountedOn(Money.Hkd(52)) { Left = 200 }, Parts = [new("loyalty", "base") { Unit = "points", Amount = 5 }] },
            new("loyalty", "tier-changed") { Subject = "gold" },
        ]);

        Assert.Equal(receipt, Binary.ReadReceipt(Convert.FromHexString(Before)));
        Assert.Equal(Before, Convert.ToHexString(Binary.Write(receipt)));
    }

    [Fact]
    public void Lines_of_one_programme_name_it_once()
    {
        ReceiptLine[] lines = [new("loyalty", "issued") { Program = "tea-club" }, new("loyalty", "issued") { Program = "tea-club" }, new("loyalty", "issued") { Program = "tea-club" }];

        Assert.Equal(11, Binary.Write(Of(lines.ToSequence())).Length - Binary.Write(Bare(Of(lines.ToSequence()))).Length);
    }

    [Fact]
    public void A_line_that_is_not_there_was_counted_on_nothing()
    {
        var receipt = Of([new ReceiptLine("loyalty", "issued") { CountedOn = new CountedOn(articles: 3) }]);
        var (before, now) = (Binary.Write(Bare(receipt)), Binary.Write(receipt));

        now[before.Length] = 2;

        Assert.Contains("line 1", Assert.Throws<FormatException>(() => Binary.ReadReceipt(now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Less_than_nothing_is_counted_on_by_nobody()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountedOn(articles: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountedOn(articles: 1) { Left = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new CountedOn(articles: 1) { Carried = -1 });
    }

    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(1, 0, 1, true)]
    [InlineData(1, 0, 2, false)]
    [InlineData(1, 1, 2, true)]
    [InlineData(long.MaxValue, long.MaxValue, long.MaxValue, true)]
    public void No_more_is_left_than_there_was(long basis, long carried, long left, bool holds) =>
        Assert.Equal(holds, new CountedOn(basis) { Carried = carried, Left = left }.IsWhole);

    private static Property Law(Func<Receipt, Receipt> read) => Prop.ForAll(Receipts(), receipt => Assert.Equal(receipt, read(Binary.ReadReceipt(Binary.Write(receipt)))));

    private static Arbitrary<Receipt> Receipts() =>
        (from lines in Line(depth: 2).NonEmptyListOf()
         let first = new ReceiptLine("loyalty", "first") { Program = "tea-club", CountedOn = new CountedOn(articles: 1) }
         select Of([first, .. lines, new ReceiptLine("loyalty", "last")])).ToArbitrary();

    private static Gen<ReceiptLine> Line(int depth) =>
        from counted in Counted().OrNull()
        from parts in depth == 0 ? Gen.Constant(new List<ReceiptLine>()) : Line(depth - 1).ListOf().Select(parts => parts.Take(3).ToList())
        from amount in Gen.Elements(0L, -1L, 5L, long.MaxValue)
        from program in Gen.Elements("tea-club", "coffee-club", "").OrNull()
        select new ReceiptLine("loyalty", "issued") { Program = program, Subject = "base", Unit = "points", Amount = amount, CountedOn = counted, Parts = parts.ToSequence() };

    private static Gen<CountedOn> Counted() =>
        from basis in Amount()
        from carried in Amount()
        from left in Amount()
        from keeps in Gen.Elements(false, true)
        from counted in Gen.Elements(new CountedOn(basis), new CountedOn(basis, "points"), new CountedOn(new Money(basis, Currency.Hkd)), new CountedOn(new Money(basis, Currency.Of("JPY"))))
        select counted with { Carried = carried, Left = left, Keeps = keeps };

    private static Gen<long> Amount() => Gen.Elements(0L, 1L, 63L, 64L, 5_200L, long.MaxValue);

    private static Receipt Of(Sequence<ReceiptLine> lines) => new() { Key = EventKey.Parse("pos:1"), Customer = new CustomerId(1), Version = 1, EffectiveAt = Instant.FromUtc(2026, 1, 1, 0, 0), Lines = lines };

    private static Receipt Bare(Receipt receipt) => receipt with { Lines = Bare(receipt.Lines) };

    private static Sequence<ReceiptLine> Bare(Sequence<ReceiptLine> lines) => lines.Select(line => line with { Program = null, CountedOn = null, Parts = Bare(line.Parts) }).ToSequence();
}
