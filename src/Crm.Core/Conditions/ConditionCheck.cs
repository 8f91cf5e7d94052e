using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Finds everything that is wrong with a condition, however it was made. What is wrong would not fail later; it would never hold, or always.</summary>
public sealed partial class ConditionCheck
{
    /// <summary>How deep conditions may be nested.</summary>
    public const int MostDepth = 32;

    /// <summary>How many parts a condition may have, filters included. A "not" directly around something that is neither "all", "any" nor "not" is no part of its own, so that no other spelling of a condition has more.</summary>
    public const int MostParts = 1_000;

    /// <summary>How many values a list may have.</summary>
    public const int MostValues = 1_000;

    /// <summary>The longest window.</summary>
    public static readonly Duration LongestWindow = Duration.FromDays(3_660);

    private readonly List<ConditionError> errors = [];
    private readonly EventKinds? kinds;
    private readonly DayCalendars? calendars;
    private int parts;

    private ConditionCheck(EventKinds? kinds, DayCalendars? calendars)
    {
        this.kinds = kinds;
        this.calendars = calendars;
    }

    /// <summary>All errors, in the order of the parts; none when the condition is right.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="kinds">The kinds of events there are, so that misspelt kinds and fields are found; null: they are not looked at.</param>
    /// <param name="calendars">The calendars there are; null: they are not looked at.</param>
    public static Sequence<ConditionError> Check(Condition condition, EventKinds? kinds = null, DayCalendars? calendars = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var check = new ConditionCheck(kinds, calendars);
        check.Part(condition, "$", 1, null);
        return check.errors.ToSequence();
    }

    private void Part(Condition condition, string path, int depth, EventWhere? where)
    {
        var isPart = condition is not Condition.Not { Of: not (Condition.All or Condition.Any or Condition.Not) };
        parts += isPart ? 1 : 0;
        if (parts > MostParts || depth > MostDepth)
        {
            TooMuch(path, depth, isPart);
            return;
        }

        switch (condition)
        {
            case Condition.All all:
                Parts(all.Of, path + ".all", depth, where);
                break;
            case Condition.Any any:
                Parts(any.Of, path + ".any", depth, where);
                break;
            case Condition.Not not:
                Part(not.Of, path + ".not", depth + 1, where);
                break;
            case Condition.Field field:
                FieldName(field.Name, path + ".field", where);
                new TestCheck(errors, path).Check(field.Is, field.WhenMissing, field.Name, FieldKind(field.Name, where));
                if (where is not null && field.Is.IsTimed())
                {
                    errors.Add(new(path + ".is", "A 'where' looks at one event, whenever it is asked: what moves with today cannot be asked in it. Say it with the window."));
                }

                break;
            case not null when where is not null:
                errors.Add(new(path, "A 'where' looks at one event: it is built of all, any, not and fields of 'event.' and 'line.' only."));
                break;
            case Condition.Fact fact:
                Name(fact.Name, path + ".fact", "a fact", "loyalty.tier");
                new TestCheck(errors, path).Check(fact.Is, fact.WhenMissing, fact.Name, null);
                break;
            case Condition.EventWindow window:
                Window(window, path, depth);
                break;
            case Condition.Moment moment:
                Within(moment.Within, path);
                if (moment.Zone is { } zone)
                {
                    ZoneName(zone, path + ".zone");
                }

                break;
            case Condition.Score score:
                Score(score, path, depth);
                break;
            default:
                errors.Add(new(path, "There is no condition here."));
                break;
        }
    }

    private void Parts(Sequence<Condition> of, string path, int depth, EventWhere? where)
    {
        for (var i = 0; i < of.Count; i++)
        {
            Part(of[i], string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}[{i}]"), depth + 1, where);
        }
    }

    private void TooMuch(string path, int depth, bool isPart)
    {
        if (depth > MostDepth)
        {
            errors.Add(new(path, $"The condition is nested more than {MostDepth} deep; say it with fewer levels."));
        }
        else if (isPart && parts == MostParts + 1)
        {
            errors.Add(new(path, $"The condition has more than {MostParts} parts, of which this is the first too many; lists of values are said with 'in'."));
        }
    }

    private void FieldName(string name, string path, EventWhere? where)
    {
        if (where is null)
        {
            if (name.StartsWith(EventFields.LineScope, StringComparison.Ordinal))
            {
                errors.Add(new(path, $"'{name}' is asked of no line: fields of lines are allowed only in the 'where' of a measure over events."));
            }
            else if (Scoped(name, Evaluator.ProfileScope, EventFields.Scope, EventFields.LookupScope) is not { } rest || !Names.IsName(rest))
            {
                errors.Add(new(path, $"'{name}' is not the name of a field: 'customer.', 'event.' or 'lookup.' and a name of lower-case letters, digits, '-', '_' and '.' are expected, such as 'customer.region'."));
            }
        }
        else if (Scoped(name, EventFields.LineScope) is { } ofLine)
        {
            Known(ofLine, EventFields.OfEveryLine, EventFields.LineScope, path);
        }
        else if (Scoped(name, EventFields.Scope) is not { } ofEvent || !Names.IsName(ofEvent))
        {
            errors.Add(new(path, $"'{name}' cannot be asked in a 'where': a field of 'event.' or 'line.' is expected, such as 'event.channel'."));
        }
        else if (where.Kind is { } kind)
        {
            Known(ofEvent, [.. EventFields.OfEveryEvent, .. kind.Fields.Select(field => field.Name)], EventFields.Scope, path);
        }
    }

