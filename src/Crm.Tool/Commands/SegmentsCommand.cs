using System.CommandLine;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Tool.Checks;
using Crm.Tool.Reports;
using Crm.Tool.Segments;
using Crm.Tool.Stores;
using NodaTime;
using NodaTime.Text;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm segments: who is in which segment, why, and how that has changed.</summary>
internal static class SegmentsCommand
{
    private const int SampleSize = 20;

    private static readonly ResultColumn Segment = new("segment", new("Segment", "分眾"));
    private static readonly ResultColumn Size = new("size", new("Customers", "客戶數"));
    private static readonly ResultColumn Share = new("share", new("Share", "佔比"));

    public static Command Create(IClock clock) => new("segments", "Segments: sizes, members, explanations, overlaps, migrations, differences of versions and tests.")
    {
        List(clock), SizeOf(clock), Members(clock), Evaluate(clock), SegmentExplanationCommand.Create(clock), Overlap(clock), Migrate(clock), SegmentDiffCommand.Create(clock), SegmentTestCommand.Create(),
    };

    /// <summary>The option with segments of the caller's own.</summary>
    internal static Option<string[]> Files() => new("--segments") { Description = "Files with segments, besides those of the store.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    private static Command List(IClock clock)
    {
        var (common, files) = (new CommonOptions(), Files());
        var command = new Command("list", "All segments with how many customers are in them.") { files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var (customers, members) = await segments.MembersAsync([.. segments.Answerable], segments.Question, cancellationToken);
            Tell(segments, output);
            var rows = segments.Catalog.Definitions.Names.Select(id => (id, definition: segments.Catalog.Definitions.At(id, segments.Last)))
                .Select(one => new object?[] { one.id, one.definition?.Value.Label.In(output.Language) ?? one.id, one.definition is { } active ? (long)active.Version : null, KindOf(one.definition?.Value), members.TryGetValue(one.id, out var them) ? (long)them.Count : null, them is null ? null : ShareOf(them.Count, customers) }).ToList();
            new ResultTable("segments", [Segment, new("label", new("Label", "名稱")), new("version", new("Version", "版本")), new("kind", new("Kind", "種類")), Size, Share], rows).Write(output, json =>
            {
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
                json.WriteNumber("customers", customers);
            });
            return ExitCode.Done;
        });
        return command.WithExamples("crm segments list --store shop.db", "crm segments list --store shop.db --as-of 2026-10-31 --json");
    }

