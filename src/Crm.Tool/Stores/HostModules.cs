using Crm.Engine;
using Crm.Storage;
using Crm.Values;

namespace Crm.Tool.Stores;

/// <summary>Keeps the tool from deciding where a host decides with modules that the tool does not have: they would be passed over, and what is recorded would never count for them.</summary>
internal static class HostModules
{
    private const int AtOnce = 1_000;

    /// <summary>Refuses a store with such modules. Those are asked about of whom something is recorded, and the first ones of the store, so that nobody is born into a host's store without its modules.</summary>
    /// <param name="engine">With the modules that the tool has for the store.</param>
    /// <param name="touched">Of whom something is to be recorded.</param>
    /// <exception cref="ToolException">There are such modules.</exception>
    public static async Task RefuseAsync(OpenedStore store, CrmEngine engine, IEnumerable<Identity> touched, CancellationToken cancellationToken)
    {
        var first = await store.Scan.ReadCustomersAsync(cancellationToken).Take(AtOnce).Select(customer => CustomerRef.Of(customer)).ToListAsync(cancellationToken);
        if (first.Count == 0)
        {
            return;
        }

        foreach (var some in first.Concat(touched.Distinct().Select(identity => CustomerRef.Of(identity))).Chunk(AtOnce))
        {
            var others = await engine.FindUnregisteredModulesAsync(some, cancellationToken);
            if (!others.IsEmpty)
            {
                throw ToolException.Store(
                    $"The host of the store decides with {string.Join(", ", others.Select(name => $"'{name}'"))}, which the tool does not have; what is recorded here would be passed over by it for ever, so nothing was written. "
                    + "Record with the host's own engine (CrmEngine.RecordAsync, RecordMode.Backfill). If it is gone for good, sweep it first (CrmEngine.SweepAsync, RemovedModules).");
            }
        }
    }
}
