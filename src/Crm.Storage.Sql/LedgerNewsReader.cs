using System.Globalization;
using Crm.Values;
using static Crm.Storage.Sql.SqlType;

namespace Crm.Storage.Sql;

/// <summary>Reads whose ledger was written to since a mark. A mark is a horizon of earlier, with the text that says of which ledger.</summary>
internal sealed class LedgerNewsReader(string tenant, LedgerOrder order)
{
    private readonly SqlStatement now = new(order.Now, Characters);
    private readonly SqlStatement at = new(order.At, Characters, Whole);
    private readonly SqlStatement written = new(order.Written, Characters, Whole, Whole);

    public async ValueTask<LedgerNews> ReadAsync(SqlSession session, string? since, CancellationToken cancellationToken)
    {
        // The horizon comes first: what was not seen then is read now, or told the next time.
        var found = await session.QueryAsync(new SqlCall(now).Add(tenant), row => (Ledger: row.Text(0), Horizon: row.Whole(1), End: row.Whole(2)), cancellationToken).ConfigureAwait(false);
        if (found is not [var (ledger, horizon, end)])
        {
            return new LedgerNews(null, null);
        }

        var customers = await HorizonOfAsync(session, since, cancellationToken).ConfigureAwait(false) is { } from
            ? await session.QueryAsync(new SqlCall(written).Add(tenant, from, end), row => row.Customer(0), cancellationToken).ConfigureAwait(false)
            : null;
        return new LedgerNews(string.Create(CultureInfo.InvariantCulture, $"{horizon} {ledger}"), customers?.OrderBy(customer => customer.Bucket).ThenBy(customer => customer).ToSequence());
    }

    private async ValueTask<long?> HorizonOfAsync(SqlSession session, string? mark, CancellationToken cancellationToken)
    {
        if (mark?.Split(' ', 2) is not [var digits, var ledger] || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var horizon))
        {
            return null;
        }

        var there = await session.QueryAsync(new SqlCall(at).Add(tenant, horizon), row => row.Text(0), cancellationToken).ConfigureAwait(false);
        return there is [var known] && known == ledger ? horizon : null;
    }
}
