using Crm.Storage;
using Crm.Testing;
using Crm.Tool.Stores;

namespace Crm.Tool.Checks;

/// <summary>Holds a store to the laws of storage, each in tenants of its own that are removed afterwards.</summary>
internal sealed class LawRun(StoreLocation location, string prefix)
{
    /// <summary>Checks all laws, one after another.</summary>
    /// <param name="each">Is told of each as soon as it is known.</param>
    public async Task<IReadOnlyList<LawVerdict>> RunAsync(Action<LawVerdict> each, CancellationToken cancellationToken)
    {
        var existed = location is StoreLocation.Sqlite { File: var file } && File.Exists(file);
        var verdicts = new List<LawVerdict>();
        var opened = false;
        try
        {
            await using (await OpenedStore.OpenAsync(location, OpenMode.CreateWhenMissing, cancellationToken))
            {
                opened = true;
            }

            foreach (var (law, number) in StorageLaws.All.Select((law, index) => (law, index + 1)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var verdict = await CheckAsync(law, new Tenants(location, $"{prefix}.{number}"), cancellationToken);
                verdicts.Add(verdict);
                each(verdict);
            }

            return verdicts;
        }
        finally
        {
            // What could not be opened is left alone: it holds nothing of these tenants, and why it could not is what there is to say. A file that was begun goes.
            if (location is StoreLocation.Sqlite sqlite && (opened || (!existed && File.Exists(sqlite.File))))
            {
                await TenantRemoval.RemoveAsync(sqlite, prefix, wholeFile: !existed);
            }
            else if (location is StoreLocation.PostgreSql server && opened)
            {
                await TenantRemoval.RemoveAsync(server, prefix);
            }
        }
    }

    private static async Task<LawVerdict> CheckAsync(StorageLaw law, Tenants tenants, CancellationToken cancellationToken)
    {
        await using (tenants)
        {
            try
            {
                if (!law.AppliesTo(await tenants.OpenAsync("probe", cancellationToken)))
                {
                    return new LawVerdict(law.Name, LawOutcome.Skipped, $"the store does not implement {law.Port.Name}");
                }

                if (law.Needs is { } need && !need.IsInstanceOfType(tenants))
                {
                    return new LawVerdict(law.Name, LawOutcome.Skipped, $"it needs {need.Name}, which takes a database of its own: run it from a test");
                }

                await law.Check(tenants, cancellationToken);
                return new LawVerdict(law.Name, LawOutcome.Kept, null);
            }
            catch (LawBroken broken)
            {
                return new LawVerdict(law.Name, LawOutcome.Broken, broken.Message);
            }
            catch (Exception failed) when (failed is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                return new LawVerdict(law.Name, LawOutcome.Broken, $"the store threw {failed.GetType().Name}: {failed.Message}");
            }
        }
    }

    /// <summary>Opens tenants that nobody else uses, in the store that is checked.</summary>
    private sealed class Tenants(StoreLocation location, string prefix) : IFaultyStores, IAsyncDisposable
    {
        private readonly List<ICustomerStore> opened = [];
        private readonly Dictionary<string, ICustomerStore> inMemory = new(StringComparer.Ordinal);

        public ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken)
        {
            if (location is StoreLocation.Memory)
            {
                // A tenant in memory is one instance, so opening it twice gives it twice.
                if (!inMemory.TryGetValue(tenant, out var known))
                {
                    inMemory.Add(tenant, known = OpenedStore.Connect(location));
                }

                return ValueTask.FromResult(known);
            }

            var store = OpenedStore.Connect(location with { Tenant = $"{prefix}.{tenant}" });
            opened.Add(store);
            return ValueTask.FromResult(store);
        }

        public async ValueTask<ICustomerStore> OpenFaultyAsync(string tenant, StoreFaults faults, CancellationToken cancellationToken)
        {
            if (await OpenAsync(tenant, cancellationToken) is InMemoryStore memory)
            {
                return faults.Around(memory);
            }

            var store = OpenedStore.Connect(location with { Tenant = $"{prefix}.{tenant}" }, onStatement: _ => faults.Step());
            opened.Add(store);
            return store;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var store in opened.OfType<IAsyncDisposable>())
            {
                await store.DisposeAsync();
            }
        }
    }
}

/// <summary>What became of a law.</summary>
/// <param name="Law">Its name.</param>
/// <param name="Reason">Why it is broken or skipped; null when it is kept.</param>
internal sealed record LawVerdict(string Law, LawOutcome Outcome, string? Reason)
{
    public override string ToString() => $"{Outcome.ToString().ToLowerInvariant()} {Law}{(Reason is null ? "" : $": {Reason.ReplaceLineEndings(" ")}")}";
}

/// <summary>What became of a law.</summary>
internal enum LawOutcome
{
    Kept,
    Broken,
    Skipped,
}
