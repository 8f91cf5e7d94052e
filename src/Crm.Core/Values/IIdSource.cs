namespace Crm.Values;

/// <summary>Where new customer ids come from: random in production, seeded where a run must be repeatable.</summary>
public interface IIdSource
{
    /// <summary>An id that no customer has.</summary>
    CustomerId NewCustomerId();
}
