using Crm.Conditions;
using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Privacy.Marketing;
using Crm.Privacy.Tests.Marketing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Privacy.Tests.Consents;

/// <summary>What customers say about one brand and about all of them.</summary>
public sealed class BrandLaws
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);
    private static readonly MarketingRules Rules = new(Samples.Purposes);

    // Answers and questions at the same few hours, so that they meet, and ends that lie between.
    private static readonly Gen<List<Said>> Answers =
        (from brand in Gen.Elements(null, null, "tea", "tea", "coffee")
         from answer in Gen.Elements(ConsentAnswer.Given, ConsentAnswer.Given, ConsentAnswer.Refused, ConsentAnswer.Withdrawn)
         from hour in Gen.Choose(0, 6)
         from until in Gen.Elements<int?>(null, null, 3, 9)
         select new Said(brand, answer, Start + Duration.FromHours(hour), answer == ConsentAnswer.Given && until is { } hours ? Start + Duration.FromHours(hours) : null))
        .ListOf().Select(answers => answers.OrderBy(said => said.At).ToList());

    [Fact]
    public void A_message_of_a_brand_leaves_exactly_when_the_answers_say_so() => Holds((message, fact) => Rules.Objection(message, fact) is null);

    [Fact]
    public void The_law_catches_a_gate_that_asks_only_what_was_said_for_all_brands() => Counterfeits.Caught(() => Holds((message, fact) => Rules.Objection(message with { Brand = null }, fact) is null));

    [Fact]
    public void The_law_catches_a_gate_that_asks_only_what_was_said_for_the_brand() =>
        Counterfeits.Caught(() => Holds((message, fact) => Rules.Objection(message, name => message.Brand is { } brand && !name.EndsWith(brand, StringComparison.Ordinal) ? default : fact(name)) is null));

    [Fact]
    public void The_law_catches_a_no_to_all_that_leaves_brands_alone() => Counterfeits.Caught(() => Holds((message, fact) => Rules.Objection(message, fact) is null, said => said.Brand is null && said.Answer != ConsentAnswer.Given));

    // What follows from the answers as the documents say, and what the module's facts let through.
    private static void Holds(Func<Message, Func<string, Scalar>, bool> leaves, Func<Said, bool>? unheard = null) => Prop.ForAll(Answers.ToArbitrary(), answers =>
    {
        var (state, facts) = (PrivacyState.Empty, new Dictionary<string, Fact>(StringComparer.Ordinal));
        foreach (var (i, said) in answers.Index())
        {
            if (unheard?.Invoke(said) != true)
            {
                var after = After(state, i, said);
                foreach (var fact in after.ChangesFrom(state))
                {
                    facts[fact.Name] = fact;
                }

                state = after;
            }

            foreach (var (brand, at) in from brand in new[] { null, "tea", "coffee" } from hour in Enumerable.Range(0, 11) select (brand, Start + Duration.FromHours(hour)))
            {
                if (at < said.At)
                {
                    continue;
                }

                var expected = MayLeave(answers.Take(i + 1), brand, at);
                var message = GateLaws.Message("email", "marketing") with { Brand = brand };
                Assert.Equal(expected, leaves(message, name => facts.TryGetValue(name, out var fact) && !(fact.ValidUntil <= at) ? fact.Value : default));
                if (unheard is null)
                {
                    Assert.Equal(expected, state.StateAt("email", "marketing", at, brand).Permits());
                }
            }
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static PrivacyState After(PrivacyState state, int index, Said said)
    {
        var evidence = new ConsentEvidence(new EventKey("web", $"{index}"), said.At) { ValidUntil = said.Until };
        return state.With(state.Answered("email", "marketing", said.Brand, said.Answer, evidence));
    }

    // The last word about the brand counts, unless it is a yes that is over, or that a no to all brands met or followed; then the last word about all brands does.
    private static bool MayLeave(IEnumerable<Said> answers, string? brand, Instant at)
    {
        var heard = answers.ToList();
        var ofAll = heard.LastOrDefault(said => said.Brand is null);
        var own = brand is null ? null : heard.LastOrDefault(said => said.Brand == brand);
        var ownCounts = own is not null && (own.Answer != ConsentAnswer.Given || !(own.Until <= at || heard.Exists(said => said.Brand is null && said.Answer != ConsentAnswer.Given && said.At >= own.At)));
        var counts = ownCounts ? own : ofAll;
        return counts is { Answer: ConsentAnswer.Given } && !(counts.Until <= at);
    }

    private sealed record Said(string? Brand, ConsentAnswer Answer, Instant At, Instant? Until);
}
