using Crm.Analytics.Experiments;
using Crm.Analytics.Numerics;

namespace Crm.Analytics.Tests.Experiments;

/// <summary>What others have printed of experiments comes out here to the last digit that they printed. Each test names who.</summary>
public sealed class PublishedExperiments
{
    // R's data set 'sleep' (Cushny and Peebles, 1905; Student, Biometrika 6, 1908).
    private static readonly double[] FirstDrug = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    private static readonly double[] SecondDrug = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    /// <summary>Kohavi, Tang and Xu, "Trustworthy online controlled experiments" (2020), chapter 3: 821,588 and 815,482 people where halves were asked for have the p value 1.8E-6; Fabijan and others (KDD 2019) say less than 1 in 500,000.</summary>
    [Fact]
    public void Two_arms_of_a_million_and_a_half_that_differ_by_0_4_percent_raise_the_alarm()
    {
        var check = ShareCheck.Of([(821_588, 0.5), (815_482, 0.5)]);
        Assert.Equal("1.8E-006", check.PValue.ToString("E1", System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(check.PValue < 1.0 / 500_000);
        Assert.Equal(ShareVerdict.Mismatch, check.Verdict);
    }

    /// <summary>R, help page of chisq.test, given probabilities: X-squared = 9.9901, df = 4, p-value = 0.04059; and X-squared = 5.7947, p-value = 0.215 where 1.86 are expected in a category ("maybe doubtful").</summary>
    [Fact]
    public void Goodness_of_fit_is_that_of_the_manual_of_R()
    {
        long[] sizes = [89, 37, 30, 28, 2];
        var check = ShareCheck.Of(sizes.Zip([40.0, 20, 20, 15, 5]));
        Assert.Equal(9.9901, check.ChiSquare, 5e-5);
        Assert.Equal(0.04059, check.PValue, 5e-6);
        Assert.Equal(ShareVerdict.AsPlanned, check.Verdict);

        var doubtful = ShareCheck.Of(sizes.Zip([0.40, 0.20, 0.20, 0.19, 0.01]));
        Assert.Equal(5.7947, doubtful.ChiSquare, 5e-5);
        Assert.Equal(0.215, doubtful.PValue, 5e-4);
        Assert.Equal(ShareVerdict.TooFew, doubtful.Verdict);
    }

    /// <summary>Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods", Statistics in Medicine 17 (1998) 857, table I, method 3.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Intervals_of_a_rate_are_those_of_Newcombes_table(long count, long people, double low, double high) =>
        Printed(low, high, new Rate(count, people).Interval(), 4);

    /// <summary>Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998) 873, table II, method 10, cases (a) to (h).</summary>
    [Theory]
    [InlineData(56, 70, 48, 80, 0.0524, 0.3339)]
    [InlineData(9, 10, 3, 10, 0.1705, 0.8090)]
    [InlineData(6, 7, 2, 7, 0.0582, 0.8062)]
    [InlineData(5, 56, 0, 29, -0.0381, 0.1926)]
    [InlineData(0, 10, 0, 20, -0.1611, 0.2775)]
    [InlineData(0, 10, 0, 10, -0.2775, 0.2775)]
    [InlineData(10, 10, 0, 20, 0.6791, 1.0000)]
    [InlineData(10, 10, 0, 10, 0.6075, 1.0000)]
    public void Intervals_of_a_difference_of_rates_are_those_of_Newcombes_table(long count, long people, long controlCount, long controlPeople, double low, double high) =>
        Printed(low, high, RateEffect.Of(new(count, people), new(controlCount, controlPeople)).DifferenceInterval, 4);

    /// <summary>Fagerland, Lydersen and Laake, "Statistical analysis of contingency tables" (2017), chapter 4, and their R package contingencytables: the trial of Perondi (2004), 7 of 34 against 1 of 34, has the ratio 7 and Koopman's interval 1.2209 to 42.5757.</summary>
    [Fact]
    public void The_interval_of_a_ratio_of_rates_is_that_of_the_trial_of_Perondi()
    {
        var effect = RateEffect.Of(new(7, 34), new(1, 34));
        Assert.Equal(7, effect.Ratio ?? 0, 1e-12);
        Printed(1.2209, 42.5757, effect.RatioInterval, 4);
    }

    /// <summary>R, help page of t.test with the data set 'sleep': t = -1.8608, df = 17.776, p-value = 0.07939, 95 percent confidence interval -3.3654832 to 0.2054832.</summary>
    [Fact]
    public void Welchs_test_is_that_of_the_manual_of_R()
    {
        var effect = MeanEffect.Of(Sample.Of(FirstDrug), Sample.Of(SecondDrug));
        Assert.Equal(-1.8608, effect.Difference / effect.StandardError, 5e-5);
        Assert.Equal(17.776, effect.Freedom, 5e-4);
        Assert.Equal(0.07939, effect.PValue, 5e-6);
        Printed(-3.3654832, 0.2054832, effect.Interval, 7);
    }

    /// <summary>
    /// Fieller's interval with Satterthwaite's degrees of freedom, by R's package mratios: t.test.ratio of set.seed(12345); rnorm(5, 1, 1) and rnorm(5, 2, 1) gives the ratio 0.8643849 and 0.4056763 to 2.6170008
    /// (mikuhatsune.hatenadiary.com, 12 December 2012); t.test of the same gives -1.3249365 to 0.9271785 with p-value 0.684 and df 6.363.
    /// </summary>
    [Fact]
    public void Fiellers_interval_is_that_of_mratios()
    {
        var above = Sample.Of([1.5855288, 1.7094660, 0.8906967, 0.5465028, 1.6058875]);
        var below = Sample.Of([0.1820440, 2.6300986, 1.7238159, 1.7158403, 1.0806780]);
        var effect = MeanEffect.Of(above, below);
        Assert.Equal(6.363, effect.Freedom, 5e-4);
        Assert.Equal(0.684, effect.PValue, 5e-4);
        Printed(-1.3249365, 0.9271785, effect.Interval, 6);

        var ratio = above.Mean / below.Mean;
        Assert.Equal(0.8643849, ratio, 1e-7);
        var (a, b) = (above.Variance / 5, ratio * ratio * below.Variance / 5);
        var freedom = (a + b) * (a + b) / ((a * a / 4) + (b * b / 4));
        var set = Assert.IsType<RatioSet.Between>(RatioSet.Fieller((above.Mean, above.Variance / 5), (below.Mean, below.Variance / 5), 0, Tails.StudentReach(0.95, freedom), 0.95));
        Assert.Equal(0.4056763, set.Low, 5e-7);
        Assert.Equal(2.6170008, set.High, 5e-6);
    }

    /// <summary>Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 2: seven treated mice lived 86.86 days on average and nine others 56.22, a difference of 30.63; the standard error of the first mean is 23.36 with infinitely many resamples.</summary>
    [Fact]
    public void Resampling_finds_the_standard_error_of_the_mice()
    {
        double[] treated = [94, 197, 16, 38, 99, 141, 23];
        double[] control = [52, 104, 146, 10, 51, 30, 40, 27, 46];
        Assert.Equal(30.63, Resampling.OfMeans(treated, control, seed: 1).Difference, 0.005);
        var alone = Resampling.OfMeans(treated, [0], seed: 1, resamples: 200_000);
        Assert.Equal(86.86, alone.Difference, 0.005);
        Assert.Equal(23.36, alone.StandardError, 0.15);
        Assert.Equal(Resampling.OfMeans(treated, control, seed: 7), Resampling.OfMeans(treated, control, seed: 7));
        Assert.NotEqual(Resampling.OfMeans(treated, control, seed: 7), Resampling.OfMeans(treated, control, seed: 8));
    }

    /// <summary>R, help page of power.prop.test: 50 of each find 0.50 against 0.75 with power 0.740, and power 0.90 takes 76.7 of each.</summary>
    [Fact]
    public void The_people_that_rates_take_are_those_of_the_manual_of_R()
    {
        Assert.Equal(0.740, new SampleSize().PowerForRates(50, 0.50, 0.75), 5e-4);
        Assert.Equal(76.7, new SampleSize(Power: 0.9).TreatedForRates(0.50, 0.75), 0.05);
    }

    /// <summary>HyLown's powerandsamplesize.com, "Compare 2 means: 2-sample equality", after Chow, Shao and Wang: means 5 and 10 with standard deviation 10 take 63 of each for power 0.80.</summary>
    [Fact]
    public void The_people_that_means_take_are_those_of_the_textbook()
    {
        Assert.Equal(63, Math.Ceiling(new SampleSize().TreatedForMeans(5, 10)));
        Assert.Equal(5, new SampleSize().LeastDifferenceOfMeans(new SampleSize().TreatedForMeans(5, 10), 10), 1e-12);
    }

    /// <summary>
    /// Hillstrom, "The MineThatData e-mail analytics and data mining challenge" (2008): 64,000 customers in thirds. Men's e-mail 21,307 with 267 buyers and $30,311.69, women's 21,387 with 189 and $23,038.11, none 21,306 with 122 and $13,908.33.
    /// Published analyses of it: +0.6805 and +0.3111 percentage points, +118.8 % and +54.3 %, $0.769827 and $0.424412 more for each customer; Student's t of the men's amounts 5.300090294465472 with p 1.163200872605869e-07 (scipy).
    /// </summary>
    [Fact]
    public void Hillstroms_e_mails_sell_as_much_more_as_was_found()
    {
        var (mens, womens, none) = (new Rate(267, 21_307), new Rate(189, 21_387), new Rate(122, 21_306));
        Assert.Equal(ShareVerdict.AsPlanned, ShareCheck.Of([(mens.People, 1), (womens.People, 1), (none.People, 1)]).Verdict);
        var (toMen, toWomen) = (RateEffect.Of(mens, none), RateEffect.Of(womens, none));
        Assert.Equal(0.006805, toMen.Difference, 5e-7);
        Assert.Equal(0.003111, toWomen.Difference, 5e-7);
        Assert.Equal(2.188, toMen.Ratio ?? 0, 5e-4);
        Assert.Equal(1.543, toWomen.Ratio ?? 0, 5e-4);
        Assert.True(toMen.DifferenceInterval.Low > 0 && toMen.RatioInterval.Low > 1 && toMen.PValue < 1e-10);

        // Single amounts are not printed, but the t of both arms together is, and from it what they have in common: the variance.
        var difference = (30_311.69 / 21_307) - (13_908.33 / 21_306);
        var variance = Math.Pow(difference / 5.300090294465472, 2) / ((1.0 / 21_307) + (1.0 / 21_306));
        var effect = MeanEffect.Of(new Sample(21_307, 30_311.69 / 21_307, variance), new Sample(21_306, 13_908.33 / 21_306, variance));
        Assert.Equal(0.769827156, effect.Difference, 5e-10);
        Assert.Equal(1.163200872605869e-07, effect.PValue, 1e-15);
        Assert.Equal(0.424412, (23_038.11 / 21_387) - (13_908.33 / 21_306), 5e-6);
    }

    /// <summary>The quantiles that every table has.</summary>
    [Fact]
    public void Normal_and_Students_quantiles_are_those_of_the_tables()
    {
        Assert.Equal(1.959963984540054, Tails.NormalReach(0.95), 1e-13);
        Assert.Equal(2.5758293035489004, Tails.NormalReach(0.99), 1e-13);
        Assert.Equal(0.8416212335729143, Tails.NormalQuantile(0.8), 1e-13);
        Assert.Equal(12.706204736432095, Tails.StudentReach(0.95, 1), 1e-8);
        Assert.Equal(2.2281388519649385, Tails.StudentReach(0.95, 10), 1e-9);
        Assert.Equal(1.9600, Tails.StudentReach(0.95, 1e6), 5e-5);
    }

    private static void Printed(double low, double high, ConfidenceInterval found, int digits)
    {
        var half = (0.5 * Math.Pow(10, -digits)) + 1e-12;
        Assert.True(Math.Abs(low - found.Low) <= half && Math.Abs(high - found.High) <= half, $"{found} where [{low}, {high}] was printed");
    }
}
