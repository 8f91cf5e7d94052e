using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Simulation;

/// <summary>
/// Lets a programme that began later than its store count for the past: units, tiers, stamps, limits and challenges become what they would be if it had been there from an instant on, by one event for each
/// customer that history is decided again with. Its keys follow from the name, so that it can stop after any customer and go on, and nobody is given the past twice. Nothing is sent for it. Later refunds of
/// old purchases take back what they earned, as of any.
/// </summary>
/// <remarks>
/// The programme is one of the host's, with an instant from which on it counts (<see cref="LoyaltyBuilder.Program(LoyaltyProgram, int, Instant)"/>), not before the release that brings it; its first version decides about what was before. Where it is in a
/// loyalty module that joined the store later, the module sees the whole history from then on, and programmes that count from the beginning of time count it all.
/// What was disposed of cannot count: such a customer's past begins after it. A programme without cascade decides the past in the order in which it was recorded, as it would have then: what a refund left it left.
/// </remarks>
/// <param name="Program">The programme, in its first version.</param>
/// <param name="From">From when on it counts, included.</param>
public sealed record ProgramBackfill(LoyaltyProgram Program, Instant From)
{
    private const int AtOnce = 256;

    /// <summary>The name: letters, digits and '-'. Another name is another backfill, for one that was undone.</summary>
    public string Name { get; init; } = "past";

    /// <summary>Who decided it, as a code such as "staff:17"; null: the system.</summary>
    public string? Actor { get; init; }

    /// <summary>Whether nothing is written, and only said what would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where an earlier run has stopped, <see cref="ProgramBackfillReport.Last"/>; null: from the first customer, passing over whoever is done.</summary>
    public CustomerId? After { get; init; }

    /// <summary>At most so many customers in this run.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Is told after every few hundred customers; null: nobody.</summary>
    public IProgress<ProgramBackfillReport>? Progress { get; init; }

    /// <summary>Gives the programme its past, or says what that would be. Whoever is done already is passed over and not counted among those for whom something changes.</summary>
    /// <exception cref="InvalidOperationException">The engine has no such programme, or the store cannot list its customers.</exception>
    public ValueTask<ProgramBackfillReport> RunAsync(CrmEngine engine, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return WalkAsync(engine, OneAsync, cancellationToken);
    }

