using Crm.Testing.Simulation;

namespace Crm.Tool.Tests.Checks;

public sealed class SimulatingWorlds
{
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
