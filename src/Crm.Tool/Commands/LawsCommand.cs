using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Crm.Engine;
using Crm.Testing.Simulation;
using Crm.Tool.Checks;
using Crm.Tool.Stores;

namespace Crm.Tool.Commands;

/// <summary>crm laws: holds a store to what every store must keep to, and the engine to what holds whatever goes wrong.</summary>
internal static class LawsCommand
{
    private const string UsualOperations = "1000000";

    public static Command Create()
    {
        var seed = new Option<string?>("--simulate") { Description = "Also simulates worlds in which anything goes wrong, from this seed. Without --store only that.", HelpName = "SEED" };
        var operations = new Option<string>("--operations") { Description = "How many operations are simulated; 'endless': until Ctrl-C.", HelpName = "N", DefaultValueFactory = _ => UsualOperations };
        var scenario = new Option<string>("--scenario") { Description = "What is simulated: a club with one of everything, or the tea shop of the demo with all packages.", DefaultValueFactory = _ => SimulationRequest.Club };
        scenario.AcceptOnlyFromAmong(SimulationRequest.Club, TeaShopScenario.Name);
        var common = new CommonOptions();
        var command = new Command("laws", "Holds a store to the laws of storage, in tenants of its own that are removed afterwards, and simulates. Exit code 4 when one is broken.") { seed, operations, scenario };
        common.AddStoreTo(command, required: false).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var request = parsed.GetValue(seed) is { } given ? SimulationRequest.Parse(given, parsed.GetValue(operations) ?? UsualOperations, parsed.GetValue(scenario) ?? SimulationRequest.Club) : null;
            if (request is null && !common.HasStore(parsed))
            {
                throw ToolException.Usage("--store or --simulate is missing: a store to hold to the laws, or a seed to simulate from.");
            }

            var verdicts = new List<LawVerdict>();
            if (common.HasStore(parsed))
            {
                // A name that nobody has: the tool removes what is under it.
                var run = new LawRun(common.Store(parsed), $"crm-laws-{new RandomIdSource().NewCustomerId()}");
                verdicts.AddRange(await run.RunAsync(verdict => Show(verdict, output), cancellationToken));
            }

            var report = request is null ? null : await SimulationCheck.RunAsync(request, output, cancellationToken);
            if (request is not null && report is not null)
            {
                var found = SimulationCheck.Verdicts(request, report);
                foreach (var verdict in found)
                {
                    Show(verdict, output);
                }

                verdicts.AddRange(found);
                foreach (var step in report.Failure?.LastSteps ?? [])
                {
                    output.Message(step);
                }

                output.Message(SimulationCheck.Summary(report));
            }

            Write(verdicts, report, output);
            return verdicts.Any(verdict => verdict.Outcome == LawOutcome.Broken) ? ExitCode.Fault
                : cancellationToken.IsCancellationRequested && request is not { IsEndless: true } ? ExitCode.Interrupted
                : ExitCode.Done;
        });
        return command.WithExamples("crm laws --store shop.db", "crm laws --store memory --json", "crm laws --simulate 42 --operations 10000000", "crm laws --simulate 42 --operations endless --scenario tea-shop");
    }

    private static void Show(LawVerdict verdict, ToolOutput output)
    {
        if (output.Form == OutputForm.Tables)
        {
            output.Line(verdict.ToString());
        }
    }

    private static void Write(IReadOnlyList<LawVerdict> verdicts, SimulationReport? report, ToolOutput output)
    {
        int Count(LawOutcome outcome) => verdicts.Count(verdict => verdict.Outcome == outcome);

        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteStartArray("laws");
                    foreach (var verdict in verdicts)
                    {
                        json.WriteStartObject();
                        json.WriteString("name", verdict.Law);
                        json.WriteString("outcome", verdict.Outcome.ToString().ToLowerInvariant());
                        json.WriteString("reason", verdict.Reason);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteNumber("kept", Count(LawOutcome.Kept));
                    json.WriteNumber("broken", Count(LawOutcome.Broken));
                    json.WriteNumber("skipped", Count(LawOutcome.Skipped));
                    if (report is not null)
                    {
                        Write(report, json);
                    }
                });
                break;
            case OutputForm.Csv:
                output.Csv([["name", "outcome", "reason"], .. verdicts.Select(verdict => (string[])[verdict.Law, verdict.Outcome.ToString().ToLowerInvariant(), verdict.Reason ?? ""])]);
                break;
            default:
                output.Line(string.Create(CultureInfo.InvariantCulture, $"{Count(LawOutcome.Kept)} kept, {Count(LawOutcome.Broken)} broken, {Count(LawOutcome.Skipped)} skipped"));
                break;
        }
    }

    // Seeds and digests are texts: many readers of JSON lose the last digits of such numbers.
    private static void Write(SimulationReport report, Utf8JsonWriter json)
    {
        json.WriteStartObject("simulation");
        json.WriteString("seed", report.Seed.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("operations", report.Operations);
        json.WriteNumber("worlds", report.Worlds);
        json.WriteNumber("events", report.Events);
        json.WriteNumber("commits", report.Commits);
        json.WriteString("digest", report.Digest.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteStartObject("kinds");
        foreach (var (kind, count) in report.Kinds)
        {
            json.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()), count);
        }

        json.WriteEndObject();
        if (report.Failure is { } failure)
        {
            json.WriteStartObject("failure");
            json.WriteString("invariant", failure.Invariant);
            json.WriteString("detail", failure.Detail);
            json.WriteString("seed", failure.Seed.ToString(CultureInfo.InvariantCulture));
            json.WriteNumber("operation", failure.Operation);
            json.WriteBoolean("replayedExactly", failure.ReplayedExactly);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
