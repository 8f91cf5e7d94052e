using Crm.Conditions;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Whom a module has to be asked about, because its definitions are others: found by what the store selects in one pass and by what the module keeps of each customer, without loading them. Whoever else there is stays as they
/// are stored: asking them when something next happens comes to the same.
/// </summary>
internal sealed class Concerned
{
    private readonly Kernel kernel;
    private readonly int index;
    private readonly IAsksAnew module;
    private readonly ICustomerPages pages;
    private readonly Instant now;

    // Null for those of whom the store cannot say it. Most customers have one and the same condition.
    private readonly Dictionary<Condition, HashSet<CustomerId>?> selected = new(ReferenceEqualityComparer.Instance);

    private Concerned(Kernel kernel, int index, IAsksAnew module, ICustomerPages pages, Instant now)
    {
        this.kernel = kernel;
        this.index = index;
        this.module = module;
        this.pages = pages;
        this.now = now;
    }

    /// <summary>Finds those whom a module has to be asked about from now on; null where everybody is to be looked at: the store or the module cannot tell, or what profiles say today may have to be written down of everybody.</summary>
    public static Concerned? By(Kernel kernel, int index, Instant now) =>
        kernel.Store is ICustomerPages pages and IAudienceQuery && kernel.Modules.All[index] is IAsksAnew module && kernel.Modules.ProfileLeaves.Length + kernel.Modules.ObservedFields.Length == 0
            ? new Concerned(kernel, index, module, pages, now)
            : null;

    /// <summary>Those of a page.</summary>
    /// <param name="before">The customer before the page; null: there is none.</param>
    /// <param name="page">Customers that follow each other.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<CustomerId[]> OfAsync(CustomerId? before, CustomerId[] page, CancellationToken cancellationToken)
    {
        var slots = await pages.ReadSlotsAsync(kernel.Modules.Contracts[index].Name, before, page[^1], cancellationToken).ConfigureAwait(false);
        var (concerned, next) = (new List<CustomerId>(), 0);
        foreach (var customer in page)
        {
            while (next < slots.Count && customer.IsAfter(slots[next].Customer))
            {
                next++;
            }

            var state = kernel.Codec.DecodeOne(index, next < slots.Count && slots[next].Customer == customer ? slots[next].Slot : null);
            var among = module.Concerns(state, now, kernel.Options.FutureTolerance) is { } condition ? await AmongAsync(condition, cancellationToken).ConfigureAwait(false) : null;
            if (among?.Contains(customer) != false)
            {
                concerned.Add(customer);
            }
        }

        return [.. concerned];
    }

    private async ValueTask<HashSet<CustomerId>?> AmongAsync(Condition condition, CancellationToken cancellationToken)
    {
        if (!selected.TryGetValue(condition, out var among))
        {
            among = condition is Condition.Any { Of.IsEmpty: true } ? []
                : selected.Keys.FirstOrDefault(condition.Equals) is { } equal ? selected[equal]
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
