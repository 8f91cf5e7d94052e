using System.Text.Json;
using NodaTime;

namespace Crm.Tool.Tests.Support;

/// <summary>Runs the tool without a process. Whatever is run, nothing that it says names a parameter of a method.</summary>
internal sealed record Tool(int Code, string Out, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static Task<Tool> RunAsync(params string[] args) => RunAsync(CancellationToken.None, args);

    public static Task<Tool> RunAsync(CancellationToken cancellationToken, params string[] args) => RunAsync(Instant.FromUtc(2026, 1, 2, 3, 4), cancellationToken, args);

    public static Task<Tool> RunAsync(Instant now, CancellationToken cancellationToken, params string[] args) => RunAsync(new StoppedClock(now), cancellationToken, args);

    public static async Task<Tool> RunAsync(IClock clock, CancellationToken cancellationToken, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CrmTool.RunAsync(args, output, error, clock, cancellationToken);
        Assert.DoesNotContain("(Parameter '", output.ToString() + error, StringComparison.Ordinal);
        return new Tool(code, output.ToString(), error.ToString());
    }

    private sealed class StoppedClock(Instant now) : IClock
    {
        public Instant GetCurrentInstant() => now;
    }
}
