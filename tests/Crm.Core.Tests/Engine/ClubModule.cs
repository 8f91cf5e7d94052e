using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Core.Tests.Engine;

/// <param name="bonusWhen">When a purchase brings five points more.</param>
/// <param name="takesBackByRule">The counterfeit: history stands, and a refund takes a point for each whole 10.00 of its own.</param>
/// <summary>A small loyalty module for the laws of the kernel: points in lots that expire, a bonus under a condition, tiers, and redemptions that may be refused.</summary>
public sealed class ClubModule(Condition bonusWhen, bool takesBackByRule = false, string? definition = null) : CustomerModule<ClubState>, IHoldsUnits
{
    public const string Redeem = "club.redeem";
    private const long CentsPerPoint = 1_000;
    private static readonly long[] Thresholds = [0, 20, 60];
    private static readonly string[] Tiers = ["member", "silver", "gold"];

    public override ModuleContract Contract { get; } = new()
    {
        Name = "club",
        Codec = new ClubCodec(),
        Kinds = [new EventKind(Redeem, EventNature.Request) { Fields = [new FieldDeclaration("amount", ScalarKind.Number, Required: true)] }],
        Handles = takesBackByRule ? [EventKinds.PurchaseName, Redeem, EventKinds.RefundName] : [EventKinds.PurchaseName, Redeem],
        Reversible = !takesBackByRule,
        Emits = ["tier.changed"],
        Publishes = [new FactDeclaration("club.points", Queryable: true), new FactDeclaration("club.tier", Queryable: true)],
        Conditions = [bonusWhen],
        Definitions = definition is null ? [] : [DefinitionHash.Of(definition)],
    };

    protected override Outcome Handle(ClubState state, ModuleContext context) => context.Stimulus switch
    {
        Stimulus.Happened({ Kind: EventKinds.PurchaseName } purchase) => Earn(state, purchase, context),
        Stimulus.Happened({ Kind: Redeem } redeem) => Spend(state, (long)redeem.Fields["amount"].AsNumber, context),
        Stimulus.Happened({ Kind: EventKinds.RefundName, Spend.MinorUnits: var cents }) => Claw(state, cents / CentsPerPoint, context),
        Stimulus.Due(var lot) => Expire(state, lot, context),
        _ => Outcome.Nothing,
    };

    protected override Outcome.Accepted Correct(ClubState stored, ClubState without, ClubState with)
    {
        var corrected = stored with
        {
            Lots = stored.Lots.Select(lot => lot.Key).Concat(with.Lots.Select(lot => lot.Key)).Distinct().Order(StringComparer.Ordinal)
                .Select(lot => KeyValuePair.Create(lot, stored.In(lot) + with.In(lot) - without.In(lot))).Where(lot => lot.Value != 0).ToSequence(),
            Earned = stored.Earned + with.Earned - without.Earned,
        };
        return new Outcome.Accepted { State = corrected, Facts = FactsOf(corrected) };
    }

    public IEnumerable<UnitsHeld> Held(object state) => ((ClubState)state).Lots.Select(lot => new UnitsHeld("club", "points", lot.Key, lot.Value));

    protected override Outcome.Accepted? Merge(ClubState survivor, ClubState retired, ModuleContext context)
    {
        var sum = new ClubState(
            survivor.Lots.Concat(retired.Lots).GroupBy(lot => lot.Key, StringComparer.Ordinal).OrderBy(lot => lot.Key, StringComparer.Ordinal).Select(lot => KeyValuePair.Create(lot.Key, lot.Sum(part => part.Value))).Where(lot => lot.Value != 0).ToSequence(),
            survivor.Earned + retired.Earned);
        var entries = new List<LedgerEntry>();
        foreach (var lot in sum.Lots.Where(lot => lot.Key != "debt").ToList())
        {
            var repaid = Math.Min(-sum.In("debt"), lot.Value);
            sum = sum.Move(lot.Key, -repaid, Movement.Offset, null, context, entries).Move("debt", repaid, Movement.Offset, null, context, entries);
        }

        return Told(survivor, sum, entries, context) with
        {
            Agenda = retired.Lots.Where(lot => lot.Key != "debt").Select(lot => new AgendaChange(lot.Key, context.Moment.StartOf(LocalDatePattern.Iso.Parse($"{lot.Key}-01").Value))).ToSequence(),
        };
    }

