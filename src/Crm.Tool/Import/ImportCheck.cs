using Crm.Engine;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Import;

/// <summary>What stands against an import into a store. It is asked before anything is written, and by a dry run.</summary>
internal static class ImportCheck
{
    /// <returns>An engine that could look further; of the store as it is.</returns>
    /// <exception cref="ToolException">Something does.</exception>
    public static async Task<CrmEngine> RefuseAsync(OpenedStore store, ImportRequest request, IEnumerable<SourceEvent> events, IClock clock, CancellationToken cancellationToken)
    {
        var settings = await StoreSettings.ReadAsync(store.Documents, cancellationToken);
        settings?.Refuse(request.Zone);
        await StoredPrograms.MissingAsync(store, request.Programs, cancellationToken);
        var engine = await store.EngineAsync(settings ?? new StoreSettings(request.Zone ?? request.Mapping.Zone), clock, cancellationToken);
        await HostModules.RefuseAsync(store, engine, events.Select(each => each.Event.Identity).OfType<Values.Identity>(), cancellationToken);
        return engine;
    }
}
