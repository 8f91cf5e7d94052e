using System.CommandLine;
using System.Globalization;
using Crm.Engine;
using Crm.Tool.Checks;
using Crm.Tool.Stores;

namespace Crm.Tool.Commands;

/// <summary>crm laws: holds a store to what every store must keep to.</summary>
internal static class LawsCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var command = new Command("laws", "Holds a store to the laws of storage, in tenants of its own that are removed afterwards. Exit code 4 when one is broken.");
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);

            // A name that nobody has: the tool removes what is under it.
            var prefix = $"crm-laws-{new RandomIdSource().NewCustomerId()}";
            var run = new LawRun(common.Store(parsed), prefix);
            var verdicts = await run.RunAsync(verdict => Show(verdict, output), cancellationToken);
            Write(verdicts, output);
            return verdicts.Any(verdict => verdict.Outcome == LawOutcome.Broken) ? ExitCode.Fault : ExitCode.Done;
        });
        return command.WithExamples("crm laws --store shop.db", "crm laws --store memory --json");
    }

    private static void Show(LawVerdict verdict, ToolOutput output)
    {
        if (output.Form == OutputForm.Tables)
        {
            output.Line(verdict.ToString());
        }
    }

    private static void Write(IReadOnlyList<LawVerdict> verdicts, ToolOutput output)
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
}
