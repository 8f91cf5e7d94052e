using Crm.Modules;
using Crm.Storage;

namespace Crm.Engine;

/// <summary>The supplies that did not cover what attempts wanted of them, with what each had left when it was asked then: the next attempt decides within that.</summary>
internal sealed class Shortages
{
    // Null: nothing is to be drawn any more.
    private readonly SortedDictionary<string, long?> left = new(StringComparer.Ordinal);

    /// <summary>No supply is known to be short.</summary>
    public static Shortages None { get; } = new();

    /// <summary>The supplies, by name.</summary>
    public IEnumerable<KeyValuePair<string, long?>> All => left;

    /// <summary>Whether no supply is known to be short.</summary>
    public bool AreNone => left.Count == 0;

    /// <summary>Asks a supply that did not cover its draw what it has.</summary>
    /// <returns>Whether the next attempt is different for it.</returns>
    /// <remarks>Who finds it short again although it has no less than before was overtaken by what came and went, or drew more than it had asked about: nothing more is drawn on it then, so nobody asks for ever.</remarks>
    public async ValueTask<bool> LearnAsync(ICustomerStore store, string name, CancellationToken cancellationToken)
    {
        long? now = store is IQuotas quotas ? await quotas.AvailableAsync(name, cancellationToken).ConfigureAwait(false) : null;
        var isKnown = left.TryGetValue(name, out var before);
        left[name] = isKnown && !(now < before) ? null : now;
        return !isKnown || before is not null;
    }

    /// <summary>Asks the supplies that a commit draws on, up to the first that does not cover its draw.</summary>
    /// <returns>Whether the next attempt is different for it.</returns>
    public async ValueTask<bool> LearnAsync(ICustomerStore store, Commit commit, CancellationToken cancellationToken)
    {
        foreach (var draw in commit.Quotas)
        {
            if (draw is { Amount: > 0, IntoDebt: false } && !draw.IsCoveredBy(store is IQuotas quotas ? await quotas.AvailableAsync(draw.Name, cancellationToken).ConfigureAwait(false) : 0))
            {
                return await LearnAsync(store, draw.Name, cancellationToken).ConfigureAwait(false);
            }
        }

        return false;
    }

    /// <summary>Closes the supplies that a commit draws on beyond what they have, because of what was given out before: for nothing new there is anything left then.</summary>
    /// <returns>Whether one had something left, so that the next attempt is different.</returns>
    public bool CloseForced(Commit commit)
    {
        var forced = commit.Quotas.Where(draw => draw.IntoDebt && left.GetValueOrDefault(draw.Name) is not null).ToList();
        forced.ForEach(draw => left[draw.Name] = null);
        return forced.Count > 0;
    }

    /// <summary>Whether a draw is covered, for all that is known.</summary>
    public bool Cover(QuotaDraw draw) => draw.Amount <= 0 || !left.TryGetValue(draw.Name, out var amount) || (amount is { } some && draw.IsCoveredBy(some));

    /// <summary>What there is left when something has been drawn already.</summary>
    public Shortages Less(IReadOnlyCollection<QuotaDraw> drawn)
    {
        if (AreNone || drawn.Count == 0)
        {
            return this;
        }

        var rest = new Shortages();
        foreach (var (name, amount) in left)
        {
            rest.left[name] = amount is { } some ? drawn.Where(draw => draw.Name == name).Aggregate(some, static (available, draw) => draw.LeftOf(available)) : null;
        }

        return rest;
    }
}
