using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Counts the ledger of a store, or goes on from an earlier count: then only the entries written since are read, and the certificate is exactly that of counting everything. What an earlier count said is
/// taken for true: that somebody changed the rows that it counted is noticed by counting everything.
/// </summary>
/// <param name="store">A store that can say what is new.</param>
public sealed class Certification(ILedgerScan store)
{
    private const int AtOnce = 1_024;

    /// <summary>Told each line of the export that is counted: those written since, when a count goes on. Null: nobody is.</summary>
    public Action<string>? Line { get; init; }

    /// <summary>Told what is said of each customer, in order: what a later count goes on from. Null: nobody is.</summary>
    public Action<CustomerStatement>? Said { get; init; }

    /// <summary>Counts. Who was certified and is not there any more, or is at an earlier version, as in a store that was restored, is among the faults.</summary>
    /// <param name="earlier">What an earlier count said of each customer, in its order; empty: everything is counted.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidOperationException">A statement does not say up to which version it counts, or they are not in order.</exception>
    public async ValueTask<Certificate> CountAsync(IEnumerable<CustomerStatement> earlier, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        var conservation = new Conservation(Said);
        using var statements = new Earlier(earlier, conservation);
        await foreach (var some in VersionsAsync(cancellationToken).ConfigureAwait(false))
        {
            var known = some.Select(now => (Now: now, Statement: statements.Of(now))).ToList();
            var asked = known.Where(each => each.Now.Version > (each.Statement?.Version ?? 0)).Select(each => new CustomerVersion(each.Now.Customer, each.Statement?.Version ?? 0)).ToList();
            var written = (await store.ReadLedgerAfterAsync(asked, cancellationToken).ConfigureAwait(false)).ToLookup(line => line.Customer);
            foreach (var (now, statement) in known)
            {
                if (statement is not null)
                {
                    conservation.GoOn(statement);
                }

                foreach (var line in written[now.Customer])
                {
                    var text = conservation.Add(line.Customer, line.Entry, line.Version);
                    Line?.Invoke(text);
                }
            }
        }

        statements.NoMore();
        return conservation.Certify();
    }

    private async IAsyncEnumerable<IReadOnlyList<CustomerVersion>> VersionsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (CustomerId? last = null; ;)
        {
            var some = await store.ReadVersionsAsync(last, AtOnce, cancellationToken).ConfigureAwait(false);
            if (some.Count == 0)
            {
                yield break;
            }

            last = some[^1].Customer;
            yield return some;
        }
    }

    /// <summary>What an earlier count said, customer by customer beside what is there now.</summary>
    private sealed class Earlier : IDisposable
    {
        private readonly IEnumerator<CustomerStatement> statements;
        private readonly Conservation conservation;
        private CustomerStatement? next;

        public Earlier(IEnumerable<CustomerStatement> statements, Conservation conservation)
        {
            (this.statements, this.conservation) = (statements.GetEnumerator(), conservation);
            Advance();
        }

        public CustomerStatement? Of(CustomerVersion now)
        {
            var place = (now.Customer.Bucket, now.Customer);
            while (next is not null && (next.Customer.Bucket, next.Customer).CompareTo(place) < 0)
            {
                Missing(next);
                Advance();
            }

            if (next?.Customer != now.Customer)
            {
                return null;
            }

            var statement = next;
            if (statement.Version > now.Version)
            {
                conservation.Fault($"Customer {now.Customer} is at version {now.Version}, and was certified up to version {statement.Version}.");
            }

            Advance();
            return statement;
        }

        public void NoMore()
        {
            for (; next is not null; Advance())
            {
                Missing(next);
            }
        }

        public void Dispose() => statements.Dispose();

        private void Missing(CustomerStatement gone) => conservation.Fault($"Customer {gone.Customer} was certified with {gone.Entries} entries, and is not in the store.");

        private void Advance()
        {
            var last = next;
            next = statements.MoveNext() ? statements.Current : null;
            if (next is { Version: <= 0 })
            {
                throw new InvalidOperationException($"The statement about customer {next.Customer} does not say up to which version it counts; one from a {nameof(Certification)} is expected.");
            }

            if (next is not null && last is not null && (next.Customer.Bucket, next.Customer).CompareTo((last.Customer.Bucket, last.Customer)) <= 0)
            {
                throw new InvalidOperationException($"The statement about customer {next.Customer} comes after that about {last.Customer}; the order in which they were said is expected.");
            }
        }
    }
}
