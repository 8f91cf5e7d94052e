using System.CommandLine;
using System.Globalization;
using Crm.Engine;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;
using NodaTime.Text;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm privacy retention: disposes of journal entries that need not be kept any longer.</summary>
internal static class RetentionCommand
{
    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var until = new Option<string>("--until") { Description = "The last day of what goes, in the store's zone, or an instant.", HelpName = "TIME", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would go, and writes nothing." };
        var command = new Command("retention", "Disposes of journal entries up to a day. Balances, tiers and the ledger stay, and an opening stands for what is gone. It can be stopped and run again.") { until, dryRun };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var last = AsOf.Parse(parsed.GetRequiredValue(until), clock, "--until");
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), parsed.GetValue(dryRun) ? OpenMode.OnlyLook : OpenMode.MustExist, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var engine = await store.EngineAsync(settings, clock, cancellationToken);
            var held = new SortedDictionary<string, long>(StringComparer.Ordinal);

            // Stores count time in ticks.
            var request = new DisposalRequest(Instant.FromUnixTimeTicks(last.Last(settings.Zone).ToUnixTimeTicks())) { DryRun = parsed.GetValue(dryRun), Held = history => held[history.Code] = held.GetValueOrDefault(history.Code) + 1 };
            if (request.Until > clock.GetCurrentInstant())
            {
                throw ToolException.Input($"--until is {InstantPattern.ExtendedIso.Format(request.Until)}, which is still to come; a day that has passed is expected.");
            }

            var report = output.IsWatched
                ? await output.Messages.Progress().AutoClear(true).StartAsync(progress => DisposeAsync(engine, request with { Progress = Watch(progress) }, cancellationToken))
                : await DisposeAsync(engine, request, cancellationToken);
            Write(report, held, request.DryRun, output);
            return ExitCode.Done;
        });
        return command.WithExamples("crm privacy retention --until 2019-12-31 --store shop.db --dry-run", "crm privacy retention --until 2019-12-31 --store shop.db --json");
    }

    private static async Task<DisposalReport> DisposeAsync(CrmEngine engine, DisposalRequest request, CancellationToken cancellationToken) => await engine.DisposeOfJournalAsync(request, cancellationToken);

    private static Immediately Watch(ProgressContext progress)
    {
        var task = progress.AddTask("customers");
        task.IsIndeterminate = true;
        return new Immediately(report => task.Description = string.Create(CultureInfo.InvariantCulture, $"{report.Seen} customers, {report.Entries} entries"));
    }

    private static void Write(DisposalReport report, SortedDictionary<string, long> held, bool dryRun, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteBoolean("dryRun", dryRun);
                    json.WriteNumber("seen", report.Seen);
                    json.WriteNumber("customers", report.Customers);
                    json.WriteNumber("entries", report.Entries);
                    json.WriteStartObject("held");
                    foreach (var (code, count) in held)
                    {
                        json.WriteNumber(code, count);
                    }

                    json.WriteEndObject();
                });
                break;
            case OutputForm.Csv:
                output.Csv([["seen", "customers", "entries", "held"], [Number(report.Seen), Number(report.Customers), Number(report.Entries), Number(report.Held)]]);
                break;
            default:
                output.Line($"{Number(report.Entries)} journal entries of {Number(report.Customers)} customers {(dryRun ? "would be" : "were")} disposed of; {Number(report.Seen)} customers were looked at.");
                foreach (var (code, count) in held)
                {
                    output.Line($"{Number(count)} customers keep entries: {Reason(code)}");
                }

                break;
        }
    }

    private static string Reason(string code) => code switch
    {
        "still-amended" => "a later refund or cancellation takes from them, or they tell what became of something that was decided later; they can go together with it.",
        "not-verified" => "what is stored does not fit together; 'crm verify' says where.",
        "unknown-module" => "the store has states of modules that the tool does not have. A host disposes with its own: CrmEngine.DisposeOfJournalAsync.",
        _ => "they cannot be decided again with the programmes of the store, and no checkpoint stands for them.",
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Immediately(Action<DisposalReport> told) : IProgress<DisposalReport>
    {
        public void Report(DisposalReport value) => told(value);
    }
}
