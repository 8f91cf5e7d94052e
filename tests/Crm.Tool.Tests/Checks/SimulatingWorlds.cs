using Crm.Testing.Simulation;
using Crm.Tool.Checks;

namespace Crm.Tool.Tests.Checks;

public sealed class SimulatingWorlds
{
    private const long Operations = 60_000;

    [Fact]
    public async Task Many_operations_of_a_shop_with_all_packages_break_nothing()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var report = await new CrmSimulation(new TeaShopScenario()) { Threads = 2 }.RunAsync(20260101, Operations, cancellationToken: TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine($"{report.Operations} operations in {watch.Elapsed.TotalSeconds:0.0} s: {report.Events} events decided, {report.Commits} commits, {report.Remembered} upon what was remembered");
        Assert.True(report.Failure is null, $"{report.Failure}\n{string.Join('\n', report.Failure?.LastSteps ?? [])}");
        Assert.True(report.Operations >= Operations);
    }

    [Theory]
    [InlineData("club")]
    [InlineData("tea-shop")]
    public async Task Simulated_worlds_keep_every_invariant_and_the_seed_decides_everything(string scenario)
    {
        string[] call = ["laws", "--simulate", "42", "--operations", "20000", "--scenario", scenario, "--json"];
        var tool = await Support.Tool.RunAsync(call);
        var again = await Support.Tool.RunAsync(call);

        Assert.True(tool.Code == 0, tool.Out + tool.Error);
        Assert.Equal(Invariants.All.Count, tool.Json.GetProperty("kept").GetInt32());
        var simulation = tool.Json.GetProperty("simulation");
        Assert.True(simulation.GetProperty("operations").GetInt64() >= 20_000);
        Assert.Equal(simulation.GetProperty("digest").GetString(), again.Json.GetProperty("simulation").GetProperty("digest").GetString());
    }

    [Theory]
    [InlineData("club")]
    [InlineData("tea-shop")]
    public async Task A_world_that_breaks_says_how_to_live_through_it_again(string scenario)
    {
        var request = SimulationRequest.Parse("42", "20000", scenario);
        var broken = await SimulationCounterfeit.All[0].Simulation().RunAsync(request.Seed, request.Operations, null, TestContext.Current.CancellationToken);

        var reason = Assert.Single(SimulationCheck.Verdicts(request, broken), verdict => verdict.Outcome == LawOutcome.Broken).Reason ?? "";

        Assert.EndsWith($"Replay: crm laws --simulate {broken.Failure?.Seed} --operations 1 --scenario {scenario}", reason, StringComparison.Ordinal);
        var call = reason[reason.IndexOf("laws", StringComparison.Ordinal)..].Split(' ');
        Assert.Equal(1, (await Support.Tool.RunAsync([.. call, "--json"])).Json.GetProperty("simulation").GetProperty("worlds").GetInt64());
    }

    [Fact]
    public async Task Without_numbers_everything_wrong_is_said_at_once()
    {
        var tool = await Support.Tool.RunAsync("laws", "--simulate", "tea", "--operations", "-3");

        Assert.Equal(2, tool.Code);
        Assert.Contains("--simulate: 'tea' is no seed", tool.Error, StringComparison.Ordinal);
        Assert.Contains("--operations: '-3' is no number of operations", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_store_and_seed_there_is_nothing_to_check()
    {
        var tool = await Support.Tool.RunAsync("laws");

        Assert.Equal(2, tool.Code);
        Assert.Contains("--store or --simulate is missing", tool.Error, StringComparison.Ordinal);
    }
}
