using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Wallets;

/// <summary>Units that were earned and cannot be spent yet. They are given up without touching what can be spent, and their life begins when they become available.</summary>
public sealed record PendingLot
{
    /// <summary>When they become available; null while they wait for an event.</summary>
    public Instant? ActiveFrom { get; init; }

    /// <summary>The key of the event that earned them, while they wait for another that names it; null otherwise.</summary>
    public string? Hold { get; init; }

    /// <summary>When they are given up if the event has not come; null: never.</summary>
    public Instant? LapsesAt { get; init; }

    /// <summary>The rule that gave them; null where several did.</summary>
    public string? Rule { get; init; }

    /// <summary>The life that they were given, which begins when the event comes; null for those that wait for an instant, and have their expiry already.</summary>
    public LotExpiry? Life { get; init; }

    /// <summary>What they will be; of those that wait for an event the expiry is decided when it comes.</summary>
    public required Lot Lot { get; init; }

    /// <summary>The name in the ledger.</summary>
    public string Name => Hold is null ? $"pending:{Wallets.Lot.NameOf(ActiveFrom)}:{Lot.Name}" : $"held:{Hold}:{Rule}:{Lot.Name}{(Life is null ? "" : $"~{LifeForm.Of(Life)}")}";

    /// <summary>When something happens to them by itself; null: never.</summary>
    internal Instant? Due => ActiveFrom ?? LapsesAt;

    /// <summary>What waits for an instant, by its name in the ledger and without amount; null for every other name.</summary>
    internal static PendingLot? Parse(string name)
    {
        const string Beginning = "pending:";
        return name.StartsWith(Beginning, StringComparison.Ordinal) && name.IndexOf("Z:", StringComparison.Ordinal) is > 0 and var end
            && InstantPattern.ExtendedIso.Parse(name[Beginning.Length..(end + 1)]) is { Success: true, Value: var from } && Wallets.Lot.Parse(name[(end + 2)..]) is { } lot
            ? new PendingLot { ActiveFrom = from, Lot = lot }
            : null;
    }

    /// <summary>What waits for an event about another, by its name in the ledger and without amount or end; null for every other name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="hold">The key of the event that earned it.</param>
    internal static PendingLot? Held(string name, string hold)
    {
        var beginning = $"held:{hold}:";
        if (!name.StartsWith(beginning, StringComparison.Ordinal) || name.IndexOf(':', beginning.Length) is not (>= 0 and var colon))
        {
            return null;
        }

        var (rule, rest) = (name[beginning.Length..colon], name[(colon + 1)..].Split('~', 2));
        return Wallets.Lot.Parse(rest[0]) is { } lot ? new PendingLot { Hold = hold, Rule = rule.Length == 0 ? null : rule, Life = rest.Length == 1 ? null : LifeForm.Read(rest[1]), Lot = lot } : null;
    }

    /// <summary>The name of the lot in which units are at an instant that went into one: what waited for an instant is where it belongs from then on.</summary>
    internal static string NameAt(string name, Instant now) => Parse(name) is { } pending && pending.ActiveFrom <= now ? pending.Lot.Name : name;
}
