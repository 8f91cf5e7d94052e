using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Testing.Simulation;

/// <summary>Who is who by the commits: whose the names are, who goes on as whom, and who is forgotten.</summary>
internal sealed class People
{
    private readonly Dictionary<Identity, CustomerId> names = [];
    private readonly Dictionary<CustomerId, CustomerId> survivors = [];
    private readonly HashSet<CustomerId> forgotten = [];

    /// <summary>Every name with the customer to whom it leads.</summary>
    public IEnumerable<KeyValuePair<Identity, CustomerId>> Names => names;

    /// <summary>All who went on as somebody else.</summary>
    public IEnumerable<CustomerId> Retired => survivors.Keys;

    /// <summary>All who are forgotten, each under the id that leads to nobody.</summary>
    public IEnumerable<CustomerId> Forgotten => forgotten;

    public bool IsRetired(CustomerId customer) => survivors.ContainsKey(customer);

    public bool IsForgotten(CustomerId customer) => forgotten.Contains(customer);

    /// <summary>To whom an id leads: the customer, or whoever stands for them in the end.</summary>
    public CustomerId SurvivorOf(CustomerId customer)
    {
        while (survivors.TryGetValue(customer, out var survivor))
        {
            customer = survivor;
        }

        return customer;
    }

    public void Take(Commit commit)
    {
        foreach (var severed in commit.Severed)
        {
            if (names.TryGetValue(severed, out var owner) && owner == commit.Customer)
            {
                names.Remove(severed);
            }
        }

        foreach (var claim in commit.Claims)
        {
            names[claim.Identity] = commit.Customer;
        }

        if (commit.Retirement is { Survivor: var survivor })
        {
            survivors[commit.Customer] = survivor;
            foreach (var name in names.Where(name => name.Value == commit.Customer).Select(name => name.Key).ToList())
            {
                names[name] = survivor;
            }
        }

        if (commit.Entries.Any(entry => entry.Event.Kind == EventKinds.ErasedName))
        {
            forgotten.Add(commit.Customer);
        }
    }

    public void Clear()
    {
        names.Clear();
        survivors.Clear();
        forgotten.Clear();
    }
}
