using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Audiences;
using Crm.Segmentation.Explanations;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Studies;

/// <summary>Questions about segments over all customers of a store, and the two jobs that go through them: filling in new definitions, and taking snapshots. Reading writes nothing but what was due.</summary>
/// <param name="engine">The engine, with the segmentation module of the catalogue.</param>
/// <param name="catalog">The segments.</param>
/// <param name="clock">Now.</param>
/// <param name="gate">Says whom messages may reach; null: nobody says, and then nobody can be sent to.</param>
public sealed class SegmentStudy(CrmEngine engine, SegmentCatalog catalog, IClock clock, ISendGate? gate = null)
{
    private const int CapturedAtOnce = 500;
    private readonly AskedConditions asking = new(engine, catalog);

    // How often the answer is asked for again, and how far ahead, before it is said that time alone does not change it.
    private const int MostTurns = 200;
    private static readonly Duration Foreseeable = Duration.FromDays(3_660);

    /// <summary>The ids of the customers in a segment, in order, as of now.</summary>
    /// <exception cref="ArgumentException">No segment has the id; the message lists those there are.</exception>
    public ValueTask<IReadOnlyList<CustomerId>> MembersAsync(string segment, CancellationToken cancellationToken = default) =>
        engine.SelectAsync(If.Fact(SegmentNames.Fact(Known(segment))).Is(true), cancellationToken);

    /// <summary>What a segment would be, before it is saved: its exact size, a sample, and what it shares with the segments there are.</summary>
    /// <param name="draft">The segment; it may name those that there are.</param>
    /// <param name="sample">How many customers to draw.</param>
    /// <param name="seed">Another seed draws others.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidSegmentException">Something is wrong with the draft; the message lists all of it.</exception>
    public async ValueTask<SegmentPreview> PreviewAsync(Segment draft, int sample = 20, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        Check(draft);
        var members = await engine.SelectAsync(draft.Asked, cancellationToken).ConfigureAwait(false);
        var all = await engine.SelectAsync(new Condition.All([]), cancellationToken).ConfigureAwait(false);
        var inIt = members.ToHashSet();
        var overlaps = new List<SegmentOverlap>();
        foreach (var other in catalog.Definitions.Names)
        {
            var theirs = await MembersAsync(other, cancellationToken).ConfigureAwait(false);
            overlaps.Add(new SegmentOverlap(draft.Id, other, members.Count, theirs.Count, theirs.Count(inIt.Contains)));
        }

        return new SegmentPreview
        {
            Size = members.Count,
            Population = all.Count,
            Sample = members.OrderBy(customer => DefinitionHash.Of($"{seed} {customer}").Value).Take(sample).ToSequence(),
            Overlaps = overlaps.ToSequence(),
        };
    }

    /// <summary>About how many customers a segment would have, from some of them drawn evenly: where the store cannot select by its condition, so that an exact answer reads every history. Nothing is written.</summary>
    /// <param name="draft">The segment; it may name those that there are.</param>
    /// <param name="sample">How many customers to ask.</param>
    /// <param name="seed">Another seed draws others.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidSegmentException">Something is wrong with the draft; the message lists all of it.</exception>
    public async ValueTask<SizeEstimate> EstimateAsync(Segment draft, int sample = 1_000, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentOutOfRangeException.ThrowIfLessThan(sample, 1);
        Check(draft);
        var now = clock.GetCurrentInstant();
        var drawn = new PriorityQueue<CustomerId, UInt128>();
        var population = 0;
        await foreach (var customer in engine.ReadCustomersAsync(cancellationToken).ConfigureAwait(false))
        {
            population++;
            var lot = UInt128.MaxValue - DefinitionHash.Of($"{seed} {customer}").Value;
            if (drawn.Count < sample)
            {
                drawn.Enqueue(customer, lot);
            }
            else
            {
                drawn.EnqueueDequeue(customer, lot);
            }
        }

        var (asked, hits) = (drawn.Count, 0);
        while (drawn.TryDequeue(out var customer, out _))
        {
            if (await engine.ReadAsync(CustomerRef.Of(customer), new PastQuestion(now) { IsNow = true }, cancellationToken).ConfigureAwait(false) is { } view)
            {
                PartitionCells.Refuse(view, draft.Asked);
                hits += Evaluator.Evaluate(draft.Asked, view).Value ? 1 : 0;
            }
        }

        return SizeEstimate.Of(population, asked, hits);
    }

    /// <summary>What two segments share, as of now.</summary>
    /// <exception cref="ArgumentException">No segment has one of the ids; the message lists those there are.</exception>
    public async ValueTask<SegmentOverlap> OverlapAsync(string segment, string other, CancellationToken cancellationToken = default)
    {
        var members = await MembersAsync(segment, cancellationToken).ConfigureAwait(false);
        var theirs = await MembersAsync(other, cancellationToken).ConfigureAwait(false);
        var inIt = members.ToHashSet();
        return new SegmentOverlap(segment, other, members.Count, theirs.Count, theirs.Count(inIt.Contains));
    }

