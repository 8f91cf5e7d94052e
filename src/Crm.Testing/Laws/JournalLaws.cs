using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>The journal is whole, in order, and to the letter what was recorded.</summary>
internal static class JournalLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ICustomerStore>(
            "The_journal_is_read_in_the_order_in_which_it_was_recorded",
            "Every entry comes once, by rising version, whenever its event occurred; reading may begin after any version.",
            async bench =>
            {
                await bench.WriteAsync(
                    Samples.Commit(1, 0, "pos:1", hours: 9),
                    Samples.Commit(1, 1) with { Version = 4, Entries = [Samples.Entry(1, 2, Samples.Purchase("pos:2", 3)), Samples.Entry(1, 3, Samples.Purchase("pos:3", 7))] },
                    Samples.Commit(1, 4),
                    Samples.Commit(1, 5, "pos:6", hours: 1),
                    Samples.Birth(2));
                Bench.SameList("The versions of the journal", [1L, 2L, 3L, 6L], (await bench.JournalAsync(1)).Select(entry => entry.Version));
                Bench.SameList("The versions after 2", [3L, 6L], (await bench.JournalAsync(1, 2)).Select(entry => entry.Version));
                Bench.SameList("The versions after 6", [], (await bench.JournalAsync(1, 6)).Select(entry => entry.Version));
                Bench.SameList("The versions of nobody", [], (await bench.JournalAsync(3)).Select(entry => entry.Version));
            },
            () => new Faulty { Journal = entries => entries.OrderBy(entry => entry.EffectiveAt) }),

        Law.Of<ICustomerStore>(
            "Entries_are_read_as_they_were_written",
            "Every part of an event, its receipt and its observations comes back equal: lines in their order, quantities exactly, texts in every script.",
            async bench =>
            {
                var full = Samples.FullEntry(1, 1, "pos:1");
                var plain = Samples.Entry(1, 2, Samples.Purchase("pos:2", hours: 5) with { Spend = null });
                await bench.WriteAsync(Samples.Commit(1, 0) with { Version = 2, Entries = [full, plain] });
                var journal = await bench.JournalAsync(1);
                Bench.SameList("The lines of an event", full.Event.Lines, journal[0].Event.Lines);
                Bench.Same("An event with everything", full.Event, journal[0].Event);
                Bench.Same("The observations of an entry", full.Observations, journal[0].Observations);
                Bench.Same("An entry with everything", full, journal[0]);
                Bench.Same("An entry with nothing that may be left out", plain, journal[1]);
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry.Event.Actor != "staff:17" || entry.Receipt.Customer != Samples.Customer(1) ? entry : entry with { Event = entry.Event with { Lines = entry.Event.Lines.Select(line => line with { Quantity = decimal.Round(line.Quantity, 6) }).ToSequence() } }) }),

        Law.Of<ICustomerStore>(
            "Instants_are_kept_to_the_tick",
            "Instants of 100 nanoseconds stay apart, from the year 1 to the year 9999.",
            async bench =>
            {
                Instant[] instants = [Instant.FromUtc(1, 1, 1, 0, 0), Instant.FromUtc(1969, 12, 31, 23, 59) + Duration.FromTicks(599_999_999), Samples.Start + Duration.FromTicks(1), Instant.FromUtc(9999, 12, 31, 23, 59) + Duration.FromTicks(599_999_990)];
                for (var i = 0; i < instants.Length; i++)
                {
                    var happened = Samples.Purchase($"pos:{i}") with { OccurredAt = instants[i] };
                    var entry = Samples.Entry(1, i + 1, happened);
                    await bench.WriteAsync(Samples.Commit(1, i) with { Entries = [entry with { RecordedAt = instants[i] + Duration.FromTicks(3) }], Checkpoints = [new Checkpoint(instants[i] + Duration.FromTicks(1), [])] });
                }

                var journal = await bench.JournalAsync(1);
                var ticks = instants.Select(instant => instant.ToUnixTimeTicks()).ToList();
                Bench.SameList("The ticks at which events occurred", ticks, journal.Select(entry => (entry.Event.OccurredAt ?? default).ToUnixTimeTicks()));
                Bench.SameList("The ticks at which events count", ticks, journal.Select(entry => entry.EffectiveAt.ToUnixTimeTicks()));
                Bench.SameList("The ticks at which events were recorded", ticks.Select(tick => tick + 3), journal.Select(entry => entry.RecordedAt.ToUnixTimeTicks()));
                foreach (var instant in instants)
                {
                    var after = await bench.HistoryAsync(1, new HistoryStart.Before(instant + Duration.FromTicks(2)));
                    Bench.Same("The last checkpoint before an instant", instant + Duration.FromTicks(1), after.Checkpoint?.At ?? default);
                }
            },
            () => new Faulty { Journal = entries => entries.Select(entry => entry with { RecordedAt = Instant.FromUnixTimeMilliseconds(entry.RecordedAt.ToUnixTimeMilliseconds()) }) }),

        Law.Of<ICustomerStore>(
            "History_is_in_the_order_in_which_it_counts",
            "What happened is read by the instant at which it counts, then by when it was recorded, whatever the versions.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Commit(1, 0, "pos:c", 5), Samples.Commit(1, 1, "pos:a", 9), Samples.Commit(1, 2, "pos:b", 5), Samples.Commit(1, 3, "pos:d", 1), Samples.Birth(2));
                var history = await bench.HistoryAsync(1, new HistoryStart.Beginning());
                Bench.SameList("The keys of the history", ["d", "c", "b", "a"], history.Entries.Select(entry => entry.Event.Key.Value));
                Bench.SameList("The entries of the history", (await bench.JournalAsync(1)).OrderBy(entry => entry.EffectiveAt), history.Entries);
            },
            () => new Faulty { History = async (customer, start, store) => await store.LoadHistoryAsync(customer, start, default) is var right && right.Checkpoint is null ? right with { Entries = right.Entries.OrderBy(entry => entry.Version).ToSequence() } : right }),

        Law.Of<ICustomerStore>(
            "History_begins_after_the_last_checkpoint_strictly_before",
            "A replay begins with the last checkpoint before its instant, never with one at it, and gets all that counts later than the checkpoint.",
            async bench =>
            {
                await WriteCheckpointsAsync(bench);
                await ExpectAsync(bench, new HistoryStart.Before(Samples.At(4)), 3, "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.Before(Samples.At(3)), 1, "pos:2", "pos:3", "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.Before(Samples.At(1)), null, "pos:1", "pos:2", "pos:3", "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.Before(Bench.Later), 5);
                await ExpectAsync(bench, new HistoryStart.Beginning(), null, "pos:1", "pos:2", "pos:3", "pos:4", "pos:5");
            },
            () => new Faulty { History = async (customer, start, store) => await store.LoadHistoryAsync(customer, start is HistoryStart.Before before ? new HistoryStart.Before(before.Instant + Duration.FromTicks(1)) : start, default) }),

        Law.Of<ICustomerStore>(
            "History_can_begin_before_an_event",
            "The history before an event begins with the last checkpoint before the instant at which the event counts; for an event that the customer does not have it is whole.",
            async bench =>
            {
                await WriteCheckpointsAsync(bench);
                await bench.WriteAsync(Samples.Commit(2, 0, "pos:other", 4));
                await ExpectAsync(bench, new HistoryStart.BeforeEvent(EventKey.Parse("pos:4")), 3, "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.BeforeEvent(EventKey.Parse("pos:3")), 1, "pos:2", "pos:3", "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.BeforeEvent(EventKey.Parse("pos:unknown")), null, "pos:1", "pos:2", "pos:3", "pos:4", "pos:5");
                await ExpectAsync(bench, new HistoryStart.BeforeEvent(EventKey.Parse("pos:other")), null, "pos:1", "pos:2", "pos:3", "pos:4", "pos:5");
            },
            () => new Faulty { History = async (customer, start, store) => await store.LoadHistoryAsync(customer, start is HistoryStart.BeforeEvent ? new HistoryStart.Before(Bench.Later) : start, default) }),

        Law.Of<ICustomerStore>(
            "Checkpoints_that_a_change_makes_untrue_go",
            "A commit removes the customer's checkpoints at and after an instant, before it writes its own; those of others stay.",
            async bench =>
            {
                await WriteCheckpointsAsync(bench);
                await bench.WriteAsync(Samples.Commit(2, 0) with { Checkpoints = [new Checkpoint(Samples.At(5), [])] });
                await bench.WriteAsync(Samples.Commit(1, 5) with { CheckpointsInvalidFrom = Samples.At(3) });
                await ExpectAsync(bench, new HistoryStart.Before(Bench.Later), 1, "pos:2", "pos:3", "pos:4", "pos:5");
                await bench.WriteAsync(Samples.Commit(1, 6) with { CheckpointsInvalidFrom = Samples.At(1), Checkpoints = [new Checkpoint(Samples.At(4), [Samples.Slot("kernel", 44)])] });
                await ExpectAsync(bench, new HistoryStart.Before(Bench.Later), 4, "pos:5");
                await ExpectAsync(bench, new HistoryStart.Before(Samples.At(3)), null, "pos:1", "pos:2", "pos:3", "pos:4", "pos:5");
                Bench.Same("The checkpoint of another customer", Samples.At(5), (await bench.HistoryAsync(2, new HistoryStart.Before(Bench.Later))).Checkpoint?.At ?? default);
            },
            () => Faulty.Writing(commit => commit with { CheckpointsInvalidFrom = commit.CheckpointsInvalidFrom + Duration.FromTicks(1) })),
    ];

    /// <summary>Customer 1 with an event in each of five hours and a checkpoint at the first, third and fifth.</summary>
    private static async Task WriteCheckpointsAsync(Bench bench)
    {
        for (var n = 1; n <= 5; n++)
        {
            var commit = Samples.Commit(1, n - 1, $"pos:{n}", hours: n);
            await bench.WriteAsync(n % 2 == 0 ? commit : commit with { Checkpoints = [new Checkpoint(Samples.At(n), [Samples.Slot("kernel", (byte)(11 * n)), Samples.Slot("loyalty", (byte)n, version: 7)])] });
        }
    }

    private static async Task ExpectAsync(Bench bench, HistoryStart start, int? checkpoint, params string[] keys)
    {
        var history = await bench.HistoryAsync(1, start);
        Bench.Same($"The checkpoint of the history from {start}", checkpoint is { } hour ? Samples.At(hour) : null, history.Checkpoint?.At);
        Bench.SameList($"The entries of the history from {start}", keys, history.Entries.Select(entry => entry.Event.Key.ToString()));
        if (checkpoint is { } at)
        {
            Bench.Same("The first slot of a checkpoint", Samples.Slot("kernel", (byte)(11 * at)), history.Checkpoint?.Slots[0] ?? default);
        }
    }
}
