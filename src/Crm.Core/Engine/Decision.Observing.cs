using Crm.Events;
using Crm.Storage;
using NodaTime;

namespace Crm.Engine;

/// <summary>The looks at a profile that no event asks for, because nothing has told that it changed.</summary>
internal sealed partial class Decision
{
    private bool looksAgain;

    /// <summary>Looks at the profile where an event that came late has changed it: it is changed now, not then. After all events of the decision, because what is observed counts from now on.</summary>
    public async ValueTask LookAgainAsync(Instant now, Shortages shortages, CancellationToken cancellationToken)
    {
        if (looksAgain)
        {
            await ObserveAsync(RecordMode.Live, now, shortages, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Looks at the profile as it is now; where tests of it are answered otherwise than the state knows, an entry of the journal says so from now on.</summary>
    /// <returns>Whether there is such an entry.</returns>
    public async ValueTask<bool> ObserveAsync(RecordMode mode, Instant now, Shortages shortages, CancellationToken cancellationToken)
    {
        var today = await kernel.ProfileAsync(Customer, null, Profile, cancellationToken).ConfigureAwait(false);
        if (!Observations.Differ(state, today, kernel.Modules, alsoNew: true))
        {
            return false;
        }

        var observed = ProfileObserver.Observed(Customer, Version);
        await AddAsync(observed, Binary.PayloadHash(observed), mode, now, shortages, null, snapshot, today, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
