using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>The current row of an answer of any ADO.NET provider.</summary>
/// <param name="row">The provider's reader.</param>
public sealed class DbRow(DbDataReader row) : SqlReader
{
    /// <inheritdoc/>
    public override bool IsNull(int column) => row.IsDBNull(column);

    /// <inheritdoc/>
    public override long Whole(int column) => row.GetInt64(column);

    /// <inheritdoc/>
    public override string Text(int column) => row.GetString(column);

    /// <inheritdoc/>
    public override byte[] Bytes(int column) => row.GetFieldValue<byte[]>(column);

    /// <inheritdoc/>
    public override decimal Decimal(int column) => row.GetDecimal(column);
}
