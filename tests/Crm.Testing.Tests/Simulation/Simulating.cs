using System.Globalization;
using Crm.Testing.Simulation;

namespace Crm.Testing.Tests.Simulation;

/// <summary>The engine in simulated worlds: ten million operations in CI, a tenth of that elsewhere. The environment variable CRM_SIMULATED_OPERATIONS asks for another number of operations, CRM_SIMULATED_SEED for another seed.</summary>
public sealed class Simulating
{
    private static readonly long Operations = Environment.GetEnvironmentVariable("CI") == "true" ? 10_000_000 : 1_000_000;
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    public static TheoryData<string> Counterfeits => [.. SimulationCounterfeit.All.Select(counterfeit => counterfeit.Name)];

    [Fact]
    public async Task Millions_of_operations_break_nothing()
    {
        var operations = long.Parse(Environment.GetEnvironmentVariable("CRM_SIMULATED_OPERATIONS") ?? Operations.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var seed = CrmSimulation.SeedFrom(Environment.GetEnvironmentVariable("CRM_SIMULATED_SEED") ?? "20260101") ?? 0;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var report = await new CrmSimulation { Threads = 2 }.RunAsync(seed, operations, cancellationToken: Token);

        TestContext.Current.TestOutputHelper?.WriteLine($"{report.Operations} operations in {watch.Elapsed.TotalSeconds:0.0} s: {report.Events} events decided, {report.Commits} commits, {report.Disposals} disposals, {report.Merges} merges, {report.Erasures} erasures, {report.Remembered} commits upon what was remembered, {report.Worlds} worlds; {string.Join(", ", report.Kinds.Select(kind => $"{kind.Key} {kind.Value}"))}");
        Assert.True(report.Failure is null, $"{report.Failure}\n{string.Join('\n', report.Failure?.LastSteps ?? [])}");
        Assert.True(report.Operations >= operations);
        Assert.Equal(report.Operations, report.Kinds.Values.Sum());
        Assert.True(report.Disposals > 0);
        Assert.True(report.Merges > 0);
        Assert.True(report.Erasures > 0);
        Assert.True(report.Together > 0);
        Assert.True(report.Remembered > 0);
        Assert.All(report.Kinds, kind => Assert.True(kind.Value > 0, $"{kind.Key} never happened"));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_run_on_any_number_of_threads()
    {
        var one = await new CrmSimulation { OperationsPerWorld = 1_500 }.RunAsync(7, 12_000, cancellationToken: Token);
        var again = await new CrmSimulation { OperationsPerWorld = 1_500, Threads = 2 }.RunAsync(7, 12_000, cancellationToken: Token);
        var other = await new CrmSimulation { OperationsPerWorld = 1_500 }.RunAsync(8, 12_000, cancellationToken: Token);

        Assert.Equal((one.Digest, one.Operations, one.Events, one.Commits), (again.Digest, again.Operations, again.Events, again.Commits));
        Assert.Equal(one.Kinds, again.Kinds);
        Assert.NotEqual(one.Digest, other.Digest);
    }

    [Theory]
    [MemberData(nameof(Counterfeits))]
    public async Task A_counterfeit_is_found_within_few_operations_and_its_seed_shows_it_again(string name)
    {
        var counterfeit = SimulationCounterfeit.All.Single(counterfeit => counterfeit.Name == name);
        var report = await counterfeit.Simulation().RunAsync(1, 60_000, cancellationToken: Token);

        Assert.NotNull(report.Failure);
        Assert.True(counterfeit.Breaks.Contains(report.Failure.Invariant), $"{report.Failure}");
        Assert.NotEmpty(report.Failure.LastSteps);
        var again = await counterfeit.Simulation().RunAsync(report.Failure.Seed, 1, cancellationToken: Token);
        Assert.Equal((report.Failure.Invariant, report.Failure.Operation, report.Failure.Detail), (again.Failure?.Invariant, again.Failure?.Operation, again.Failure?.Detail));
        Assert.True(report.Failure.ReplayedExactly);
    }

    [Fact]
    public void A_lost_connection_is_a_fault_of_the_database_which_the_engine_may_get_over() =>
        Assert.Equal([true, false], new System.Data.Common.DbException[] { new SimulatedConnectionLostException(true), new SimulatedConnectionLostException(false) }.Select(lost => lost.IsTransient));

    [Fact]
    public void Every_invariant_has_a_counterfeit() =>
        Assert.Empty(Invariants.All.Except(SimulationCounterfeit.All.SelectMany(counterfeit => counterfeit.Breaks)));

    [Fact]
    public async Task Cancelling_ends_a_run_without_end()
    {
        using var cancel = new CancellationTokenSource();
        var report = await new CrmSimulation { OperationsPerWorld = 500 }.RunAsync(3, long.MaxValue, new Immediately(done => { if (done > 2_000) { cancel.Cancel(); } }), cancel.Token);

        Assert.Null(report.Failure);
        Assert.InRange(report.Operations, 2_000, 10_000);
    }

    private sealed class Immediately(Action<long> told) : IProgress<long>
    {
        public void Report(long value) => told(value);
    }
}
