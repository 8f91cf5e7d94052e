using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Crm.Loyalty.Openings;
using Crm.Tool.Import.Assembly;
using Crm.Tool.Import.Openings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Stores;
using NodaTime;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty open: balances of the system that kept them before.</summary>
internal static class OpenCommand
{
    public static Command Create(IClock clock)
    {
        var file = new Argument<string>("FILE") { Description = "CSV, text with blanks between the columns, or .xlsx; each may be compressed with gzip." };
        var map = new Option<string>("--map") { Description = "The JSON file of a mapping of balances.", HelpName = "MAPPING.json", Required = true };
        var program = new Option<string[]>("--program") { Description = "The JSON file of a loyalty programme that a new store gets. May be repeated.", HelpName = "FILE.json", DefaultValueFactory = _ => [] };
        var actor = new Option<string>("--actor") { Description = "Who decided it, as a code.", HelpName = "CODE", DefaultValueFactory = _ => "import" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Reads and checks, and writes nothing." };
        var common = new CommonOptions();
        var command = new Command("open", "Opens the balances that members had elsewhere: units with their own expiry, tiers with their end, stamps. When anything is wrong, all of it is listed and nothing is written; the same file again opens nothing twice. Exit code 4 when what was brought and what is booked differ.") { file, map, program, actor, dryRun };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var wrong = new AllWrong();
            var location = wrong.Read(() => common.Store(parsed));
            var mapping = wrong.Read(() => OpeningMappingJson.FromFile(parsed.GetRequiredValue(map)));
            var programs = wrong.Read(() => StoredPrograms.FromFiles(parsed.GetValue(program) ?? []));
            if (location is null || mapping is null || programs is null)
            {
                wrong.Check(() => SourceFile.Refuse(parsed.GetRequiredValue(file)));
                throw wrong.Together();
            }

            var read = OpeningReader.Read(mapping, parsed.GetRequiredValue(file));
            var import = new OpeningImport(mapping.Name, parsed.GetValue(actor) ?? "import", [.. read.Balances]);
            if (parsed.GetValue(dryRun))
            {
                Check(read, import, await StoredAsync(location, OpenMode.OnlyLook, mapping, import, programs, clock, cancellationToken), clock);
                Write(output, read, import, null);
                return ExitCode.Done;
            }

            if (programs.Count == 0 && !await OpenedStore.ExistsAsync(location, cancellationToken))
            {
                throw ToolException.Input("The store is not there yet, and --program names no programme; balances are opened in programmes.");
            }

            Check(read, import, await StoredAsync(location, OpenMode.MustExist, mapping, import, programs, clock, cancellationToken), clock);
            await using var store = await OpenedStore.OpenAsync(location, OpenMode.CreateWhenMissing, cancellationToken);
            var settings = await StoreSettings.ReadOrWriteAsync(store.Documents, null, mapping.Zone, clock, cancellationToken);
            await StoredPrograms.AddAsync(store, programs, clock, cancellationToken);
            var report = await import.RunAsync(await store.EngineAsync(settings, clock, cancellationToken), null, cancellationToken);
            report = await import.ReconcileAsync(report, store.Scan, CancellationToken.None);
            Write(output, read, import, report);
            foreach (var (member, code, reason) in report.Refused)
            {
                output.Message($"{member.Place}: {code}: {(reason ?? new Text("The balance of the member was opened by this import with other content.", "此會員的結餘已由此次匯入以其他內容開立。")).In(output.Language)}");
            }

            return report.Interrupted ? ExitCode.Interrupted : report.NetsToZero ? ExitCode.Done : ExitCode.Fault;
        });
        return command.WithExamples(
            "crm loyalty open balances.csv --map old-till.json --store shop.db --dry-run",
            "crm loyalty open balances.csv --map old-till.json --store shop.db --program club.json --json");
    }

    // The programmes that balances are opened in: those of the store, and those that it gets. A store that cannot take them is refused.
    private static async Task<IReadOnlyList<Crm.Loyalty.Programs.LoyaltyProgram>> StoredAsync(StoreLocation location, OpenMode mode, OpeningMapping mapping, OpeningImport import, IReadOnlyList<Crm.Loyalty.Programs.LoyaltyProgram> added, IClock clock, CancellationToken cancellationToken)
    {
        if (!await OpenedStore.ExistsAsync(location, cancellationToken))
        {
            return added;
        }

        await using var store = await OpenedStore.OpenAsync(location, mode, cancellationToken);
        var settings = await StoreSettings.ReadAsync(store.Documents, cancellationToken) ?? new StoreSettings(mapping.Zone);
        await HostModules.RefuseAsync(store, await store.EngineAsync(settings, clock, cancellationToken), import.Members.Select(row => row.Member), cancellationToken);
        await StoredPrograms.MissingAsync(store, added, cancellationToken);
        var stored = await StoredPrograms.ReadAsync(store.Documents, cancellationToken, clock.GetCurrentInstant());
        return [.. stored, .. added.Where(program => stored.All(known => known.Name != program.Name))];
    }

    private static void Check(OpeningFile read, OpeningImport import, IReadOnlyList<Crm.Loyalty.Programs.LoyaltyProgram> programs, IClock clock)
    {
        var problems = read.Rejected.Select(row => row.ToString())
            .Concat(import.Problems(programs, clock.GetCurrentInstant()).Select(wrong => $"{wrong.Row.Place}: {wrong.Problem}")).ToList();
        if (problems.Count > 0)
        {
            throw ToolException.Input([string.Create(CultureInfo.InvariantCulture, $"{problems.Count} faults were found; nothing was written."), .. problems]);
        }
    }

    private static void Write(ToolOutput output, OpeningFile read, OpeningImport import, OpeningReport? report)
    {
        var members = import.Members.Count();
        IReadOnlyList<OpenedUnit> units = report is not null ? report.Units : [.. import.Rows.SelectMany(row => row.Balance.Lots.Select(lot => lot.Unit).Concat(row.Balance.Debts.Select(debt => debt.Unit))).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(unit => new OpenedUnit(unit, import.Rows.Sum(row => row.Balance.Net(unit)), 0, 0))];
        var table = new ResultTable(
            "units",
            [new("unit", new("Unit", "單位")), new("brought", new("Brought", "帶入")), new("booked", new("Booked", "已入帳")), new("refused", new("Refused", "拒絕")), new("difference", new("Difference", "差額"))],
            [.. units.Select(unit => new object?[] { unit.Unit, unit.Brought, unit.Booked, unit.Refused, report is null ? 0L : unit.Difference })]);
        table.Write(output, json => Numbers(json, read, members, report));
        if (output.Form == OutputForm.Tables)
        {
            output.Line(report is null
                ? new Text($"{members} members in {read.Rows} rows; nothing was written.", $"{read.Rows} 列，{members} 名會員；未有寫入。").In(output.Language)
                : new Text($"{report.Opened} members opened, {report.Already} already, {report.Refused.Count} refused.", $"已開立 {report.Opened} 名，先前已開立 {report.Already} 名，拒絕 {report.Refused.Count} 名。").In(output.Language));
        }
    }

    private static void Numbers(Utf8JsonWriter json, OpeningFile read, int members, OpeningReport? report)
    {
        json.WriteNumber("rows", read.Rows);
        json.WriteNumber("members", members);
        json.WriteNumber("opened", report?.Opened ?? 0);
        json.WriteNumber("already", report?.Already ?? 0);
        json.WriteNumber("refused", report?.Refused.Count ?? 0);
        json.WriteBoolean("dryRun", report is null);
        if (report is not null)
        {
            json.WriteBoolean("netsToZero", report.NetsToZero);
        }
    }
}
