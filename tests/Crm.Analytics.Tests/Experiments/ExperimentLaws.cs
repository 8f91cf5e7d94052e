using Crm.Analytics.Experiments;
using Crm.Analytics.Numerics;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Analytics.Tests.Experiments;

/// <summary>What is true of every effect: which arm is called the treatment, the coin and the order of arms change what they must and nothing else, and intervals hold the truth as often as they say.</summary>
public sealed class ExperimentLaws
{
    private static readonly Gen<Rate> Rates =
        from people in Gen.OneOf(Gen.Choose(1, 12), Gen.Choose(1, 100_000))
        from count in Gen.OneOf(Gen.Constant(0), Gen.Constant(people), Gen.Choose(0, people))
        select new Rate(count, people);

    private static readonly Gen<ArmReturns> Arms =
        from revenues in Gen.ArrayOf(Gen.OneOf(Gen.Constant(0), Gen.Choose(0, 50_000)))
        from costs in Gen.ArrayOf(Gen.Choose(1, 400))
        let people = Math.Max(2, Math.Min(revenues.Length, costs.Length))
        select ArmReturns.Of(Enumerable.Range(0, people).Select(i => (i < revenues.Length ? revenues[i] / 100.0 : 12, i < costs.Length ? costs[i] / 100.0 : 1)));

    [Fact]
    public void To_swap_the_arms_turns_every_effect_round() => Check(Swapped, (treated, control) => RateEffect.Of(treated, control).DifferenceInterval);

    // Wald's interval about the pooled rate of the treated arm alone.
    [Fact]
    public void The_law_catches_an_interval_that_takes_its_width_from_one_arm() =>
        Counterfeits.Caught(() => Check(Swapped, (treated, control) =>
        {
            var (middle, reach) = (treated.Value - control.Value, 1.96 * Math.Sqrt(treated.Value * (1 - treated.Value) / treated.People));
            return new(middle - reach, middle + reach, 0.95);
        }));

    [Fact]
    public void The_interval_of_a_ratio_is_that_of_its_inverse_turned_over_and_excludes_1_with_the_test() => CheckRatio((treated, control) => RateEffect.Of(treated, control).RatioInterval);

    // Katz's interval of the logarithm, with a half added everywhere.
    [Fact]
    public void The_law_catches_an_interval_that_does_not_know_of_the_test() =>
        Counterfeits.Caught(() => CheckRatio((treated, control) =>
        {
            var (t, c) = ((treated.Count + 0.5) / (treated.People + 0.5), (control.Count + 0.5) / (control.People + 0.5));
            var reach = 1.959963984540054 * Math.Sqrt((1 / (treated.Count + 0.5)) - (1 / (treated.People + 0.5)) + (1 / (control.Count + 0.5)) - (1 / (control.People + 0.5)));
            return new(t / c * Math.Exp(-reach), t / c * Math.Exp(reach), 0.95);
        }));

    [Fact]
    public void Another_coin_changes_amounts_and_no_ratio() => CheckCoin((treated, control) => ReturnOnSpend.Of(treated, control));

    [Fact]
    public void The_law_catches_a_cost_in_the_old_coin() => Counterfeits.Caught(() => CheckCoin((treated, control) => ReturnOnSpend.Of(treated, control, fixedCost: 1_000)));

