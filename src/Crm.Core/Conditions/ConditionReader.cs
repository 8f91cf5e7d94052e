using System.Globalization;
using System.Text.Json;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>
/// Reads the structure of one condition. Whatever cannot be read is reported and has a stand-in, so that the check looks at everything around it and all errors are found at once. What has errors is never asked.
/// </summary>
internal sealed partial class ConditionReader
{
    private static readonly Condition Unread = new Condition.All([]);
    private static readonly Test ANumber = new Test.AtLeast(1m);
    private readonly List<string> standIns = [];
    private readonly List<string> negated = [];

    /// <summary>What was wrong.</summary>
    public List<ConditionError> Errors { get; } = [];

    /// <summary>Reads a condition.</summary>
    public Condition Read(JsonElement element) => Read(element, "$", 1);

    /// <summary>What was wrong, and what the check found wrong with what was written: not with what stands in, about which it would say what is not so.</summary>
    /// <param name="found">What the check found.</param>
    public Sequence<ConditionError> ErrorsWith(IEnumerable<ConditionError> found) =>
        Errors.Concat(found.Select(AsWritten).Where(error => !standIns.Exists(path => Covers(path, error.Path)))).Distinct().ToSequence();

    // 'noneOf' is read as a 'not' that nobody wrote.
    private ConditionError AsWritten(ConditionError error) => negated.Find(path => Covers(path + ".not", error.Path)) is not { } leaf ? error : error with
    {
        Path = leaf + error.Path[(leaf.Length + ".not".Length)..].Replace($".{ConditionWords.Is}.{ConditionWords.AnyOf}", $".{ConditionWords.Is}.{ConditionWords.NoneOf}", StringComparison.Ordinal),
    };

    private static bool Covers(string known, string path) =>
        path.StartsWith(known, StringComparison.Ordinal) && (path.Length == known.Length || path[known.Length] is '.' or '[');

    private T Instead<T>(string path, T standIn)
    {
        standIns.Add(path);
        return standIn;
    }

    private Condition Read(JsonElement element, string path, int depth)
    {
        if (depth > ConditionCheck.MostDepth)
        {
            Errors.Add(new(path, $"The condition is nested more than {ConditionCheck.MostDepth} deep; say it with fewer levels."));
            return Unread;
        }

        if (ReadObject(element, path, $"an object with one of {Join(ConditionWords.Kinds)}") is not { } read)
        {
            return Unread;
        }

        var kinds = ConditionWords.Kinds.Where(read.Has).ToList();
        if (kinds.Count != 1)
        {
            Errors.Add(new(path, kinds.Count == 0
                ? $"Nothing says what this asks{read.NearestWord(ConditionWords.Kinds)}; exactly one of {Join(ConditionWords.Kinds)} is expected."
                : $"This asks {Join(kinds)} at once; exactly one is expected. Combine conditions with 'all' or 'any'."));
            return Unread;
        }

        Condition? condition = kinds[0] switch
        {
            ConditionWords.All => new Condition.All(ReadParts(read, ConditionWords.All, depth)),
            ConditionWords.Any => new Condition.Any(ReadParts(read, ConditionWords.Any, depth)),
            ConditionWords.Not => read.Take(ConditionWords.Not) is { } part ? new Condition.Not(Read(part, read.PathOf(ConditionWords.Not), depth + 1)) : Unread,
            ConditionWords.Field => ReadComparison(read, ConditionWords.Field, (name, test, missing) => new Condition.Field(name, test, missing)),
            ConditionWords.Fact => ReadComparison(read, ConditionWords.Fact, (name, test, missing) => new Condition.Fact(name, test, missing)),
            ConditionWords.Score => ReadScore(read, depth),
            ConditionWords.Count => ReadMeasure(read, ConditionWords.Count, new Measure.Count(), depth),
            ConditionWords.Periods => ReadPeriods(read, depth),
            ConditionWords.Sequence => ReadSequence(read, depth),
            ConditionWords.Between => ReadBetween(read),
            ConditionWords.On => InZone(read, ReadDays(read)),
            ConditionWords.Hours => InZone(read, ReadHours(read)),
            ConditionWords.Annual => InZone(read, ReadAnnual(read)),
            ConditionWords.Calendar => InZone(read, ReadListed(read)),
            var aggregation => ReadAggregate(read, aggregation, depth),
        };
        read.RefuseTheRest();
        return condition ?? Unread;
    }

    private Sequence<Condition> ReadParts(JsonObjectReader read, string word, int depth)
    {
        if (read.Take(word) is not { } list || !IsArray(list, read.PathOf(word), "conditions"))
        {
            return default;
        }

        var path = read.PathOf(word);
        return list.EnumerateArray().Select((part, i) => Read(part, At(path, i), depth + 1)).ToSequence();
    }

    private Condition.Score ReadScore(JsonObjectReader read, int depth)
    {
        var path = read.PathOf(ConditionWords.Score);
        var of = read.Take(ConditionWords.Score) is { } list && IsArray(list, path, "parts with points")
            ? list.EnumerateArray().Select((part, i) => ReadScored(part, At(path, i), depth + 1)).ToSequence()
            : Instead(path, default(Sequence<Scored>));
        return new Condition.Score(of, ReadTest(read) ?? ANumber);
    }

