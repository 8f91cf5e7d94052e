namespace Crm.Loyalty.Tiers;

/// <summary>Where a customer stands on one ladder: numbers from which the tier follows, so that a correction is arithmetic.</summary>
public sealed record TierStanding
{
    /// <summary>The ladder.</summary>
    public required string Ladder { get; init; }

    /// <summary>The open window: a year, or 0 where the window never closes.</summary>
    public int Window { get; init; }

    /// <summary>Units earned in the open window.</summary>
    public long Counted { get; init; }

    /// <summary>Units earned in the window before it, which keep their tier until this one closes.</summary>
    public long Carried { get; init; }

    /// <summary>The tier last made known; null for none.</summary>
    public string? Tier { get; init; }

    /// <summary>The standing after units were earned, or taken back.</summary>
    internal TierStanding Counting(long units) => this with { Counted = checked(Counted + units) };

    /// <summary>The standing brought to a window: when the open one is over, its units are carried through the next.</summary>
    internal TierStanding In(int window) => window <= Window
        ? this
        : this with { Window = window, Carried = window == Window + 1 ? Counted : 0, Counted = 0 };

    /// <summary>This standing with the difference of two others added.</summary>
    internal TierStanding Plus(TierStanding? with, TierStanding? without) => this with
    {
        Counted = checked(Counted + (with?.Counted ?? 0) - (without?.Counted ?? 0)),
        Carried = checked(Carried + (with?.Carried ?? 0) - (without?.Carried ?? 0)),
    };
}
