using System.Security.Cryptography;
using System.Text;
using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Something nobody was told of: one in so many events is picked, and gives. The pick is drawn from a seed, the customer and the event, so it is chance to people and the same
/// in every replay; a refund of the event takes it back, and no second event can be tried for a better draw than its own.
/// </summary>
public sealed record Surprise
{
    /// <summary>Its name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>One in so many; 1: every one.</summary>
    public required int OneIn { get; init; }

    /// <summary>What the draw begins with. Keep it from customers, who could otherwise work out which receipt wins.</summary>
    public required string Seed { get; init; }

    /// <summary>The kinds of events; purchases unless said otherwise.</summary>
    public Sequence<string> On { get; init; } = [EventKinds.PurchaseName];

    /// <summary>Who may be picked, and when; null: everybody always.</summary>
    public Condition? When { get; init; }

    /// <summary>The units that are given; null: none.</summary>
    public UnitAmount? Gift { get; init; }

    /// <summary>The reward that is given for nothing; null: none.</summary>
    public string? Reward { get; init; }

    /// <summary>Whether an event of a customer is picked.</summary>
    public bool Picks(CustomerId customer, EventKey key)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed}\n{Name}\n{customer}\n{key}"), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash) % (UInt128)OneIn == 0;
    }
}
