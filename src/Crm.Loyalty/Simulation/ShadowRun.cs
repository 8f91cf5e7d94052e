using System.Collections.Concurrent;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>
/// Lets a programme that might be decide beside the one that is, event by event, in an engine of its own over a store (or tenant) of its own, and lists every event about which the two differ.
/// Callers are answered by the live engine alone: whatever the other does, or fails to do, is a divergence and nothing else.
/// </summary>
/// <param name="live">The engine that decides.</param>
/// <param name="shadow">The engine that is tried: with the same options, over a store that is its own.</param>
public sealed class ShadowRun(CrmEngine live, CrmEngine shadow)
{
    private const string IdentityKind = "live";
    private readonly ConcurrentQueue<ShadowDivergence> divergences = new();

    /// <summary>What has differed so far, in the order in which it was noticed.</summary>
    public Sequence<ShadowDivergence> Divergences => divergences.ToSequence();

    /// <summary>Records an event live, and then in the shadow as of the same instant.</summary>
    /// <returns>The live receipt.</returns>
    public async ValueTask<Receipt> RecordAsync(CustomerEvent happened, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var receipt = await live.RecordAsync(happened, cancellationToken).ConfigureAwait(false);
        try
        {
            // Ids of customers belong to a store; in the shadow the live id is a name.
            var seen = happened with
            {
                Customer = null,
                Identity = NameOf(receipt.Customer),
                AlsoKnownAs = [],
                OccurredAt = happened.OccurredAt ?? receipt.EffectiveAt,
                Fields = await InShadowAsync(happened.Fields, cancellationToken).ConfigureAwait(false),
            };
            var other = await shadow.RecordAsync(seen, cancellationToken).ConfigureAwait(false);
            if (Told(receipt) != Told(other))
            {
                divergences.Enqueue(new ShadowDivergence(receipt, other, null));
            }
        }
#pragma warning disable CA1031 // Whatever happens in the shadow must not reach those who are served live.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            divergences.Enqueue(new ShadowDivergence(receipt, null, fault.Message));
        }

        return receipt;
    }

    /// <summary>A customer as the shadow has them; null where it knows nobody.</summary>
    /// <param name="customer">The live id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public ValueTask<CustomerView?> ReadShadowAsync(CustomerId customer, CancellationToken cancellationToken = default) =>
        shadow.ReadAsync(CustomerRef.Of(NameOf(customer)), cancellationToken);

    private static Identity NameOf(CustomerId live) => new(IdentityKind, live.ToString());

    // Who is named by a field, such as who gets a gift, has another id in the shadow.
    private async ValueTask<Fields> InShadowAsync(Fields fields, CancellationToken cancellationToken)
    {
        foreach (var (name, value) in fields)
        {
            if (CustomerId.TryParse(value.AsCode, out var named) && await ReadShadowAsync(named, cancellationToken).ConfigureAwait(false) is { } known)
            {
                fields = fields.With(name, known.Customer.ToString());
            }
        }

        return fields;
    }

    // What a receipt moves, what it changes, and whether it was refused; which rule gave it is not the question.
    private static string Told(Receipt receipt) => string.Join('\n', receipt.Lines.Where(line => line.Unit is not null).GroupBy(line => (line.Program, line.Unit)).Select(unit => (unit.Key, By: unit.Sum(line => line.Amount)))
        .Where(unit => unit.By != 0).Select(unit => FormattableString.Invariant($"{unit.Key.Program} {unit.Key.Unit} {unit.By}")).Order(StringComparer.Ordinal)
        .Concat(receipt.Lines.Where(line => line.Unit is null && line.Subject is not null).Select(line => $"{line.Program} {line.Code} {line.Subject}").Order(StringComparer.Ordinal))
        .Append(receipt.Refusal?.Code));
}

/// <summary>An event about which two programmes differ.</summary>
/// <param name="Live">The receipt that was given.</param>
/// <param name="Shadow">The receipt that the other programme would have given; null where it failed.</param>
/// <param name="Fault">How it failed; null where it did not.</param>
public sealed record ShadowDivergence(Receipt Live, Receipt? Shadow, string? Fault);
