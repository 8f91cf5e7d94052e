using System.Globalization;
using Crm.Loyalty.Memberships;

namespace Crm.Loyalty.Redemption;

/// <summary>Tallies of what an event moved, lot by lot in the order in which it did: their names begin as all that are about it do, then come the place and the lot.</summary>
internal static class LotsInOrder
{
    /// <summary>The tallies of amounts, the first of them in the first place.</summary>
    /// <param name="beginning">How the names of all begin.</param>
    /// <param name="period">The span in which they count.</param>
    /// <param name="lots">The lots.</param>
    public static IEnumerable<Tally> Of(string beginning, long period, IEnumerable<(string Lot, long Amount)> lots) =>
        lots.Select((lot, place) => new Tally(string.Create(CultureInfo.InvariantCulture, $"{beginning}{place:0000}|{lot.Lot}"), period, lot.Amount));

    /// <summary>The lot that such a tally is about.</summary>
    public static string LotOf(Tally tally, string beginning) => tally.Name[(beginning.Length + "0000|".Length)..];
}
