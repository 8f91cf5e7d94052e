using System.Globalization;
using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Engine;

/// <summary>What an event would do, decided by the very fold that would record it, with everything that follows in the same commit. Nothing was written.</summary>
/// <param name="Receipt">The receipt that it would get; its version and customer are those of a trial.</param>
/// <param name="Entries">The ledger entries, in their order, including those of what falls due before it.</param>
/// <param name="Facts">The facts that would change, with their new values.</param>
/// <param name="Token">What commits exactly this.</param>
public sealed record Quote(Receipt Receipt, Sequence<LedgerEntry> Entries, Sequence<Modules.Fact> Facts, QuoteToken Token);

/// <summary>Names what was quoted: for the same event on an unchanged customer it commits exactly the quoted entries, or nothing.</summary>
/// <param name="Key">The event.</param>
/// <param name="At">The instant as of which it was quoted, and will be recorded.</param>
/// <param name="Version">The customer's version; 0 for somebody new.</param>
/// <param name="Entries">A hash of the entries, of what is drawn on supplies, and of the refusal where it would be refused.</param>
public readonly record struct QuoteToken(EventKey Key, Instant At, long Version, UInt128 Entries)
{
    /// <summary>A text for a host to keep between two calls.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Version}/{InstantPattern.ExtendedIso.Format(At)}/{Entries:x32}/{Key}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false for everything else.</summary>
    public static bool TryParse(string text, out QuoteToken token)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/', 4);
        token = default;
        if (parts.Length != 4
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            || InstantPattern.ExtendedIso.Parse(parts[1]) is not { Success: true, Value: var at }
            || !UInt128.TryParse(parts[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var entries)
            || parts[3].IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon) || !Names.IsName(parts[3][..colon]) || colon == parts[3].Length - 1)
        {
            return false;
        }

        token = new QuoteToken(EventKey.Parse(parts[3]), at, version, entries);
        return true;
    }
}

/// <summary>What became of a quote.</summary>
public abstract record Quoted
{
    private Quoted()
    {
    }

    /// <summary>Exactly what was quoted was committed, now or before.</summary>
    /// <param name="Receipt">The receipt.</param>
    public sealed record Committed(Receipt Receipt) : Quoted;

    /// <summary>Something has changed since: nothing was written. Quote again.</summary>
    /// <param name="Reason">
    /// "customer-changed", "decided-otherwise" where definitions or supplies did, "key-reused", "another-event", or "recorded-apart" where the event itself was recorded since without this token, or by it so long ago that its
    /// journal entry was disposed of.
    /// </param>
    public sealed record Stale(string Reason) : Quoted
    {
        /// <summary>For "recorded-apart", the receipt of what was recorded, which may be another than what was quoted; otherwise null.</summary>
        public Receipt? Recorded { get; init; }
    }
}

/// <summary>Decides events without writing, and writes exactly what was decided.</summary>
internal sealed class Quoting(Kernel kernel, IClock clock, IIdSource ids)
{
    private readonly EventCheck check = new(kernel.Modules.Kinds, kernel.Modules.Validators, kernel.Options.FutureTolerance);

    public async ValueTask<Quote> QuoteAsync(CustomerEvent happened, CancellationToken cancellationToken)
    {
        var snapshot = await LoadAsync(Checked(happened), cancellationToken).ConfigureAwait(false);
        if (snapshot.Recorded is not null)
        {
            throw new KeyReusedException(happened.Key);
        }

        var (receipt, commit, at) = await DecideAsync(snapshot, happened, happened.OccurredAt, cancellationToken).ConfigureAwait(false);
        return new Quote(receipt, commit.Ledger, commit.Facts, new QuoteToken(happened.Key, at, snapshot.Version, HashOf(receipt, commit)));
    }

    public async ValueTask<Quoted> CommitAsync(CustomerEvent happened, QuoteToken token, CancellationToken cancellationToken)
    {
        if (happened.Key != token.Key || (happened.OccurredAt is { } own && own != token.At))
        {
            return new Quoted.Stale("another-event");
        }

        var snapshot = await LoadAsync(Checked(happened with { OccurredAt = token.At }), cancellationToken).ConfigureAwait(false);
        if (snapshot.Recorded is { } recorded)
        {
            return recorded.PayloadHash == Binary.PayloadHash(happened) ? await AgainAsync(token, recorded.Receipt, cancellationToken).ConfigureAwait(false) : new Quoted.Stale("key-reused");
        }

        if (snapshot.Version != token.Version)
        {
            return new Quoted.Stale("customer-changed");
        }

        var (receipt, commit, _) = await DecideAsync(snapshot, happened, token.At, cancellationToken).ConfigureAwait(false);
        if (HashOf(receipt, commit) != token.Entries)
        {
            return new Quoted.Stale("decided-otherwise");
        }

        return (await kernel.CommitAsync(Marked(commit, token), cancellationToken).ConfigureAwait(false)) switch
        {
            CommitResult.Committed => new Quoted.Committed(receipt),
            CommitResult.AlreadyCommitted(var key, var already) when key == token.Key => await AgainAsync(token, already, cancellationToken).ConfigureAwait(false),
            CommitResult.KeyReused => new Quoted.Stale("key-reused"),
            CommitResult.QuotaExhausted => new Quoted.Stale("decided-otherwise"),
            _ => new Quoted.Stale("customer-changed"),
        };
    }

