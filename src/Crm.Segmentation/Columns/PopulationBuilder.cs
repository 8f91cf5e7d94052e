using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>Gathers customers into a <see cref="Population"/>. Only what the given conditions ask for is kept.</summary>
public sealed class PopulationBuilder
{
    private readonly List<CustomerId> customers = [];
    private readonly Dictionary<string, Growing> events = new(StringComparer.Ordinal);
    private readonly Dictionary<Condition.EventWindow, SampleColumns.Growing> samples = [];
    private readonly Dictionary<string, List<(int Customer, Scalar Value, Instant? Until)>> facts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(int Customer, Scalar Value, Instant? Until)>> profile = new(StringComparer.Ordinal);
    private readonly HashSet<string> codes;
    private Instant? latestDisposed;

    /// <summary>A builder for these conditions, and for all that ask for no more.</summary>
    public PopulationBuilder(params IEnumerable<Condition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var leaves = conditions.SelectMany(ConditionLeaves.Leaves).ToList();
        foreach (var fact in leaves.OfType<Condition.Fact>())
        {
            facts.TryAdd(fact.Name, []);
        }

        foreach (var field in leaves.OfType<Condition.Field>().Where(field => field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal)))
        {
            profile.TryAdd(field.Name[Evaluator.ProfileScope.Length..], []);
        }

        foreach (var field in leaves.SelectMany(ConditionZones.ZoneFields))
        {
            profile.TryAdd(field, []);
        }

        var windows = leaves.OfType<Condition.EventWindow>().ToList();
        foreach (var key in windows.SelectMany(SampleColumns.KeysOf))
        {
            samples.TryAdd(key, new SampleColumns.Growing(key));
        }

        var plain = windows.Where(ScanCompiler.IsPlain).ToList();
        foreach (var leaf in plain)
        {
            events.TryAdd(leaf.Kind, new Growing());
        }

