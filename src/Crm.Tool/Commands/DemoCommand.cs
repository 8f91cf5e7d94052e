using System.CommandLine;
using System.Globalization;
using Crm.Engine;
using Crm.Storage.Sqlite;
using Crm.Tool.Demo;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm demo: a simulated tea shop runs through every package, and its figures are shown.</summary>
internal static class DemoCommand
{
    private const int MostCustomers = 1_000_000;
    private const int MostDays = 3_660;

    public static Command Create(IClock clock)
    {
        var customers = new Option<int>("--customers") { Description = "How many members join.", HelpName = "N", DefaultValueFactory = _ => 2_000 };
        var days = new Option<int>("--days") { Description = "How many days, from 2026-01-01.", HelpName = "D", DefaultValueFactory = _ => 365 };
        var seed = new Option<long>("--seed") { Description = "Draws everything: the same seed gives the same output.", HelpName = "S", DefaultValueFactory = _ => 1 };
        var common = new CommonOptions();
        var command = new Command("demo", "Simulates a tea shop in Hong Kong and shows what the engine makes of it. Without --store it uses a temporary SQLite file.") { customers, days, seed };
        common.AddStoreTo(command, required: false).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var request = new DemoRequest(parsed.GetValue(customers), parsed.GetValue(days), parsed.GetValue(seed));
            var problems = new[] { OutOfRange("--customers", request.Customers, MostCustomers), OutOfRange("--days", request.Days, MostDays) }.OfType<string>().ToList();
            if (problems.Count > 0)
            {
                throw ToolException.Usage(problems);
            }

            if (common.HasStore(parsed))
            {
                await RunAsync(request, common.Store(parsed), clock, output, cancellationToken);
                return ExitCode.Done;
            }

            var temporary = new StoreLocation.Sqlite(Path.Combine(Path.GetTempPath(), $"crm-demo-{new RandomIdSource().NewCustomerId()}.db")) { Tenant = "default" };
            try
            {
                await RunAsync(request, temporary, clock, output, cancellationToken);
            }
            finally
            {
                await TenantRemoval.RemoveAsync(temporary, temporary.Tenant, wholeFile: true);
            }

            return ExitCode.Done;
        });
        return command.WithExamples(
            "crm demo",
            "crm demo --customers 200 --days 90 --seed 7 --lang zh-Hant",
            "crm demo --store demo.db && crm report summary --store demo.db");
    }

    private static async Task RunAsync(DemoRequest request, StoreLocation location, IClock clock, ToolOutput output, CancellationToken cancellationToken)
    {
        // A demo can be run again, so it does not wait for the disk.
        await using var store = await OpenedStore.OpenAsync(location, OpenMode.CreateWhenMissing, cancellationToken, SqliteDurability.Normal);
        await DemoMark.PutOnAsync(store, new Testing.FakeClock(ShopSimulation.Start), cancellationToken);
        var shop = new TeaShop();
        var simulation = new ShopSimulation(request.Seed, request.Customers, request.Days);
        var began = clock.GetCurrentInstant();
        var result = output.IsWatched
            ? await output.Messages.Progress().AutoClear(true).StartAsync(progress => RunAsync(Watch(progress)))
            : await RunAsync((_, _) => { });
        var summary = await SummaryReport.MakeAsync(store, new AsOf.At(simulation.End), [], (_, _) => { }, cancellationToken);
        var seconds = (clock.GetCurrentInstant() - began).TotalSeconds;
        DemoWriter.Write(request, summary, await DemoStory.TellAsync(store.Customers, shop, simulation, result, cancellationToken), output);
        output.Message(string.Create(CultureInfo.InvariantCulture, $"{summary.Events} events in {seconds:0.0} seconds."));

        Task<DemoResult> RunAsync(Action<int, int> watch) => DemoRun.RunAsync(store, shop, simulation, request.Seed, watch, cancellationToken);
    }

    private static Action<int, int> Watch(ProgressContext progress)
    {
        var task = progress.AddTask("the shop is open");
        return (recorded, all) =>
        {
            task.MaxValue = Math.Max(1, all);
            task.Value = recorded;
        };
    }

    private static string? OutOfRange(string option, int found, int most) => found >= 1 && found <= most
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{option}: {found} was given; 1 to {most:N0} is expected.");
}
