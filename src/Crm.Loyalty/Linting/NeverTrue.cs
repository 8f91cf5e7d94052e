using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>Tells conditions that can never hold, as far as that is seen without trying: what it says is never so is never so, and not the other way round.</summary>
internal static class NeverTrue
{
    /// <summary>Whether a condition never holds.</summary>
    public static bool Is(Condition condition) => condition switch
    {
        Condition.All => Conflicts([condition]),
        Condition.Any any => any.Of.All(Is),
        Condition.Not not => IsAlways(not.Of),
        Condition.Score score => MostOf(score) is var most && score.Is switch
        {
            Test.AtLeast { Value.AsNumber: var least } => most < least,
            Test.MoreThan { Value.AsNumber: var limit } => most <= limit,
            _ => false,
        },
        _ => Conflicts([condition]),
    };

    /// <summary>Whether the condition of a rule never holds when the rule is asked: what is known of every event that it looks at is held against it.</summary>
    public static bool WhenAsked(IEarningRule rule, Condition condition)
    {
        var known = new List<Condition> { condition, OneOf("event.kind", rule.On) };
        if (!rule.Terms.Scope.Channels.IsEmpty)
        {
            known.Add(OneOf("event.channel", rule.Terms.Scope.Channels));
        }

        if (!rule.Terms.Scope.Brands.IsEmpty)
        {
            known.Add(OneOf("event.brand", rule.Terms.Scope.Brands));
        }

        // The event that asks is counted already.
        known.AddRange(Parts(condition).OfType<Condition.EventWindow>()
            .Where(leaf => rule.On is [var kind] && kind == leaf.Kind && leaf is { Measure: Measure.Count, Where: null, Window: Window.Lifetime or Window.Last })
            .Select(leaf => leaf with { Is = new Test.AtLeast(1) }));
        return Is(condition) || Conflicts(known);
    }

    private static Condition.Field OneOf(string field, Sequence<string> codes) => new Condition.Field(field, new Test.OneOf(codes.Select(code => (Scalar)code).ToSequence()), WhenMissing: false);

    private static bool IsAlways(Condition condition) => condition switch
    {
        Condition.All all => all.Of.All(IsAlways),
        Condition.Any any => any.Of.Any(IsAlways),
        Condition.Not not => Is(not.Of),
        _ => false,
    };

    private static decimal MostOf(Condition.Score score) => score.Of.Where(part => part.Points > 0 && !Is(part.When)).Sum(part => part.Points)
        + score.Of.Where(part => part.Points < 0 && IsAlways(part.When)).Sum(part => part.Points);

    // The parts that all have to hold.
    private static IEnumerable<Condition> Parts(Condition condition) => condition is Condition.All all ? all.Of.SelectMany(Parts) : [condition];

    private static bool Conflicts(IEnumerable<Condition> together)
    {
        var parts = together.SelectMany(Parts).ToList();
        return parts.Any(part => part is Condition.Any or Condition.Not or Condition.Score && Is(part))
            || parts.Select(Asked).Where(one => one.About is not null).GroupBy(one => one.About)
                .Any(same => same.All(one => !one.WhenMissing) && Values.Of(same.Select(one => one.Test)).IsEmpty);
    }

    // What a leaf asks about, and what of it; null where it is nothing that is compared.
    private static (object? About, Test Test, bool WhenMissing) Asked(Condition leaf) => leaf switch
    {
        Condition.Field field => (("field", field.Name), field.Is, field.WhenMissing),
        Condition.Fact fact => (("fact", fact.Name), fact.Is, fact.WhenMissing),
        Condition.EventWindow window => (window with { Is = new Test.Known(), WhenMissing = false }, window.Is, window.WhenMissing && window.Measure.CanBeMissing),
        _ => (null, new Test.Known(), true),
    };

    /// <summary>The values that pass some tests: numbers within bounds, or codes of a list.</summary>
    private sealed class Values
    {
        private decimal? low;
        private decimal? high;
        private bool openLow;
        private bool openHigh;
        private HashSet<Scalar>? listed;

        public bool IsEmpty => (listed is not null && !listed.Any(Fits)) || low > high || (low == high && low is not null && (openLow || openHigh));

        public static Values Of(IEnumerable<Test> tests)
        {
            var values = new Values();
            foreach (var test in tests)
            {
                values.Narrow(test);
            }

            return values;
        }

        private void Narrow(Test test)
        {
            switch (test)
            {
                case Test.EqualTo { Value: var value } when value.Kind is ScalarKind.Code or ScalarKind.Flag or ScalarKind.Number:
                    List([value]);
                    break;
                case Test.OneOf { Values: var values } when values.All(value => value.Kind is ScalarKind.Code or ScalarKind.Number):
                    List(values);
                    break;
                case Test.AtLeast { Value: { Kind: ScalarKind.Number, AsNumber: var number } }:
                    From(number, open: false);
                    break;
                case Test.MoreThan { Value: { Kind: ScalarKind.Number, AsNumber: var number } }:
                    From(number, open: true);
                    break;
                case Test.AtMost { Value: { Kind: ScalarKind.Number, AsNumber: var number } }:
                    Until(number, open: false);
                    break;
                case Test.LessThan { Value: { Kind: ScalarKind.Number, AsNumber: var number } }:
                    Until(number, open: true);
                    break;
                case Test.Between { From: { Kind: ScalarKind.Number, AsNumber: var from }, To: { Kind: ScalarKind.Number, AsNumber: var to } }:
                    From(from, open: false);
                    Until(to, open: false);
                    break;
            }
        }

        private void List(IEnumerable<Scalar> values)
        {
            if (listed is null)
            {
                listed = [.. values];
            }
            else
            {
                listed.IntersectWith(values);
            }
        }

        private void From(decimal number, bool open)
        {
            if (!(low > number))
            {
                openLow = (low == number && openLow) || open;
                low = number;
            }
        }

        private void Until(decimal number, bool open)
        {
            if (!(high < number))
            {
                openHigh = (high == number && openHigh) || open;
                high = number;
            }
        }

        private bool Fits(Scalar value) => value.Kind != ScalarKind.Number
            ? low is null && high is null
            : !(value.AsNumber < low) && !(value.AsNumber > high) && !(openLow && value.AsNumber == low) && !(openHigh && value.AsNumber == high);
    }
}
