using Crm.Engine;
using Crm.Modules;
using Crm.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Crm;

/// <summary>One line per choice: the store, the modules in the order in which they decide, the channels. Packages add their own lines as extensions.</summary>
public sealed class CrmBuilder
{
    internal CrmBuilder(IServiceCollection services) => Services = services;

    /// <summary>The host's services, for extensions to add to.</summary>
    public IServiceCollection Services { get; }

    internal CrmOptions Options { get; private set; } = new();

    /// <summary>Changes the engine's options.</summary>
    public CrmBuilder Configure(Func<CrmOptions, CrmOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Options = change(Options);
        return this;
    }

    /// <summary>Keeps customers in this store. Where it implements the optional ports, they are used.</summary>
    public CrmBuilder UseStore<TStore>(Func<IServiceProvider, TStore> store)
        where TStore : class, ICustomerStore
    {
        ArgumentNullException.ThrowIfNull(store);
        Services.TryAddSingleton<ICustomerStore>(store);
        return this;
    }

    /// <summary>Keeps customers in memory, until the process ends.</summary>
    public CrmBuilder UseMemory() => UseStore(_ => new InMemoryStore());

    /// <summary>Reads profiles from the host's own customer table.</summary>
    public CrmBuilder UseProfiles<TProfiles>()
        where TProfiles : class, ICustomerProfiles
    {
        Services.TryAddSingleton<ICustomerProfiles, TProfiles>();
        return this;
    }

    /// <summary>Adds a module after those added before it.</summary>
    public CrmBuilder AddModule(ICustomerModule module) => AddModule(_ => module);

    /// <summary>Adds a module after those added before it.</summary>
    public CrmBuilder AddModule(Func<IServiceProvider, ICustomerModule> module)
    {
        Services.AddSingleton(module);
        return this;
    }

    /// <summary>Adds a channel that messages leave by.</summary>
    public CrmBuilder AddChannel<TChannel>()
        where TChannel : class, IMessageChannel
    {
        Services.AddSingleton<IMessageChannel, TChannel>();
        return this;
    }
}
