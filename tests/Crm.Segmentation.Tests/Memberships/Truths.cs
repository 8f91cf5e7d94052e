using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>What segments mean, without engine, state or index: each condition over what is left of the whole history, at any instant.</summary>
internal sealed class Truths
{
    private readonly DefinitionCatalog<Segment> segments;
    private readonly List<(CustomerEvent Event, Instant At)> left = [];
    private readonly Instant firstAsked;

    public Truths(DefinitionCatalog<Segment> segments, IReadOnlyList<CustomerEvent> events)
    {
        this.segments = segments;
        foreach (var happened in events)
        {
            if (Left(happened, events) is { } kept)
            {
                left.Add((kept, kept.OccurredAt!.Value));
            }
        }

        firstAsked = left.Min(one => one.At);
    }

    public bool IsMember(string segment, Instant at) =>
        at >= firstAsked && segments.At(segment, at) is { } definition && Evaluator.Evaluate(definition.Value.Where, new AsOf(this, at)).Value;

    /// <summary>The instants at which an answer may change, and their neighbours.</summary>
    public IEnumerable<Instant> Boundaries(Instant until)
    {
        var lengths = new[] { 0, 1, 7, 10, 14, 21, 28, 30 };
        var midnights = new[] { 1, 2, 7, 8 };
        var edges = left.SelectMany(one => lengths.Select(days => one.At + Duration.FromDays(days)))
            .Concat(left.SelectMany(one => midnights.SelectMany(days => new[] { Midnight(one.At, days), Midnight(one.At, days) - Duration.FromHours(8) })))
            .Concat(Enumerable.Range(0, 12).Select(week => Club.Day((7 * week) + 4)))
            .Concat(segments.All.Where(definition => definition.ActiveFrom > Club.Opening).Select(definition => definition.ActiveFrom))
            .Concat(Enumerable.Range(0, 8).Select(week => Club.Day(7 * week) + Duration.FromDays(1)))
            .Concat([Club.Day(20), Club.Day(35), Club.Day(30) + Duration.FromHours(6), Club.Day(31) + Duration.FromHours(22)]);
        return edges.SelectMany(edge => new[] { edge - Duration.FromTicks(1), edge, edge + Duration.FromTicks(1) }).Where(instant => instant <= until).Distinct().Order();
    }

    private static Instant Midnight(Instant at, int days) => at.InUtc().Date.PlusDays(days).AtMidnight().InUtc().ToInstant();

    private static CustomerEvent? Left(CustomerEvent happened, IReadOnlyList<CustomerEvent> events)
    {
        if (happened.Kind != EventKinds.PurchaseName || happened.Spend is not { } spend)
        {
            return happened;
        }

        var taken = events.Where(refund => refund.Kind == EventKinds.RefundName && refund.Original == happened.Key).Sum(refund => refund.Spend?.MinorUnits ?? 0);
        return events.Any(cancellation => cancellation.Kind == EventKinds.CancellationName && cancellation.Original == happened.Key) || taken >= spend.MinorUnits
            ? null
            : happened with { Spend = new Money(spend.MinorUnits - taken, spend.Currency) };
    }

    private sealed class AsOf(Truths truths, Instant at) : IEvidence
    {
        public Moment Moment => new(at, DateTimeZone.Utc);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, truths.left, at);

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            if (name == ScoreModule.Points)
            {
                var points = truths.left.Count(one => one.Event.Kind == EventKinds.PurchaseName && one.At <= at && at < one.At + ScoreModule.Life);
                return points == 0 ? default(Scalar) : points;
            }

            return truths.IsMember(name[SegmentNames.FactPrefix.Length..], at) ? true : default(Scalar);
        }
    }
}
