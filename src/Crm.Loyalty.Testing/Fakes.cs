using System.Text.Json;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>A rule made of a function.</summary>
internal sealed class Fake(string name, Func<EarningContext, IEnumerable<Earning>> evaluate) : IEarningRule
{
    public string Name => name;

    public int Version => 1;

    public IEnumerable<Earning> Evaluate(EarningContext context) => evaluate(context);
}

/// <summary>Rules that are deliberately wrong.</summary>
internal static class Fakes
{
    /// <summary>Gives one more each time it is asked.</summary>
    public static IEarningRule Rememberer()
    {
        var asked = 0;
        return new Fake("rememberer", _ => [new("points", ++asked)]);
    }

#pragma warning disable RS0030 // These are wrong on purpose.
    /// <summary>Gives by the machine's clock, and the same for an hour.</summary>
    public static IEarningRule ByTheHour { get; } = new Fake("hourly", _ => [new("points", DateTime.UtcNow.Hour)]);

    /// <summary>Gives by the machine's clock, and the same for a day.</summary>
    public static IEarningRule ByTheDay { get; } = new Fake("daily", _ => [new("points", (int)SystemClock.Instance.GetCurrentInstant().InUtc().DayOfWeek)]);
#pragma warning restore RS0030

    /// <summary>Leaves out of its settings what it earns.</summary>
    public static (IEarningRule Rule, RuleClaims Claims) Forgetful() =>
        (new ForgetfulRule(7), RuleClaims.Usual with { Kinds = new EarningRuleKinds(new EarningRuleKind("forgetful", [1], _ => new ForgetfulRule(1))) });

    private sealed class ForgetfulRule(long points) : IJsonEarningRule
    {
        public string Name => "forgetful";

        public int Version => 1;

        public string Kind => "forgetful";

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", points)];

        public void WriteSettings(Utf8JsonWriter json) => json.WriteString("unit", "points");
    }
}
