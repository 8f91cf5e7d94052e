using Crm.Conditions;
using Crm.Definitions;
using Crm.Segmentation.Cases;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Cases;

/// <summary>Definitions tested by histories with what is to be found at which instants.</summary>
public sealed class CaseScenarios
{
    private const string Regulars = """
        {"$schema":"segment-cases/1","zone":"Asia/Hong_Kong","currency":"HKD","cases":[
          {"name":"The third purchase in 90 days makes a regular, and 90 days after the first it is over",
           "events":[{"at":"2026-01-05T18:00","spend":52.5},{"at":"2026-01-20T18:00","spend":10},{"at":"2026-02-01T18:00","spend":20}],
           "expect":[
             {"at":"2026-01-20T18:00","notIn":["regulars"]},
             {"at":"2026-02-01T17:59:59.9999999","notIn":["regulars"]},
             {"at":"2026-02-01T10:00:00Z","in":["regulars"]},
             {"at":"2026-04-05T17:59","in":["regulars"]},
             {"at":"2026-04-05T18:00","notIn":["regulars"]}]},
          {"name":"A purchase that is taken back has never been",
           "events":[{"at":"2026-01-05T18:00","key":"pos:1","spend":50},{"at":"2026-01-06T18:00","spend":50},{"at":"2026-01-07T18:00","spend":50},{"at":"2026-01-08T18:00","kind":"refund","original":"pos:1","spend":50}],
           "expect":[{"at":"2026-01-07T18:00","in":["regulars"]},{"at":"2026-01-08T18:00","notIn":["regulars"]}]},
          {"name":"What comes late counts from when it is known, as if it had always been there",
           "events":[{"at":"2026-01-05T18:00","spend":50},{"at":"2026-01-06T18:00","spend":50},{"at":"2026-01-07T18:00","recordedAt":"2026-01-09T09:00","spend":50}],
           "expect":[{"at":"2026-01-08T18:00","notIn":["regulars"]},{"at":"2026-01-09T09:00","in":["regulars"]}]},
          {"name":"Nobody is in anything before the first event",
           "expect":[{"at":"2026-01-05T18:00","notIn":["regulars"]}]}]}
        """;

    private static readonly SegmentCatalog Club = new(
        Samples.Regulars,
        Samples.Of("gold", If.Fact("loyalty.tier").Is("gold")),
        Samples.Of("locals", If.Field("customer.region").Is("HK")),
        Samples.Of("diners", If.Events("table.booked").Where(If.Field("event.seats").AtLeast(4)).Count().AtLeast(1)));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cases_that_the_definitions_meet_pass()
    {
        var report = await SegmentCases.Read(Regulars).RunAsync(Club, cancellationToken: Token);

        report.ThrowIfAny();
        Assert.Equal((4, 10), (report.Cases, report.Checks));
        Assert.Equal("4 of 4 cases hold, 10 of 10 expectations.", report.Text.English);
    }

