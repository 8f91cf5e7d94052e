using System.Diagnostics;

namespace Crm.EndToEnd.Tests;

/// <summary>The ten lines of the README, run as a program of their own.</summary>
public sealed class QuickStarts
{
    [Fact]
    public async Task The_ten_lines_of_the_readme_run_and_print_what_they_should()
    {
        var folder = Directory.CreateTempSubdirectory("quick-start");
        try
        {
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "QuickStart.dll")])
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start) ?? throw new InvalidOperationException("The sample did not start.");
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("", errors);
            Assert.Equal(["Amy earns 52 points.", "She brings something back: -20 points."], output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            Assert.True(File.Exists(Path.Combine(folder.FullName, "club.db")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
