using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>One unit of work for one customer: everything that one or several events, or due agenda entries, changed. It is written wholly or not at all.</summary>
public sealed record Commit
{
    private const int Few = 24;

    /// <summary>The customer.</summary>
    public required CustomerId Customer { get; init; }

    /// <summary>The version that the customer must have; 0 for a birth.</summary>
    public required long ExpectedVersion { get; init; }

    /// <summary>
    /// A slot that the store must have, by name and content, as the customer of the expected version was when this was decided; null: the version alone says it. Whoever decides upon a customer who was remembered, and
    /// not loaded, names one that changes with every event: a store that was set back to an earlier time may have come to the same version by another way, and then answers <see cref="CommitResult.VersionConflict"/>.
    /// </summary>
    public StoredSlot? Upon { get; init; }

    /// <summary>The version that the customer has afterwards; larger than the expected one.</summary>
    public required long Version { get; init; }

    /// <summary>When it is written, by the engine's clock.</summary>
    public required Instant RecordedAt { get; init; }

    /// <summary>Identities that become the customer's; each must be nobody's.</summary>
    public Sequence<IdentityClaim> Claims { get; init; }

    /// <summary>
    /// Identities that are cut from the customer: the store keeps their values nowhere, and whoever comes with one is somebody new. One that is not the customer's is left alone. The journal, the ledger and
    /// the keys stay; the profile goes by <see cref="Profile"/>, and what waits in the outbox by <see cref="Withdrawn"/> or <see cref="WithdrawsMessages"/>. Follow-ups of others that wait for the customer name it by id from then on
    /// (<see cref="OutboxItem.OfFollowUp.Without"/>).
    /// </summary>
    public Sequence<Identity> Severed { get; init; }

    /// <summary>New journal entries; each key must be new.</summary>
    public Sequence<JournalEntry> Entries { get; init; }

    /// <summary>Slots that changed.</summary>
    public Sequence<StoredSlot> Slots { get; init; }

    /// <summary>New ledger entries, in order.</summary>
    public Sequence<LedgerEntry> Ledger { get; init; }

    /// <summary>Queryable facts that changed; a missing value removes the row.</summary>
    public Sequence<Fact> Facts { get; init; }

    /// <summary>The whole profile, when it changed; null: as it was.</summary>
    public Fields? Profile { get; init; }

    /// <summary>When the customer is next due. The store keeps one row a customer, and none when this is null; writing it frees a lease.</summary>
    public Instant? NextDue { get; init; }

    /// <summary>Whether <see cref="NextDue"/> differs from what is stored, or a lease must be freed.</summary>
    public bool NextDueChanged { get; init; }

    /// <summary>
    /// Items that must leave. Where the outbox has one of the same id: one that has left stays as it is, one that waits is replaced (its lease stands), and one that was withdrawn comes back.
    /// </summary>
    public Sequence<OutboxItem> Outbox { get; init; }

    /// <summary>Items that are not to leave after all, unless they have left already. No item is here and in <see cref="Outbox"/>.</summary>
    public Sequence<string> Withdrawn { get; init; }

    /// <summary>Whether every message to the customer that waits is withdrawn, whatever its id, and kept nowhere. The commit then puts no message out; follow-ups leave as they would.</summary>
    public bool WithdrawsMessages { get; init; }

    /// <summary>Items that have been handled and leave the outbox.</summary>
    public Sequence<string> Settled { get; init; }

    /// <summary>Net draws on supplies; negative ones give back. All must be covered but those that are taken into debt.</summary>
    public Sequence<QuotaDraw> Quotas { get; init; }

    /// <summary>Checkpoints at or after this instant are no longer true and are removed first; null: none. The opening of a journal (<see cref="JournalOpening"/>) stays.</summary>
    public Instant? CheckpointsInvalidFrom { get; init; }

    /// <summary>New checkpoints.</summary>
    public Sequence<Checkpoint> Checkpoints { get; init; }

    /// <summary>
    /// Set where the customer becomes one with another, whose commit is written together with this one (<see cref="IAtomicCommits"/>); null otherwise. From then on whoever loads this id gets the survivor,
    /// the customer is among those of <see cref="IJournalScan.ReadCustomersAsync"/> no more, its identities are the survivor's, and all that its outbox has is the survivor's, under the same ids and leases.
    /// Journal, ledger, checkpoints and keys stay where they are.
    /// </summary>
    public Retirement? Retirement { get; init; }

    /// <summary>Checks that the parts fit together.</summary>
    /// <exception cref="InvalidOperationException">They do not; the message says what was found.</exception>
    public void Check()
    {
        if (Retirement is { Survivor: var survivor })
        {
            throw Faulty($"retires the customer in favour of {survivor} by itself; both are written together");
        }

        CheckParts();
    }

