namespace Crm.Storage;

/// <summary>Limited supplies that customers share. Commits draw on them.</summary>
public interface IQuotas
{
    /// <summary>Sets what a supply has; one that was never set has nothing.</summary>
    /// <exception cref="ArgumentException">The name is no text that every database keeps, or has more than <see cref="Values.StorableText.LongestName"/> characters (<see cref="Values.StorableText.CheckName"/>).</exception>
    ValueTask SetAsync(string name, long available, CancellationToken cancellationToken);

    /// <summary>What a supply has.</summary>
    ValueTask<long> AvailableAsync(string name, CancellationToken cancellationToken);
}
