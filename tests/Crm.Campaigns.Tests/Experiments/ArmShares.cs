using Crm.Campaigns.Experiments;
using Crm.Conditions;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Experiments;

/// <summary>People are spread as the shares say, one experiment independently of the other, and by the two ids alone. Each law is shown to catch a spread that breaks it.</summary>
public sealed class ArmShares
{
    private static readonly CustomerId[] People = Ids(100_000);

    private static readonly Arm[] Arms = [new("control", 10) { HoldsOut = true }, new("letter", 45), new("picture", 45)];

    [Theory]
    [InlineData("spring")]
    [InlineData("spring-2")]
    [InlineData("a")]
    [InlineData("everyone.2026-01-01")]
    public void Shares_come_out_over_a_hundred_thousand_people(string salt) => Assert.True(Fits(id => Of(salt).ArmOf(id).Name));

    // A tenth of 16 buckets is one of them or two.
    [Fact]
    public void The_law_of_shares_catches_buckets_that_are_too_few() => Assert.False(Fits(id => (int)(id.Value >> 64 & 15) switch { < 2 => "control", < 9 => "letter", _ => "picture" }));

    [Theory]
    [InlineData("spring", "summer")]
    [InlineData("spring", "spring.2026-01-01")]
    [InlineData("x1", "x2")]
    public void Arms_of_two_experiments_have_nothing_to_do_with_each_other(string one, string other) =>
        Assert.True(Independent(id => Of(one).ArmOf(id).Name, id => Of(other).ArmOf(id).Name));

    [Fact]
    public void The_law_of_independence_catches_a_spread_without_salt()
    {
        var spread = Of("same");
        Assert.False(Independent(id => spread.ArmOf(id).Name, id => spread.ArmOf(id).Name));
    }

    [Fact]
    public void Labels_templates_and_the_order_of_arms_move_nobody() => Assert.True(Moves((_, arms) => new Experiment("spring", arms) { From = Samples.LongAgo }));

    // As a system does whose bucket is a hash of user and name.
    [Fact]
    public void The_law_of_labels_catches_a_salt_that_is_what_people_call_it() => Assert.False(Moves((label, arms) => new Experiment(label, arms) { From = Samples.LongAgo }));

    [Fact]
    public void Who_is_in_which_arm_is_part_of_what_is_stored_and_never_changes()
    {
        var arms = Of("spring");
        Assert.Equal(
            "letter picture picture picture letter picture picture letter letter letter letter picture",
            string.Join(' ', Enumerable.Range(1, 12).Select(n => arms.ArmOf(new CustomerId((UInt128)n)).Name)));
    }

    [Fact]
    public void A_holdout_is_an_experiment_and_another_one_in_each_period()
    {
        var always = new Holdout("everyone", 5) { From = Samples.LongAgo };
        Assert.Equal(always.On(new LocalDate(2026, 1, 1)), always.On(new LocalDate(2027, 8, 9)));
        var quarterly = always with { Period = CalendarPeriod.Quarter };
        var (first, second) = (quarterly.On(new LocalDate(2026, 3, 31)), quarterly.On(new LocalDate(2026, 4, 1)));
        Assert.Equal(("everyone.2026-01-01", "everyone.2026-04-01"), (first.Id, second.Id));
        var held = People.Where(id => first.ArmOf(id).HoldsOut).ToList();
        Assert.InRange(held.Count, 4_700, 5_300);
        Assert.InRange(held.Count(id => second.ArmOf(id).HoldsOut), 170, 330);
    }

    // Pearson's chi-square with two degrees of freedom, below what one experiment in a million exceeds.
    private static bool Fits(Func<CustomerId, string> armOf)
    {
        var found = People.CountBy(armOf).ToDictionary(StringComparer.Ordinal);
        return Arms.Sum(arm => Square(found.GetValueOrDefault(arm.Name) - (People.Length * arm.Share / 100.0)) / (People.Length * arm.Share / 100.0)) < 27.6;
    }

    // The same over both together: four degrees of freedom.
    private static bool Independent(Func<CustomerId, string> one, Func<CustomerId, string> other)
    {
        var found = People.CountBy(id => (one(id), other(id))).ToDictionary();
        return (from left in Arms
                from right in Arms
                let expected = People.Length * left.Share * right.Share / 10_000.0
                select Square(found.GetValueOrDefault((left.Name, right.Name)) - expected) / expected).Sum() < 33.4;
    }

    private static bool Moves(Func<string, Sequence<Arm>, Experiment> made)
    {
        var before = made("spring", [.. Arms]) with { Label = new Text("Spring", "春") };
        var after = made("easter", Arms.Reverse().Select(arm => arm with { Label = new Text(arm.Name.ToUpperInvariant(), "組"), Template = arm.HoldsOut ? null : "another" }).ToSequence()) with { Label = new Text("Easter", "復活節") };
        return People.Take(2_000).All(id => before.ArmOf(id).Name == after.ArmOf(id).Name);
    }

    private static Experiment Of(string salt) => new(salt, [.. Arms]) { From = Samples.LongAgo };

    private static double Square(double x) => x * x;

    private static CustomerId[] Ids(int count)
    {
        var source = new SeededIdSource();
        return [.. Enumerable.Range(0, count).Select(_ => source.NewCustomerId())];
    }
}
