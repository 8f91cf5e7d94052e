using Crm.Values;

namespace Crm.Privacy.Registers;

/// <summary>What a register is held against.</summary>
public enum RegisterProfile
{
    /// <summary>What any published register must have: both languages, and references that lead somewhere.</summary>
    Publication,

    /// <summary>The six items of Schedule 3 of Cap. 486.</summary>
    PdpoSchedule3,

    /// <summary>The five items of the Nordic register description: data user, purposes, contents, disclosures, description of protection.</summary>
    Seed,
}

/// <summary>Something that a register lacks or has wrong.</summary>
/// <param name="Path">Where, such as "kinds[contact].retention".</param>
/// <param name="Message">What was found and what would be right.</param>
public sealed record RegisterGap(string Path, Text Message);

/// <summary>A register cannot be published as it is.</summary>
/// <param name="register">Its id.</param>
/// <param name="gaps">All that is missing or wrong.</param>
public sealed class RegisterNotPublishableException(string register, Sequence<RegisterGap> gaps)
    : Exception(string.Join(Environment.NewLine, gaps.Select(gap => $"{gap.Path}: {gap.Message.English}").Prepend($"The register '{register}' cannot be published as it is:")))
{
    /// <summary>All that is missing or wrong.</summary>
    public Sequence<RegisterGap> Gaps { get; } = gaps;
}
