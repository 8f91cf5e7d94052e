using System.CommandLine;
using System.Globalization;
using Crm.Analytics.Buying;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using NodaTime;

namespace Crm.Tool.Commands;

/// <summary>crm report clv: a model of repeated buying, fitted to the store, and what it says of each customer.</summary>
internal static class BuyingCommand
{
    public static Command Create(IClock clock)
    {
        var common = new CommonOptions();
        var model = new Option<string>("--model") { Description = "The model.", HelpName = "MODEL", DefaultValueFactory = _ => "bg-nbd" };
        model.AcceptOnlyFromAmong("bg-nbd", "mbg-nbd", "pareto-nbd", "gamma-gamma");
        var unit = new Option<string>("--unit") { Description = "The unit of time.", HelpName = "week|day", DefaultValueFactory = _ => "week" };
        unit.AcceptOnlyFromAmong("week", "day");
        var horizon = new Option<double>("--horizon") { Description = "How far ahead purchases are expected, in units.", HelpName = "N", DefaultValueFactory = _ => 39 };
        var command = new Command("clv", "Who is still a customer, what they will buy and what that is worth: a model fitted to the store. --csv lists every customer.") { model, unit, horizon };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var ahead = parsed.GetValue(horizon);
            if (!double.IsFinite(ahead) || ahead <= 0)
            {
                throw ToolException.Usage("--horizon: a number above 0 is expected.");
            }

            var asOf = common.AsOf(parsed, clock);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var sales = await Sales.ReadAsync(store, asOf, cancellationToken);
            Write(BuyingReport.Of(sales, parsed.GetRequiredValue(model), parsed.GetValue(unit) == "day" ? TimeUnit.Day : TimeUnit.Week, ahead), output);
            return ExitCode.Done;
        });
        return command.WithExamples(
            "crm report clv --store shop.db --as-of 2026-06-30 --json",
            "crm report clv --model pareto-nbd --unit day --horizon 365 --store shop.db --csv");
    }

    private static void Write(BuyingReport report, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("model", report.Model);
                    json.WriteStartObject("parameters");
                    foreach (var parameter in report.Parameters)
                    {
                        json.WriteNumber(parameter.Name, parameter.Value);
                    }

                    json.WriteEndObject();
                    json.WriteStartObject("standardErrors");
                    foreach (var (parameter, error) in report.Parameters.Zip(report.StandardErrors))
                    {
                        json.WriteNumber(parameter.Name, error);
                    }

                    json.WriteEndObject();
                    json.WriteNumber("logLikelihood", report.LogLikelihood);
                    json.WriteBoolean("converged", report.Converged);
                    json.WriteNumber("customers", report.Customers);
                });
                break;
            case OutputForm.Csv:
                output.Csv(report.Rows
                    .Select(row => new[] { row.Customer, $"{row.History.Repeats}", Text(row.History.Latest), Text(row.History.Age), Text(row.Alive), Text(row.Expected), Text(row.Value) })
                    .Prepend(["customer", "x", "t_x", "T", "p_alive", "expected", "value"]));
                break;
            default:
                var rows = report.Parameters.Select((parameter, place) => new object?[] { parameter.Name, Short(parameter.Value), report.Converged ? Short(report.StandardErrors[place]) : null })
                    .Append(["log-likelihood", Short(report.LogLikelihood), null]).Append(["customers", $"{report.Customers}", null]).ToList();
                new ResultTable("parameters", [new("name", new(report.Model, report.Model)), new("value", new("Value", "數值")), new("standardError", new("Standard error", "標準誤差"))], rows).Write(output);
                if (!report.Converged)
                {
                    output.Message("The likelihood has no maximum that the customers tell apart from its neighbourhood: they are too few, or too much alike. Do not rely on these figures.");
                }

                break;
        }
    }

    private static string Text(double? number) => number is { } value ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Short(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);
}
