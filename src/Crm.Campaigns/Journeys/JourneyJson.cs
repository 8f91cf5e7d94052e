using System.Text;
using System.Text.Json;
using Crm.Campaigns.Experiments;
using Crm.Conditions;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Campaigns.Journeys;

/// <summary>
/// The written form of journeys:
/// <c>{"id":"wake-up","trigger":{"silentAfter":"purchase","days":[30,60,90]},"when":…,"message":{"channel":"email","template":"miss-you","purpose":"marketing","usefulFor":"P3D"},"caps":[{"most":1,"per":"day"},{"most":3,"in":"P30D"}],"priority":5}</c>.
/// </summary>
/// <remarks>
/// A trigger is one of <c>{"event":"purchase","where":…}</c>, <c>{"echo":"tier.changed","having":{"to":"gold"}}</c>, <c>{"silentAfter":"purchase","days":[30]}</c> and
/// <c>{"birthday":"birthday","leapDay":"feb-28","hour":9}</c> with leapDay "feb-28", "mar-1" or "leap-years-only", and "zone" the profile field with the customer's zone, which may be left out. "when", "where", "having", "caps", "quiet", "priority", "ended" (whether this version ends the journey) "experiment" and the message's "brand" may be left out.
/// Quiet hours are <c>{"from":"21:00","until":"09:00","since":"2026-03-01T00:00:00Z","zone":{"field":"zone","otherwise":"Asia/Hong_Kong"}}</c>; "since", "zone" and both parts of "zone" may be left out.
/// An experiment is <c>{"id":"spring","from":"2026-03-01T00:00:00Z","label":{"en":"Spring letters","zh-Hant":"春季來信"},"arms":[{"name":"control","share":10,"holdOut":true},{"name":"letter","share":45},{"name":"picture","share":45,"template":"miss-you-picture"}]}</c>; labels, "holdOut" and "template" may be left out. Conditions are those of <see cref="ConditionJson"/>.
/// </remarks>
public static class JourneyJson
{
    private const int MostBytes = 256 * 1024;

    private static readonly (string Name, LeapDay Value)[] LeapDays = [("feb-28", LeapDay.Feb28), ("mar-1", LeapDay.Mar1), ("leap-years-only", LeapDay.LeapYearsOnly)];

    /// <summary>Reads a journey. Nothing is tolerated, and everything that is wrong is reported.</summary>
    public static JourneyReading Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (Encoding.UTF8.GetByteCount(json) is > MostBytes and var size)
        {
            return new JourneyReading(null, [new JourneyError("$", $"The text has {size} bytes; at most {MostBytes} are expected.")]);
        }

