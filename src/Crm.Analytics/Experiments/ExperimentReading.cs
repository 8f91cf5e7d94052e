using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Experiments;

/// <summary>Reads from a store what an experiment showed. Nothing is written.</summary>
public static class ExperimentReading
{
    /// <summary>What an experiment showed.</summary>
    /// <param name="engine">The engine whose campaigns ran it.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="asOf">As of when; not ahead.</param>
    /// <param name="ledger">The store, where units cost something; may be left out where none does.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">Something is wrong with the question; the message lists all of it.</exception>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public static async ValueTask<ExperimentReport> ReadAsync(CrmEngine engine, ExperimentQuestion question, Instant asOf, IJournalScan? ledger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(question);
        var errors = question.Errors().Concat(question.Costs.PerUnit.Count > 0 && ledger is null ? ["Units cost something and there is no ledger to read them from; the store is expected."] : []).ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(question));
        }

        var people = new List<Person>();
        var others = new HashSet<CustomerId>();
        var disposed = 0;
        await foreach (var view in engine.ReadAllAsync(new PastQuestion(asOf) { LeavesOut = _ => disposed++ }, cancellationToken).ConfigureAwait(false))
        {
            if (Person.Of(view, question, asOf) is { } person)
            {
                people.Add(person);
            }
            else if (question.Costs.PerUnit.Count > 0)
            {
                others.Add(view.Customer.Customer);
            }
        }

        if (ledger is not null && question.Costs.PerUnit.Count > 0)
        {
            await AddUnitsAsync(engine, ledger, question, asOf, people, others, cancellationToken).ConfigureAwait(false);
        }

        return Report(question, asOf, people) with { Disposed = disposed };
    }

    private static async ValueTask AddUnitsAsync(CrmEngine engine, IJournalScan ledger, ExperimentQuestion question, Instant asOf, List<Person> people, HashSet<CustomerId> others, CancellationToken cancellationToken)
    {
        var byCustomer = people.ToDictionary(person => person.Customer);
        var gone = new Dictionary<CustomerId, List<LedgerEntry>>();
        await foreach (var (owner, entry) in ledger.ReadLedgerAsync(cancellationToken).ConfigureAwait(false))
        {
            if (entry.Movement is Movement.Issued or Movement.Reversed && entry.OccurredAt <= asOf && question.Costs.PerUnit.ContainsKey(entry.Unit) && !others.Contains(owner))
            {
                if (byCustomer.TryGetValue(owner, out var person))
                {
                    person.Entries.Add(entry);
                }
                else if (!gone.TryAdd(owner, [entry]))
                {
                    gone[owner].Add(entry);
                }
            }
        }

        // What was issued before a merge stands under the id that went. Only of those whom nobody has met is it asked whom they lead to.
        foreach (var (owner, entries) in gone)
        {
            if ((await engine.ReadAsync(CustomerRef.Of(owner), cancellationToken).ConfigureAwait(false))?.Customer is { } survivor && byCustomer.TryGetValue(survivor, out var person))
            {
                person.Entries.AddRange(entries);
            }
        }

        foreach (var person in people)
        {
            person.Cost += IssuedUnits.Of(person.Entries, person.History).Where(award => person.Counts(award.At)).Sum(award => question.Costs.PerUnit[award.Unit] * award.Left);
        }
    }

    private static ExperimentReport Report(ExperimentQuestion question, Instant asOf, List<Person> people)
    {
        var byArm = people.ToLookup(person => person.Arm, StringComparer.Ordinal);
        var returns = question.Arms.ToDictionary(
            arm => arm.Name,
            arm => byArm[arm.Name].Count() < 2 ? null : ArmReturns.Of(byArm[arm.Name].Select(person => ((double)person.Revenue, (double)person.Cost))),
            StringComparer.Ordinal);
        var control = RateOf(byArm[question.Control]);
        var arms = question.Arms.Select(arm =>
        {
            var (all, converted, isControl) = (byArm[arm.Name].ToList(), RateOf(byArm[arm.Name]), arm.Name == question.Control);
            return new ArmResult(arm.Name, converted, all.SelectMany(person => person.Orders).Order().ToSequence(), all.Sum(person => person.Revenue), all.Sum(person => person.Cost), all.Count(person => person.Crossed), all.Count(person => person.IsOpen))
            {
                Effect = isControl || converted.People == 0 || control.People == 0 ? null : RateEffect.Of(converted, control, question.Level),
                Return = !isControl && returns[arm.Name] is { } mine && returns[question.Control] is { } theirs ? ReturnOnSpend.Of(mine, theirs, (double)question.Costs.Fixed, question.Level) : null,
            };
        }).ToSequence();
        var shares = ShareCheck.Of(question.Arms.Select(arm => ((long)byArm[arm.Name].Count(), (double)arm.Share)), question.ShareThreshold);
        return new ExperimentReport(question, asOf, shares, arms, people.Count(person => question.Arms.All(arm => arm.Name != person.Arm)));
    }

    private static Rate RateOf(IEnumerable<Person> people) => new(people.Count(person => person.Orders.Count > 0), people.Count());

    /// <summary>Somebody who was exposed.</summary>
    private sealed class Person
    {
        public required CustomerId Customer { get; init; }

        public required string Arm { get; init; }

        public required Instant Since { get; init; }

        public required Instant Until { get; init; }

        public required bool Crossed { get; init; }

        public required bool IsOpen { get; init; }

        public IReadOnlyList<EventKey> Orders { get; private set; } = [];

        public decimal Revenue { get; private set; }

        public decimal Cost { get; set; }

        /// <summary>By key; empty where units cost nothing.</summary>
        public IReadOnlyDictionary<EventKey, KnownEvent> History { get; private set; } = new Dictionary<EventKey, KnownEvent>();

        /// <summary>What was issued and taken back of units that cost something, under all ids.</summary>
        public List<LedgerEntry> Entries { get; } = [];

        public static Person? Of(PastView view, ExperimentQuestion question, Instant asOf)
        {
            if (view.Customer.Fact($"experiment.{question.Experiment}").AsCode is not { } arm || view.Customer.Fact($"experiment-since.{question.Experiment}").AsInstant is not { } since)
            {
                return null;
            }

            var person = new Person
            {
                Customer = view.Customer.Customer,
                Arm = arm,
                Since = since,
                Until = since + question.Goal.Window,
                Crossed = view.Customer.Fact($"experiment-crossed.{question.Experiment}").AsFlag,
                IsOpen = asOf < since + question.Goal.Window,
            };
            List<(CustomerEvent Event, Instant At)> counted = [];
            foreach (var entry in view.History)
            {
                if (entry.Event is { } left && person.Counts(entry.EffectiveAt))
                {
                    counted.Add((left, entry.EffectiveAt));
                    person.Cost += question.Costs.PerEvent.GetValueOrDefault(left.Kind)
                        + (left.Kind == MessageOutcomes.Sent && left.Fields["channel"].AsCode is { } channel ? question.Costs.PerMessage.GetValueOrDefault(channel) : 0);
                }
            }

            person.History = question.Costs.PerUnit.Count > 0 ? view.History.ToDictionary(entry => entry.Key, entry => new KnownEvent(entry.EffectiveAt, entry.IsAmendment, entry.Event?.Original)) : person.History;
            person.Orders = [.. HistoryWindows.EventsOf(question.Goal.Leaf(new Measure.Count()), counted, asOf).Select(order => order.Key)];
            person.Revenue = HistoryWindows.Samples(question.Goal.Leaf(new Measure.SumOfSpend(question.Goal.Currency)), counted).Sum(sample => sample.Value.AsNumber);
            return person;
        }

        public bool Counts(Instant at) => Since < at && at <= Until;
    }
}