    private void Known(string name, Sequence<string> known, string scope, string path)
    {
        if (!known.Contains(name))
        {
            errors.Add(new(path, $"'{scope}{name}' does not exist.{Suggestion(name, known)}"));
        }
    }

    private static ScalarKind? FieldKind(string name, EventWhere? where) => name switch
    {
        "event.spend" or "line.amount" or "line.quantity" => ScalarKind.Number,
        "event.kind" or "event.channel" or "event.brand" or "event.actor" or "event.currency" or "event.source" or "line.sku" or "line.category" => ScalarKind.Code,
        _ => where?.Kind?.Fields.FirstOrDefault(field => name.AsSpan().StartsWith(EventFields.Scope, StringComparison.Ordinal) && name.AsSpan(EventFields.Scope.Length).SequenceEqual(field.Name))?.Kind,
    };

    private void Score(Condition.Score score, string path, int depth)
    {
        if (score.Of.IsEmpty)
        {
            errors.Add(new(path + ".score", "There is no part that gives points; at least one is expected."));
        }

        for (var i = 0; i < score.Of.Count; i++)
        {
            var place = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.score[{i}]");
            Part(score.Of[i].When, place + ".when", depth + 1, null);
            if (Math.Abs(score.Of[i].Points) is 0 or > 1_000_000_000)
            {
                errors.Add(new(place + ".points", $"The part gives {score.Of[i].Points} points; a number other than 0 and up to a thousand million is expected."));
            }
        }

        NumberTest(score.Is, path, "The sum of points");
    }

    private void Within(Span span, string path)
    {
        switch (span)
        {
            case Span.Between { From: null, Until: null }:
                errors.Add(new(path + ".between", "The span has neither beginning nor end, so it always holds; 'from', 'until' or both are expected."));
                break;
            case Span.Between { From: { } from, Until: { } until } when from >= until:
                errors.Add(new(path + ".between", $"The span ends ({until}) before it begins ({from}), so it never holds; 'until' is expected after 'from'."));
                break;
            case Span.Weekdays { Days.IsEmpty: true }:
                errors.Add(new(path + ".on", "There is no day of the week, so it never holds; at least one is expected."));
                break;
            case Span.Annual annual when !Enum.IsDefined(annual.LeapDay):
                errors.Add(new(path + ".annual.leapDay", $"There is no policy {annual.LeapDay} for 29 February."));
                break;
            case Span.Annual { LeapDay: LeapDayRule.LeapYearsOnly } annual when annual.From.CompareTo(annual.To) > 0 && (annual.From is { Month: 2, Day: 29 } || annual.To is { Month: 2, Day: 29 }):
                errors.Add(new(path + ".annual", "A span over the turn of the year that begins or ends on 29 February needs a date for it in common years: 'february-28' or 'march-1' is expected."));
                break;
            case Span.Listed listed:
                Name(listed.Calendar, path + ".calendar", "a calendar", "hk-public-holidays");
                if (calendars is not null && Names.IsName(listed.Calendar) && calendars.Find(listed.Calendar) is null)
                {
                    errors.Add(new(path + ".calendar", $"No calendar is named '{listed.Calendar}'.{Suggestion(listed.Calendar, calendars.Names)}"));
                }

                break;
            case Span.Weekdays weekdays when weekdays.Days.Any(day => !Enum.IsDefined(day) || day == IsoDayOfWeek.None) || weekdays.Days.Distinct().Count() != weekdays.Days.Count:
                errors.Add(new(path + ".on", $"{weekdays.Days} are not days of the week, each once."));
                break;
        }
    }

    private void Name(string name, string path, string what, string example)
    {
        if (!Names.IsName(name))
        {
            errors.Add(new(path, $"'{name}' is not the name of {what}: lower-case letters, digits, '-', '_' and '.' are expected, such as '{example}'."));
        }
    }

    private static string? Scoped(string name, params ReadOnlySpan<string> scopes)
    {
        foreach (var scope in scopes)
        {
            if (name.StartsWith(scope, StringComparison.Ordinal))
            {
                return name[scope.Length..];
            }
        }

        return null;
    }

    private static string Suggestion(string name, Sequence<string> known) =>
        $"{(Names.Nearest(name, known) is { } nearest ? $" Did you mean '{nearest}'?" : "")} There are: {string.Join(", ", known)}.";

    /// <summary>That a filter is being checked, and of which kind of events, where that is known.</summary>
    private sealed record EventWhere(EventKind? Kind);
}
