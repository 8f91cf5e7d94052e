using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>Something that loyalty tells other modules in the very commit in which it happens; journeys begin with it, and modules of a host's own hear it.</summary>
/// <param name="Kind">The kind of the echo.</param>
/// <param name="Fields">Its fields. One that is not required is left out where it has no value.</param>
/// <param name="When">When it is told.</param>
public sealed record LoyaltyEcho(string Kind, Sequence<FieldDeclaration> Fields, Text When)
{
    /// <summary>Whether further fields may come, which are those of what was given.</summary>
    public bool IsOpen { get; init; }
}

/// <summary>
/// The catalogue of what loyalty tells. What is told follows from history: where a refund or a late event decides history again, what is no longer true is not told back,
/// and messages that followed from it are withdrawn if they wait.
/// </summary>
public static class LoyaltyEchoes
{
    /// <summary>All of them, by kind.</summary>
    public static Sequence<LoyaltyEcho> All { get; } =
    [
        .. new LoyaltyEcho[]
        {
            new(LoyaltyNames.TierChanged, [Program, Code("ladder"), Code("direction"), Maybe("from"), Maybe("to")], new(
                "A tier was joined, left, upgraded or downgraded, as the direction says.", "加入、離開、升上或降至某等級，以 direction 表示。")),
            new(LoyaltyNames.TierProlonged, [Program, Code("ladder"), Code("tier"), At("until")], new("A tier is kept for longer.", "等級延長保留。")),
            new(LoyaltyNames.TierExpiring, [Program, Code("ladder"), Code("tier"), At("until"), new("missing", ScalarKind.Number)], new(
                "A tier ends so many days from now, as the ladder warns, unless what is missing comes until then; without it nothing keeps the tier, which has to be reached anew.", "等級將於若干日後屆滿，除非在此之前補足所欠；沒有所欠者無從保留，須重新達到。")),
            new(LoyaltyNames.PendingAdded, [Program, Code("unit"), Number("amount"), new("at", ScalarKind.Instant)], new(
                "Units were earned that cannot be spent yet; without an instant they wait for an event.", "獲得尚未可用的單位；沒有時間者，須待某事件發生。")),
            new(LoyaltyNames.PendingActivated, [Program, Code("unit"), Number("amount")], new("Pending units can be spent now.", "凍結中的單位現可使用。")),
            new(LoyaltyNames.PendingCancelled, [Program, Code("unit"), Number("amount"), Code("reason")], new(
                "Pending units were given up: 'lapsed', because the event that they waited for did not come, or 'refund', in a programme without cascade.", "凍結中的單位失效：lapsed 為等候的事件未有發生，refund 為無連鎖計劃中的退款。")),
            new(LoyaltyNames.Expiring, [Program, Code("unit"), Number("amount"), At("at")], new("Units run out so many days from now, as the unit warns.", "單位將於若干日後到期。")),
            new(LoyaltyNames.Expired, [Program, Code("unit"), Number("amount")], new("Units ran out.", "單位已到期。")),
            new(LoyaltyNames.ReservationLapsed, [Program, Code("reservation"), Maybe("unit"), Number("amount"), Maybe("reward")], new(
                "What was set aside was neither captured nor given back in time, and returned.", "預留的單位逾時未取用，已退回。")),
            new(LoyaltyNames.CardCompleted, [Program, Code("card"), Number("times"), Number("number")], new("A stamp card became full, so many times at once; the number says how many have been full by then.", "印花卡已集滿；number 為至此集滿的張數。")),
            new(LoyaltyNames.RewardIssued, [Program, Code("reward"), Code("kind"), Number("times")], new(
                "A reward was given, bought or as a surprise, with what its kind gives.", "已發出獎賞，並附其內容。")) { IsOpen = true },
            new(LoyaltyNames.ChallengeAchieved, [Program, Code("challenge"), Number("number")], new("A challenge was achieved; the number says how often by then.", "已完成任務；number 為至此完成的次數。")),
            new(LoyaltyNames.MembershipChanged, [Program, Code("status")], new("A membership began, rests, goes on or ended, as the status says.", "會籍開始、暫停、恢復或終止，以 status 表示。")),
        }.OrderBy(echo => echo.Kind, StringComparer.Ordinal),
    ];

    private static FieldDeclaration Program => Code("program");

    private static FieldDeclaration Code(string name) => new(name, ScalarKind.Code, Required: true);

    private static FieldDeclaration Maybe(string name) => new(name, ScalarKind.Code);

    private static FieldDeclaration Number(string name) => new(name, ScalarKind.Number, Required: true);

    private static FieldDeclaration At(string name) => new(name, ScalarKind.Instant, Required: true);
}
