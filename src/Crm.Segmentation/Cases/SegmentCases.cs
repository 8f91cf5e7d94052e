using System.Text.Json;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Explanations;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Cases;

/// <summary>
/// Cases by which definitions are tested: histories with what is to be found at which instants. They are written as JSON beside the definitions,
/// <c>{"$schema":"segment-cases/1","zone":"Asia/Hong_Kong","currency":"HKD","cases":[{"name":"…","events":[{"at":"2026-01-05T18:00","spend":50}],"expect":[{"at":"2026-01-06T00:00","in":["regulars"],"notIn":["silent"]}]}]}</c>,
/// and tried through an engine in memory: every event is recorded as it would be, and the clock goes from instant to instant.
/// </summary>
/// <param name="Zone">The zone of the business, in which times without a "Z" are meant.</param>
/// <param name="All">The cases.</param>
public sealed record SegmentCases(DateTimeZone Zone, Sequence<SegmentCase> All)
{
    /// <summary>What the text says of its own form.</summary>
    public const string Schema = "segment-cases/1";

    /// <summary>Reads cases.</summary>
    /// <exception cref="InvalidCasesException">Something is wrong; the message lists all of it with its place.</exception>
    public static SegmentCases Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json);
            var errors = new List<CaseError>();
            var cases = CaseReader.Read(new CasePart(document.RootElement, "", errors));
            return errors.Count == 0 && cases is not null ? cases : throw new InvalidCasesException(errors.ToSequence());
        }
        catch (JsonException wrong)
        {
            throw new InvalidCasesException([new CaseError("", $"This is not JSON: {wrong.Message}")]);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException || (wrong is ArgumentException && StorableText.FaultOf(json) is not null))
        {
            throw new InvalidCasesException([new CaseError("", "A text has half a character (a lone surrogate) in it.")]);
        }
    }

    /// <summary>Tries all cases.</summary>
    /// <param name="catalog">The definitions.</param>
    /// <param name="modules">Modules of the host before segmentation, such as loyalty, which see the events too; none: facts are those that the cases tell.</param>
    /// <param name="calendars">The calendars that definitions name; null: none.</param>
    /// <param name="cancellationToken">Stops between two events.</param>
    /// <exception cref="InvalidCasesException">A case names a segment that there is not, tells a fact that a module publishes, or has an event that cannot be recorded; the message lists all of it.</exception>
    public async ValueTask<CaseReport> RunAsync(SegmentCatalog catalog, IReadOnlyList<ICustomerModule>? modules = null, DayCalendars? calendars = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var errors = new List<CaseError>(Errors(catalog, modules ?? []));
        var failures = new List<CaseFailure>();
        var told = All.SelectMany(one => one.Facts).SelectMany(facts => facts.Values.Select(pair => pair.Key).Concat(facts.Gone)).Concat(Untold(catalog, modules ?? [])).Distinct(StringComparer.Ordinal).ToSequence();
        ICustomerModule[] declaring = [.. modules ?? [], new SegmentationModule(catalog)];
        var kinds = CaseKinds.Of(catalog.Plans.Conditions, All.SelectMany(one => one.Events).Select(one => one.Happened), new EventKinds(declaring.SelectMany(module => module.Contract.Kinds))).ToSequence();
        foreach (var (i, one) in errors.Count > 0 ? [] : All.Index())
        {
            var clock = new CaseClock();
            CrmEngine engine;
            try
            {
                engine = new CrmEngine(new InMemoryStore(), [.. modules ?? [], new ToldFacts(told, kinds), new SegmentationModule(catalog)], new CrmOptions { Zone = Zone, Calendars = calendars ?? DayCalendars.None, GroupCommits = false }, clock, new CaseIds());
            }
            catch (ArgumentException wrong)
            {
                throw new InvalidCasesException([new CaseError("", wrong.Sentence())]);
            }

            await TryAsync(one, $"cases[{i}]", catalog, engine, clock, errors, failures, cancellationToken).ConfigureAwait(false);
        }

        return errors.Count == 0 ? new CaseReport(All.Count, All.Sum(one => one.Expect.Count), failures.ToSequence()) : throw new InvalidCasesException(errors.ToSequence());
    }

    private static async ValueTask TryAsync(SegmentCase one, string path, SegmentCatalog catalog, CrmEngine engine, CaseClock clock, List<CaseError> errors, List<CaseFailure> failures, CancellationToken cancellationToken)
    {
        var steps = one.Events.Index().Select(step => (At: step.Item.RecordedAt, Order: 0, Path: $"{path}.events[{step.Index}]", Happened: step.Item.Happened with { Customer = null, Identity = ToldFacts.Somebody }))
            .Concat(one.Facts.Index().Select(step => (At: step.Item.At, Order: 1, Path: $"{path}.facts[{step.Index}]", Happened: ToldFacts.Event(step.Item, step.Index))))
            .OrderBy(step => step.At).ThenBy(step => step.Order).ToList();
        var next = 0;
        foreach (var expected in one.Expect.OrderBy(expected => expected.At))
        {
            for (; next < steps.Count && steps[next].At <= expected.At; next++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                clock.Now = steps[next].At;
                try
                {
                    var receipt = await engine.RecordAsync(steps[next].Happened, cancellationToken).ConfigureAwait(false);
                    if (receipt.Refusal is { } refusal)
                    {
                        errors.Add(new CaseError(steps[next].Path, $"The event was refused: {refusal.Code} ({refusal.Detail.English}) Only what takes effect can be followed."));
                    }
                }
                catch (InvalidEventException wrong)
                {
                    errors.AddRange(wrong.Problems.Select(problem => new CaseError(steps[next].Path, problem.Message)));
                }
            }

            clock.Now = expected.At;
            var view = await engine.ReadAsync(CustomerRef.Of(ToldFacts.Somebody), new PastQuestion(expected.At), cancellationToken).ConfigureAwait(false);
            var found = view is null ? null : catalog.Explain(view, expected.Segment);
            if ((found?.IsMember ?? false) != expected.IsMember)
            {
                failures.Add(new CaseFailure(one.Name, expected, found));
            }
        }
    }

    /// <summary>The facts that definitions read and no module publishes; they are missing until a case tells them.</summary>
    private static IEnumerable<string> Untold(SegmentCatalog catalog, IReadOnlyList<ICustomerModule> modules) => catalog.Plans.Conditions
        .SelectMany(condition => condition.Leaves()).OfType<Condition.Fact>().Select(fact => fact.Name)
        .Where(name => !name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal) && !modules.Any(module => module.Contract.Publishes.Any(declared => declared.Covers(name))));

    private IEnumerable<CaseError> Errors(SegmentCatalog catalog, IReadOnlyList<ICustomerModule> modules)
    {
        foreach (var (i, one) in All.Index())
        {
            foreach (var id in one.Expect.Select(expected => expected.Segment).Distinct(StringComparer.Ordinal).Where(id => !catalog.Definitions.Names.Contains(id)))
            {
                var nearest = Names.Nearest(id, catalog.Definitions.Names) is { } near ? $" Did you mean '{near}'?" : "";
                yield return new CaseError($"cases[{i}].expect", $"No segment is named '{id}'.{nearest} There are: {string.Join(", ", catalog.Definitions.Names)}.");
            }

            foreach (var (fact, owner) in one.Facts.SelectMany(facts => facts.Values.Select(pair => pair.Key).Concat(facts.Gone)).Distinct(StringComparer.Ordinal)
                .Select(fact => (fact, modules.FirstOrDefault(module => module.Contract.Publishes.Any(declared => declared.Covers(fact))))).Where(pair => pair.Item2 is not null))
            {
                yield return new CaseError($"cases[{i}].facts", $"'{fact}' is published by the module '{owner?.Contract.Name}', which is there; the case cannot tell it besides.");
            }
        }
    }

    private sealed class CaseClock : IClock
    {
        public Instant Now { get; set; }

        public Instant GetCurrentInstant() => Now;
    }

    private sealed class CaseIds : IIdSource
    {
        private UInt128 last;

        public CustomerId NewCustomerId() => new(++last);
    }
}
