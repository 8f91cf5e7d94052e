using System.CommandLine;
using System.Globalization;
using Crm.Analytics.Habits;
using Crm.Conditions;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm report nes, stages, cohorts and pareto: the habits of customers, by days of the calendar.</summary>
internal static class HabitCommands
{
    private static readonly Duration Year = Duration.FromDays(365);

    private static readonly ResultColumn Customers = new("customers", new("Customers", "客戶數"));
    private static readonly ResultColumn Share = new("share", new("Share", "佔比"));

    public static Command Nes(IClock clock)
    {
        var cycle = Cycle();
        var command = new Command("nes", "Who is new (N), existing (E0) or asleep (S1 to S3), by purchase cycles of silence.") { cycle };
        return Report(command, clock, (parsed, sales, output) =>
        {
            var rule = Rule(parsed.GetRequiredValue(cycle), sales);
            var states = sales.Buyers.Select(customer => rule.On(sales.AsOf, PurchaseDaysOf(customer))).ToList();
            var rows = Enum.GetValues<Nes>().Select(state => new object?[] { state.Code(), (long)states.Count(one => one == state), ShareOf(states.Count(one => one == state), states.Count) }).ToList();
            new ResultTable("states", [new("nes", new("State", "狀態")), Customers, Share], rows).Write(output, json =>
            {
                json.WriteString("asOf", LocalDatePattern.Iso.Format(sales.AsOf));
                json.WriteString("cycle", parsed.GetRequiredValue(cycle));
                json.WriteNumber("meanGapDays", MeanGap(sales).Days);
                json.WriteNumber("customers", states.Count);
            });
        }).WithExamples("crm report nes --store shop.db --as-of 2026-06-30", "crm report nes --cycle own --store shop.db --json");
    }

    public static Command Stages(IClock clock)
    {
        var (cycle, core) = (Cycle(), new Option<decimal>("--core") { Description = "The share of the customers, by spend of 365 days, who are core.", HelpName = "0..1", DefaultValueFactory = _ => 0.2m });
        var command = new Command("stages", "Prospects, occasional, loyal and core customers.") { cycle, core };
        return Report(command, clock, (parsed, sales, output) =>
        {
            if (parsed.GetValue(core) is not (>= 0 and <= 1) and var wrong)
            {
                throw ToolException.Usage(string.Create(CultureInfo.InvariantCulture, $"--core: {wrong} is no share; 0 to 1 is expected, such as 0.2."));
            }

            decimal SpendOf(CustomerSales customer) => customer.Purchases.Where(sale => sale.At > sales.Last - Year).Sum(sale => sale.Amount);
            var line = new Concentration(sales.Buyers.Select(SpendOf)).LeastOfTop(parsed.GetValue(core));
            var rule = new StageRule(Rule(parsed.GetRequiredValue(cycle), sales)) { CoreSpend = line };
            var stages = sales.Customers.Select(customer => rule.On(sales.AsOf, PurchaseDays.Of(customer.Days), SpendOf(customer))).ToList();
            var rows = Enum.GetValues<Stage>().Select(stage => new object?[] { stage.Code(), (long)stages.Count(one => one == stage), ShareOf(stages.Count(one => one == stage), stages.Count) }).ToList();
            new ResultTable("stages", [new("stage", new("Stage", "階段")), Customers, Share], rows).Write(output, json =>
            {
                json.WriteString("asOf", LocalDatePattern.Iso.Format(sales.AsOf));
                json.WriteString("cycle", parsed.GetRequiredValue(cycle));
                if (line is { } least)
                {
                    json.WriteNumber("coreSpend", least);
                }
                else
                {
                    json.WriteNull("coreSpend");
                }

                json.WriteNumber("customers", stages.Count);
            });
        }).WithExamples("crm report stages --store shop.db", "crm report stages --core 0.1 --cycle own --store shop.db --json");
    }

