using Crm.Conditions;
using Crm.Segmentation.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>Why a customer is in a segment at an instant, or is not.</summary>
public sealed record SegmentExplanation
{
    /// <summary>The id of the segment.</summary>
    public required string Segment { get; init; }

    /// <summary>What people call it.</summary>
    public required Text Label { get; init; }

    /// <summary>The version that counts; null before the first: then nobody is in it.</summary>
    public required int? Version { get; init; }

    /// <summary>As of when.</summary>
    public required Instant At { get; init; }

    /// <summary>The membership that lasts; null when the customer is not in the segment.</summary>
    public required Membership? Membership { get; init; }

    /// <summary>The condition with what each part says and answers; null before the first version.</summary>
    public required ExplainedPart? Why { get; init; }

    /// <summary>Whether the customer is in it.</summary>
    public bool IsMember => Membership is not null;

    /// <summary>When the customer leaves, or enters, if nothing happens; null where it was not looked for, or time alone does not do it in the foreseeable future.</summary>
    public Instant? ChangesAt { get; init; }

    /// <summary>The fewest values that would have to be others for the customer to leave, or to enter; empty where nothing but time or another definition does it, and where only a text would that a regular expression takes.</summary>
    public Sequence<NeededChange> SmallestChange { get; init; }

    /// <summary>The answer and the reasons, each part on a line of its own.</summary>
    public Text Text => ExplanationText.Of(this);

    /// <summary>The zone in which times are told.</summary>
    internal DateTimeZone Zone { get; init; } = DateTimeZone.Utc;

    /// <summary>
    /// The leaves that stand in the way: those that do not hold and are asked for, and those that hold and are ruled out. Each has to change, except where one of several would do.
    /// Empty for a member.
    /// </summary>
    public Sequence<ExplainedPart> WhyNot => IsMember || Why is null ? [] : Hindering(Why, asked: true).ToSequence();

    private static IEnumerable<ExplainedPart> Hindering(ExplainedPart part, bool asked) => part.Condition switch
    {
        _ when part.Holds == asked => [],
        Condition.Not => part.Parts.SelectMany(inner => Hindering(inner, !asked)),
        Condition.All or Condition.Any => part.Parts.SelectMany(inner => Hindering(inner, asked)),
        _ => [part],
    };
}

/// <summary>A part of a segment's condition and its answer.</summary>
public sealed record ExplainedPart
{
    /// <summary>The part.</summary>
    public required Condition Condition { get; init; }

    /// <summary>What it says.</summary>
    public required Text Text { get; init; }

    /// <summary>Whether it holds.</summary>
    public required bool Holds { get; init; }

    /// <summary>Until when that surely stays so if nothing happens; null: until something happens.</summary>
    public required Instant? ValidUntil { get; init; }

    /// <summary>What was compared: the value of a fact, what a measure amounts to, or the sum of points of a score. Missing for parts of other kinds, for profile fields, which are personal, and where there is no value.</summary>
    public Scalar Actual { get; init; }

    /// <summary>The events that a measure counted, by their keys, oldest first; for a sequence those that may take part in one. Empty for other parts, and where the history was not read.</summary>
    public Sequence<EventKey> Evidence { get; init; }

    /// <summary>The nearest value for which the leaf gives the other answer, or, of a number that can be anything, that right beyond which it does; of a score the nearest sum that its parts can give; missing where its test names none, any other code being as near, or the leaf is of the profile, a segment or a moment. Of a day without its year (MMDD) it is one that does, and not always the nearest.</summary>
    public Scalar TurnsAt { get; init; }

    /// <summary>How far the value is from giving the other answer: of numbers the difference, of dates in whole days, of instants in seconds, exact to the tick (100 ns). Null for codes, flags and days without their year, and where a date or instant is missing.</summary>
    public decimal? Margin => LeafValues.TestOf(Condition) is Test.Anniversary && TurnsAt.Kind == ScalarKind.Number ? null : LeafValues.Margin(Actual, TurnsAt);

    /// <summary>Where the customer's own zone was found, for a leaf that sees the calendar in it; null for all others. The zone itself is personal and not told.</summary>
    public ZoneSource? Zone { get; init; }

    /// <summary>The parts of all, any and not.</summary>
    public Sequence<ExplainedPart> Parts { get; init; }

    /// <summary>For a leaf that asks for membership in another segment: the explanation of that; otherwise null.</summary>
    public SegmentExplanation? Nested { get; init; }
}
