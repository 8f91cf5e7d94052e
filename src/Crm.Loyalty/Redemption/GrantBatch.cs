using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Receipts;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Units given to many customers at once by staff, as one adjustment each, and taken back as a whole. Its keys follow from its name, so a batch that was interrupted goes on where it stopped when it is run again.
/// </summary>
/// <param name="Name">The name: letters, digits and '-', unique for ever.</param>
/// <param name="Reason">Why, as a code such as "power-cut-july".</param>
/// <param name="Actor">Who decided it, as a code such as "staff:17".</param>
/// <param name="Grants">Who gets how much; each customer once.</param>
public sealed record GrantBatch(string Name, string Reason, string Actor, Sequence<(CustomerId Customer, long Amount)> Grants)
{
    /// <summary>The programme; null where the host has one.</summary>
    public string? Program { get; init; }

    /// <summary>The unit; null where the programme has one that can be spent.</summary>
    public string? Unit { get; init; }

    /// <summary>The adjustments.</summary>
    /// <exception cref="InvalidOperationException">A customer is named twice, and would get one of the two grants.</exception>
    public IEnumerable<CustomerEvent> Events => Grants.GroupBy(grant => grant.Customer).FirstOrDefault(grants => grants.Skip(1).Any()) is { } several
        ? throw new InvalidOperationException($"The batch '{Name}' names customer {several.Key} {several.Count()} times; each customer once is expected, with the sum.")
        : Grants.Select(grant => new CustomerEvent
    {
        Key = KeyOf(grant.Customer),
        Kind = LoyaltyEvents.AdjustName,
        Customer = grant.Customer,
        Actor = Actor,
        Fields = Fields.Of(
            (LoyaltyEvents.Amount, grant.Amount),
            (LoyaltyEvents.Reason, Reason),
            (LoyaltyEvents.Program, Program is null ? default : Scalar.Of(Program)),
            (LoyaltyEvents.Unit, Unit is null ? default : Scalar.Of(Unit))),
    });

    /// <summary>
    /// The cancellations that take the batch back: history is decided again as if it had never been given, or without cascade just the units are taken back. What was spent of it is owed, or written off where the unit clamps to zero.
    /// </summary>
    public IEnumerable<CustomerEvent> Undo => Grants.DistinctBy(grant => grant.Customer).Select(grant => new CustomerEvent
    {
        Key = new EventKey("batch-undo", $"{Name}/{grant.Customer}"),
        Kind = EventKinds.CancellationName,
        Customer = grant.Customer,
        Actor = Actor,
        Original = KeyOf(grant.Customer),
    });

    /// <summary>Gives the units, or goes on giving them.</summary>
    /// <exception cref="KeyReusedException">A batch of the same name gave a customer something else.</exception>
    /// <exception cref="InvalidOperationException">A customer is named twice; nothing is given.</exception>
    public ValueTask<GrantReport> RunAsync(CrmEngine engine, CancellationToken cancellationToken = default) => ReportAsync(engine, Events, receipt => receipt.Lines.Where(line => line.Code == LineCodes.Adjusted).Sum(line => line.Amount), cancellationToken);

    /// <summary>Takes the units back, or goes on taking them. A customer whom the batch never reached loses nothing.</summary>
    public ValueTask<GrantReport> UndoAsync(CrmEngine engine, CancellationToken cancellationToken = default) => ReportAsync(engine, Undo, receipt => -receipt.Lines.Where(line => Unit is null || line.Unit == Unit).Sum(line => line.Amount), cancellationToken);

    private static async ValueTask<GrantReport> ReportAsync(CrmEngine engine, IEnumerable<CustomerEvent> events, Func<Receipt, long> moved, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var (customers, units, refused) = (0, 0L, new List<(CustomerId, string)>());
        foreach (var happened in events)
        {
            var receipt = await engine.RecordAsync(happened, cancellationToken).ConfigureAwait(false);
            if (receipt.Refusal is { } refusal)
            {
                refused.Add((receipt.Customer, refusal.Code));
                continue;
            }

            // What follows by itself, as a reward that is given for the units, is no part of the batch.
            customers += receipt.Lines.Any(line => line.Amount != 0) ? 1 : 0;
            units += moved(receipt);
        }

        return new GrantReport(customers, units, refused.ToSequence());
    }

    private EventKey KeyOf(CustomerId customer) => new("batch", $"{Name}/{customer}");
}

/// <summary>What a batch did.</summary>
/// <param name="Customers">How many customers got units, or gave them back.</param>
/// <param name="Units">How many units in all: those that were given, or by which the customers have less since; where the batch names its unit, only of that.</param>
/// <param name="Refused">Who got nothing, and the code of the refusal.</param>
public sealed record GrantReport(int Customers, long Units, Sequence<(CustomerId Customer, string Code)> Refused);