    private Scored ReadScored(JsonElement element, string path, int depth)
    {
        if (ReadObject(element, path, "an object with \"when\" and \"points\"") is not { } read)
        {
            return new Scored(Unread, 1);
        }

        var when = read.Take(ConditionWords.When, "a condition") is { } part ? Read(part, read.PathOf(ConditionWords.When), depth) : Unread;
        var points = read.Number(ConditionWords.Points, "a number, how much it counts,");
        read.RefuseTheRest();
        return new Scored(when, points ?? 1);
    }

    private Condition.Moment? ReadBetween(JsonObjectReader outer)
    {
        if (outer.Take(ConditionWords.Between) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Between), "an object with \"from\", \"until\" or both") is not { } read)
        {
            return null;
        }

        var errorsBefore = Errors.Count;
        var from = read.Has(ConditionWords.From) ? read.Parsed(ConditionWords.From, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) : null;
        var until = read.Has(ConditionWords.Until) ? read.Parsed(ConditionWords.Until, InstantPattern.ExtendedIso, JsonObjectReader.AnInstant) : null;
        read.RefuseTheRest();
        return Errors.Count == errorsBefore ? new Condition.Moment(new Span.Between(from, until)) : null;
    }

    private Condition.Moment? ReadDays(JsonObjectReader outer)
    {
        var path = outer.PathOf(ConditionWords.On);
        if (outer.Take(ConditionWords.On) is not { } element || !IsArray(element, path, "days of the week"))
        {
            return null;
        }

        var days = element.EnumerateArray().Select((day, i) => ReadDay(day, At(path, i))).ToList();
        var read = days.OfType<IsoDayOfWeek>().ToSequence();
        return read.IsEmpty && days.Count > 0 ? null : new Condition.Moment(new Span.Weekdays(read));
    }

    private IsoDayOfWeek? ReadDay(JsonElement element, string path)
    {
        var text = element.ValueKind == JsonValueKind.String ? JsonObjectReader.TextOf(element) : null;
        if (text is not null && ConditionWords.Days.Index().FirstOrDefault(day => string.Equals(day.Item, text, StringComparison.Ordinal)) is { Item: not null } found)
        {
            return (IsoDayOfWeek)(found.Index + 1);
        }

        var nearest = text is { Length: <= Names.Longest } && Names.Nearest(text, ConditionWords.Days) is { } close ? $" Did you mean \"{close}\"?" : "";
        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} is no day of the week; one of {Join(ConditionWords.Days)} is expected.{nearest}"));
        return null;
    }

    private Condition.Moment? ReadHours(JsonObjectReader outer)
    {
        if (outer.Take(ConditionWords.Hours) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Hours), "an object with \"from\" and \"until\"") is not { } read)
        {
            return null;
        }

        var from = read.Parsed(ConditionWords.From, JsonObjectReader.TimeOfDay, JsonObjectReader.ATimeOfDay);
        var until = read.Parsed(ConditionWords.Until, JsonObjectReader.TimeOfDay, JsonObjectReader.ATimeOfDay);
        read.RefuseTheRest();
        return from is { } start && until is { } end ? new Condition.Moment(new Span.Hours(start, end)) : null;
    }

    private Condition.Moment? ReadAnnual(JsonObjectReader outer)
    {
        if (outer.Take(ConditionWords.Annual) is not { } element || ReadObject(element, outer.PathOf(ConditionWords.Annual), "an object with \"from\" and \"to\"") is not { } read)
        {
            return null;
        }

        var from = read.Parsed(ConditionWords.From, AnnualDatePattern.Iso, "a day of the year such as \"12-20\"");
        var to = read.Parsed(ConditionWords.To, AnnualDatePattern.Iso, "a day of the year such as \"12-31\"");
        LeapDayRule? leapDay = LeapDayRule.February28;
        if (from is { Month: 2, Day: 29 } || to is { Month: 2, Day: 29 })
        {
            leapDay = ReadLeapDay(read);
        }

        read.RefuseTheRest();
        return from is { } first && to is { } last && leapDay is { } policy ? new Condition.Moment(new Span.Annual(first, last, policy)) : null;
    }

    private Condition.Moment InZone(JsonObjectReader read, Condition.Moment? moment)
    {
        moment ??= new Condition.Moment(new Span.Hours(LocalTime.Midnight, LocalTime.Midnight));
        if (!read.Has(ConditionWords.Zone))
        {
            read.TakeOptional(ConditionWords.Zone);
            return moment;
        }

        return moment with { Zone = ReadZone(read) };
    }

    private static Condition.Moment? ReadListed(JsonObjectReader read)
    {
        var name = read.Text(ConditionWords.Calendar, "the name of a calendar");
        var missing = read.Flag(ConditionWords.WhenMissing, "the answer on days that the calendar does not cover");
        return name is null ? null : new Condition.Moment(new Span.Listed(name, missing ?? false));
    }

    private static LeapDayRule? ReadLeapDay(JsonObjectReader read) =>
        read.Choice(ConditionWords.LeapDay, ConditionWords.LeapDays, "where 29 February is in common years") is { } place ? (LeapDayRule)place : null;

    private JsonObjectReader? ReadObject(JsonElement element, string path, string expected)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return new JsonObjectReader(element, path, Errors);
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; {expected} is expected."));
        return null;
    }

    private bool IsArray(JsonElement element, string path, string of)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return true;
        }

        Errors.Add(new(path, $"{JsonObjectReader.Describe(element)} was found; a list of {of} is expected."));
        return false;
    }

    private static string At(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    private static string Join(IEnumerable<string> words) => string.Join(", ", words.Select(word => $"\"{word}\""));
}
