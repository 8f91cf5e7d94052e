using System.Globalization;
using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>What a look at the profiles of a host found.</summary>
/// <param name="Profiles">How many profiles the host has.</param>
/// <param name="Looked">How many of them were new or had another stamp than at the look before, or are gone.</param>
/// <param name="Changed">For how many customers something that modules ask has another answer than before.</param>
public sealed record ObserveReport(int Profiles, int Looked, int Changed);

/// <summary>Notices that the host has changed a profile: history cannot tell, because no event says so.</summary>
internal sealed class ProfileObserver(Kernel kernel, Recorder recorder)
{
    // The stamps of the last look, by the host's key. Whoever looks takes them: who looks meanwhile, or after a look that failed, knows none and looks at everybody.
    private Dictionary<string, string> stamps = new(StringComparer.Ordinal);

    /// <summary>The event that says that a customer's profile was looked at. Two who look at the same version record one event.</summary>
    public static CustomerEvent Observed(CustomerId customer, long version) => new()
    {
        Key = new EventKey("observed", string.Create(CultureInfo.InvariantCulture, $"{customer}/{version}")),
        Kind = EventKinds.ProfileObservedName,
        Customer = customer,
    };

    /// <summary>Looks at everybody whose stamp is another than at the last look.</summary>
    public async ValueTask<ObserveReport> RunAsync(CancellationToken cancellationToken)
    {
        var host = kernel.Profiles ?? throw new InvalidOperationException("The store keeps the profiles itself, where they change by events only, and every event is followed by a look at them. Looking at them by themselves is for hosts that keep them in a table of their own and give it as ICustomerProfiles.");
        var known = Interlocked.Exchange(ref stamps, new Dictionary<string, string>(StringComparer.Ordinal));
        var (profiles, looked, changed, faults) = (0, 0, 0, new List<Exception>());
        var seen = new Dictionary<string, string>(known.Count, StringComparer.Ordinal);
        await foreach (var profile in host.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            profiles++;
            seen[profile.User] = profile.Stamp;
            if (!known.Remove(profile.User, out var before) || before != profile.Stamp)
            {
                await LookAsync(profile.User).ConfigureAwait(false);
            }
        }

        foreach (var gone in known.Keys)
        {
            await LookAsync(gone).ConfigureAwait(false);
        }

        stamps = seen;
        return faults.Count == 0
            ? new ObserveReport(profiles, looked, changed)
            : throw new AggregateException($"Of {looked} profiles that were looked at, {faults.Count} could not be answered about; the others were. These are looked at again.", faults);

        async ValueTask LookAsync(string user)
        {
            looked++;
            try
            {
                changed += await RunAsync(CustomerRef.Of(Identity.User(user)), cancellationToken).ConfigureAwait(false) ? 1 : 0;
            }
            catch (Exception fault) when (fault is ModuleFaultException or UnreadableStateException or ProfileFaultException or TooManyConflictsException)
            {
                faults.Add(fault);
                seen[user] = "";
            }
        }
    }

    /// <summary>Looks at one customer.</summary>
    /// <returns>Whether something that modules ask has another answer than before; false also for somebody whom the store does not have.</returns>
    public async ValueTask<bool> RunAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        var snapshot = await kernel.Store.LoadAsync(customer, cancellationToken).ConfigureAwait(false);
        if (snapshot.Customer is not { } id)
        {
            return false;
        }

        var profile = await kernel.ProfileAsync(id, customer.Identity, snapshot.Profile, cancellationToken).ConfigureAwait(false);
        if (!Observations.Differ(kernel.Codec.Decode(snapshot.Slots, snapshot.Version), profile, kernel.Modules, alsoNew: false))
        {
            return false;
        }

        return await recorder.RecordCheckedAsync([Observed(id, snapshot.Version)], RecordMode.Live, cancellationToken).ConfigureAwait(false) is [Recorded.New];
    }
}