    public static Command Cohorts(IClock clock)
    {
        var by = new Option<string>("--by") { Description = "The periods.", HelpName = "month|quarter|year", DefaultValueFactory = _ => "month" };
        by.AcceptOnlyFromAmong("month", "quarter", "year");
        var command = new Command("cohorts", "Customers by the period of their first purchase, and how many of them bought in each period after it.") { by };
        return Report(command, clock, (parsed, sales, output) =>
        {
            var period = parsed.GetValue(by) switch { "quarter" => CalendarPeriod.Quarter, "year" => CalendarPeriod.Year, _ => CalendarPeriod.Month };
            var cohorts = CohortTable.Of(sales.Buyers.Select(customer => customer.Days), period, sales.AsOf);
            var periods = cohorts.Select(cohort => cohort.Active.Count).DefaultIfEmpty(0).Max();
            var columns = Enumerable.Range(0, periods).Select(offset => new ResultColumn($"{offset}", new($"{offset}", $"{offset}"))).Prepend(new("cohort", new("Cohort", "世代"))).ToList();
            var rows = cohorts.Select(cohort => Enumerable.Range(0, periods).Select(offset => offset < cohort.Active.Count ? (object?)(long)cohort.Active[offset] : null).Prepend(NameOf(cohort.Begins, period)).ToArray()).ToList();
            new ResultTable("cohorts", columns, rows).Write(output, json => json.WriteString("asOf", LocalDatePattern.Iso.Format(sales.AsOf)));
        }).WithExamples("crm report cohorts --store shop.db --csv", "crm report cohorts --by quarter --store shop.db --as-of 2026-06-30");
    }

    public static Command Pareto(IClock clock) => Report(new Command("pareto", "How much of the revenue the best customers bring."), clock, (_, sales, output) =>
    {
        var concentration = new Concentration(sales.Buyers.Select(customer => customer.Gross));
        var rows = Enumerable.Range(1, 10).Select(tenth => tenth / 10m)
            .Select(share => new object?[] { share, (long)concentration.CountOf(share), concentration.LeastOfTop(share), Math.Round(concentration.PartOfTop(share), 6) }).ToList();
        new ResultTable("top", [Share, Customers, new("least", new("Least amount", "最低金額")), new("part", new("Part of the revenue", "收入佔比"))], rows).Write(output, json =>
        {
            json.WriteString("asOf", LocalDatePattern.Iso.Format(sales.AsOf));
            json.WriteNumber("customers", concentration.Customers);
            json.WriteNumber("revenue", concentration.Total);
            json.WriteNumber("customersForFourFifths", concentration.CustomersFor(0.8m));
        });
    }).WithExamples("crm report pareto --store shop.db", "crm report pareto --store shop.db --as-of 2026-06-30 --json");

    /// <summary>A report over the purchases of a store.</summary>
    internal static Command Report(Command command, IClock clock, Action<ParseResult, Sales, ToolOutput> write)
    {
        var common = new CommonOptions();
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var asOf = common.AsOf(parsed, clock);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            write(parsed, await Sales.ReadAsync(store, asOf, cancellationToken), output);
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> Cycle()
    {
        var cycle = new Option<string>("--cycle") { Description = "Whose purchase cycle: the mean gap of all customers, or each customer's own (that of all for those who have bought on one day).", HelpName = "all|own", DefaultValueFactory = _ => "all" };
        cycle.AcceptOnlyFromAmong("all", "own");
        return cycle;
    }

    private static NesRule Rule(string cycle, Sales sales)
    {
        var all = MeanGap(sales);
        return new NesRule(cycle == "own" ? new PurchaseCycle.Own(all.Days) : all);
    }

    private static PurchaseCycle.OfAll MeanGap(Sales sales)
    {
        var customers = sales.Buyers.Select(PurchaseDaysOf).ToList();
        return customers.Exists(days => days.Count > 1)
            ? PurchaseCycle.OfAll.MeanOf(customers)
            : throw ToolException.Input("Nobody in this store has bought on two days, so there is no purchase cycle yet.");
    }

    private static PurchaseDays PurchaseDaysOf(CustomerSales customer) => PurchaseDays.Of(customer.Days) ?? throw new InvalidOperationException($"{customer.Customer} has bought nothing.");

    private static decimal ShareOf(int part, int whole) => whole == 0 ? 0 : Math.Round((decimal)part / whole, 6);

    private static string NameOf(LocalDate begins, CalendarPeriod period) => period switch
    {
        CalendarPeriod.Quarter => string.Create(CultureInfo.InvariantCulture, $"{begins.Year:0000}-Q{((begins.Month - 1) / 3) + 1}"),
        CalendarPeriod.Year => begins.Year.ToString("0000", CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"{begins.Year:0000}-{begins.Month:00}"),
    };
}
