using System.Diagnostics;
using System.Text.Json;
using Crm.Tests.Shared;

namespace Crm.EndToEnd.Tests;

/// <summary>What the README tells people to try, run as programs of their own.</summary>
public sealed class QuickStarts
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_ten_lines_of_the_readme_run_and_print_what_they_should()
    {
        using var folder = new Folder();
        var output = await RunAsync(folder, "QuickStart.dll");
        Assert.Equal(["Amy earns 52 points.", "She brings something back: -20 points."], output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.True(File.Exists(Path.Combine(folder.Path, "club.db")));
    }

    [Fact]
    public async Task The_sales_of_the_readme_are_imported_once_and_reported()
    {
        using var folder = new Folder();
        var sales = RepositoryRoot.PathOf("docs", "samples", "TeaShopSales");
        string[] import = ["import", Path.Combine(sales, "sales.csv"), "--map", Path.Combine(sales, "mapping.json"), "--program", Path.Combine(sales, "program.json"), "--store", "shop.db", "--json"];
        using var first = JsonDocument.Parse(await RunAsync(folder, "crm.dll", import));
        using var second = JsonDocument.Parse(await RunAsync(folder, "crm.dll", import));
        Assert.Equal((60, 0), (first.RootElement.GetProperty("recorded").GetInt32(), second.RootElement.GetProperty("recorded").GetInt32()));
        using var summary = JsonDocument.Parse(await RunAsync(folder, "crm.dll", "report", "summary", "--store", "shop.db", "--json"));
        var points = summary.RootElement.GetProperty("units").GetProperty("points");
        Assert.Equal((2_244, 90, 2_154), (points.GetProperty("issued").GetInt32(), points.GetProperty("reversed").GetInt32(), points.GetProperty("available").GetInt32()));
    }

    private static async Task<string> RunAsync(Folder folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var errors = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal((0, ""), (process.ExitCode, await errors));
        return output;
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("crm-readme").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
