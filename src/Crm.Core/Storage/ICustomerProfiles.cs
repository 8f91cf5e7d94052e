using Crm.Values;

namespace Crm.Storage;

/// <summary>The host's own customer table, where the profile lives there. Without one, the store keeps the profile. Check an implementation with the laws of Crm.Testing (ProfileLaws).</summary>
public interface ICustomerProfiles
{
    /// <summary>
    /// A view in the host's database with one row for each customer of the host: a column "user_key" of text, the value of the identity of kind "user", and a column for each field of the profile by its
    /// name. Audiences that run in the database may read it. Null: there is none, and they read profiles one by one.
    /// </summary>
    string? View => null;

    /// <summary>
    /// The fields that the view has, each with the kind of its values, as <see cref="ReadAsync"/> gives them. Flags are 1 and 0, or booleans; dates "2026-11-21" and instants "2026-11-21T08:00:00Z" when made
    /// text; several codes one text with commas between them. A condition about another field is not answered by the view. Empty: none is.
    /// </summary>
    IReadOnlyDictionary<string, ScalarKind> ViewFields => System.Collections.Frozen.FrozenDictionary<string, ScalarKind>.Empty;

    /// <summary>The current values of the profile of one customer; empty when the host knows nothing.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="user">The host's key: the value of the identity of kind "user"; null when the customer has none, or the store cannot say (<see cref="ICustomerIdentities"/>); the first, when there are several. One that the host cannot have given, such as a word where keys are numbers, is nobody's.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken);

    /// <summary>Everybody whom the host knows, each once, holding a part of them at a time.</summary>
    IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken);
}

/// <summary>What a host knows of one of its customers.</summary>
/// <param name="User">The host's key, as the identity of kind "user" has it.</param>
/// <param name="Values">The values of the profile.</param>
/// <param name="Stamp">Some text that is the same as long as the values are, and another when one of them changes; other columns of the host's do not touch it. Compared, never read: <see cref="Engine.CrmEngine.ObserveProfilesAsync"/> looks at whoever has another one than before.</param>
public sealed record HostProfile(string User, Fields Values, string Stamp);
