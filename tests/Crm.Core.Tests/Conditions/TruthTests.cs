using Crm.Conditions;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>An answer keeps its instant to the nanosecond, in two numbers.</summary>
public sealed class TruthTests
{
    private static readonly Instant Noon = Instant.FromUtc(2026, 3, 1, 12, 0);

    private static Gen<Instant?> Instants => Gen.OneOf(
        Gen.Constant<Instant?>(null),
        Gen.Choose(-250, 250).Select(nanoseconds => (Instant?)(Noon + Duration.FromNanoseconds(nanoseconds))),
        Gen.Elements<Instant?>(Instant.MinValue, Instant.MaxValue, NodaConstants.UnixEpoch, NodaConstants.UnixEpoch - Duration.Epsilon));

    [Fact]
    public void An_answer_has_the_value_and_the_instant_that_it_was_made_of() => Prop.ForAll(Arb.From(Instants), Arb.From(Gen.Elements(true, false)), (until, value) =>
    {
        var truth = new Truth(value, until);
        var (first, second) = truth;

        Assert.Equal((value, until), (truth.Value, truth.ValidUntil));
        Assert.Equal((value, until), (first, second));
        Assert.Equal(new Truth(value, null) with { ValidUntil = until }, truth);
        Assert.Equal(new Truth(!value, until), truth with { Value = !value });
        Assert.NotEqual(new Truth(!value, until), truth);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Of_two_answers_the_one_with_the_earlier_instant_changes_first() => Prop.ForAll(Arb.From(Instants), Arb.From(Instants), Arb.From(Gen.Elements(true, false)), (one, other, value) =>
        Assert.Equal(one is { } first && !(other <= first), new Truth(value, one).ChangesBefore(new Truth(!value, other)))).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void It_is_asked_again_at_the_first_tick_that_is_not_too_early()
    {
        Assert.Equal(TickOrNone.Of(Noon), new Truth(true, Noon).AskAgain);
        Assert.Equal(TickOrNone.Of(Noon + Duration.FromTicks(1)), new Truth(false, Noon + Duration.Epsilon).AskAgain);
        Assert.Equal(TickOrNone.Of(Noon), new Truth(true, Noon - Duration.Epsilon).AskAgain);
        Assert.Equal(default, new Truth(true, null).AskAgain);
    }
}
