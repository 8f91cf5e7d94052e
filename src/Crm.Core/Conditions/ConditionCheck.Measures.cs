using System.Globalization;
using Crm.Events;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <content>Measures over events, and the windows they look at.</content>
public sealed partial class ConditionCheck
{
    /// <summary>The most parts of a window, and the most periods of the calendar.</summary>
    public const int MostPeriods = 400;

    private static readonly Aggregation[] OfNumbers = [Aggregation.Sum, Aggregation.Average];

    private void Window(Condition.EventWindow leaf, string path, int depth)
    {
        var kind = Kind(leaf.Kind, path + leaf.Measure switch { Measure.Count => ".count", Measure.Periods => ".periods", Measure.Sequence => ".sequence", _ => ".of" });
        var value = leaf.Measure switch
        {
            Measure.SumOfSpend sum => OfEvent(new Measured.Spend(sum.Currency), path, ConditionWords.Sum, new EventWhere(kind)),
            Measure.Aggregate aggregate => Aggregate(aggregate, path, new EventWhere(kind)),
            _ => ScalarKind.Number,
        };
        if (leaf.Where is { } where)
        {
            Part(where, path + ".where", depth + 1, new EventWhere(kind));
        }

        if (leaf.Measure is Measure.Sequence sequence)
        {
            Steps(sequence, path, depth);
        }

        WindowOf(leaf.Window, path + ".window", depth);
        if (leaf.Measure is Measure.Periods periods)
        {
            Periods(periods, leaf.Window, path);
        }

        if (leaf.Measure.CanBeMissing)
        {
            new TestCheck(errors, path).Check(leaf.Is, leaf.WhenMissing, "The measure", value);
            return;
        }

        if (leaf.WhenMissing)
        {
            errors.Add(new(path + ".whenMissing", "Counts and sums are never missing: without events they are 0. Leave it out."));
        }

        NumberTest(leaf.Is, path, "A count or sum");
    }

    private void NumberTest(Test test, string path, string subject)
    {
        if (test is Test.Known)
        {
            errors.Add(new(path + ".is.known", "Counts and sums are always known: without events they are 0. Ask for \"gte\" 1 instead."));
        }
        else
        {
            new TestCheck(errors, path).Check(test, false, subject, ScalarKind.Number);
        }
    }

    private EventKind? Kind(string name, string path)
    {
        Name(name, path, "an event kind", EventKinds.PurchaseName);
        var kind = kinds?.Find(name);
        if (kinds is not null && kind is null && Names.IsName(name))
        {
            errors.Add(new(path, $"No event kind is named '{name}'.{Suggestion(name, kinds.Known.ToSequence())}"));
        }

        return kind;
    }

    private ScalarKind? Aggregate(Measure.Aggregate aggregate, string path, EventWhere where)
    {
        if (!Enum.IsDefined(aggregate.How))
        {
            errors.Add(new(path, $"There is no aggregation {aggregate.How}."));
            return null;
        }

        var word = ConditionWords.Aggregations[(int)aggregate.How];
        var kind = OfEvent(aggregate.Of, path, word, where);
        if (OfNumbers.Contains(aggregate.How) && kind is { } known && known != ScalarKind.Number)
        {
            errors.Add(new(path + "." + word, "Only numbers have a sum and an average."));
        }

        if (aggregate.How == Aggregation.Unique && kind is { } listed && listed is not (ScalarKind.Code or ScalarKind.Codes))
        {
            errors.Add(new(path + "." + ConditionWords.Unique, "Only codes are listed; the different values of others can be counted, with \"distinct\"."));
        }

        return aggregate.How switch
        {
            Aggregation.Unique => ScalarKind.Codes,
            Aggregation.Distinct or Aggregation.Sum or Aggregation.Average => ScalarKind.Number,
            _ => kind,
        };
    }

    private ScalarKind? OfEvent(Measured value, string path, string word, EventWhere where)
    {
        switch (value)
        {
            case Measured.Spend spend:
                if (!Currency.TryOf(spend.Currency.Code, out _))
                {
                    errors.Add(new(path + ".currency", "The spend is summed in no currency; a code of ISO 4217 is expected, such as 'HKD'."));
                }

                return ScalarKind.Number;
            case Measured.Quantity:
                return ScalarKind.Number;
            case Measured.At:
                return ScalarKind.Instant;
            case Measured.Day day:
                ZoneName(day.Zone, path + ".zone");
                return ScalarKind.Date;
            case Measured.Named named:
                FieldName(named.Name, path + "." + word, where);
                return FieldKind(named.Name, where);
            default:
                errors.Add(new(path, "There is no value to measure here."));
                return null;
        }
    }

    private void Steps(Measure.Sequence sequence, string path, int depth)
    {
        if (sequence.Then.Count > Measure.Sequence.MostSteps || (sequence.Then.IsEmpty && sequence.Lacking is null))
        {
            errors.Add(new(path + ".then", $"The sequence has {sequence.Then.Count} steps after the first; 1 to {Measure.Sequence.MostSteps} are expected, or none where something must be lacking."));
            return;
        }

        for (var i = 0; i < sequence.Then.Count; i++)
        {
            var step = sequence.Then[i];
            var place = string.Create(CultureInfo.InvariantCulture, $"{path}.then[{i}]");
            Pattern(step.Event, place, depth + 1);
            if (step.After < Duration.Zero)
            {
                errors.Add(new(place + ".after", $"The least time since the step before is {WindowLength.Write(step.After)}; 0 or more is expected."));
            }

            WholeTicks(step.After, place + ".after");
            if (step.Within is { } within)
            {
                Length(within, place + ".within");
                if (within < step.After)
                {
                    errors.Add(new(place + ".within", $"The step comes after {WindowLength.Write(step.After)} and within {WindowLength.Write(within)}, so never; 'within' is expected to be the longer."));
                }
            }

            if (step.Without is { } without)
            {
                Pattern(without, place + ".without", depth + 1);
            }
        }

        if (sequence.Lacking is { } lacking)
        {
            Pattern(lacking.Event, path + ".lacking", depth + 1);
            Length(lacking.For, path + ".lacking.for");
        }
    }

