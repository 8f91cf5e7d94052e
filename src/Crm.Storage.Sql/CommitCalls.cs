using System.Collections.Frozen;
using Crm.Modules;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Spreads commits over statements: the guards first, then what they guard.</summary>
internal sealed class CommitCalls
{
    // In this order they are sent.
    private static readonly (SqlStatement Statement, bool IsGuard)[] Order =
    [
        (CommitStatements.Keys, IsGuard: true),
        (CommitStatements.Births, IsGuard: true),
        (CommitStatements.Versions, IsGuard: true),
        (CommitStatements.VersionsUpon, IsGuard: true),
        (CommitStatements.Severed, IsGuard: false),
        (CommitStatements.Identities, IsGuard: true),
        (CommitStatements.Draws, IsGuard: true),
        (CommitStatements.DrawsOnCredit, IsGuard: true),
        (CommitStatements.GiveBack, IsGuard: false),
        (CommitStatements.Events, IsGuard: true),
        (CommitStatements.Lines, IsGuard: true),
        (CommitStatements.Slots, IsGuard: false),
        (CommitStatements.Ledger, IsGuard: true),
        (CommitStatements.FactsGone, IsGuard: false),
        (CommitStatements.Facts, IsGuard: false),
        (CommitStatements.ProfilesGone, IsGuard: false),
        (CommitStatements.Profiles, IsGuard: false),
        (CommitStatements.WakeupsGone, IsGuard: false),
        (CommitStatements.Wakeups, IsGuard: false),
        (CommitStatements.CheckpointsGone, IsGuard: false),
        (CommitStatements.Checkpoints, IsGuard: false),
        (CommitStatements.Outbox, IsGuard: false),
        (CommitStatements.OutboxWithdrawn, IsGuard: false),
        (CommitStatements.MessagesWithdrawn, IsGuard: false),
        (CommitStatements.OutboxSettled, IsGuard: false),
    ];

    private static readonly FrozenDictionary<SqlStatement, int> Places = Order.Index().ToFrozenDictionary(step => step.Item.Statement, step => step.Index);

    private readonly string tenant;
    private readonly SqlCall?[] calls = new SqlCall?[Order.Length]; // null where there is nothing to do

    private CommitCalls(string tenant) => this.tenant = tenant;

    /// <summary>The statements of commits whose customers and keys all differ, without those that would do nothing.</summary>
    public static IReadOnlyList<SqlCall> Of(string tenant, IReadOnlyList<Commit> commits)
    {
        var all = new CommitCalls(tenant);

        // Writers that take rows in one order do not wait for each other in a circle, and neighbouring rows are written together.
        all.AddKeys(commits);
        all.AddIdentities(commits);
        all.AddDraws(commits);
        IEnumerable<Commit> ordered = commits.Count == 1 ? commits : commits.OrderBy(commit => commit.Customer.Bucket).ThenBy(commit => commit.Customer);
        foreach (var commit in ordered)
        {
            all.Add(commit);
        }

        return [.. all.calls.OfType<SqlCall>()];
    }

    /// <summary>The call that takes rows of a statement.</summary>
    private SqlCall To(SqlStatement statement)
    {
        var place = Places[statement];
        return calls[place] ??= new SqlCall(statement) { IsGuard = Order[place].IsGuard };
    }

    private void AddKeys(IReadOnlyList<Commit> commits)
    {
        var recorded = new List<(long Bucket, JournalEntry Entry, CustomerId Customer)>(commits.Count);
        foreach (var commit in commits)
        {
            foreach (var entry in commit.Entries)
            {
                recorded.Add((Bucket.Of(entry.Event.Key), entry, commit.Customer));
            }
        }

        recorded.Sort(static (left, right) => left.Bucket != right.Bucket ? left.Bucket.CompareTo(right.Bucket) : left.Entry.Event.Key.CompareTo(right.Entry.Event.Key));
        foreach (var (bucket, entry, customer) in recorded)
        {
            To(CommitStatements.Keys).Add(tenant, bucket, entry.Event.Key.Source, entry.Event.Key.Value, Bits.Of(entry.PayloadHash), customer.Bucket, customer, entry.Version);
        }
    }

