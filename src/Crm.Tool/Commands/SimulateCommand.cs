using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Simulation;
using Crm.Tool.Demo;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using Spectre.Console;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty simulate: the store's history under another programme.</summary>
internal static class SimulateCommand
{
    private const int MostShown = 10;

    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var file = new Argument<string>("PROGRAM.json") { Description = "The programme that might be. It takes the place of the store's programme of its name." };
        var command = new Command("simulate", "Decides the whole history of a store again under another programme, and compares points, tiers, liability and cost with those under the running one. Reads only.") { file };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var candidate = StoredPrograms.FromFiles([parsed.GetRequiredValue(file)])[0];
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var last = common.AsOf(parsed, clock).Last(settings.Zone);
            var request = new SimulationRequest
            {
                Running = await DemoMark.IsOnAsync(store.Documents, cancellationToken) ? [TeaShop.Program] : [.. await StoredPrograms.ReadAsync(store.Documents, cancellationToken, last)],
                Candidate = candidate,
                Options = settings.Options,
                Until = last,
                Before = (await store.ModulesAsync(cancellationToken)).TakeWhile(module => module is not LoyaltyModule).ToSequence(),
            };
            var watch = Stopwatch.StartNew();
            var report = await ProgramSimulation.RunAsync(request, store.Scan, Math.Max(1, Environment.ProcessorCount), cancellationToken);
            output.Message(string.Create(CultureInfo.InvariantCulture, $"{report.Events} events of {report.Customers} customers folded twice in {watch.Elapsed.TotalSeconds:F2} s, {report.Events / Math.Max(watch.Elapsed.TotalSeconds, 0.001):F0} events a second"));
            if (report.LeftOut > 0)
            {
                output.Message(string.Create(CultureInfo.InvariantCulture, $"{report.LeftOut} customers were left out: entries of theirs were disposed of, or they were merged, so their histories cannot be decided again by themselves."));
            }