        codes = plain.SelectMany(leaf => leaf.Where?.Leaves() ?? []).OfType<Condition.Field>()
            .Select(field => field.Name).Where(name => name.StartsWith(EventFields.Scope, StringComparison.Ordinal)).Select(name => name[EventFields.Scope.Length..])
            .Where(name => ScanCompiler.CodeFields.Contains(name, StringComparer.Ordinal)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Adds a customer; ids are to come in their order.</summary>
    /// <param name="customer">Who.</param>
    /// <param name="history">What is left of the events, with when they count, in any order.</param>
    /// <param name="known">The facts.</param>
    /// <param name="values">The values of the profile; none where no condition asks for them.</param>
    /// <param name="disposedUntil">Up to when events of the customer have been disposed of, <see cref="Engine.PastView.DisposedUntil"/>: a measure that reaches back to them is refused. Null: the history is whole.</param>
    /// <exception cref="ArgumentException">The id does not come after the one before it.</exception>
    public void Add(CustomerId customer, IEnumerable<(CustomerEvent Event, Instant At)> history, IEnumerable<Fact> known, Fields values = default, Instant? disposedUntil = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(known);
        if (customers.Count > 0 && customers[^1].CompareTo(customer) >= 0)
        {
            throw new ArgumentException($"The customer {customer} comes after {customers[^1]}; ids are to come in their order, each once.", nameof(customer));
        }

        var ordered = history.OrderBy(one => one.At).ToList();
        foreach (var growing in samples.Values)
        {
            growing.Add(customers.Count, ordered);
        }

        foreach (var (happened, at) in ordered)
        {
            if (events.TryGetValue(happened.Kind, out var growing))
            {
                growing.Add(customers.Count, happened, at.ToUnixTimeTicks(), codes);
            }
        }

        foreach (var fact in known)
        {
            if (facts.TryGetValue(fact.Name, out var ofFact) && !fact.Value.IsMissing)
            {
                ofFact.Add((customers.Count, fact.Value, fact.ValidUntil));
            }
        }

        foreach (var (name, value) in values)
        {
            if (profile.TryGetValue(name, out var ofField))
            {
                ofField.Add((customers.Count, value, null));
            }
        }

        customers.Add(customer);
        latestDisposed = disposedUntil > latestDisposed || latestDisposed is null ? disposedUntil : latestDisposed;
    }

    /// <summary>The population of all that were added.</summary>
    public Population Build() => new(
        [.. customers],
        new PopulationColumns(
            events.ToDictionary(pair => pair.Key, pair => pair.Value.Build(customers.Count, codes), StringComparer.Ordinal),
            samples.ToDictionary(pair => pair.Key, pair => pair.Value.Build(customers.Count)),
            facts.ToDictionary(pair => pair.Key, pair => Column(pair.Value), StringComparer.Ordinal),
            profile.ToDictionary(pair => pair.Key, pair => Column(pair.Value), StringComparer.Ordinal))
        {
            DisposedUntil = latestDisposed,
        });

    private FactColumn Column(List<(int Customer, Scalar Value, Instant? Until)> values)
    {
        var kinds = new byte[customers.Count];
        var numbers = new long[customers.Count];
        var until = values.Exists(one => one.Until is not null) ? new long[customers.Count] : null;
        until?.AsSpan().Fill(long.MaxValue);
        var known = new List<Scalar>();
        var places = new Dictionary<Scalar, int>();
        var unit = values.Select(one => Unit(one.Value.AsNumber)).DefaultIfEmpty(1).Max();
        var isExact = values.TrueForAll(one => IsExact(one.Value.AsNumber, unit));
        foreach (var (customer, value, end) in values)
        {
            kinds[customer] = (byte)value.Kind;
            numbers[customer] = value switch
            {
                { Kind: ScalarKind.Flag } => value.AsFlag ? 1 : 0,
                { AsDate: { } date } => Period.DaysBetween(new LocalDate(1970, 1, 1), date),
                { AsInstant: { } instant } => instant.ToUnixTimeTicks(),
                { Kind: ScalarKind.Number } when isExact => (long)(value.AsNumber * unit),
                _ => Place(value, places, known),
            };
            if (until is not null && end is { } over)
            {
                until[customer] = over.ToUnixTimeTicks();
            }
        }

        return new FactColumn(kinds, FactValues.Of(numbers), until is null ? null : FactValues.Of(until), [.. known], unit, isExact);
    }

    /// <summary>In how many parts one is kept, so that the number is a whole number of them: 1, 100 or 10,000.</summary>
    private static long Unit(decimal number) => decimal.IsInteger(number) ? 1 : Math.Abs(number) < 100_000_000_000_000m && decimal.IsInteger(number * 100) ? 100 : 10_000;

    private static bool IsExact(decimal number, long unit) => Math.Abs(number) < 100_000_000_000_000m && decimal.IsInteger(number * unit);

    internal static int Place<T>(T code, Dictionary<T, int> places, List<T> known)
        where T : notnull
    {
        if (!places.TryGetValue(code, out var place))
        {
            known.Add(code);
            places[code] = place = known.Count;
        }

        return place;
    }

    /// <summary>What each customer has spent so far in one currency, with each event of the kind.</summary>
    private sealed record Running(List<long> Sums);

    /// <summary>The columns of one kind while they grow.</summary>
    private sealed class Growing
    {
        private readonly List<int> firsts = [];
        private readonly List<long> ticks = [];
        private readonly Dictionary<Currency, Running> sums = [];
        private readonly Dictionary<string, (List<int> Places, Dictionary<Scalar, int> Numbers, List<Scalar> Known)> codeColumns = new(StringComparer.Ordinal);

        public void Add(int customer, CustomerEvent happened, long at, HashSet<string> codes)
        {
            while (firsts.Count <= customer)
            {
                firsts.Add(ticks.Count);
            }

            if (happened.Spend is { } spend && !sums.ContainsKey(spend.Currency))
            {
                sums[spend.Currency] = new Running([.. new long[ticks.Count]]);
            }

            foreach (var (currency, running) in sums)
            {
                var before = running.Sums.Count > firsts[customer] ? running.Sums[^1] : 0;
                running.Sums.Add(before + (happened.Spend is { } own && own.Currency == currency ? own.MinorUnits : 0));
            }

            foreach (var name in codes)
            {
                if (!codeColumns.TryGetValue(name, out var column))
                {
                    codeColumns[name] = column = ([], [], []);
                }

                column.Places.Add(EventFields.Read(happened, name) is { IsMissing: false } value ? Place(value, column.Numbers, column.Known) : 0);
            }

            ticks.Add(at);
        }

        public EventColumns Build(int customers, HashSet<string> codes)
        {
            while (firsts.Count <= customers)
            {
                firsts.Add(ticks.Count);
            }

            return new EventColumns(
                [.. firsts],
                [.. ticks],
                sums.ToDictionary(pair => pair.Key, pair => pair.Value.Sums.ToArray()),
                codes.ToDictionary(name => name, name => codeColumns.TryGetValue(name, out var column) ? new CodeColumn([.. column.Places], [.. column.Known]) : new CodeColumn([], []), StringComparer.Ordinal));
        }
    }
}