    private void AddIdentities(IReadOnlyList<Commit> commits)
    {
        var claimed = new List<(long Bucket, IdentityClaim Claim, CustomerId Customer)>();
        foreach (var commit in commits)
        {
            foreach (var claim in commit.Claims)
            {
                claimed.Add((Bucket.Of(claim.Identity), claim, commit.Customer));
            }
        }

        claimed.Sort(static (left, right) => left.Bucket != right.Bucket ? left.Bucket.CompareTo(right.Bucket) : left.Claim.Identity.CompareTo(right.Claim.Identity));
        foreach (var (bucket, claim, customer) in claimed)
        {
            To(CommitStatements.Identities).Add(tenant, bucket, claim.Identity.Kind, claim.Identity.Value, customer.Bucket, customer, claim.Reference);
        }
    }

    private void AddDraws(IReadOnlyList<Commit> commits)
    {
        if (commits.All(static commit => commit.Quotas.IsEmpty))
        {
            return;
        }

        foreach (var supply in commits.SelectMany(commit => commit.NetDraws()).GroupBy(draw => draw.Name, StringComparer.Ordinal).OrderBy(supply => supply.Key, StringComparer.Ordinal))
        {
            // What is given back covers what others draw, whoever gives it.
            var net = Sum(supply.Where(draw => !draw.IntoDebt || draw.Amount < 0));
            var credit = supply.Where(draw => draw is { Amount: > 0, IntoDebt: false }).Min(draw => (long?)draw.Credit) ?? 0;
            if (net > 0 && net <= credit)
            {
                To(CommitStatements.DrawsOnCredit).Add(tenant, supply.Key, Bounded(-net), Bounded(net - credit));
            }
            else if (net > 0)
            {
                To(CommitStatements.Draws).Add(tenant, supply.Key, Bounded(net), Bounded(net - credit));
            }

            // What is taken into debt is given back below nothing. A supply has one row of this: a statement may write a row once.
            var back = -Int128.Min(net, 0) - Sum(supply.Where(draw => draw.IntoDebt && draw.Amount > 0));
            if (back != 0)
            {
                To(CommitStatements.GiveBack).Add(tenant, supply.Key, Bounded(back));
            }
        }
    }

    private static Int128 Sum(IEnumerable<QuotaDraw> draws) => draws.Aggregate(Int128.Zero, (sum, draw) => sum + draw.Amount);

    private static long Bounded(Int128 amount) => (long)Int128.Clamp(amount, long.MinValue, long.MaxValue);

    private void Add(Commit commit)
    {
        var id = new Owner(tenant, commit.Customer.Bucket, commit.Customer);
        if (commit.ExpectedVersion == 0)
        {
            To(CommitStatements.Births).Add(id.Tenant, id.Bucket, id.Bytes, commit.Version, 0, commit.Claims.Count, commit.RecordedAt);
        }
        else if (commit.Upon is { } upon)
        {
            To(CommitStatements.VersionsUpon).Add(id.Tenant, id.Bucket, id.Bytes, commit.ExpectedVersion, commit.Version, commit.Claims.Count, upon.Name, upon.Bytes.AsSpan().ToArray());
        }
        else
        {
            To(CommitStatements.Versions).Add(id.Tenant, id.Bucket, id.Bytes, commit.ExpectedVersion, commit.Version, commit.Claims.Count);
        }

        foreach (var entry in commit.Entries)
        {
            Add(id, entry);
        }

        foreach (var identity in commit.Severed)
        {
            To(CommitStatements.Severed).Add(tenant, Bucket.Of(identity), identity.Kind, identity.Value, commit.Customer.Bucket, commit.Customer);
        }

        foreach (var slot in commit.Slots)
        {
            To(CommitStatements.Slots).Add(id.Tenant, id.Bucket, id.Bytes, slot.Name, slot.Version, slot.Bytes.AsSpan().ToArray());
        }

        AddLedger(id, commit);
        foreach (var fact in commit.Facts)
        {
            Add(id, fact);
        }

        AddState(id, commit);
        AddOutbox(id, commit);
    }

