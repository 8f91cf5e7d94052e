using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Customers;

/// <summary>What the customers module knows of a customer; the profile itself lies elsewhere.</summary>
public sealed record CustomersState
{
    /// <summary>How many changes of stage are kept; the journal tells of all.</summary>
    public const int LongestHistory = 32;

    /// <summary>Nothing yet.</summary>
    public static CustomersState Empty { get; } = new();

    /// <summary>The tags, in ordinal order of their names.</summary>
    public Sequence<Tag> Tags { get; init; }

    /// <summary>The stage; null before the first event.</summary>
    public string? Stage { get; init; }

    /// <summary>Until when the stage surely stays as it is without another event; null: for ever.</summary>
    public Instant? StageUntil { get; init; }

    /// <summary>The changes of stage, oldest first.</summary>
    public Sequence<StageChange> Stages { get; init; }

    internal Tag? Find(string tag) => Tags.FirstOrDefault(known => known.Name == tag) is { Name: not null } found ? found : null;

    internal CustomersState With(Tag tag) => this with { Tags = Without(tag.Name).Tags.Append(tag).OrderBy(known => known.Name, StringComparer.Ordinal).ToSequence() };

    internal CustomersState Without(string tag) => this with { Tags = Tags.Where(known => known.Name != tag).ToSequence() };
}

/// <summary>A tag on a customer.</summary>
/// <param name="Name">The tag.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who put it on; null: the customer.</param>
/// <param name="Until">When it runs out; null: never.</param>
public readonly record struct Tag(string Name, Instant Since, string? By, Instant? Until);

/// <summary>A change of stage.</summary>
/// <param name="Stage">The new stage.</param>
/// <param name="At">Since when.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StageChange(string Stage, Instant At);
