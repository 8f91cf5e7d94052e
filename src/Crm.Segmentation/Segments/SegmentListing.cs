using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>
/// The events by which customers come into segments that no condition on their doings decides. Manual segments and snapshots are conditions over these events, so history, late corrections, nesting
/// and every way of asking work for them as for all others.
/// </summary>
public static class SegmentListing
{
    /// <summary>Somebody puts a customer into a manual segment, or takes the customer out of it.</summary>
    public const string Listed = "segment-listed";

    /// <summary>A customer is in the set of a snapshot.</summary>
    public const string Captured = "segment-captured";

    /// <summary>The field with the id of the segment.</summary>
    public const string SegmentField = "segment";

    /// <summary>The field of <see cref="Listed"/> that says whether the customer is put in; otherwise the customer is taken out.</summary>
    public const string MemberField = "member";

    /// <summary>The field of <see cref="Captured"/> with the set, <see cref="SnapshotSource.Set"/>.</summary>
    public const string SetField = "set";

    /// <summary>The source of the keys of captures.</summary>
    public const string Source = "segmentation";

    /// <summary>The kinds of events that segmentation brings along.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(Listed, EventNature.Happening) { Fields = [new(SegmentField, ScalarKind.Code, Required: true), new(MemberField, ScalarKind.Flag, Required: true)] },
        new(Captured, EventNature.Happening) { Fields = [new(SegmentField, ScalarKind.Code, Required: true), new(SetField, ScalarKind.Code, Required: true)] },
    ];

    /// <summary>Puts a customer into a manual segment.</summary>
    /// <param name="key">The sender's name of the event.</param>
    /// <param name="customer">Who.</param>
    /// <param name="segment">The id of the segment.</param>
    public static CustomerEvent Add(string key, Identity customer, string segment) => Of(key, customer, segment, isMember: true);

    /// <summary>Takes a customer out of a manual segment. Of an addition and a removal at one instant, the removal counts.</summary>
    /// <inheritdoc cref="Add" path="/param"/>
    public static CustomerEvent Remove(string key, Identity customer, string segment) => Of(key, customer, segment, isMember: false);

    /// <summary>Who is in a manual segment: those whose latest listing put them in.</summary>
    internal static Condition WhereListed(string segment) =>
        If.Events(Listed).Where(If.Field("event." + SegmentField).Is(segment)).Latest(new Measured.Named("event." + MemberField)).Is(true);

    /// <summary>Who is in a snapshot: those captured into its set.</summary>
    internal static Condition WhereCaptured(string segment, SnapshotSource source) =>
        If.Events(Captured).Where(If.Field("event." + SegmentField).Is(segment) & If.Field("event." + SetField).Is(source.Set.ToString())).Count().AtLeast(1);

    /// <summary>A capture. Its key names set and customer, so that taking a snapshot twice captures nobody twice.</summary>
    internal static CustomerEvent Capture(CustomerId customer, string segment, DefinitionHash set, Instant asOf) => new()
    {
        Key = new EventKey(Source, $"{set}/{customer}"),
        Kind = Captured,
        Customer = customer,
        OccurredAt = asOf,
        Fields = Fields.Of((SegmentField, segment), (SetField, set.ToString())),
    };

    private static CustomerEvent Of(string key, Identity customer, string segment, bool isMember) => new()
    {
        Key = EventKey.Parse(key),
        Kind = Listed,
        Identity = customer,
        Fields = Fields.Of((SegmentField, segment), (MemberField, isMember)),
    };
}