    [Fact]
    public void With_costs_that_do_not_vary_the_set_of_the_incremental_return_is_the_interval_of_the_revenue_over_the_cost() =>
        Prop.ForAll(Gen.Two(Arms).ToArbitrary(), pair =>
        {
            var (treated, control) = (Fixed(pair.Item1, 0.4), Fixed(pair.Item2, 0));
            var found = ReturnOnSpend.Of(treated, control, fixedCost: 7, level: 0.9);
            var reach = Tails.NormalReach(0.9) * found.PerPerson.StandardError * treated.Revenue.Count;
            var cost = (0.4 * treated.Revenue.Count) + 7;
            var set = Assert.IsType<RatioSet.Between>(found.IncrementalRoasSet);
            var scale = Math.Max(1e-9, (Math.Abs(found.Incremental) + reach) / cost);
            Assert.Equal((found.Incremental - reach) / cost, set.Low, 1e-6 * scale);
            Assert.Equal((found.Incremental + reach) / cost, set.High, 1e-6 * scale);
            Assert.Equal(cost, found.IncrementalCost, 1e-9 * cost);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Order_and_size_of_shares_do_not_matter_and_sizes_as_planned_have_p_1() => CheckShares(arms => ShareCheck.Of(arms).ChiSquare);

    [Fact]
    public void The_law_catches_shares_that_have_to_add_up_to_1() =>
        Counterfeits.Caught(() => CheckShares(arms => arms.Sum(arm => Math.Pow(arm.People - (arms.Sum(other => other.People) * arm.Share), 2) / (arms.Sum(other => other.People) * arm.Share))));

    // Every pair of counts that there can be, weighted by how probable it is: no luck in it.
    [Fact]
    public void Intervals_of_differences_and_ratios_hold_the_truth_as_often_as_they_say()
    {
        var (mean, least) = Coverage((treated, control, t, c) => RateEffect.Of(treated, control).DifferenceInterval.Contains(t - c));
        Assert.InRange(mean, 0.94, 0.975);
        Assert.True(least > 0.90, $"{least}");

        (mean, least) = Coverage((treated, control, t, c) => RateEffect.Of(treated, control).RatioInterval.Contains(t / c));
        Assert.InRange(mean, 0.94, 0.985);
        Assert.True(least > 0.90, $"{least}");
    }

    [Fact]
    public void The_law_catches_the_interval_of_the_schoolbook()
    {
        var (_, least) = Coverage((treated, control, t, c) =>
        {
            var reach = 1.959963984540054 * Math.Sqrt((treated.Value * (1 - treated.Value) / treated.People) + (control.Value * (1 - control.Value) / control.People));
            return Math.Abs(treated.Value - control.Value - (t - c)) <= reach;
        });
        Assert.True(least < 0.80, $"{least}");
    }

    [Fact]
    public void The_interval_of_a_mean_holds_the_truth_as_often_as_it_says_though_the_arms_vary_unequally()
    {
        Assert.InRange(CoverageOfMeans((treated, control) => MeanEffect.Of(treated, control).Interval), 0.94, 0.96);

        // Student's test takes the arms to vary alike: it is the counterfeit.
        Assert.True(CoverageOfMeans((treated, control) =>
        {
            var pooled = (((treated.Count - 1) * treated.Variance) + ((control.Count - 1) * control.Variance)) / (treated.Count + control.Count - 2);
            var reach = Tails.StudentReach(0.95, treated.Count + control.Count - 2) * Math.Sqrt(pooled * ((1.0 / treated.Count) + (1.0 / control.Count)));
            return new(treated.Mean - control.Mean - reach, treated.Mean - control.Mean + reach, 0.95);
        }) < 0.85);
    }

    // One of twenty buys, and who buys spends log-normally: the mean is 0.05·e^(3 + 1/2).
    [Fact]
    public void Revenue_with_few_buyers_and_a_long_tail_is_held_too()
    {
        var luck = new SplitMix(11);
        var (welch, resampled) = (0, 0);
        const int Trials = 300;
        for (var trial = 0; trial < Trials; trial++)
        {
            double[][] arms = [.. Enumerable.Range(0, 2).Select(_ => Enumerable.Range(0, 1_500).Select(_ => luck.Unit() < 0.05 ? Math.Exp(3 + Normal(luck)) : 0).ToArray())];
            welch += MeanEffect.Of(Sample.Of(arms[0]), Sample.Of(arms[1])).Interval.Contains(0) ? 1 : 0;
            resampled += Resampling.OfMeans(arms[0], arms[1], (ulong)trial, resamples: 200).Interval.Contains(0) ? 1 : 0;
        }

        Assert.InRange(welch, Trials * 0.92, Trials * 0.985);
        Assert.InRange(resampled, Trials * 0.90, Trials * 0.985);
    }

    [Fact]
    public void Fiellers_set_holds_the_ratio_as_often_as_it_says_though_the_cost_may_be_nothing()
    {
        // The denominator lies 1.5 of its deviations from 0.
        Assert.InRange(CoverageOfRatio((n, d, covariance) => RatioSet.Fieller(n, d, covariance, Tails.NormalReach(0.95), 0.95).Contains(2)), 0.945, 0.955);

        // The delta method, which believes the denominator.
        Assert.True(CoverageOfRatio((n, d, covariance) =>
        {
            var ratio = n.Mean / d.Mean;
            var variance = (n.Variance + (ratio * ratio * d.Variance) - (2 * ratio * covariance)) / (d.Mean * d.Mean);
            return Math.Abs(ratio - 2) <= Tails.NormalReach(0.95) * Math.Sqrt(variance);
        }) < 0.94);
    }

    [Fact]
    public void A_ratio_to_what_may_be_nothing_says_so()
    {
        Assert.IsType<RatioSet.Anything>(RatioSet.Fieller((0.5, 1), (0.5, 1), 0, 1.96, 0.95));
        var outside = Assert.IsType<RatioSet.Outside>(RatioSet.Fieller((10, 1), (0.5, 1), 0, 1.96, 0.95));
        Assert.True(outside.Contains(100) && outside.Contains(-100) && !outside.Contains(0));
        var edge = Assert.IsType<RatioSet.Outside>(RatioSet.Fieller((10, 0), (2, 1), 0, 2, 0.95));
        Assert.True(edge.Contains(1e9) && edge.Contains(2.6) && !edge.Contains(2.4) && !edge.Contains(-1e9));
        Assert.Null(ReturnOnSpend.Of(Fixed(1), Fixed(2)).IncrementalRoas);
    }

    [Fact]
    public void The_people_that_are_asked_for_find_the_effect_as_often_as_was_asked_for() => CheckSize(static (size, treated, control) => size.TreatedForRates(treated, control));

    // As many as for equal arms.
    [Fact]
    public void The_law_catches_who_forgets_that_the_arms_are_unequal() => Counterfeits.Caught(() => CheckSize(static (size, treated, control) => new SampleSize(size.Power, size.Alpha).TreatedForRates(treated, control)));

    [Fact]
    public void What_cannot_be_is_refused_with_all_that_is_wrong()
    {
        var error = Assert.Throws<ArgumentException>(() => ShareCheck.Of([(-1, 0)], threshold: 2));
        Assert.Equal(4, error.Message.Split(Environment.NewLine).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rate(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rate(0, 0).Interval(95));
        Assert.Throws<ArgumentException>(() => RateEffect.Of(default, new(1, 2)));
        Assert.Throws<ArgumentException>(() => MeanEffect.Of(default, Sample.Of([1, 2])));
        Assert.Throws<ArgumentException>(() => Sample.Of([1]));
        Assert.Throws<ArgumentException>(() => Sample.Of([1, double.NaN]));
        Assert.Throws<ArgumentException>(() => Resampling.OfMeans([], [1], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SampleSize(Power: 80));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SampleSize().TreatedForRates(0.5, 0.5));
    }

    [Fact]
    public void Large_amounts_keep_their_variance()
    {
        var arm = ArmReturns.Of([(1e9 + 4, 1), (1e9 + 7, 2), (1e9 + 13, 3), (1e9 + 16, 4)]);
        Assert.Equal((1e9 + 10, 30.0), (arm.Revenue.Mean, arm.Revenue.Variance));
        Assert.Equal(7, arm.Covariance, 1e-9);
    }

    private static ArmReturns Fixed(double cost) => ArmReturns.Of([(3, cost), (4, cost), (9, cost)]);

    private static ArmReturns Fixed(ArmReturns arm, double cost) => new(arm.Revenue, new Sample(arm.Cost.Count, cost, 0), 0);

    private static void Swapped(Rate treated, Rate control, Func<Rate, Rate, ConfidenceInterval> interval)
    {
        var (there, back) = (interval(treated, control), interval(control, treated));
        Assert.Equal(there.Low, -back.High, 1e-12);
        Assert.Equal(there.High, -back.Low, 1e-12);
        Assert.True(there.Contains(treated.Value - control.Value) && there.Low >= -1 && there.High <= 1);
    }

    private static void Check(Action<Rate, Rate, Func<Rate, Rate, ConfidenceInterval>> law, Func<Rate, Rate, ConfidenceInterval> interval) =>
        Prop.ForAll(Gen.Two(Rates).ToArbitrary(), pair => law(pair.Item1, pair.Item2, interval)).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static void CheckRatio(Func<Rate, Rate, ConfidenceInterval> interval) =>
        Prop.ForAll(Gen.Two(Rates).ToArbitrary(), pair =>
        {
            var (there, back) = (interval(pair.Item1, pair.Item2), interval(pair.Item2, pair.Item1));
            Near(there.Low, 1 / back.High, 1e-9);
            Near(there.High, 1 / back.Low, 1e-9);
            var effect = RateEffect.Of(pair.Item1, pair.Item2);
            Assert.True(effect.Ratio is not { } ratio || (there.Low <= ratio * (1 + 1e-9) && ratio * (1 - 1e-9) <= there.High));

            // At ratio 1 Koopman's chi-square is Pearson's: the interval and the p value agree whether there is an effect.
            if (Math.Abs(effect.PValue - 0.05) > 1e-9)
            {
                Assert.Equal(effect.PValue > 0.05, there.Contains(1));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static void CheckShares(Func<IReadOnlyList<(long People, double Share)>, double> chiSquare) =>
        Prop.ForAll(Gen.NonEmptyListOf(Gen.Two(Gen.Choose(1, 9))).Where(arms => arms.Count > 1).ToArbitrary(), arms =>
        {
            Assert.Equal(0, chiSquare([.. arms.Select(arm => (1_000L * arm.Item1, (double)arm.Item1))]), 1e-9);
            Near(
                chiSquare([.. arms.Select(arm => (100L * arm.Item2, (double)arm.Item1))]),
                chiSquare([.. arms.AsEnumerable().Reverse().Select(arm => (100L * arm.Item2, arm.Item1 * 0.01))]),
                1e-9);
            Assert.Equal((1.0, ShareVerdict.AsPlanned), (Math.Round(ShareCheck.Of(arms.Select(arm => (1_000L * arm.Item1, (double)arm.Item1))).PValue, 6), ShareCheck.Of(arms.Select(arm => (1_000L * arm.Item1, (double)arm.Item1))).Verdict));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static void CheckSize(Func<SampleSize, double, double, double> treatedForRates) =>
        Prop.ForAll((from c in Gen.Choose(1, 60) from up in Gen.Choose(1, 39) from power in Gen.Choose(50, 95) from each in Gen.Choose(1, 40) select (C: c / 100.0, T: (c + up) / 100.0, Power: power / 100.0, Each: each / 10.0)).ToArbitrary(), at =>
        {
            var size = new SampleSize(at.Power, 0.05, at.Each);
            var people = treatedForRates(size, at.T, at.C);
            Assert.Equal(at.Power, size.PowerForRates(people, at.T, at.C), 1e-9);
            Assert.True(size.PowerForRates(people * 2, at.T, at.C) > at.Power);

            // Which arm is the smaller one is a matter of naming.
            Near(people * at.Each, treatedForRates(new SampleSize(at.Power, 0.05, 1 / at.Each), at.C, at.T), 1e-9);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static void CheckCoin(Func<ArmReturns, ArmReturns, ReturnOnSpend> returns) =>
        Prop.ForAll(Gen.Two(Arms).ToArbitrary(), pair =>
        {
            var (one, cents) = (returns(pair.Item1, pair.Item2), returns(InCents(pair.Item1), InCents(pair.Item2)));
            Near(100 * one.Incremental, cents.Incremental, 1e-9);
            Near(100 * one.IncrementalInterval.High, cents.IncrementalInterval.High, 1e-9);
            Near(one.Roas ?? 0, cents.Roas ?? 0, 1e-9);
            Near(one.PerPerson.PValue, cents.PerPerson.PValue, 1e-9);
            Near(one.IncrementalRoas ?? 0, cents.IncrementalRoas ?? 0, 1e-9);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static ArmReturns InCents(ArmReturns arm) => new(new(arm.Revenue.Count, arm.Revenue.Mean * 100, arm.Revenue.Variance * 10_000), new(arm.Cost.Count, arm.Cost.Mean * 100, arm.Cost.Variance * 10_000), arm.Covariance * 10_000);

    private static (double Mean, double Least) Coverage(Func<Rate, Rate, double, double, bool> holds)
    {
        const int Treated = 40;
        const int Control = 25;
        double[] rates = [0.02, 0.05, 0.1, 0.25, 0.5, 0.8];
        var found = new List<double>();
        foreach (var (t, c) in rates.SelectMany(t => rates.Select(c => (t, c))))
        {
            var sum = 0.0;
            for (var i = 0; i <= Treated; i++)
            {
                for (var j = 0; j <= Control; j++)
                {
                    sum += holds(new(i, Treated), new(j, Control), t, c) ? MathNet.Numerics.Distributions.Binomial.PMF(t, Treated, i) * MathNet.Numerics.Distributions.Binomial.PMF(c, Control, j) : 0;
                }
            }

            found.Add(sum);
        }

        return (found.Average(), found.Min());
    }

    private static double CoverageOfMeans(Func<Sample, Sample, ConfidenceInterval> interval)
    {
        var luck = new SplitMix(5);
        const int Trials = 8_000;
        var held = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            var treated = Sample.Of(Enumerable.Range(0, 8).Select(_ => 1 + (4 * Normal(luck))));
            var control = Sample.Of(Enumerable.Range(0, 40).Select(_ => Normal(luck)));
            held += interval(treated, control).Contains(1) ? 1 : 0;
        }

        return (double)held / Trials;
    }

    private static double CoverageOfRatio(Func<(double Mean, double Variance), (double Mean, double Variance), double, bool> holds)
    {
        var luck = new SplitMix(9);
        const int Trials = 20_000;
        var held = 0;
        for (var trial = 0; trial < Trials; trial++)
        {
            // Numerator 3 and denominator 1.5 with variance 1 and covariance 0.6: the ratio is 2.
            var (one, other) = (Normal(luck), Normal(luck));
            held += holds((3 + one, 1), (1.5 + (0.6 * one) + (0.8 * other), 1), 0.6) ? 1 : 0;
        }

        return (double)held / Trials;
    }

    private static double Normal(SplitMix luck) => Math.Sqrt(-2 * Math.Log(1 - luck.Unit())) * Math.Cos(2 * Math.PI * luck.Unit());

    private static void Near(double expected, double found, double within) =>
        Assert.True(expected.Equals(found) || Math.Abs(expected - found) <= within * Math.Max(1e-6, Math.Abs(expected)), $"{found:R} where {expected:R} is expected");
}
