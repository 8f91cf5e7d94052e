using Crm.Conditions;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Whom a module has to be asked about, because its definitions are others: found by what the store selects in one pass and by what the module keeps of each customer. Whoever else there is stays as they are stored: asking them
/// when something next happens comes to the same.
/// </summary>
internal sealed class Concerned
{
    private readonly Kernel kernel;
    private readonly IAsksAnew module;
    private readonly Instant now;

    // Null for those of whom the store cannot say it. Most customers have one and the same condition.
    private readonly Dictionary<Condition, HashSet<CustomerId>?> selected = new(ReferenceEqualityComparer.Instance);

    private Concerned(Kernel kernel, IAsksAnew module, Instant now)
    {
        this.kernel = kernel;
        this.module = module;
        this.now = now;
    }

    /// <summary>Finds those whom a module has to be asked about from now on; null where everybody is to be looked at: the store or the module cannot tell, or what profiles say today may have to be written down of everybody.</summary>
    public static Concerned? By(Kernel kernel, int index, Instant now) =>
        kernel.Store is IAudienceQuery && kernel.Modules.All[index] is IAsksAnew module && kernel.Modules.ProfileLeaves.Length + kernel.Modules.ObservedFields.Length == 0
            ? new Concerned(kernel, module, now)
            : null;

    /// <summary>Whether the module has to be asked about a customer.</summary>
    /// <param name="snapshot">As loaded since <see cref="By"/>.</param>
    /// <param name="state">What the module keeps of the customer.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<bool> ContainsAsync(CustomerSnapshot snapshot, object state, CancellationToken cancellationToken)
    {
        if (module.Concerns(state, now, kernel.Options.FutureTolerance) is not { } condition)
        {
            return true;
        }

        return condition is not Condition.Any { Of.IsEmpty: true }
            && (await AmongAsync(condition, cancellationToken).ConfigureAwait(false) is not { } among || among.Contains(snapshot.Customer ?? default) || IsWrittenSince(snapshot));
    }

    // A process that has the old definitions may write while this goes on, after the store has selected. Its clock may be behind a little. What was due by then was undecided when the store selected.
    private bool IsWrittenSince(CustomerSnapshot snapshot) => StateCodec.LatestOf(snapshot.Slots) >= now - kernel.Options.FutureTolerance;

    private async ValueTask<HashSet<CustomerId>?> AmongAsync(Condition condition, CancellationToken cancellationToken)
    {
        if (!selected.TryGetValue(condition, out var among))
        {
            among = selected.Keys.FirstOrDefault(condition.Equals) is { } equal ? selected[equal]
                : await SelectAsync(condition, cancellationToken).ConfigureAwait(false);
            selected.Add(condition, among);
        }

        return among;
    }

    // An event that a till with a fast clock has sent counts already when customers are asked; a fact may have lapsed by then.
    private async ValueTask<HashSet<CustomerId>?> SelectAsync(Condition condition, CancellationToken cancellationToken)
    {
        Instant[] instants = condition.Leaves().Any(leaf => leaf is Condition.Fact) ? [now, now + kernel.Options.FutureTolerance] : [now + kernel.Options.FutureTolerance];
        if (!ConditionCheck.Check(condition, kernel.Modules.Kinds, kernel.Options.Calendars).IsEmpty)
        {
            return null;
        }

        var among = new HashSet<CustomerId>();
        foreach (var at in instants)
        {
            if (await Audience.ByStoreAsync(kernel, condition, at, cancellationToken).ConfigureAwait(false) is not { } answer)
            {
                return null;
            }

            among.UnionWith(answer.Members);
            among.UnionWith(answer.Undecided);
        }

        return among;
    }
}
