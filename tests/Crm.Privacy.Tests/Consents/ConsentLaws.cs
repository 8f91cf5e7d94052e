using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Privacy.Tests.Consents;

/// <summary>What holds for all consents.</summary>
public sealed class ConsentLaws
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);
    private static readonly Config Cases = Config.QuickThrowOnFailure.WithMaxTest(300);

    // Two customers' histories: keys differ, instants may meet.
    private static Gen<PrivacyState> States(string source) =>
        from answers in (
            from channel in Gen.Elements("email", "sms")
            from answer in Gen.Elements(ConsentAnswer.Given, ConsentAnswer.Refused, ConsentAnswer.Withdrawn)
            from brand in Gen.Elements(null, "tea", "coffee")
            from hour in Gen.Choose(0, 6)
            from until in Gen.Elements<int?>(null, 3, 9)
            select (channel, answer, hour, until, brand)).ListOf()
        select answers.OrderBy(answer => answer.hour).Select((answer, index) => (answer, index)).Aggregate(PrivacyState.Empty, (state, each) => After(state, source, each.index, each.answer));

    private static PrivacyState After(PrivacyState state, string source, int index, (string Channel, ConsentAnswer Answer, int Hour, int? Until, string? Brand) said)
    {
        var evidence = new ConsentEvidence(new EventKey(source, $"{index}"), Start + Duration.FromHours(said.Hour)) { ValidUntil = said.Until is { } hours ? Start + Duration.FromHours(hours) : null };
        return state.With(state.Answered(said.Channel, "marketing", said.Brand, said.Answer, evidence));
    }

    private static Arbitrary<(PrivacyState, PrivacyState, PrivacyState)> Triples =>
        (from a in States("a") from b in States("b") from c in States("c") select (a, b, c)).ToArbitrary();

    [Fact]
    public void The_stricter_of_two_is_the_same_from_either_side() => Prop.ForAll(Triples, t =>
        Assert.Equal(PrivacyState.Stricter(t.Item1, t.Item2), PrivacyState.Stricter(t.Item2, t.Item1))).Check(Cases);

    [Fact]
    public void The_stricter_of_three_does_not_depend_on_who_is_merged_first() => Prop.ForAll(Triples, t =>
        Assert.Equal(
            PrivacyState.Stricter(PrivacyState.Stricter(t.Item1, t.Item2), t.Item3),
            PrivacyState.Stricter(t.Item1, PrivacyState.Stricter(t.Item2, t.Item3)))).Check(Cases);

    [Fact]
    public void Merging_with_oneself_or_with_somebody_who_said_nothing_changes_nothing() => Prop.ForAll(Triples, t =>
    {
        Assert.Equal(t.Item1, PrivacyState.Stricter(t.Item1, t.Item1));
        Assert.Equal(t.Item1, PrivacyState.Stricter(t.Item1, PrivacyState.Empty));
        Assert.Equal(t.Item1, PrivacyState.Stricter(PrivacyState.Empty, t.Item1));
    }).Check(Cases);

    [Fact]
    public void A_merge_permits_only_what_neither_forbids() => Prop.ForAll(Triples, t =>
    {
        var merged = PrivacyState.Stricter(t.Item1, t.Item2);
        foreach (var consent in merged.Consents.Where(consent => consent.State.Permits()))
        {
            Assert.All(new[] { t.Item1, t.Item2 }, one => Assert.True(one.Find(consent.Channel, consent.Purpose, consent.Brand)?.State.Permits() ?? true));
        }
    }).Check(Cases);

    [Fact]
    public void The_stricter_of_two_states_is_commutative_associative_and_idempotent()
    {
        var all = Enum.GetValues<ConsentState>();
        foreach (var (a, b, c) in from a in all from b in all from c in all select (a, b, c))
        {
            Assert.Equal(ConsentStates.Stricter(a, b), ConsentStates.Stricter(b, a));
            Assert.Equal(ConsentStates.Stricter(ConsentStates.Stricter(a, b), c), ConsentStates.Stricter(a, ConsentStates.Stricter(b, c)));
            Assert.Equal(a, ConsentStates.Stricter(a, a));
            Assert.Equal(a, ConsentStates.Stricter(a, ConsentState.Unknown));
        }
    }

    [Fact]
    public void Only_given_and_given_again_permit() =>
        Assert.Equal([ConsentState.Given, ConsentState.RenewedGiven], Enum.GetValues<ConsentState>().Where(state => state.Permits()));

    [Fact]
    public void A_state_is_read_back_as_it_was_written() => Prop.ForAll(States("a").ToArbitrary(), state =>
    {
        ISlotCodec codec = new PrivacyStateCodec();
        var writer = new SlotWriter();
        codec.Write(state, writer);
        var reader = new SlotReader(writer.Written);
        Assert.Equal(state, codec.Read(codec.Version, ref reader));
        Assert.True(reader.AtEnd);
    }).Check(Cases);

    [Fact]
    public void The_history_stays_small_however_often_somebody_changes_their_mind()
    {
        var state = PrivacyState.Empty;
        for (var i = 0; i < 200; i++)
        {
            state = After(state, "web", i, ("email", i % 2 == 0 ? ConsentAnswer.Given : ConsentAnswer.Withdrawn, i, null, null));
        }

        var consent = Assert.Single(state.Consents);
        Assert.Equal(Consent.LongestHistory, consent.History.Count);
        Assert.Equal(new ConsentChange(ConsentState.Withdrawn, Start + Duration.FromHours(199)), consent.History[^1]);
    }
}
