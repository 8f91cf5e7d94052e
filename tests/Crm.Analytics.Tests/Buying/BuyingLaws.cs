using Crm.Analytics.Buying;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Analytics.Tests.Buying;

/// <summary>What is true of every model of repeated buying, whatever the parameters and the customer.</summary>
public sealed class BuyingLaws
{
    private static readonly Gen<double> Sizes = Gen.Choose(-20, 25).Select(tenth => Math.Pow(10, tenth / 10.0) * 0.97);
    private static readonly Gen<double> Shapes = Gen.OneOf(Sizes.Where(size => size < 30), Gen.Elements(1.0, 0.5, 2.0));

    private static readonly Gen<BuyingModel> Models =
        from shape in Shapes
        from scale in Sizes
        from other in Shapes
        from another in Shapes
        from end in Gen.OneOf(Sizes, Gen.Constant(scale))
        from which in Gen.Choose(0, 2)
        select which switch { 0 => new BetaGeometric(shape, scale, other, another), 1 => new ModifiedBetaGeometric(shape, scale, other, another), _ => (BuyingModel)new ParetoNbd(shape, scale, other, end) };

    private static readonly Gen<BuyingHistory> Histories =
        from repeats in Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(0, 300))
        from latest in Gen.Choose(1, 300)
        from silence in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 7), Gen.Choose(1, 400))
        select repeats == 0 ? new BuyingHistory(0, 0, silence / 7.0) : new BuyingHistory(repeats, latest / 7.0, (latest + silence) / 7.0);

    [Fact]
    public void Alive_is_a_probability_that_silence_lowers_and_a_later_purchase_raises() => Check(ProbabilityFalls);

    [Fact]
    public void The_law_catches_who_takes_the_age_for_the_silence() => Catches(ProbabilityFalls, model => new Wrong(model) { OnAlive = (history, _) => model.Alive(SilentSinceTheFirst(history)) });

    [Fact]
    public void The_law_catches_who_takes_the_silence_for_the_latest_purchase() => Catches(ProbabilityFalls, model => new Wrong(model) { OnAlive = (history, _) => model.Alive(history.Silence > 0 && history.Repeats > 0 ? new BuyingHistory(history.Repeats, history.Silence, history.Age) : history) });

    [Fact]
    public void Purchases_to_come_are_more_the_longer_the_horizon_and_ever_fewer_a_week() => Check(MoreButFewer);

    [Fact]
    public void The_law_catches_a_horizon_that_is_taken_twice() => Catches(MoreButFewer, model => new Wrong(model) { OnExpected = (history, horizon) => model.Expected(history, horizon) * (1 + horizon) });

    /// <summary>Three functions, worked out in three ways, have one rate of buying: the chance that silence ends now, what is expected of the next moment, and the rate of whoever is alive.</summary>
    [Fact]
    public void The_next_moment_is_the_same_for_likelihood_alive_and_expectation() => Check(OneRate);

    [Fact]
    public void The_law_catches_an_expectation_that_forgets_who_has_gone() => Catches(OneRate, model => new Wrong(model) { OnExpected = (history, horizon) => model.Expected(history, horizon) / Math.Max(1e-9, model.Alive(history)) });

    [Fact]
    public void The_law_catches_a_likelihood_without_those_who_stopped() => Catches(OneRate, model => new Wrong(model) { OnLikelihood = history => model.LogLikelihood(history) + (0.01 * history.Age) });

    /// <summary>A horizon may be split: what is expected of all of it is what is expected up to a moment, and from there on by what has happened until then.</summary>
    [Fact]
    public void A_horizon_may_be_split_at_any_moment() => Check(Splits);

    [Fact]
    public void The_law_catches_an_expectation_that_forgets_the_purchases_to_come() => Catches(Splits, model => new Wrong(model) { OnExpected = (history, horizon) => horizon * model.Alive(history) * Rate(model, history) });

    [Fact]
    public void Days_say_the_same_as_weeks() => Check(SameInDays);

    [Fact]
    public void The_law_catches_a_unit_in_the_formula() => Catches(SameInDays, model => new Wrong(model) { OnAlive = (history, _) => model.Alive(history) * Math.Exp(-history.Silence / 1000) });

    private static void ProbabilityFalls(BuyingModel model, BuyingHistory history)
    {
        var alive = model.Alive(history);
        Assert.InRange(alive, 0, 1);
        Assert.True(model.Alive(history.AfterSilence(1)) <= alive + 1e-12);
        if (history.Repeats > 0 && history.Silence > 0)
        {
            var later = model.Alive(new BuyingHistory(history.Repeats, history.Latest + (history.Silence / 2), history.Age));
            Assert.True(alive is > 0.01 and < 0.99 ? later > alive : later >= alive - 1e-12); // near the ends numbers are too coarse to tell
        }
    }

    private static void MoreButFewer(BuyingModel model, BuyingHistory history)
    {
        var (none, half, whole) = (model.Expected(history, 0), model.Expected(history, 20), model.Expected(history, 40));
        Assert.Equal(0, none, 1e-12);
        Assert.InRange(whole, half * (1 - 1e-9), (2 * half * (1 + 1e-9)) + 1e-12);
        Assert.InRange(model.Silent(history, 40), 0, model.Silent(history, 20) + 1e-12);
    }

    private static void OneRate(BuyingModel model, BuyingHistory history)
    {
        var rate = model.Alive(history) * Rate(model, history);
        var moment = 1e-4 / Speed(model, history);
        Near(rate, (2 * model.Expected(history, moment) / moment) - (model.Expected(history, 2 * moment) / (2 * moment)), 1e-4 * (rate + 1e-3));

        // The differences of likelihoods of hundreds are known to thirteen digits of them.
        var wide = 1e-3 / Speed(model, history);
        var noise = 1e-13 * (10 + Math.Abs(model.LogLikelihood(history))) / wide;
        Near(rate, (2 * (1 - model.Silent(history, wide)) / wide) - ((1 - model.Silent(history, 2 * wide)) / (2 * wide)), (1e-4 * (rate + 1e-3)) + (10 * noise));
    }

    private static void Splits(BuyingModel model, BuyingHistory history)
    {
        const double Horizon = 26;
        if (history.Age == 0)
        {
            return;
        }

        // In a short time there is silence, or one purchase about the middle of it; what is left out is of third order.
        var rate = model.Alive(history) * Rate(model, history);
        double Split(double time)
        {
            var bought = model.Expected(history, time);
            var middle = history.AfterSilence(time / 2);
            return bought + ((1 - bought) * model.Expected(history.AfterSilence(time), Horizon - time)) + (bought * model.Expected(middle.AfterPurchase().AfterSilence(time / 2), Horizon - time));
        }

        // What is left over a short time has no part that goes down with the time alone.
        var time = 1e-3 * Math.Min(1, history.Age) / Speed(model, history);
        var whole = model.Expected(history, Horizon);
        var left = (2 * (Split(time) - whole) / time) - ((Split(2 * time) - whole) / (2 * time));
        var afterwards = model.Expected(history.AfterPurchase(), Horizon);
        Assert.True(Math.Abs(left) <= (0.01 * rate * (1 + afterwards)) + 1e-7, $"{left} is left of a rate of {rate} with {afterwards} afterwards");
    }

    private static void SameInDays(BuyingModel model, BuyingHistory history)
    {
        var days = new BuyingHistory(history.Repeats, history.Latest * 7, history.Age * 7);
        var other = InDays(model);
        Assert.Equal(model.Alive(history), other.Alive(days), 1e-9);
        Near(model.Expected(history, 39), other.Expected(days, 273), 1e-9 * (1 + model.Expected(history, 39)));
        Near(model.LogLikelihood(history) - (history.Repeats * Math.Log(7)), other.LogLikelihood(days), 1e-9 * (1 + Math.Abs(model.LogLikelihood(history))));
    }

    // The silence is all of the age, but for a moment in which they bought again.
    private static BuyingHistory SilentSinceTheFirst(BuyingHistory history) => history.Repeats == 0 ? history : new BuyingHistory(history.Repeats, history.Age * 1e-6, history.Age);

    private static BuyingModel InDays(BuyingModel model) => model switch
    {
        BetaGeometric one => new BetaGeometric(one.R, one.Alpha * 7, one.A, one.B),
        ModifiedBetaGeometric one => new ModifiedBetaGeometric(one.R, one.Alpha * 7, one.A, one.B),
        ParetoNbd one => new ParetoNbd(one.R, one.Alpha * 7, one.S, one.Beta * 7),
        Wrong wrong => wrong.Around(InDays(wrong.Of)),
        _ => throw new InvalidOperationException(model.Name),
    };

    // Of somebody who is alive: the mean of the gamma distribution that is left.
    private static double Rate(BuyingModel model, BuyingHistory history) =>
        (model.Parameters[0].Value + history.Repeats) / (model.Parameters[1].Value + history.Age);

    // How fast anything can change.
    private static double Speed(BuyingModel model, BuyingHistory history) =>
        1 + Rate(model, history) + (1 / (model.Parameters[1].Value + history.Age)) + (model is ParetoNbd pareto ? (1 + pareto.S) / (pareto.Beta + history.Age) : 0);

    private static void Near(double expected, double found, double within) => Assert.True(Math.Abs(expected - found) <= within, $"{found:R} where {expected:R} is expected, within {within}");

    private static void Check(Action<BuyingModel, BuyingHistory> law, Func<BuyingModel, BuyingModel>? change = null) =>
        Prop.ForAll(Models.Zip(Histories).ToArbitrary(), one => law(change is null ? one.Item1 : change(one.Item1), one.Item2)).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void Catches(Action<BuyingModel, BuyingHistory> law, Func<BuyingModel, BuyingModel> change) => Counterfeits.Caught(() => Check(law, change));

    /// <summary>A model with a fault.</summary>
    private sealed record Wrong(BuyingModel Of) : BuyingModel
    {
        public Func<BuyingHistory, BuyingModel, double>? OnAlive { get; init; }

        public Func<BuyingHistory, double, double>? OnExpected { get; init; }

        public Func<BuyingHistory, double>? OnLikelihood { get; init; }

        public override string Name => "wrong";

        public override Sequence<ModelParameter> Parameters => Of.Parameters;

        public Wrong Around(BuyingModel other) => new(other) { OnAlive = OnAlive is null ? null : (history, _) => other.Alive(history) * Math.Exp(-history.Silence / 1000) };

        public override double Alive(BuyingHistory history) => OnAlive?.Invoke(history, Of) ?? Of.Alive(history);

        public override double Expected(BuyingHistory history, double horizon) => OnExpected?.Invoke(history, horizon) ?? Of.Expected(history, horizon);

        public override double LogLikelihood(BuyingHistory history) => OnLikelihood?.Invoke(history) ?? Of.LogLikelihood(history);
    }
}
