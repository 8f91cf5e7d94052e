using Crm.Engine;
using Crm.Events;
using Crm.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace OrdersAndPoints;

/// <summary>An order as Entity Framework keeps it.</summary>
public sealed class ShopOrder
{
    public required string Number { get; init; }

    public required long Cents { get; init; }
}

/// <summary>The shop's own tables.</summary>
public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<ShopOrder> Orders => Set<ShopOrder>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        var order = modelBuilder.Entity<ShopOrder>().ToTable("shop_order");
        order.HasKey(each => each.Number);
        order.Property(each => each.Number).HasColumnName("number");
        order.Property(each => each.Cents).HasColumnName("cents");
    }
}

/// <summary>The same as <see cref="PlainOrders"/>, with Entity Framework Core.</summary>
public static class EfOrders
{
    // snippet: ef
    /// <summary>Places an order of a customer, unless the card is refused.</summary>
    public static async Task<Receipt?> PlaceAsync(ShopContext shop, CrmEngine crm, string number, Identity customer, Money total, Func<Receipt, bool> charge)
    {
        await using var transaction = await shop.Database.BeginTransactionAsync();
        shop.Orders.Add(new ShopOrder { Number = number, Cents = total.MinorUnits });
        await shop.SaveChangesAsync();

        var receipt = await crm.Within(shop.Database.GetDbConnection(), transaction.GetDbTransaction())
            .RecordAsync(CustomerEvent.Purchase($"shop:{number}", customer, total));
        if (!charge(receipt))
        {
            await transaction.RollbackAsync(); // the order goes, and the points with it
            return null;
        }

        await transaction.CommitAsync();
        return receipt;
    }
    // end
}
