using Crm.Events;
using Crm.Values;

namespace Crm.Conditions;

/// <summary>Events that may change an answer: those whose fields all have one of the listed values. Without requirements, every event.</summary>
internal sealed record EventSignature(Sequence<EventSignature.Requirement> Requirements)
{
    private const string Kind = "kind";

    /// <summary>Every event.</summary>
    public static EventSignature Every { get; } = new([]);

    /// <summary>The kinds of the events; null when they are of any.</summary>
    public IEnumerable<string>? Kinds => Requirements.Where(required => required.Field is Kind)
        .Select(required => required.Values.Select(value => value.AsCode).OfType<string>())
        .Aggregate((IEnumerable<string>?)null, (kinds, more) => kinds is null ? more : kinds.Intersect(more, StringComparer.Ordinal));

    /// <summary>The same for events that are known to be of one of its kinds.</summary>
    public EventSignature WithoutKind => new(Requirements.Where(required => required.Field is not Kind).ToSequence());

    /// <summary>The events that may change what a condition answers, compared with its answer while no event is being handled.</summary>
    public static IEnumerable<EventSignature> Of(Condition condition)
    {
        switch (condition)
        {
            case Condition.All all:
                var required = Required(all).ToSequence();
                return required.IsEmpty ? all.Of.SelectMany(Of).Distinct() : [new EventSignature(required)];
            case Condition.Any any:
                return any.Of.SelectMany(Of).Distinct();
            case Condition.Not not:
                return Of(not.Of);
            case Condition.Field field:
                return [RequiredBy(field) is { } one ? new EventSignature([one]) : Every];
            case Condition.Score score:
                return score.Of.SelectMany(part => Of(part.When)).Distinct();
            case not null when condition.ZoneFields().Any():
                // Whichever event comes, the profile that is observed with it may name another zone.
                return [Every];
            case Condition.EventWindow window:
                return window.Patterns().Select(pattern => new EventSignature([new Requirement(Kind, [pattern.Kind]), .. Required(pattern.Where)])).Distinct();
            default:
                return [];
        }
    }

    /// <summary>Whether an event is one of them.</summary>
    public bool Matches(CustomerEvent happened)
    {
        foreach (ref readonly var required in Requirements.AsSpan())
        {
            if (!required.Values.AsSpan().Contains(EventFields.Read(happened, required.Field)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>All that an event must have for a condition to hold, as far as the condition says so outright.</summary>
    private static IEnumerable<Requirement> Required(Condition? condition) => condition switch
    {
        Condition.All all => all.Of.SelectMany(Required),
        not null when RequiredBy(condition) is { } one => [one],
        _ => [],
    };

    /// <summary>What an event must have for a leaf to hold; null when nothing can be said, or when the leaf holds without an event.</summary>
    private static Requirement? RequiredBy(Condition condition) =>
        condition is Condition.Field { WhenMissing: false } field && field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal)
            ? field.Is switch
            {
                Test.EqualTo equal => new Requirement(field.Name[EventFields.Scope.Length..], [equal.Value]),
                Test.OneOf oneOf => new Requirement(field.Name[EventFields.Scope.Length..], oneOf.Values),
                _ => null,
            }
            : null;

    /// <summary>A field of the event has one of these values.</summary>
    internal readonly record struct Requirement(string Field, Sequence<Scalar> Values);
}
