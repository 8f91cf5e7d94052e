using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>The module of <see cref="PointsClubScenario"/>: small enough to be decided a million times, and with one of everything that can go wrong.</summary>
public sealed class PointsClub : CustomerModule<PointsClubState>, IHoldsUnits
{
    /// <summary>Spends points; field "amount".</summary>
    public const string Redeem = "club.redeem";

    /// <summary>Takes one of the mugs, while there are any.</summary>
    public const string TakeMug = "club.mug";

    /// <summary>Gives points to another customer; fields "amount" and "to", the customer's number.</summary>
    public const string Give = "club.give";

    /// <summary>Points that another customer has given; field "amount".</summary>
    public const string Received = "club.received";

    /// <summary>A visit, in any order.</summary>
    public const string Visit = "club.visit";

    /// <summary>The supply of mugs.</summary>
    public const string Mugs = "mugs";

    private const long CentsPerPoint = 1_000;
    private const int DaysOfLots = 20;
    private const long Silver = 60;
    private static readonly Condition Often = If.Purchases().InLast(Duration.FromDays(10)).Count().AtLeast(3);
    private static readonly FieldDeclaration Amount = new("amount", ScalarKind.Number, Required: true);

    /// <inheritdoc/>
    public override ModuleContract Contract { get; } = new()
    {
        Name = "club",
        Codec = new PointsClubCodec(),
        Kinds =
        [
            new EventKind(Redeem, EventNature.Request) { Fields = [Amount] },
            new EventKind(TakeMug, EventNature.Request),
            new EventKind(Give, EventNature.Request) { Fields = [Amount, new("to", ScalarKind.Number, Required: true)] },
            new EventKind(Received, EventNature.Happening) { Fields = [Amount], WithCause = true },
            new EventKind(Visit, EventNature.Happening) { OrderFree = true },
        ],
        Handles = [EventKinds.PurchaseName, Redeem, TakeMug, Give, Received],
        Emits = ["tier.changed"],
        Publishes = [new("club.points", Queryable: true), new("club.tier", Queryable: true), new("club.recent")],
        Conditions = [Often],
    };

    /// <inheritdoc/>
    IEnumerable<UnitsHeld> IHoldsUnits.Held(object state)
    {
        var club = (PointsClubState)state;
        foreach (var lot in club.Lots)
        {
            yield return new UnitsHeld("club", "points", lot.Name, lot.Amount);
        }

        if (club.Debt != 0)
        {
            yield return new UnitsHeld("club", "points", PointsClubState.DebtLot, -club.Debt);
        }
    }

