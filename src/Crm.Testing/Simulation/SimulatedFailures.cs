using System.Data.Common;

namespace Crm.Testing.Simulation;

/// <summary>A connection broke, or the database died. Whether the request was carried out is not known.</summary>
/// <param name="isTransient">Whether the driver says that another connection may be had: then the engine decides again by itself, some times; otherwise the caller hears of it at once.</param>
public sealed class SimulatedConnectionLostException(bool isTransient) : DbException("The connection to the simulated database was lost; whether the request was carried out is not known.")
{
    /// <inheritdoc/>
    public override bool IsTransient => isTransient;
}

/// <summary>Something that must never happen has happened in a simulated world.</summary>
/// <param name="invariant">The name of what does not hold.</param>
/// <param name="detail">What was found.</param>
internal sealed class InvariantBroken(string invariant, string detail) : Exception($"{invariant}: {detail}")
{
    public string Invariant { get; } = invariant;

    public string Detail { get; } = detail;
}
