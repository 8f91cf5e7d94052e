using System.CommandLine;
using System.Text.Json;
using Crm.Conditions;
using Crm.Segmentation.Explanations;
using Crm.Segmentation.Studies;
using Crm.Storage;
using Crm.Tool.Segments;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm segments explain: why a customer is in a segment, or is not.</summary>
internal static class SegmentExplanationCommand
{
    public static Command Create(IClock clock)
    {
        var (common, files) = (new CommonOptions(), SegmentsCommand.Files());
        var segment = new Argument<string>("SEGMENT") { Description = "The id of a segment, such as regulars." };
        var customer = new Argument<string>("CUSTOMER") { Description = "Who, as an identity: user:42, phone:+85291234567." };
        var command = new Command("explain", "Why a customer is in a segment or is not: values, events, margins, when it changes if nothing happens, and the smallest change that would turn it.") { segment, customer, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var name = parsed.GetRequiredValue(customer);
            var reference = CustomerRef.Of(IdentityNames.Parse(name));
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var id = segments.Known(parsed.GetRequiredValue(segment));
            SegmentExplanation explanation;
            try
            {
                explanation = await new SegmentStudy(segments.Engine, segments.Catalog, clock).ExplainAsync(reference, id, segments.Question, cancellationToken)
                    ?? throw ToolException.Input($"Nothing of a customer who is '{name}' was known up to {segments.Last}.");
            }
            catch (ArgumentException refused)
            {
                throw ToolException.Input(refused.Sentence());
            }

            switch (output.Form)
            {
                case OutputForm.Json:
                    output.Json(json => Write(json, explanation, name));
                    break;
                case OutputForm.Csv:
                    output.Csv([["depth", "holds", "text", "actual", "margin", "marginUnit", "turnsAt", "until", "evidence"], .. explanation.Why is { } why ? Rows(why, 0, output.Language) : []]);
                    break;
                default:
                    output.Line(explanation.Text.In(output.Language));
                    break;
            }

            return ExitCode.Done;
        });
        return command.WithExamples("crm segments explain regulars user:42 --store shop.db", "crm segments explain sleeping user:42 --store shop.db --lang zh-Hant", "crm segments explain regulars user:42 --store shop.db --as-of 2026-10-31 --json");
    }

    private static void Write(Utf8JsonWriter json, SegmentExplanation explanation, string? customer)
    {
        json.WriteString("segment", explanation.Segment);
        if (customer is not null)
        {
            json.WriteString("customer", customer);
        }

        json.WriteString("asOf", InstantPattern.ExtendedIso.Format(explanation.At));
        json.WriteBoolean("member", explanation.IsMember);
        if (explanation.Version is { } version)
        {
            json.WriteNumber("version", version);
        }
        else
        {
            json.WriteNull("version");
        }

        Write(json, "changesAt", explanation.ChangesAt);
        json.WriteStartArray("smallestChange");
        foreach (var change in explanation.SmallestChange)
        {
            json.WriteStartObject();
            Write(json, "from", change.From);
            Write(json, "to", change.To);
            Write(json, "text", change.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "text", explanation.Text);
        if (explanation.Why is { } why)
        {
            json.WriteStartObject("why");
            Write(json, why);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("why");
        }
    }

    private static void Write(Utf8JsonWriter json, ExplainedPart part)
    {
        json.WriteString("kind", part.Condition switch { Condition.All => "all", Condition.Any => "any", Condition.Not => "not", Condition.Score => "score", _ => "leaf" });
        Write(json, "text", part.Text);
        json.WriteBoolean("holds", part.Holds);
        Write(json, "until", part.ValidUntil);
        if (part.Parts.IsEmpty)
        {
            Write(json, "actual", part.Actual);
            Write(json, "turnsAt", part.TurnsAt);
            if (part.Margin is { } margin)
            {
                json.WriteNumber("margin", margin);
            }
            else
            {
                json.WriteNull("margin");
            }

            json.WriteString("marginUnit", UnitOf(part));

            json.WriteStartArray("evidence");
            foreach (var key in part.Evidence)
            {
                json.WriteStringValue(key.ToString());
            }

            json.WriteEndArray();
        }
        else
        {
            json.WriteStartArray("parts");
            foreach (var inner in part.Parts)
            {
                json.WriteStartObject();
                Write(json, inner);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (part.Nested is { } nested)
        {
            json.WriteStartObject("segment");
            Write(json, nested, null);
            json.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Text text)
    {
        json.WriteStartObject(name);
        json.WriteString("en", text.English);
        json.WriteString("zh-Hant", text.Chinese);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Scalar value)
    {
        switch (value.Kind)
        {
            case ScalarKind.Missing:
                json.WriteNull(name);
                break;
            case ScalarKind.Number:
                json.WriteNumber(name, value.AsNumber);
                break;
            case ScalarKind.Flag:
                json.WriteBoolean(name, value.AsFlag);
                break;
            default:
                json.WriteString(name, value.ToString());
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Instant? instant)
    {
        if (instant is { } at)
        {
            json.WriteString(name, InstantPattern.ExtendedIso.Format(at));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    // Numbers are told in the unit of what is compared, which the text names.
    private static string? UnitOf(ExplainedPart part) => (part.Margin, part.TurnsAt.Kind) switch
    {
        (not null, ScalarKind.Date) => "days",
        (not null, ScalarKind.Instant) => "seconds",
        _ => null,
    };

    private static IEnumerable<string[]> Rows(ExplainedPart part, int depth, Language language)
    {
        yield return
        [
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{depth}"), part.Holds ? "true" : "false", part.Text.In(language), part.Actual.ToString(),
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{part.Margin}"), UnitOf(part) ?? "", part.TurnsAt.ToString(), part.ValidUntil is { } until ? InstantPattern.ExtendedIso.Format(until) : "", string.Join(' ', part.Evidence),
        ];
        foreach (var row in part.Parts.SelectMany(inner => Rows(inner, depth + 1, language)))
        {
            yield return row;
        }
    }
}
