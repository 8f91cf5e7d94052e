namespace Crm.Loyalty.Stamps;

/// <summary>Where a customer stands on one stamp card.</summary>
public sealed record CardStanding
{
    /// <summary>The card.</summary>
    public required string Card { get; init; }

    /// <summary>Stamps on the card that is not full yet; always fewer than its goal.</summary>
    public long Stamps { get; init; }

    /// <summary>Cards that are full.</summary>
    public long Completed { get; init; }

    /// <summary>Free ones that were taken.</summary>
    public long Used { get; init; }

    /// <summary>Free ones that wait to be taken; below 0 when purchases came back whose free one was taken already: so many cards are owed.</summary>
    public long Free => Completed - Used;

    /// <summary>The standing after stamps were given: what is over the goal begins the next card.</summary>
    internal CardStanding Stamped(long stamps, int goal)
    {
        var sum = checked(Stamps + stamps);
        var full = Math.DivRem(sum, goal, out var rest);
        return rest < 0
            ? this with { Stamps = rest + goal, Completed = Completed + full - 1 }
            : this with { Stamps = rest, Completed = Completed + full };
    }

    /// <summary>This standing with the difference of two others added; <see cref="Stamped"/> brings the stamps back below the goal.</summary>
    internal CardStanding Plus(CardStanding with, CardStanding without) => this with
    {
        Stamps = checked(Stamps + with.Stamps - without.Stamps),
        Completed = checked(Completed + with.Completed - without.Completed),
        Used = checked(Used + with.Used - without.Used),
    };
}
