using System.Globalization;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Openings;

/// <summary>The request that opens a balance, and the form in which the journal keeps it.</summary>
public static class OpeningEvents
{
    /// <summary>
    /// Asks to open the balance that a member had elsewhere. Fields "provenance" (the import, as a code), "lots", "debts", "tiers", "cards" and, where there are several, "program"; the event names its actor.
    /// A member's balance in a programme is opened once for each provenance.
    /// </summary>
    public const string OpenName = "balance.open";

    internal const string Provenance = "provenance";
    private const string Program = "program";
    private const string Lots = "lots";
    private const string Debts = "debts";
    private const string Tiers = "tiers";
    private const string Cards = "cards";
    private const string Forever = "forever";
    private const string EarnedOn = "earned:";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(OpenName, EventNature.Request)
        {
            Fields =
            [
                new(Provenance, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Lots, ScalarKind.Code), new(Debts, ScalarKind.Code), new(Tiers, ScalarKind.Code), new(Cards, ScalarKind.Code),
                new(StaffFields.ApprovedBy, ScalarKind.Code),
            ],
        },
    ];

    /// <summary>Asks to open a balance; refused with all that does not fit the programme.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose.</param>
    /// <param name="balance">What was there.</param>
    /// <param name="provenance">The import, as a code such as "old-till-2026".</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    public static CustomerEvent Open(string key, Identity customer, OpeningBalance balance, string provenance, string actor) => Open(EventKey.Parse(key), customer, balance, provenance, actor);

    /// <inheritdoc cref="Open(string, Identity, OpeningBalance, string, string)"/>
    public static CustomerEvent Open(EventKey key, Identity customer, OpeningBalance balance, string provenance, string actor)
    {
        ArgumentNullException.ThrowIfNull(balance);
        return new()
        {
            Key = key,
            Kind = OpenName,
            Identity = customer,
            Actor = actor,
            Fields = Fields.Of(
                (Provenance, provenance),
                (Program, balance.Program is null ? default : Scalar.Of(balance.Program)),
                (Lots, List(balance.Lots, lot => Parts(lot.Unit, Whole(lot.Amount), Life(lot), At(lot.ActiveFrom), lot.Issuer))),
                (Debts, List(balance.Debts, debt => Parts(debt.Unit, Whole(debt.Amount)))),
                (Tiers, List(balance.Tiers, tier => Parts(tier.Tier, tier.Ladder, At(tier.Until), At(tier.Since)))),
                (Cards, List(balance.Cards, card => Parts(Whole(card.Stamps), Whole(card.Free), card.Card)))),
        };
    }

    /// <summary>Of how many lots, debts, tiers and cards an event speaks, whether or not they can be read.</summary>
    internal static int Items(CustomerEvent request) => new[] { Lots, Debts, Tiers, Cards }.Sum(field => ItemsOf(request, field).Length);

    /// <summary>The balance that an event asks to open; what cannot be read in it is left out.</summary>
    internal static OpeningBalance Read(CustomerEvent request) => new()
    {
        Program = request.Fields[Program].AsCode,
        Lots = Read(request, Lots, 5, parts => Number(parts[1]) is { } amount ? Lived(new OpeningLot(parts[0], amount) { ActiveFrom = Instant(parts[3]), Issuer = OrNull(parts[4]) }, parts[2]) : null),
        Debts = Read(request, Debts, 2, parts => Number(parts[1]) is { } amount ? new Owed(parts[0], amount) : null).Select(debt => new UnitAmount(debt.Unit, debt.Amount)).ToSequence(),
        Tiers = Read(request, Tiers, 4, parts => new OpeningTier(parts[0]) { Ladder = OrNull(parts[1]), Until = Instant(parts[2]), Since = Instant(parts[3]) }),
        Cards = Read(request, Cards, 3, parts => Number(parts[0]) is { } stamps && Number(parts[1]) is { } free ? new OpeningCard(stamps, free) { Card = OrNull(parts[2]) } : null),
    };

    private static string Life(OpeningLot lot) => lot.Expiry is { } expiry ? At(expiry) : lot.Earned is { } earned ? EarnedOn + LocalDatePattern.Iso.Format(earned) : lot.Forever ? Forever : "";

    private static OpeningLot Lived(OpeningLot lot, string life) => lot with
    {
        Expiry = Instant(life),
        Forever = life == Forever,
        Earned = life.StartsWith(EarnedOn, StringComparison.Ordinal) && LocalDatePattern.Iso.Parse(life[EarnedOn.Length..]) is { Success: true, Value: var earned } ? earned : null,
    };

    private static Scalar List<T>(Sequence<T> items, Func<T, string> write) => items.IsEmpty ? default : Scalar.Of(string.Join(';', items.Select(write)));

    private static Sequence<T> Read<T>(CustomerEvent request, string field, int parts, Func<string[], T?> read)
        where T : class => ItemsOf(request, field)
            .Select(item => item.Split('|')).Where(item => item.Length == parts).Select(read).OfType<T>().ToSequence();

    private static string[] ItemsOf(CustomerEvent request, string field) => (request.Fields[field].AsCode ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries);

    private static string Parts(params string?[] parts) => string.Join('|', parts);

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string At(Instant? instant) => instant is { } at ? InstantPattern.ExtendedIso.Format(at) : "";

    private static long? Number(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static Instant? Instant(string text) => InstantPattern.ExtendedIso.Parse(text) is { Success: true, Value: var at } ? at : null;

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private sealed record Owed(string Unit, long Amount);
}
