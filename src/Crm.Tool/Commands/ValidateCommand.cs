using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Crm.Loyalty.Linting;
using Crm.Tool.Checks;
using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>crm validate: checks files that people write by hand.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Mappings, programmes, segments or conditions, as JSON.", Arity = ArgumentArity.OneOrMore };
        var common = new CommonOptions();
        var command = new Command("validate", "Checks mappings, programmes, segments and conditions, and lists all that is wrong. Of what can be used it says what linters find in it and what it costs.") { files };
        common.AddOutputTo(command);
        command.SetAction(parsed =>
        {
            var output = common.Output(parsed);
            var checks = (parsed.GetValue(files) ?? []).Select(FileCheck.Of).ToList();
            Write(checks, output);
            return checks.TrueForAll(check => check.Problems.Count == 0) ? ExitCode.Done : ExitCode.WrongInput;
        });
        return command.WithExamples("crm validate my-shop.json club.json");
    }

    private static void Write(List<FileCheck> checks, ToolOutput output)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteStartArray("files");
                    foreach (var check in checks)
                    {
                        json.WriteStartObject();
                        json.WriteString("file", check.File);
                        json.WriteString("is", check.Is);
                        json.WriteBoolean("valid", check.Problems.Count == 0);
                        json.WriteStartArray("problems");
                        foreach (var problem in check.Problems)
                        {
                            json.WriteStringValue(problem);
                        }

                        json.WriteEndArray();
                        WriteFindings(json, check);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
                break;
            case OutputForm.Csv:
                output.Csv([["file", "is", "problem", "code", "path", "finding"], .. checks.SelectMany(check => Rows(check, output))]);
                break;
            default:
                foreach (var check in checks)
                {
                    if (check.Problems.Count == 0)
                    {
                        output.Line($"{check.File}: {check.Is}, nothing is wrong");
                    }

                    foreach (var problem in check.Problems)
                    {
                        output.Message($"{check.File}: {problem}");
                    }

                    foreach (var finding in check.Findings)
                    {
                        output.Line($"{check.File}, {finding.Path}: {finding.Sentence.In(output.Language)} ({finding.Code})");
                    }

                    if (check.Lint is { } lint)
                    {
                        output.Line($"{check.File}: {lint.CostSentence.In(output.Language)}");
                    }

                    if (check.Cost is { } cost)
                    {
                        output.Line($"{check.File}: {CostOf(cost).In(output.Language)}");
                    }
                }

                break;
        }
    }

    // A row for each problem and each finding, and one without either for a file of which there is nothing to say.
    private static IEnumerable<string[]> Rows(FileCheck check, ToolOutput output) => check.Problems.Select(problem => (string[])[problem, "", "", ""])
        .Concat(check.Findings.Select(finding => (string[])["", finding.Code, finding.Path, finding.Sentence.In(output.Language)]))
        .DefaultIfEmpty(["", "", "", ""])
        .Select(said => (string[])[check.File, check.Is ?? "", .. said]);

    private static void WriteFindings(Utf8JsonWriter json, FileCheck check)
    {
        FileFinding.WriteAll(json, check.Findings);
        check.Lint?.WriteCost(json);
        if (check.Cost is { } cost)
        {
            json.WriteStartObject("worstCase");
            json.WriteString("currency", cost.Currency.Code);
            json.WriteNumber("atLeast", cost.AtLeast);
            if (cost.AtMost is { } most)
            {
                json.WriteNumber("atMost", most);
            }
            else
            {
                json.WriteNull("atMost");
            }

            json.WriteEndObject();
        }
    }

    private static Text CostOf(WorstCase cost)
    {
        var (least, most) = (cost.AtLeast.ToString("0.####", CultureInfo.InvariantCulture), cost.AtMost?.ToString("0.####", CultureInfo.InvariantCulture));
        return new(
            $"at worst 1.00 {cost.Currency} spent costs from {least} to {most ?? "no bound that is known"}, as far as rewards have a known worth",
            $"最壞情況下，每消費 1.00 {cost.Currency} 的成本由 {least} 至 {most ?? "沒有已知上限"}（以已知價值的獎賞計）");
    }
}
