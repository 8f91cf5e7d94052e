using System.Runtime.InteropServices;

namespace Crm.Loyalty.Wallets;

/// <summary>So many of a unit, such as a full card, a challenge or a reward gives.</summary>
/// <param name="Unit">One of the programme's.</param>
/// <param name="Amount">More than 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct UnitAmount(string Unit, long Amount);
