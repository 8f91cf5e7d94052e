using System.Diagnostics;
using System.Globalization;
using System.Linq.Expressions;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Testing;
using Crm.Testing;
using NodaTime;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>Whatever a rule asks of the machine is found in its compiled code, by whichever way it gets there, and named with the method that asks; what depends on the context alone is let pass.</summary>
public sealed class AskingTheMachine
{
    private static readonly RuleLaw Law = RuleLaws.All.Single(law => law.Name == "The_machine_is_not_asked");

    private static readonly (string Call, string By, IEarningRule Rule)[] Guilty =
    [
        ("System.DateTime.Now", "Direct.Evaluate", new Direct()),
        ("System.Environment.TickCount64", "Prices.Today", new Calling()),
        ("System.Diagnostics.Stopwatch.GetTimestamp", "MoveNext", new Iterating()),
        ("System.DateTimeOffset.UtcNow", "Seasonal.Season", new Inheriting()),
        ("System.Random.Shared", "Lucky.Next", new Making()),
        ("System.Guid.NewGuid", "Once..cctor", new Setting()),
        ("System.TimeZoneInfo.Local", ".", Of(_ => TimeZoneInfo.Local.BaseUtcOffset.Hours)),
        ("System.IO.File.Exists", ".", Of(_ => File.Exists("bonus") ? 2 : 1)),
        ("System.Environment.GetEnvironmentVariable", ".", Of(_ => Environment.GetEnvironmentVariable("BONUS") is null ? 1 : 2)),
        ("System.Globalization.CultureInfo.CurrentCulture", ".", Of(_ => CultureInfo.CurrentCulture.Name.Length)),
        ("System.TimeProvider.System", ".", Of(_ => TimeProvider.System.GetUtcNow().Day)),
        ("System.Object.GetHashCode", ".", Of(context => context.Event.Kind.GetHashCode() & 1)),
        ("NodaTime.IClock.GetCurrentInstant", "Given.Evaluate", new Given(FakeClock.At(2026, 1, 1))),
        ("NodaTime.IClock.GetCurrentInstant", "Given.Evaluate", new Wrapping([new Innocent(), new Given(FakeClock.At(2026, 1, 1))])),
        ("System.DateTime.Today", "Days.MoveNext", new Sorting()),
    ];

    public static TheoryData<int> Guilts => [.. Enumerable.Range(0, Guilty.Length)];

    [Theory]
    [MemberData(nameof(Guilts))]
    public void What_a_rule_asks_is_named_with_the_method_that_asks(int place)
    {
        var (call, by, rule) = Guilty[place];

        var broken = Assert.Throws<LawBroken>(() => Law.Check(rule, RuleClaims.Usual));

        Assert.Contains($"a call of {call} in ", broken.Found, StringComparison.Ordinal);
        Assert.Contains(by, broken.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_that_the_author_allows_with_a_reason_is_let_pass_and_no_other() => Law.Check(new Measured(), RuleClaims.Usual);

    [Theory]
    [InlineData(typeof(MeasuredAndDated), "a call of System.DateTime.UtcNow in ")]
    [InlineData(typeof(Unreasoned), "without a reason")]
    [InlineData(typeof(Overcautious), "an allowed call of System.Random.Shared that its code does not make")]
    public void An_allowance_is_for_a_call_that_is_made_and_says_why(Type rule, string found) =>
        Assert.Contains(found, Assert.Throws<LawBroken>(() => Law.Check((IEarningRule)Activator.CreateInstance(rule)!, RuleClaims.Usual)).Found, StringComparison.Ordinal);

    [Fact]
    public void Code_that_is_made_at_run_time_cannot_be_looked_at_and_is_named()
    {
        var points = Expression.Lambda<Func<long>>(Expression.Constant(1L)).Compile();

        Assert.Contains("made at run time", Assert.Throws<LawBroken>(() => Law.Check(Of(_ => points()), RuleClaims.Usual)).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void What_depends_on_the_context_alone_is_let_pass()
    {
        Law.Check(new Innocent(), RuleClaims.Usual);
        Law.Check(Of(context => context.Moment.Local.Hour), RuleClaims.Usual);
    }

    private static Fake Of(Func<EarningContext, long> points) => new("one", context => [new("points", points(context))]);

    private abstract class Rule : IEarningRule
    {
        public string Name => "one";

        public int Version => 1;

        public abstract IEnumerable<Earning> Evaluate(EarningContext context);
    }

    private sealed class Direct : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", DateTime.Now.Hour)];
    }

    private sealed class Calling : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", Prices.Today<string>())];
    }

    private static class Prices
    {
        public static long Today<T>() => Environment.TickCount64 % 7;
    }

    private sealed class Iterating : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context)
        {
            yield return new("points", Stopwatch.GetTimestamp() % 2);
        }
    }

