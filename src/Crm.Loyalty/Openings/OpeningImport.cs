using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Openings;

/// <summary>The balance of one member, as the system that kept it before has it.</summary>
/// <param name="Member">Who.</param>
/// <param name="Balance">What was there.</param>
/// <param name="Place">Where it stood, for messages, such as "line 12"; null where that says nothing.</param>
public sealed record OpeningRow(Identity Member, OpeningBalance Balance, string? Place = null);

/// <summary>
/// Opens the balances of many members. Its keys follow from its name and the members, so an import that was interrupted goes on where it stopped when it is run again, and one that was done does nothing; and a
/// member whose balance was opened under the name by other keys is refused. Keys hold a hash of the identity, because they outlive the erasure of a person.
/// </summary>
/// <param name="Name">The name: a code such as "old-till-2026", unique for ever.</param>
/// <param name="Actor">Who decided it, as a code such as "staff:17".</param>
/// <param name="Rows">The balances.</param>
public sealed record OpeningImport(string Name, string Actor, Sequence<OpeningRow> Rows)
{
    private const int AtOnce = 500;

    /// <summary>The balances, those of a member in a programme put together, in the order of their first rows.</summary>
    public IEnumerable<OpeningRow> Members => Rows.GroupBy(row => (row.Member, row.Balance.Program)).Select(rows => new OpeningRow(
        rows.Key.Member,
        new OpeningBalance
        {
            Program = rows.Key.Program,
            Lots = rows.SelectMany(row => row.Balance.Lots).ToSequence(),
            Debts = rows.SelectMany(row => row.Balance.Debts).ToSequence(),
            Tiers = rows.SelectMany(row => row.Balance.Tiers).Distinct().ToSequence(),
            Cards = rows.SelectMany(row => row.Balance.Cards).Distinct().ToSequence(),
        },
        rows.First().Place));

    /// <summary>The requests.</summary>
    public IEnumerable<CustomerEvent> Events => Members.Select(row => OpeningEvents.Open(KeyOf(row), row.Member, row.Balance, Name, Actor));

    /// <summary>The cancellations that take the import back: history is decided again as if the balances had never been opened.</summary>
    public IEnumerable<CustomerEvent> Undo => Members.Select(row => new CustomerEvent
    {
        Key = new EventKey($"{KeySource}-undo", KeyOf(row).Value),
        Kind = EventKinds.CancellationName,
        Identity = row.Member,
        Actor = Actor,
        Original = KeyOf(row),
    });

    /// <summary>Everything that does not fit the programmes, row by row, before anything is written: the trial.</summary>
    /// <param name="programs">The programmes that count when the balances are opened.</param>
    /// <param name="at">When they are opened.</param>
    public Sequence<(OpeningRow Row, OpeningProblem Problem)> Problems(IReadOnlyCollection<LoyaltyProgram> programs, Instant at)
    {
        ArgumentNullException.ThrowIfNull(programs);
        return Rows.SelectMany(row => Problems(row, programs, at).Select(problem => (row, problem)))
            .Concat(Members.SelectMany(member => Together(member, programs).Select(problem => (member, problem)))).ToSequence();
    }

    /// <summary>Opens the balances, or goes on opening them. Messages do not leave, because nothing of it is news.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="watch">Is told how many members are done; null: nobody.</param>
    /// <param name="cancellationToken">Stops after the members that are being opened.</param>
    public async ValueTask<OpeningReport> RunAsync(CrmEngine engine, IProgress<int>? watch = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var report = new OpeningReport { Units = Sums() };
        foreach (var some in Members.Chunk(AtOnce))
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return report with { Interrupted = true };
            }

