using Crm.Conditions;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Testing.Simulation;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>The laws of audiences.</summary>
internal static class AudienceChecks
{
    private const int Asked = 40;
    private static readonly Duration Tick = Duration.FromTicks(1);

    public static IReadOnlyList<StorageLaw> All { get; } =
    [
        Law.Of<IAudienceQuery>(
            "Members_are_those_of_whom_the_condition_holds_on_either_side_of_every_boundary",
            "Whoever is selected is one of whom the evaluator says so at that very tick, and of all others it is said that they are to be asked, or no.",
            bench => AgreesAsync(bench, refunds: 0, Unordered),
            () => new AskedOneByOne { Late = Tick }),

        Law.Of<IAudienceQuery>(
            "What_was_taken_back_does_not_count",
            "A purchase that was refunded is no purchase: its customer is selected without it, or is to be asked.",
            TakenBackAsync,
            () => new AskedOneByOne { ForgetsRefunds = true }),

        Law.Of<IAudienceQuery>(
            "What_a_till_with_a_fast_clock_recorded_counts",
            "Of whom something takes effect after the moment, what happened counts as of then: its customer is selected with it, or is to be asked.",
            AheadAsync,
            () => new AskedOneByOne { ForgetsWhoIsAhead = true }),

        Law.Of<IAudienceQuery>(
            "What_has_run_out_does_not_count",
            "A fact counts until the instant at which it runs out, whether or not anybody has handled that.",
            RunOutAsync,
            () => new AskedOneByOne { ForgetsWhatRunsOut = true }),

        Law.Of<IAudienceQuery>(
            "Everybody_is_named_once_and_in_order",
            "Members and those to be asked come in the order of their ids, each once, and nobody is both.",
            bench => AgreesAsync(bench, refunds: 4, InOrder),
            () => new AskedOneByOne { NamesSomeTwice = true }),

        Law.Of<IAudienceQuery>(
            "What_is_refused_has_a_path_and_is_not_answered",
            "A condition that cannot be answered exactly names the parts, and asking for it all the same is an error and no approximation.",
            RefusesAsync,
            () => new AskedOneByOne { AnswersWhatItRefuses = true }),
    ];

    private static async Task AgreesAsync(Bench bench, int refunds, Action<Condition, AudienceAnswer, List<CustomerId>> compare)
    {
        var town = await AudienceTown.OfAsync(bench.Store, 11, refunds, bench.Token).ConfigureAwait(false);
        var conditions = AudienceConditions.Of(new Luck(5), Asked).Where(condition => town.Query.Refusals(condition, town.Engine.Kinds, null).IsEmpty).ToList();
        foreach (var at in town.Boundaries().ToList())
        {
            var moment = town.MomentAt(at);
            foreach (var condition in conditions)
            {
                var answer = await town.Query.SelectAsync(condition, town.Engine.Kinds, null, moment, bench.Token).ConfigureAwait(false);
                compare(condition, answer, await town.ExpectedAsync(condition).ConfigureAwait(false));
            }
        }
    }

    private static void Unordered(Condition condition, AudienceAnswer answer, List<CustomerId> expected)
    {
        var members = answer.Members.ToHashSet();
        var asked = answer.Undecided.ToHashSet();
        var wrong = members.Except(expected).FirstOrDefault();
        if (wrong != default)
        {
            throw new LawBroken(ConditionJson.Write(condition), $"the member {wrong}", "a customer of whom it holds");
        }

        var lacking = expected.Where(customer => !members.Contains(customer) && !asked.Contains(customer)).FirstOrDefault();
        if (lacking != default)
        {
            throw new LawBroken(ConditionJson.Write(condition), $"nothing of {lacking}, of whom it holds", "a member, or somebody to be asked");
        }
    }

    private static void InOrder(Condition condition, AudienceAnswer answer, List<CustomerId> expected)
    {
        foreach (var (what, list) in new[] { ("Members", answer.Members), ("Those to be asked", answer.Undecided) })
        {
            Bench.SameList($"{what} of {ConditionJson.Write(condition)}", list.Distinct().Order(), list);
        }

        Bench.SameList($"Who is a member and to be asked of {ConditionJson.Write(condition)}", [], answer.Members.Intersect(answer.Undecided));
    }

