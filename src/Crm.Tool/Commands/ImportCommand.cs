using System.CommandLine;
using System.Globalization;
using Crm.Tool.Import;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm import: sales from a file into a store.</summary>
internal static class ImportCommand
{
    public static Command Create(IClock clock)
    {
        var file = new Argument<string?>("FILE") { Description = "CSV, text with blanks between the columns, or .xlsx; each may be compressed with gzip.", Arity = ArgumentArity.ZeroOrOne };
        var map = new Option<string?>("--map") { Description = $"A mapping: {string.Join(", ", MappingCatalog.Shipped)}, or the JSON file of your own.", HelpName = "MAPPING" };
        var suggest = new Option<string?>("--suggest") { Description = "Proposes a mapping for a file from its header and first rows, and imports nothing.", HelpName = "FILE" };
        var program = new Option<string[]>("--program") { Description = "The JSON file of a loyalty programme that a new store gets. May be repeated.", HelpName = "FILE.json", DefaultValueFactory = _ => [] };
        var zone = new Option<string?>("--zone") { Description = "The zone of a new store's days. Left out: the mapping's.", HelpName = "ZONE" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Reads and counts, and writes nothing." };
        var strict = new Option<bool>("--strict") { Description = "Writes nothing when a single row is rejected." };
        var common = new CommonOptions();
        var command = new Command("import", "Imports sales from a file. Importing the same file again records nothing.") { file, map, suggest, program, zone, dryRun, strict };
        common.AddStoreTo(command, required: false).AddOutputTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            if (parsed.GetValue(suggest) is { } unknown)
            {
                return Task.FromResult(Suggest(unknown, parsed.GetValue(zone), output));
            }

            var missing = new[] { parsed.GetValue(file) is null ? "FILE is missing." : null, parsed.GetValue(map) is null ? "--map is missing: a mapping is expected." : null }.OfType<string>().ToList();
            if (missing.Count > 0)
            {
                throw ToolException.Usage(missing);
            }

            var wrong = new AllWrong();
            var location = wrong.Read(() => common.Store(parsed));
            var mapping = wrong.Read(() => MappingCatalog.Find(parsed.GetValue(map) ?? ""));
            var ofStore = wrong.Read(() => ZoneOf(parsed.GetValue(zone)));
            var programs = wrong.Read(() => StoredPrograms.FromFiles(parsed.GetValue(program) ?? []));
            if (location is null || mapping is null || programs is null || wrong.Any)
            {
                wrong.Check(() => SourceFile.Refuse(parsed.GetValue(file) ?? ""));
                throw wrong.Together();
            }

            var request = new ImportRequest
            {
                File = parsed.GetValue(file) ?? "",
                Mapping = mapping,
                Zone = ofStore,
                Programs = programs,
                Strict = parsed.GetValue(strict),
                DryRun = parsed.GetValue(dryRun),
            };
            return ImportAsync(request, location, clock, output, cancellationToken);
        });
        return command.WithExamples(
            "crm import CDNOW_master.txt.gz --map cdnow --store cdnow.db",
            "crm import sales.csv --map my-shop.json --store shop.db --strict",
            "crm import sales.csv --map my-shop.json --store memory --dry-run --json",
            "crm import sales.csv --map my-shop.json --store shop.db --program club.json",
            "crm import --suggest sales.csv > my-shop.json");
    }

    private static async Task<int> ImportAsync(ImportRequest request, StoreLocation location, IClock clock, ToolOutput output, CancellationToken cancellationToken)
    {
        var result = output.IsWatched
            ? await output.Messages.Progress().AutoClear(true).StartAsync(progress => ImportAsync(request, location, clock, Watch(progress), cancellationToken))
            : await ImportAsync(request, location, clock, _ => { }, cancellationToken);
        ImportReport.Write(result, output);
        if (!result.Interrupted)
        {
            return ExitCode.Done;
        }

        output.Message(string.Create(
            CultureInfo.InvariantCulture,
            $"Stopped after {result.Recorded + result.Already} of {result.Source.Count} events; {result.Recorded} were recorded. The store is consistent: the same import again does the rest."));
        return ExitCode.Interrupted;
    }

    private static Task<ImportResult> ImportAsync(ImportRequest request, StoreLocation location, IClock clock, Action<ImportProgress> watch, CancellationToken cancellationToken) =>
        Importer.RunAsync(request, location, clock, watch, cancellationToken);

    private static Action<ImportProgress> Watch(ProgressContext progress)
    {
        var reading = progress.AddTask("reading").IsIndeterminate();
        ProgressTask? recording = null;
        return far =>
        {
            if (far.Events == 0)
            {
                reading.Description = string.Create(CultureInfo.InvariantCulture, $"reading: {far.Rows} rows");
                return;
            }

            recording ??= progress.AddTask("recording", maxValue: far.Events);
            reading.IsIndeterminate(false).Value = reading.MaxValue;
            recording.Value = far.Done;
        };
    }

    private static int Suggest(string file, string? zone, ToolOutput output)
    {
        var (json, doubts) = MappingSuggestion.For(file, (ZoneOf(zone) ?? DateTimeZone.Utc).Id, Currency.Hkd.Code);
        output.Line(json);
        foreach (var doubt in doubts)
        {
            output.Message(doubt);
        }

        return ExitCode.Done;
    }

    private static DateTimeZone? ZoneOf(string? id) => id is null
        ? null
        : DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw ToolException.Usage($"--zone: '{id}' is no time zone; one of the IANA database is expected, such as 'Asia/Hong_Kong' or 'Europe/London'.");
}
