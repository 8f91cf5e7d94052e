using Crm.Storage;
using Crm.Testing.Counterfeits;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Who is due is woken by one worker at a time, and again when that worker falls.</summary>
internal static class WakeupLaws
{
    private static readonly Instant Now = Samples.At(10);
    private static readonly Instant Until = Samples.At(11);

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IWakeups>(
            "Customers_are_woken_when_they_are_due_and_the_earliest_first",
            "Only customers due at or before the instant are taken, the earliest first, and no more than asked for; a commit moves or removes the one row of its customer.",
            async bench =>
            {
                await bench.WriteAsync(Due(1, 0, 3), Due(2, 0, 1), Due(3, 0, 2), Due(4, 0, 9), Due(5, 0, 1), Samples.Birth(6));
                await bench.WriteAsync(Due(5, 1, 4), Due(1, 1, null), Samples.Commit(2, 1));
                Bench.SameList("Customers due, at most one", [Samples.Customer(2)], await bench.LeaseDueAsync(Samples.At(4), Now, Until, most: 1));
                Bench.SameList("The other customers due", [Samples.Customer(3), Samples.Customer(5)], await bench.LeaseDueAsync(Samples.At(4), Now, Until));
                Bench.SameList("Customers due later", [Samples.Customer(4)], await bench.LeaseDueAsync(Samples.At(9), Now, Until));
            },
            () => new Faulty { LeaseDue = async (due, now, until, most, store) => await store.LeaseDueAsync(due, now, until, most, default) is var right && due == Samples.At(4) ? [.. right.Reverse()] : right }),

        Law.Of<IWakeups>(
            "A_leased_customer_is_nobody_elses_until_the_lease_ends",
            "While a lease lasts nobody else gets the customer, however many ask at once; from its end on somebody does.",
            async bench =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await bench.WriteAsync(Due(n, 0, n));
                }

