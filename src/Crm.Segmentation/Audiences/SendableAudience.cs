using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Audiences;

/// <summary>
/// Customers who may be contacted by one channel for one purpose, and for one brand or all, as of an instant. Made by <see cref="Audience.ForChannelAsync"/> only. What is sent is decided by the host's journeys, each message
/// passing the gate again when it is decided and when it leaves.
/// </summary>
public sealed class SendableAudience
{
    /// <summary>The event that tells journeys that a customer is addressed, with its brand and the fields segment, channel, purpose and occasion.</summary>
    public const string Addressed = "audience-addressed";

    /// <summary>The field with the id of the segment.</summary>
    public const string SegmentField = "segment";

    /// <summary>The field with the channel.</summary>
    public const string ChannelField = "channel-wanted";

    /// <summary>The field with the purpose.</summary>
    public const string PurposeField = "purpose";

    /// <summary>The field with the occasion, by which journeys tell whether they are meant.</summary>
    public const string OccasionField = "occasion";

    private const int AtOnce = 500;

    private readonly CrmEngine engine;

    internal SendableAudience(CrmEngine engine, Audience audience, (string Channel, string Purpose, string? Brand) use, Instant asOf, IReadOnlyList<CustomerId> customers, IReadOnlyDictionary<string, int> refused)
    {
        this.engine = engine;
        Segment = audience.Segment;
        (Channel, Purpose, Brand) = use;
        AsOf = asOf;
        Customers = customers;
        Refused = refused;
    }

    /// <summary>The id of the segment that chose them.</summary>
    public string Segment { get; }

    /// <summary>The channel.</summary>
    public string Channel { get; }

    /// <summary>The purpose.</summary>
    public string Purpose { get; }

    /// <summary>The brand; null: for all that the host sells under.</summary>
    public string? Brand { get; }

    /// <summary>When the gate was asked.</summary>
    public Instant AsOf { get; }

    /// <summary>Who may be contacted, in the order of their ids.</summary>
    public IReadOnlyList<CustomerId> Customers { get; }

    /// <summary>How many may not, by the gate's reason.</summary>
    public IReadOnlyDictionary<string, int> Refused { get; }

    /// <summary>The kind of the event; segmentation brings it along.</summary>
    internal static EventKind Kind { get; } = new(Addressed, EventNature.Happening)
    {
        Fields = [new(SegmentField, ScalarKind.Code, Required: true), new(ChannelField, ScalarKind.Code, Required: true), new(PurposeField, ScalarKind.Code, Required: true), new(OccasionField, ScalarKind.Code, Required: true)],
    };

    /// <summary>
    /// Tells the journeys of an occasion, such as "spring-sale-2026", that these customers are addressed: an event for each, once for each customer and occasion however often it is called, so one that
    /// was stopped is called again.
    /// </summary>
    /// <returns>How many were addressed by this call.</returns>
    public async ValueTask<int> AddressAsync(string occasion, CancellationToken cancellationToken = default)
    {
        if (!Names.IsName(occasion))
        {
            throw new ArgumentException($"'{occasion}' is not the name of an occasion: lower-case letters, digits, '-', '_' and '.' are expected, such as 'spring-sale-2026'.", nameof(occasion));
        }

        var addressed = 0;
        foreach (var some in Customers.Chunk(AtOnce))
        {
            var recorded = await engine.RecordAsync([.. some.Select(customer => Event(customer, occasion))], RecordMode.Live, cancellationToken).ConfigureAwait(false);
            addressed += recorded.Count(one => one is Recorded.New);
        }

        return addressed;
    }

    private CustomerEvent Event(CustomerId customer, string occasion) => new()
    {
        Key = new EventKey(Segments.SegmentListing.Source, $"{occasion}/{customer}"),
        Kind = Addressed,
        Customer = customer,
        Brand = Brand,
        Fields = Fields.Of((SegmentField, Segment), (ChannelField, Channel), (PurposeField, Purpose), (OccasionField, occasion)),
    };
}
