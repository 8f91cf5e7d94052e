using System.CommandLine;
using System.Globalization;
using Crm.Tool.Checks;
using Crm.Tool.Stores;
using NodaTime;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm verify: compares what a store keeps with what its journal and its ledger lead to.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var command = new Command("verify", "Adds up the ledger and compares it with what is held, and decides journals again where the programmes are still there. Reads only. Exit code 4 when something differs.");
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var zone = (await StoreSettings.ReadAsync(store.Documents, cancellationToken))?.Zone ?? DateTimeZone.Utc;
            var result = output.IsWatched
                ? await output.Messages.Progress().AutoClear(true).StartAsync(progress => StoreVerification.RunAsync(store, zone, Watch(progress), cancellationToken))
                : await StoreVerification.RunAsync(store, zone, (_, _) => { }, cancellationToken);
            Write(result, output);
            return result.First is null ? ExitCode.Done : ExitCode.Fault;
        });
        return command.WithExamples("crm verify --store shop.db", "crm verify --store shop.db --tenant hk --json");
    }

    private static Action<long, long> Watch(ProgressContext progress)
    {
        var task = progress.AddTask("customers verified");
        return (done, all) =>
        {
            task.MaxValue = Math.Max(1, all);
            task.Value = done;
        };
    }

    private static void Write(VerificationResult result, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteNumber("customers", result.Customers);
                    json.WriteBoolean("booksCompared", result.KnowsModules);
                    json.WriteNumber("redecided", result.Redecided);
                    json.WriteStartObject("notRedecided");
                    foreach (var (why, count) in result.NotRedecided)
                    {
                        json.WriteNumber(why, count);
                    }

                    json.WriteEndObject();
                    json.WriteNumber("different", result.Different);
                    if (result.First is var (customer, difference))
                    {
                        json.WriteStartObject("first");
                        json.WriteString("customer", customer.ToString());
                        json.WriteString("about", difference.About);
                        json.WriteString("found", difference.Found);
                        json.WriteString("expected", difference.Expected);
                        json.WriteEndObject();
                    }
                });
                break;
            case OutputForm.Csv:
                output.Csv([["customer", "about", "found", "expected"], .. result.First is var (who, what) ? (string[][])[[who.ToString(), what.About, what.Found, what.Expected]] : []]);
                break;
            default:
                WriteLines(result, output);
                break;
        }
    }

    private static void WriteLines(VerificationResult result, ToolOutput output)
    {
        if (result.First is var (customer, difference))
        {
            output.Line($"customer {customer}: {difference}");
        }

        if (!result.KnowsModules)
        {
            output.Line("The store has no programmes of the tool: books were not compared. A host verifies with its own modules: Crm.Engine.CustomerVerifier.");
        }

        foreach (var (why, count) in result.NotRedecided)
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"{count} not decided again: {why}"));
        }

        output.Line(string.Create(CultureInfo.InvariantCulture, $"{result.Customers} customers verified, {result.Redecided} decided again, {result.Different} different"));
    }
}
