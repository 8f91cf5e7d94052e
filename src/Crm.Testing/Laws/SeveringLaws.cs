using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>When the link to the person is cut, the person is gone and the books stay.</summary>
internal static class SeveringLaws
{
    private static readonly Identity Phone = Identity.Phone("+85298765432");
    private static readonly Identity Member = new("member", "severed-member-4711");

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "A_severed_identity_finds_nobody_and_may_be_claimed_anew",
            "Who comes with a severed identity is somebody new. The customer is found by what was not severed, and no reference is given twice.",
            async bench =>
            {
                await bench.WriteAsync(Known(1), Samples.Commit(1, 1) with { Severed = [Phone] });
                Bench.Same("Who has a severed identity", CustomerSnapshot.Nobody, await bench.LoadAsync(Phone));
                Bench.Same("Who has the identity beside it", Samples.Customer(1), (await bench.LoadAsync(Member)).Customer);
                Bench.Same("How many identities the customer ever had", 3, (await bench.LoadAsync(1)).Identities);
                await bench.WriteAsync(Samples.Commit(2, 0, "pos:9") with { Claims = [new IdentityClaim(Phone, 1)] });
                Bench.Same("Who has claimed it since", Samples.Customer(2), (await bench.LoadAsync(Phone)).Customer);
                await bench.WriteAsync(Samples.Commit(1, 2) with { Severed = [Phone, Member, Samples.User(1), Identity.Cookie("unknown")] });
                Bench.Same("Whether somebody else's identity stays", Samples.Customer(2), (await bench.LoadAsync(Phone)).Customer);
                Bench.Same("Who has the last severed identity", CustomerSnapshot.Nobody, await bench.LoadAsync(Samples.User(1)));
                await bench.WriteAsync(Samples.Commit(1, 3) with { Claims = [new IdentityClaim(Member, 4)] });
                Bench.Same("The reference of an identity that came back", 4, (await bench.LoadAsync(Member)).IdentityReference);
            },
            () => new SeversWhatIsNotItsOwn()),

        Law.Of<ICustomerStore>(
            "Severing_leaves_the_books_as_they_are",
            "The journal, the ledger, the slots and the keys of a customer whose identities were severed are what they were: a receipt that comes again is known.",
            async bench =>
            {
                var known = Known(1) with { Slots = [Samples.Slot("loyalty", 7)], Ledger = [Samples.Issued(52)] };
                await bench.WriteAsync(known);
                await bench.WriteAsync(Gone(1));
                Bench.SameList("The journal", known.Entries, await bench.JournalAsync(1));
                Bench.SameList("The slots", known.Slots, (await bench.LoadAsync(1)).Slots);
                Bench.Same("An event that comes again, with an identity that is free", Bench.Already(known), await bench.TryAsync(Samples.Commit(2, 0) with { Entries = [Samples.Entry(2, 1, known.Entries[0].Event)], Claims = [new IdentityClaim(Phone, 1)] }));
                if (bench.Store is IJournalScan scan)
                {
                    Bench.SameList("The ledger", known.Ledger, (await bench.LedgerAsync()).Select(row => row.Item2));
                    Bench.SameList("Identities", [], await scan.ReadIdentitiesAsync(bench.Token).ToListAsync(bench.Token));
                }
            },
            () => new ForgetsTheBooks()),

        Law.Of<ICustomerStore>(
            "A_commit_that_is_refused_severs_nothing",
            "Where a commit is refused, the identities that it would have severed are still the customer's.",
            async bench =>
            {
                await bench.WriteAsync(Known(1));
                Bench.Same<CommitResult>("A commit from an old version", new CommitResult.VersionConflict(), await bench.TryAsync(Gone(1) with { ExpectedVersion = 0 }));
                Bench.Same("Who has the identity", Samples.Customer(1), (await bench.LoadAsync(Phone)).Customer);
                Bench.Same("The profile", "陳大文", (await bench.LoadAsync(1)).Profile["name"].AsCode);
            },
            () => new SeversInSpiteOfARefusal()),

        Law.Of<IOutbox>(
            "A_follow_up_that_waits_names_a_severed_customer_by_id",
            "A follow-up of somebody else that waits for a customer holds none of the identities that are severed meanwhile: it goes to the customer by id. One that waits for somebody else is as it was.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(2), Samples.Birth(3), Samples.Commit(1, 0) with { Outbox = [Samples.FollowUp(1, "gift:2"), Samples.FollowUp(2, "gift:3", hours: 1)] });
                await bench.WriteAsync(Samples.Commit(2, 1) with { Severed = [Samples.User(2), Samples.User(3)] });
                var waiting = (await bench.Outbox.LeaseAsync(Bench.Later, Bench.Later, 10, bench.Token)).Cast<OutboxItem.OfFollowUp>().ToList();
                Bench.SameList("Whom follow-ups that wait name by id", [Samples.Customer(2), null], waiting.Select(item => item.Event.Customer));
                Bench.SameList("Whom they name by an identity", [null, Samples.User(3)], waiting.Select(item => item.Event.Identity));
                Bench.SameList("Their keys", ["gift:2", "gift:3"], waiting.Select(item => $"{item.Event.Key}"));
            },
            () => new RemembersWhoWasSevered()),

        Law.Needing<ICustomerStore, IStoreSearch>(
            "What_is_severed_is_kept_nowhere",
            "After a commit that severs the identities, empties the profile and withdraws what waits, no value of them is found in any table or index.",
            async (factory, cancellationToken) =>
            {
                var bench = new Bench(await factory.OpenAsync("default", cancellationToken), cancellationToken);
                await bench.WriteAsync(Known(1), Samples.Birth(2));
                foreach (var value in Personal)
                {
                    Bench.Same("Whether the search finds a value that is there", true, (await factory.FindAsync(value, cancellationToken)).Count > 0);
                }

                await bench.WriteAsync(Samples.Commit(1, 1) with { Profile = Fields.Of(("name", "severed-name-4713")) }, Gone(1) with { ExpectedVersion = 2, Version = 3 });
                foreach (var value in Personal.Append("severed-name-4713"))
                {
                    Bench.SameList($"Where '{value}' is kept", [], await factory.FindAsync(value, cancellationToken));
                }
            },
            () => new CounterfeitFactory(_ => new KeepsAnIndex())),
    ];

    private static IEnumerable<string> Personal => [Phone.Value, Member.Value, "severed-name-4712", "severed-code-4714"];

    /// <summary>A customer of three identities, with a profile and a message that waits.</summary>
    private static Commit Known(int customer) => Samples.Commit(customer, 0) with
    {
        Entries = [Samples.Entry(customer, 1, Samples.Purchase("pos:1") with { Actor = "severed" })],
        Claims = [new IdentityClaim(Samples.User(customer), 1), new IdentityClaim(Phone, 2), new IdentityClaim(Member, 3)],
        Profile = Fields.Of(("name", "陳大文"), ("alias", "severed-name-4712")),
        Outbox = [Waiting(customer)],
    };

    private static OutboxItem Waiting(int customer) => Samples.Message(customer, "waiting") is OutboxItem.OfMessage item
        ? item with { Message = item.Message with { Parameters = Fields.Of(("code", "severed-code-4714")) } }
        : throw new InvalidOperationException("A sample message is no message.");

    private static Commit Gone(int customer) => Samples.Commit(customer, 1) with
    {
        Severed = [Samples.User(customer), Phone, Member],
        Profile = Fields.None,
        Withdrawn = [Waiting(customer).Id],
    };

    /// <summary>Hands out follow-ups as they were written.</summary>
    private sealed class RemembersWhoWasSevered : StoreDecorator
    {
        private readonly Dictionary<string, OutboxItem> written = new(StringComparer.Ordinal);

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            lock (written)
            {
                foreach (var item in commit.Outbox.OfType<OutboxItem.OfFollowUp>().Where(item => item.Event.Key.Source == "gift"))
                {
                    written[item.Id] = item;
                }
            }

            return base.CommitAsync(commit, cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(NodaTime.Instant now, NodaTime.Instant until, int most, CancellationToken cancellationToken)
        {
            var leased = await base.LeaseAsync(now, until, most, cancellationToken);
            lock (written)
            {
                return [.. leased.Select(item => written.GetValueOrDefault(item.Id, item))];
            }
        }
    }

    /// <summary>Cuts an identity from whoever has it.</summary>
    private sealed class SeversWhatIsNotItsOwn : StoreDecorator
    {
        private bool others;

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            others |= commit.Severed.Contains(Identity.Cookie("unknown"));
            return await base.CommitAsync(commit, cancellationToken);
        }

        public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) =>
            others && customer.Identity == Phone ? CustomerSnapshot.Nobody : await base.LoadAsync(customer, cancellationToken);
    }

    /// <summary>Takes the journal with the person.</summary>
    private sealed class ForgetsTheBooks : StoreDecorator
    {
        private readonly HashSet<CustomerId> severed = [];

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await base.CommitAsync(commit, cancellationToken);
            lock (severed)
            {
                if (commit.Severed.Count == 3 && result is CommitResult.Committed)
                {
                    severed.Add(commit.Customer);
                }
            }

            return result;
        }

        public override IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken)
        {
            lock (severed)
            {
                return severed.Contains(customer) ? AsyncEnumerable.Empty<JournalEntry>() : base.ReadJournalAsync(customer, afterVersion, cancellationToken);
            }
        }
    }

    /// <summary>Cuts first, and asks then.</summary>
    private sealed class SeversInSpiteOfARefusal : StoreDecorator
    {
        private readonly HashSet<Identity> severed = [];

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await base.CommitAsync(commit, cancellationToken);
            lock (severed)
            {
                if (result is CommitResult.VersionConflict)
                {
                    severed.UnionWith(commit.Severed);
                }
            }

            return result;
        }

        public override ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            lock (severed)
            {
                return customer.Identity is { } identity && severed.Contains(identity) ? ValueTask.FromResult(CustomerSnapshot.Nobody) : base.LoadAsync(customer, cancellationToken);
            }
        }
    }

    /// <summary>Keeps a directory of identities beside the store, and does not look after it.</summary>
    private sealed class KeepsAnIndex : StoreDecorator
    {
        private readonly List<string> directory = [];

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            lock (directory)
            {
                directory.AddRange(commit.Claims.Select(claim => claim.Identity.Value));
            }

            return base.CommitAsync(commit, cancellationToken);
        }
    }
}
