using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Tests;

/// <summary>Audiences by the profile of a host, read from its own view where it names one, and customer by customer where it does not.</summary>
public sealed class HostAudiences
{
    private const string Zone = "Asia/Hong_Kong";
    private static readonly Instant Now = Instant.FromUtc(2026, 2, 27, 20, 0);

    private static readonly Condition[] Conditions =
    [
        If.Field("customer.district").Is("九龍城"),
        If.Field("customer.district").WhenMissing(true).IsNot("九龍城"),
        If.Field("customer.district").StartsWith("Kowloon") | If.Field("customer.district").EndsWith("-"),
        If.Field("customer.district").IsKnown & If.Field("customer.staff").Is(false),
        !If.Field("customer.birthday").IsKnown,
        If.Field("customer.birthday").AtLeast(new LocalDate(1988, 2, 29)),
        new Condition.Field("customer.birthday", new Test.Anniversary(0, 0, LeapDayRule.February28, Zone), false),
        new Condition.Field("customer.birthday", new Test.Anniversary(0, 0, LeapDayRule.March1, Zone), true),
        If.Field("customer.staff").Is(true) & If.Purchases().Count().AtLeast(2),
        new Condition.Field("customer.district", new Test.AtLeast(5), true),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SQLite")]
    [InlineData("PostgreSQL")]
    public async Task The_view_of_the_host_selects_whom_its_profiles_select(string database)
    {
        await using var table = new ShopTable(database);
        await using var store = table.OpenStore();
        var clock = new FakeClock(Now);
        var engine = new CrmEngine(store, [], new CrmOptions { Zone = DateTimeZoneProviders.Tzdb[Zone] }, clock, new SeededIdSource(7), new CrmPorts { Profiles = table.Profiles });
        var known = new Dictionary<CustomerId, (Fields Profile, int Purchases)>();
        for (var number = 0; number < 30; number++)
        {
            // Some are in the table, one by a second key only, some by no key of the host's at all.
            var profile = number % 6 == 5 ? Fields.None : table.Samples[number % table.Samples.Count];
            var user = number % 6 == 5 ? $"7x{number}" : await table.WriteAsync(number, profile, Token);
            var receipt = await engine.RecordAsync(Purchase(number, 0) with { Identity = number % 4 == 1 ? Identity.Phone($"+8529{number:0000000}") : Identity.User(user), AlsoKnownAs = number % 4 == 1 ? [Identity.User(user), Identity.User($"other{number}")] : [] }, Token);
            for (var more = 1; more <= number % 3; more++)
            {
                await engine.RecordAsync(Purchase(number, more) with { Customer = receipt.Customer }, Token);
            }

            known[receipt.Customer] = (profile, 1 + (number % 3));
        }

        clock.Set(Now + Duration.FromMinutes(1));
        var moment = new Moment(clock.GetCurrentInstant(), DateTimeZoneProviders.Tzdb[Zone]);
        foreach (var condition in Conditions)
        {
            Assert.Empty(store.Refusals(condition, engine.Kinds, table.Profiles));
            var expected = known.Where(pair => Evaluator.Evaluate(condition, new Known(moment, pair.Value.Profile, pair.Value.Purchases)).Value).Select(pair => pair.Key).Order().ToList();
            var answer = await store.SelectAsync(condition, engine.Kinds, table.Profiles, moment, Token);
            Assert.True(expected.SequenceEqual(answer.Members) && answer.Undecided.IsEmpty, ConditionJson.Write(condition));
            Assert.Equal(expected, await engine.SelectAsync(condition, Token));
        }

        Assert.Contains(Conditions, condition => known.Values.Any(one => Evaluator.Evaluate(condition, new Known(moment, one.Profile, one.Purchases)).Value));
    }

    private static CustomerEvent Purchase(int number, int more) => new() { Key = new EventKey("pos", $"{number}-{more}"), Kind = EventKinds.PurchaseName, Spend = Money.Hkd(10), OccurredAt = Now };

    private sealed record Known(Moment Moment, Fields Profile, int Purchases) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Passes(leaf.Is, Profile[leaf.Name["customer.".Length..]], leaf.WhenMissing, Moment.Instant).Value;

        public Scalar Observed(string field) => Profile[field];

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, Enumerable.Range(0, Purchases).Select(more => (Purchase(0, more), Now)), Moment.Instant);
    }
}