            Write(output, report);
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty simulate club-2027.json --store shop.db", "crm loyalty simulate club-2027.json --store shop.db --as-of 2026-12-31 --json");
    }

    private static void Write(ToolOutput output, SimulationReport report)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json => Write(json, report));
                break;
            case OutputForm.Csv:
                output.Csv([["customer", "unit", "now", "then"], .. report.Changes.Select(change => (string[])[change.Customer.ToString(), change.Unit, Whole(change.Now), Whole(change.Then)])]);
                break;
            default:
                Tables(output, report);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, SimulationReport report)
    {
        json.WriteString("program", report.Program);
        json.WriteBoolean("compared", report.Compared);
        json.WriteNumber("customers", report.Customers);
        json.WriteNumber("events", report.Events);
        json.WriteNumber("leftOut", report.LeftOut);
        json.WriteStartObject("units");
        foreach (var unit in report.Units)
        {
            json.WriteStartObject(unit.Unit);
            Write(json, "now", unit.Now, unit.LiabilityNow, unit.CostNow);
            Write(json, "then", unit.Then, unit.LiabilityThen, unit.CostThen);
            json.WriteNumber("winners", unit.Winners);
            json.WriteNumber("gained", unit.Gained);
            json.WriteNumber("losers", unit.Losers);
            json.WriteNumber("lost", unit.Lost);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("budgets");
        foreach (var budget in report.Budgets)
        {
            json.WriteStartObject(budget.Budget);
            json.WriteNumber("now", budget.Now);
            json.WriteNumber("then", budget.Then);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartArray("tiers");
        foreach (var move in report.Tiers)
        {
            json.WriteStartObject();
            json.WriteString("ladder", move.Ladder);
            json.WriteString("now", move.Now);
            json.WriteString("then", move.Then);
            json.WriteNumber("customers", move.Customers);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "winners", Winners(report));
        Write(json, "losers", Losers(report));
    }

    private static void Write(Utf8JsonWriter json, string name, UnitAccount account, Money? liability, Money? cost)
    {
        json.WriteStartObject(name);
        foreach (var (figure, amount) in Figures(account))
        {
            json.WriteNumber(figure, amount);
        }

        if (liability is { } owed && cost is { } spent)
        {
            json.WriteString("liability", DecimalText.Of(owed));
            json.WriteString("cost", DecimalText.Of(spent));
            json.WriteString("currency", owed.Currency.Code);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<BalanceChange> changes)
    {
        json.WriteStartArray(name);
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("customer", change.Customer.ToString());
            json.WriteString("unit", change.Unit);
            json.WriteNumber("now", change.Now);
            json.WriteNumber("then", change.Then);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Tables(ToolOutput output, SimulationReport report)
    {
        var units = Table(output, new("Unit", "單位"), new("Figure", "項目"), new("Now", "現時"), new("Then", "假設"), new("Difference", "差額"));
        foreach (var unit in report.Units)
        {
            foreach (var ((figure, was), (_, would)) in Figures(unit.Now).Zip(Figures(unit.Then)))
            {
                units.AddRow(unit.Unit, figure, Whole(was), Whole(would), Whole(would - was));
            }

            AddMoney(units, unit.Unit, "liability", unit.LiabilityNow, unit.LiabilityThen);
            AddMoney(units, unit.Unit, "cost", unit.CostNow, unit.CostThen);
            if (unit is { WorthNow.Pays.Currency: var now, WorthThen.Pays.Currency: var then } && now != then)
            {
                output.Message($"What {unit.Unit} are worth is in {now} now and would be in {then}: liability and cost are shown in both, without a difference.");
            }

            units.AddRow(unit.Unit, "winners, losers", "", $"{Whole(unit.Winners)}, {Whole(unit.Losers)}", $"+{Whole(unit.Gained)}, -{Whole(unit.Lost)}");
        }

        output.Show(units);
        if (!report.Budgets.IsEmpty)
        {
            var budgets = Table(output, new("Budget", "預算"), new("Now", "現時"), new("Then", "假設"), new("Difference", "差額"));
            foreach (var budget in report.Budgets)
            {
                budgets.AddRow(Markup.Escape(budget.Budget), Whole(budget.Now), Whole(budget.Then), Whole(budget.Then - budget.Now));
            }

            output.Show(budgets);
        }

        var tiers = Table(output, new("Ladder", "階梯"), new("Now", "現時"), new("Then", "假設"), new("Customers", "人數"));
        foreach (var move in report.Tiers)
        {
            tiers.AddRow(move.Ladder, Markup.Escape(move.Now ?? "-"), Markup.Escape(move.Then ?? "-"), Whole(move.Customers));
        }

        output.Show(tiers);
    }

    // What is worth nothing that is known has no amount, and amounts in two currencies have no difference.
    private static void AddMoney(Table units, string unit, string figure, Money? now, Money? then)
    {
        if (now is not null || then is not null)
        {
            units.AddRow(unit, figure, now is { } was ? $"{was}" : "-", then is { } would ? $"{would}" : "-", now is { } one && then is { } other && one.Currency == other.Currency ? $"{other - one}" : "-");
        }
    }

    private static Table Table(ToolOutput output, params Values.Text[] titles)
    {
        var table = new Table();
        Array.ForEach(titles, title => table.AddColumn(Markup.Escape(title.In(output.Language))));
        return table;
    }

    private static IEnumerable<BalanceChange> Winners(SimulationReport report) => report.Changes.Where(change => change.Difference > 0).OrderByDescending(change => change.Difference).ThenBy(change => change.Customer).Take(MostShown);

    private static IEnumerable<BalanceChange> Losers(SimulationReport report) => report.Changes.Where(change => change.Difference < 0).OrderBy(change => change.Difference).ThenBy(change => change.Customer).Take(MostShown);

    private static IEnumerable<(string Name, long Amount)> Figures(UnitAccount account) =>
    [
        ("issued", account.Issued), ("spent", account.Spent), ("expired", account.Expired), ("reversed", account.Reversed), ("transferred", account.Transferred),
        ("available", account.Available), ("pending", account.Pending), ("reserved", account.Reserved), ("debt", account.Debt),
    ];

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);
}
