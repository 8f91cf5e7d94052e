using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Values;

namespace Crm.Loyalty.Pools;

/// <summary>
/// The requests of pools, and what pools and their members tell each other. All requests but <see cref="GiveName"/> are the pool's own: they name its account. Members spend from it with <see cref="SpendAuthority.From"/>, by redeeming units, rewards and payments.
/// </summary>
public static class PoolEvents
{
    /// <summary>Asks to make an account a pool. Fields "owner" (a customer id) and "program".</summary>
    public const string OpenName = "pool.open";

    /// <summary>Asks to admit a member, or to give one another role. Fields "by" (the owner who asks; left out where staff do, as the actor), "member", "role" (owner, spender, giver) and "program".</summary>
    public const string AdmitName = "pool.admit";

    /// <summary>Asks to let a member go. Fields "by" (the member, or an owner; left out where staff ask, as the actor), "member" and "program".</summary>
    public const string LeaveName = "pool.leave";

    /// <summary>Asks to dissolve a pool and to return what it holds; asked again, what has come back since is returned too. Fields "by" (an owner; left out where staff ask, as the actor) and "program".</summary>
    public const string DissolveName = "pool.dissolve";

    /// <summary>Asks to give units to a pool that the member belongs to; what a pool does not take comes back. Fields "amount", "pool" (its customer id), "authority", and where there are several, "program" and "unit".</summary>
    public const string GiveName = "pool.give";

    /// <summary>A pool tells somebody that they belong to it. Fields "pool", "member" and "program". Pools send it by themselves, so that a member who is merged is known to it by the name that stays.</summary>
    public const string JoinedName = "pool.joined";

    /// <summary>Somebody who belongs to a pool is somebody else from now on. Fields "member" (who went), "survivor" and "program". Who stays sends it by themselves.</summary>
    public const string MergedName = "pool.member-merged";

    /// <summary>The kind of identity that names pools, as a host calls them.</summary>
    public const string IdentityKind = "pool";

    internal const string Owner = "owner";
    internal const string By = "by";
    internal const string Member = "member";
    internal const string Role = "role";
    internal const string Pool = "pool";
    internal const string Survivor = "survivor";

    private static readonly (string Name, PoolRole Role)[] Roles = [("owner", PoolRole.Owner), ("spender", PoolRole.Spender), ("giver", PoolRole.Giver)];
    private static readonly FieldDeclaration Program = new(LoyaltyEvents.Program, ScalarKind.Code);

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(OpenName, EventNature.Request) { Fields = [new(Owner, ScalarKind.Code, Required: true) { NamesCustomer = true }, Program] },
        new(AdmitName, EventNature.Request) { Fields = [new(By, ScalarKind.Code), new(Member, ScalarKind.Code, Required: true) { NamesCustomer = true }, new(Role, ScalarKind.Code, Required: true), Program] },
        new(LeaveName, EventNature.Request) { Fields = [new(By, ScalarKind.Code), new(Member, ScalarKind.Code, Required: true), Program] },
        new(DissolveName, EventNature.Request) { Fields = [new(By, ScalarKind.Code), Program] },
        new(GiveName, EventNature.Request)
        {
            Fields =
            [
                new(LoyaltyEvents.Amount, ScalarKind.Number, Required: true), new(Pool, ScalarKind.Code, Required: true) { NamesCustomer = true }, new(LoyaltyEvents.Authority, ScalarKind.Code, Required: true), Program,
                new(LoyaltyEvents.Unit, ScalarKind.Code),
            ],
        },
        new(JoinedName, EventNature.Happening) { Fields = [new(Pool, ScalarKind.Code, Required: true), new(Member, ScalarKind.Code, Required: true), Program with { Required = true }] },
        new(MergedName, EventNature.Happening) { Fields = [new(Member, ScalarKind.Code, Required: true), new(Survivor, ScalarKind.Code, Required: true), Program with { Required = true }] },
    ];

    /// <summary>The identity of a pool.</summary>
    /// <param name="name">The host's name of it, such as "smith-42".</param>
    public static Identity Named(string name) => new(IdentityKind, name);

    /// <summary>Makes an account a pool. Nobody may have it yet, or nothing may be in it.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="pool">The account, such as <see cref="Named"/>.</param>
    /// <param name="owner">Its first owner.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Open(string key, Identity pool, CustomerId owner, string? program = null) => Request(key, OpenName, pool, null, program, (Owner, owner.ToString()));

    /// <summary>Admits a member, or gives one another role.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="pool">The pool.</param>
    /// <param name="by">The owner who asks; null: staff, whom the actor names.</param>
    /// <param name="member">Who.</param>
    /// <param name="role">What they may do.</param>
    /// <param name="actor">The member of staff, as a code such as "staff:17"; null where an owner asks.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Admit(string key, Identity pool, CustomerId? by, CustomerId member, PoolRole role, string? actor = null, string? program = null) =>
        Request(key, AdmitName, pool, actor, program, (By, by?.ToString()), (Member, member.ToString()), (Role, NameOf(role)));

    /// <summary>Lets a member go.</summary>
    /// <inheritdoc cref="Admit"/>
    public static CustomerEvent Leave(string key, Identity pool, CustomerId? by, CustomerId member, string? actor = null, string? program = null) =>
        Request(key, LeaveName, pool, actor, program, (By, by?.ToString()), (Member, member.ToString()));

    /// <summary>Dissolves a pool.</summary>
    /// <inheritdoc cref="Admit"/>
    public static CustomerEvent Dissolve(string key, Identity pool, CustomerId? by, string? actor = null, string? program = null) => Request(key, DissolveName, pool, actor, program, (By, by?.ToString()));

    /// <summary>Gives units to a pool.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="authority">Why the asker may spend the member's units.</param>
    /// <param name="pool">The pool's customer id.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Give(string key, SpendAuthority authority, CustomerId pool, long amount, string? program = null, string? unit = null)
    {
        ArgumentNullException.ThrowIfNull(authority);
        var request = Request(key, GiveName, authority.Customer, authority.Actor, program, (Pool, pool.ToString()), (LoyaltyEvents.Authority, authority.Method), (LoyaltyEvents.Unit, unit));
        return request with { Fields = request.Fields.With(LoyaltyEvents.Amount, amount) };
    }

    internal static string NameOf(PoolRole role) => Array.Find(Roles, pair => pair.Role == role).Name;

    internal static PoolRole? RoleNamed(string? name) => Array.FindIndex(Roles, pair => pair.Name == name) is >= 0 and var place ? Roles[place].Role : null;

    private static CustomerEvent Request(string key, string kind, Identity account, string? actor, string? program, params (string Name, string? Value)[] fields) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = account,
        Actor = actor,
        Fields = Fields.Of(fields.Append((LoyaltyEvents.Program, program)).Select(field => (field.Item1, field.Item2 is null ? default : Scalar.Of(field.Item2)))),
    };
}
