using System.Globalization;
using System.Text.RegularExpressions;
using Crm.Analytics.Habits;
using NodaTime;

namespace Crm.Analytics.Tests;

/// <summary>The clean set of Online Retail as its lines say it: sold articles with a customer, no cancelled invoice, nothing without a price.</summary>
internal static partial class Retail
{
    private static readonly Lazy<List<(string Customer, LocalDate Day, decimal Amount)>> Lines = new(() => RawFiles.Lines("online_retail_uci.csv.gz")
        .Select(line => Quoted().Replace(line, "text").Split(','))
        .Where(part => part[6].Length > 0 && !part[0].StartsWith('C') && int.Parse(part[3], CultureInfo.InvariantCulture) > 0 && decimal.Parse(part[5], CultureInfo.InvariantCulture) > 0)
        .Select(part => (part[6], LocalDate.FromDateTime(DateTime.ParseExact(part[4], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)), int.Parse(part[3], CultureInfo.InvariantCulture) * decimal.Parse(part[5], CultureInfo.InvariantCulture)))
        .ToList());

    public static Dictionary<string, PurchaseDays> Days(LocalDate asOf) => Lines.Value.Where(line => line.Day <= asOf).GroupBy(line => line.Customer)
        .ToDictionary(own => own.Key, own => PurchaseDays.Of(own.Select(line => line.Day)) ?? throw new InvalidOperationException());

    public static IEnumerable<IEnumerable<LocalDate>> AllDays() => Lines.Value.GroupBy(line => line.Customer).Select(own => own.Select(line => line.Day));

    public static IEnumerable<decimal> Spend() => Lines.Value.GroupBy(line => line.Customer).Select(own => own.Sum(line => line.Amount));

    [GeneratedRegex("\"([^\"]|\"\")*\"")]
    private static partial Regex Quoted();
}