    // What was recorded is what was quoted where it was recorded by the token: upon which state else it was decided, no receipt tells.
    private async ValueTask<Quoted> AgainAsync(QuoteToken token, Receipt receipt, CancellationToken cancellationToken)
    {
        await foreach (var entry in kernel.Store.ReadJournalAsync(receipt.Customer, receipt.Version - 1, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Event.Key == token.Key && Observations.HasQuote(entry.Observations, token.Entries))
            {
                return new Quoted.Committed(receipt);
            }

            break;
        }

        return new Quoted.Stale("recorded-apart") { Recorded = receipt };
    }

    private static Commit Marked(Commit commit, QuoteToken token) => commit with
    {
        Entries = commit.Entries.Select(entry => entry.Event.Key == token.Key ? entry with { Observations = Observations.WithQuote(entry.Observations, token.Entries) } : entry).ToSequence(),
    };

    private CustomerEvent Checked(CustomerEvent happened)
    {
        var problems = check.Check([happened], clock.GetCurrentInstant());
        return problems.IsEmpty ? happened : throw new InvalidEventException(problems);
    }

    private ValueTask<CustomerSnapshot> LoadAsync(CustomerEvent happened, CancellationToken cancellationToken) =>
        kernel.Store.LoadAsync(new CustomerRef(happened.Customer, happened.Identity) { Recording = happened.Key }, cancellationToken);

    // What supplies have is asked for before it is promised, in the order in which a commit would find them short.
    private async ValueTask<(Receipt Receipt, Commit Commit, Instant At)> DecideAsync(CustomerSnapshot snapshot, CustomerEvent sent, Instant? occurredAt, CancellationToken cancellationToken)
    {
        var shortages = new Shortages();
        while (true)
        {
            var decided = await DecideAsync(snapshot, sent, occurredAt, shortages, cancellationToken).ConfigureAwait(false);
            if (!shortages.CloseForced(decided.Commit) && !await shortages.LearnAsync(kernel.Store, decided.Commit, cancellationToken).ConfigureAwait(false))
            {
                return decided;
            }
        }
    }

    // The payload is that of the event as it was sent: when it was quoted is no part of it.
    private async ValueTask<(Receipt Receipt, Commit Commit, Instant At)> DecideAsync(CustomerSnapshot snapshot, CustomerEvent sent, Instant? occurredAt, Shortages shortages, CancellationToken cancellationToken)
    {
        var now = clock.GetCurrentInstant();
        var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
        var at = Instant.FromUnixTimeTicks((occurredAt ?? Kernel.After(decision.State.RecordedAt, now)).ToUnixTimeTicks());
        var receipt = await decision.AddAsync(sent with { OccurredAt = at }, Binary.PayloadHash(sent), RecordMode.Live, now, shortages, null, snapshot, cancellationToken).ConfigureAwait(false);
        return (receipt, decision.ToCommit(now) ?? throw new InvalidOperationException("An event was decided and there is nothing to commit."), at);
    }

    private static UInt128 HashOf(Receipt receipt, Commit commit) => Definitions.DefinitionHash.Of(string.Join('\n', commit.Ledger
        .Select(entry => FormattableString.Invariant($"{entry.Program}|{entry.Unit}|{entry.Lot}|{entry.Amount}|{(int)entry.Movement}|{entry.Cause}|{InstantPattern.ExtendedIso.Format(entry.OccurredAt)}|{entry.Rule}|{entry.Code}|{entry.Definition}|{entry.Corrects}"))
        .Concat(commit.Quotas.Select(draw => FormattableString.Invariant($"draws|{draw.Amount}|{draw.Credit}|{draw.IntoDebt}|{draw.Name}")))
        .Concat(receipt.Refusal is { } refusal ? [$"refused|{refusal.Module}|{refusal.Code}"] : []))).Value;
}
