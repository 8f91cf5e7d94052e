using System.Globalization;
using Crm.Values;

namespace Crm.Storage;

/// <summary>Into whose ledger was written, one line for each commit, in order. Guarded by the store's lock.</summary>
internal sealed class InMemoryNews
{
    private readonly List<CustomerVersion> written = [];

    public void Write(Commit commit)
    {
        if (!commit.Ledger.IsEmpty)
        {
            written.Add(new CustomerVersion(commit.Customer, commit.Version));
        }
    }

    public LedgerNews Since(string? mark) => new(
        MarkAt(written.Count),
        CountOf(mark) is { } known && known <= written.Count && MarkAt(known) == mark
            ? written.Skip(known).Select(line => line.Customer).Distinct().OrderBy(customer => customer.Bucket).ThenBy(customer => customer).ToSequence()
            : null);

    // A mark names the last line too, so that the mark of another store is not taken for one of this.
    private string MarkAt(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 0 ? "" : $"{written[count - 1].Customer} {written[count - 1].Version}")}");

    private static int? CountOf(string? mark) => int.TryParse(mark?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}
