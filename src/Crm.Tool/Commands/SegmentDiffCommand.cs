using System.CommandLine;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Tool.Reports;
using Crm.Tool.Segments;
using Crm.Tool.Stores;
using NodaTime;
using NodaTime.Text;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm segments diff: what the new version of a segment changes in meaning, and for whom.</summary>
internal static class SegmentDiffCommand
{
    public static Command Create(IClock clock)
    {
        var (common, files) = (new CommonOptions(), SegmentsCommand.Files());
        var (before, after) = (new Argument<string>("BEFORE") { Description = "The old version as JSON." }, new Argument<string>("AFTER") { Description = "The new version as JSON." });
        var command = new Command("diff", "What a new version of a segment changes: the parts that were added, removed, loosened or tightened, and the customers who enter and leave by it.") { before, after, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var (others, asOf) = (parsed.GetRequiredValue(files), common.AsOf(parsed, clock));
            var (old, fresh) = (await VersionAsync(parsed.GetRequiredValue(before)), await VersionAsync(parsed.GetRequiredValue(after)));
            var diff = SegmentDiff.Of(old.Segment, fresh.Segment);
            var entering = fresh.Members.Except(old.Members, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            var leaving = old.Members.Except(fresh.Members, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (output.Form == OutputForm.Tables)
            {
                output.Line(new Text($"{entering.Count} customers enter, {leaving.Count} leave", $"{entering.Count} 位客戶進入，{leaving.Count} 位離開").In(output.Language));
            }

            var rows = diff.Leaves.Select(leaf => new object?[] { leaf.Change.ToString().ToLowerInvariant(), leaf.Sentence.In(output.Language) }).ToList();
            new ResultTable("changes", [new("change", new("Change", "更改")), new("sentence", new("What", "內容"))], rows).Write(output, json =>
            {
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(fresh.At));
                foreach (var (name, customers) in new[] { ("entering", entering), ("leaving", leaving) })
                {
                    json.WriteStartArray(name);
                    customers.ForEach(json.WriteStringValue);
                    json.WriteEndArray();
                }
            });
            return ExitCode.Done;

            async Task<(Segment Segment, HashSet<string> Members, Instant At)> VersionAsync(string file)
            {
                var (segments, segment) = await StoreSegments.OpenWithAsync(store, file, others, asOf, clock, cancellationToken);
                var (_, members) = await segments.MembersAsync([segments.Known(segment.Id)], segments.Question, cancellationToken);
                return (segment, members[segment.Id].Select(member => member.Customer).ToHashSet(StringComparer.Ordinal), segments.Last);
            }
        });
        return command.WithExamples("crm segments diff regulars.json regulars-2.json --store shop.db", "crm segments diff regulars.json regulars-2.json --store shop.db --as-of 2026-10-31 --json");
    }
}
