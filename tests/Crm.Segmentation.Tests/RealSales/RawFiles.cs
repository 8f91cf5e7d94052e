using System.Globalization;
using System.IO.Compression;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.RealSales;

/// <summary>A purchase of CDNOW as its line says it.</summary>
public sealed record CdRow(int Customer, DateTime Day, int Cds, decimal Dollars);

/// <summary>An article of an invoice of Online Retail as its line says it; instants are taken to be UTC.</summary>
public sealed record RetailRow(string Invoice, string Sku, int Quantity, DateTime At, decimal Price, int Customer, string Country)
{
    /// <summary>In whole pence: four lines of the file are finer.</summary>
    public decimal Amount => Math.Round(Quantity * Price, 2, MidpointRounding.ToEven);
}

/// <summary>The raw files, each read once.</summary>
public static class RawFiles
{
    private static readonly Lazy<List<CdRow>> CdRows = new(() => Lines("cdnow/CDNOW_master.txt.gz")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(part => new CdRow(int.Parse(part[0], CultureInfo.InvariantCulture), DateTime.ParseExact(part[1], "yyyyMMdd", CultureInfo.InvariantCulture), int.Parse(part[2], CultureInfo.InvariantCulture), decimal.Parse(part[3], CultureInfo.InvariantCulture)))
        .ToList());

    // Sold articles with a customer: no cancelled invoice, nothing without a price.
    private static readonly Lazy<List<RetailRow>> RetailRows = new(() => Lines("online_retail_uci.csv.gz").Select(Split)
        .Where(part => part[6].Length > 0 && !part[0].StartsWith('C'))
        .Select(part => new RetailRow(part[0], part[1], int.Parse(part[3], CultureInfo.InvariantCulture), DateTime.ParseExact(part[4], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), decimal.Parse(part[5], CultureInfo.InvariantCulture), (int)decimal.Parse(part[6], CultureInfo.InvariantCulture), part[7]))
        .Where(row => row is { Quantity: > 0, Price: > 0 })
        .ToList());

    public static IReadOnlyList<CdRow> Cdnow => CdRows.Value;

    public static IReadOnlyList<RetailRow> Retail => RetailRows.Value;

    /// <summary>Each line of CDNOW as a purchase.</summary>
    public static IEnumerable<(int Customer, CustomerEvent Event)> CdnowPurchases() => Cdnow.Select((row, line) => (row.Customer, new CustomerEvent
    {
        Key = new EventKey("cdnow", $"{line}"),
        Kind = EventKinds.PurchaseName,
        Identity = Identity.User(row.Customer),
        OccurredAt = At(row.Day),
        Spend = new Money((long)(row.Dollars * 100), Dollar),
        Lines = [new EventLine("cd", row.Cds, new Money((long)(row.Dollars * 100), Dollar))],
    }));

    /// <summary>Each invoice of Online Retail as a purchase with its articles.</summary>
    public static IEnumerable<(int Customer, CustomerEvent Event)> RetailPurchases() => Retail.GroupBy(row => row.Invoice).Select(invoice => (invoice.First().Customer, new CustomerEvent
    {
        Key = new EventKey("retail", invoice.Key),
        Kind = EventKinds.PurchaseName,
        Identity = Identity.User(invoice.First().Customer),
        OccurredAt = At(invoice.First().At),
        Channel = Code(invoice.First().Country),
        Spend = new Money(invoice.Sum(row => (long)(row.Amount * 100)), Pound),
        Lines = invoice.Select(row => new EventLine(row.Sku, row.Quantity, new Money((long)(row.Amount * 100), Pound))).ToSequence(),
    }));

    public static Currency Dollar => Currency.Of("USD");

    public static Currency Pound => Currency.Of("GBP");

    public static Instant At(DateTime time) => Instant.FromDateTimeUtc(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    public static string Code(string country) => string.Concat(country.Select(letter => char.IsAsciiLetter(letter) ? char.ToLowerInvariant(letter) : '-'));

    private static IEnumerable<string> Lines(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(RealData.Require(file)), CompressionMode.Decompress));
        text.ReadLine();
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    // Descriptions may be in quotes, with commas and doubled quotes in them.
    private static string[] Split(string line)
    {
        var parts = new List<string>(8);
        var (start, quoted) = (0, false);
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || (line[i] == ',' && !quoted))
            {
                parts.Add(line[start..i]);
                start = i + 1;
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
        }

        return [.. parts];
    }
}
