using System.Globalization;
using System.IO.Compression;
using Crm.Tool.Stores;

namespace Crm.Tool.Tests.Support;

/// <summary>
/// What the refunds of Online Retail find to take back, in pence: computed from the raw file without anything of the product, or added up from recorded receipts. The rule: a refunded
/// line matches the same article of the customer's latest earlier purchases, up to what is kept of it, at its own share of the refunded amount but never more than is kept; what remains
/// of a refund is spread over the kept value of all earlier purchases in proportion (the refunds between two purchases together); what exceeds that is unmatched.
/// </summary>
internal sealed record RefundsByHand(long Matched, long Spread, long Unmatched, int InFull, int InPart, int NotFound, long LinesUnmatched, decimal QuantityUnmatched)
{
    public static RefundsByHand Of(string file)
    {
        var sum = new RefundsByHand(0, 0, 0, 0, 0, 0, 0, 0);
        foreach (var customer in Invoices(file).GroupBy(invoice => invoice.Customer))
        {
            var purchases = new List<Kept>();
            var waiting = 0L;
            foreach (var invoice in customer.OrderBy(each => each.Time, StringComparer.Ordinal).ThenBy(each => each.IsRefund).ThenBy(each => each.Number, StringComparer.Ordinal))
            {
                if (!invoice.IsRefund)
                {
                    Share(waiting, purchases);
                    waiting = 0;
                    purchases.Add(new Kept(invoice.Lines));
                    continue;
                }

                var found = invoice.Lines.Select(line => (Line: line, Found: Match(line, purchases))).ToList();
                var matched = found.Sum(each => each.Found.Pence);
                var rest = invoice.Lines.Sum(line => line.Pence) - matched;
                var spread = Math.Min(rest, purchases.Sum(purchase => purchase.Pence) - waiting);
                waiting += spread;
                var covered = spread;
                foreach (var (line, (quantity, pence)) in found)
                {
                    var open = line.Pence - pence;
                    sum = sum with
                    {
                        InFull = sum.InFull + (quantity == line.Quantity ? 1 : 0),
                        InPart = sum.InPart + (quantity > 0 && quantity < line.Quantity ? 1 : 0),
                        NotFound = sum.NotFound + (quantity == 0 ? 1 : 0),
                        LinesUnmatched = sum.LinesUnmatched + (open > covered ? 1 : 0),
                        QuantityUnmatched = sum.QuantityUnmatched + (open > covered ? line.Quantity - quantity : 0),
                    };
                    covered = Math.Max(0, covered - open);
                }

                sum = sum with { Matched = sum.Matched + matched, Spread = sum.Spread + spread, Unmatched = sum.Unmatched + rest - spread };
            }
        }

        return sum;
    }

    /// <summary>The same figures from the receipts in a store.</summary>
    public static async Task<RefundsByHand> RecordedAsync(string path)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(path) { Tenant = "default" }, OpenMode.MustExist, CancellationToken.None);
        var sum = new RefundsByHand(0, 0, 0, 0, 0, 0, 0, 0);
        await foreach (var (_, entry) in store.Scan.ReadAllAsync(CancellationToken.None))
        {
            if (entry.Receipt.TakenBack is { } taken)
            {
                sum = new RefundsByHand(
                    sum.Matched + taken.Matched.MinorUnits,
                    sum.Spread + taken.Spread.MinorUnits,
                    sum.Unmatched + taken.Unmatched.MinorUnits,
                    sum.InFull + taken.LinesInFull,
                    sum.InPart + taken.LinesInPart,
                    sum.NotFound + taken.LinesNotFound,
                    sum.LinesUnmatched + taken.LinesUnmatched,
                    sum.QuantityUnmatched + taken.QuantityUnmatched);
            }
        }

        return sum;
    }

    private static (long Quantity, long Pence) Match(Line wanted, List<Kept> purchases)
    {
        var (quantity, pence) = (0L, 0L);
        foreach (var purchase in Enumerable.Reverse(purchases))
        {
            foreach (var line in Enumerable.Reverse(purchase.Lines).Where(line => line.Article == wanted.Article && line.Quantity > 0))
            {
                var taken = Math.Min(wanted.Quantity - quantity, line.Quantity);
                quantity += taken;
                line.Quantity -= taken;
                var due = (long)Math.Round((decimal)wanted.Pence * quantity / wanted.Quantity, MidpointRounding.ToEven) - pence;
                var paid = new[] { Math.Max(0, due), line.Pence, purchase.Pence }.Min();
                if (taken > 0)
                {
                    pence += paid;
                    line.Pence -= paid;
                    purchase.Pence -= paid;
                }
            }
        }

        return (quantity, pence);
    }

    private static void Share(long total, List<Kept> purchases)
    {
        var value = purchases.Sum(purchase => purchase.Pence);
        if (total == 0 || value == 0)
        {
            return;
        }

        var shares = purchases.Select((purchase, place) => (purchase, place, share: total * purchase.Pence / value, rest: total * purchase.Pence % value)).ToList();
        var more = shares.OrderByDescending(each => each.rest).ThenBy(each => each.place).Take((int)(total - shares.Sum(each => each.share))).Select(each => each.place).ToHashSet();
        foreach (var (purchase, place, share, _) in shares)
        {
            purchase.Pence -= share + (more.Contains(place) ? 1 : 0);
        }
    }

    private static IEnumerable<Invoice> Invoices(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        text.ReadLine();
        var invoices = new Dictionary<string, Invoice>();
        while (text.ReadLine() is { } row)
        {
            // Only the description is ever quoted, and only it has commas: the cells before it and after it are counted from the ends.
            var cells = row.Split(',');
            var (number, article) = (cells[0], cells[1]);
            var (quantity, time, price, customer) = (cells[^5], cells[^4], cells[^3], cells[^2]);
            var (count, each) = (long.Parse(quantity, CultureInfo.InvariantCulture), decimal.Parse(price, CultureInfo.InvariantCulture));
            var isRefund = number.StartsWith('C');
            if (customer.Length == 0 || (!isRefund && (count <= 0 || each <= 0)))
            {
                continue;
            }

            if (!invoices.TryGetValue(number, out var invoice))
            {
                invoices[number] = invoice = new Invoice(number, customer, isRefund) { Time = time };
            }

            invoice.Time = string.CompareOrdinal(time, invoice.Time) < 0 ? time : invoice.Time;
            count = Math.Abs(count);
            invoice.Lines.Add(new Line(article, count, (long)Math.Round(count * each * 100, MidpointRounding.ToEven)));
        }

        return invoices.Values;
    }

    private sealed class Invoice(string number, string customer, bool isRefund)
    {
        public string Number => number;

        public string Customer => customer;

        public bool IsRefund => isRefund;

        public required string Time { get; set; }

        public List<Line> Lines { get; } = [];
    }

    private sealed class Line(string article, long quantity, long pence)
    {
        public string Article => article;

        public long Quantity { get; set; } = quantity;

        public long Pence { get; set; } = pence;
    }

    private sealed class Kept(IEnumerable<Line> lines)
    {
        public List<Line> Lines { get; } = [.. lines.Select(line => new Line(line.Article, line.Quantity, line.Pence))];

        public long Pence { get; set; } = lines.Sum(line => line.Pence);
    }
}
