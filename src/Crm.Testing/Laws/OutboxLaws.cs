using System.Collections.Concurrent;
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
            () => Faulty.Writing(commit => commit with { Outbox = commit.Outbox.Select(item => item is OutboxItem.OfFollowUp { Event.Key.Value: "settle-1" } followUp ? followUp with { Event = followUp.Event with { Profile = default } } : item).ToSequence() })),

        Law.Of<IOutbox>(
            "A_follow_up_of_imported_history_is_read_as_one",
            "Whether a follow-up is of imported history, so that nothing may be sent for it, comes back as it was written.",
            async bench =>
            {
                OutboxItem[] items = [((OutboxItem.OfFollowUp)Samples.FollowUp(1, "crm:imported")) with { Backfill = true }, Samples.FollowUp(1, "crm:live", 1)];
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [.. items] });
                Bench.SameList("The items of the outbox", items, await bench.LeaseAsync(Now, Until));
            },
            () => Faulty.Writing(commit => commit with { Outbox = commit.Outbox.Select(item => item is OutboxItem.OfFollowUp followUp ? followUp with { Backfill = false } : item).ToSequence() })) with { Since = 5 },

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
                await bench.ReleaseAsync(item, Samples.At(99), Samples.At(20));
                Bench.SameList("Items before the instant of the release", [], await bench.LeaseAsync(Samples.At(20) - Duration.FromTicks(1), Samples.At(99)));
                var again = await bench.LeaseAsync(Samples.At(20), Samples.At(99));
                Bench.SameList("Items at the instant of the release", [item with { Attempts = 1, NotBefore = Samples.At(20) }], again);
                await bench.ReleaseAsync(item, Samples.At(99), Samples.At(30));
                Bench.Same("The attempts after two releases", 2, (await bench.LeaseAsync(Samples.At(30), Samples.At(99))).Single().Attempts);
            },
            () => new Faulty { Release = async (item, lease, notBefore, outbox) => await outbox.ReleaseAsync(item, lease, notBefore - Duration.FromHours(1), default) }),

        Law.Of<IOutbox>(
            "What_is_put_off_comes_again_and_no_attempt_is_counted",
            "Postponing an item ends its lease and lets it wait until the instant given; how often it was tried stays as it was.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "welcome")] });
                var item = (await bench.LeaseAsync(Now, Samples.At(99))).Single();
                await bench.PostponeAsync(item, Samples.At(99), Samples.At(20));
                Bench.SameList("Items before the instant to which it was put off", [], await bench.LeaseAsync(Samples.At(20) - Duration.FromTicks(1), Samples.At(99)));
                Bench.SameList("Items at the instant", [item with { NotBefore = Samples.At(20) }], await bench.LeaseAsync(Samples.At(20), Samples.At(99)));
                await bench.ReleaseAsync(item, Samples.At(99), Samples.At(30));
                await bench.LeaseAsync(Samples.At(30), Samples.At(99));
                await bench.PostponeAsync(item, Samples.At(99), Samples.At(40));
                Bench.Same("The attempts after one release", 1, (await bench.LeaseAsync(Samples.At(40), Samples.At(99))).Single().Attempts);
            },
            () => new Faulty { Postpone = async (item, lease, notBefore, outbox) => await outbox.ReleaseAsync(item, lease, notBefore, default) }) with { Since = 3 },

        Law.Of<IOutbox>(
            "Who_has_lost_a_lease_releases_nothing",
            "Releasing an item names the lease by its end. While another has the item by now, nothing changes; while nobody has, it is released as ever.",
            bench => LostLeaseAsync(bench, bench.ReleaseAsync),
            () => new EndsAnyLease { Postponing = false }) with { Since = 4 },

        Law.Of<IOutbox>(
            "Who_has_lost_a_lease_puts_nothing_off",
            "Postponing an item names the lease by its end. While another has the item by now, nothing changes; while nobody has, it is put off as ever.",
            bench => LostLeaseAsync(bench, bench.PostponeAsync),
            () => new EndsAnyLease { Releasing = false }) with { Since = 4 },

        Law.Of<IOutbox>(
            "What_is_decided_for_a_later_time_is_not_brought_forward",
            "Releasing and postponing let an item wait at least as long as it was to wait anyway: who leased it may not know that a commit has replaced it by one for a later time.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "released", 1), Samples.Message(1, "put-off", 1)] });
                var items = await bench.LeaseAsync(Now, Until);
                await bench.WriteAsync(Samples.Commit(1, 1) with { Outbox = [Samples.Message(1, "released", 15), Samples.Message(1, "put-off", 15)] });
                await bench.ReleaseAsync(items[0], Until, Now);
                await bench.PostponeAsync(items[1], Until, Now);
                Bench.SameList("Items just before the later time", [], await bench.LeaseAsync(Samples.At(15) - Duration.FromTicks(1), Samples.At(15)));
                Bench.Same("Items at the later time", 2, (await bench.LeaseAsync(Samples.At(15), Samples.At(16))).Count);
            },
            () => new BringsForward()) with { Since = 4 },

        Law.Of<IOutbox>(
            "What_is_settled_never_comes_back",
            "An item settled by itself or by a commit is gone, cannot be released, and its id is remembered: no commit can put it back.",
            async bench =>
            {
                var items = new[] { Samples.Message(1, "by-commit"), Samples.Message(1, "by-itself"), Samples.Message(1, "kept") };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [.. items] });
                await bench.LeaseAsync(Now, Samples.At(20));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Settled = [items[0].Id] });
                await bench.SettleAsync(items[1]);
                await bench.ReleaseAsync(items[0], Samples.At(20), Now);
                await bench.ReleaseAsync(items[1], Samples.At(20), Now);
                await bench.WriteAsync(Samples.Commit(1, 2) with { Outbox = [.. items] });
                Bench.SameList("What is left", ["kept"], Occasions(await bench.LeaseAsync(Bench.Later, Bench.Later + Duration.FromHours(1))));
            },
            () => new Faulty { Settle = async (item, outbox) => await (item.Id.EndsWith("by-itself", StringComparison.Ordinal) ? ValueTask.CompletedTask : outbox.SettleAsync(item, default)) }),

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
            () => Faulty.Writing(commit => commit.Withdrawn.Count > 1 ? commit with { Withdrawn = [] } : commit)),

        Law.Of<IOutbox>(
            "A_commit_can_withdraw_whatever_message_waits",
            "A commit that withdraws all messages withdraws those that wait for the customer, leased or not, whatever their ids, and no follow-up of the customer's, nor anybody else's message. One that is decided again comes back.",
            async bench =>
            {
                var items = new[] { Samples.Message(1, "waits"), Samples.Message(1, "sent"), Samples.Message(1, "in-flight") };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [.. items, Samples.FollowUp(1, "gift:2")] }, Samples.Commit(2, 0) with { Outbox = [Samples.Message(2, "waits")] });
                await bench.WriteAsync(Samples.Commit(1, 1) with { Settled = [items[1].Id] });
                await bench.LeaseAsync(Now, Now + Duration.FromTicks(1), most: 1);
                await bench.WriteAsync(Samples.Commit(1, 2) with { WithdrawsMessages = true });
                Bench.SameList("What waits afterwards", [2, 1], (await bench.LeaseAsync(Until, Until)).Select(item => item is OutboxItem.OfMessage ? 2 : 1).OrderDescending());
                await bench.WriteAsync(Samples.Commit(1, 3) with { Outbox = [items[0]] });
                Bench.Same("How many items wait when a message was decided again", 3, (await bench.LeaseAsync(Until, Until)).Count);
            },
            () => Faulty.Writing(commit => commit.WithdrawsMessages ? commit with { WithdrawsMessages = false, Withdrawn = [Samples.Message(1, "in-flight").Id] } : commit)) with { Since = 2 },

        Law.Of<IOutbox>(
            "Whatever_had_a_lease_stands_in_its_old_place",
            "When leases end, items that had one and items that never had one stand in one queue, by when they may leave: no lease is earlier or later than none.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "d", 5), Samples.Message(1, "a", 1), Samples.Message(1, "c", 4), Samples.Message(1, "b", 2)] });
                await bench.LeaseAsync(Samples.At(2), Until);
                await bench.WriteAsync(Samples.Commit(1, 1) with { Outbox = [Samples.Message(1, "first", 0), Samples.Message(1, "last", 6)] });
                Bench.SameList("Occasions when the leases have ended", ["first", "a", "b", "c", "d", "last"], Occasions(await bench.LeaseAsync(Until, Samples.At(12))));
            },
            () => new PutsItemsWithALeaseLast()),

        Law.Of<IOutbox>(
            "Of_many_who_empty_one_outbox_each_item_leaves_once",
            "Eight workers who lease and settle what three hundred customers sent, while more is sent, hand over every item once, and leave nothing.",
            async bench =>
            {
                for (var n = 0; n < 300; n++)
                {
                    await bench.WriteAsync(Samples.Commit(n, 0) with { Outbox = [Samples.Message(n, $"drain-{n}")] });
                }

                var handed = new ConcurrentBag<string>();
                var more = Task.Run(async () =>
                {
                    for (var n = 300; n < 350; n++)
                    {
                        await bench.WriteAsync(Samples.Commit(n, 0) with { Outbox = [Samples.Message(n, $"drain-{n}")] });
                    }
                });
                await Bench.TogetherAsync(Enumerable.Range(0, 8).Select(_ => (Func<Task<int>>)(async () =>
                {
                    for (var last = false; ;)
                    {
                        var items = await Bench.AnswerAsync("A lease that competes with others", () => bench.LeaseAsync(Now, Samples.At(99), most: 7));
                        foreach (var item in items)
                        {
                            handed.Add(item.Id);
                            await bench.SettleAsync(item);
                        }

                        if (items.Count == 0 && last)
                        {
                            return 0;
                        }

                        last = more.IsCompleted;
                    }
                })));
                await more;
                Bench.Same("Items that were handed over twice", 0, handed.Count - handed.Distinct().Count());
                Bench.Same("Items that were handed over", 350, handed.Distinct().Count());
                Bench.SameList("Items that are left", [], await bench.LeaseAsync(Bench.Later, Bench.Later));
            },
            () => new HandsOneItemOverTwice()),

        Law.Of<IOutbox>(
            "Settling_what_the_outbox_never_had_does_nothing",
            "An id that the outbox does not have may be settled, by itself or by a commit, without trace: an item that is committed under it later leaves. Only what was there can have left.",
            async bench =>
            {
                var items = new[] { Samples.Message(1, "unknown-1"), Samples.Message(1, "unknown-2") };
                await bench.SettleAsync(items[0]);
                await bench.WriteAsync(Samples.Commit(1, 0) with { Settled = [items[1].Id] }, Samples.Commit(1, 1) with { Outbox = [.. items] });
                Bench.SameList("What leaves", ["unknown-1", "unknown-2"], Occasions(await bench.LeaseAsync(Now, Until)));
            },
            () => new RemembersWhateverIsSettled()),

        Law.Of<IOutbox>(
            "An_item_waits_to_the_tick",
            "An item may leave at its instant and not 100 nanoseconds before, and a lease ends at its own.",
            async bench =>
            {
                var from = Samples.At(3) + Duration.FromTicks(1_234_567);
                var item = Samples.Message(1, "to-the-tick") with { NotBefore = from };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [item] });
                Bench.SameList("Items a tick before", [], await bench.LeaseAsync(from - Duration.FromTicks(1), Until));
                Bench.SameList("Items at the instant", [item], await bench.LeaseAsync(from, Until + Duration.FromTicks(1)));
                Bench.SameList("Items a tick before the end of the lease", [], await bench.LeaseAsync(Until, Until));
                Bench.SameList("Items at the end of the lease", [item], await bench.LeaseAsync(Until + Duration.FromTicks(1), Samples.At(12)));
            },
            () => new Faulty { Lease = async (now, until, most, outbox) => await outbox.LeaseAsync(now < Samples.At(4) ? now + Duration.FromTicks(9) : now, until, most, default) }),
    ];

    private static IEnumerable<string> Occasions(IEnumerable<OutboxItem> items) => items.OfType<OutboxItem.OfMessage>().Select(item => item.Message.Occasion);

    // Two items whose lease has ended; one of them is another's by now.
    private static async Task LostLeaseAsync(Bench bench, Func<OutboxItem, Instant, Instant, Task> endAsync)
    {
        await bench.WriteAsync(Samples.Commit(1, 0) with { Outbox = [Samples.Message(1, "taken-over", 1), Samples.Message(1, "left", 2)] });
        var items = await bench.LeaseAsync(Now, Until);
        await bench.LeaseAsync(Until, Samples.At(13), most: 1);
        foreach (var item in items)
        {
            await endAsync(item, Until, Samples.At(12));
        }

        Bench.SameList("Occasions while another has one of them", ["left"], Occasions(await bench.LeaseAsync(Samples.At(13) - Duration.FromTicks(1), Samples.At(14))));
        Bench.SameList("Items when the other lease has ended too", [items[0]], await bench.LeaseAsync(Samples.At(13), Samples.At(14)));
    }

    /// <summary>Takes an item whose id it knows for a new one that nobody has leased.</summary>
    private sealed class FreesWhatIsReplaced : StoreDecorator
    {
        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            foreach (var item in commit.Outbox.Where(_ => commit is { ExpectedVersion: 1, Outbox.Count: 3 }))
            {
                await InnerOutbox.ReleaseAsync(item, Until, item.NotBefore, cancellationToken);
            }

            return await base.CommitAsync(commit, cancellationToken);
        }
    }

    /// <summary>Lets what was put off wait until the instant given and no longer, whatever a commit has decided meanwhile.</summary>
    private sealed class BringsForward : StoreDecorator
    {
        private readonly ConcurrentDictionary<string, Instant> decided = new(StringComparer.Ordinal);

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            foreach (var item in commit.Outbox)
            {
                decided[item.Id] = item.NotBefore;
            }

            return base.CommitAsync(commit, cancellationToken);
        }

        public override async ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken)
        {
            await base.ReleaseAsync(item, lease, notBefore, cancellationToken);
            await ForwardAsync(item, notBefore, cancellationToken);
        }

        public override async ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken)
        {
            await base.PostponeAsync(item, lease, notBefore, cancellationToken);
            await ForwardAsync(item, notBefore, cancellationToken);
        }

        private async ValueTask ForwardAsync(OutboxItem item, Instant notBefore, CancellationToken cancellationToken)
        {
            if (decided.TryGetValue(item.Id, out var later) && later > item.NotBefore)
            {
                var version = (await Inner.LoadAsync(CustomerRef.Of(item.Customer), cancellationToken)).Version;
                await Inner.CommitAsync(Samples.Commit(1, version) with { Customer = item.Customer, Outbox = [item with { NotBefore = notBefore }] }, cancellationToken);
            }
        }
    }

    private sealed class PutsItemsWithALeaseLast : StoreDecorator
    {
        private readonly HashSet<string> leased = [];

        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var items = await InnerOutbox.LeaseAsync(now, until, most, cancellationToken);
            lock (leased)
            {
                // By itself this is also what happens to an item whose lease was given back; that is another law's.
                var again = items.Where(item => item.Attempts == 0 && item is OutboxItem.OfMessage { Message.Occasion.Length: 1 } && leased.Contains(item.Id)).ToList();
                leased.UnionWith(items.Select(item => item.Id));
                return [.. items.Except(again), .. again];
            }
        }
    }

    private sealed class HandsOneItemOverTwice : StoreDecorator
    {
        private OutboxItem? twice;

        public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken)
        {
            var items = await InnerOutbox.LeaseAsync(now, until, most, cancellationToken);
            lock (Inner)
            {
                if (twice is { } item && items.Count < most)
                {
                    twice = null;
                    return [.. items, item];
                }

                twice ??= items.OfType<OutboxItem.OfMessage>().FirstOrDefault(found => found.Message.Occasion == "drain-13");
                return items;
            }
        }
    }

    private sealed class RemembersWhateverIsSettled : StoreDecorator
    {
        private readonly HashSet<string> settled = [];

        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            lock (settled)
            {
                settled.UnionWith(commit.Settled);
                return base.CommitAsync(commit with { Outbox = commit.Outbox.Where(item => !settled.Contains(item.Id)).ToSequence() }, cancellationToken);
            }
        }
    }
}
