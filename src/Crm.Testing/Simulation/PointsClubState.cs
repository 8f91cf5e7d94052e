using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>What <see cref="PointsClub"/> keeps of a customer.</summary>
/// <param name="Lots">Points by the instant at which they run out, the first first.</param>
/// <param name="Debt">Points that are owed; 0 while any are held.</param>
/// <param name="Earned">Points ever earned by purchases that were kept.</param>
/// <param name="Mugs">Mugs taken.</param>
public sealed record PointsClubState(Sequence<PointsLot> Lots, long Debt, long Earned, long Mugs)
{
    internal const string DebtLot = "debt";

    internal static PointsClubState Empty { get; } = new([], 0, 0, 0);

    /// <summary>What can be spent.</summary>
    public long Available
    {
        get
        {
            var sum = 0L;
            foreach (var lot in Lots)
            {
                sum += lot.Amount;
            }

            return sum;
        }
    }

    internal PointsClubState Plus(PointsClubState with, PointsClubState without)
    {
        var sum = this with { Debt = Debt + with.Debt - without.Debt, Earned = Earned + with.Earned - without.Earned, Mugs = Mugs + with.Mugs - without.Mugs };
        sum = with.Lots.Aggregate(sum, (state, lot) => state.Moved(lot.Expiry, lot.Amount));
        return without.Lots.Aggregate(sum, (state, lot) => state.Moved(lot.Expiry, -lot.Amount));
    }

    internal PointsClubState Moved(Instant expiry, long amount)
    {
        var lots = new List<PointsLot>(Lots.Count + 1);
        var place = 0;
        for (; place < Lots.Count && Lots[place].Expiry < expiry; place++)
        {
            lots.Add(Lots[place]);
        }

        var known = place < Lots.Count && Lots[place].Expiry == expiry ? Lots[place].Amount : 0;
        if (known + amount != 0)
        {
            lots.Add(new PointsLot(expiry, known + amount));
        }

        lots.AddRange(Lots.AsSpan()[(place + (known == 0 ? 0 : 1))..]);
        return this with { Lots = lots.ToSequence() };
    }
}

/// <summary>Points that run out together.</summary>
/// <param name="Expiry">When.</param>
/// <param name="Amount">How many; never 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PointsLot(Instant Expiry, long Amount)
{
    internal string Name => NameOf(Expiry);

    internal static string NameOf(Instant expiry) => expiry.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}

/// <summary>Changes a state and writes down each change.</summary>
internal sealed class PointsClubMoves(PointsClubState state, ModuleContext context)
{
    public PointsClubState State { get; private set; } = state;

    public ModuleContext Context => context;

    public List<LedgerEntry> Entries { get; } = new(3);

    public void Move(Instant expiry, long amount, Movement movement, string? rule)
    {
        if (amount != 0)
        {
            State = State.Moved(expiry, amount);
            Write(PointsLot.NameOf(expiry), amount, movement, rule);
        }
    }

    /// <summary>Takes what runs out first; what is missing is owed.</summary>
    public void Take(long amount, Movement movement)
    {
        foreach (var lot in State.Lots)
        {
            var part = Math.Min(lot.Amount, amount);
            Move(lot.Expiry, -part, movement, null);
            amount -= part;
        }

        Owe(amount, movement);
    }

    /// <summary>Repays what is owed with what has come into a lot.</summary>
    public void Repay(Instant expiry)
    {
        var part = Math.Min(State.Debt, State.Lots.FirstOrDefault(lot => lot.Expiry == expiry).Amount);
        Move(expiry, -part, Movement.Offset, null);
        Owe(-part, Movement.Offset);
    }

    private void Owe(long amount, Movement movement)
    {
        if (amount != 0)
        {
            State = State with { Debt = State.Debt + amount };
            Write(PointsClubState.DebtLot, -amount, movement, null);
        }
    }

    private void Write(string lot, long amount, Movement movement, string? rule) =>
        Entries.Add(new LedgerEntry { Program = "club", Unit = "points", Lot = lot, Amount = amount, Movement = movement, Rule = rule, Cause = context.Cause, OccurredAt = context.Moment.Instant });
}

internal sealed class PointsClubCodec : SlotCodec<PointsClubState>
{
    public override int Version => 1;

    public override PointsClubState Empty => PointsClubState.Empty;

    protected override void Write(PointsClubState state, SlotWriter writer)
    {
        writer.Whole(state.Debt);
        writer.Whole(state.Earned);
        writer.Whole(state.Mugs);
        writer.Whole(state.Lots.Count);
        foreach (var lot in state.Lots)
        {
            writer.Instant(lot.Expiry);
            writer.Whole(lot.Amount);
        }
    }

    protected override PointsClubState Read(int version, ref SlotReader reader)
    {
        var (debt, earned, mugs) = (reader.Whole(), reader.Whole(), reader.Whole());
        var lots = new PointsLot[reader.Int()];
        for (var i = 0; i < lots.Length; i++)
        {
            lots[i] = new PointsLot(reader.Instant(), reader.Whole());
        }

        return new PointsClubState(lots.ToSequence(), debt, earned, mugs);
    }
}
