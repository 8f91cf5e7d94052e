using System.Buffers;
using System.Text;
using System.Text.Json;
using Crm.Campaigns.Records;
using NodaTime.Text;

namespace Crm.Campaigns.Simulation;

/// <summary>Simulations as JSON: the same history, plans and request give the same bytes.</summary>
public static class SimulationJson
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Short = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A decision as one line, without its sentence.</summary>
    public static string Write(CampaignDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return Write(Short, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("customer", decision.Customer.ToString());
            writer.WriteString("journey", decision.Journey);
            writer.WriteNumber("version", decision.Version);
            writer.WriteString("step", decision.Step);
            writer.WriteString("occasion", decision.Occasion);
            writer.WriteString("status", Name(decision.Status));
            WriteText(writer, "reason", decision.Reason);
            WriteText(writer, "lostTo", decision.LostTo);
            writer.WriteString("decidedAt", InstantPattern.ExtendedIso.Format(decision.DecidedAt));
            WriteText(writer, "notBefore", decision.NotBefore is { } notBefore ? InstantPattern.ExtendedIso.Format(notBefore) : null);
            WriteText(writer, "settledAt", decision.SettledAt is { } at ? InstantPattern.ExtendedIso.Format(at) : null);
            writer.WriteBoolean("causeGone", decision.IsCauseGone);
            writer.WriteString("inputs", decision.Inputs.ToString("x32", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        });
    }

    /// <summary>What a plan would decide.</summary>
    public static string Write(CampaignSimulationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Write(Readable, writer => WriteReport(writer, report));
    }

    /// <summary>What another plan would decide otherwise, customers included.</summary>
    public static string Write(CampaignComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        return Write(Readable, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("now");
            WriteReport(writer, comparison.Now);
            writer.WritePropertyName("then");
            WriteReport(writer, comparison.Then);
            writer.WriteNumber("more", comparison.More);
            writer.WriteNumber("fewer", comparison.Fewer);
            writer.WriteStartArray("changes");
            foreach (var change in comparison.Changes)
            {
                writer.WriteStartObject();
                writer.WriteString("journey", change.Journey);
                WriteText(writer, "now", change.Now is { } now ? Name(now) : null);
                WriteText(writer, "nowReason", change.NowReason);
                WriteText(writer, "then", change.Then is { } then ? Name(then) : null);
                WriteText(writer, "thenReason", change.ThenReason);
                writer.WriteNumber("count", change.Count);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("customers");
            foreach (var customer in comparison.Customers)
            {
                writer.WriteStartObject();
                writer.WriteString("customer", customer.Customer.ToString());
                writer.WriteNumber("now", customer.Now);
                writer.WriteNumber("then", customer.Then);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private static void WriteReport(Utf8JsonWriter writer, CampaignSimulationReport report)
    {
        writer.WriteStartObject();
        writer.WriteNumber("customers", report.Customers);
        writer.WriteNumber("leftOut", report.LeftOut);
        writer.WriteNumber("sent", report.Sent);
        writer.WriteStartArray("decisions");
        foreach (var count in report.Decisions)
        {
            writer.WriteStartObject();
            writer.WriteString("journey", count.Journey);
            writer.WriteNumber("version", count.Version);
            writer.WriteString("status", Name(count.Status));
            WriteText(writer, "reason", count.Reason);
            writer.WriteNumber("count", count.Count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string Name(DecisionStatus status) => status.ToString().ToLowerInvariant();

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is null)
        {
            writer.WriteNull(name);
        }
        else
        {
            writer.WriteString(name, value);
        }
    }

    private static string Write(JsonWriterOptions options, Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, options))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
