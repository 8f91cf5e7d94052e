using Crm.Modules;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>A supply is never oversold.</summary>
internal static class QuotaLaws
{
    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<IQuotas>(
            "A_supply_is_never_oversold",
            "Of twenty who draw at once on a supply of seven, seven succeed; the others are told which supply, and nothing of theirs is written.",
            async bench =>
            {
                await bench.Quotas.SetAsync("mug", 7, bench.Token);
                var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => bench.TryAsync(Samples.Birth(n) with { Quotas = [new QuotaDraw("mug", 1)] }))));
                Bench.Same("Draws that succeeded", 7, results.Count(result => result is CommitResult.Committed));
                Bench.Same("Draws that were refused", 13, results.Count(result => result == new CommitResult.QuotaExhausted("mug")));
                Bench.Same("What is left", 0, await bench.Quotas.AvailableAsync("mug", bench.Token));
                for (var n = 0; n < 20; n++)
                {
                    Bench.Same("Whether somebody was born", results[n] is CommitResult.Committed, (await bench.LoadAsync(n)).Customer is not null);
                }
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    if (commit.Claims.IsEmpty || commit.Quotas is not [{ Name: "mug", Amount: 1 } draw])
                    {
                        return await store.CommitAsync(commit, default);
                    }

                    // Looks, and takes later what somebody else may have taken meanwhile.
                    var available = await ((IQuotas)store).AvailableAsync("mug", default);
                    await Task.Delay(100);
                    await ((IQuotas)store).SetAsync("mug", Math.Max(available, draw.Amount), default);
                    return await store.CommitAsync(commit, default);
                },
            }),

        Law.Of<IQuotas>(
            "What_is_given_back_can_be_drawn_again",
            "A negative draw gives back, draws of one name add up within a commit, and a supply that was never set has nothing.",
            async bench =>
            {
                Bench.Same("A supply that was never set", 0, await bench.Quotas.AvailableAsync("mug", bench.Token));
                Bench.Same<CommitResult>("A draw on it", new CommitResult.QuotaExhausted("mug"), await bench.TryAsync(Samples.Commit(1, 0) with { Quotas = [new QuotaDraw("mug", 1)] }));
                await bench.WriteAsync(Samples.Commit(1, 0) with { Quotas = [new QuotaDraw("mug", -2)] });
                Bench.Same("A supply after two were given back", 2, await bench.Quotas.AvailableAsync("mug", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Quotas = [new QuotaDraw("mug", 4), new QuotaDraw("mug", -2)] });
                Bench.Same("A supply after a net draw of two", 0, await bench.Quotas.AvailableAsync("mug", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 2) with { Quotas = [new QuotaDraw("mug", 3), new QuotaDraw("mug", -3)] });
                Bench.Same("A supply after a net draw of nothing", 0, await bench.Quotas.AvailableAsync("mug", bench.Token));
            },
            () => Faulty.Writing(commit => commit with { Quotas = commit.Quotas.Where(draw => draw.Amount > 0 || commit.ExpectedVersion != 0 || !commit.Entries.IsEmpty).ToSequence() })),

        Law.Of<IQuotas>(
            "A_draw_into_debt_is_taken_in_any_case",
            "What a correction draws again was given out before: it is taken even from a supply that has nothing, which is then below 0, and what comes back later fills that up first.",
            async bench =>
            {
                var draw = new QuotaDraw("mug", 2) { IntoDebt = true };
                await bench.WriteAsync(Samples.Commit(1, 0) with { Quotas = [draw] });
                Bench.Same("A supply after a draw into debt", -2, await bench.Quotas.AvailableAsync("mug", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Quotas = [new QuotaDraw("mug", -3)] });
                Bench.Same("A supply after more came back", 1, await bench.Quotas.AvailableAsync("mug", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 2) with { Quotas = [draw] });
                Bench.Same("A supply that covered a part of a draw into debt", -1, await bench.Quotas.AvailableAsync("mug", bench.Token));
            },
            () => Faulty.Writing(commit => commit with { Quotas = commit.Quotas.Select(draw => draw with { IntoDebt = false }).ToSequence() })),

        Law.Of<IQuotas>(
            "An_exhausted_supply_writes_nothing",
            "A commit that draws on two supplies, of which the second is exhausted, draws on neither and writes nothing.",
            async bench =>
            {
                await bench.WriteAsync(Samples.Birth(1));
                await bench.Quotas.SetAsync("a", 5, bench.Token);
                await bench.Quotas.SetAsync("b", 1, bench.Token);
                var before = await bench.ContentAsync(1);
                var commit = Samples.Commit(1, 1, "pos:2") with { Quotas = [new QuotaDraw("a", 1), new QuotaDraw("b", 2)], Slots = [Samples.Slot("loyalty", 1)] };
                Bench.Same<CommitResult>("A draw of which a part is not covered", new CommitResult.QuotaExhausted("b"), await bench.TryAsync(commit));
                await bench.UnchangedAsync("After an exhausted supply", before, [1]);
                Bench.Same("The supply that would have covered its draw", 5, await bench.Quotas.AvailableAsync("a", bench.Token));
                Bench.Same("The supply that did not cover its draw", 1, await bench.Quotas.AvailableAsync("b", bench.Token));
            },
            () => Faulty.WritingAPartOnRefusal<CommitResult.QuotaExhausted>(commit => commit.Quotas.Count == 2 ? commit with { Entries = [], Slots = [], Quotas = [commit.Quotas[0]] } : null)),
    ];
}
