namespace Crm.Storage.Sql;

/// <summary>How a store is opened.</summary>
public record SqlStoreOptions
{
    /// <summary>Whose customers: the name begins every key, so that tenants that share a database never meet.</summary>
    public string Tenant { get; init; } = "default";

    /// <summary>The buckets whose messages and due customers this store hands to workers. Everybody reads and writes every customer; only the work is shared out.</summary>
    public BucketRange Buckets { get; init; } = BucketRange.All;

    /// <summary>Is called with the text of every statement before it runs, without values; for counting and tracing. Null: nobody is told.</summary>
    public Action<string>? OnStatement { get; init; }
}

/// <summary>The store was written by a later release, whose tables this one does not know. Nothing was read or written.</summary>
/// <param name="found">The version of the schema that the store has.</param>
/// <param name="known">The last version that this release knows.</param>
public sealed class NewerSchemaException(int found, int known)
    : InvalidOperationException($"The store has schema version {found}, and this release of Crm.Core knows versions up to {known}: use the release that wrote the store, or a later one.")
{
    /// <summary>The version of the schema that the store has.</summary>
    public int Found { get; } = found;

    /// <summary>The last version that this release knows.</summary>
    public int Known { get; } = known;
}

/// <summary>The store's table of versions was made before it said with which releases the tables can be used. Nothing was read or written.</summary>
/// <param name="remedy">The statement that puts it right, to be run once.</param>
/// <param name="inner">What the database said.</param>
public sealed class OlderSchemaException(string remedy, Exception inner)
    : InvalidOperationException($"The store's table {SqlSchema.VersionTable} has no column 'oldest', which says with which releases its tables can be used: an early release made it. Run once, with the rights of whoever made the tables: {remedy}", inner)
{
    /// <summary>The statement that puts it right, to be run once.</summary>
    public string Remedy { get; } = remedy;
}