    /// <inheritdoc/>
    protected override Outcome Handle(PointsClubState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        return context.Stimulus switch
        {
            Stimulus.Happened({ Kind: EventKinds.PurchaseName } purchase) => Earn(state, (purchase.Spend?.MinorUnits ?? 0) / CentsPerPoint, context),
            Stimulus.Happened({ Kind: Redeem or Give } request) when state.Available < AmountOf(request) && !context.AlreadyAccepted => Short(state, AmountOf(request)),
            Stimulus.Happened({ Kind: Redeem } request) => Spend(state, AmountOf(request), context),
            Stimulus.Happened({ Kind: TakeMug }) => Take(state, context),
            Stimulus.Happened({ Kind: Give } request) => Transfer(state, request, context),
            Stimulus.Happened({ Kind: Received } gift) => Take(state, AmountOf(gift), context),
            Stimulus.Due => Expire(state, context),
            _ => Outcome.Nothing,
        };
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted Correct(PointsClubState stored, PointsClubState without, PointsClubState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var corrected = stored.Plus(with, without);
        return new Outcome.Accepted { State = corrected, Facts = FactsOf(corrected) };
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted Merge(PointsClubState survivor, PointsClubState retired, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(survivor);
        ArgumentNullException.ThrowIfNull(retired);
        ArgumentNullException.ThrowIfNull(context);
        var sum = survivor.Plus(retired, PointsClubState.Empty);
        var moves = new PointsClubMoves(sum, context);
        foreach (var lot in sum.Lots)
        {
            moves.Repay(lot.Expiry);
        }

        return Told(survivor, moves);
    }

    private static long AmountOf(CustomerEvent happened) => decimal.ToInt64(happened.Fields["amount"].AsNumber);

    private static Outcome.Accepted Earn(PointsClubState state, long points, ModuleContext context)
    {
        var bonus = context.Evaluate(Often).Value ? 5 : 0;
        if (points + bonus == 0)
        {
            return Outcome.Nothing;
        }

        var moves = new PointsClubMoves(state with { Earned = state.Earned + points + bonus }, context);
        var expiry = ExpiryAfter(context);
        moves.Move(expiry, points, Movement.Issued, "base");
        moves.Move(expiry, bonus, Movement.Issued, "bonus");
        moves.Repay(expiry);
        var told = Told(state, moves);
        return told with
        {
            Facts = told.Facts.Add(new Fact("club.recent", true, context.Moment.Instant + Duration.FromDays(3))),
            Lines = [new ReceiptLine("club", "earned") { Unit = "points", Amount = points + bonus }],
        };
    }

    private static Outcome.Accepted Spend(PointsClubState state, long amount, ModuleContext context)
    {
        var moves = new PointsClubMoves(state, context);
        moves.Take(amount, Movement.Spent);
        return Told(state, moves) with { Lines = [new ReceiptLine("club", "spent") { Unit = "points", Amount = -amount }] };
    }

    private static Outcome Take(PointsClubState state, ModuleContext context) => context.MayDraw(Mugs, 1) || context.AlreadyAccepted
        ? new Outcome.Accepted { State = state with { Mugs = state.Mugs + 1 }, Quotas = [new QuotaDraw(Mugs, 1)], Lines = [new ReceiptLine("club", "mug")] }
        : new Outcome.Refused("no-mugs", new Text("There are no mugs left.", "杯子已派完。"));

    private static Outcome.Accepted Transfer(PointsClubState state, CustomerEvent request, ModuleContext context)
    {
        var amount = AmountOf(request);
        var moves = new PointsClubMoves(state, context);
        moves.Take(amount, Movement.Transferred);
        return Told(state, moves) with
        {
            FollowUps =
            [
                new CustomerEvent
                {
                    Key = new EventKey("gift", context.Cause.Value),
                    Kind = Received,
                    Identity = Identity.User(decimal.ToInt64(request.Fields["to"].AsNumber)),
                    Fields = Fields.Of(("amount", (decimal)amount)),
                },
            ],
        };
    }

    private static Outcome.Accepted Take(PointsClubState state, long amount, ModuleContext context)
    {
        var moves = new PointsClubMoves(state, context);
        var expiry = ExpiryAfter(context);
        moves.Move(expiry, amount, Movement.Transferred, null);
        moves.Repay(expiry);
        return Told(state, moves);
    }

    private static Outcome.Accepted Expire(PointsClubState state, ModuleContext context)
    {
        var moves = new PointsClubMoves(state, context);
        foreach (var lot in state.Lots.Where(lot => lot.Expiry <= context.Moment.Instant))
        {
            moves.Move(lot.Expiry, -lot.Amount, Movement.Expired, null);
        }

        return Told(state, moves);
    }

    private static Outcome.Refused Short(PointsClubState state, long wanted) =>
        new("insufficient-balance", new Text($"{state.Available} points are there, {wanted} are wanted.", $"現有 {state.Available} 分，需要 {wanted} 分。"));

    // The start of a day in the zone: an hour that a clock change skips or repeats is no lot of its own.
    private static Instant ExpiryAfter(ModuleContext context) => context.Moment.StartOf(context.Moment.Date.PlusDays(DaysOfLots));

    private static Outcome.Accepted Told(PointsClubState before, PointsClubMoves moves)
    {
        var after = moves.State;
        var context = moves.Context;
        var rises = before.Earned < Silver && after.Earned >= Silver;
        return new Outcome.Accepted
        {
            State = after,
            Entries = moves.Entries.ToSequence(),
            Facts = FactsOf(after),
            Agenda = [new AgendaChange("expire", after.Lots.IsEmpty ? null : after.Lots[0].Expiry)],
            Echoes = rises ? [new Echo("tier.changed", Fields.Of(("to", "silver")))] : [],
            Messages = rises || after.Lots.Count > before.Lots.Count
                ? [new Message { Occasion = $"news-{context.Cause}", Channel = "email", Template = "news", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(4) }]
                : [],
        };
    }

    private static Sequence<Fact> FactsOf(PointsClubState state) => [new Fact("club.points", state.Available - state.Debt), new Fact("club.tier", state.Earned >= Silver ? "silver" : "member")];
}
