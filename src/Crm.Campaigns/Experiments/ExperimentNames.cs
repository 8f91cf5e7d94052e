using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Experiments;

/// <summary>The facts of experiments, for conditions and reports.</summary>
public static class ExperimentNames
{
    /// <summary>The longest id, so that the facts have room for it.</summary>
    public const int Longest = 60;

    private const string ArmFacts = "experiment.";
    private const string SinceFacts = "experiment-since.";
    private const string CrossedFacts = "experiment-crossed.";

    /// <summary>What the contract declares.</summary>
    internal static Sequence<FactDeclaration> Declared => [new(ArmFacts + "*", Queryable: true), new(SinceFacts + "*"), new(CrossedFacts + "*")];

    /// <summary>The fact with the arm of whoever was exposed: "experiment.ID".</summary>
    public static string Arm(string experiment) => ArmFacts + experiment;

    /// <summary>The fact with the instant of the exposure: "experiment-since.ID".</summary>
    public static string Since(string experiment) => SinceFacts + experiment;

    /// <summary>The fact that is true of whoever has seen two arms: "experiment-crossed.ID".</summary>
    public static string Crossed(string experiment) => CrossedFacts + experiment;

    internal static IEnumerable<Fact> Of(Exposure exposure, Instant now) =>
    [
        new(Arm(exposure.Experiment), exposure.Arm),
        new(Since(exposure.Experiment), exposure.At),
        new(Crossed(exposure.Experiment), exposure.CrossedAt <= now ? true : default(Scalar)),
    ];

    internal static IEnumerable<Fact> None(Exposure exposure) => Of(exposure, Instant.MaxValue).Select(fact => fact with { Value = default });
}
