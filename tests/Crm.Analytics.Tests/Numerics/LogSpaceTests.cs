using Crm.Analytics.Numerics;

namespace Crm.Analytics.Tests.Numerics;

/// <summary>The small functions on which the models stand keep their digits where the obvious formulas lose them.</summary>
public sealed class LogSpaceTests
{
    public static TheoryData<double> Sizes => [.. Enumerable.Range(-18, 20).Select(power => Math.Pow(10, power) * 0.37)];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Logarithm_and_exponential_about_one_are_each_others_inverse(double x)
    {
        Near(x, LogSpace.ExpMinusOne(LogSpace.LogOnePlus(x)), 1e-14);
        Near(x, LogSpace.LogOnePlus(LogSpace.ExpMinusOne(x)), 1e-14);
        if (x < 0.9)
        {
            Near(-x, LogSpace.ExpMinusOne(LogSpace.LogOnePlus(-x)), 1e-14);
        }

        // The first terms of the series, which for small numbers are all there is.
        if (x < 1e-4)
        {
            Near(x - (x * x / 2) + (x * x * x / 3), LogSpace.LogOnePlus(x), 1e-12);
            Near(x + (x * x / 2) + (x * x * x / 6), LogSpace.ExpMinusOne(x), 1e-12);
            Near(Math.Log(x) - (x / 2), LogSpace.LogOneMinusExp(x), 1e-9);
        }
    }

    [Fact]
    public void Far_out_nothing_overflows()
    {
        Assert.Equal(-1, LogSpace.ExpMinusOne(-5_000));
        Assert.Equal(5_000, LogSpace.LogOnePlusExp(5_000));
        Assert.Equal(0, LogSpace.LogOnePlusExp(-5_000));
        Assert.Equal(0, LogSpace.Against(5_000));
        Assert.Equal(1, LogSpace.Against(-5_000));
        Assert.Equal(double.NegativeInfinity, LogSpace.LogOneMinusExp(0));
        Assert.Equal(3, LogSpace.Saturation(0, 3));
    }

    [Theory]
    [InlineData(1, 2, 0.5)]
    [InlineData(1, 2, 0.9999)]
    [InlineData(1, 2, 1e-9)]
    public void The_continued_fraction_is_the_logarithm_that_it_stands_for(double b, double c, double z) =>
        Near(Math.Log(-LogSpace.LogOnePlus(-z) / z), Hypergeometric.LogOfUnit(b, c, z), 1e-6);

    [Theory]
    [InlineData(2.5, 7.25, 0.3)]
    [InlineData(133.2, 134.9, 0.8)]
    [InlineData(0.1, 0.2, 0.7)]
    public void The_continued_fraction_is_the_series(double b, double c, double z)
    {
        var (term, sum) = (1.0, 1.0);
        for (var n = 0; n < 5_000; n++)
        {
            term *= (b + n) / (c + n) * z;
            sum += term;
        }

        Near(Math.Log(sum), Hypergeometric.LogOfUnit(b, c, z), 1e-12);
    }

    [Theory]
    [InlineData(0.5, 2, 0.9999369042655519, 0.68523528000649703)]
    [InlineData(2, 2.01, 0.9999985398141163, 13.312691962334768)]
    [InlineData(300.5, 303, 0.999999, 5.3043788714240584)]
    public void Near_one_the_continued_fraction_comes_to_an_end(double b, double c, double z, double expected) =>
        Near(expected, Hypergeometric.LogOfUnit(b, c, z), 1e-11);

    private static void Near(double expected, double found, double within) => Assert.True(Math.Abs(expected - found) <= within * Math.Abs(expected), $"{found:R} where {expected:R} is expected");
}
