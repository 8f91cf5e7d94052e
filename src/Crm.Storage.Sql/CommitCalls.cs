using Crm.Modules;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>Spreads commits over statements: the guards first, then what they guard.</summary>
internal sealed class CommitCalls
{
    private readonly string tenant;
    private readonly SqlCall keys = new(CommitStatements.Keys) { IsGuard = true };
    private readonly SqlCall births = new(CommitStatements.Births) { IsGuard = true };
    private readonly SqlCall versions = new(CommitStatements.Versions) { IsGuard = true };
    private readonly SqlCall versionsUpon = new(CommitStatements.VersionsUpon) { IsGuard = true };
    private readonly SqlCall severed = new(CommitStatements.Severed);
    private readonly SqlCall identities = new(CommitStatements.Identities) { IsGuard = true };
    private readonly SqlCall draws = new(CommitStatements.Draws) { IsGuard = true };
    private readonly SqlCall onCredit = new(CommitStatements.DrawsOnCredit) { IsGuard = true };
    private readonly SqlCall givenBack = new(CommitStatements.GiveBack);
    private readonly SqlCall events = new(CommitStatements.Events) { IsGuard = true };
    private readonly SqlCall lines = new(CommitStatements.Lines) { IsGuard = true };
    private readonly SqlCall slots = new(CommitStatements.Slots);
    private readonly SqlCall ledger = new(CommitStatements.Ledger) { IsGuard = true };
    private readonly SqlCall facts = new(CommitStatements.Facts);
    private readonly SqlCall factsGone = new(CommitStatements.FactsGone);
    private readonly SqlCall profiles = new(CommitStatements.Profiles);
    private readonly SqlCall profilesGone = new(CommitStatements.ProfilesGone);
    private readonly SqlCall wakeups = new(CommitStatements.Wakeups);
    private readonly SqlCall wakeupsGone = new(CommitStatements.WakeupsGone);
    private readonly SqlCall checkpointsGone = new(CommitStatements.CheckpointsGone);
    private readonly SqlCall checkpoints = new(CommitStatements.Checkpoints);
    private readonly SqlCall outbox = new(CommitStatements.Outbox);
    private readonly SqlCall withdrawn = new(CommitStatements.OutboxWithdrawn);
    private readonly SqlCall settled = new(CommitStatements.OutboxSettled);
    private SqlCall? silenced;

    private CommitCalls(string tenant) => this.tenant = tenant;

    /// <summary>The statements of commits whose customers and keys all differ, without those that would do nothing.</summary>
    public static IReadOnlyList<SqlCall> Of(string tenant, IReadOnlyList<Commit> commits)
    {
        var calls = new CommitCalls(tenant);

        // Writers that take rows in one order do not wait for each other in a circle, and neighbouring rows are written together.
        calls.AddKeys(commits);
        calls.AddIdentities(commits);
        calls.AddDraws(commits);
        foreach (var commit in commits.OrderBy(commit => commit.Customer.Bucket).ThenBy(commit => commit.Customer))
        {
            calls.Add(commit);
        }

        return calls.All.Where(call => call.Rows > 0).ToList();
    }

    private IEnumerable<SqlCall> All =>
    [
        keys, births, versions, versionsUpon, severed, identities, draws, onCredit, givenBack,
        events, lines, slots, ledger, factsGone, facts, profilesGone, profiles, wakeupsGone, wakeups, checkpointsGone, checkpoints, outbox, withdrawn, .. silenced is null ? [] : (SqlCall[])[silenced], settled,
    ];

    private void AddKeys(IReadOnlyList<Commit> commits)
    {
        var ordered = commits.SelectMany(commit => commit.Entries.Select(entry => (Bucket: Bucket.Of(entry.Event.Key), entry, commit.Customer)))
            .OrderBy(key => key.Bucket).ThenBy(key => key.entry.Event.Key);
        foreach (var (bucket, entry, customer) in ordered)
        {
            keys.Add(tenant, bucket, entry.Event.Key.Source, entry.Event.Key.Value, Bits.Of(entry.PayloadHash), customer.Bucket, customer, entry.Version);
        }
    }

    private void AddIdentities(IReadOnlyList<Commit> commits)
    {
        var ordered = commits.SelectMany(commit => commit.Claims.Select(claim => (Bucket: Bucket.Of(claim.Identity), claim, commit.Customer)))
            .OrderBy(claimed => claimed.Bucket).ThenBy(claimed => claimed.claim.Identity);
        foreach (var (bucket, claim, customer) in ordered)
        {
            identities.Add(tenant, bucket, claim.Identity.Kind, claim.Identity.Value, customer.Bucket, customer, claim.Reference);
        }
    }

