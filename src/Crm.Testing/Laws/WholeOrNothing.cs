using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>
/// Judges commits that may have been broken off: the tenant that they were written to must be as it was before, or as another tenant in which the same commit went well. Afterwards both are alike again, so that
/// the next one can be judged.
/// </summary>
internal sealed class WholeOrNothing(Bench tested, Bench reference)
{
    public static async Task<WholeOrNothing> OpenAsync(IStoreFactory factory, CancellationToken cancellationToken) => new(
        new Bench(await factory.OpenAsync("default", cancellationToken).ConfigureAwait(false), cancellationToken),
        new Bench(await factory.OpenAsync("reference", cancellationToken).ConfigureAwait(false), cancellationToken));

    /// <summary>The tenant that breaks, through a store that does not.</summary>
    public Bench Tested => tested;

    /// <summary>Gives birth to customers in both tenants.</summary>
    public async Task BirthAsync(IEnumerable<int> customers)
    {
        foreach (var customer in customers)
        {
            await tested.WriteAsync(Bench.Everything(customer, 0)).ConfigureAwait(false);
            await reference.WriteAsync(Bench.Everything(customer, 0)).ConfigureAwait(false);
        }
    }

    /// <summary>The commit that is broken off: something of everything.</summary>
    public static Commit Second(int customer) => Bench.Everything(customer, 1) with { Claims = [new IdentityClaim(Identity.Cookie($"cookie-{customer}"), 2)] };

    /// <summary>Judges the second commits of some customers.</summary>
    /// <param name="customers">Whose.</param>
    /// <param name="attempt">Writes them; what it throws is taken as "not known".</param>
    public async Task JudgeAsync(IReadOnlyList<int> customers, Func<Task<IReadOnlyList<CommitResult>>> attempt)
    {
        var before = new List<string>();
        foreach (var customer in customers)
        {
            before.Add(await PartAsync(tested, customer).ConfigureAwait(false));
            await reference.WriteAsync(Second(customer)).ConfigureAwait(false);
        }

        var results = await TriedAsync(attempt).ConfigureAwait(false);
        for (var n = 0; n < customers.Count; n++)
        {
            await JudgeAsync(customers[n], before[n], results?[n]).ConfigureAwait(false);
        }
    }

    /// <summary>Compares what both tenants have waiting, which cannot be looked at without taking it.</summary>
    public async Task FinishAsync()
    {
        if (tested.Store is IOutbox)
        {
            Bench.SameList("What waits in the outbox after broken commits", await reference.LeaseAsync(Bench.Later, Bench.Later, 10_000).ConfigureAwait(false), await tested.LeaseAsync(Bench.Later, Bench.Later, 10_000).ConfigureAwait(false));
        }

        if (tested.Store is IWakeups)
        {
            Bench.SameList("Who is due after broken commits", await reference.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later, 10_000).ConfigureAwait(false), await tested.LeaseDueAsync(Bench.Later, Bench.Later, Bench.Later, 10_000).ConfigureAwait(false));
        }

        if (tested.Store is IQuotas)
        {
            Bench.Same("A supply after broken commits", await reference.Quotas.AvailableAsync("mug", reference.Token).ConfigureAwait(false), await tested.Quotas.AvailableAsync("mug", tested.Token).ConfigureAwait(false));
        }
    }

    /// <summary>Does something that may be broken off.</summary>
    /// <returns>What came of it; null when it threw, which tells nothing about what was written.</returns>
    public static async Task<T?> TriedAsync<T>(Func<Task<T>> attempt)
        where T : class
    {
        try
        {
            return await attempt().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // whatever a broken store throws, what counts is what it has written
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private async Task JudgeAsync(int customer, string before, CommitResult? result)
    {
        var whole = await PartAsync(reference, customer).ConfigureAwait(false);
        var after = await PartAsync(tested, customer).ConfigureAwait(false);
        if (after != before && after != whole)
        {
            var different = after.Split('\n').Zip(whole.Split('\n').Append("nothing")).FirstOrDefault(line => line.First != line.Second);
            throw new LawBroken("After a commit that was broken off", different.First ?? "less than a whole commit", $"{different.Second ?? "nothing more"}, or what was there before");
        }

        if (result is CommitResult.Committed)
        {
            Bench.Same("Whether a commit that was answered as written is there", true, after == whole);
            return;
        }

        var again = await tested.TryAsync(Second(customer)).ConfigureAwait(false);
        Bench.Same("The same commit again", after == before ? CommitResult.Done : Bench.Already(Second(customer)), again);
        Bench.Same("What is there after the same commit again", whole, await PartAsync(tested, customer).ConfigureAwait(false));
    }

    /// <summary>What can be read of one customer, with the ledger and facts of this one alone.</summary>
    private static async Task<string> PartAsync(Bench bench, int customer)
    {
        var id = $"({Samples.Customer(customer)},";
        var lines = (await bench.ContentAsync(customer).ConfigureAwait(false)).Split('\n');
        var owner = await bench.LoadAsync(Identity.Cookie($"cookie-{customer}")).ConfigureAwait(false);
        return string.Join('\n', lines.Where(line => !line.StartsWith('(') || line.StartsWith(id, StringComparison.Ordinal)).Append($"cookie: {owner.Customer} {owner.IdentityReference}"));
    }
}
