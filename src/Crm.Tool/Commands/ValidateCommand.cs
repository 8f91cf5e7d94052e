using System.CommandLine;
using Crm.Tool.Checks;

namespace Crm.Tool.Commands;

/// <summary>crm validate: checks files that people write by hand.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Mappings, programmes or conditions, as JSON.", Arity = ArgumentArity.OneOrMore };
        var common = new CommonOptions();
        var command = new Command("validate", "Checks mappings, programmes and conditions, and lists all that is wrong.") { files };
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
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
                break;
            case OutputForm.Csv:
                output.Csv([["file", "is", "problem"], .. checks.SelectMany(check => check.Problems.DefaultIfEmpty("").Select(problem => (string[])[check.File, check.Is ?? "", problem]))]);
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
                }

                break;
        }
    }
}