    private void CheckParts()
    {
        if (ExpectedVersion < 0 || Version <= ExpectedVersion)
        {
            throw Faulty($"goes from version {ExpectedVersion} to {Version}; a later version is expected");
        }

        if (Upon is not null && ExpectedVersion == 0)
        {
            throw Faulty($"gives birth upon the slot '{Upon.Value.Name}'; whoever is not born yet has no slots");
        }

        var last = ExpectedVersion;
        foreach (var entry in Entries)
        {
            if (entry.Version <= last || entry.Version > Version)
            {
                throw Faulty($"has an entry of version {entry.Version} after {last} and up to {Version}; rising versions are expected");
            }

            last = entry.Version;
            if (entry.Event.OccurredAt is null || entry.Event.Identity is not null || !entry.Event.AlsoKnownAs.IsEmpty || entry.Event.Profile.Count > 0 || entry.Event.Lookups.Count > 0)
            {
                throw Faulty($"has the entry '{entry.Event.Key}' without its instant, or with an identity, a profile or look-ups; the journal holds none of a person, and look-ups are observations");
            }

            foreach (var line in entry.Receipt.Lines)
            {
                if (!line.AddsUp)
                {
                    throw Faulty($"has a receipt for '{entry.Event.Key}' whose parts do not add up");
                }
            }
        }

        if (Entries.Count > 1 && Entries.CountBy(entry => entry.Event.Key).FirstOrDefault(key => key.Value > 1) is { Value: > 1 } key)
        {
            throw Faulty($"has {key.Value} entries of the key '{key.Key}'; one is expected");
        }

        if (Claims.Count > 1 && Claims.CountBy(claim => claim.Identity).FirstOrDefault(claim => claim.Value > 1) is { Value: > 1 } claimed)
        {
            throw Faulty($"claims an identity of kind '{claimed.Key.Kind}' {claimed.Value} times; once is expected");
        }

        if (!Severed.IsEmpty && Claims.FirstOrDefault(claim => Severed.Contains(claim.Identity)) is { Identity.Kind: not null } both)
        {
            throw Faulty($"claims an identity of kind '{both.Identity.Kind}' and severs it; one of the two is expected");
        }

        foreach (var fact in Facts)
        {
            CheckName("a fact", fact.Name);
        }

        foreach (var draw in Quotas)
        {
            CheckName("a supply", draw.Name);
        }

        Once(Slots, slot => slot.Name, "slot");
        Once(Facts, fact => fact.Name, "fact");
        Once(Checkpoints, checkpoint => checkpoint.At, "checkpoint");
        Once(Outbox, item => item.Id, "outbox item");
        foreach (var withdrawn in Withdrawn)
        {
            if (Outbox.Any(item => item.Id == withdrawn))
            {
                throw Faulty($"puts the outbox item '{withdrawn}' out and withdraws it; one of the two is expected");
            }
        }

        if (WithdrawsMessages && Outbox.FirstOrDefault(item => item is OutboxItem.OfMessage) is { } message)
        {
            throw Faulty($"puts the message '{message.Id}' out and withdraws all messages; one of the two is expected");
        }

        var offset = false;
        foreach (var entry in Ledger)
        {
            offset |= entry.Movement == Movement.Offset;
            if (entry.Amount == 0)
            {
                throw Faulty("moves 0 units in a ledger entry");
            }
        }

        if (!offset)
        {
            return;
        }

        foreach (var offsets in Ledger.Where(entry => entry.Movement == Movement.Offset).GroupBy(entry => (entry.Program, entry.Unit)))
        {
            if (offsets.Sum(entry => entry.Amount) != 0)
            {
                throw Faulty($"offsets lots of '{offsets.Key.Unit}' by {offsets.Sum(entry => entry.Amount)} in all; 0 is expected");
            }
        }
    }

    /// <summary>Checks commits that are to be written together: each fits together, and no customer comes twice.</summary>
    /// <exception cref="InvalidOperationException">The message says what was found.</exception>
    public static void CheckAll(IReadOnlyList<Commit> commits)
    {
        ArgumentNullException.ThrowIfNull(commits);
        CheckEach(commits, static commit => commit.Check());
    }

    /// <summary>Checks commits that are written all or none: like <see cref="CheckAll"/>, and whoever is retired has the survivor among them, who stays.</summary>
    /// <exception cref="InvalidOperationException">The message says what was found.</exception>
    public static void CheckTogether(IReadOnlyList<Commit> commits)
    {
        ArgumentNullException.ThrowIfNull(commits);
        CheckEach(commits, static commit => commit.CheckParts());
        foreach (var commit in commits)
        {
            if (commit.Retirement is { Survivor: var survivor } && !commits.Any(other => other.Customer == survivor && other.Retirement is null))
            {
                throw commit.Faulty($"retires the customer in favour of {survivor}, who does not stay by a commit written together with it");
            }
        }
    }