    private static Command SizeOf(IClock clock)
    {
        var (common, files, segment) = (new CommonOptions(), Files(), Id("SEGMENT"));
        var command = new Command("size", "How many customers are in a segment.") { segment, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var id = segments.Known(parsed.GetRequiredValue(segment));
            var (customers, members) = await segments.MembersAsync([id], segments.Question, cancellationToken);
            var size = members[id].Count;
            if (output.Form == OutputForm.Json)
            {
                output.Json(json =>
                {
                    json.WriteString("segment", id);
                    json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
                    json.WriteNumber("size", size);
                    json.WriteNumber("customers", customers);
                    json.WriteNumber("share", ShareOf(size, customers));
                });
            }
            else
            {
                new ResultTable("sizes", [Segment, Size, new("customers", new("Of", "總數")), Share], [[id, (long)size, (long)customers, ShareOf(size, customers)]]).Write(output);
            }

            return ExitCode.Done;
        });
        return command.WithExamples("crm segments size regulars --store shop.db", "crm segments size hk-regulars --segments hk-regulars.json --store shop.db --json");
    }

    private static Command Members(IClock clock)
    {
        var (common, files, segment) = (new CommonOptions(), Files(), Id("SEGMENT"));
        var limit = new Option<int?>("--limit") { Description = "At most so many. Left out: all.", HelpName = "N" };
        var command = new Command("members", "The customers in a segment.") { segment, files, limit };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            if (parsed.GetValue(limit) is < 1)
            {
                throw ToolException.Usage("--limit: a number from 1 is expected.");
            }

            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var id = segments.Known(parsed.GetRequiredValue(segment));
            var (_, members) = await segments.MembersAsync([id], segments.Question, cancellationToken);
            var shown = members[id].Take(parsed.GetValue(limit) ?? int.MaxValue);
            var rows = shown.Select(member => new object?[] { member.Customer, member.Since is { } since ? InstantPattern.ExtendedIso.Format(since) : null }).ToList();
            new ResultTable("members", [new("customer", new("Customer", "客戶")), new("since", new("Since", "始於"))], rows).Write(output, json =>
            {
                json.WriteString("segment", id);
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
                json.WriteNumber("size", members[id].Count);
            });
            return ExitCode.Done;
        });
        return command.WithExamples("crm segments members regulars --store shop.db --csv", "crm segments members sleeping --store shop.db --limit 20");
    }

    private static Command Evaluate(IClock clock)
    {
        var (common, files) = (new CommonOptions(), Files());
        var draft = new Argument<string>("FILE") { Description = "A segment as JSON." };
        var command = new Command("evaluate", "What a segment would be before it is saved: its size, a sample, what the linter says of it, what its condition costs, and what it shares with the others. All that is wrong with it is listed. The first row of CSV, without another segment, is the segment among all customers: its size, how many they are, and its share.") { draft, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var (segments, segment) = await StoreSegments.OpenWithAsync(store, parsed.GetRequiredValue(draft), parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var id = segment.Id;
            var (customers, members) = await segments.MembersAsync([.. segments.Answerable, segments.Known(id)], segments.Question, cancellationToken);
            Tell(segments, output);
            var inIt = members[id].Select(member => member.Customer).ToHashSet(StringComparer.Ordinal);
            var overlaps = members.Where(pair => pair.Key != id).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => new SegmentOverlap(id, pair.Key, inIt.Count, pair.Value.Count, pair.Value.Count(member => inIt.Contains(member.Customer)))).ToList();
            var lint = ConditionLint.Of(segment);
            var sample = inIt.OrderBy(name => Definitions.DefinitionHash.Of(name).Value).Take(SampleSize).ToList();
            if (output.Form == OutputForm.Tables)
            {
                output.Line(new Text($"{id}: {inIt.Count} of {customers} customers", $"{id}：{customers} 位客戶中的 {inIt.Count} 位").In(output.Language));
                if (sample.Count > 0)
                {
                    output.Line(new Text($"Some of them: {string.Join(", ", sample)}", $"部分客戶：{string.Join("、", sample)}").In(output.Language));
                }

                foreach (var finding in lint?.Findings ?? [])
                {
                    output.Line($"{finding.Path}: {finding.Sentence.In(output.Language)} ({finding.Code})");
                }

                if (lint is not null)
                {
                    output.Line(lint.CostSentence.In(output.Language));
                }
            }

            // CSV is one table, so the segment comes first in it, with no other: among all customers.
            Overlaps(output.Form == OutputForm.Csv ? [new SegmentOverlap(id, "", inIt.Count, customers, inIt.Count), .. overlaps] : overlaps).Write(output, json =>
            {
                json.WriteString("segment", id);
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
                json.WriteNumber("size", inIt.Count);
                json.WriteNumber("customers", customers);
                json.WriteNumber("share", ShareOf(inIt.Count, customers));
                json.WriteStartArray("sample");
                sample.ForEach(json.WriteStringValue);
                json.WriteEndArray();
                FileFinding.WriteAll(json, lint?.Findings ?? []);
                lint?.WriteCost(json);
            });
            return ExitCode.Done;
        });
        return command.WithExamples("crm segments evaluate hk-regulars.json --store shop.db", "crm segments evaluate hk-regulars.json --store shop.db --as-of 2026-10-31 --json", "crm segments evaluate hk-regulars.json --store shop.db --csv");
    }

    private static Command Overlap(IClock clock)
    {
        var (common, files, one, other) = (new CommonOptions(), Files(), Id("SEGMENT"), Id("OTHER"));
        var command = new Command("overlap", "How many customers are in both of two segments.") { one, other, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var (first, second) = (segments.Known(parsed.GetRequiredValue(one)), segments.Known(parsed.GetRequiredValue(other)));
            var (_, members) = await segments.MembersAsync([first, second], segments.Question, cancellationToken);
            var both = members[first].Select(member => member.Customer).Intersect(members[second].Select(member => member.Customer), StringComparer.Ordinal).Count();
            var overlap = new SegmentOverlap(first, second, members[first].Count, members[second].Count, both);
            if (output.Form == OutputForm.Json)
            {
                output.Json(json =>
                {
                    json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
                    json.WriteString("segment", first);
                    json.WriteString("other", second);
                    json.WriteNumber("size", overlap.Size);
                    json.WriteNumber("otherSize", overlap.OtherSize);
                    json.WriteNumber("both", overlap.Both);
                    json.WriteNumber("likeness", Rounded(overlap.Likeness));
                });
            }
            else
            {
                Overlaps([overlap]).Write(output);
            }

            return ExitCode.Done;
        });
        return command.WithExamples("crm segments overlap regulars snack-lovers --store shop.db --json");
    }

    private static Command Migrate(IClock clock)
    {
        var (common, files) = (new CommonOptions(), Files());
        var cells = new Argument<string[]>("SEGMENT") { Description = "The cells, in the order in which they are asked: a customer in several is in the first.", Arity = ArgumentArity.OneOrMore };
        var from = new Option<string>("--from") { Description = "The earlier date or instant; --as-of is the later one.", HelpName = "TIME", Required = true };
        var command = new Command("migrate", "How customers have moved between segments from one instant to another.") { cells, from, files };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var segments = await StoreSegments.OpenAsync(store, parsed.GetRequiredValue(files), common.AsOf(parsed, clock), clock, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var earlier = AsOf.Parse(parsed.GetRequiredValue(from), clock, "--from").Last(settings.Zone);
            if (earlier >= segments.Last)
            {
                throw ToolException.Usage($"--from: {earlier} is not before {segments.Last}; an earlier time than --as-of is expected.");
            }

            var order = parsed.GetRequiredValue(cells).Select(segments.Known).ToList();
            var before = new Dictionary<Values.CustomerId, string>();
            await foreach (var view in segments.ReadAllAsync(StoreSegments.QuestionAt(earlier), cancellationToken))
            {
                before[view.Customer.Customer] = order.Find(id => segments.IsMember(view, id)) ?? Partition.None;
            }

            var moves = new Dictionary<(string From, string To), int>();
            await foreach (var view in segments.ReadAllAsync(segments.Question, cancellationToken))
            {
                Count(before.Remove(view.Customer.Customer, out var cell) ? cell : Partition.NotYet, order.Find(id => segments.IsMember(view, id)) ?? Partition.None);
            }

            // Whoever was one and is none any more has been merged into somebody else.
            foreach (var cell in before.Values)
            {
                Count(cell, Partition.Merged);
            }

            List<string> all = [.. order, Partition.None, Partition.NotYet, Partition.Merged];
            var rows = moves.OrderBy(pair => all.IndexOf(pair.Key.From)).ThenBy(pair => all.IndexOf(pair.Key.To)).Select(pair => new object?[] { pair.Key.From, pair.Key.To, (long)pair.Value }).ToList();
            new ResultTable("moves", [new("from", new("From", "由")), new("to", new("To", "至")), new("customers", new("Customers", "客戶數"))], rows).Write(output, json =>
            {
                json.WriteString("from", InstantPattern.ExtendedIso.Format(earlier));
                json.WriteString("asOf", InstantPattern.ExtendedIso.Format(segments.Last));
            });
            return ExitCode.Done;

            void Count(string was, string @is) => moves[(was, @is)] = moves.GetValueOrDefault((was, @is)) + 1;
        });
        return command.WithExamples("crm segments migrate regulars sleeping --from 2026-01-31 --store shop.db --as-of 2026-04-30", "crm segments migrate top regulars --from 2026-01-31 --store shop.db --csv");
    }

    private static ResultTable Overlaps(IEnumerable<SegmentOverlap> overlaps) => new(
        "overlaps",
        [Segment, new("other", new("Other", "另一分眾")), Size, new("otherSize", new("In the other", "另一分眾人數")), new("both", new("In both", "兩者皆是")), new("likeness", new("Likeness", "相似度"))],
        [.. overlaps.Select(overlap => new object?[] { overlap.Segment, overlap.Other, (long)overlap.Size, (long)overlap.OtherSize, (long)overlap.Both, Rounded(overlap.Likeness) })]);

    private static Argument<string> Id(string name) => new(name) { Description = "The id of a segment, such as regulars." };

    // Those of which nothing is said are named, so that nobody takes them for empty.
    private static void Tell(StoreSegments segments, ToolOutput output)
    {
        foreach (var (id, lack) in segments.Unanswerable.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            output.Message($"'{id}' is left out, because who is in it is known to the host alone: {lack}");
        }
    }

    private static string? KindOf(Segment? segment) => segment?.Kind switch
    {
        SegmentKind.Manual => "manual",
        SegmentKind.Snapshot => "snapshot",
        SegmentKind.Dynamic => "dynamic",
        _ => null,
    };

    private static decimal ShareOf(int size, int customers) => customers == 0 ? 0 : Rounded((decimal)size / customers);

    private static decimal Rounded(decimal share) => decimal.Round(share, 6, MidpointRounding.ToEven);
}
