using System.CommandLine;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Commands;

/// <summary>crm report summary: a store in figures.</summary>
internal static class SummaryCommand
{
    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var command = new Command("summary", "Customers, events, revenue, units, tiers, segments and messages of a store.");
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var asOf = common.AsOf(parsed, clock);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            SummaryWriter.Write(await SummaryReport.MakeAsync(store, asOf, cancellationToken), output);
            return ExitCode.Done;
        });
        return command.WithExamples(
            "crm report summary --store shop.db",
            "crm report summary --store shop.db --as-of 2026-06-30 --json");
    }
}
