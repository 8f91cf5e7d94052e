using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>What becomes of an award that goes over a limit.</summary>
public enum Overflow
{
    /// <summary>It is cut to what is left.</summary>
    Truncate,

    /// <summary>It is not given at all.</summary>
    Reject,
}

/// <summary>A cap on what a member earns. What refunds take back makes room again, within the span in which it was earned.</summary>
public sealed record EarningLimit
{
    /// <summary>The name; receipts name it where it cuts.</summary>
    public required string Name { get; init; }

    /// <summary>The unit that is counted.</summary>
    public required string Unit { get; init; }

    /// <summary>The rules that count and are cut; empty: all.</summary>
    public Sequence<string> Rules { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>Over which span.</summary>
    public required CapPeriod Per { get; init; }

    /// <summary>At most so many units; 0 or more.</summary>
    public required long Most { get; init; }

    /// <summary>What becomes of an award that goes over it.</summary>
    public Overflow Overflow { get; init; }
}

/// <summary>
/// A supply that all members share. The host fills it with <see cref="Storage.IQuotas.SetAsync"/>; every award draws on it in its own commit, refunds give back, and when it no longer suffices the rules stop and receipts say why.
/// </summary>
public sealed record EarningBudget
{
    /// <summary>The name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>The unit that is counted.</summary>
    public required string Unit { get; init; }

    /// <summary>The rules that draw on it; empty: all.</summary>
    public Sequence<string> Rules { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>What one unit draws: 1 for a budget in units, the cost of a unit in cents for a budget in money.</summary>
    public long PerUnit { get; init; } = 1;

    /// <summary>The name of the supply in the store.</summary>
    /// <param name="program">The programme.</param>
    public string Quota(string program) => QuotaOf(program, Name);

    internal static string QuotaOf(string program, string budget) => $"loyalty.{program}.{budget}";
}
