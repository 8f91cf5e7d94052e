using Crm.Values;

namespace Crm.Loyalty.Tiers;

/// <summary>What a changed ladder would do to the customers who stand on the present one: looked at before it becomes active.</summary>
public static class TierMigration
{
    /// <summary>How many customers go from which tier to which.</summary>
    /// <param name="from">The ladder as it is.</param>
    /// <param name="to">The ladder as it would be; tiers of another name say which one they were formerly.</param>
    /// <param name="standings">The standings of the customers, brought forward to the moment.</param>
    /// <param name="moment">When it would become active, in the programme's zone.</param>
    /// <remarks>Conditions of tiers are not asked: who needs one keeps a tier and gets none. A metric that is a value as it stands counts as 0.</remarks>
    public static Sequence<TierMove> Preview(TierLadder from, TierLadder to, IEnumerable<TierStanding> standings, Moment moment)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(standings);
        var (before, after) = (new Climb(from, moment, null), new Climb(to, moment, null));
        return standings.Select(standing => (From: before.Current(standing), To: after.Bring(standing).Tier))
            .GroupBy(move => move).Select(group => new TierMove(group.Key.From, group.Key.To, group.LongCount()))
            .OrderBy(move => from.LevelOf(move.From)).ThenBy(move => to.LevelOf(move.To)).ToSequence();
    }
}

/// <summary>Customers who go from one tier to another.</summary>
/// <param name="From">The tier they have; null for none.</param>
/// <param name="To">The tier they get; null for none.</param>
/// <param name="Customers">How many.</param>
public sealed record TierMove(string? From, string? To, long Customers);