    private abstract class Seasonal : Rule
    {
        protected static long Season() => DateTimeOffset.UtcNow.Month / 4;
    }

    private sealed class Inheriting : Seasonal
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", Season())];
    }

    private interface ILuck
    {
        long Next();
    }

    private sealed class Lucky : ILuck
    {
        public long Next() => Random.Shared.Next(2);
    }

    private sealed class Making : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context)
        {
            ILuck luck = new Lucky();
            return [new("points", luck.Next())];
        }
    }

    private static class Once
    {
        public static readonly long Bonus = Guid.NewGuid().ToByteArray()[0];
    }

    private sealed class Setting : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", Once.Bonus)];
    }

    private sealed class Given(IClock clock) : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", clock.GetCurrentInstant().InUtc().Day)];
    }

    private sealed class Wrapping(List<IEarningRule> rules) : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => rules[^1].Evaluate(context);
    }

    private sealed class Sorting : Rule
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => new Days().Select(day => new Earning("points", day));
    }

    /// <summary>Made by the rule and run by .NET.</summary>
    private sealed class Days : IEnumerable<int>, IEnumerator<int>
    {
        public int Current { get; private set; }

        object System.Collections.IEnumerator.Current => Current;

        public bool MoveNext() => (Current = DateTime.Today.Day) < 0;

        public IEnumerator<int> GetEnumerator() => this;

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => this;

        public void Reset() => Current = 0;

        public void Dispose() => Reset();
    }

    /// <summary>Uses much of .NET, none of which depends on the machine.</summary>
    private sealed class Innocent : Rule
    {
        private readonly List<Func<EarningContext, long>> steps = [_ => 1, context => context.Event.Lines.Count];
        private readonly Dictionary<Cup, string> cups = new() { [new Cup("small", 1)] = "tea" };

        public override IEnumerable<Earning> Evaluate(EarningContext context)
        {
            foreach (var step in steps.OrderBy(one => one(context)))
            {
                yield return new("points", step(context) + cups.Count(cup => cup.Key.Equals(new Cup("small", 1)) && cup.Value == Named<string>($"{cup.Value}")));
            }
        }

        private static T Named<T>(T name)
            where T : IComparable<T> => new[] { name, name }.Max() ?? name;
    }

    private sealed record Cup(string Size, int Price) : IComparable<Cup>
    {
        public int CompareTo(Cup? other) => string.CompareOrdinal(Size, other?.Size);

        public bool Equals(Cup? other) => other is not null && Size == other.Size;

        public override int GetHashCode() => HashCode.Combine(Size, Price);
    }

    [AllowedCall("System.Diagnostics.Stopwatch.GetTimestamp", "How long it takes is measured and not given.")]
    private class Measured : IEarningRule
    {
        public string Name => "measured";

        public int Version => 1;

        public long Took { get; private set; }

        public virtual IEnumerable<Earning> Evaluate(EarningContext context)
        {
            Took = Stopwatch.GetTimestamp();
            return [new("points", 1)];
        }
    }

    private sealed class MeasuredAndDated : Measured
    {
        public override IEnumerable<Earning> Evaluate(EarningContext context) => base.Evaluate(context).Append(new("points", DateTime.UtcNow.Day));
    }

    [AllowedCall("System.Diagnostics.Stopwatch.GetTimestamp", " ")]
    private sealed class Unreasoned : Measured;

    [AllowedCall("System.Random.Shared", "None.")]
    private sealed class Overcautious : Measured;
}
