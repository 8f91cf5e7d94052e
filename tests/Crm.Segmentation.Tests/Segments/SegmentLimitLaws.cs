using System.Text.Json;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Segmentation.Library;
using Crm.Segmentation.Segments;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Segments;

/// <summary>What may be defined can be written, kept and read again, as large and as deep as conditions may be.</summary>
public sealed class SegmentLimitLaws
{
    private static readonly DateOnly Day = new(2026, 1, 1);

    private static readonly Gen<Func<int, Condition>> Leaves = Gen.Elements<Func<int, Condition>>(
        i => new Condition.Field($"customer.f{i}", new Test.Known(), false),
        i => new Condition.Fact($"f{i}", new Test.EqualTo(LocalDate.FromDateOnly(Day)), i % 2 == 0),
        i => new Condition.Fact($"f{i}", new Test.OneOf([LocalDate.FromDateOnly(Day), LocalDate.FromDateOnly(Day).PlusDays(1)]), false),
        i => If.Purchases().Count().AtLeast(i + 1),
        i => new Condition.Score([new Scored(new Condition.Fact($"f{i}", new Test.Known(), false), 1)], new Test.EqualTo(1m)));

    private static readonly Gen<Func<Condition, Condition>> Around = Gen.Elements<Func<Condition, Condition>>(
        one => new Condition.All([one, new Condition.Fact("a", new Test.Known(), false)]),
        one => new Condition.Any([one, new Condition.Fact("b", new Test.Known(), false)]),
        one => new Condition.Not(one),
        one => new Condition.Score([new Scored(one, 2)], new Test.AtLeast(1m)));

    // Wide ones about as wide as they may be, and deep ones about as deep; the leaves under "not" or not.
    private static readonly Gen<Condition> Wide =
        from count in Gen.Elements(1, 498, 499, 500, 501, 997, 998, 999, 1_000)
        from leaf in Leaves
        from negated in Gen.Elements(true, false)
        from outer in Gen.Choose(0, 3)
        let parts = Enumerable.Range(0, count).Select(i => negated ? !leaf(i) : leaf(i)).ToSequence()
        let any = (Condition)new Condition.Any(parts)
        select outer switch { 0 => any, 1 => !any, 2 => !new Condition.All(parts), _ => new Condition.All([any, !new Condition.Fact("a", new Test.Known(), false)]) };

    private static readonly Gen<Condition> Deep =
        from depth in Gen.Elements(1, 28, 29, 30, 31, 32)
        from around in Gen.ListOf(Around, depth)
        from leaf in Leaves
        select around.Aggregate(leaf(0), (inner, one) => one(inner));

    private static readonly Gen<Condition> Large = Gen.OneOf(Wide, Deep, Deep);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void What_may_be_defined_is_read_as_it_was_written() => Check(200, json => SegmentJson.Read(json));

    [Fact]
    public void The_law_catches_a_reader_that_counts_every_not() => Counterfeits.Caught(() => Check(200, json =>
        SegmentJson.Read(json) is var read && Parts(read.Value.Where, countsNot: true) > ConditionCheck.MostParts ? throw new InvalidSegmentException([new SegmentError("where", "too many")]) : read));

    [Fact]
    public void The_law_catches_a_reader_as_shallow_as_parsers_usually_are() => Counterfeits.Caught(() => Check(200, json =>
    {
        JsonDocument.Parse(json).Dispose();
        return SegmentJson.Read(json);
    }));

