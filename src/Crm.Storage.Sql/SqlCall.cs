using System.Buffers;

namespace Crm.Storage.Sql;

/// <summary>A statement with the rows that are sent with it.</summary>
/// <param name="statement">The statement.</param>
public sealed class SqlCall(SqlStatement statement)
{
    // Arrays of so many values, and larger ones, come from a pool.
    private const int Many = 4_096;

    private SqlValue[] values = [];
    private int used;

    /// <summary>The statement.</summary>
    public SqlStatement Statement { get; } = statement;

    /// <summary>How many rows there are.</summary>
    public int Rows => used / Statement.Columns.Count;

    /// <summary>Whether every row must change exactly one row of the database, or else the transaction is not to be committed.</summary>
    public bool IsGuard { get; init; }

    /// <summary>Adds a row.</summary>
    public SqlCall Add(params ReadOnlySpan<SqlValue> row)
    {
        if (row.Length != Statement.Columns.Count)
        {
            throw new ArgumentException($"A row of {row.Length} values was given to a statement of {Statement.Columns.Count}: {Statement}", nameof(row));
        }

        if (used + row.Length > values.Length)
        {
            var least = Math.Max(2 * values.Length, used + row.Length);
            var more = least < Many ? new SqlValue[least] : ArrayPool<SqlValue>.Shared.Rent(least);
            Filled.CopyTo(more);
            GiveBack();
            values = more;
        }

        row.CopyTo(values.AsSpan(used));
        used += row.Length;
        return this;
    }

    /// <summary>Forgets the rows. The many of one call make the room for the next, instead of work for the collector: what holds thousands of values lives among the longest-lived.</summary>
    internal void Clear()
    {
        GiveBack();
        (values, used) = ([], 0);
    }

    /// <summary>The values of some rows, one row after the other.</summary>
    /// <param name="first">The first row, from 0.</param>
    /// <param name="count">How many rows.</param>
    public ReadOnlySpan<SqlValue> Values(int first, int count) =>
        Filled.Slice(first * Statement.Columns.Count, count * Statement.Columns.Count);

    /// <summary>Splits the rows into statements that a database takes, in few sizes, so that prepared statements are found again.</summary>
    /// <param name="mostParameters">The most parameters of one statement.</param>
    public IEnumerable<(int First, int Count)> Chunks(int mostParameters)
    {
        if (!Statement.TakesRows)
        {
            for (var row = 0; row < Rows; row++)
            {
                yield return (row, 1);
            }

            yield break;
        }

        var most = Math.Min(mostParameters / Statement.Columns.Count, Statement.MostRows);
        for (int first = 0, count; first < Rows; first += count)
        {
            count = Size(Rows - first, most);
            yield return (first, count);
        }
    }

    private Span<SqlValue> Filled => values.AsSpan(0, used);

    private void GiveBack()
    {
        if (values.Length >= Many)
        {
            Filled.Clear();
            ArrayPool<SqlValue>.Shared.Return(values);
        }
    }

    private static int Size(int left, int most)
    {
        foreach (var size in (ReadOnlySpan<int>)[256, 32])
        {
            if (left >= size && size <= most)
            {
                return size;
            }
        }

        return Math.Min(Math.Min(left, most), left > 8 ? 8 : left);
    }
}
