using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>Finds names that do not exist, each with the nearest that does. Fields of lines are the same everywhere: that they exist is checked before.</summary>
internal sealed class NameLint(LintNames names)
{
    private readonly List<LintFinding> findings = [];

    public static IEnumerable<LintFinding> Of(Condition condition, LintNames names)
    {
        var lint = new NameLint(names);
        lint.Visit(condition, "$", null);
        return lint.findings;
    }

    private void Visit(Condition condition, string path, string? kind)
    {
        foreach (var zone in condition is Condition.All or Condition.Any or Condition.Not or Condition.Score ? [] : condition.ZoneFields())
        {
            Field(Evaluator.ProfileScope + zone, path + ".zone", kind);
        }

        switch (condition)
        {
            case Condition.All all:
                Parts(all.Of, path + ".all", kind);
                break;
            case Condition.Any any:
                Parts(any.Of, path + ".any", kind);
                break;
            case Condition.Not not:
                Visit(not.Of, path + ".not", kind);
                break;
            case Condition.Score score:
                foreach (var (i, part) in score.Of.Index())
                {
                    Visit(part.When, string.Create(CultureInfo.InvariantCulture, $"{path}.score[{i}].when"), kind);
                }

                break;
            case Condition.Field field:
                Field(field.Name, path + ".field", kind);
                break;
            case Condition.Fact fact:
                Fact(fact.Name, path + ".fact");
                break;
            case Condition.EventWindow leaf:
                Leaf(leaf, path);
                break;
            case Condition.Moment { Within: Span.Listed listed } when names.Calendars is { } calendars:
                Known(listed.Calendar, calendars.Names, LintCodes.UnknownCalendar, path + ".calendar", "calendar", "日曆");
                break;
        }
    }

    private void Parts(Sequence<Condition> parts, string path, string? kind)
    {
        foreach (var (i, part) in parts.Index())
        {
            Visit(part, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), kind);
        }
    }

    private void Leaf(Condition.EventWindow leaf, string path)
    {
        Pattern(new EventPattern(leaf.Kind) { Where = leaf.Where }, path, leaf.Measure switch { Measure.Count => ".count", Measure.Periods => ".periods", Measure.Sequence => ".sequence", _ => ".of" });
        if (leaf.Measure is Measure.Aggregate { Of: Measured.Named named })
        {
            Field(named.Name, path, leaf.Kind);
        }

        if (leaf.Measure is Measure.Sequence sequence)
        {
            foreach (var (i, step) in sequence.Then.Index())
            {
                var place = string.Create(CultureInfo.InvariantCulture, $"{path}.then[{i}]");
                Pattern(step.Event, place, ".of");
                if (step.Without is { } without)
                {
                    Pattern(without, place + ".without", ".of");
                }
            }

            if (sequence.Lacking is { } lacking)
            {
                Pattern(lacking.Event, path + ".lacking", ".of");
            }
        }

        if (leaf.Window is Window.Since since)
        {
            Pattern(since.Event, path + (since.First ? ".window.sinceFirst" : ".window.sinceLatest"), ".of");
        }
    }

    private void Pattern(EventPattern pattern, string path, string property)
    {
        if (names.Kinds is { } kinds)
        {
            Known(pattern.Kind, kinds.Known, LintCodes.UnknownKind, path + property, "kind of events", "事件種類");
        }

        if (pattern.Where is { } where)
        {
            Visit(where, path + ".where", pattern.Kind);
        }
    }

    private void Field(string name, string path, string? kind)
    {
        if (name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal))
        {
            Scoped(name, Evaluator.ProfileScope, names.ProfileFields, path);
        }
        else if (kind is not null && name.StartsWith(EventFields.Scope, StringComparison.Ordinal) && names.Kinds?.Find(kind) is { } declared)
        {
            Scoped(name, EventFields.Scope, [.. EventFields.OfEveryEvent, .. declared.Fields.Select(field => field.Name)], path);
        }
    }

    private void Scoped(string name, string scope, Sequence<string>? known, string path)
    {
        if (known is { } fields)
        {
            Known(name, fields.Select(field => scope + field), LintCodes.UnknownField, path, "field", "欄位");
        }
    }

    private void Fact(string name, string path)
    {
        if (names.Facts is { } facts && !facts.Any(fact => fact.Covers(name)))
        {
            Known(name, facts.Where(fact => !fact.IsBeginning).Select(fact => fact.Name), LintCodes.UnknownFact, path, "fact", "事實");
        }
    }

    private void Known(string name, IEnumerable<string> known, string code, string path, string what, string whatInChinese)
    {
        var list = known.ToList();
        if (!list.Contains(name, StringComparer.Ordinal))
        {
            findings.Add(new LintFinding(code, path, LintSentences.Unknown(what, whatInChinese, name, Names.Nearest(name, list))));
        }
    }
}
