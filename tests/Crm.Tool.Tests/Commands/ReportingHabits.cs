using System.Globalization;
using System.Text.Json;
using Crm.Tests.Shared;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>Reports of habits and of models over real sales are what is published of them.</summary>
public sealed class ReportingHabits : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Scores_and_segments_of_the_rfm_package_are_those_of_its_own_customers()
    {
        var store = await ImportedAsync("rfm_data_orders.csv.gz", "rfm-orders");
        var report = await Support.Tool.RunAsync("report", "rfm", "--bins", "rfm-package", "--store", store, "--as-of", "2006-12-31", "--csv");
        Assert.Equal((0, ""), (report.Code, report.Error));
        var rows = Rows(report.Out);
        Assert.Equal("customer,recency_days,frequency,monetary,r,f,m,segment", string.Join(',', rows[0]));
        Assert.Equal(Expected("rfm_orders_expected.csv").Select(row => $"{row[0]},{row[2]},{row[3]},{row[4]},{row[5]},{row[6]},{row[7]},{row[9]}").Order(StringComparer.Ordinal), rows.Skip(1).Select(row => string.Join(',', row)).Order(StringComparer.Ordinal));

        // Fifths of 995 customers, by rank.
        var ranked = Rows((await Support.Tool.RunAsync("report", "rfm", "--store", store, "--as-of", "2006-12-31", "--csv")).Out).Skip(1).ToList();
        Assert.All(new[] { 4, 5, 6 }, column => Assert.Equal([199, 199, 199, 199, 199], ranked.GroupBy(row => row[column]).Select(group => group.Count())));
    }

    [Fact]
    public async Task Online_retail_has_the_published_recency_states_and_cohorts()
    {
        var store = await ImportedAsync("online_retail_uci.csv.gz", "online-retail");
        async Task<Support.Tool> ReportAsync(params string[] args)
        {
            var report = await Support.Tool.RunAsync(["report", .. args, "--store", store]);
            Assert.Equal((0, ""), (report.Code, report.Error));
            return report;
        }

        var rfm = Rows((await ReportAsync("rfm", "--as-of", "2011-12-10", "--csv")).Out).Skip(1).ToDictionary(row => row[0], row => (Recency: row[1], Frequency: row[2], Monetary: Number(row[3])), StringComparer.Ordinal);
        var expected = Expected("online_retail_rfm_2011-12-10.csv");
        Assert.Equal((4_338, 4_338), (rfm.Count, expected.Count));
        Assert.All(expected, row =>
        {
            Assert.Equal((row[1], row[2]), (rfm[row[0]].Recency, rfm[row[0]].Frequency));
            Assert.True(Math.Abs(Number(row[3]) - rfm[row[0]].Monetary) <= 0.02m);
        });
        Assert.Equal("335 1716 838 333 1116", await StatesAsync("all"));
        Assert.Equal("335 1994 695 281 1033", await StatesAsync("own"));

        var cohorts = Rows((await ReportAsync("cohorts", "--as-of", "2011-12-09", "--csv")).Out);
        Assert.Equal("cohort,0,1,2,3,4,5,6,7,8,9,10,11,12", string.Join(',', cohorts[0]));
        Assert.Equal(Expected("online_retail_cohort_counts.csv").Select(row => string.Join(',', row.Select(cell => cell.Replace(".0", "", StringComparison.Ordinal)))), cohorts.Skip(1).Select(row => string.Join(',', row)));

        async Task<string> StatesAsync(string cycle)
        {
            var json = (await ReportAsync("nes", "--cycle", cycle, "--as-of", "2011-12-10", "--json")).Json;
            Assert.Equal((4_338, 45.66m), (json.GetProperty("customers").GetInt32(), Math.Round(json.GetProperty("meanGapDays").GetDecimal(), 2)));
            Assert.Equal(["N", "E0", "S1", "S2", "S3"], json.GetProperty("states").EnumerateArray().Select(state => state.GetProperty("nes").GetString()));
            return string.Join(' ', json.GetProperty("states").EnumerateArray().Select(state => state.GetProperty("customers").GetInt32()));
        }
    }

    [Fact]
    public async Task Cdnow_has_the_published_models_and_every_customer_the_known_history()
    {
        var store = await ImportedAsync("cdnow/CDNOW_sample.txt.gz", "cdnow-sample");
        async Task<JsonElement> FittedAsync(string model)
        {
            var report = await Support.Tool.RunAsync("report", "clv", "--model", model, "--store", store, "--as-of", "1997-09-30", "--json");
            Assert.Equal((0, ""), (report.Code, report.Error));
            Assert.Equal(model, report.Json.GetProperty("model").GetString());
            Assert.True(report.Json.GetProperty("converged").GetBoolean());
            return report.Json;
        }

        await PublishedAsync("bg-nbd", -9582.429, 2_357, ("r", 0.2425982), ("alpha", 4.4136842), ("a", 0.7929899), ("b", 2.4261667));
        await PublishedAsync("pareto-nbd", -9594.976, 2_357, ("r", 0.5533971), ("alpha", 10.5801985), ("s", 0.6060625), ("beta", 11.6562237));
        await PublishedAsync("mbg-nbd", null, 2_357, ("r", 0.525), ("alpha", 6.183), ("a", 0.891), ("b", 1.614));
        await PublishedAsync("gamma-gamma", -4055.92324, 946, ("p", 6.248647), ("q", 3.744626), ("v", 15.448383));

        var rows = Rows((await Support.Tool.RunAsync("report", "clv", "--horizon", "52", "--store", store, "--as-of", "1997-09-30", "--csv")).Out);
        Assert.Equal("customer,x,t_x,T,p_alive,expected,value", string.Join(',', rows[0]));
        var found = rows.Skip(1).ToDictionary(row => row[0], StringComparer.Ordinal);
        var known = Expected("cdnow_sample_cbs.csv");
        Assert.Equal((2_357, 2_357), (found.Count, known.Count));
        Assert.All(known, row =>
        {
            Assert.Equal(row[1], found[row[0]][1]);
            Assert.True(Math.Abs(Number(row[2]) - Number(found[row[0]][2])) <= 0.000001m);
            Assert.True(Math.Abs(Number(row[3]) - Number(found[row[0]][3])) <= 0.000001m);
            Assert.InRange(Number(found[row[0]][4]), 0, 1);
        });

        // Customer 1516 of the walkthrough of BTYD: alive with 0.9688, and 25.76 purchases are expected in a year.
        Assert.Equal((26m, 0.969m, 25.8m), (Number(found["1516"][1]), Math.Round(Number(found["1516"][4]), 3), Math.Round(Number(found["1516"][5]), 1)));
        Assert.All(rows.Skip(1), row => Assert.True(Number(row[6]) > 0));

        async Task PublishedAsync(string model, double? logLikelihood, int customers, params (string Name, double Value)[] parameters)
        {
            var fit = await FittedAsync(model);
            Assert.Equal(customers, fit.GetProperty("customers").GetInt32());
            Assert.Equal(parameters.Select(one => one.Name), fit.GetProperty("parameters").EnumerateObject().Select(one => one.Name));
            Assert.Equal(parameters.Select(one => one.Name), fit.GetProperty("standardErrors").EnumerateObject().Select(one => one.Name));
            Assert.All(parameters, one => Assert.Equal(one.Value, fit.GetProperty("parameters").GetProperty(one.Name).GetDouble(), 0.002 * one.Value));
            Assert.True(logLikelihood is null || fit.GetProperty("logLikelihood").GetDouble() >= logLikelihood - 0.001);
        }
    }

    [Fact]
    public async Task Own_bins_and_segments_come_from_files_and_all_their_faults_are_said()
    {
        var sales = folder.Write("sales.csv", "customer_id,order_date,revenue\nAmy,2025-01-01,10\nAmy,2025-01-20,20\nBob,2024-11-01,500\n");
        var store = folder.PathOf("own.db");
        Assert.Equal(0, (await Support.Tool.RunAsync("import", sales, "--map", "rfm-orders", "--store", store)).Code);
        var bins = folder.Write("bins.json", """{"recency":[7,30,60,90],"frequency":[1,2,3,4],"monetary":[15,50,100,1000]}""");
        var segments = folder.Write("segments.json", """{"segments":[{"name":"Near","r":[4,5],"f":[1,5],"m":[1,5]},{"name":"Once","r":[1,5],"f":1,"m":[1,5]}]}""");

        var report = await Support.Tool.RunAsync("report", "rfm", "--bins", $"fixed:{bins}", "--segments", segments, "--store", store, "--as-of", "2025-01-25", "--csv");
        Assert.Equal(["Amy,5,2,30,5,2,2,Near", "Bob,85,1,500,2,1,4,Once"], Rows(report.Out).Skip(1).Select(row => string.Join(',', row)));
        Assert.Contains("customer", (await Support.Tool.RunAsync("report", "rfm", "--store", store, "--as-of", "2025-01-25", "--json")).Json.GetProperty("customers")[0].EnumerateObject().Select(one => one.Name));
        Assert.Contains("客戶數", (await Support.Tool.RunAsync("report", "nes", "--store", store, "--as-of", "2025-01-25", "--lang", "zh-Hant")).Out, StringComparison.Ordinal);

        var wrong = folder.Write("wrong.json", """{"recency":[7,30,"x",90],"frequency":[1,2,3,4],"monetaryy":[1,2,3,4]}""");
        var refused = await Support.Tool.RunAsync("report", "rfm", "--bins", $"fixed:{wrong}", "--store", store);
        Assert.Equal(1, refused.Code);
        Assert.All(["recency[2]: found 'x'", "'monetary' perhaps", "monetary: found nothing"], part => Assert.Contains(part, refused.Error, StringComparison.Ordinal));
        Assert.Contains("four rising numbers", (await Support.Tool.RunAsync("report", "rfm", "--bins", $"fixed:{folder.Write("falling.json", """{"recency":[7,6,5,4],"frequency":[1,2,3,4],"monetary":[1,2,3,4]}""")}", "--store", store)).Error, StringComparison.Ordinal);
        Assert.Contains("found 7; expected a score from 1 to 5", (await Support.Tool.RunAsync("report", "rfm", "--segments", folder.Write("far.json", """{"segments":[{"name":"a","r":7,"f":[1,5],"m":[1,5]}]}"""), "--store", store)).Error, StringComparison.Ordinal);

        Assert.Equal(2, (await Support.Tool.RunAsync("report", "rfm", "--bins", "thirds", "--store", store)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("report", "clv", "--horizon", "0", "--store", store)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("report", "stages", "--core", "1.5", "--store", store)).Code);
        Assert.Equal((1, true), (await Support.Tool.RunAsync("report", "clv", "--store", store, "--as-of", "2025-01-10")) is var none ? (none.Code, none.Error.Contains("None of 2 customers bought again", StringComparison.Ordinal)) : default);
        Assert.Equal((1, true), (await Support.Tool.RunAsync("report", "nes", "--store", store, "--as-of", "2025-01-10")) is var single ? (single.Code, single.Error.Contains("no purchase cycle yet", StringComparison.Ordinal)) : default);
    }

    [Fact]
    public async Task Stages_concentration_and_longer_periods_are_what_counting_over_the_sales_says()
    {
        var store = await ImportedAsync("rfm_data_orders.csv.gz", "rfm-orders");
        var sales = Support.Gzip.Lines(RealData.Require("rfm_data_orders.csv.gz")).Skip(1).Select(line => line.Split(',')).GroupBy(row => row[0])
            .Select(own => own.Select(row => (Day: DateTime.ParseExact(row[1], "yyyy-MM-dd", CultureInfo.InvariantCulture), Amount: Number(row[2]))).ToList()).ToList();
        var asOf = new DateTime(2006, 12, 31);

        var pareto = (await Support.Tool.RunAsync("report", "pareto", "--store", store, "--as-of", "2006-12-31", "--json")).Json;
        var amounts = sales.Select(own => own.Sum(sale => sale.Amount)).OrderDescending().ToList();
        Assert.Equal((995, amounts.Sum()), (pareto.GetProperty("customers").GetInt32(), pareto.GetProperty("revenue").GetDecimal()));
        Assert.Equal((199, amounts[198], Math.Round(amounts.Take(199).Sum() / amounts.Sum(), 6)), (pareto.GetProperty("top")[1].GetProperty("customers").GetInt32(), pareto.GetProperty("top")[1].GetProperty("least").GetDecimal(), pareto.GetProperty("top")[1].GetProperty("part").GetDecimal()));
        var enough = pareto.GetProperty("customersForFourFifths").GetInt32();
        Assert.True(amounts.Take(enough).Sum() >= 0.8m * amounts.Sum() && amounts.Take(enough - 1).Sum() < 0.8m * amounts.Sum());

        var report = (await Support.Tool.RunAsync("report", "stages", "--store", store, "--as-of", "2006-12-31", "--core", "0.1", "--json")).Json;
        var stages = report.GetProperty("stages").EnumerateArray().ToDictionary(stage => stage.GetProperty("stage").GetString() ?? "", stage => stage.GetProperty("customers").GetInt32());
        var years = sales.Select(own => own.Where(sale => sale.Day >= asOf.AddDays(1 - 365)).Sum(sale => sale.Amount)).OrderDescending().ToList();
        var gaps = sales.Select(own => own.Select(sale => sale.Day).Distinct().Order().ToList()).ToList();
        var cycle = (decimal)gaps.Sum(days => (days[^1] - days[0]).Days) / gaps.Sum(days => days.Count - 1);
        Assert.Equal(years[99], report.GetProperty("coreSpend").GetDecimal());
        Assert.Equal((0, years.Count(year => year >= years[99])), (stages["prospect"], stages["core"]));
        Assert.Equal(gaps.Zip(sales).Count(one => one.First.Count >= 3 && (asOf - one.First[^1]).Days <= cycle && one.Second.Where(sale => sale.Day >= asOf.AddDays(1 - 365)).Sum(sale => sale.Amount) < years[99]), stages["loyal"]);

        var quarters = Rows((await Support.Tool.RunAsync("report", "cohorts", "--by", "quarter", "--store", store, "--as-of", "2006-12-31", "--csv")).Out).Skip(1).ToList();
        Assert.Equal(995, quarters.Sum(row => int.Parse(row[1], CultureInfo.InvariantCulture)));
        Assert.Equal($"{gaps.Min(days => days[0]):yyyy}-Q{(gaps.Min(days => days[0]).Month + 2) / 3}", quarters[0][0]);
        Assert.Equal(["2001", "1", "0", "0"], Assert.Single(Rows((await Support.Tool.RunAsync("report", "cohorts", "--by", "year", "--store", store, "--as-of", "2003-12-31", "--csv")).Out).Skip(1)));
    }

    private async Task<string> ImportedAsync(string file, string mapping)
    {
        var store = folder.PathOf($"{mapping}.db");
        Assert.Equal(0, (await Support.Tool.RunAsync("import", RealData.Require(file), "--map", mapping, "--store", store, "--json")).Code);
        return store;
    }

    private static List<string[]> Expected(string file) => [.. File.ReadLines(RealData.Require(file)).Skip(1).Select(line => line.Replace("\"", "", StringComparison.Ordinal).Split(','))];

    private static List<string[]> Rows(string csv) => [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Replace("\"", "", StringComparison.Ordinal).Split(','))];

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