        try
        {
            using var document = JsonDocument.Parse(json, ConditionJson.Around);
            var errors = new List<JourneyError>();
            var journey = Read(new JsonPart(document.RootElement, "$", errors));
            return errors.Count > 0 || journey is null
                ? new JourneyReading(null, errors.ToSequence())
                : new JourneyReading(journey, JourneyValidator.Errors(journey).ToSequence());
        }
        catch (JsonException error)
        {
            return new JourneyReading(null, [new JourneyError("$", $"The text is not JSON: in line {(error.LineNumber ?? 0) + 1}, after {error.BytePositionInLine ?? 0} bytes, something else was expected.")]);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException || (wrong is ArgumentException && StorableText.FaultOf(json) is not null))
        {
            return new JourneyReading(null, [new JourneyError("$", "A text has half a character (a lone surrogate) in it.")]);
        }
    }

    /// <summary>The canonical text: equal journeys have equal texts. Its hash names the content.</summary>
    public static string Write(Journey journey)
    {
        ArgumentNullException.ThrowIfNull(journey);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            Write(journey, json);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static Journey? Read(JsonPart part)
    {
        part.Allow("id", "trigger", "when", "message", "caps", "quiet", "experiment", "priority", "ended");
        var id = part.Text("id");
        var trigger = part.Part("trigger") is { } written ? ReadTrigger(written) : null;
        var when = part.Condition("when");
        var message = part.Part("message") is { } content ? ReadMessage(content) : null;
        var caps = part.Items("caps").Select(ReadCap).ToList();
        var experiment = part.Has("experiment") && part.Part("experiment") is { } arms ? ReadExperiment(arms) : null;
        var quiet = part.Has("quiet") && part.Part("quiet") is { } hours ? ReadQuiet(hours) : null;
        var priority = part.Whole("priority", 0);
        var ended = part.Flag("ended");
        return id is null || trigger is null || message is null || priority is null || ended is null || caps.Contains(null)
            ? null
            : new Journey { Id = id, Trigger = trigger, When = when, Message = message, Caps = caps.OfType<Cap>().ToSequence(), Quiet = quiet, Experiment = experiment, Priority = priority.Value, Ended = ended.Value };
    }

    private static QuietHours? ReadQuiet(JsonPart part)
    {
        part.Allow("from", "until", "since", "zone");
        var (field, otherwise) = part.Has("zone") && part.Part("zone") is { } zone ? ReadZone(zone) : default;
        return (part.Time("from"), part.Time("until"), part.Has("since") ? part.Instant("since") : null) is ({ } from, { } until, var since) ? new QuietHours(from, until) { ZoneField = field, Zone = otherwise, Since = since } : null;
    }

    private static (string? Field, string? Otherwise) ReadZone(JsonPart part)
    {
        part.Allow("field", "otherwise");
        return (part.Has("field") ? part.Text("field") : null, part.Has("otherwise") ? part.Text("otherwise") : null);
    }

    private static Experiment? ReadExperiment(JsonPart part)
    {
        part.Allow("id", "from", "label", "arms");
        if (!part.Has("arms"))
        {
            part.Wrong("\"arms\" is absent; a list of arms is expected.");
        }

        var (id, from, label, arms) = (part.Text("id"), part.Instant("from"), part.Label("label"), part.Items("arms").Select(ReadArm).ToList());
        return id is null || from is null || arms.Contains(null) ? null : new Experiment(id, arms.OfType<Arm>().ToSequence()) { From = from.Value, Label = label };
    }

    private static Arm? ReadArm(JsonPart part)
    {
        part.Allow("name", "share", "holdOut", "template", "label");
        var (label, template, holdsOut) = (part.Label("label"), part.Has("template") ? part.Text("template") : null, part.Flag("holdOut"));
        return (part.Text("name"), part.Whole("share")) is ({ } name, { } share) ? new Arm(name, share) { HoldsOut = holdsOut ?? false, Template = template, Label = label } : null;
    }

    private static Trigger? ReadTrigger(JsonPart part)
    {
        string[] words = ["event", "echo", "silentAfter", "birthday"];
        var found = words.Where(part.Has).ToList();
        if (found.Count != 1)
        {
            part.Wrong($"{(found.Count == 0 ? "None" : "More than one")} of {string.Join(", ", words.Select(word => $"\"{word}\""))} was found; a trigger has exactly one.");
            return null;
        }

        switch (found[0])
        {
            case "event":
                part.Allow("event", "where");
                return (part.Text("event"), part.Condition("where")) is ({ } kind, var where) ? new Trigger.OnEvent(kind, where) : null;
            case "echo":
                part.Allow("echo", "having");
                return (part.Text("echo"), part.Fields("having")) is ({ } echo, var having) ? new Trigger.OnEcho(echo, having) : null;
            case "silentAfter":
                part.Allow("silentAfter", "days");
                return (part.Text("silentAfter"), part.Wholes("days")) is ({ } after, { } days) ? new Trigger.WhenSilent(after, days) : null;
            default:
                part.Allow("birthday", "leapDay", "hour", "zone");
                return (part.Text("birthday"), part.OneOf("leapDay", LeapDays), part.Whole("hour", 9)) is ({ } field, { } leapDay, { } hour) ? new Trigger.OnBirthday(field, leapDay, hour) { ZoneField = part.Has("zone") ? part.Text("zone") : null } : null;
        }
    }

    private static JourneyMessage? ReadMessage(JsonPart part)
    {
        part.Allow("channel", "template", "purpose", "brand", "usefulFor");
        return (part.Text("channel"), part.Text("template"), part.Text("purpose"), part.Length("usefulFor")) is ({ } channel, { } template, { } purpose, { } usefulFor)
            ? new JourneyMessage(channel, template, purpose, usefulFor) { Brand = part.Has("brand") ? part.Text("brand") : null }
            : null;
    }

    private static Cap? ReadCap(JsonPart part)
    {
        part.Allow("most", "per", "in");
        var most = part.Whole("most");
        if (part.Has("per") == part.Has("in"))
        {
            part.Wrong("Exactly one of \"per\" (\"day\") and \"in\" (a length such as \"P7D\") is expected.");
            return null;
        }

        if (part.Has("in"))
        {
            return (most, part.Length("in")) is ({ } limit, { } length) ? new Cap.Rolling(limit, length) : null;
        }

        return (most, part.OneOf("per", [("day", true)])) is ({ } perDay, not null) ? new Cap.PerDay(perDay) : null;
    }

    private static void Write(Journey journey, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", journey.Id);
        json.WriteStartObject("trigger");
        Write(journey.Trigger, json);
        json.WriteEndObject();
        Write("when", journey.When, json);
        json.WriteStartObject("message");
        json.WriteString("channel", journey.Message.Channel);
        json.WriteString("template", journey.Message.Template);
        json.WriteString("purpose", journey.Message.Purpose);
        if (journey.Message.Brand is { } brand)
        {
            json.WriteString("brand", brand);
        }

        json.WriteString("usefulFor", Lengths.Write(journey.Message.UsefulFor));
        json.WriteEndObject();
        json.WriteStartArray("caps");
        foreach (var cap in journey.Caps)
        {
            json.WriteStartObject();
            json.WriteNumber("most", cap.Most);
            json.WriteString(cap is Cap.Rolling ? "in" : "per", cap is Cap.Rolling rolling ? Lengths.Write(rolling.Length) : "day");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (journey.Quiet is { } quiet)
        {
            json.WriteStartObject("quiet");
            Write(quiet, json);
            json.WriteEndObject();
        }

        if (journey.Experiment is { } experiment)
        {
            json.WriteStartObject("experiment");
            Write(experiment, json);
            json.WriteEndObject();
        }

        json.WriteNumber("priority", journey.Priority);
        if (journey.Ended)
        {
            json.WriteBoolean("ended", true);
        }

        json.WriteEndObject();
    }

    private static void Write(QuietHours quiet, Utf8JsonWriter json)
    {
        json.WriteString("from", JsonPart.Times.Format(quiet.From));
        json.WriteString("until", JsonPart.Times.Format(quiet.Until));
        if (quiet.Since is { } since)
        {
            json.WriteString("since", InstantPattern.ExtendedIso.Format(since));
        }

        if (quiet.ZoneField is not null || quiet.Zone is not null)
        {
            json.WriteStartObject("zone");
            if (quiet.ZoneField is { } field)
            {
                json.WriteString("field", field);
            }

            if (quiet.Zone is { } zone)
            {
                json.WriteString("otherwise", zone);
            }

            json.WriteEndObject();
        }
    }

    private static void Write(Experiment experiment, Utf8JsonWriter json)
    {
        json.WriteString("id", experiment.Id);
        json.WriteString("from", InstantPattern.ExtendedIso.Format(experiment.From));
        JsonPart.Write(json, "label", experiment.Label);
        json.WriteStartArray("arms");
        foreach (var arm in experiment.Arms)
        {
            json.WriteStartObject();
            json.WriteString("name", arm.Name);
            json.WriteNumber("share", arm.Share);
            if (arm.HoldsOut)
            {
                json.WriteBoolean("holdOut", true);
            }

            if (arm.Template is { } template)
            {
                json.WriteString("template", template);
            }

            JsonPart.Write(json, "label", arm.Label);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Trigger trigger, Utf8JsonWriter json)
    {
        switch (trigger)
        {
            case Trigger.OnEvent on:
                json.WriteString("event", on.Kind);
                Write("where", on.Where, json);
                break;
            case Trigger.OnEcho on:
                json.WriteString("echo", on.Kind);
                json.WriteStartObject("having");
                foreach (var (name, value) in on.Having)
                {
                    json.WritePropertyName(name);
                    JsonPart.Write(json, value);
                }

                json.WriteEndObject();
                break;
            case Trigger.WhenSilent silent:
                json.WriteString("silentAfter", silent.After);
                json.WriteStartArray("days");
                foreach (var days in silent.Days)
                {
                    json.WriteNumberValue(days);
                }

                json.WriteEndArray();
                break;
            case Trigger.OnBirthday birthday:
                json.WriteString("birthday", birthday.Field);
                json.WriteString("leapDay", Array.Find(LeapDays, pair => pair.Value == birthday.LeapDay).Name);
                json.WriteNumber("hour", birthday.Hour);
                if (birthday.ZoneField is { } zone)
                {
                    json.WriteString("zone", zone);
                }

                break;
            default:
                throw new InvalidOperationException($"There is no written form for the trigger {trigger.GetType().Name}.");
        }
    }

    private static void Write(string name, Condition? condition, Utf8JsonWriter json)
    {
        if (condition is not null)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(ConditionJson.Write(condition), skipInputValidation: true);
        }
    }
}

/// <summary>What became of reading a journey: the journey, or everything that is wrong with the text.</summary>
public sealed record JourneyReading
{
    internal JourneyReading(Journey? journey, Sequence<JourneyError> errors)
    {
        Journey = errors.IsEmpty ? journey : null;
        Errors = errors;
    }

    /// <summary>The journey; null when anything is wrong.</summary>
    public Journey? Journey { get; }

    /// <summary>Everything that is wrong; none when there is a journey.</summary>
    public Sequence<JourneyError> Errors { get; }
}