    private Outcome Earn(ClubState state, CustomerEvent purchase, ModuleContext context)
    {
        var points = (purchase.Spend?.MinorUnits ?? 0) / CentsPerPoint;
        var bonus = context.Evaluate(bonusWhen).Value ? 5 : 0;
        if (points + bonus == 0)
        {
            return Outcome.Nothing;
        }

        var month = context.Moment.Date.With(DateAdjusters.StartOfMonth).PlusMonths(3);
        var lot = $"{month:yyyy-MM}";
        var entries = new List<LedgerEntry>();
        var next = state.Move(lot, points, Movement.Issued, "base", context, entries).Move(lot, bonus, Movement.Issued, "bonus", context, entries);
        var repaid = Math.Min(-next.In("debt"), points + bonus);
        if (repaid > 0)
        {
            next = next.Move(lot, -repaid, Movement.Offset, null, context, entries).Move("debt", repaid, Movement.Offset, null, context, entries);
        }

        next = next with { Earned = next.Earned + points + bonus };
        return Told(state, next, entries, context) with
        {
            Agenda = [new AgendaChange(lot, context.Moment.StartOf(month))],
            Lines =
            [
                new ReceiptLine("club", "earned") { Unit = "points", Amount = points + bonus, Parts = [new ReceiptLine("club", "base") { Unit = "points", Amount = points }, new ReceiptLine("club", "bonus") { Unit = "points", Amount = bonus }] },
            ],
        };
    }

    private Outcome Spend(ClubState state, long amount, ModuleContext context)
    {
        var available = state.Lots.Where(lot => lot.Key != "debt").Sum(lot => lot.Value);
        if (available < amount && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("insufficient-balance", new Text($"{available} points are there, {amount} are wanted.", $"現有 {available} 分，需要 {amount} 分。"));
        }

        var entries = new List<LedgerEntry>();
        var next = state;
        var wanted = amount;
        foreach (var lot in state.Lots.Where(lot => lot.Key != "debt"))
        {
            var part = Math.Min(wanted, lot.Value);
            next = next.Move(lot.Key, -part, Movement.Spent, null, context, entries);
            wanted -= part;
        }

        next = next.Move("debt", -wanted, Movement.Spent, null, context, entries);
        return Told(state, next, entries, context) with { Lines = [new ReceiptLine("club", "spent") { Unit = "points", Amount = -amount }] };
    }

    private Outcome Claw(ClubState state, long points, ModuleContext context)
    {
        var entries = new List<LedgerEntry>();
        return Told(state, state.Move("debt", -points, Movement.Reversed, null, context, entries), entries, context);
    }

    private Outcome Expire(ClubState state, string lot, ModuleContext context)
    {
        var entries = new List<LedgerEntry>();
        return Told(state, state.Move(lot, -state.In(lot), Movement.Expired, null, context, entries), entries, context);
    }

    private Outcome.Accepted Told(ClubState before, ClubState after, List<LedgerEntry> entries, ModuleContext context)
    {
        var from = TierOf(before.Earned);
        var to = TierOf(after.Earned);
        return new Outcome.Accepted
        {
            State = after,
            Entries = (definition is null ? entries : entries.ConvertAll(entry => entry with { Definition = DefinitionHash.Of(definition) })).ToSequence(),
            Facts = FactsOf(after),
            Echoes = from == to ? [] : [new Echo("tier.changed", Fields.Of(("from", from), ("to", to)))],
        };
    }

    private static Sequence<Fact> FactsOf(ClubState state) => [new Fact("club.points", state.Lots.Sum(lot => lot.Value)), new Fact("club.tier", TierOf(state.Earned))];

    private static string TierOf(long earned) => Tiers[Array.FindLastIndex(Thresholds, threshold => earned >= threshold)];
}

public sealed record ClubState(Sequence<KeyValuePair<string, long>> Lots, long Earned)
{
    public static ClubState Empty { get; } = new([], 0);

    public long In(string lot) => Lots.FirstOrDefault(pair => pair.Key == lot).Value;

    public ClubState Move(string lot, long amount, Movement movement, string? rule, ModuleContext context, List<LedgerEntry> entries)
    {
        if (amount == 0)
        {
            return this;
        }

        entries.Add(new LedgerEntry { Program = "club", Unit = "points", Lot = lot, Amount = amount, Movement = movement, Rule = rule, Cause = context.Cause, OccurredAt = context.Moment.Instant });
        return this with
        {
            Lots = Lots.Where(pair => pair.Key != lot).Append(KeyValuePair.Create(lot, In(lot) + amount)).Where(pair => pair.Value != 0).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToSequence(),
        };
    }
}

internal sealed class ClubCodec : SlotCodec<ClubState>
{
    public override int Version => 1;

    public override ClubState Empty => ClubState.Empty;

    protected override void Write(ClubState state, SlotWriter writer)
    {
        writer.Whole(state.Earned);
        writer.Whole(state.Lots.Count);
        foreach (var (lot, amount) in state.Lots)
        {
            writer.Text(lot);
            writer.Whole(amount);
        }
    }

    protected override ClubState Read(int version, ref SlotReader reader)
    {
        var earned = reader.Whole();
        var lots = new KeyValuePair<string, long>[reader.Int()];
        for (var i = 0; i < lots.Length; i++)
        {
            lots[i] = KeyValuePair.Create(reader.Code(), reader.Whole());
        }

        return new ClubState(lots.ToSequence(), earned);
    }
}
