using System.Globalization;
using Crm.Storage;
using Crm.Testing.Counterfeits;
using Crm.Values;

namespace Crm.Testing.Laws;

/// <summary>Who is new in the ledger is told, whoever commits while one asks.</summary>
internal static class NewsLaws
{
    private const int Writers = 4;
    private const int CommitsOfEach = 20;
    private static readonly string[] Unknown = ["", "no mark", "0", "1 of something else", "9000000000000000000 of something else"];

    public static IEnumerable<StorageLaw> All =>
    [
        Law.Of<ILedgerNews>(
            "Nobody_is_left_out_who_writes_into_the_ledger_while_one_asks",
            "Who asks again and again from the mark of the answer before, while others commit, hears of everybody into whose ledger was written since the first mark: also of whom a transaction wrote that began early and was committed late.",
            async bench =>
            {
                var news = (ILedgerNews)bench.Store;
                await bench.WriteAsync(Paid(0, 0));
                var (told, mark) = (new HashSet<CustomerId>(), (await news.ReadNewsAsync(null, bench.Token)).Mark);
                var writing = Bench.TogetherAsync(Enumerable.Range(0, Writers).Select(writer => (Func<Task<bool>>)(async () =>
                {
                    foreach (var customer in Enumerable.Range(1 + (writer * CommitsOfEach), CommitsOfEach))
                    {
                        await bench.WriteAsync(Paid(customer, 0));
                    }

                    return true;
                })));
                while (!writing.IsCompleted)
                {
                    mark = await HearAsync(news, mark, told, bench.Token);
                    await Task.Yield();
                }

                await writing;
                await bench.WriteAsync(Paid(0, 1));
                mark = await HearAsync(news, mark, told, bench.Token);
                await HearAsync(news, mark, told, bench.Token);
                Bench.SameList("Who was told of", Enumerable.Range(0, 1 + (Writers * CommitsOfEach)).Select(Samples.Customer).Order(), told.Order());
            },
            () => new ForgetsWhatIsCommittedLate()) with { Since = 3 },

        Law.Of<ILedgerNews>(
            "A_mark_that_is_not_of_this_ledger_means_that_it_may_be_anybody",
            "From a mark that the store has not made, such as that of a ledger that has gone further, nobody is left out.",
            async bench =>
            {
                var news = (ILedgerNews)bench.Store;
                await bench.WriteAsync(Paid(1, 0), Paid(2, 0));
                foreach (var mark in Unknown)
                {
                    Bench.Same($"Whether somebody is left out from the mark '{mark}'", false, (await news.ReadNewsAsync(mark, bench.Token)).Customers is { } told && told.Intersect([Samples.Customer(1), Samples.Customer(2)]).Count() < 2);
                }
            },
            () => new TakesEveryMark()) with { Since = 3 },
    ];

    private static Commit Paid(int customer, long version) => Samples.Commit(customer, version, $"pos:{customer}-{version}") with { Ledger = [Samples.Issued(5)] };

    private static async Task<string?> HearAsync(ILedgerNews news, string? mark, HashSet<CustomerId> told, CancellationToken cancellationToken)
    {
        var answer = await news.ReadNewsAsync(mark, cancellationToken);
        if (answer.Customers is { } some)
        {
            told.UnionWith(some);
            return answer.Mark;
        }

        // It may be anybody: then all are looked at.
        for (CustomerId? last = null; await news.ReadVersionsAsync(last, 1_000, cancellationToken) is { Count: > 0 } all; last = all[^1].Customer)
        {
            told.UnionWith(all.Select(version => version.Customer));
        }

        return answer.Mark;
    }

    /// <summary>Numbers commits as they begin, and marks the highest number that is seen. Every third is seen only when a later one was told.</summary>
    private sealed class ForgetsWhatIsCommittedLate : StoreDecorator
    {
        private const string Form = "number ";
        private readonly List<(int Number, CustomerId Customer)> begun = [];
        private readonly HashSet<int> late = [];

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await base.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
            lock (begun)
            {
                begun.Add((begun.Count, commit.Customer));
                if (begun.Count % 3 == 2)
                {
                    late.Add(begun.Count - 1);
                }
            }

            return result;
        }

        public override async ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken)
        {
            var right = await base.ReadNewsAsync(null, cancellationToken).ConfigureAwait(false);
            lock (begun)
            {
                var seen = begun.Where(commit => !late.Contains(commit.Number)).ToList();
                var mark = seen.Count == 0 ? -1 : seen[^1].Number;
                late.RemoveWhere(number => number < mark);
                return right with
                {
                    Mark = string.Create(CultureInfo.InvariantCulture, $"{Form}{mark}"),
                    Customers = since?.StartsWith(Form, StringComparison.Ordinal) == true
                        ? seen.Where(commit => commit.Number > int.Parse(since[Form.Length..], CultureInfo.InvariantCulture)).Select(commit => commit.Customer).Distinct().OrderBy(customer => customer.Bucket).ThenBy(customer => customer).ToSequence()
                        : null,
                };
            }
        }
    }

    private sealed class TakesEveryMark : StoreDecorator
    {
        public override async ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken)
        {
            var right = await base.ReadNewsAsync(since, cancellationToken).ConfigureAwait(false);
            return since is not null && right.Customers is null ? right with { Customers = [] } : right;
        }
    }
}
