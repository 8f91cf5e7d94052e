using Crm.Engine;
using Crm.Privacy.Marketing;
using Crm.Privacy.Registers;
using Crm.Storage;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NodaTime;

namespace Crm.Privacy;

/// <summary>Gathers what a host decides about privacy. All that is wrong with it is said at once.</summary>
public sealed class PrivacyBuilder
{
    private readonly List<Purpose> purposes = [];
    private readonly Dictionary<string, ChannelAddress> addresses = ChannelAddress.Usual.ToDictionary(address => address.Channel, StringComparer.Ordinal);
    private HashSet<string>? templatesWithOptOut;
    private byte[]? suppressionKey;

    internal PrivacyBuilder()
    {
    }

    internal DataRegister? DataRegister { get; private set; }

    internal bool HasSuppressionList => suppressionKey is not null;

    /// <summary>Declares the data register. Its purposes are the ones that consents and messages may name.</summary>
    public PrivacyBuilder Register(DataRegister register)
    {
        ArgumentNullException.ThrowIfNull(register);
        DataRegister = register;
        return this;
    }

    /// <summary>Declares purposes. Beside a register they must be in it: data is used for what was published.</summary>
    public PrivacyBuilder Purposes(params IEnumerable<Purpose> declared)
    {
        purposes.AddRange(declared);
        return this;
    }

    /// <summary>Keeps an opt-out list, under the tenant's own secret.</summary>
    /// <param name="key">At least 32 random bytes, kept apart from the database and for as long as the list.</param>
    public PrivacyBuilder OptOutList(ReadOnlySpan<byte> key)
    {
        suppressionKey = key.ToArray();
        return this;
    }

    /// <summary>Says where the profile has the address of a channel, for the opt-out list.</summary>
    public PrivacyBuilder Address(ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        addresses[address.Channel] = address;
        return this;
    }

    /// <summary>Lets only these templates leave for marketing, because they tell how to opt out (Cap. 486 s.35F). Not called: the host's channels add the notice to every message.</summary>
    public PrivacyBuilder TemplatesWithOptOut(params IEnumerable<string> templates)
    {
        (templatesWithOptOut ??= new HashSet<string>(StringComparer.Ordinal)).UnionWith(templates);
        return this;
    }

    internal PurposeCatalog Check()
    {
        var errors = new List<string>();
        PurposeCatalog? catalog = null;
        try
        {
            catalog = new PurposeCatalog([.. DataRegister?.Purposes ?? [], .. purposes]);
        }
        catch (ArgumentException wrong)
        {
            errors.Add(wrong.Sentence());
        }

        if (DataRegister is { } register)
        {
            errors.AddRange(purposes.Where(purpose => !register.Purposes.Any(published => published.Id == purpose.Id))
                .Select(purpose => $"The purpose '{purpose.Id}' is not in the register '{register.Id}'; add it there: data is used for published purposes only."));
        }

        if (suppressionKey is { Length: < SuppressionList.ShortestKey })
        {
            errors.Add($"The key of the opt-out list has {suppressionKey.Length} bytes; at least {SuppressionList.ShortestKey} random ones are expected.");
        }

        return catalog is not null && errors.Count == 0 ? catalog : throw new InvalidOperationException(string.Join(Environment.NewLine, errors));
    }

    internal ConsentGate Gate(PurposeCatalog catalog, SuppressionList? list) =>
        new(new MarketingRules(catalog) { TemplatesWithOptOut = templatesWithOptOut }, list, addresses.Values);

    internal SuppressionList List(ICustomerStore store, IClock clock) => store is IDocumentStore documents
        ? new SuppressionList(documents, suppressionKey, clock)
        : throw new InvalidOperationException($"The opt-out list needs a store that keeps documents; {store.GetType().Name} does not implement {nameof(IDocumentStore)}.");
}

/// <summary>Adds privacy to a host.</summary>
public static class PrivacyCrmBuilderExtensions
{
    /// <summary>Adds consent, the send gate and, where configured, the register and the opt-out list; after customers and before loyalty.</summary>
    /// <exception cref="InvalidOperationException">Something is wrong with the configuration; the message lists all of it.</exception>
    public static CrmBuilder AddPrivacy(this CrmBuilder builder, Action<PrivacyBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var privacy = new PrivacyBuilder();
        configure(privacy);
        var purposes = privacy.Check();
        builder.Services.TryAddSingleton(purposes);
        if (privacy.DataRegister is { } register)
        {
            builder.Services.TryAddSingleton(register);
        }

        if (privacy.HasSuppressionList)
        {
            builder.Services.TryAddSingleton(provider => privacy.List(provider.GetRequiredService<ICustomerStore>(), provider.GetRequiredService<IClock>()));
        }

        builder.Services.TryAddSingleton<ISendGate>(provider => privacy.Gate(purposes, provider.GetService<SuppressionList>()));
        return builder.AddModule(new PrivacyModule(purposes));
    }
}