    private void Add(Owner id, JournalEntry entry)
    {
        var sent = entry.Event;
        To(CommitStatements.Events).Add(
            id.Tenant, id.Bucket, id.Bytes, entry.Version, sent.Key.Source, sent.Key.Value, sent.Kind, sent.OccurredAt, entry.EffectiveAt, entry.RecordedAt, sent.Channel, sent.Brand, sent.Actor,
            sent.Spend?.MinorUnits, sent.Spend?.Currency.Code, sent.Original?.Source, sent.Original?.Value, sent.Customer is { } named ? named : SqlValue.Null, (long?)entry.IdentityReference,
            entry.Backfill ? 1 : 0, Bits.Of(entry.PayloadHash), Binary.Write(sent.Fields), Binary.Write(entry.Observations), Binary.Write(entry.Receipt));
        for (var i = 0; i < sent.Lines.Count; i++)
        {
            var line = sent.Lines[i];
            To(CommitStatements.Lines).Add(id.Tenant, id.Bucket, id.Bytes, entry.Version, i, line.Sku, line.Category, line.Quantity, line.Amount.MinorUnits, line.Amount.Currency.Code);
        }
    }

    private void AddLedger(Owner id, Commit commit)
    {
        for (var i = 0; i < commit.Ledger.Count; i++)
        {
            var entry = commit.Ledger[i];
            To(CommitStatements.Ledger).Add(
                id.Tenant, id.Bucket, id.Bytes, commit.Version, i, entry.Program, entry.Unit, entry.Lot, entry.Amount, (long)entry.Movement, entry.Cause.Source, entry.Cause.Value, entry.OccurredAt,
                commit.RecordedAt, entry.Rule, entry.Code, entry.Definition is { } definition ? Bits.Of(definition.Value) : SqlValue.Null, entry.Corrects?.Source, entry.Corrects?.Value);
        }
    }

    private void Add(Owner id, Fact fact)
    {
        if (fact.Value.IsMissing)
        {
            To(CommitStatements.FactsGone).Add(id.Tenant, id.Bucket, id.Bytes, fact.Name);
        }
        else
        {
            To(CommitStatements.Facts).Add(id.Tenant, id.Bucket, id.Bytes, fact.Name, (long)fact.Value.Kind, fact.Value.ToString(), FactValue.Number(fact.Value), fact.ValidUntil);
        }
    }

    private void AddState(Owner id, Commit commit)
    {
        if (commit.Profile is { } profile)
        {
            if (Binary.Write(profile) is { } content)
            {
                To(CommitStatements.Profiles).Add(id.Tenant, id.Bucket, id.Bytes, content);
            }
            else
            {
                To(CommitStatements.ProfilesGone).Add(id.Tenant, id.Bucket, id.Bytes);
            }
        }

        if (commit.NextDueChanged)
        {
            if (commit.NextDue is { } due)
            {
                To(CommitStatements.Wakeups).Add(id.Tenant, id.Bucket, id.Bytes, due);
            }
            else if (commit.ExpectedVersion > 0)
            {
                To(CommitStatements.WakeupsGone).Add(id.Tenant, id.Bucket, id.Bytes);
            }
        }

        if (commit.CheckpointsInvalidFrom is { } from)
        {
            To(CommitStatements.CheckpointsGone).Add(id.Tenant, id.Bucket, id.Bytes, from);
        }

        foreach (var checkpoint in commit.Checkpoints)
        {
            To(CommitStatements.Checkpoints).Add(id.Tenant, id.Bucket, id.Bytes, checkpoint.At, CheckpointBytes.Write(checkpoint.Slots));
        }
    }

    private void AddOutbox(Owner id, Commit commit)
    {
        for (var i = 0; i < commit.Outbox.Count; i++)
        {
            var item = commit.Outbox[i];
            To(CommitStatements.Outbox).Add(
                id.Tenant, id.Bucket, id.Bytes, item.Id, OutboxContent.Kind(item), 0, item.NotBefore, (item as OutboxItem.OfMessage)?.Message.UsefulUntil,
                commit.RecordedAt, commit.Version, i, item.Attempts, OutboxContent.Write(item));
        }

        foreach (var item in commit.Withdrawn)
        {
            To(CommitStatements.OutboxWithdrawn).Add(id.Tenant, id.Bucket, id.Bytes, item);
        }

        if (commit.WithdrawsMessages)
        {
            To(CommitStatements.MessagesWithdrawn).Add(id.Tenant, id.Bucket, id.Bytes, OutboxContent.OfMessage);
        }

        foreach (var item in commit.Settled)
        {
            To(CommitStatements.OutboxSettled).Add(id.Tenant, id.Bucket, id.Bytes, item);
        }
    }

    /// <summary>With what every row of a customer begins.</summary>
    private readonly record struct Owner(string Tenant, int Bucket, SqlValue Bytes);
}
