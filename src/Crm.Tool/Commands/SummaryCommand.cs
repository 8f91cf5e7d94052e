using System.CommandLine;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm report summary: a store in figures.</summary>
internal static class SummaryCommand
{
    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var command = new Command("summary", "Customers, events, revenue, units, tiers, segments and messages of a store.");
        common.AddStoreTo(command).AddAsOfTo(command).AddProgramTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var asOf = common.AsOf(parsed, clock);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var programs = common.Programs(parsed);
            SummaryWriter.Write(
                output.IsWatched
                    ? await output.Messages.Progress().AutoClear(true).StartAsync(progress => SummaryReport.MakeAsync(store, asOf, programs, Watch(progress), cancellationToken))
                    : await SummaryReport.MakeAsync(store, asOf, programs, (_, _) => { }, cancellationToken),
                output);
            return ExitCode.Done;
        });
        return command.WithExamples(
            "crm report summary --store shop.db",
            "crm report summary --store shop.db --as-of 2026-06-30 --json");
    }

    private static Action<long, long> Watch(ProgressContext progress)
    {
        var task = progress.AddTask("customers looked at");
        return (done, all) =>
        {
            task.MaxValue = Math.Max(1, all);
            task.Value = done;
        };
    }
}
