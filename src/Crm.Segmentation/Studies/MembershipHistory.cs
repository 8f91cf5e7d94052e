using Crm.Engine;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Studies;

/// <summary>
/// Every change of one customer's memberships that was ever known, with when it counts and since when it is known, and those that late events have taken back. It is told from the journal: the customer as
/// known before each late event and after it, by today's definitions, each from its own instant on.
/// </summary>
internal sealed class MembershipHistory(CrmEngine engine, CustomerRef customer)
{
    private static readonly Duration Tick = Duration.FromTicks(1);

    // What is recorded so soon after it happened surprises nobody by what time has done in between.
    private static readonly Duration Prompt = Duration.FromSeconds(1);

    public async ValueTask<IReadOnlyList<MembershipChange>> ReadAsync(Instant now, CancellationToken cancellationToken)
    {
        if (await engine.ReadAsync(customer, new PastQuestion(now), cancellationToken).ConfigureAwait(false) is not { } latest)
        {
            return [];
        }

        var entries = latest.History.OrderBy(entry => entry.RecordedAt).ToList();
        var surprises = Surprises(entries);
        var changes = new Dictionary<Boundary, MembershipChange>();
        var told = new List<MembershipChange>();
        for (var i = 0; i <= surprises.Count; i++)
        {
            var since = i == 0 ? Instant.MinValue : surprises[i - 1];
            var view = i == surprises.Count ? latest : await engine.ReadAsync(CustomerRef.Of(latest.Customer.Customer), new PastQuestion(surprises[i] - Tick) { KnownAt = surprises[i] - Tick }, cancellationToken).ConfigureAwait(false);
            var known = view is null ? [] : Boundaries(view.Customer.Slot<SegmentationState>(SegmentNames.Module)).ToList();
            foreach (var gone in changes.Keys.Except(known).ToList())
            {
                told.Add(changes[gone] with { RetractedAt = since });
                changes.Remove(gone);
            }

            var recorded = i == surprises.Count ? entries : entries.Where(entry => entry.RecordedAt < surprises[i]).ToList();
            foreach (var boundary in known.Where(boundary => !changes.ContainsKey(boundary)))
            {
                changes[boundary] = new MembershipChange
                {
                    Customer = latest.Customer.Customer,
                    Segment = boundary.Segment,
                    Version = boundary.Version,
                    Entered = boundary.Entered,
                    EffectiveAt = boundary.At,
                    DetectedAt = Later(since, Natural(boundary, recorded)),
                    Cause = boundary.Cause,
                };
            }
        }

        return [.. told.Concat(changes.Values).OrderBy(change => change.DetectedAt).ThenBy(change => change.EffectiveAt).ThenBy(change => change.Segment, StringComparer.Ordinal).ThenBy(change => change.Entered)];
    }

    // When something was recorded that counts earlier than what was known already, or takes something back. Nobody was told anything while history was imported.
    private static List<Instant> Surprises(IEnumerable<HistoricEvent> entries)
    {
        var surprises = new List<Instant>();
        var latest = Instant.MinValue;
        foreach (var entry in entries)
        {
            if (!entry.IsBackfill && latest != Instant.MinValue && (entry.IsAmendment || entry.EffectiveAt < latest || entry.RecordedAt - entry.EffectiveAt > Prompt))
            {
                surprises.Add(entry.RecordedAt);
            }

            latest = Later(latest, entry.EffectiveAt);
        }

        return surprises;
    }

    private static IEnumerable<Boundary> Boundaries(SegmentationState state) =>
        from standing in state.Standings
        from membership in state.MembershipsIn(standing.Segment)
        from boundary in membership.Until is { } until
            ? new[] { new Boundary(standing.Segment, true, membership.Since, membership.Version, membership.EnteredBy), new Boundary(standing.Segment, false, until, membership.Version, membership.LeftBy) }
            : [new Boundary(standing.Segment, true, membership.Since, membership.Version, membership.EnteredBy)]
        select boundary;

    // An event is known when it is recorded; what time does, when it does it and all before it is recorded.
    private static Instant Natural(Boundary boundary, List<HistoricEvent> entries) => boundary.Cause.Event is { } key
        ? entries.Where(entry => entry.Key == key).Select(entry => entry.RecordedAt).DefaultIfEmpty(boundary.At).First()
        : entries.Where(entry => entry.EffectiveAt <= boundary.At).Select(entry => entry.RecordedAt).Append(boundary.At).Max();

    private static Instant Later(Instant one, Instant other) => one > other ? one : other;

    private sealed record Boundary(string Segment, bool Entered, Instant At, int Version, MembershipCause Cause);
}