    private static void CheckEach(IReadOnlyList<Commit> commits, Action<Commit> check)
    {
        var customers = new HashSet<CustomerId>(commits.Count);
        foreach (var commit in commits)
        {
            check(commit);
            if (!customers.Add(commit.Customer))
            {
                throw commit.Faulty("comes twice in one batch; once is expected");
            }
        }
    }

    /// <summary>The draws summed by supply, in the order of <see cref="Quotas"/>, without those that come to 0. Negative ones give back.</summary>
    public Sequence<QuotaDraw> NetDraws() => Net(Quotas);

    /// <summary>Draws summed by supply, in their order, without those that come to 0. A sum with a draw into debt is taken into debt, and one of draws on credit has the least credit of them.</summary>
    internal static Sequence<QuotaDraw> Net(IReadOnlyCollection<QuotaDraw> draws) => draws.Count == 0
        ? []
        : draws.GroupBy(draw => draw.Name, StringComparer.Ordinal)
            .Select(supply => new QuotaDraw(supply.Key, supply.Sum(draw => draw.Amount)) { Credit = supply.Where(draw => draw.Amount > 0).Min(draw => (long?)draw.Credit) ?? 0, IntoDebt = supply.Any(draw => draw.IntoDebt) })
            .Where(draw => draw.Amount != 0).ToSequence();

    private void CheckName(string what, string name)
    {
        if (StorableText.TooLong(name) is { } fault)
        {
            throw Faulty($"names {what} that begins with '{name[..Names.Longest]}' and has {fault}");
        }
    }

    // A row that is written twice at once is an error in some databases, and a lost value in others.
    // So few are compared with each other sooner than put into a table.
    private void Once<T, TKey>(Sequence<T> parts, Func<T, TKey> key, string what)
        where TKey : notnull
    {
        if (parts.Count > Few)
        {
            if (parts.CountBy(key).FirstOrDefault(part => part.Value > 1) is { Value: > 1 } twice)
            {
                throw Faulty($"writes the {what} '{twice.Key}' twice; once is expected");
            }

            return;
        }

        for (var later = 1; later < parts.Count; later++)
        {
            for (var earlier = 0; earlier < later; earlier++)
            {
                if (key(parts[later]).Equals(key(parts[earlier])))
                {
                    throw Faulty($"writes the {what} '{key(parts[later])}' twice; once is expected");
                }
            }
        }
    }

    private InvalidOperationException Faulty(string what) => new($"The commit of customer {Customer} {what}.");
}

/// <summary>An identity that a commit must win.</summary>
/// <param name="Identity">The identity.</param>
/// <param name="Reference">Its opaque reference: the customer's first, second, … identity, from 1.</param>
public readonly record struct IdentityClaim(Identity Identity, int Reference);

/// <summary>A customer becomes one with another.</summary>
/// <param name="Survivor">Whose id stands for both from now on.</param>
/// <param name="Known">How many identities the survivor ever had: the retired customer's reference n becomes the survivor's reference <paramref name="Known"/> + n.</param>
/// <param name="Joining">How many identities the retired customer ever had; the survivor has had so many more from now on.</param>
public sealed record Retirement(CustomerId Survivor, int Known, int Joining);

/// <summary>What became of a commit.</summary>
public abstract record CommitResult
{
    private CommitResult()
    {
    }

    /// <summary>The one <see cref="Committed"/>.</summary>
    public static Committed Done { get; } = new();

    /// <summary>It is written, durably.</summary>
    public sealed record Committed : CommitResult;

    /// <summary>The store has an event of the commit already, with the same payload; nothing was written.</summary>
    /// <param name="Key">Which.</param>
    /// <param name="Receipt">The receipt given then.</param>
    public sealed record AlreadyCommitted(EventKey Key, Receipt Receipt) : CommitResult;

    /// <summary>The store has the key of an event of the commit with another payload; nothing was written.</summary>
    /// <param name="Key">Which.</param>
    public sealed record KeyReused(EventKey Key) : CommitResult;

    /// <summary>The customer has another version than expected; nothing was written.</summary>
    public sealed record VersionConflict : CommitResult;

    /// <summary>An identity belongs to somebody; nothing was written.</summary>
    /// <param name="Identity">Which.</param>
    /// <param name="Customer">Whose it is.</param>
    public sealed record IdentityTaken(Identity Identity, CustomerId Customer) : CommitResult;

    /// <summary>A supply does not cover its draw; nothing was written.</summary>
    /// <param name="Name">Which.</param>
    public sealed record QuotaExhausted(string Name) : CommitResult;
}
