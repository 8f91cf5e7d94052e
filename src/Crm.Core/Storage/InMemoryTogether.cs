namespace Crm.Storage;

/// <summary>What stands against a commit because of those that are to be written together with it, before it.</summary>
internal static class InMemoryTogether
{
    /// <summary>Why a commit cannot be written; null when it can.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="before">The commits before it.</param>
    /// <param name="byItself">Why it could not be written alone; null when it could.</param>
    /// <param name="available">What a supply has.</param>
    public static CommitResult? Refusal(Commit commit, IReadOnlyList<Commit> before, CommitResult? byItself, Func<string, long> available) =>
        OfKeys(commit, before) ?? byItself ?? (CommitResult?)OfClaims(commit, before) ?? OfDraws(commit, before, available);

    private static CommitResult? OfKeys(Commit commit, IReadOnlyList<Commit> before)
    {
        foreach (var entry in commit.Entries)
        {
            if (before.SelectMany(other => other.Entries).FirstOrDefault(other => other.Event.Key == entry.Event.Key) is { } recorded)
            {
                return recorded.PayloadHash == entry.PayloadHash ? new CommitResult.AlreadyCommitted(entry.Event.Key, recorded.Receipt) : new CommitResult.KeyReused(entry.Event.Key);
            }
        }

        return null;
    }

    private static CommitResult.IdentityTaken? OfClaims(Commit commit, IReadOnlyList<Commit> before)
    {
        foreach (var claim in commit.Claims)
        {
            if (before.FirstOrDefault(other => other.Claims.Any(taken => taken.Identity == claim.Identity)) is { } owner)
            {
                return new CommitResult.IdentityTaken(claim.Identity, owner.Customer);
            }
        }

        return null;
    }

    private static CommitResult.QuotaExhausted? OfDraws(Commit commit, IReadOnlyList<Commit> before, Func<string, long> available)
    {
        foreach (var draw in commit.NetDraws())
        {
            var left = before.SelectMany(other => other.NetDraws()).Where(other => other.Name == draw.Name).Aggregate(available(draw.Name), (left, other) => other.LeftOf(left));
            if (!draw.IsCoveredBy(left))
            {
                return new CommitResult.QuotaExhausted(draw.Name);
            }
        }

        return null;
    }
}