    private void AddDraws(IReadOnlyList<Commit> commits)
    {
        foreach (var supply in commits.SelectMany(commit => commit.NetDraws()).GroupBy(draw => draw.Name, StringComparer.Ordinal).OrderBy(supply => supply.Key, StringComparer.Ordinal))
        {
            // What is given back covers what others draw, whoever gives it.
            var net = Sum(supply.Where(draw => !draw.IntoDebt || draw.Amount < 0));
            var credit = supply.Where(draw => draw is { Amount: > 0, IntoDebt: false }).Min(draw => (long?)draw.Credit) ?? 0;
            if (net > 0 && net <= credit)
            {
                onCredit.Add(tenant, supply.Key, Bounded(-net), Bounded(net - credit));
            }
            else if (net > 0)
            {
                draws.Add(tenant, supply.Key, Bounded(net), Bounded(net - credit));
            }

            // What is taken into debt is given back below nothing. A supply has one row of this: a statement may write a row once.
            var back = -Int128.Min(net, 0) - Sum(supply.Where(draw => draw.IntoDebt && draw.Amount > 0));
            if (back != 0)
            {
                givenBack.Add(tenant, supply.Key, Bounded(back));
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
            births.Add(id.Tenant, id.Bucket, id.Bytes, commit.Version, 0, commit.Claims.Count, commit.RecordedAt);
        }
        else if (commit.Upon is { } upon)
        {
            versionsUpon.Add(id.Tenant, id.Bucket, id.Bytes, commit.ExpectedVersion, commit.Version, commit.Claims.Count, upon.Name, upon.Bytes.AsSpan().ToArray());
        }
        else
        {
            versions.Add(id.Tenant, id.Bucket, id.Bytes, commit.ExpectedVersion, commit.Version, commit.Claims.Count);
        }

        foreach (var entry in commit.Entries)
        {
            Add(id, entry);
        }

        foreach (var identity in commit.Severed)
        {
            severed.Add(tenant, Bucket.Of(identity), identity.Kind, identity.Value, commit.Customer.Bucket, commit.Customer);
        }

        foreach (var slot in commit.Slots)
        {
            slots.Add(id.Tenant, id.Bucket, id.Bytes, slot.Name, slot.Version, slot.Bytes.AsSpan().ToArray());
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
        events.Add(
            id.Tenant, id.Bucket, id.Bytes, entry.Version, sent.Key.Source, sent.Key.Value, sent.Kind, sent.OccurredAt, entry.EffectiveAt, entry.RecordedAt, sent.Channel, sent.Brand, sent.Actor,
            sent.Spend?.MinorUnits, sent.Spend?.Currency.Code, sent.Original?.Source, sent.Original?.Value, sent.Customer is { } named ? named : SqlValue.Null, (long?)entry.IdentityReference,
            entry.Backfill ? 1 : 0, Bits.Of(entry.PayloadHash), Binary.Write(sent.Fields), Binary.Write(entry.Observations), Binary.Write(entry.Receipt));
        for (var i = 0; i < sent.Lines.Count; i++)
        {
            var line = sent.Lines[i];
            lines.Add(id.Tenant, id.Bucket, id.Bytes, entry.Version, i, line.Sku, line.Category, line.Quantity, line.Amount.MinorUnits, line.Amount.Currency.Code);
        }
    }

    private void AddLedger(Owner id, Commit commit)
    {
        for (var i = 0; i < commit.Ledger.Count; i++)
        {
            var entry = commit.Ledger[i];
            ledger.Add(
                id.Tenant, id.Bucket, id.Bytes, commit.Version, i, entry.Program, entry.Unit, entry.Lot, entry.Amount, (long)entry.Movement, entry.Cause.Source, entry.Cause.Value, entry.OccurredAt,
                commit.RecordedAt, entry.Rule, entry.Code, entry.Definition is { } definition ? Bits.Of(definition.Value) : SqlValue.Null, entry.Corrects?.Source, entry.Corrects?.Value);
        }
    }

    private void Add(Owner id, Fact fact)
    {
        if (fact.Value.IsMissing)
        {
            factsGone.Add(id.Tenant, id.Bucket, id.Bytes, fact.Name);
        }
        else
        {
            facts.Add(id.Tenant, id.Bucket, id.Bytes, fact.Name, (long)fact.Value.Kind, fact.Value.ToString(), FactValue.Number(fact.Value), fact.ValidUntil);
        }
    }

    private void AddState(Owner id, Commit commit)
    {
        if (commit.Profile is { } profile)
        {
            if (Binary.Write(profile) is { } content)
            {
                profiles.Add(id.Tenant, id.Bucket, id.Bytes, content);
            }
            else
            {
                profilesGone.Add(id.Tenant, id.Bucket, id.Bytes);
            }
        }

        if (commit.NextDueChanged)
        {
            if (commit.NextDue is { } due)
            {
                wakeups.Add(id.Tenant, id.Bucket, id.Bytes, due);
            }
            else if (commit.ExpectedVersion > 0)
            {
                wakeupsGone.Add(id.Tenant, id.Bucket, id.Bytes);
            }
        }

        if (commit.CheckpointsInvalidFrom is { } from)
        {
            checkpointsGone.Add(id.Tenant, id.Bucket, id.Bytes, from);
        }

        foreach (var checkpoint in commit.Checkpoints)
        {
            checkpoints.Add(id.Tenant, id.Bucket, id.Bytes, checkpoint.At, CheckpointBytes.Write(checkpoint.Slots));
        }
    }

    private void AddOutbox(Owner id, Commit commit)
    {
        for (var i = 0; i < commit.Outbox.Count; i++)
        {
            var item = commit.Outbox[i];
            outbox.Add(
                id.Tenant, id.Bucket, id.Bytes, item.Id, OutboxContent.Kind(item), 0, item.NotBefore, (item as OutboxItem.OfMessage)?.Message.UsefulUntil,
                commit.RecordedAt, commit.Version, i, item.Attempts, OutboxContent.Write(item));
        }

        foreach (var item in commit.Withdrawn)
        {
            withdrawn.Add(id.Tenant, id.Bucket, id.Bytes, item);
        }

        if (commit.WithdrawsMessages)
        {
            (silenced ??= new SqlCall(CommitStatements.MessagesWithdrawn)).Add(id.Tenant, id.Bucket, id.Bytes, OutboxContent.OfMessage);
        }

        foreach (var item in commit.Settled)
        {
            settled.Add(id.Tenant, id.Bucket, id.Bytes, item);
        }
    }

    /// <summary>With what every row of a customer begins.</summary>
    private readonly record struct Owner(string Tenant, int Bucket, SqlValue Bytes);
}
