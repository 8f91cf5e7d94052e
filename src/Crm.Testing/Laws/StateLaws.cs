using Crm.Ledger;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>What is known of a customer is what the last commits said.</summary>
internal static class StateLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "Slots_are_read_as_they_were_written",
            "The bytes and the codec's version of a slot come back as they were, whatever the bytes, and none at all.",
            async bench =>
            {
                StoredSlot[] slots = [new("a", 1, []), new("b", 2, [.. Enumerable.Range(0, 256).Select(value => (byte)value)]), new("kernel", int.MaxValue, [0]), new("z", 3, [.. Enumerable.Range(0, 100_000).Select(value => (byte)(value * 31))])];
                await bench.WriteAsync(Samples.Commit(1, 0) with { Slots = [slots[2], slots[0], slots[3], slots[1]] });
                Bench.SameList("The slots of a customer", slots, (await bench.LoadAsync(1)).Slots);
            },
            () => Faulty.Writing(commit => commit with { Slots = commit.Slots.Select(slot => slot with { Bytes = slot.Bytes.Take(65_535).ToSequence() }).ToSequence() })),

        Law.Of<ICustomerStore>(
            "Slots_that_a_commit_does_not_name_stay",
            "A commit writes the slots that changed; the others are as they were.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Slots = [Samples.Slot("a", 1), Samples.Slot("b", 1), Samples.Slot("c", 1)] }, Samples.Birth(2));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Slots = [Samples.Slot("b", 2, version: 5)] }, Samples.Commit(1, 2));
                Bench.SameList("The slots of a customer", [Samples.Slot("a", 1), Samples.Slot("b", 2, version: 5), Samples.Slot("c", 1)], (await bench.LoadAsync(1)).Slots);
                Bench.SameList("The slots of a customer without any", [], (await bench.LoadAsync(2)).Slots);
            },
            () => new Faulty
            {
                Load = (_, snapshot) => snapshot.Version >= 3 && snapshot.Slots.Any(slot => slot.Version == 5) ? snapshot with { Slots = snapshot.Slots.Where(slot => slot.Version == 5).ToSequence() } : snapshot,
            }),

        Law.Of<ICustomerStore>(
            "A_customer_is_found_by_id_and_by_every_identity",
            "Loading by any identity finds the same customer and version, with the number of identities and the reference of the one that was used.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Commit(1, 1) with { Claims = [new IdentityClaim(Identity.Phone("+85291234567"), 2), new IdentityClaim(Identity.Cookie("1"), 3)] });
                foreach (var (identity, reference) in new[] { (Samples.User(1), 1), (Identity.Phone("+852 9123 4567"), 2), (Identity.Cookie("1"), 3) })
                {
                    var found = await bench.LoadAsync(identity);
                    Bench.Same("The customer found by an identity", Samples.Customer(1), found.Customer);
                    Bench.Same("Its version", 2, found.Version);
                    Bench.Same("The number of its identities", 3, found.Identities);
                    Bench.Same("The reference of the identity", reference, found.IdentityReference);
                }

                Bench.Same("The reference when found by id", null, (await bench.LoadAsync(1)).IdentityReference);
                Bench.Same("An identity of another kind with the same value", CustomerSnapshot.Nobody, await bench.LoadAsync(new Identity("member", "1")));
                Bench.Same("A customer whom nobody knows", CustomerSnapshot.Nobody, await bench.LoadAsync(2));
                var both = await bench.Store.LoadAsync(new CustomerRef(Samples.Customer(1), Samples.User(9)), bench.Token);
                Bench.Same("The customer when id and identity are given", Samples.Customer(1), both.Customer);
            },
            () => new Faulty { Load = (customer, snapshot) => customer.Identity is { Kind: "cookie" } && snapshot.Identities == 3 ? snapshot with { IdentityReference = snapshot.IdentityReference is 3 ? 1 : snapshot.IdentityReference } : snapshot }),

        Law.Of<ICustomerStore>(
            "A_profile_is_replaced_as_a_whole",
            "A commit that has a profile replaces it, and one that has none leaves it; an empty one empties it.",
            async bench =>
            {
                var profile = Fields.Of(("name", "陳大文"), ("born", new LocalDate(1990, 2, 28)), ("vip", true), ("weight", 61.5m));
                await bench.WriteAsync(Samples.Birth(1) with { Profile = profile }, Samples.Commit(1, 1));
                Bench.Same("A profile", Values(profile), Values((await bench.LoadAsync(1)).Profile));
                await bench.WriteAsync(Samples.Commit(1, 2) with { Profile = Fields.Of(("city", "九龍")) });
                Bench.Same("A profile that was replaced", "city=九龍", Values((await bench.LoadAsync(1)).Profile));
                await bench.WriteAsync(Samples.Commit(1, 3) with { Profile = Fields.None });
                Bench.Same("A profile that was emptied", "", Values((await bench.LoadAsync(1)).Profile));
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var held = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default)).Profile;
                    return await store.CommitAsync(commit.Profile is { } profile && held.Count == 4 ? commit with { Profile = held.With(profile) } : commit, default);
                },
            }),

        Law.Of<IJournalScan>(
            "The_ledger_is_exact_and_in_order",
            "Entries come back as they were written, customer by customer, in the order of their commits and within them, with the largest and smallest amounts.",
            async bench =>
            {
                LedgerEntry[] first = [Samples.Issued(long.MaxValue), Samples.Issued(long.MinValue, "lot-2") with { Movement = Movement.Reversed, Corrects = EventKey.Parse("pos:0"), Code = "refund", Rule = null, Definition = null }, Samples.Issued(1, "b"), Samples.Issued(1, "a")];
                LedgerEntry[] second = [Samples.Issued(-1) with { Movement = Movement.Spent, OccurredAt = Samples.Start - Duration.FromTicks(1) }, Samples.Issued(9_007_199_254_740_993)];
                await bench.WriteAsync(Samples.Commit(1, 0) with { Ledger = [.. first] }, Samples.Commit(2, 0) with { Ledger = [Samples.Issued(7)] }, Samples.Commit(1, 1) with { Ledger = [.. second] });
                var ledger = await bench.LedgerAsync();
                Bench.SameList("The ledger of a customer", first.Concat(second), ledger.Where(row => row.Item1 == Samples.Customer(1)).Select(row => row.Item2));
                Bench.SameList("The customers of the ledger", [.. ledger.Select(row => row.Item1).Distinct()], ledger.Select(row => row.Item1).Aggregate(new List<CustomerId>(), Runs));
                Bench.Same("The number of entries", 7, ledger.Count);
            },
            () => Faulty.Writing(commit => commit with { Ledger = commit.Ledger.Select(entry => entry with { Amount = (long)(double)entry.Amount is var rounded && entry.Amount is > 1L << 53 and < 1L << 54 ? rounded : entry.Amount }).ToSequence() })),

        Law.Of<IJournalScan>(
            "Fact_rows_follow_the_facts",
            "A fact that changes has one row with the new value and its end; a fact that goes has none; every kind of value comes back.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with
                {
                    Facts = [new("flag", true, Samples.At(5)), new("number", -0.000001m), new("code", "金"), new("date", new LocalDate(1899, 12, 31)), new("instant", Samples.Start + Duration.FromTicks(7)), new("gone", 1)],
                });
                await bench.WriteAsync(Samples.Commit(1, 1) with { Facts = [new("flag", "no longer a flag"), new("gone", default)] }, Samples.Commit(2, 0) with { Facts = [new("number", 2)] });
                await bench.WriteAsync(Samples.Commit(2, 1));
                var facts = await bench.FactsAsync();
                Bench.SameList(
                    "The facts of a customer",
                    [new("code", "金"), new("date", new LocalDate(1899, 12, 31)), new("flag", "no longer a flag"), new("instant", Samples.Start + Duration.FromTicks(7)), new Modules.Fact("number", -0.000001m)],
                    facts.Where(row => row.Item1 == Samples.Customer(1)).Select(row => row.Item2));
                Bench.SameList("The facts of another customer", [new Modules.Fact("number", 2)], facts.Where(row => row.Item1 == Samples.Customer(2)).Select(row => row.Item2));
            },
            () => Faulty.Writing(commit => commit with { Facts = commit.Facts.Where(fact => !fact.Value.IsMissing).ToSequence() })),

        Law.Of<IJournalScan>(
            "A_scan_reads_every_customer_once",
            "A scan reads every customer who has an entry, by bucket and then by id, the whole journal of each, and every identity.",
            async bench =>
            {
                var births = Enumerable.Range(0, 20).Select(n => Samples.Birth(n)).ToArray();
                await bench.WriteAsync(births);
                await bench.WriteAsync(Samples.Commit(100, 0), Samples.Commit(7, 1, "pos:second"));
                var ids = births.Select(birth => birth.Customer).OrderBy(customer => customer.Bucket).ThenBy(customer => customer).ToList();
                Bench.SameList("The customers of a scan", ids, await bench.Scan.ReadCustomersAsync(bench.Token).ToListAsync(bench.Token));
                var all = await bench.Scan.ReadAllAsync(bench.Token).ToListAsync(bench.Token);
                Bench.SameList("The customers of the journals", ids, all.Select(row => row.Customer).Distinct());
                Bench.SameList("The journal of one of them", await bench.JournalAsync(7), all.Where(row => row.Customer == Samples.Customer(7)).Select(row => row.Entry));
                Bench.Same("The number of entries", 21, all.Count);
                var identities = await bench.Scan.ReadIdentitiesAsync(bench.Token).ToListAsync(bench.Token);
                Bench.SameList("The identities", births.Select(birth => (birth.Customer, birth.Claims[0].Identity)).Order(), identities.Order());
            },
            () => new ScansInTheOrderOfBirth()),
    ];

    private static string Values(Fields fields) => string.Join(' ', fields.Select(field => $"{field.Key}={field.Value}"));

    private static List<CustomerId> Runs(List<CustomerId> runs, CustomerId next)
    {
        if (runs.Count == 0 || runs[^1] != next)
        {
            runs.Add(next);
        }

        return runs;
    }

    private sealed class ScansInTheOrderOfBirth : StoreDecorator
    {
        private readonly List<CustomerId> born = [];

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            lock (born)
            {
                born.Add(commit.Customer);
            }

            return base.CommitAsync(commit, cancellationToken);
        }

        public override IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) =>
            born.Count < 30 ? base.ReadCustomersAsync(cancellationToken).OrderBy(born.IndexOf) : base.ReadCustomersAsync(cancellationToken);
    }
}
