using System.CommandLine;
using System.Globalization;
using Crm.Storage;
using Crm.Tool.Books;
using Crm.Tool.Stores;
using NodaTime;
using NodaTime.Text;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty: what customers hold, what runs out, what something would give or gave and why, and whether the books add up.</summary>
internal static class LoyaltyCommand
{
    public static Command Create(IClock clock) => new("loyalty", "Balances, what runs out, quotes, explanations, simulations, a certificate of the books, and balances brought from elsewhere.") { Balance(clock), Expiring(clock), CertifyCommand.Create(clock), QuoteCommand.Create(clock), ExplainCommand.Create(clock), SimulateCommand.Create(clock), OpenCommand.Create(clock) };

    private static Command Balance(IClock clock)
    {
        var (common, customer) = (new CommonOptions(), Customer());
        var command = new Command("balance", "What a customer holds at an instant, past or future.") { customer };
        common.AddStoreTo(command).AddAsOfTo(command).AddProgramTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var (held, last) = await ReadAsync(store, parsed.GetRequiredValue(customer), output, common, parsed, clock, cancellationToken);
            string[] header = ["program", "unit", "available", "pending", "reserved", "debt"];
            var rows = held.Units.Select(unit => (string[])[unit.Program, unit.Unit, .. new[] { unit.Available, unit.Pending, unit.Reserved, unit.Debt }.Select(figure => unit.IsKnown ? Whole(figure) : "")]).ToList();
            Write(output, held, "units", header, [new("Program", "計劃"), new("Unit", "單位"), new("Available", "可用"), new("Pending", "凍結"), new("Reserved", "預留"), new("Owed", "欠數")], rows, last);
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty balance user:42 --store shop.db", "crm loyalty balance user:42 --store shop.db --as-of 2027-01-01 --json", "crm loyalty balance user:42 --store shop.db --program club.json");
    }

    private static Command Expiring(IClock clock)
    {
        var (common, customer) = (new CommonOptions(), Customer());
        var command = new Command("expiring", "What of a customer's units runs out when.") { customer };
        common.AddStoreTo(command).AddAsOfTo(command).AddProgramTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var (held, last) = await ReadAsync(store, parsed.GetRequiredValue(customer), output, common, parsed, clock, cancellationToken);
            string[] header = ["program", "unit", "at", "amount"];
            var rows = held.Expiring.Select(lot => new[] { lot.Program, lot.Unit, InstantPattern.ExtendedIso.Format(lot.At), Whole(lot.Amount) }).ToList();
            Write(output, held, "lots", header, [new("Program", "計劃"), new("Unit", "單位"), new("Gone at", "到期時刻"), new("Amount", "數目")], rows, last);
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty expiring user:42 --store shop.db", "crm loyalty expiring user:42 --store shop.db --csv");
    }

    private static void Write(ToolOutput output, HeldUnits held, string list, string[] header, Text[] titles, List<string[]> rows, Instant last)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("asOf", InstantPattern.ExtendedIso.Format(last));
                    json.WriteStartArray(list);
                    foreach (var row in rows)
                    {
                        json.WriteStartObject();
                        for (var i = 0; i < header.Length; i++)
                        {
                            if (row[i].Length == 0)
                            {
                                json.WriteNull(header[i]);
                            }
                            else if (long.TryParse(row[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && i > 1)
                            {
                                json.WriteNumber(header[i], number);
                            }
                            else
                            {
                                json.WriteString(header[i], row[i]);
                            }
                        }

                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    UndefinedPrograms.Write(json, held.Undefined);
                });
                break;
            case OutputForm.Csv:
                output.Csv(rows.Prepend(header));
                break;
            default:
                Table(output, titles, [.. rows.Select(row => Array.ConvertAll(row, cell => cell.Length == 0 ? "?" : cell))]);
                break;
        }
    }

    internal static void Table(ToolOutput output, Text[] titles, List<string[]> rows)
    {
        var table = new Table();
        foreach (var title in titles)
        {
            table.AddColumn(Markup.Escape(title.In(output.Language)));
        }

        rows.ForEach(row => table.AddRow([.. row.Select(Markup.Escape)]));
        output.Show(table);
    }

    private static async Task<(HeldUnits Held, Instant Last)> ReadAsync(OpenedStore store, string name, ToolOutput output, CommonOptions common, ParseResult parsed, IClock clock, CancellationToken cancellationToken)
    {
        var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
        var last = common.AsOf(parsed, clock).Last(settings.Zone);
        var definitions = await StoreDefinitions.ReadAsync(store, common.Programs(parsed), cancellationToken);
        var snapshot = await store.Customers.LoadAsync(CustomerRef.Of(IdentityNames.Parse(name)), cancellationToken);
        var customer = snapshot.Customer ?? throw ToolException.Input($"The store has no customer who is '{name}'.");
        var held = await HeldUnits.ReadAsync(store, OpenedStore.EngineOver(store.Customers, definitions.Modules, settings, clock), definitions, customer, last, cancellationToken);
        UndefinedPrograms.Tell(output, held.Undefined, definitions.Trouble);
        return (held, last);
    }

    internal static Argument<string> Customer() => new("CUSTOMER") { Description = "Who, as an identity: user:42, phone:+85291234567." };

    internal static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);
}
