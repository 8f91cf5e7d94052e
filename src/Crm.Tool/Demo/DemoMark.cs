using Crm.Storage;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>The document by which a store remembers that it is the demo's, so that later commands decide by the demo's modules.</summary>
internal static class DemoMark
{
    private const string Kind = "settings";
    private const string Name = "demo";

    public static async ValueTask<bool> IsOnAsync(IDocumentStore documents, CancellationToken cancellationToken) =>
        await documents.LatestAsync(Kind, Name, cancellationToken) is not null;

    /// <summary>Makes an empty store the demo's.</summary>
    /// <exception cref="ToolException">The store is not empty; nothing was written.</exception>
    public static async Task PutOnAsync(OpenedStore store, IClock clock, CancellationToken cancellationToken)
    {
        if (await StoreSettings.ReadAsync(store.Documents, cancellationToken) is not null || await store.HasCustomersAsync(cancellationToken))
        {
            throw ToolException.Input("--store: the store is not empty. The demo wants a new one, such as --store demo.db, or none: then it uses a temporary file.");
        }

        await StoreSettings.ReadOrWriteAsync(store.Documents, ShopSimulation.Zone, ShopSimulation.Zone, clock, cancellationToken);
        await store.Documents.AddAsync(new StoredDocument(Kind, Name, 1, "{}", clock.GetCurrentInstant()), cancellationToken);
        await StoredPrograms.AddAsync(store, [TeaShop.Program], clock, cancellationToken);
    }
}
