using System.Data.Common;
using Crm.Storage;

namespace Crm.Testing;

/// <summary>
/// The store under test: opens stores over one database that nobody else writes to. Dispose what you opened in your own DisposeAsync: <see cref="StorageLaws.CheckAsync"/> calls it where the factory
/// is disposable. What else the database can be asked for is said by implementing <see cref="IFaultyStores"/>, <see cref="IStoreSearch"/>, <see cref="IElsewhere"/> and <see cref="IHostConnections"/>; each brings further laws.
/// </summary>
public interface IStoreFactory
{
    /// <summary>Opens the store of a tenant. Called twice with one name, the two stores have the same content.</summary>
    ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>The database can be made to fail between any two steps, such as statements.</summary>
public interface IFaultyStores : IStoreFactory
{
    /// <summary>Opens the store of a tenant over connections that call <see cref="StoreFaults.Step"/> before and after everything that they do, and let its exception through.</summary>
    ValueTask<ICustomerStore> OpenFaultyAsync(string tenant, StoreFaults faults, CancellationToken cancellationToken);
}

/// <summary>The database can be searched for a value.</summary>
public interface IStoreSearch : IStoreFactory
{
    /// <summary>
    /// Searches all that the database keeps of all tenants, in every table and index or file, for a text, alone or within something longer. The laws search for long ASCII texts, so that looking for
    /// their bytes is enough.
    /// </summary>
    /// <returns>Where it was found, such as "crm_profile.content"; empty: nowhere.</returns>
    ValueTask<IReadOnlyList<string>> FindAsync(string text, CancellationToken cancellationToken);
}

/// <summary>There can be several such databases side by side: files, schemas, servers.</summary>
public interface IElsewhere : IStoreFactory
{
    /// <summary>Opens the store of a tenant in another database than <see cref="IStoreFactory.OpenAsync"/> does: another file, or another schema of the same server.</summary>
    ValueTask<ICustomerStore> OpenElsewhereAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>A host has connections of its own to the database.</summary>
public interface IHostConnections : IStoreFactory
{
    /// <summary>Opens a connection of the host's to the database that <see cref="IStoreFactory.OpenAsync"/> opens. The law begins transactions on it, one at a time, while the store reads beside them, and disposes it.</summary>
    ValueTask<DbConnection> ConnectAsync(CancellationToken cancellationToken);
}
