using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Columns;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.RealSales;

/// <summary>The histories of a shop's customers, for the evaluator and in columns.</summary>
internal sealed class Shop(IReadOnlyList<(int Customer, List<(CustomerEvent Event, Instant At)> History)> customers)
{
    public static Shop Of(IEnumerable<(int Customer, CustomerEvent Event)> purchases) => new(
        [.. purchases.GroupBy(one => one.Customer).OrderBy(own => own.Key).Select(own => (own.Key, own.Select(one => (one.Event, one.Event.OccurredAt ?? default)).ToList()))]);

    public IEnumerable<int> Evaluated(Condition condition, Instant now)
    {
        var moment = new Moment(now, DateTimeZone.Utc);
        return customers.Where(one => Evaluator.Evaluate(condition, new Known(moment, one.History)).Value).Select(one => one.Customer);
    }

    public IEnumerable<int> InColumns(Condition condition, Instant now) => Population(condition).Select(condition, new Moment(now, DateTimeZone.Utc)).Customers.Select(id => (int)id.Value);

    public Condition.EventWindow Top(Condition.EventWindow measure, int count, Instant now) => Population(measure).Top(measure, count, new Moment(now, DateTimeZone.Utc));

    private Population Population(Condition condition)
    {
        var builder = new PopulationBuilder(condition);
        foreach (var (customer, history) in customers)
        {
            builder.Add(new CustomerId((UInt128)customer), history, []);
        }

        return builder.Build();
    }

    private sealed record Known(Moment Moment, List<(CustomerEvent Event, Instant At)> History) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