    /// <summary>Takes the past away again: history is decided again without it, and what was spent of it is owed, or written off, as the unit says.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public ValueTask<ProgramBackfillReport> UndoAsync(CrmEngine engine, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return WalkAsync(engine, UndoOneAsync, cancellationToken);
    }

    private async ValueTask<ProgramBackfillReport> WalkAsync(CrmEngine engine, Func<CrmEngine, CustomerView, ProgramBackfillCount, CancellationToken, ValueTask> oneAsync, CancellationToken cancellationToken)
    {
        var count = new ProgramBackfillCount(Program, After);
        for (var left = Most; left > 0;)
        {
            var page = await engine.ReadPageAsync(new CustomerPageRequest(Math.Min(left, AtOnce)) { After = count.Last }, cancellationToken).ConfigureAwait(false);
            if (!page.Unreadable.IsEmpty)
            {
                throw page.Unreadable[0].Fault; // who is left out would be without a past, and passed over when it goes on
            }

            foreach (var customer in page.Customers)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await oneAsync(engine, customer, count, cancellationToken).ConfigureAwait(false);
                count.Done(customer.Customer);
            }

            left -= page.Customers.Count;
            Progress?.Report(count.Report(page.Next is null));
            if (page.Next is null)
            {
                return count.Report(isComplete: true);
            }
        }

        return count.Report(isComplete: false);
    }

    private async ValueTask OneAsync(CrmEngine engine, CustomerView customer, ProgramBackfillCount count, CancellationToken cancellationToken)
    {
        if (IsDone(customer))
        {
            return;
        }

        var opened = new CustomerEvent
        {
            Key = KeyOf(customer.Customer),
            Kind = LoyaltyEvents.CountPastName,
            Customer = customer.Customer,
            Actor = Actor,
            OccurredAt = Before(From),
            Fields = Fields.Of((LoyaltyEvents.Program, Program.Name)),
        };
        var quote = await engine.QuoteAsync(opened, cancellationToken).ConfigureAwait(false);
        count.Add(quote);
        if (!DryRun)
        {
            await RecordAsync(engine, opened, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask UndoOneAsync(CrmEngine engine, CustomerView customer, ProgramBackfillCount count, CancellationToken cancellationToken)
    {
        if (!IsDone(customer))
        {
            return;
        }

        var undone = new CustomerEvent
        {
            Key = new EventKey(LoyaltyEvents.BackfillSource, $"undo/{KeyOf(customer.Customer).Value}"),
            Kind = EventKinds.CancellationName,
            Customer = customer.Customer,
            Actor = Actor,
            Original = KeyOf(customer.Customer),
        };
        count.Add(await engine.QuoteAsync(undone, cancellationToken).ConfigureAwait(false));
        if (!DryRun)
        {
            await RecordAsync(engine, undone, cancellationToken).ConfigureAwait(false);
        }
    }

    // What follows from it is no news to anybody.
    private static async ValueTask RecordAsync(CrmEngine engine, CustomerEvent happened, CancellationToken cancellationToken) =>
        _ = await engine.RecordAsync([happened], RecordMode.Backfill, cancellationToken).ConfigureAwait(false);

    // At one instant, what was recorded earlier counts earlier.
    private static Instant Before(Instant from) => from > Instant.MinValue ? from - Duration.FromTicks(1) : from;

    private bool IsDone(CustomerView customer) => Counts(customer, LoyaltyNames.Module) || Counts(customer, LoyaltyNames.KeepingModule);

    private bool Counts(CustomerView customer, string module) => customer.SlotOrNull<LoyaltyState>(module)?.In(Program.Name).Counted(LoyaltyNames.CountsPast) > 0;

    private EventKey KeyOf(CustomerId customer) => new(LoyaltyEvents.BackfillSource, $"{Name}/{Program.Name}/{customer}");
}

/// <summary>What a backfill did, or would do.</summary>
/// <param name="Seen">How many customers were looked at.</param>
/// <param name="Changed">For how many of them the ledger, a tier or a stamp card of the programme becomes another.</param>
/// <param name="Last">The last one that is done: where the next run goes on. Null when none is.</param>
/// <param name="IsComplete">Whether there are no more.</param>
public sealed record ProgramBackfillReport(int Seen, int Changed, CustomerId? Last, bool IsComplete)
{
    /// <summary>What comes to customers of each unit, what has run out or been spent since being taken off, in the programme's order.</summary>
    public Sequence<BackfilledUnit> Units { get; init; }

    /// <summary>How many customers come into each tier that they were not in, in the order of the ladders.</summary>
    public Sequence<BackfilledTier> Tiers { get; init; }

    /// <summary>How many customers get or lose stamps or free ones on each card, in the programme's order.</summary>
    public Sequence<BackfilledCard> Cards { get; init; }
}

/// <summary>What a backfill gives of a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Issued">What was earned in the past, less what was taken back.</param>
/// <param name="Held">What of it is still there, less what is owed.</param>
public sealed record BackfilledUnit(string Unit, long Issued, long Held);

/// <summary>Customers who come into a tier.</summary>
/// <param name="Ladder">The ladder.</param>
/// <param name="Tier">The tier; null: out of all.</param>
/// <param name="Customers">How many.</param>
public sealed record BackfilledTier(string Ladder, string? Tier, int Customers);

/// <summary>Customers whose stamp card changes.</summary>
/// <param name="Card">The card.</param>
/// <param name="Customers">How many.</param>
public sealed record BackfilledCard(string Card, int Customers);
