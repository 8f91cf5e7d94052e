using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using FluentValidation;

namespace Crm.Segmentation.Segments;

/// <summary>Finds everything that is wrong with a segment by itself. Whether the segments that it names exist, and do not go in circles, is checked by <see cref="SegmentCatalog"/>.</summary>
public sealed class SegmentValidator : AbstractValidator<Segment>
{
    /// <summary>The validator.</summary>
    public SegmentValidator() => RuleFor(segment => segment).Custom((segment, context) =>
    {
        foreach (var error in Errors(segment))
        {
            context.AddFailure(error.Path, error.Message);
        }
    });

    /// <summary>Refuses a segment with something wrong.</summary>
    /// <exception cref="InvalidSegmentException">The findings, all of them.</exception>
    public static void Check(Segment segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        var errors = Errors(segment).ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidSegmentException(errors);
        }
    }

    /// <param name="kinds">The kinds of events there are; null: they are not looked at.</param>
    internal static IEnumerable<SegmentError> Errors(Segment segment, EventKinds? kinds = null) =>
    [
        .. OfName(segment),
        .. OfKind(segment),
        .. ConditionCheck.Check(Asked(segment), kinds).Select(error => new SegmentError(InWhere(error.Path), error.Message)),
        .. OfScope(Asked(segment), "where"),
    ];

    // What people have written: of a snapshot, what it is taken of.
    private static Condition Asked(Segment segment) => segment.Taken?.Where ?? (segment.Kind == SegmentKind.Manual ? new Condition.All([]) : segment.Where);

    /// <summary>The path of a condition's error in the segment.</summary>
    internal static string InWhere(string path) => "where" + path[1..];

    private static IEnumerable<SegmentError> OfName(Segment segment)
    {
        if (!SegmentNames.IsId(segment.Id))
        {
            yield return new("id", $"'{segment.Id}' is not the id of a segment: at most {Names.Longest - SegmentNames.FactPrefix.Length} lower-case letters, digits, '-' and '_' are expected, such as 'hk-regulars', and no dot, because its fact is named 'segment.ID'.");
        }

        if (string.IsNullOrWhiteSpace(segment.Label.English))
        {
            yield return new("label.en", "There is no English label; what people call the segment is expected.");
        }

        if (string.IsNullOrWhiteSpace(segment.Label.Chinese))
        {
            yield return new("label.zh-Hant", "There is no label in Traditional Chinese; what people call the segment is expected.");
        }
    }

    private static IEnumerable<SegmentError> OfKind(Segment segment)
    {
        var expected = segment switch
        {
            { Kind: SegmentKind.Manual } => SegmentListing.WhereListed(segment.Id),
            { Kind: SegmentKind.Snapshot, Taken: { } taken } => SegmentListing.WhereCaptured(segment.Id, taken),
            _ => segment.Where,
        };
        if (segment.Where != expected || (segment.Taken is null) == (segment.Kind == SegmentKind.Snapshot))
        {
            yield return new("kind", $"The segment is {SegmentJson.KindWords[(int)segment.Kind]} and its condition or its id is of another; make it with Segment.Manual or Segment.Snapshot.");
        }
    }

    private static IEnumerable<SegmentError> OfScope(Condition condition, string path) => condition switch
    {
        Condition.All all => OfScope(all.Of, path + ".all"),
        Condition.Any any => OfScope(any.Of, path + ".any"),
        Condition.Not not => OfScope(not.Of, path + ".not"),
        Condition.Score score => score.Of.SelectMany((part, place) => OfScope(part.When, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{place}].when"))),
        Condition.Field field when field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal) || field.Name.StartsWith(EventFields.LookupScope, StringComparison.Ordinal) =>
            [new(path + ".field", $"'{field.Name}' belongs to one event, and a segment asks about the customer at any time; a profile field ('customer.NAME'), a fact or a measure over events is expected.")],
        _ => [],
    };

    private static IEnumerable<SegmentError> OfScope(Sequence<Condition> parts, string path) =>
        parts.SelectMany((part, place) => OfScope(part, string.Create(CultureInfo.InvariantCulture, $"{path}[{place}]")));
}
