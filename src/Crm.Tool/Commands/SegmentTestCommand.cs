using System.CommandLine;
using Crm.Definitions;
using Crm.Segmentation.Cases;
using Crm.Segmentation.Segments;
using Crm.Tool.Segments;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm segments test: definitions tried by cases, which say what is to be found after which history.</summary>
internal static class SegmentTestCommand
{
    public static Command Create()
    {
        var (common, files) = (new CommonOptions(), SegmentsCommand.Files());
        var cases = new Argument<string[]>("CASES") { Description = "Files with cases: histories, and in which segments the customer is to be found at which instants.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("test", "Tries segments by cases, in memory and without a store. Exit code 4 when a case does not hold, with the explanation of what was found.") { cases, files };
        common.AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var catalog = Catalog(parsed.GetRequiredValue(files));
            var read = Read(parsed.GetRequiredValue(cases));
            var reports = new List<(string File, CaseReport Report)>();
            foreach (var (file, all) in read)
            {
                try
                {
                    reports.Add((file, await all.RunAsync(catalog, calendars: StoreSettings.Calendars, cancellationToken: cancellationToken)));
                }
                catch (InvalidCasesException wrong)
                {
                    throw ToolException.Input([.. wrong.Errors.Select(error => $"{file}: {error}")]);
                }
            }

            var failures = reports.SelectMany(one => one.Report.Failures.Select(failure => (one.File, failure))).ToList();
            var rows = failures.Select(one => new object?[]
            {
                one.File, one.failure.Case, InstantPattern.ExtendedIso.Format(one.failure.Expected.At), one.failure.Expected.Segment, one.failure.Expected.IsMember ? "in" : "notIn", one.failure.Found?.Text.In(output.Language),
            }).ToList();
            if (output.Form == OutputForm.Tables)
            {
                reports.ForEach(one => output.Line($"{one.File}: {one.Report.Text.In(output.Language)}"));
            }
            else
            {
                new ResultTable("failures", [new("file", new("File", "檔案")), new("case", new("Case", "個案")), new("at", new("At", "時間")), new("segment", new("Segment", "分眾")), new("expected", new("Expected", "預期")), new("found", new("Found", "實際"))], rows).Write(output, json =>
                {
                    json.WriteNumber("cases", reports.Sum(one => one.Report.Cases));
                    json.WriteNumber("expectations", reports.Sum(one => one.Report.Checks));
                });
            }

            return failures.Count == 0 ? ExitCode.Done : ExitCode.Fault;
        });
        return command.WithExamples("crm segments test regulars-cases.json --segments regulars.json", "crm segments test cases.json --segments regulars.json silent.json --json");
    }

    private static SegmentCatalog Catalog(IEnumerable<string> files)
    {
        var definitions = StoreSegments.FromFiles(files, null);
        try
        {
            return definitions.Count > 0 ? new SegmentCatalog(new DefinitionCatalog<Segment>(definitions)) : throw ToolException.Usage("--segments is missing: files with the segments that the cases are about are expected.");
        }
        catch (Exception wrong) when (wrong is InvalidSegmentException or ArgumentException)
        {
            throw ToolException.Input(wrong.Sentence());
        }
    }

    private static List<(string File, SegmentCases Cases)> Read(IEnumerable<string> files)
    {
        var read = new List<(string, SegmentCases)>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                read.Add((file, SegmentCases.Read(NamedFile.JsonText(file))));
            }
            catch (InvalidCasesException wrong)
            {
                problems.AddRange(wrong.Errors.Select(error => $"{file}: {error}"));
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                problems.Add($"{file}: the cases cannot be read: {wrong.Message}");
            }
        }

        return problems.Count == 0 ? read : throw ToolException.Input(problems);
    }
}
