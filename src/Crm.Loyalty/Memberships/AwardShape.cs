using Crm.Loyalty.Wallets;

namespace Crm.Loyalty.Memberships;

/// <summary>What an award or its rule says of the units otherwise than the unit does; null: nothing.</summary>
internal readonly record struct AwardShape(LotExpiry? Expiry, Activation? Activation, string? Issuer)
{
    public bool IsUsual => Expiry is null && Activation is null && Issuer is null;
}
