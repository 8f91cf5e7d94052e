using System.Data.Common;
using Crm.Engine;
using Crm.Events;
using Crm.Values;

namespace OrdersAndPoints;

/// <summary>A shop whose orders are in its own table: an order and the points for it are both there, or neither.</summary>
public static class PlainOrders
{
    // snippet: plain
    /// <summary>Places an order of a customer, unless the card is refused.</summary>
    public static async Task<Receipt?> PlaceAsync(DbConnection connection, CrmEngine crm, string number, Identity customer, Money total, Func<Receipt, bool> charge)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = connection.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText = "INSERT INTO shop_order (number, cents) VALUES (@number, @cents)";
        Add(insert, "@number", number);
        Add(insert, "@cents", total.MinorUnits);
        await insert.ExecuteNonQueryAsync();

        var receipt = await crm.Within(connection, transaction).RecordAsync(CustomerEvent.Purchase($"shop:{number}", customer, total));
        if (!charge(receipt))
        {
            await transaction.RollbackAsync(); // the order goes, and the points with it
            return null;
        }

        await transaction.CommitAsync();
        return receipt;
    }
    // end

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