    /// <summary>How customers have moved between the cells of a partition. Of two who were merged in between one has moved to <see cref="Partition.Merged"/>.</summary>
    /// <param name="partition">The cells.</param>
    /// <param name="from">The earlier instant.</param>
    /// <param name="to">The later instant.</param>
    /// <param name="knownAt">Only with what was recorded up to this instant; null: with everything known now.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">A segment or condition of the partition is not one, or cannot be asked of the past, or of somebody the past has been disposed of; the message says why.</exception>
    public async ValueTask<Migration> MigrateAsync(Partition partition, Instant from, Instant to, Instant? knownAt = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(partition);
        var cells = new PartitionCells(catalog, partition, asking);
        var before = new Dictionary<CustomerId, string>();
        await foreach (var view in engine.ReadAllAsync(new PastQuestion(from) { KnownAt = knownAt, RefusesDisposed = true }, cancellationToken).ConfigureAwait(false))
        {
            before[view.Customer.Customer] = cells.Of(view);
        }

        var moves = new Dictionary<(string From, string To), int>();
        await foreach (var view in engine.ReadAllAsync(new PastQuestion(to) { KnownAt = knownAt, RefusesDisposed = true }, cancellationToken).ConfigureAwait(false))
        {
            Count(before.Remove(view.Customer.Customer, out var cell) ? cell : Partition.NotYet, cells.Of(view));
        }

        // Whoever was one and is none any more has been merged into somebody else.
        foreach (var cell in before.Values)
        {
            Count(cell, Partition.Merged);
        }

        return new Migration(from, to, moves.OrderBy(pair => pair.Key.From, StringComparer.Ordinal).ThenBy(pair => pair.Key.To, StringComparer.Ordinal).Select(pair => new Move(pair.Key.From, pair.Key.To, pair.Value)).ToSequence())
        {
            Order = cells.Names,
        };

        void Count(string was, string @is) => moves[(was, @is)] = moves.GetValueOrDefault((was, @is)) + 1;
    }

    /// <summary>
    /// Why a customer is in a segment, or is not: each part of the condition with its value, the events that speak for it, its margin and until when it stays; when the whole changes if nothing happens; and the
    /// fewest values that would have to be others for the whole to change.
    /// </summary>
    /// <param name="customer">Who.</param>
    /// <param name="segment">The id of the segment.</param>
    /// <param name="asOf">As of when; null: now, with all that is known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null when nobody has the reference, or nothing of the customer was known then.</returns>
    /// <exception cref="ArgumentException">No segment has the id, or its condition cannot be answered of that instant.</exception>
    public async ValueTask<SegmentExplanation?> ExplainAsync(CustomerRef customer, string segment, PastQuestion? asOf = null, CancellationToken cancellationToken = default)
    {
        Known(segment);
        var question = asOf ?? new PastQuestion(clock.GetCurrentInstant()) { IsNow = true };
        if (await engine.ReadAsync(customer, question, cancellationToken).ConfigureAwait(false) is not { } view)
        {
            return null;
        }

        var explanation = catalog.Explain(view, segment);
        var next = view;
        for (var turn = 0; turn < MostTurns; turn++)
        {
            var until = catalog.IsMember(next, segment).ValidUntil;
            if ((next.NextDue is { } due && !(until <= due) ? due : until) is not { } at || at - question.At > Foreseeable)
            {
                break;
            }

            // What has happened since an instant of the past is no part of what would have been if nothing had.
            if (await engine.ReadAsync(customer, question with { At = at, HappenedUntil = question.HappenedUntil ?? question.At }, cancellationToken).ConfigureAwait(false) is not { } later)
            {
                break;
            }

            next = later;
            if (catalog.IsMember(next, segment).Value != explanation.IsMember)
            {
                return explanation with { ChangesAt = at };
            }
        }

        return explanation;
    }

    /// <summary>Every change of a customer's memberships that was ever known, in the order in which it was: with when it counts, since when it is known, why, and whether something that came late has taken it back.</summary>
    public ValueTask<IReadOnlyList<MembershipChange>> ChangesAsync(CustomerRef customer, CancellationToken cancellationToken = default) =>
        new MembershipHistory(engine, customer).ReadAsync(clock.GetCurrentInstant(), cancellationToken);

    /// <summary>
    /// Fills in the segments of today's definitions for the customers that the store has: after segmentation joined a store with years of history, or definitions have changed. Nothing is sent for it.
    /// Stopped or cancelled, it goes on where it was; run again, it changes nothing.
    /// </summary>
    public async ValueTask<BackfillReport> BackfillAsync(BackfillRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var count = new BackfillCount();
        var report = await engine.RebuildAsync(
            new RebuildRequest(SegmentNames.Module, request.From)
            {
                DryRun = request.DryRun,
                After = request.After,
                Most = request.Most,
                Progress = request.Progress is { } progress ? new Relay(so => progress.Report(count.With(so))) : null,
                Changes = (_, before, after) => count.Take((SegmentationState)before, (SegmentationState)after),
            },
            cancellationToken).ConfigureAwait(false);
        return count.With(report);
    }

