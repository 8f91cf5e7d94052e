using System.Globalization;
using Microsoft.Extensions.Logging;
using NodaTime.Text;

namespace Crm.Loyalty.Linting;

/// <summary>Tells a host's log at start what the linter finds in its programmes, each finding with the cart that shows it.</summary>
internal static partial class FindingLog
{
    private const int MostSteps = 12;

    /// <summary>Logs what is found in the programmes of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="isMeant">Which findings are left out.</param>
    /// <param name="logs">Where to; null: nowhere, and nothing is looked for.</param>
    /// <returns>The module.</returns>
    public static LoyaltyModule Told(LoyaltyModule module, Func<ProgramFinding, bool> isMeant, ILoggerFactory? logs)
    {
        if (logs?.CreateLogger<LoyaltyModule>() is { } logger && logger.IsEnabled(LogLevel.Warning))
        {
            foreach (var (program, finding) in module.Findings.Where(found => !isMeant(found.Finding)))
            {
                LogFinding(logger, program, finding.Path, finding.Sentence.English, finding.Code, CartOf(finding.Witness));
            }
        }

        return module;
    }

    private static string CartOf(Witness witness) =>
        string.Join("; ", witness.Steps.Take(MostSteps).Select(TextOf)) + (witness.Steps.Count > MostSteps ? string.Create(CultureInfo.InvariantCulture, $"; and {witness.Steps.Count - MostSteps} more") : "");

    private static string TextOf(WitnessStep step)
    {
        var happened = step.Event;
        return string.Join(' ', new[]
        {
            happened.OccurredAt is { } at ? InstantPattern.General.Format(at) : "",
            happened.Kind,
            happened.Identity is { } who && who != Witness.Customer ? $"of {who.Value}" : "",
            step.Other is { } other ? $"with {other.Value}" : "",
            $"{happened.Spend}",
            string.Join(", ", happened.Lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Quantity} {line.Sku} for {line.Amount}"))),
            string.Join(", ", happened.Fields.Select(field => $"{field.Key} {field.Value}")),
        }.Where(part => part.Length > 0));
    }

    [LoggerMessage(EventId = 7101, Level = LogLevel.Warning, Message = "Programme '{Program}', {Path}: {Finding} ({Code}) It shows when this happens: {Cart}")]
    private static partial void LogFinding(ILogger logger, string program, string path, string finding, string code, string cart);
}