            var answers = await engine.RecordAsync([.. some.Select(row => OpeningEvents.Open(KeyOf(row), row.Member, row.Balance, Name, Actor))], RecordMode.Backfill, CancellationToken.None).ConfigureAwait(false);
            report = some.Zip(answers).Aggregate(report, (sum, pair) => sum.With(pair.First, pair.Second));
            watch?.Report(report.Opened + report.Already + report.Refused.Count);
        }

        return report;
    }

    /// <summary>Holds the report to the ledger: what the entries of this import's keys add up to, unit by unit.</summary>
    /// <returns>The report, with what the ledger says in it.</returns>
    public async ValueTask<OpeningReport> ReconcileAsync(OpeningReport report, IJournalScan journal, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(journal);
        var booked = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach (var (_, entry) in journal.ReadLedgerAsync(cancellationToken).ConfigureAwait(false))
        {
            if (entry.Code == LineCodes.Opened && entry.Cause.Source == KeySource && entry.Cause.Value.StartsWith($"{Name}/", StringComparison.Ordinal))
            {
                booked[entry.Unit] = booked.GetValueOrDefault(entry.Unit) + entry.Amount;
            }
        }

        return report with { Units = report.Units.Select(unit => unit with { Booked = booked.GetValueOrDefault(unit.Unit) }).ToSequence() };
    }

    internal const string KeySource = "opening";

    private EventKey KeyOf(OpeningRow row) => new(KeySource, $"{Name}/{DefinitionHash.Of($"{row.Member.Kind}\n{row.Member.Value}\n{row.Balance.Program}")}");

    private Sequence<OpenedUnit> Sums() => Rows.SelectMany(row => row.Balance.Lots.Select(lot => (lot.Unit, lot.Amount)).Concat(row.Balance.Debts.Select(debt => (debt.Unit, Amount: -debt.Amount))))
        .GroupBy(item => item.Unit, StringComparer.Ordinal).OrderBy(unit => unit.Key, StringComparer.Ordinal).Select(unit => new OpenedUnit(unit.Key, unit.Sum(item => item.Amount), 0, 0)).ToSequence();

    private static Sequence<OpeningProblem> Problems(OpeningRow row, IReadOnlyCollection<LoyaltyProgram> programs, Instant at) => Find(row.Balance.Program, programs) is { } program
        ? OpeningCheck.Problems(row.Balance, program, at)
        : [new OpeningProblem("program", "unknown-program", LoyaltyTexts.UnknownProgram(row.Balance.Program ?? "-", string.Join(", ", programs.Select(known => known.Name))))];

    // What is right row by row may be too much of a member together: two tiers of one ladder, or one card twice.
    private static IEnumerable<OpeningProblem> Together(OpeningRow member, IReadOnlyCollection<LoyaltyProgram> programs)
    {
        if (Find(member.Balance.Program, programs) is not { } program)
        {
            yield break;
        }

        foreach (var ladder in member.Balance.Tiers.GroupBy(tier => OpeningCheck.LadderOf(tier, program)?.Name).Where(tiers => tiers.Key is not null && tiers.Count() > 1))
        {
            yield return new("tiers", "several-tiers", new($"The member has several tiers on '{ladder.Key}': {string.Join(", ", ladder.Select(tier => tier.Tier))}; one is expected.", $"會員在「{ladder.Key}」有多個等級。"));
        }

        foreach (var card in member.Balance.Cards.GroupBy(card => OpeningCheck.CardOf(card, program)?.Name).Where(cards => cards.Key is not null && cards.Count() > 1))
        {
            yield return new("cards", "several-cards", new($"The member has the card '{card.Key}' {card.Count()} times with different stamps; once is expected.", $"會員的印花卡「{card.Key}」重複出現。"));
        }
    }

    private static LoyaltyProgram? Find(string? name, IReadOnlyCollection<LoyaltyProgram> programs) =>
        name is null ? (programs.Count == 1 ? programs.First() : null) : programs.FirstOrDefault(program => program.Name == name);
}

/// <summary>What an import of balances did.</summary>
public sealed record OpeningReport
{
    /// <summary>Members whose balance was opened.</summary>
    public int Opened { get; init; }

    /// <summary>Members whose balance this import had opened before, the same; nothing happened.</summary>
    public int Already { get; init; }

    /// <summary>Members who got nothing, and why: the code of the refusal, or "changed-since" where the import had opened another balance for them.</summary>
    public Sequence<(OpeningRow Member, string Code, Text? Reason)> Refused { get; init; }

    /// <summary>Each unit, in ordinal order.</summary>
    public Sequence<OpenedUnit> Units { get; init; }

    /// <summary>Whether it was stopped before its end.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Whether every unit that was brought is in the books, refused by name, or neither because the import was stopped.</summary>
    public bool NetsToZero => Interrupted || Units.All(unit => unit.Difference == 0);

    internal OpeningReport With(OpeningRow member, Recorded answer) => answer switch
    {
        Engine.Recorded.New { Receipt: { Refusal: { } refusal } } => Without(member, refusal.Code, refusal.Detail),
        Engine.Recorded.Already { Receipt: { Refusal: { } refusal } } => Without(member, refusal.Code, refusal.Detail),
        Engine.Recorded.New => this with { Opened = Opened + 1 },
        Engine.Recorded.Already => this with { Already = Already + 1 },
        // What was opened before stays in the books, so the difference to what is brought now is one.
        _ => this with { Refused = Refused.Add((member, "changed-since", null)) },
    };

    private OpeningReport Without(OpeningRow member, string code, Text? reason) => this with
    {
        Refused = Refused.Add((member, code, reason)),
        Units = Units.Select(unit => unit with { Refused = unit.Refused + member.Balance.Net(unit.Unit) }).ToSequence(),
    };
}

/// <summary>What became of one unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Brought">What the rows bring, less what is owed.</param>
/// <param name="Refused">What of it was refused.</param>
/// <param name="Booked">What the ledger has of it; known once it was reconciled.</param>
public sealed record OpenedUnit(string Unit, long Brought, long Refused, long Booked)
{
    /// <summary>What was brought and is neither booked nor refused; 0 when everything is right.</summary>
    public long Difference => Brought - Refused - Booked;
}
