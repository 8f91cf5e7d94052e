using Crm.Storage.Sql;

namespace Crm.Benchmarks;

/// <summary>Copies of a <see cref="StoredShop"/> in some database, each to be used once.</summary>
internal abstract class ShopCopies
{
    /// <summary>The processors that work on them.</summary>
    public abstract ProcessorTime Processors { get; }

    /// <summary>Makes a copy; where it is.</summary>
    public abstract Task<string> MakeAsync(string name);

    /// <summary>The store over a copy.</summary>
    public abstract SqlStore Open(string copy);

    /// <summary>Writes rows into a copy by hand.</summary>
    public abstract Task WriteAsync(string copy, ChangedRows rows);

    /// <summary>Does away with a copy.</summary>
    public abstract Task DeleteAsync(string copy);
}

/// <summary>Copies of the file.</summary>
/// <param name="shop">The file.</param>
/// <param name="folder">Where copies are made.</param>
internal sealed class SqliteShopCopies(string shop, string folder) : ShopCopies
{
    public override ProcessorTime Processors => ProcessorTime.Own;

    public override Task<string> MakeAsync(string name)
    {
        var copy = Path.Combine(folder, $"{name}.db");
        File.Copy(shop, copy);
        return Task.FromResult(copy);
    }

    public override SqlStore Open(string copy) => StoredShop.Open(copy);

    public override Task WriteAsync(string copy, ChangedRows rows)
    {
        rows.WriteInto(copy);
        return Task.CompletedTask;
    }

    public override Task DeleteAsync(string copy)
    {
        foreach (var left in Directory.GetFiles(folder, $"{Path.GetFileName(copy)}*"))
        {
            File.Delete(left);
        }

        return Task.CompletedTask;
    }
}
