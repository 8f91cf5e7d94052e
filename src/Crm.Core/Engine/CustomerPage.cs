using Crm.Values;

namespace Crm.Engine;

/// <summary>Which page of a list of customers is wanted. Pages go on from a customer, so whoever is born or erased while somebody leafs moves nobody from page to page.</summary>
/// <param name="Most">How many customers, 1 to <see cref="Largest"/>.</param>
public sealed record CustomerPageRequest(int Most = 50)
{
    /// <summary>The most customers that a page has.</summary>
    public const int Largest = 1_000;

    /// <summary>The customer after whom the page begins, from <see cref="CustomerPage.Next"/>; null: the first page.</summary>
    public CustomerId? After { get; init; }

    internal void Check()
    {
        if (Most is < 1 or > Largest)
        {
            throw new InvalidOperationException($"A page of {Most} customers was asked for; 1 to {Largest} are expected.");
        }
    }
}

/// <summary>A page of customers, each as of now, in the order of scans.</summary>
/// <param name="Customers">The customers.</param>
/// <param name="Next">After whom the next page begins; null: this is the last.</param>
public sealed record CustomerPage(Sequence<CustomerView> Customers, CustomerId? Next)
{
    /// <summary>Those of the page whose state a later release wrote; they are not among the customers.</summary>
    public Sequence<UnreadableCustomer> Unreadable { get; init; }
}

/// <summary>A page of customers, each as of an instant. Of whom nothing was known then is left out, so it may have fewer than were asked for, or none, and not be the last.</summary>
/// <param name="Customers">The customers.</param>
/// <param name="Next">After whom the next page begins; null: this is the last.</param>
public sealed record PastPage(Sequence<PastView> Customers, CustomerId? Next)
{
    /// <summary>Those of the page whose state a later release wrote; they are not among the customers.</summary>
    public Sequence<UnreadableCustomer> Unreadable { get; init; }
}