    private static async Task TakenBackAsync(Bench bench)
    {
        var town = await AudienceTown.OfAsync(bench.Store, 13, refunds: 6, bench.Token).ConfigureAwait(false);
        var moment = town.MomentAt(town.Boundaries().First());
        for (var count = 0; count < 8; count++)
        {
            foreach (var condition in new[] { If.Purchases().Count().AtLeast(count), If.Purchases().Count().Is(count), If.Purchases().SumOfSpend(Currency.Hkd).AtMost(count) })
            {
                Unordered(condition, await town.Query.SelectAsync(condition, town.Engine.Kinds, null, moment, bench.Token).ConfigureAwait(false), await town.ExpectedAsync(condition).ConfigureAwait(false));
            }
        }
    }

    private static async Task AheadAsync(Bench bench)
    {
        var town = await AudienceTown.OfAsync(bench.Store, 29, refunds: 0, bench.Token).ConfigureAwait(false);
        var moment = town.MomentAt(town.Boundaries().First());
        await town.RecordAheadAsync(31).ConfigureAwait(false);
        foreach (var tick in new[] { Duration.Zero, Tick })
        {
            moment = town.MomentAt(moment.Instant + tick);
            foreach (var events in new[] { If.Purchases(), If.Events(AudienceModule.Visit), If.Purchases().InLast(Duration.FromHours(1)), If.Events(AudienceModule.Visit).InLast(Duration.FromHours(3)) })
            {
                foreach (var condition in Enumerable.Range(0, 8).SelectMany(count => new[] { events.Count().AtLeast(count), events.Count().Is(count) }))
                {
                    Unordered(condition, await town.Query.SelectAsync(condition, town.Engine.Kinds, null, moment, bench.Token).ConfigureAwait(false), await town.ExpectedAsync(condition).ConfigureAwait(false));
                }
            }
        }
    }

    private static async Task RunOutAsync(Bench bench)
    {
        var town = await AudienceTown.OfAsync(bench.Store, 17, refunds: 0, bench.Token).ConfigureAwait(false);
        var condition = If.Fact("town.spend").AtLeast(0);
        foreach (var at in Enumerable.Range(11, 4).SelectMany(hours => new[] { Samples.At(hours) + Tick, Samples.At(hours) + (2 * Tick) }))
        {
            var moment = town.MomentAt(at);
            Unordered(condition, await town.Query.SelectAsync(condition, town.Engine.Kinds, null, moment, bench.Token).ConfigureAwait(false), await town.ExpectedAsync(condition).ConfigureAwait(false));
        }
    }

    private static async Task RefusesAsync(Bench bench)
    {
        var town = await AudienceTown.OfAsync(bench.Store, 19, refunds: 0, bench.Token).ConfigureAwait(false);
        var moment = town.MomentAt(town.Boundaries().First());

        // A field that no event has is in no table; a store that looks into each event may answer even that.
        var odd = If.Purchases().Where(If.Field("event.table").Is(3)).Count().AtLeast(1);
        foreach (var condition in AudienceConditions.Of(new Luck(23), Asked).Append(odd).Append(odd & If.Purchases().Count().AtLeast(1)))
        {
            var refusals = town.Query.Refusals(condition, town.Engine.Kinds, null);
            if (refusals.IsEmpty)
            {
                continue;
            }

            Bench.SameList($"The paths of what is refused of {ConditionJson.Write(condition)} that do not begin with '$'", [], refusals.Select(refusal => refusal.Path).Where(path => !path.StartsWith('$')));
            try
            {
                await town.Query.SelectAsync(condition, town.Engine.Kinds, null, moment, bench.Token).ConfigureAwait(false);
            }
            catch (ArgumentException)
            {
                continue;
            }

            throw new LawBroken(ConditionJson.Write(condition), "an answer to what is refused", "an ArgumentException");
        }
    }
}
