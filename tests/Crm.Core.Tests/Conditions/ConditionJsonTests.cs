using System.Globalization;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>The written form of conditions.</summary>
public sealed class ConditionJsonTests
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    private static readonly Gen<Condition> Right = Arbitrary.Conditions.Where(condition => ConditionCheck.Check(condition).IsEmpty);

    [Fact]
    public void What_is_written_is_read_with_the_same_meaning_and_written_again_the_same() =>
        Prop.ForAll((from condition in Right from history in Arbitrary.Histories from now in Arbitrary.Instants select (condition, history, now)).ToArbitrary(), sample =>
        {
            var text = ConditionJson.Write(sample.condition);
            var read = Read(text);
            var evidence = new TestEvidence(new Moment(sample.now, DateTimeZone.Utc)) { History = sample.history, Event = sample.history.Select(one => one.Event).FirstOrDefault() };

            Assert.Equal(Evaluator.Evaluate(sample.condition, evidence).Value, Evaluator.Evaluate(read, evidence).Value);
            Assert.Equal(text, ConditionJson.Write(read));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void The_canonical_form_has_the_same_answer_until_the_same_instant_and_is_its_own() => Same(Canonical.Of);

    [Fact]
    public void The_law_catches_an_opposite_that_forgets_what_is_missing() => Counterfeits.Caught(() => Same(condition => Canonical.Of(condition) is var canonical && condition is Condition.Not && canonical is Condition.Field field ? field with { WhenMissing = !field.WhenMissing } : canonical));

    [Fact]
    public void The_law_catches_an_opposite_that_loses_the_value_itself() => Counterfeits.Caught(() => Same(condition =>
        condition is Condition.Not { Of: Condition.EventWindow { Is: Test.AtLeast least } leaf } ? Canonical.Of(leaf with { Is = new Test.AtMost(least.Value) }) : Canonical.Of(condition)));

    [Fact]
    public void A_not_around_all_is_a_not_around_each_for_any_and_any_depth() =>
        Prop.ForAll(Gen.ListOf(Right).Resize(4).Select(list => list.ToList()).ToArbitrary(), parts =>
        {
            Assert.Equal(Hash(!new Condition.All(parts.ToSequence())), Hash(new Condition.Any(parts.Select(part => !part).ToSequence())));
            Assert.Equal(Hash(!new Condition.Any(parts.ToSequence())), Hash(new Condition.All(parts.Select(part => !part).ToSequence())));
            Assert.All(parts, part => Assert.Equal(Hash(part), Hash(!!part)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // Points that cancel each other out fall away, and what they were given for has no say any more in when to ask again.
    private static void Same(Func<Condition, Condition> canonical) =>
        Prop.ForAll((from condition in Right from negated in Gen.Elements(true, false) from history in Arbitrary.Histories from now in Arbitrary.Instants select (negated ? !condition : condition, history, now)).ToArbitrary(), sample =>
        {
            var (condition, history, now) = sample;
            var form = canonical(condition);
            var evidence = new TestEvidence(new Moment(now, DateTimeZone.Utc)) { History = history, Event = history.Select(one => one.Event).FirstOrDefault() };
            var (expected, found) = (Evaluator.Evaluate(condition, evidence), Evaluator.Evaluate(form, evidence));

            Assert.Equal(expected.Value, found.Value);
            Assert.True(expected.ValidUntil == found.ValidUntil || HasScore(condition), $"{expected} is not {found}");
            Assert.Equal(ConditionWriter.Text(form), ConditionWriter.Text(Canonical.Of(form)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    private static bool HasScore(Condition condition) => condition switch
    {
        Condition.All all => all.Of.Any(HasScore),
        Condition.Any any => any.Of.Any(HasScore),
        Condition.Not not => HasScore(not.Of),
        _ => condition is Condition.Score,
    };

    [Fact]
    public void The_order_and_nesting_of_parts_does_not_change_the_hash() =>
        Prop.ForAll(Gen.ListOf(Right).Resize(4).Select(list => list.ToList()).ToArbitrary(), parts =>
        {
            var reversed = Enumerable.Reverse(parts).ToList();
            Assert.Equal(Hash(new Condition.All(parts.ToSequence())), Hash(new Condition.All(reversed.Select(part => !!part).ToSequence())));
            Assert.Equal(Hash(new Condition.Any(parts.ToSequence())), Hash(new Condition.Any([new Condition.Any(reversed.ToSequence()), .. parts])));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // An event without lines passes a filter that asks nothing, and none that looks at lines, whatever it asks of them.
    [Fact]
    public void A_filter_of_lines_that_every_line_passes_still_asks_for_a_line()
    {
        var anyLine = If.Any(If.Field("line.sku").Is("tea"), If.All());
        var counts = new[] { If.Purchases().Where(anyLine).Count().AtLeast(1), If.Purchases().Where(!!anyLine).Count().AtLeast(1) };

        Assert.Single(counts.Select(Hash).Distinct());
        Assert.NotEqual(Hash(If.Purchases().Count().AtLeast(1)), Hash(counts[0]));
    }

    [Fact]
    public void However_a_condition_is_spelt_its_hash_is_the_same() => SameHash(Hash);

    [Fact]
    public void The_law_catches_a_hash_of_what_is_written() => Counterfeits.Caught(() => SameHash(condition => DefinitionHash.Of(ConditionWriter.Text(condition))));

    [Fact]
    public void The_law_catches_a_filter_that_asks_nothing_and_is_kept() => Counterfeits.Caught(() => SameHash(condition =>
        DefinitionHash.Of(ConditionJson.Write(condition) + condition.Leaves().OfType<Condition.EventWindow>().Any(leaf => leaf.Where is { } where && Canonical.Of(where) is Condition.All { Of.IsEmpty: true }))));

    [Fact]
    public void The_law_catches_a_part_that_decides_and_is_kept() => Counterfeits.Caught(() => SameHash(condition =>
        DefinitionHash.Of(ConditionJson.Write(condition) + (condition is Condition.Any any && any.Of.Any(part => part is Condition.All { Of.IsEmpty: true })))));

    private static void SameHash(Func<Condition, DefinitionHash> hash) =>
        Prop.ForAll((from condition in Right from choices in Gen.Choose(0, 1_000).ArrayOf(40) select (condition, choices)).ToArbitrary(), sample =>
        {
            var spelt = new Respelling(sample.choices).Of(sample.condition);

            Assert.Empty(ConditionCheck.Check(spelt));
            Assert.Equal(hash(sample.condition), hash(spelt));
            Assert.Equal(hash(new Condition.Any([spelt, new Condition.All([])])), hash(new Condition.All([])));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Another_spelling_means_the_same() =>
        Prop.ForAll((from condition in Right from choices in Gen.Choose(0, 1_000).ArrayOf(40) from history in Arbitrary.Histories from now in Arbitrary.Instants select (condition, choices, history, now)).ToArbitrary(), sample =>
        {
            var evidence = new TestEvidence(new Moment(sample.now, DateTimeZone.Utc)) { History = sample.history, Event = sample.history.Select(one => one.Event).FirstOrDefault() };

            Assert.Equal(Evaluator.Evaluate(sample.condition, evidence).Value, Evaluator.Evaluate(new Respelling(sample.choices).Of(sample.condition), evidence).Value);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Conditions_that_differ_have_different_hashes()
    {
        var conditions = new[]
        {
            If.Field("event.table").Is(1), If.Field("event.table").Is("1"), If.Field("event.table").WhenMissing(true).Is(1), If.Field("event.table").IsNot(1), If.Fact("event.table").Is(1), If.Field("lookup.table").Is(1),
            If.Field("event.day").Is("2026-01-01"), If.Field("event.day").Is(new LocalDate(2026, 1, 1)), If.Purchases().Count().Is(1), If.Purchases().InLast(Duration.FromDays(1)).Count().Is(1),
            If.Purchases().SumOfSpend(Currency.Hkd).Is(1), If.Purchases().SumOfQuantity().Is(1), If.Purchases().Where(If.Field("event.channel").Is("web")).Count().Is(1),
            If.All(), If.Any(), If.Hours(new LocalTime(1, 0), new LocalTime(2, 0)), If.Hours(new LocalTime(2, 0), new LocalTime(1, 0)),
        };

        Assert.Equal(conditions.Length, conditions.Select(Hash).Distinct().Count());
    }

    [Theory]
    [InlineData("""{"all":[{"count":"purchase","where":{"field":"event.channel","is":{"in":["app","web"]},"whenMissing":false},"window":{"last":"P90D"},"is":{"gte":3}},{"field":"customer.region","is":{"eq":"HK"},"whenMissing":false}]}""")]
    [InlineData("""{"field":"customer.district","is":{"matches":"^(?i)kowloon [0-9]{1,3}$"},"whenMissing":false}""")]
    [InlineData("""{"sum":"spend","currency":"HKD","of":"purchase","window":"lifetime","is":{"gt":1000.5}}""")]
    [InlineData("""{"sum":"quantity","of":"purchase","where":{"field":"line.sku","is":{"eq":"茶 \"A\""},"whenMissing":false},"window":{"last":"P1DT12H"},"is":{"lte":3}}""")]
    [InlineData("""{"any":[{"fact":"loyalty.tier","is":{"in":["gold","silver"]},"whenMissing":true},{"fact":"segment.vip","is":{"known":true}},{"not":{"fact":"x","is":{"eq":{"date":"2026-02-28"}},"whenMissing":true}}]}""")]
    [InlineData("""{"field":"event.at","is":{"gte":{"instant":"2026-11-21T08:00:00.0000001Z"}},"whenMissing":false}""")]
    [InlineData("""{"between":{"from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z"}}""")]
    [InlineData("""{"on":["saturday","sunday"]}""")]
    [InlineData("""{"hours":{"from":"18:00","until":"02:00:00.5"}}""")]
    [InlineData("""{"average":"spend","currency":"HKD","of":"purchase","window":{"last":"P90D","skip":"P30D"},"is":{"between":[10,20.5]},"whenMissing":false}""")]
    [InlineData("""{"mostFrequent":"line.category","of":"purchase","window":{"calendar":"month","skip":1,"count":3,"zone":"Asia/Hong_Kong"},"is":{"startsWith":"tea"},"whenMissing":true}""")]
    [InlineData("""{"unique":"line.sku","of":"purchase","window":{"last":"P90D"},"is":{"allOf":["cup","tea"]},"whenMissing":false}""")]
    [InlineData("""{"latest":"at","of":"purchase","window":"lifetime","is":{"lte":{"now":"-P30D"}},"whenMissing":true}""")]
    [InlineData("""{"first":"day","zone":"Asia/Hong_Kong","of":"purchase","window":"lifetime","is":{"anniversary":{"before":3,"after":0,"leapDay":"march-1","zone":"Asia/Hong_Kong"}},"whenMissing":false}""")]
    [InlineData("""{"distinct":"event.order","of":"purchase","window":{"from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z"},"is":{"gte":3}}""")]
    [InlineData("""{"periods":"purchase","times":1,"outOf":6,"window":{"last":"P180D"},"is":{"gte":4}}""")]
    [InlineData("""{"sequence":"page-view","where":{"field":"event.channel","is":{"eq":"web"},"whenMissing":false},"then":[{"of":"purchase","after":"PT1H","within":"P14D","without":{"of":"page-view"}}],"lacking":{"of":"refund","for":"P4D"},"window":{"before":"P1D"},"is":{"gte":1}}""")]
    [InlineData("""{"count":"purchase","window":{"sinceFirst":{"of":"purchase"},"within":"P30D"},"is":{"gte":1}}""")]
    [InlineData("""{"count":"purchase","window":{"sinceLatest":{"of":"page-view","where":{"field":"event.channel","is":{"eq":"web"},"whenMissing":false}}},"is":{"eq":0}}""")]
    [InlineData("""{"field":"customer.tags","is":{"allOf":["tea","vip"]},"whenMissing":false}""")]
    [InlineData("""{"field":"customer.joined","is":{"lt":{"today":"-P1Y6M","zone":"Asia/Hong_Kong"}},"whenMissing":false}""")]
    [InlineData("""{"score":[{"when":{"on":["monday"]},"points":2},{"when":{"on":["sunday"]},"points":-1.5}],"is":{"gte":2}}""")]
    [InlineData("""{"annual":{"from":"12-20","to":"02-29","leapDay":"march-1"}}""")]
    [InlineData("""{"calendar":"hk-public-holidays","whenMissing":false}""")]
    public void Every_form_reads_as_it_is_written(string canonical) => Assert.Equal(canonical, ConditionJson.Write(Read(canonical)));

    [Theory]
    [InlineData("""{"not":{"not":{"hours":{"from":"18:00:00","until":"19:00"}}}}""", """{"hours":{"from":"18:00","until":"19:00"}}""")]
    [InlineData("""{"whenMissing":false,"is":{"in":[3,1.0,1e0,2]},"field":"event.table"}""", """{"field":"event.table","is":{"in":[1,2,3]},"whenMissing":false}""")]
    [InlineData("""{"count":"visit","window":{"last":"P1W"},"is":{"eq":-0.0}}""", """{"count":"visit","window":{"last":"P7D"},"is":{"eq":0}}""")]
    [InlineData("""{"field":"customer.tags","is":{"noneOf":["b","a"]},"whenMissing":false}""", """{"not":{"field":"customer.tags","is":{"anyOf":["a","b"]},"whenMissing":true}}""")]
    [InlineData("""{"field":"customer.joined","is":{"gt":{"zone":"Asia/Hong_Kong","today":"-P12M1W"}},"whenMissing":true}""", """{"field":"customer.joined","is":{"gt":{"today":"-P1Y7D","zone":"Asia/Hong_Kong"}},"whenMissing":true}""")]
    [InlineData("""{"field":"customer.age","is":{"between":[3,3.0]},"whenMissing":true}""", """{"field":"customer.age","is":{"eq":3},"whenMissing":true}""")]
    [InlineData("""{"count":"visit","window":{"calendar":"day","skip":0,"count":1,"zone":"UTC"},"is":{"gte":1}}""", """{"count":"visit","window":{"calendar":"day","zone":"UTC"},"is":{"gte":1}}""")]
    [InlineData("""{"score":[{"when":{"on":["monday"]},"points":2},{"when":{"on":["monday"]},"points":3}],"is":{"gte":2}}""", """{"score":[{"when":{"on":["monday"]},"points":5}],"is":{"gte":2}}""")]
    [InlineData("""{"not":{"count":"visit","window":"lifetime","is":{"gte":3}}}""", """{"count":"visit","window":"lifetime","is":{"lt":3}}""")]
    [InlineData("""{"not":{"field":"customer.age","is":{"gt":5},"whenMissing":false}}""", """{"field":"customer.age","is":{"lte":5},"whenMissing":true}""")]
    [InlineData("""{"not":{"fact":"loyalty.points","is":{"lt":5},"whenMissing":true}}""", """{"fact":"loyalty.points","is":{"gte":5},"whenMissing":false}""")]
    [InlineData("""{"not":{"max":"spend","currency":"HKD","of":"visit","window":"lifetime","is":{"lte":3},"whenMissing":true}}""", """{"max":"spend","currency":"HKD","of":"visit","window":"lifetime","is":{"gt":3},"whenMissing":false}""")]
    [InlineData("""{"not":{"field":"customer.joined","is":{"gte":{"today":"-P1Y","zone":"UTC"}},"whenMissing":false}}""", """{"field":"customer.joined","is":{"lt":{"today":"-P1Y","zone":"UTC"}},"whenMissing":true}""")]
    [InlineData("""{"not":{"score":[{"when":{"on":["monday"]},"points":2}],"is":{"gte":2}}}""", """{"score":[{"when":{"on":["monday"]},"points":2}],"is":{"lt":2}}""")]
    [InlineData("""{"not":{"any":[{"on":["monday"]},{"not":{"on":["sunday"]}}]}}""", """{"all":[{"not":{"on":["monday"]}},{"on":["sunday"]}]}""")]
    [InlineData("""{"not":{"all":[{"any":[{"on":["monday"]},{"calendar":"holidays","whenMissing":false}]},{"not":{"count":"visit","window":"lifetime","is":{"gt":3}}}]}}""", """{"any":[{"all":[{"not":{"calendar":"holidays","whenMissing":false}},{"not":{"on":["monday"]}}]},{"count":"visit","window":"lifetime","is":{"gt":3}}]}""")]
    [InlineData("""{"not":{"all":[]}}""", """{"any":[]}""")]
    [InlineData("""{"count":"visit","where":{"not":{"field":"line.quantity","is":{"gte":2},"whenMissing":false}},"window":"lifetime","is":{"gte":1}}""", """{"count":"visit","where":{"field":"line.quantity","is":{"lt":2},"whenMissing":true},"window":"lifetime","is":{"gte":1}}""")]
    [InlineData("""{"on":["sunday","monday"]}""", """{"on":["monday","sunday"]}""")]
    [InlineData("""{"all":[{"all":[{"on":["monday"]}]},{"on":["monday"]}]}""", """{"on":["monday"]}""")]
    [InlineData("""{"count":"visit","where":{"all":[]},"window":"lifetime","is":{"gte":1}}""", """{"count":"visit","window":"lifetime","is":{"gte":1}}""")]
    [InlineData("""{"count":"visit","where":{"not":{"any":[]}},"window":{"sinceFirst":{"of":"visit","where":{"any":[{"all":[]}]}}},"is":{"gte":1}}""", """{"count":"visit","window":{"sinceFirst":{"of":"visit"}},"is":{"gte":1}}""")]
    [InlineData("""{"sequence":"visit","then":[{"of":"visit","where":{"all":[]},"without":{"of":"refund","where":{"all":[]}}}],"lacking":{"of":"refund","where":{"not":{"any":[]}},"for":"P1D"},"window":"lifetime","is":{"gte":1}}""", """{"sequence":"visit","then":[{"of":"visit","without":{"of":"refund"}}],"lacking":{"of":"refund","for":"P1D"},"window":"lifetime","is":{"gte":1}}""")]
    [InlineData("""{"count":"visit","where":{"any":[{"field":"event.channel","is":{"eq":"web"},"whenMissing":false},{"all":[]}]},"window":"lifetime","is":{"gte":1}}""", """{"count":"visit","window":"lifetime","is":{"gte":1}}""")]
    [InlineData("""{"all":[{"on":["monday"]},{"any":[]}]}""", """{"any":[]}""")]
    [InlineData("""{"any":[{"on":["monday"]},{"not":{"any":[]}}]}""", """{"all":[]}""")]
    [InlineData("""{"score":[{"when":{"on":["monday"]},"points":2},{"when":{"any":[]},"points":3}],"is":{"gte":2}}""", """{"score":[{"when":{"on":["monday"]},"points":2}],"is":{"gte":2}}""")]
    [InlineData("""{"score":[{"when":{"all":[]},"points":2}],"is":{"gte":2}}""", """{"all":[]}""")]
    [InlineData("""{"score":[{"when":{"any":[]},"points":2}],"is":{"gte":2}}""", """{"any":[]}""")]
    public void Other_spellings_have_the_same_canonical_form(string json, string canonical) => Assert.Equal(canonical, ConditionJson.Write(Read(json)));

    [Fact]
    public void Every_error_is_reported_at_once_with_its_path()
    {
        const string json = """
            {"all":[
              {"fields":"customer.region","is":{"eq":"HK"},"whenMissing":false},
              {"field":"customer.region","is":{"eq":"HK"}},
              {"field":"region","is":{"gte":"HK"},"whenMissing":false},
              {"count":"purchse","window":{"last":"P3M"},"is":{"gte":3}},
              {"count":"purchase","window":{"last":"P4000D"},"is":{"gte":"3"},"is":{"gte":3}},
              {"sum":"spend","currency":"hkd","of":"purchase","window":"lifetime","is":{"gt":1,"lt":5}},
              {"count":"purchase","where":{"fact":"loyalty.tier","is":{"eq":"gold"},"whenMissing":false},"window":"lifetime","is":{"known":true}},
              {"count":"purchase","where":{"field":"line.skus","is":{"eq":"tea"},"whenMissing":false},"window":"lifetime","is":{"lt":2},"whenmissing":false},
              {"on":["mon","friday"]},
              {"hours":{"from":"25:00"}},
              {"field":"customer.age","is":{"in":[1,"a",null]},"whenMissing":"no"},
              7,
              {"on":["friday"],"not":{}},
              {"between":{"from":"2026-02-01T00:00:00Z","until":"2026-01-01T00:00:00Z"}}
            ]}
            """;

        var reading = ConditionJson.Read(json, new EventKinds([]));

        Assert.Null(reading.Condition);
        Assert.Equal(
            $$"""
            $.all[0]: Nothing says what this asks (did you mean "field" by "fields"?); exactly one of "all", "any", "not", "score", "field", "fact", "count", "sum", "average", "min", "max", "distinct", "first", "latest", "mostFrequent", "unique", "periods", "sequence", "between", "on", "hours", "annual", "calendar" is expected.
            $.all[1]: "whenMissing" is absent; true or false, the answer where there is no value, is expected.
            $.all[3].window.last: "P3M" is no length of a window: a duration of weeks, days (24 hours each), hours, minutes and seconds is expected, such as "P90D" or "PT36H"; months and years have no fixed length.
            $.all[4].is: The property comes twice; once is expected.
            $.all[5].currency: "hkd" is no currency code of ISO 4217; three capital letters such as "HKD" are expected.
            $.all[5].is: There are several tests, "gt", "lt"; exactly one is expected. Combine comparisons with 'all' or 'any'.
            $.all[7].whenmissing: The property is not known here; there are "count", "where", "window", "is".
            $.all[8].on[0]: "mon" is no day of the week; one of "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" is expected.
            $.all[9].hours.from: "25:00" was found; a time of day from "00:00" to "23:59" is expected.
            $.all[9].hours: "until" is absent; a time of day from "00:00" to "23:59" is expected.
            $.all[10].is.in[2]: null was found; a text, a number, true, false, {"date":"2026-11-21"} or {"instant":"2026-11-21T08:00:00Z"} is expected.
            $.all[10].whenMissing: "no" was found; true or false is expected.
            $.all[11]: 7 was found; an object with one of "all", "any", "not", "score", "field", "fact", "count", "sum", "average", "min", "max", "distinct", "first", "latest", "mostFrequent", "unique", "periods", "sequence", "between", "on", "hours", "annual", "calendar" is expected.
            $.all[12]: This asks "not", "on" at once; exactly one is expected. Combine conditions with 'all' or 'any'.
            $.all[2].field: 'region' is not the name of a field: 'customer.', 'event.' or 'lookup.' and a name of lower-case letters, digits, '-', '_' and '.' are expected, such as 'customer.region'.
            $.all[2].is.gte: A code has no order; a number, date or instant is expected, or a test with 'eq' or 'in'.
            $.all[3].count: No event kind is named 'purchse'. Did you mean 'purchase'? There are: {{string.Join(", ", new EventKinds([]).Known)}}.
            $.all[4].window.last: The window is P4000D long; more than 0 and at most 3660 days are expected.
            $.all[4].is.gte: A count or sum is a number and is compared with a code; a number is expected.
            $.all[6].where: A 'where' looks at one event: it is built of all, any, not and fields of 'event.' and 'line.' only.
            $.all[6].is.known: Counts and sums are always known: without events they are 0. Ask for "gte" 1 instead.
            $.all[7].where.field: 'line.skus' does not exist. Did you mean 'sku'? There are: sku, category, quantity, amount.
            $.all[10].is.in[1]: The list begins with a number and has a code here; values of one kind are expected.
            $.all[13].between: The span ends (2026-01-01T00:00:00Z) before it begins (2026-02-01T00:00:00Z), so it never holds; 'until' is expected after 'from'.
            """.ReplaceLineEndings("\n"),
            string.Join("\n", reading.Errors));
    }

    [Fact]
    public void Kinds_and_fields_that_are_not_declared_are_found()
    {
        const string json = """{"count":"purchse","where":{"field":"event.chanel","is":{"eq":"web"},"whenMissing":false},"window":"lifetime","is":{"gte":3}}""";

        Assert.Empty(ConditionJson.Read(json).Errors);
        Assert.StartsWith("$.count: No event kind is named 'purchse'. Did you mean 'purchase'?", Assert.Single(ConditionJson.Read(json, new EventKinds([])).Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal(
            "$.where.field: 'event.chanel' does not exist. Did you mean 'channel'? There are: kind, channel, brand, actor, spend, currency, source, store, delivery, discount, points-paid, tax.",
            Assert.Single(ConditionJson.Read(json.Replace("purchse", "purchase", StringComparison.Ordinal), new EventKinds([])).Errors).ToString());
    }

    [Fact]
    public void Who_asks_for_a_window_that_there_is_not_is_told_of_all()
    {
        var error = Assert.Single(ConditionJson.Read("""{"count":"purchase","window":{"since":{"of":"refund"}},"is":{"gte":3}}""").Errors);

        Assert.Equal("$.window", error.Path);
        Assert.All(["last", "before", "calendar", "sinceFirst", "sinceLatest", "from", "until", "lifetime"], word => Assert.Contains($"\"{word}\"", error.Message, StringComparison.Ordinal));
        Assert.Contains("did you mean \"last\" by \"lastt\"", Assert.Single(ConditionJson.Read("""{"count":"purchase","window":{"lastt":"P9D"},"is":{"gte":3}}""").Errors).Message, StringComparison.Ordinal);
    }

    // What is around a part that cannot be read is looked at all the same, and of the part itself no more is said than that.
    [Theory]
    [InlineData("""{"field":"region","is":{"eq":"HK"}}""", "$", "$.field")]
    [InlineData("""{"field":7,"is":{"gte":"HK"},"whenMissing":false}""", "$.field", "$.is.gte")]
    [InlineData("""{"field":"region","is":{"gr":5},"whenMissing":true}""", "$.is", "$.field")]
    [InlineData("""{"field":"region","is":{"noneOf":["a",7]},"whenMissing":true}""", "$.is.noneOf[1]", "$.field")]
    [InlineData("""{"fact":"Tier","is":{"between":[5,null]},"whenMissing":0}""", "$.is.between[1]", "$.whenMissing", "$.fact")]
    [InlineData("""{"field":"customer.age","is":{"in":[1,null,"a"]},"whenMissing":false}""", "$.is.in[1]", "$.is.in[2]")]
    [InlineData("""{"field":"customer.joined","is":{"lt":{"today":"P1X","zone":"Asia/HongKong"}},"whenMissing":false}""", "$.is.lt.today", "$.is.lt.zone")]
    [InlineData("""{"field":"customer.born","is":{"anniversary":{"before":-1,"after":999,"leapDay":"march-1","zone":"Mars"}},"whenMissing":false}""", "$.is.anniversary.before", "$.is.anniversary.zone", "$.is.anniversary")]
    [InlineData("""{"count":"purchse","window":{"last":"P3M"},"is":{"gte":"3"}}""", "$.window.last", "$.count", "$.is.gte")]
    [InlineData("""{"count":5,"where":{"field":"event.table","is":{"eq":"x"},"whenMissing":false},"window":"P3D","is":{"known":true}}""", "$.count", "$.window", "$.is.known")]
    [InlineData("""{"sum":"spend","currency":"hkd","of":"purchse","window":"lifetime","is":{"gte":"x"}}""", "$.currency", "$.of", "$.is.gte")]
    [InlineData("""{"latest":"when","of":"purchse","window":{"last":"P4000D"},"is":{"lt":3},"whenMissing":false}""", "$.latest", "$.of", "$.window.last")]
    [InlineData("""{"distinct":"event.tabel","of":"purchase","window":"lifetime","is":{"gte":3},"whenMissing":false}""", "$.whenMissing", "$.distinct")]
    [InlineData("""{"first":"day","zone":"Mars","of":"purchase","window":"lifetime","is":{"gte":3}}""", "$", "$.zone", "$.is.gte")]
    [InlineData("""{"periods":"purchse","times":1,"outOf":0.5,"window":{"calendar":"month","count":3,"zone":"Mars"},"is":{"gte":1}}""", "$.outOf", "$.periods", "$.window.zone")]
    [InlineData("""{"periods":"purchse","times":0,"outOf":6,"window":{"last":"P3M"},"is":{"gte":1}}""", "$.window.last", "$.periods", "$.times")]
    [InlineData("""{"sequence":"purchse","then":[{"of":"visit","within":"P3M","without":{"of":"purchse"}},{"of":"purchse","after":"P2D","within":"P1D"},7],"lacking":{"of":"purchse"},"window":{"before":"P4000D"},"is":{"gte":1}}""", "$.then[0].within", "$.then[2]", "$.lacking", "$.sequence", "$.then[0].without.of", "$.then[1].of", "$.then[1].within", "$.lacking.of", "$.window.before")]
    [InlineData("""{"count":"purchase","window":{"sinceLatest":{"of":"purchse"},"within":"P3M"},"is":{"gte":1}}""", "$.window.within", "$.window.sinceLatest.of")]
    [InlineData("""{"score":[{"when":{"fact":"Tier","is":{"eq":1},"whenMissing":false}},{"when":{"on":["monday"]},"points":0},7],"is":{"eq":"x"}}""", "$.score[0]", "$.score[2]", "$.score[0].when.fact", "$.score[1].points", "$.is.eq")]
    [InlineData("""{"on":["mon","friday","friday"],"zone":"Mars"}""", "$.on[0]", "$.on", "$.zone")]
    [InlineData("""{"hours":{"from":"25:00","until":"26:00"},"zone":"Mars"}""", "$.hours.from", "$.hours.until", "$.zone")]
    [InlineData("""{"calendar":"Holidays","zone":{"field":"region"}}""", "$", "$.zone", "$.calendar", "$.zone.field")]
    public void What_cannot_be_read_hides_nothing_beside_it(string json, params string[] paths) =>
        Assert.Equal(paths, ConditionJson.Read(json, new EventKinds([new EventKind("visit", EventNature.Happening)])).Errors.Select(error => error.Path));

    [Fact]
    public void The_deepest_condition_is_read_as_it_was_written() => Prop.ForAll(DeepConditions.Any, condition =>
    {
        var written = ConditionJson.Write(condition);
        Assert.Equal(written, ConditionJson.Write(Read(written)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData("event.kind")]
    [InlineData("event.channel")]
    [InlineData("event.brand")]
    [InlineData("event.actor")]
    [InlineData("event.currency")]
    [InlineData("event.source")]
    public void What_every_event_has_as_a_code_is_not_compared_with_a_number(string field) =>
        Assert.Equal($"$.is.eq: {field} is a code and is compared with a number; a code is expected.", Assert.Single(ConditionJson.Read($$"""{"field":"{{field}}","is":{"eq":5},"whenMissing":false}""").Errors).ToString());

    [Theory]
    [InlineData("""{"field":"customer.tags","is":{"noneOf":["a,b"]},"whenMissing":false}""", "$.is.noneOf")]
    [InlineData("""{"not":{"field":"tags","is":{"noneOf":["a"]},"whenMissing":false}}""", "$.not.field")]
    [InlineData("""{"not":{"field":"tags","is":{"anyOf":["a"]},"whenMissing":false}}""", "$.not.field")]
    public void What_is_wrong_with_none_of_is_found_where_it_is_written(string json, string path) =>
        Assert.Equal(path, Assert.Single(ConditionJson.Read(json).Errors).Path);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"\ud800\"")]
    [InlineData("{\"all\":[],}")]
    [InlineData("{\"all\":[]} {}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"field\":\"\\ud800\",\"is\":{\"eq\":\"\\udc00\"},\"whenMissing\":false}")]
    [InlineData("{\"field\":\"event.a\",\"is\":{\"eq\":1e999},\"whenMissing\":false}")]
    [InlineData("{\"field\":\"event.a\",\"is\":{\"eq\":0.12345678901234567890123456789012},\"whenMissing\":false}")]
    [InlineData("{\"sum\":7}")]
    [InlineData("{\"sum\":\"tips\",\"of\":\"purchase\"}")]
    [InlineData("{\"not\":null}")]
    [InlineData("{\"between\":{}}")]
    [InlineData("{\"on\":[]}")]
    [InlineData("{\"on\":[\"monday\",\"monday\"]}")]
    [InlineData("{\"count\":\"visit\",\"window\":\"forever\",\"is\":{\"gte\":1}}")]
    [InlineData("{\"count\":\"visit\",\"window\":{\"last\":\"PT\"},\"is\":{\"gte\":1}}")]
    [InlineData("{\"count\":\"visit\",\"window\":{\"last\":\"P0D\"},\"is\":{\"gte\":1}}")]
    [InlineData("{\"field\":\"event.a\",\"is\":{\"in\":[]},\"whenMissing\":false}")]
    [InlineData("{\"field\":\"event.a\",\"is\":{\"known\":false}}")]
    [InlineData("{\"field\":\"event.a\",\"is\":{\"known\":true},\"whenMissing\":true}")]
    [InlineData("{\"field\":\"line.sku\",\"is\":{\"eq\":\"tea\"},\"whenMissing\":true}")]
    public void What_is_wrong_is_refused_with_an_error_and_never_thrown(string json)
    {
        var reading = ConditionJson.Read(json);

        Assert.Null(reading.Condition);
        Assert.NotEmpty(reading.Errors);
    }

    [Fact]
    public void No_mutilated_text_makes_the_reader_throw() =>
        Prop.ForAll((from condition in Right from cut in Gen.Choose(0, 400) from length in Gen.Choose(0, 8) from junk in Gen.Elements("", "\"", "{", "}", "[", "1", "null", "\\", ",", ":") select (condition, cut, length, junk)).ToArbitrary(), sample =>
        {
            var text = ConditionJson.Write(sample.condition);
            var cut = sample.cut % (text.Length + 1);
            var reading = ConditionJson.Read(text[..cut] + sample.junk + text[Math.Min(text.Length, cut + sample.length)..]);
            Assert.Equal(reading.Condition is null, !reading.Errors.IsEmpty);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Limits_hold_and_what_is_just_within_them_is_read()
    {
        Assert.Empty(ConditionJson.Read(Nested(31)).Errors);
        Assert.Equal(["The condition is nested more than 32 deep; say it with fewer levels."], ConditionJson.Read(Nested(32)).Errors.Select(error => error.Message));
        Assert.Equal($"$.{string.Join('.', Enumerable.Repeat("not", 32))}: The condition is nested more than 32 deep; say it with fewer levels.", Assert.Single(ConditionJson.Read(Nested(200)).Errors).ToString());
        Assert.NotEmpty(ConditionJson.Read(Nested(10_000)[..ConditionJson.MostBytes]).Errors);

        Assert.Empty(ConditionJson.Read(Parts(999)).Errors);
        Assert.StartsWith("$.all[999]: The condition has more than 1000 parts", Assert.Single(ConditionJson.Read(Parts(1_000)).Errors).ToString(), StringComparison.Ordinal);

        Assert.Empty(ConditionJson.Read(Values(1_000)).Errors);
        Assert.Equal(["The list has 1001 values; 1 to 1000 are expected."], ConditionJson.Read(Values(1_001)).Errors.Select(error => error.Message));

        Assert.Empty(ConditionJson.Read(Nested(1) + new string(' ', ConditionJson.MostBytes - Nested(1).Length)).Errors);
        Assert.Equal(["The text has 65537 bytes; at most 65536 are expected."], ConditionJson.Read(new string(' ', ConditionJson.MostBytes + 1)).Errors.Select(error => error.Message));

        static string Nested(int depth) => string.Concat(Enumerable.Repeat("""{"not":""", depth)) + """{"on":["monday"]}""" + new string('}', depth);
        static string Parts(int count) => $$"""{"all":[{{string.Join(",", Enumerable.Repeat("""{"on":["monday"]}""", count))}}]}""";
        static string Values(int count) => $$"""{"field":"event.a","is":{"in":[{{string.Join(",", Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture)))}}]},"whenMissing":false}""";
    }

    [Fact]
    public void What_a_value_is_compared_with_is_written_and_read_again_or_refused()
    {
        Scalar[] values = [true, false, 1, 1.5m, "a", "b", new LocalDate(2026, 1, 1), new LocalDate(2026, 1, 2), Start, Start + Duration.FromTicks(1), Scalar.Of(["a"]), Scalar.Of(["b"]), Scalar.Of(["a", "b"]), default];
        Func<Scalar, Test>[] tests = [value => new Test.EqualTo(value), value => new Test.MoreThan(value), value => new Test.AtLeast(value), value => new Test.LessThan(value), value => new Test.AtMost(value), value => new Test.OneOf([value])];
        var leaves = tests.SelectMany(test => values.Select(value => (Value: value, Leaf: (Condition)new Condition.Field("customer.tags", test(value), false)))).ToList();
        var right = leaves.Where(one => ConditionCheck.Check(one.Leaf).IsEmpty).ToList();

        Assert.Equal(right.Select(one => one.Leaf is Condition.Field { Is: Test.OneOf } leaf ? leaf with { Is = new Test.EqualTo(one.Value) } : one.Leaf), right.Select(one => Read(ConditionJson.Write(one.Leaf))));
        Assert.All(leaves.Except(right), one => Assert.True(one.Value.Kind is ScalarKind.Codes or ScalarKind.Missing or ScalarKind.Code or ScalarKind.Flag));
        Assert.DoesNotContain(right, one => one.Value.Kind == ScalarKind.Codes);
    }

    [Theory]
    [InlineData("customer.tags", "$.is.eq")]
    [InlineData("event.spend", "$.is.eq")]
    public void Several_codes_are_not_compared_as_a_whole(string name, string path) =>
        Assert.Equal($"{path}: A list of codes is not compared as a whole; a test with 'anyOf' or 'allOf' is expected.", Assert.Single(ConditionCheck.Check(If.Field(name).Is(Scalar.Of(["a", "b"])))).ToString());

    [Theory]
    [InlineData("""{"count":"purchase","window":{"from":"2026-01-01T00:00:00.00000005Z"},"is":{"gte":1}}""", "$.window.from")]
    [InlineData("""{"count":"purchase","window":{"until":"2026-01-01T00:00:00.00000005Z"},"is":{"gte":1}}""", "$.window.until")]
    public void A_window_that_ends_between_two_ticks_is_refused(string json, string path)
    {
        Assert.Equal($"{path}: 2026-01-01T00:00:00.00000005Z is between two ticks; an instant in whole ticks (100 ns) is expected, because events are told apart by them.", Assert.Single(ConditionJson.Read(json).Errors).ToString());
        Assert.Empty(ConditionJson.Read(json.Replace("05Z", "0Z", StringComparison.Ordinal)).Errors);
    }

    [Fact]
    public void Conditions_made_in_code_are_checked_like_written_ones()
    {
        var condition = If.All(
            If.Field("customer.region").AtLeast(true),
            If.Purchases().InLast(Duration.FromDays(-1)).SumOfSpend(default).AtLeast(1),
            If.Events("No Name").Where(If.Purchases().Count().Is(1)).Count().Is(1),
            new Condition.EventWindow("visit", new Measure.Count(), new Window.Last(Duration.FromNanoseconds(5)), new Test.EqualTo(1)) { WhenMissing = true },
            If.On(),
            If.Fact("Tier").Is(default),
            If.Field("event.spend").Is("much"));

        Assert.Equal(
            ["$.all[0].is.gte", "$.all[1].currency", "$.all[1].window.last", "$.all[2].count", "$.all[2].where", "$.all[3].window.last", "$.all[3].whenMissing", "$.all[4].on", "$.all[5].fact", "$.all[5].is.eq", "$.all[6].is.eq"],
            ConditionCheck.Check(condition).Select(error => error.Path));
    }

    private static Condition Read(string json)
    {
        var reading = ConditionJson.Read(json);
        Assert.Empty(reading.Errors);
        return reading.Condition!;
    }

    private static DefinitionHash Hash(Condition condition) => DefinitionHash.Of(ConditionJson.Write(condition));
}
