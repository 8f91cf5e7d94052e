using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>Finds everything wrong with a journey, whether it was built in C# or read from JSON; the paths are those of the JSON form.</summary>
internal static class JourneyValidator
{
    private const int MostDays = 3_660;
    private static readonly Duration Longest = Duration.FromDays(366);

    public static IEnumerable<JourneyError> Errors(Journey journey, string root = "$") =>
        Names(root, ("id", journey.Id), ("message.channel", journey.Message.Channel), ("message.template", journey.Message.Template), ("message.purpose", journey.Message.Purpose))
            .Concat(journey.Message.Brand is { } brand ? Names(root, ("message.brand", brand)) : [])
            .Concat(Trigger(journey.Trigger, $"{root}.trigger"))
            .Concat(journey.When is null ? [] : Condition(journey.When, $"{root}.when"))
            .Concat(journey.Message.UsefulFor > Duration.Zero && journey.Message.UsefulFor <= Longest
                ? []
                : [new JourneyError($"{root}.message.usefulFor", $"{Lengths.Write(journey.Message.UsefulFor)} was found; more than nothing and at most 366 days are expected, such as \"P3D\".")])
            .Concat(Caps(journey.Caps, $"{root}.caps"))
            .Concat(journey.Quiet is { } quiet ? Quiet(quiet, $"{root}.quiet") : [])
            .Concat(journey.Experiment is { } experiment ? ExperimentValidator.Errors(experiment, $"{root}.experiment") : []);

    public static IEnumerable<JourneyError> Caps(Sequence<Cap> caps, string path)
    {
        for (var i = 0; i < caps.Count; i++)
        {
            if (caps[i].Most < 1)
            {
                yield return new JourneyError($"{path}[{i}].most", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{caps[i].Most} was found; 1 or more is expected."));
            }

            if (caps[i] is Cap.Rolling { Length: var length } && (length <= Duration.Zero || length > Longest))
            {
                yield return new JourneyError($"{path}[{i}].in", $"{Lengths.Write(length)} was found; more than nothing and at most 366 days are expected, such as \"P7D\".");
            }
        }
    }

    public static IEnumerable<JourneyError> Quiet(QuietHours quiet, string path)
    {
        if (quiet.From == quiet.Until)
        {
            yield return new JourneyError($"{path}.until", $"It is the time from which it is quiet; another one is expected, such as from \"21:00\" until \"09:00\".");
        }

        foreach (var (name, time) in new[] { ("from", quiet.From), ("until", quiet.Until) })
        {
            if (time.TickOfDay % NodaConstants.TicksPerMinute != 0)
            {
                yield return new JourneyError($"{path}.{name}", $"{time} was found; a time in whole minutes is expected.");
            }
        }

        if (quiet.ZoneField is { } field && !Values.Names.IsName(field))
        {
            yield return new JourneyError($"{path}.zone.field", $"'{field}' is not a name: lower-case letters, digits, '-', '_' and '.' are expected, at most {Values.Names.Longest}.");
        }

        if (quiet.Zone is { } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is null)
        {
            yield return new JourneyError($"{path}.zone.otherwise", $"'{zone}' is no zone; the name of one is expected, such as \"Asia/Hong_Kong\".");
        }
    }

    private static IEnumerable<JourneyError> Trigger(Trigger trigger, string path) => trigger switch
    {
        Trigger.OnEvent on => Names(path, ("event", on.Kind)).Concat(on.Where is null ? [] : Condition(on.Where, $"{path}.where")),
        Trigger.OnEcho on => Names(path, ("echo", on.Kind)),
        Trigger.WhenSilent silent => Names(path, ("silentAfter", silent.After)).Concat(Days(silent.Days, $"{path}.days")),
        Trigger.OnBirthday birthday => Names(path, birthday.ZoneField is { } zone ? [("birthday", birthday.Field), ("zone", zone)] : [("birthday", birthday.Field)])
            .Concat(birthday.Hour is >= 0 and <= 23 ? [] : [new JourneyError($"{path}.hour", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{birthday.Hour} was found; an hour of the day, 0 to 23, is expected."))])
            .Concat(Enum.IsDefined(birthday.LeapDay) ? [] : [new JourneyError($"{path}.leapDay", $"{birthday.LeapDay} was found; Feb28, Mar1 or LeapYearsOnly is expected.")]),
        _ => throw new InvalidOperationException($"The validator has no meaning for the trigger {trigger.GetType().Name}."),
    };

    private static IEnumerable<JourneyError> Days(Sequence<int> days, string path)
    {
        if (days.IsEmpty)
        {
            yield return new JourneyError(path, "No threshold was found; at least one number of days is expected, such as [30, 60, 90].");
        }

        for (var i = 0; i < days.Count; i++)
        {
            if (days[i] is < 1 or > MostDays || (i > 0 && days[i] <= days[i - 1]))
            {
                yield return new JourneyError($"{path}[{i}]", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{days[i]} was found; days from 1 to {MostDays:N0}, each more than the one before, are expected."));
            }
        }
    }

    private static IEnumerable<JourneyError> Condition(Condition condition, string path) =>
        ConditionJson.Read(ConditionJson.Write(condition)).Errors.Select(error => new JourneyError(path + error.Path[1..], error.Message));

    private static IEnumerable<JourneyError> Names(string root, params (string Path, string? Name)[] names) =>
        names.Where(pair => !Values.Names.IsName(pair.Name)).Select(pair => new JourneyError($"{root}.{pair.Path}", $"'{pair.Name}' is not a name: lower-case letters, digits, '-', '_' and '.' are expected, at most {Values.Names.Longest}."));
}
