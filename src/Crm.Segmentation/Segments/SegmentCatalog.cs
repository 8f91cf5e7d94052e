using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation.Explanations;
using Crm.Values;

namespace Crm.Segmentation.Segments;

/// <summary>All versions of all segments of a host, checked together. Made once at start; the module decides by it, and explanations are asked of it.</summary>
public sealed class SegmentCatalog
{
    /// <summary>A catalogue of segments that count from the beginning of time.</summary>
    /// <exception cref="InvalidSegmentException">Something is wrong with a segment; the message lists all of it.</exception>
    public SegmentCatalog(params IEnumerable<Segment> segments)
        : this(new DefinitionCatalog<Segment>(segments.Select(segment => segment.Define())))
    {
    }

    /// <summary>A catalogue of versions of segments.</summary>
    /// <param name="definitions">The versions.</param>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    /// <exception cref="InvalidSegmentException">Something is wrong with a segment, it names one that does not exist, or segments go in circles; the message lists all of it.</exception>
    public SegmentCatalog(DefinitionCatalog<Segment> definitions, EventKinds? kinds = null)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        Definitions = definitions;
        var errors = SegmentReferences.Errors(definitions, kinds).ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidSegmentException(errors);
        }

        Plans = new SegmentPlans(definitions);
    }

    /// <summary>Every version of every segment.</summary>
    public DefinitionCatalog<Segment> Definitions { get; }

    internal SegmentPlans Plans { get; }

    /// <summary>Why a customer is in a segment, or is not, as of the view.</summary>
    /// <param name="customer">The customer, read from an engine that has the module of this catalogue.</param>
    /// <param name="segment">The id of the segment.</param>
    /// <exception cref="ArgumentException">No segment has the id; the message lists those there are.</exception>
    public SegmentExplanation Explain(CustomerView customer, string segment)
    {
        ArgumentNullException.ThrowIfNull(customer);
        ArgumentNullException.ThrowIfNull(segment);
        return new Explaining(Definitions, customer).Explain(segment);
    }

    /// <summary>Why a customer is in a segment as of an instant, or is not, by the definition that counts then, with the events that speak for it. The store need not have decided by this catalogue.</summary>
    /// <param name="customer">The customer with the history up to the instant.</param>
    /// <param name="segment">The id of the segment.</param>
    /// <exception cref="ArgumentException">No segment has the id; the message lists those there are. Or a part of its condition cannot be answered of that instant; the message lists those parts.</exception>
    public SegmentExplanation Explain(PastView customer, string segment)
    {
        ArgumentNullException.ThrowIfNull(customer);
        ArgumentNullException.ThrowIfNull(segment);
        var truths = Answerable(customer, segment);
        return new Explaining(Definitions, truths, customer.Customer.SlotOrNull<Memberships.SegmentationState>(SegmentNames.Module)).Explain(segment);
    }

    /// <summary>Whether a customer is in a segment as of an instant, by the definition that counts then, and until when that surely stays so if nothing happens. The store need not have decided by this catalogue.</summary>
    /// <exception cref="ArgumentException">No segment has the id; the message lists those there are. Or a part of its condition cannot be answered of that instant; the message lists those parts.</exception>
    public Truth IsMember(PastView customer, string segment)
    {
        ArgumentNullException.ThrowIfNull(customer);
        ArgumentNullException.ThrowIfNull(segment);
        return Answerable(customer, segment).Of(segment);
    }

    private SegmentTruths Answerable(PastView customer, string segment)
    {
        var truths = new SegmentTruths(Definitions, customer);
        var refusals = truths.Refusals(segment).ToSequence();
        return refusals.IsEmpty ? truths : throw new ArgumentException(string.Join(Environment.NewLine, refusals), nameof(segment));
    }

    /// <summary>The sentence of one of the segmentation module's receipt lines, with the label that counts at an instant.</summary>
    /// <param name="line">The line.</param>
    /// <param name="at">When what it tells happened.</param>
    /// <exception cref="ArgumentException">The line is another module's.</exception>
    public Text Describe(ReceiptLine line, NodaTime.Instant at)
    {
        ArgumentNullException.ThrowIfNull(line);
        var id = line.Subject ?? "";
        var label = Definitions.Names.Contains(id) && Definitions.At(id, at) is { } definition ? definition.Value.Label : new Text(id, id);
        return (line.Module, line.Code) switch
        {
            (SegmentNames.Module, SegmentNames.EnteredLine) => new($"Entered the segment '{label.English}'.", $"進入分眾「{label.Chinese}」。"),
            (SegmentNames.Module, SegmentNames.LeftLine) => new($"Left the segment '{label.English}'.", $"離開分眾「{label.Chinese}」。"),
            _ => throw new ArgumentException($"'{line.Module}/{line.Code}' is no line of the segmentation module; its codes are '{SegmentNames.EnteredLine}' and '{SegmentNames.LeftLine}'.", nameof(line)),
        };
    }
}