    private void Pattern(EventPattern pattern, string path, int depth)
    {
        var kind = Kind(pattern.Kind, path + ".of");
        if (pattern.Where is { } where)
        {
            Part(where, path + ".where", depth + 1, new EventWhere(kind));
        }
    }

    private void WindowOf(Window window, string path, int depth)
    {
        if (window is Conditions.Window.Between between)
        {
            WholeTick(between.From, path + ".from");
            WholeTick(between.Until, path + ".until");
        }

        switch (window)
        {
            case Conditions.Window.Last last:
                Length(last.Length, path + ".last");
                WholeTicks(last.Skip, path + ".skip");
                if (last.Skip < Duration.Zero || (last.Skip >= last.Length && last.Length > Duration.Zero))
                {
                    errors.Add(new(path + ".skip", $"The window is {WindowLength.Write(last.Length)} long and leaves out {WindowLength.Write(last.Skip)} of it; 0 or more and less than the whole is expected."));
                }

                break;
            case Conditions.Window.Before before:
                Length(before.Age, path + ".before");
                break;
            case Conditions.Window.Calendar calendar:
                if (!Enum.IsDefined(calendar.Unit))
                {
                    errors.Add(new(path + ".calendar", $"There is no period {calendar.Unit} in the calendar."));
                }

                if (calendar.Skip is < 0 or > MostPeriods)
                {
                    errors.Add(new(path + ".skip", $"The window leaves out {calendar.Skip} periods; 0 to {MostPeriods} are expected."));
                }

                if (calendar.Count is < 1 or > MostPeriods)
                {
                    errors.Add(new(path + ".count", $"The window has {calendar.Count} periods; 1 to {MostPeriods} are expected."));
                }

                ZoneName(calendar.Zone, path + ".zone");
                break;
            case Conditions.Window.Between { From: { } from, Until: { } until } when from >= until:
                errors.Add(new(path, $"The window ends ({until}) before it begins ({from}), so nothing counts; 'until' is expected after 'from'."));
                break;
            case Conditions.Window.Between { From: null, Until: null }:
                errors.Add(new(path, "The window has neither beginning nor end; \"lifetime\" is expected for everything."));
                break;
            case Conditions.Window.Since since:
                Pattern(since.Event, path + (since.First ? ".sinceFirst" : ".sinceLatest"), depth);
                if (since.Within is { } within)
                {
                    Length(within, path + ".within");
                }

                break;
        }
    }

    private void Periods(Measure.Periods periods, Window window, string path)
    {
        if (periods.Times is < 1 or > 1_000_000)
        {
            errors.Add(new(path + ".times", $"A part of the window is active with {periods.Times} events; 1 to a million are expected."));
        }

        if (periods.OutOf is < 1 or > MostPeriods)
        {
            errors.Add(new(path + ".outOf", $"The window has {periods.OutOf} parts; 1 to {MostPeriods} are expected."));
            return;
        }

        switch (window)
        {
            case Conditions.Window.Last last when last.Skip == Duration.Zero && last.Length > Duration.Zero:
                if (last.Length.BclCompatibleTicks % periods.OutOf != 0)
                {
                    errors.Add(new(path + ".outOf", $"The window is {WindowLength.Write(last.Length)} long and cannot be divided by {periods.OutOf} without a rest."));
                }

                break;
            case Conditions.Window.Calendar calendar:
                if (calendar.Count != periods.OutOf)
                {
                    errors.Add(new(path + ".outOf", $"The window has {calendar.Count} periods of the calendar and is asked for {periods.OutOf} parts; as many parts as periods are expected."));
                }

                break;
            default:
                errors.Add(new(path + ".window", "Only a window of the last so many days without skip, or one of the calendar, has equal parts."));
                break;
        }
    }

    private void Length(Duration length, string path)
    {
        if (length <= Duration.Zero || length > LongestWindow)
        {
            errors.Add(new(path, $"The window is {WindowLength.Write(length)} long; more than 0 and at most {LongestWindow.Days} days are expected."));
            return;
        }

        WholeTicks(length, path);
    }

    private void WholeTicks(Duration length, string path)
    {
        if (Duration.FromTicks(length.BclCompatibleTicks) != length)
        {
            errors.Add(new(path, $"The window is {WindowLength.Write(length)} long; a whole number of ticks (100 ns) is expected."));
        }
    }

    private void WholeTick(Instant? instant, string path)
    {
        if (instant is { } at && Instant.FromUnixTimeTicks(at.ToUnixTimeTicks()) != at)
        {
            errors.Add(new(path, $"{InstantPattern.ExtendedIso.Format(at)} is between two ticks; an instant in whole ticks (100 ns) is expected, because events are told apart by them."));
        }
    }

    private void ZoneName(CalendarZone zone, string path) => ZoneCheck.Check(zone, path, errors);
}
