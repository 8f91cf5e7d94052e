using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>What must leave leaves once at a time, in order, and never again after it has left.</summary>
internal static class OutboxLaws
{
    private static readonly Instant Now = Samples.At(10);
    private static readonly Instant Until = Samples.At(11);

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IOutbox>(
            "Items_leave_the_oldest_first_and_not_before_their_time",
            "Items are taken by the instant from which they may leave, then as they were committed; one whose time has not come waits.",
            async bench =>
            {
                await bench.WriteAsync(
                    Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "z", 2), Samples.Message(1, "late", 11), Samples.Message(1, "y", 2)] },
                    Samples.Commit(1, 1) with { Outbox = [Samples.Message(1, "first", 1), Samples.Message(1, "m", 2), Samples.Message(1, "now", 10)] });
                Bench.SameList("Occasions, at most two", ["first", "z"], Occasions(await bench.LeaseAsync(Now, Until, most: 2)));
                Bench.SameList("The other occasions", ["y", "m", "now"], Occasions(await bench.LeaseAsync(Now, Until)));
            },
            () => new Faulty { Lease = async (now, until, most, outbox) => [.. (await outbox.LeaseAsync(now, until, most, default)).OrderBy(item => item.NotBefore).ThenBy(item => item.Id, StringComparer.Ordinal)] }),

        Law.Of<IOutbox>(
            "Items_are_read_as_they_were_written",
            "Messages with their parameters, and follow-ups with identity, profile and look-ups, come back equal.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "welcome"), Samples.FollowUp(1, "crm:settle-1", 1)] });
                Bench.SameList("The items of the outbox", [Samples.Message(1, "welcome"), Samples.FollowUp(1, "crm:settle-1", 1)], await bench.LeaseAsync(Now, Until));
            },
            () => Faulty.Writing(commit => commit with { Outbox = commit.Outbox.Select(item => item is OutboxItem.OfFollowUp followUp ? followUp with { Event = followUp.Event with { Profile = default } } : item).ToSequence() })),

        Law.Of<IOutbox>(
            "A_leased_item_is_nobody_elses_until_the_lease_ends",
            "While a lease lasts nobody else gets the item, however many ask at once; from its end on somebody does.",
            async bench =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await bench.WriteAsync(Samples.Commit(n, 0) with { Outbox = [Samples.Message(n, "welcome")] });
                }

                var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => bench.LeaseAsync(Now, Until, most: 5))));
                var leased = leases.SelectMany(lease => lease).Select(item => item.Id).ToList();
                Bench.Same("Items leased twice", 0, leased.Count - leased.Distinct().Count());
                Bench.Same("Items leased", 20, leased.Count);
                Bench.SameList("Items leased just before the end of the lease", [], await bench.LeaseAsync(Until - Duration.FromTicks(1), Until));
                Bench.Same("Items leased at the end of the lease", 20, (await bench.LeaseAsync(Until, Samples.At(12))).Count);
            },
            () => new Faulty { Lease = async (now, until, most, outbox) => await outbox.LeaseAsync(now, most == 5 ? now : until, most, default) }),

        Law.Of<IOutbox>(
            "A_released_item_comes_again_later",
            "Releasing an item ends its lease, counts the attempt, and lets it wait until the instant given.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "welcome")] });
                var item = (await bench.LeaseAsync(Now, Samples.At(99))).Single();
                await bench.Outbox.ReleaseAsync(item, Samples.At(20), bench.Token);
                Bench.SameList("Items before the instant of the release", [], await bench.LeaseAsync(Samples.At(20) - Duration.FromTicks(1), Samples.At(99)));
                var again = await bench.LeaseAsync(Samples.At(20), Samples.At(99));
                Bench.SameList("Items at the instant of the release", [item with { Attempts = 1, NotBefore = Samples.At(20) }], again);
                await bench.Outbox.ReleaseAsync(item, Samples.At(30), bench.Token);
                Bench.Same("The attempts after two releases", 2, (await bench.LeaseAsync(Samples.At(30), Samples.At(99))).Single().Attempts);
            },
            () => new Faulty { Release = async (item, _, outbox) => await outbox.ReleaseAsync(item, Samples.At(20) - Duration.FromHours(1), default) }),

        Law.Of<IOutbox>(
            "What_is_settled_never_comes_back",
            "An item settled by itself or by a commit is gone, cannot be released, and its id is remembered: no commit can put it back.",
            async bench =>
            {
                var items = new[] { Samples.Message(1, "by-commit"), Samples.Message(1, "by-itself"), Samples.Message(1, "kept") };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [.. items] });
                await bench.LeaseAsync(Now, Samples.At(20));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Settled = [items[0].Id] });
                await bench.Outbox.SettleAsync(items[1], bench.Token);
                await bench.Outbox.ReleaseAsync(items[0], Now, bench.Token);
                await bench.Outbox.ReleaseAsync(items[1], Now, bench.Token);
                await bench.WriteAsync(Samples.Commit(1, 2) with { Outbox = [.. items] });
                Bench.SameList("What is left", ["kept"], Occasions(await bench.LeaseAsync(Bench.Later, Bench.Later + Duration.FromHours(1))));
            },
            () => new Faulty { Settle = (_, _) => Task.CompletedTask }),

        Law.Of<IOutbox>(
            "A_waiting_item_is_replaced_and_keeps_its_lease",
            "A commit whose item waits in the outbox already replaces it; there is one of it, and whoever has leased it keeps it.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "welcome", 2), Samples.Message(1, "leased", 1)] });
                await bench.LeaseAsync(Samples.At(1), Until);
                await bench.WriteAsync(Samples.Commit(1, 1) with { Outbox = [Samples.Message(1, "welcome", 5), Samples.Message(1, "thanks", 3), Samples.Message(1, "leased", 4)] });
                Bench.SameList("The items of the outbox", [Samples.Message(1, "thanks", 3), Samples.Message(1, "welcome", 5)], await bench.LeaseAsync(Now, Until));
                Bench.SameList(
                    "The items when all leases have ended",
                    [Samples.Message(1, "thanks", 3), Samples.Message(1, "leased", 4), Samples.Message(1, "welcome", 5)],
                    await bench.LeaseAsync(Until, Until + Duration.FromHours(1)));
            },
            () => new FreesWhatIsReplaced()),

        Law.Of<IOutbox>(
            "What_is_withdrawn_is_not_sent_unless_it_is_decided_again",
            "A commit withdraws an item that waits; a later commit may put it back. One that has left does not come back, withdrawn or not.",
            async bench =>
            {
                var items = new[] { Samples.Message(1, "withdrawn"), Samples.Message(1, "sent"), Samples.Message(1, "kept"), Samples.Message(1, "in-flight") };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [.. items] });
                await bench.WriteAsync(Samples.Commit(1, 1) with { Settled = [items[1].Id] });
                await bench.WriteAsync(Samples.Commit(1, 2) with { Withdrawn = [items[0].Id, items[1].Id, items[3].Id, "unknown"] });
                await bench.WriteAsync(Samples.Commit(1, 3) with { Settled = [items[3].Id] });
                Bench.SameList("What is left", ["kept"], Occasions(await bench.LeaseAsync(Now, Now)));
                await bench.WriteAsync(Samples.Commit(1, 4) with { Outbox = [items[0], items[1], items[3]] });
                Bench.SameList("What is left when all were decided again", ["kept", "withdrawn"], Occasions(await bench.LeaseAsync(Now, Until)));
            },
            () => Faulty.Writing(commit => commit with { Withdrawn = [] })),
    ];

    private static IEnumerable<string> Occasions(IEnumerable<OutboxItem> items) => items.OfType<OutboxItem.OfMessage>().Select(item => item.Message.Occasion);

    /// <summary>Takes an item whose id it knows for a new one that nobody has leased.</summary>
    private sealed class FreesWhatIsReplaced : StoreDecorator
    {
        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            foreach (var item in commit.Outbox.Where(_ => commit.ExpectedVersion == 1))
            {
                await InnerOutbox.ReleaseAsync(item, item.NotBefore, cancellationToken);
            }

            return await base.CommitAsync(commit, cancellationToken);
        }
    }
}