                var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => bench.LeaseDueAsync(Samples.At(50), Now, Until, most: 5))));
                var leased = leases.SelectMany(lease => lease).ToList();
                Bench.Same("Customers leased twice", 0, leased.Count - leased.Distinct().Count());
                Bench.Same("Customers leased", 20, leased.Count);
                Bench.SameList("Customers leased just before the end of the lease", [], await bench.LeaseDueAsync(Samples.At(50), Until - Duration.FromTicks(1), Until));
                Bench.Same("Customers leased at the end of the lease", 20, (await bench.LeaseDueAsync(Samples.At(50), Until, Samples.At(12))).Count);
            },
            () => new Faulty { LeaseDue = async (due, now, until, most, store) => await store.LeaseDueAsync(due, now, most == 5 ? now : until, most, default) }),

        Law.Of<IWakeups>(
            "A_commit_that_says_when_ends_the_lease",
            "A commit that writes when the customer is next due frees the customer at once; one that does not leaves the lease.",
            async bench =>
            {
                await bench.WriteAsync(Due(1, 0, 1), Due(2, 0, 1));
                await bench.LeaseDueAsync(Samples.At(1), Now, Until);
                await bench.WriteAsync(Due(1, 1, 2), Samples.Commit(2, 1));
                Bench.SameList("Customers free again", [Samples.Customer(1)], await bench.LeaseDueAsync(Samples.At(5), Now, Until));
            },
            () => new KeepsLeases()),

        Law.Of<IWakeups>(
            "Whoever_had_a_lease_stands_where_they_are_due",
            "When leases end, customers who had one and customers who never had one stand in one queue, by when they are due: no lease is earlier or later than none.",
            async bench =>
            {
                await bench.WriteAsync(Due(1, 0, 5), Due(2, 0, 1), Due(3, 0, 4), Due(4, 0, 2), Due(5, 0, 3));
                await bench.LeaseDueAsync(Samples.At(2), Now, Until);
                await bench.WriteAsync(Due(6, 0, 0), Due(7, 0, 6));
                Bench.SameList(
                    "Customers due when the leases have ended",
                    [Samples.Customer(6), Samples.Customer(2), Samples.Customer(4), Samples.Customer(5), Samples.Customer(3), Samples.Customer(1), Samples.Customer(7)],
                    await bench.LeaseDueAsync(Samples.At(9), Until, Samples.At(12)));
            },
            () => new PutsThoseWithALeaseLast()),

        Law.Of<IWakeups>(
            "A_customer_is_due_to_the_tick",
            "A customer is due at its instant and not 100 nanoseconds before, and a lease ends at its own.",
            async bench =>
            {
                var due = Samples.At(3) + Duration.FromTicks(1_234_567);
                await bench.WriteAsync(Samples.Commit(1, 0) with { NextDue = due, NextDueChanged = true });
                Bench.SameList("Customers due a tick before", [], await bench.LeaseDueAsync(due - Duration.FromTicks(1), Now, Until));
                Bench.SameList("Customers due at the instant", [Samples.Customer(1)], await bench.LeaseDueAsync(due, Now, Until + Duration.FromTicks(1)));
                Bench.SameList("Customers due a tick before the end of the lease", [], await bench.LeaseDueAsync(due, Until, Until));
                Bench.SameList("Customers due at the end of the lease", [Samples.Customer(1)], await bench.LeaseDueAsync(due, Until + Duration.FromTicks(1), Samples.At(12)));
            },
            () => new Faulty { LeaseDue = async (due, now, until, most, store) => await store.LeaseDueAsync(due + Duration.FromTicks(9), now, until, most, default) }),

        Law.Of<IWakeups>(
            "Whoever_is_due_is_woken_until_a_commit_says_otherwise",
            "However often a worker takes a customer and falls, the customer comes again: nobody is given up.",
            async bench =>
            {
                await bench.WriteAsync(Due(1, 0, 1), Due(2, 0, 2));
                for (var fall = 0; fall < 12; fall++)
                {
                    Bench.SameList($"Customers due after {fall} workers fell", [Samples.Customer(1), Samples.Customer(2)], await bench.LeaseDueAsync(Samples.At(5), Samples.At(10 + fall), Samples.At(11 + fall)));
                }

                await bench.WriteAsync(Due(1, 1, null));
                Bench.SameList("Customers due after a commit", [Samples.Customer(2)], await bench.LeaseDueAsync(Samples.At(5), Samples.At(50), Samples.At(51)));
            },
            () => new GivesUpAfterTenLeases()),

        Law.Of<IWakeups>(
            "A_refused_commit_leaves_the_timer_and_its_lease",
            "A commit that is refused changes neither when the customer is due nor who has the customer.",
            async bench =>
            {
                await bench.WriteAsync(Due(1, 0, 1));
                await bench.LeaseDueAsync(Samples.At(1), Now, Until);
                Bench.Same<CommitResult>("A commit from an old version", new CommitResult.VersionConflict(), await bench.TryAsync(Samples.Commit(1, 0, "timer:1") with { NextDue = Samples.At(7), NextDueChanged = true }));
                Bench.SameList("Customers who are free", [], await bench.LeaseDueAsync(Samples.At(9), Now, Until));
                Bench.SameList("Customers who were due at the first instant", [Samples.Customer(1)], await bench.LeaseDueAsync(Samples.At(1), Until, Samples.At(12)));
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var result = await store.CommitAsync(commit, default);
                    if (result is CommitResult.VersionConflict && commit.Entries is [{ Event.Key.Source: "timer" }])
                    {
                        await store.CommitAsync(Samples.Commit(1, 1) with { NextDue = commit.NextDue, NextDueChanged = true }, default);
                    }

                    return result;
                },
            }),
    ];

    private static Commit Due(int customer, long expected, int? hours) =>
        Samples.Commit(customer, expected) with { NextDue = hours is { } at ? Samples.At(at) : null, NextDueChanged = true };

    private sealed class KeepsLeases : StoreDecorator
    {
        private readonly HashSet<Values.CustomerId> leased = [];

        public override async ValueTask<IReadOnlyList<Values.CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var customers = await Inner.LeaseDueAsync(due, now, until, most, cancellationToken);
            lock (leased)
            {
                return now >= Until ? customers : [.. customers.Where(leased.Add)];
            }
        }
    }

    private sealed class PutsThoseWithALeaseLast : StoreDecorator
    {
        private readonly HashSet<Values.CustomerId> leased = [];

        public override async ValueTask<IReadOnlyList<Values.CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var customers = await Inner.LeaseDueAsync(due, now, until, most, cancellationToken);
            lock (leased)
            {
                var ordered = customers.Where(customer => !leased.Contains(customer)).Concat(customers.Where(leased.Contains)).ToList();
                leased.UnionWith(customers);
                return ordered;
            }
        }
    }

    private sealed class GivesUpAfterTenLeases : StoreDecorator
    {
        private readonly Dictionary<Values.CustomerId, int> leases = [];

        public override async ValueTask<IReadOnlyList<Values.CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var customers = await Inner.LeaseDueAsync(due, now, until, most, cancellationToken);
            lock (leases)
            {
                return [.. customers.Where(customer => (leases[customer] = leases.GetValueOrDefault(customer) + 1) <= 10)];
            }
        }
    }
}