    [Fact]
    public async Task Cases_catch_a_definition_that_asks_for_one_more_and_say_what_was_found()
    {
        var stricter = new SegmentCatalog(Samples.Regulars with { Where = If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(4) });

        var report = await SegmentCases.Read(Regulars).RunAsync(stricter, cancellationToken: Token);

        Assert.Equal(["2026-02-01T10:00:00Z", "2026-04-05T09:59:00Z", "2026-01-07T10:00:00Z", "2026-01-09T01:00:00Z"], report.Failures.Select(failure => failure.Expected.At.ToString()));
        Assert.Equal(3, report.FailedCases);
        var thrown = Assert.Throws<CasesFailedException>(report.ThrowIfAny);
        Assert.Contains("The third purchase in 90 days makes a regular, and 90 days after the first it is over: at 2026-02-01T10:00:00Z the customer was expected in 'regulars'.", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("at least 4 purchases in the last 90 days (is 3)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("by case:0, case:1, case:2", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("預期客戶於 2026-02-01T10:00:00Z 屬於「regulars」", report.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cases_catch_a_definition_that_forgets_that_time_passes() =>
        Assert.Equal(["2026-04-05T10:00:00Z"], (await SegmentCases.Read(Regulars).RunAsync(new SegmentCatalog(Samples.Regulars with { Where = If.Purchases().Count().AtLeast(3) }), cancellationToken: Token)).Failures.Select(failure => failure.Expected.At.ToString()));

    [Fact]
    public async Task Facts_are_told_profiles_are_observed_and_kinds_have_the_fields_that_events_have()
    {
        var report = await SegmentCases.Read("""
            {"$schema":"segment-cases/1","zone":"UTC","cases":[
              {"name":"Gold while the tier says so",
               "events":[{"at":"2026-01-01T00:00","kind":"page-view"}],
               "facts":[{"at":"2026-01-02T00:00","set":{"loyalty.tier":"gold"}},{"at":"2026-01-04T00:00","set":{"loyalty.tier":null}}],
               "expect":[{"at":"2026-01-01T12:00","notIn":["gold"]},{"at":"2026-01-02T00:00","in":["gold"]},{"at":"2026-01-04T00:00","notIn":["gold"]}]},
              {"name":"Local from the event that says so",
               "events":[{"at":"2026-01-01T00:00","spend":5,"profile":{"region":"HK"}},{"at":"2026-01-03T00:00","spend":5,"profile":{"region":null}}],
               "expect":[{"at":"2026-01-01T00:00","in":["locals"]},{"at":"2026-01-03T00:00","notIn":["locals"]}]},
              {"name":"A table for four",
               "events":[{"at":"2026-01-01T00:00","kind":"table.booked","fields":{"seats":2}},{"at":"2026-01-02T00:00","kind":"table.booked","fields":{"seats":4}}],
               "expect":[{"at":"2026-01-01T00:00","notIn":["diners"]},{"at":"2026-01-02T00:00","in":["diners"]}]}]}
            """).RunAsync(Club, cancellationToken: Token);

        report.ThrowIfAny();
        Assert.Equal((3, 7), (report.Cases, report.Checks));
    }

    [Fact]
    public void Everything_that_is_wrong_with_the_text_is_said_at_once() =>
        Assert.Equal(
            [
                "$schema: \"segment-cases/2\" is found where \"segment-cases/1\" is expected.",
                "zone: \"Asia/Hongkong\" is found where a time zone of the IANA database such as \"Asia/Hong_Kong\" is expected.",
                "cases[0].evnts: There is no such property; did you mean 'events'?",
                "cases[0]: 'name' is missing; what the case says, as a sentence, is expected.",
                "cases[0].expect[0].at: \"yesterday\" is found where an instant such as \"2026-01-05T10:00:00Z\", or a time of the zone such as \"2026-01-05T18:00\" is expected.",
                "cases[0].expect[1]: An object is found where an object with 'in', 'notIn' or both is expected.",
                "cases[1].events[0].spend: 1.234 is found where an amount from 0 with at most 2 decimals is expected.",
                "cases[1].events[0].fields.seats: An object is found where a text, a number, true, false, a list of texts, {\"date\":\"2026-11-21\"} or {\"instant\":\"2026-11-21T08:00:00Z\"} is expected.",
                "cases[1]: 'expect' is missing; a list of what is to be found is expected.",
            ],
            Assert.Throws<InvalidCasesException>(() => SegmentCases.Read("""
                {"$schema":"segment-cases/2","zone":"Asia/Hongkong","cases":[
                  {"evnts":[],"expect":[{"at":"yesterday","in":["a"]},{"at":"2026-01-01T00:00"}]},
                  {"name":"x","events":[{"at":"2026-01-01T00:00","spend":1.234,"fields":{"seats":{}}}]}]}
                """)).Errors.Select(error => error.ToString()).Order(StringComparer.Ordinal).OrderBy(text => Array.FindIndex(Places, place => text.StartsWith(place, StringComparison.Ordinal))));

    [Fact]
    public async Task What_does_not_fit_the_definitions_is_said_at_once()
    {
        var wrong = SegmentCases.Read("""
            {"$schema":"segment-cases/1","zone":"UTC","cases":[
              {"name":"a","facts":[{"at":"2026-01-01T00:00","set":{"score.points":3}}],"expect":[{"at":"2026-01-01T00:00","in":["regular"]}]}]}
            """);
        var unrecordable = SegmentCases.Read("""
            {"$schema":"segment-cases/1","zone":"UTC","cases":[
              {"name":"a","events":[{"at":"2026-01-01T00:00"},{"at":"2026-01-02T00:00","spend":1,"fields":{"colour":"red"}}],"expect":[{"at":"2026-01-03T00:00","in":["regulars"]}]}]}
            """);

        var first = await Assert.ThrowsAsync<InvalidCasesException>(async () => await wrong.RunAsync(Club, [new ScoreModule()], cancellationToken: Token));
        Assert.Equal(
            [
                "cases[0].expect: No segment is named 'regular'. Did you mean 'regulars'? There are: diners, gold, locals, regulars.",
                $"cases[0].facts: '{ScoreModule.Points}' is published by the module 'score', which is there; the case cannot tell it besides.",
            ],
            first.Errors.Select(error => error.ToString()));
        var second = await Assert.ThrowsAsync<InvalidCasesException>(async () => await unrecordable.RunAsync(Club, cancellationToken: Token));
        Assert.Contains("cases[0].events[1]", second.Errors.Select(error => error.Path));
    }

    private static readonly string[] Places = ["$schema", "zone", "cases[0].evnts", "cases[0]: ", "cases[0].expect[0]", "cases[0].expect[1]", "cases[1].events[0].spend", "cases[1].events[0].fields", "cases[1]: "];
}
