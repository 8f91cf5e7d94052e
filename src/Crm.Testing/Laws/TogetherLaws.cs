using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>Commits of several customers that belong together, who a customer is, and what waits.</summary>
internal static class TogetherLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IAtomicCommits>(
            "Commits_that_belong_together_are_written_all_or_none",
            "Where one of several commits cannot be written, for whatever reason, none is, and the answer names the first that stands in the way. Each counts as if those before it were written.",
            async bench =>
            {
                var store = (IAtomicCommits)bench.Store;
                await bench.Quotas.SetAsync("mug", 1, bench.Token);
                Bench.Same("Two commits that nothing stands against", new AtomicResult(CommitResult.Done, null), await store.CommitTogetherAsync([Samples.Birth(1), Samples.Birth(2)], bench.Token));
                foreach (var (about, refused, expected) in Refusals)
                {
                    Bench.Same(about, expected, await store.CommitTogetherAsync([Samples.Commit(1, 1, "pos:first") with { Quotas = [new QuotaDraw("mug", 1)] }, refused], bench.Token));
                    Bench.Same($"The version of the first customer after {about}", 1, (await bench.LoadAsync(1)).Version);
                    Bench.Same($"The journal of the first customer after {about}", 1, (await bench.JournalAsync(1)).Count);
                    Bench.Same($"What is left of the supply after {about}", 1, await bench.Quotas.AvailableAsync("mug", bench.Token));
                }

                var both = await store.CommitTogetherAsync([Samples.Commit(1, 1, "pos:first") with { Quotas = [new QuotaDraw("mug", 1)] }, Samples.Commit(2, 1, "pos:second")], bench.Token);
                Bench.Same("The same when nothing stands against it any more", new AtomicResult(CommitResult.Done, null), both);
                Bench.Same("The version of the first customer", 2, (await bench.LoadAsync(1)).Version);
                Bench.Same("The version of the second customer", 2, (await bench.LoadAsync(2)).Version);
            },
            () => new WritesOneAfterTheOther()),

        Law.Of<IAtomicCommits>(
            "What_a_correction_gives_back_can_be_drawn_by_whoever_comes_with_it",
            "A correction that gives back to a supply, and whoever draws on what came back, are written together: each counts as if those before it were written, also where what comes back was drawn into debt.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2));
                var gives = Samples.Commit(1, 1, "pos:corrected") with { Quotas = [new QuotaDraw("mug", -5) { IntoDebt = true }] };
                Bench.Same("A draw on what came back", new AtomicResult(CommitResult.Done, null), await bench.Atomic.CommitTogetherAsync([gives, Samples.Commit(2, 1, "pos:drawn") with { Quotas = [new QuotaDraw("mug", 4)] }], bench.Token));
                Bench.Same("What is left of the supply", 1, await bench.Quotas.AvailableAsync("mug", bench.Token));
            },
            () => new LooksAtSuppliesOnce()) with { Since = 5 },

        Law.Of<ICustomerIdentities>(
            "The_identities_of_a_customer_are_those_that_were_claimed_and_not_severed",
            "In the order in which they were claimed; somebody unknown has none.",
            async bench =>
            {
                var store = (ICustomerIdentities)bench.Store;
                var (phone, member) = (Identity.Phone("+85291234567"), new Identity("member", "7"));
                await bench.WriteAsync(Samples.Birth(1), Samples.Birth(2), Samples.Commit(1, 1) with { Claims = [new IdentityClaim(phone, 2), new IdentityClaim(member, 3)] });
                Bench.SameList("The identities of a customer", [Samples.User(1), phone, member], await store.IdentitiesOfAsync(Samples.Customer(1), bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 2) with { Severed = [phone] });
                Bench.SameList("The identities of a customer of whom one was severed", [Samples.User(1), member], await store.IdentitiesOfAsync(Samples.Customer(1), bench.Token));
                Bench.SameList("The identities of somebody unknown", [], await store.IdentitiesOfAsync(Samples.Customer(3), bench.Token));
            },
            () => new NamesTheFirstOnly()),

        Law.Of<IStoreStatus>(
            "What_waits_is_counted_whoever_has_leased_it",
            "Items that might leave, customers who are due and stored facts that have lapsed, at an instant, with the instant since when the first of them waits. What is settled, and what comes later, does not count.",
            async bench =>
            {
                var store = (IStoreStatus)bench.Store;
                Bench.Same("What waits in an empty store", new StoreStatus { OutboxDepth = 0, TimersDue = 0, StaleFacts = 0 }, await store.ReadStatusAsync(Bench.Later, bench.Token));
                await bench.WriteAsync(
                    Samples.Commit(1, 0) with
                    {
                        Outbox = [Samples.Message(1, "a", hours: 2), Samples.Message(1, "b", hours: 3), Samples.Message(1, "c", hours: 9)],
                        Facts = [new Fact("segment.vip", true, Samples.At(4)), new Fact("loyalty.points", 52)],
                        NextDue = Samples.At(4),
                        NextDueChanged = true,
                    },
                    Samples.Commit(2, 0) with { Facts = [new Fact("segment.vip", true, Samples.At(9))], NextDue = Samples.At(9), NextDueChanged = true });
                await bench.Outbox.LeaseAsync(Samples.At(5), Samples.At(99), 1, bench.Token);
                Bench.Same(
                    "What waits",
                    new StoreStatus { OutboxDepth = 2, OutboxSince = Samples.At(2), TimersDue = 1, TimersSince = Samples.At(4), StaleFacts = 1 },
                    await store.ReadStatusAsync(Samples.At(5), bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Settled = [Samples.Message(1, "a").Id], NextDueChanged = true, Facts = [new Fact("segment.vip", true, Samples.At(9))] });
                Bench.Same("What waits afterwards", new StoreStatus { OutboxDepth = 1, OutboxSince = Samples.At(3), TimersDue = 0, StaleFacts = 0 }, await store.ReadStatusAsync(Samples.At(5), bench.Token));
            },
            () => new CountsWhatComesLater()),

        Law.Of<IDeferredMessages>(
            "Messages_that_wait_for_a_later_time_are_counted_as_of_any_instant",
            "Those that were committed by then and might leave only after it, whether they have left since or not. Follow-ups are no messages, and what was withdrawn is as if it had never been decided, unless it turns out to have left.",
            async bench =>
            {
                var store = (IDeferredMessages)bench.Store;
                Bench.Same("Messages in an empty store", 0L, await store.CountDeferredAsync(Samples.At(5), bench.Token));
                await bench.WriteAsync(
                    Samples.Commit(1, 0) with
                    {
                        RecordedAt = Samples.At(1),
                        Outbox = [Samples.Message(1, "a", hours: 5), Samples.Message(1, "b", hours: 9), Samples.Message(1, "c", hours: 9), Samples.FollowUp(1, "pos:follow-up", hours: 9)],
                    },
                    Samples.Commit(2, 0) with { RecordedAt = Samples.At(6), Outbox = [Samples.Message(2, "a", hours: 9)] });
                Bench.Same("Messages that wait", 2L, await store.CountDeferredAsync(Samples.At(5), bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 1) with { RecordedAt = Samples.At(10), Settled = [Samples.Message(1, "b").Id], Withdrawn = [Samples.Message(1, "c").Id] });
                Bench.Same("Messages that waited, of which one has left since and one was withdrawn", 1L, await store.CountDeferredAsync(Samples.At(5), bench.Token));
                Bench.Same("Messages that waited later", 2L, await store.CountDeferredAsync(Samples.At(8), bench.Token));
                Bench.Same("Messages that wait when the time of all has come", 0L, await store.CountDeferredAsync(Samples.At(9), bench.Token));
                Bench.Same("Messages before they were committed", 0L, await store.CountDeferredAsync(Samples.At(0), bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 2) with { RecordedAt = Samples.At(11), Settled = [Samples.Message(1, "c").Id] });
                Bench.Same("Messages that waited, of which one had left before it was withdrawn", 2L, await store.CountDeferredAsync(Samples.At(5), bench.Token));
            },
            () => new CountsByADayThatIsOver()) with { Since = 2 },
    ];

    private static IEnumerable<(string About, Commit Refused, AtomicResult Expected)> Refusals =>
    [
        ("a version that is over", Samples.Commit(2, 5, "pos:second"), new AtomicResult(new CommitResult.VersionConflict(), 1)),
        ("an identity that is somebody's", Samples.Birth(3) with { Claims = [new IdentityClaim(Samples.User(1), 1)] }, new AtomicResult(new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)), 1)),
        ("a supply that the first of them exhausts", Samples.Birth(3) with { Quotas = [new QuotaDraw("mug", 1)] }, new AtomicResult(new CommitResult.QuotaExhausted("mug"), 1)),
        ("a key of the first of them, with other content", Samples.Commit(2, 1, "pos:first", hours: 7), new AtomicResult(new CommitResult.KeyReused(EventKey.Parse("pos:first")), 1)),
    ];

    /// <summary>Stops at the first that cannot be written, and leaves those before it.</summary>
    private sealed class WritesOneAfterTheOther : StoreDecorator
    {
        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            if (commits.Any(commit => commit.Retirement is not null))
            {
                return await base.CommitTogetherAsync(commits, cancellationToken);
            }

            for (var i = 0; i < commits.Count; i++)
            {
                if (await CommitAsync(commits[i], cancellationToken) is var result && result is not CommitResult.Committed)
                {
                    return new AtomicResult(result, i);
                }
            }

            return new AtomicResult(CommitResult.Done, null);
        }
    }

    /// <summary>Asks what a supply has before any of several commits is written, where a correction gives back.</summary>
    private sealed class LooksAtSuppliesOnce : StoreDecorator
    {
        public override async ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
        {
            foreach (var (place, commit) in commits.Index().Where(_ => commits.Any(commit => commit.Quotas.Any(draw => draw is { Amount: < 0, IntoDebt: true }))))
            {
                foreach (var draw in commit.Quotas.Where(draw => draw.Amount > 0))
                {
                    if (await InnerQuotas.AvailableAsync(draw.Name, cancellationToken) < draw.Amount)
                    {
                        return new AtomicResult(new CommitResult.QuotaExhausted(draw.Name), place);
                    }
                }
            }

            return await base.CommitTogetherAsync(commits, cancellationToken);
        }
    }

    /// <summary>Counts all that waits, as if it were later than it is.</summary>
    private sealed class CountsWhatComesLater : StoreDecorator
    {
        public override ValueTask<StoreStatus> ReadStatusAsync(NodaTime.Instant now, CancellationToken cancellationToken) => base.ReadStatusAsync(Bench.Later, cancellationToken);
    }

    /// <summary>Counts what waits for a time that has come.</summary>
    private sealed class CountsByADayThatIsOver : StoreDecorator
    {
        public override ValueTask<long> CountDeferredAsync(NodaTime.Instant at, CancellationToken cancellationToken) => base.CountDeferredAsync(at - NodaTime.Duration.FromHours(1), cancellationToken);
    }

    /// <summary>Knows a customer by one name.</summary>
    private sealed class NamesTheFirstOnly : StoreDecorator
    {
        public override async ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) =>
            [.. (await base.IdentitiesOfAsync(customer, cancellationToken)).Take(1)];
    }
}