    /// <summary>
    /// Takes a snapshot: captures everybody of whom its condition held at its instant, by what is known now; for whoever has been merged since, the survivor. Taken once; whoever was captured stays, whatever comes late. Nothing is sent for it.
    /// </summary>
    /// <param name="segment">The id of a snapshot.</param>
    /// <param name="knownAt">To finish one that was stopped: <see cref="SnapshotTaken.KnownAt"/> of the first attempt, or the instant at which it began. Nobody is captured twice. Null: it begins.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">No snapshot has the id; or its condition names what there is not, or cannot be asked of its instant, or of somebody that past has been disposed of; or the instant has not come.</exception>
    /// <exception cref="InvalidOperationException">Somebody has been captured already, and it is not said that this is to be finished.</exception>
    public async ValueTask<SnapshotTaken> TakeAsync(string segment, Instant? knownAt = null, CancellationToken cancellationToken = default)
    {
        var now = clock.GetCurrentInstant();
        if (catalog.Definitions.At(Known(segment), now)?.Value.Taken is not { } source)
        {
            throw new ArgumentException($"The segment '{segment}' is no snapshot; make one with Segment.Snapshot.", nameof(segment));
        }

        if (source.AsOf > now)
        {
            throw new ArgumentException($"The snapshot '{segment}' is of {source.AsOf}, which has not come; take it then.", nameof(segment));
        }

        asking.Refuse(source.Where);
        if (knownAt is null && await MembersAsync(segment, cancellationToken).ConfigureAwait(false) is { Count: > 0 } already)
        {
            throw new InvalidOperationException($"The snapshot '{segment}' has {already.Count} customers already. It is taken once; to finish one that was stopped, say when it began.");
        }

        var known = knownAt ?? now;
        var members = new List<CustomerId>();
        await foreach (var view in engine.ReadAllAsync(new PastQuestion(source.AsOf) { KnownAt = known, RefusesDisposed = true }, cancellationToken).ConfigureAwait(false))
        {
            PartitionCells.Refuse(view, source.Where);
            if (Evaluator.Evaluate(source.Where, view).Value)
            {
                members.Add(view.MergedInto ?? view.Customer.Customer);
            }
        }

        var captured = members.Distinct().ToList();
        foreach (var some in captured.Chunk(CapturedAtOnce))
        {
            await engine.RecordAsync([.. some.Select(customer => SegmentListing.Capture(customer, segment, source.Set, source.AsOf))], RecordMode.Backfill, cancellationToken).ConfigureAwait(false);
        }

        return new SnapshotTaken(captured.Count, known);
    }

    /// <summary>The customers in a segment as of now, to be asked who of them may be reached. It cannot be sent to.</summary>
    /// <exception cref="ArgumentException">No segment has the id; the message lists those there are.</exception>
    public async ValueTask<Audience> AudienceAsync(string segment, CancellationToken cancellationToken = default) =>
        new(engine, gate, clock, segment, await MembersAsync(segment, cancellationToken).ConfigureAwait(false));

    private string Known(string segment) => catalog.Definitions.Names.Contains(segment)
        ? segment
        : throw new ArgumentException($"No segment is named '{segment}'. There are: {string.Join(", ", catalog.Definitions.Names)}.", nameof(segment));

    private void Check(Segment draft)
    {
        var errors = SegmentValidator.Errors(draft).Concat(asking.Errors(draft.Asked).Select(error => new SegmentError(SegmentValidator.InWhere(error.Path), error.Message))).Distinct().ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidSegmentException(errors);
        }

        if (Circle(draft) is { } circle)
        {
            throw new InvalidSegmentException([new SegmentError("where", $"The segment '{draft.Id}' names itself, in a circle: {circle}. Who is in it could not be said once it counts; leave one of them out.")]);
        }
    }

    // How a draft would name itself, through the versions that count now or will; null: it would not.
    private string? Circle(Segment draft)
    {
        var now = clock.GetCurrentInstant();
        var open = new Stack<(string Segment, string Path)>(SegmentReferences.In(draft.Asked).Select(id => (id, $"{draft.Id} → {id}")));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (open.TryPop(out var next))
        {
            if (next.Segment == draft.Id)
            {
                return next.Path;
            }

            if (seen.Add(next.Segment))
            {
                var versions = catalog.Definitions.All.Where(version => version.Name == next.Segment && version.ActiveFrom > now).Append(catalog.Definitions.At(next.Segment, now)).OfType<Definition<Segment>>();
                foreach (var other in versions.SelectMany(version => SegmentReferences.In(version.Value.Asked)))
                {
                    open.Push((other, $"{next.Path} → {other}"));
                }
            }
        }

        return null;
    }

    /// <summary>Told on the thread of the job, in order.</summary>
    private sealed class Relay(Action<RebuildReport> tell) : IProgress<RebuildReport>
    {
        public void Report(RebuildReport value) => tell(value);
    }
}
