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
            "The_longest_name_of_a_supply_is_found_and_a_longer_one_refused",
            "A supply is found by a name of as many characters as a name may have, in letters of three bytes each; one of a character more is refused with an ArgumentException.",
            async bench =>
            {
                var name = KeyLaws.Wide(StorableText.LongestName, 0);
                await bench.Quotas.SetAsync(name, 7, bench.Token);
                await bench.WriteAsync(Samples.Commit(1, 0) with { Quotas = [new QuotaDraw(name, 2)] });
                Bench.Same("What is left of the supply with the longest name", 5, await bench.Quotas.AvailableAsync(name, bench.Token));
                Bench.Same("Whether a longer name is refused", true, await ExactnessLaws.IsRefusedAsync(() => bench.Quotas.SetAsync(name + "長", 7, bench.Token).AsTask()));
            },
            () => Faulty.Writing(commit => commit with { Quotas = commit.Quotas.Select(draw => draw.Name.Length > 255 ? draw with { Name = draw.Name[..255] } : draw).ToSequence() })) with { Since = 5 },

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
            () => Faulty.Writing(commit => commit with { Quotas = commit.Quotas.Select(draw => draw with { IntoDebt = draw.IntoDebt && draw.Name != "mug" }).ToSequence() })),

        Law.Of<IQuotas>(
            "A_draw_on_credit_goes_so_far_below_nothing_and_no_further",
            "A draw on credit is covered by a supply that is not below its credit afterwards, be it one that nobody has ever set; of many who draw at once no more succeed than that, and draws of one commit have the least credit of them.",
            async bench =>
            {
                static QuotaDraw Draw(long amount, long credit) => new("staff", amount) { Credit = credit };
                Bench.Same<CommitResult>("A draw of more than the credit on a supply that was never set", new CommitResult.QuotaExhausted("staff"), await bench.TryAsync(Samples.Commit(30, 0) with { Quotas = [Draw(6, 5)] }));
                var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => bench.TryAsync(Samples.Birth(n) with { Quotas = [Draw(1, 5)] }))));
                Bench.Same("Draws that succeeded", 5, results.Count(result => result is CommitResult.Committed));
                Bench.Same("Draws that were refused", 15, results.Count(result => result == new CommitResult.QuotaExhausted("staff")));
                Bench.Same("What is left", -5, await bench.Quotas.AvailableAsync("staff", bench.Token));
                await bench.WriteAsync(Samples.Commit(31, 0) with { Quotas = [Draw(3, 8)] });
                Bench.Same<CommitResult>("A draw with less credit", new CommitResult.QuotaExhausted("staff"), await bench.TryAsync(Samples.Commit(32, 0) with { Quotas = [Draw(1, 8)] }));
                await bench.WriteAsync(Samples.Commit(32, 0) with { Quotas = [Draw(-4, 0)] });
                Bench.Same<CommitResult>("Two draws with different credit", new CommitResult.QuotaExhausted("staff"), await bench.TryAsync(Samples.Commit(32, 1) with { Quotas = [Draw(1, 5), Draw(1, 8)] }));
                await bench.Quotas.SetAsync("staff", 2, bench.Token);
                Bench.Same<CommitResult>("A draw of more than there is and the credit", new CommitResult.QuotaExhausted("staff"), await bench.TryAsync(Samples.Commit(32, 1) with { Quotas = [Draw(8, 5)] }));
                await bench.WriteAsync(Samples.Commit(32, 1) with { Quotas = [Draw(7, 5)] });
                await bench.WriteAsync(Samples.Commit(32, 2) with { Quotas = [Draw(1, long.MaxValue)] });
                Bench.Same("What is left in the end", -6, await bench.Quotas.AvailableAsync("staff", bench.Token));
            },
            () => Faulty.Writing(commit => commit with { Quotas = commit.Quotas.Select(draw => draw with { IntoDebt = draw.IntoDebt || draw.Credit > 0 }).ToSequence() })) with { Since = 5 },

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
            () => Faulty.WritingAPartOnRefusal<CommitResult.QuotaExhausted>(commit => commit.Quotas is [var first, var second] && first.Name != second.Name ? commit with { Entries = [], Slots = [], Quotas = [first] } : null)),

        Law.Of<IQuotas>(
            "A_supply_is_exact_however_large",
            "A supply as large as a number of 64 bits is drawn on to the last unit. What comes back to a full supply leaves it full, and what is drawn into a debt that is as deep as can be leaves it so.",
            async bench =>
            {
                await bench.Quotas.SetAsync("budget", long.MaxValue, bench.Token);
                await bench.WriteAsync(Samples.Commit(1, 0) with { Quotas = [new QuotaDraw("budget", 1)] });
                Bench.Same("A supply after one was drawn", long.MaxValue - 1, await bench.Quotas.AvailableAsync("budget", bench.Token));
                Bench.Same<CommitResult>("A draw on more than is left", new CommitResult.QuotaExhausted("budget"), await bench.TryAsync(Samples.Commit(1, 1) with { Quotas = [new QuotaDraw("budget", long.MaxValue)] }));
                await bench.WriteAsync(Samples.Commit(1, 1) with { Quotas = [new QuotaDraw("budget", long.MaxValue - 1)] });
                Bench.Same("A supply after all was drawn", 0, await bench.Quotas.AvailableAsync("budget", bench.Token));
                await bench.Quotas.SetAsync("budget", long.MaxValue - 1, bench.Token);
                await bench.WriteAsync(Samples.Commit(1, 2) with { Quotas = [new QuotaDraw("budget", -1)] });
                Bench.Same("A supply to which as much came back as it can hold", long.MaxValue, await bench.Quotas.AvailableAsync("budget", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 3) with { Quotas = [new QuotaDraw("budget", -1)] });
                Bench.Same("A full supply to which one more came back", long.MaxValue, await bench.Quotas.AvailableAsync("budget", bench.Token));
                await bench.WriteAsync(Samples.Commit(1, 4) with { Quotas = [new QuotaDraw("budget", -long.MaxValue)] });
                Bench.Same("A full supply to which all came back again", long.MaxValue, await bench.Quotas.AvailableAsync("budget", bench.Token));
                await bench.Quotas.SetAsync("budget", long.MinValue + 1, bench.Token);
                await bench.WriteAsync(Samples.Commit(1, 5) with { Quotas = [new QuotaDraw("budget", 2) { IntoDebt = true }] });
                Bench.Same("A supply that is as deep in debt as can be", long.MinValue, await bench.Quotas.AvailableAsync("budget", bench.Token));
                Bench.Same<CommitResult>("A draw on a supply in debt", new CommitResult.QuotaExhausted("budget"), await bench.TryAsync(Samples.Commit(1, 6) with { Quotas = [new QuotaDraw("budget", long.MaxValue)] }));
            },
            () => new RoundsSupplies()),

        Law.Of<IQuotas>(
            "An_event_that_comes_again_draws_once",
            "A commit that is known already, or is refused for its version or a claim, draws nothing.",
            async bench =>
            {
                await bench.Quotas.SetAsync("mug", 5, bench.Token);
                var first = Samples.Birth(1, "pos:1") with { Quotas = [new QuotaDraw("mug", 1)] };
                await bench.WriteAsync(first);
                Bench.Same("The same event again", Bench.Already(first), await bench.TryAsync(Samples.Commit(1, 1, "pos:1") with { Quotas = [new QuotaDraw("mug", 1)] }));
                Bench.Same<CommitResult>("A commit from an old version", new CommitResult.VersionConflict(), await bench.TryAsync(Samples.Commit(1, 7, "pos:2") with { Quotas = [new QuotaDraw("mug", 1)] }));
                Bench.Same<CommitResult>("A claim that is lost", new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)), await bench.TryAsync(Samples.Commit(2, 0, "pos:3") with { Claims = [new IdentityClaim(Samples.User(1), 1)], Quotas = [new QuotaDraw("mug", 1)] }));
                Bench.Same("What is left", 4, await bench.Quotas.AvailableAsync("mug", bench.Token));
            },
            () => new Faulty
            {
                Commit = async (commit, store) =>
                {
                    var result = await store.CommitAsync(commit, default);
                    if (result is CommitResult.AlreadyCommitted && commit.Quotas is [var draw])
                    {
                        await ((IQuotas)store).SetAsync(draw.Name, await ((IQuotas)store).AvailableAsync(draw.Name, default) - draw.Amount, default);
                    }

                    return result;
                },
            }),

        Law.Of<IQuotas>(
            "Supplies_are_told_apart_letter_by_letter",
            "Names of supplies that differ in case, accents, width or script are different supplies, and a commit may draw on all of them.",
            async bench =>
            {
                string[] names = ["mug", "Mug", "ｍug", "mu\u0301g", "múg", "馬克杯", "马克杯", "🍵", "mug ", "mug.1", "mug.01"];
                for (var n = 0; n < names.Length; n++)
                {
                    await bench.Quotas.SetAsync(names[n], n + 1, bench.Token);
                }

                await bench.WriteAsync(Samples.Commit(1, 0) with { Quotas = names.Select(name => new QuotaDraw(name, 1)).ToSequence() });
                for (var n = 0; n < names.Length; n++)
                {
                    Bench.Same($"What is left of '{names[n]}'", n, await bench.Quotas.AvailableAsync(names[n], bench.Token));
                }
            },
            () => new TrimsNames()),

        Law.Of<IQuotas>(
            "A_supply_whose_name_is_no_whole_text_is_refused",
            "A name with half a character or U+0000 in it is refused with an ArgumentException: one database would set the supply of another name, and another would fail.",
            async bench =>
            {
                foreach (var name in ExactnessLaws.Unkeepable)
                {
                    Bench.Same("Whether the name is refused", true, await ExactnessLaws.IsRefusedAsync(() => bench.Quotas.SetAsync(name, 1, bench.Token).AsTask()));
                }

                Bench.Same("A supply whose name is what is written instead", 0, await bench.Quotas.AvailableAsync("x\uFFFD", bench.Token));
            },
            () => new ReplacesHalfCharacters()) with { Since = 4 },
    ];

    private sealed class RoundsSupplies : StoreDecorator
    {
        public override async ValueTask<long> AvailableAsync(string name, CancellationToken cancellationToken)
        {
            var available = await base.AvailableAsync(name, cancellationToken);
            return available < 1L << 60 ? available : (long)(available / 1_000.0) * 1_000;
        }
    }

    private sealed class ReplacesHalfCharacters : StoreDecorator
    {
        public override ValueTask SetAsync(string name, long available, CancellationToken cancellationToken) => base.SetAsync(ExactnessLaws.AsOfUtf8(name), available, cancellationToken);
    }

    private sealed class TrimsNames : StoreDecorator
    {
        public override ValueTask SetAsync(string name, long available, CancellationToken cancellationToken) => base.SetAsync(name.Trim(), available, cancellationToken);
    }
}