    [Fact]
    public void No_spelling_of_a_condition_has_more_parts_than_another_that_may_be_defined() => Prop.ForAll(Large.ToArbitrary(), condition =>
    {
        var right = ConditionCheck.Check(condition).IsEmpty;
        Assert.True(!right || ConditionCheck.Check(Canonical(condition)).IsEmpty);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void What_may_be_saved_can_be_read_from_the_library() => CheckLibrary(documents => documents);

    [Fact]
    public void The_law_catches_a_library_that_loses_what_is_deep() => Counterfeits.Caught(() => CheckLibrary(documents => new ShallowDocuments(documents)));

    [Fact]
    public async Task What_could_not_be_read_again_is_not_added()
    {
        var documents = new InMemoryStore();
        var log = new RevisionLog<Segment>(documents, new("segment", ["draft", "active", "retired"], SegmentJson.Write, static json => json.Contains("\"silent\"", StringComparison.Ordinal) ? throw new InvalidSegmentException([new SegmentError("where", "unreadable")]) : SegmentJson.Read(json)));
        await log.AddAsync(Samples.Regulars.Define(), RevisionChange.Draft, "staff:1", new FakeClock(Club.Opening), static (_, _) => { }, Cancel);

        await Assert.ThrowsAsync<InvalidSegmentException>(() => log.AddAsync(Samples.Silent.Define(), RevisionChange.Draft, "staff:1", new FakeClock(Club.Opening), static (_, _) => { }, Cancel).AsTask());

        Assert.Equal(["regulars"], (await log.ReadAsync(Cancel)).Select(revision => revision.Name));
    }

    private static Condition Canonical(Condition condition) => ConditionJson.Read(JsonDocument.Parse(ConditionJson.Write(condition), ConditionJson.Around).RootElement) is { Condition: { } read, Errors.IsEmpty: true } ? read : condition is Condition.Not ? condition : !condition;

    private static void Check(int cases, Func<string, Definition<Segment>> read) => Prop.ForAll(Large.ToArbitrary(), condition =>
    {
        if (ConditionCheck.Check(condition).IsEmpty)
        {
            var definition = Samples.Of("large", condition).Define();
            var hash = default(DefinitionHash);
            Assert.Null(Record.Exception(() => hash = read(SegmentJson.Write(definition)).Hash));
            Assert.Equal(definition.Hash, hash);
        }
        else
        {
            Assert.Throws<InvalidSegmentException>(() => Samples.Of("large", condition).Define());
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));

    private static void CheckLibrary(Func<IDocumentStore, IDocumentStore> keptIn) => Prop.ForAll(Deep.ToArbitrary(), condition =>
    {
        if (!ConditionCheck.Check(condition).IsEmpty)
        {
            return;
        }

        var definition = Samples.Of("large", condition).Define();
        var library = new SegmentLibrary(keptIn(new InMemoryStore()), new FakeClock(Club.Opening));
        Assert.Null(Record.Exception(() => library.DraftAsync(definition, "staff:1").AsTask().GetAwaiter().GetResult()));
        Assert.Null(Record.Exception(() => library.ActivateAsync(definition, "staff:1").AsTask().GetAwaiter().GetResult()));
        Assert.Equal([definition.Hash, definition.Hash], library.RevisionsAsync().AsTask().GetAwaiter().GetResult().Select(revision => revision.Definition.Hash));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static int Parts(Condition condition, bool countsNot) => condition switch
    {
        Condition.All all => 1 + all.Of.Sum(part => Parts(part, countsNot)),
        Condition.Any any => 1 + any.Of.Sum(part => Parts(part, countsNot)),
        Condition.Not not => (countsNot ? 1 : 0) + Parts(not.Of, countsNot),
        Condition.Score score => 1 + score.Of.Sum(part => Parts(part.When, countsNot)),
        _ => 1,
    };

    private sealed class ShallowDocuments(IDocumentStore documents) : IDocumentStore
    {
        public ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken)
        {
            JsonDocument.Parse(document.Content).Dispose();
            return documents.AddAsync(document, cancellationToken);
        }

        public ValueTask<StoredDocument?> LatestAsync(string kind, string name, CancellationToken cancellationToken) => documents.LatestAsync(kind, name, cancellationToken);

        public ValueTask<bool> RemoveAsync(string kind, string name, CancellationToken cancellationToken) => documents.RemoveAsync(kind, name, cancellationToken);

        public IAsyncEnumerable<StoredDocument> ReadAllAsync(string kind, CancellationToken cancellationToken) => documents.ReadAllAsync(kind, cancellationToken);
    }
}
