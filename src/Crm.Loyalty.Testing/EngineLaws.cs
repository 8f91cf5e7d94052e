using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>Laws that need the whole engine: a programme of the one rule, over the store in memory.</summary>
internal static class EngineLaws
{
    private const int Histories = 12;

    public static LoyaltyProgram Program(IEarningRule rule, RuleClaims claims) => new() { Name = "case", Zone = claims.Zone, Units = claims.Units, Rules = [rule] };

    public static void ReceiptsAddUp(IEarningRule rule, RuleClaims claims)
    {
        var shop = new Shop(rule, claims);
        foreach (var one in RuleCase.All(claims, 40).OrderBy(one => one.At))
        {
            var receipt = shop.Record(one.Event);
            foreach (var line in receipt.Lines.Where(line => line.Module == LoyaltyNames.Module))
            {
                if (!line.AddsUp || line.Parts.Any(part => part.Code is LineCodes.Base or LineCodes.Rounding && part.Amount < 0) || line.Code is LineCodes.RuleCut or LineCodes.RuleUnitUnknown or LineCodes.RuleBasis or LineCodes.RuleLife)
                {
                    throw new LawBroken($"Rule '{rule.Name}', {one}", $"the line {line.Code} of {line.Amount} with parts {string.Join(", ", line.Parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Code} {part.Amount}")))}", "parts that are not below 0 and add up, and nothing that the core has to cut");
                }

                if (LoyaltyTexts.Describe(line) is var text && (text.English.Length == 0 || text.Chinese.Length == 0))
                {
                    throw new LawBroken($"Rule '{rule.Name}', {one}", $"no sentence for {line.Code}", "one in both languages");
                }
            }
        }
    }

    public static void Idempotent(IEarningRule rule, RuleClaims claims)
    {
        foreach (var one in RuleCase.All(claims, Histories))
        {
            var shop = new Shop(rule, claims);
            var (first, held) = (shop.Record(one.Event), shop.Held());
            var again = shop.Record(one.Event);
            Same(rule, one, shop.Held(), held);
            Same(rule, one, Told(again), Told(first));

            // In another shop, which has never seen it, it earns the same.
            var other = new Shop(rule, claims);
            other.Record(one.Event);
            Same(rule, one, other.Held(), held);
        }
    }

    public static void FullRefund(IEarningRule rule, RuleClaims claims)
    {
        foreach (var (orders, place) in History(claims))
        {
            var refunded = new Shop(rule, claims);
            Array.ForEach(orders, order => refunded.Record(order));
            refunded.Record(Refund("full", orders[place], orders[place].Spend?.MinorUnits ?? 0));
            var without = new Shop(rule, claims);
            foreach (var order in orders.Where((_, index) => index != place))
            {
                without.Record(order);
            }

            Same(rule, new RuleCase(orders[place]), refunded.Held(), without.Held());
        }
    }

    public static void SplitRefund(IEarningRule rule, RuleClaims claims)
    {
        foreach (var (orders, place) in History(claims))
        {
            var whole = orders[place].Spend?.MinorUnits ?? 0;
            foreach (var (first, second) in new[] { (whole / 3, whole / 3), (1L, whole / 2), (whole / 2, whole) })
            {
                var single = new Shop(rule, claims);
                var split = new Shop(rule, claims);
                foreach (var order in orders)
                {
                    single.Record(order);
                    split.Record(order);
                }

                single.Record(Refund("one", orders[place], first + second));
                split.Record(Refund("one", orders[place], first));
                split.Record(Refund("two", orders[place], second));
                Same(rule, new RuleCase(orders[place]), split.Held(), single.Held());
            }
        }
    }

    // Articles that several lines share are left out: which of those a till takes back is not said.
    public static void Commute(IEarningRule rule, RuleClaims claims)
    {
        foreach (var one in RuleCase.All(claims, Histories * 4).OrderBy(one => one.At))
        {
            if (one.Event.Lines.GroupBy(line => line.Sku).Where(lines => lines.Count() == 1).Select(lines => lines.First()).Take(2).ToArray() is not [var first, var second])
            {
                continue;
            }

            var (forth, back) = (new Shop(rule, claims), new Shop(rule, claims));
            forth.Record(one.Event);
            forth.Record(Returned("one", one.Event, first));
            forth.Record(Returned("two", one.Event, second));
            back.Record(one.Event);
            back.Record(Returned("two", one.Event, second));
            back.Record(Returned("one", one.Event, first));
            Same(rule, one, back.Held(), forth.Held());
        }
    }

    public static void NeverTakesMore(IEarningRule rule, RuleClaims claims) => EachRefund(rule, claims, (_, after) => after >= 0, "no more taken back than was given");

    public static void NeverGives(IEarningRule rule, RuleClaims claims) => EachRefund(rule, claims, (before, after) => after <= before, "no more than before the refund");

    // One purchase and nothing else: what a refund may make of other purchases is not the rule's alone.
    private static void EachRefund(IEarningRule rule, RuleClaims claims, Func<long, long, bool> holds, string expected)
    {
        foreach (var one in RuleCase.All(claims, Histories * 2).Where(one => one.Event.Spend is { MinorUnits: > 0 }))
        {
            var shop = new Shop(rule, claims);
            shop.Record(one.Event);
            var whole = one.Event.Spend?.MinorUnits ?? 0;
            foreach (var amount in new[] { 1, whole / 3, whole / 2, whole })
            {
                var before = claims.Units.Select(unit => shop.Balance(unit.Name)).ToList();
                shop.Record(Refund(amount.ToString(CultureInfo.InvariantCulture), one.Event, amount));
                foreach (var (unit, place) in claims.Units.Select((unit, place) => (unit.Name, place)))
                {
                    if (!holds(before[place], shop.Balance(unit)))
                    {
                        throw new LawBroken($"Rule '{rule.Name}', {one}", string.Create(CultureInfo.InvariantCulture, $"{shop.Balance(unit)} {unit} after a refund of {amount} minor units, {before[place]} before"), expected);
                    }
                }
            }
        }
    }

    private static IEnumerable<(CustomerEvent[] Orders, int Place)> History(RuleClaims claims) => RuleCase.All(claims, Histories * 4).Chunk(4)
        .Select((orders, index) => (orders.Select(order => order.Event).OrderBy(order => order.OccurredAt).ToArray(), Place: index % 4))
        .Where(history => history.Item1[history.Place].Spend is { MinorUnits: > 0 });

    private static CustomerEvent Refund(string key, CustomerEvent order, long minorUnits) =>
        CustomerEvent.Refund($"refund:{key}", Identity.User("case"), order.Key.ToString(), new Money(minorUnits, order.Spend?.Currency ?? default)) with { OccurredAt = Instant.FromUtc(2027, 12, 31, 0, 0) };

    private static CustomerEvent Returned(string key, CustomerEvent order, EventLine line) => Refund(key, order, line.Amount.MinorUnits) with { Lines = [line] };

    private static string Told(Receipt receipt) => string.Join("; ", receipt.Lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Code} {line.Subject} {line.Amount} {line.Unit}")));

    private static void Same(IEarningRule rule, RuleCase one, string found, string expected)
    {
        if (found != expected)
        {
            throw new LawBroken($"Rule '{rule.Name}', {one}", found, expected);
        }
    }

    /// <summary>An engine with nothing but the rule, and the facts that it reads.</summary>
    private sealed class Shop
    {
        private readonly CrmEngine engine;
        private readonly RuleClaims claims;

        public Shop(IEarningRule rule, RuleClaims claims)
        {
            this.claims = claims;
            var facts = rule.Conditions.SelectMany(ConditionLeaves.Leaves).OfType<Condition.Fact>().Select(fact => fact.Name).Distinct(StringComparer.Ordinal).ToSequence();
            ICustomerModule[] modules = facts.IsEmpty ? [new LoyaltyModule(Program(rule, claims))] : [new Silent(facts), new LoyaltyModule(Program(rule, claims))];
            engine = new CrmEngine(new InMemoryStore(), modules, new CrmOptions { Zone = DateTimeZoneProviders.Tzdb[claims.Zone] }, FakeClock.At(2028, 1, 1), new SeededIdSource());
        }

        public Receipt Record(CustomerEvent happened) => engine.RecordAsync(happened).AsTask().GetAwaiter().GetResult();

        /// <summary>What the customer holds of a unit, pending too; below 0: what is owed.</summary>
        public long Balance(string unit) => Membership?.Wallet(unit) is { } wallet ? wallet.Balance + wallet.PendingTotal : 0;

        /// <summary>What the customer holds, as text.</summary>
        public string Held()
        {
            var membership = Membership;
            return string.Join("; ", claims.Units.Select(unit => membership?.Wallet(unit.Name) is { } wallet
                ? string.Create(CultureInfo.InvariantCulture, $"{unit.Name} {wallet.Balance} pending {wallet.PendingTotal} in {string.Join(", ", wallet.Lots.Select(lot => string.Create(CultureInfo.InvariantCulture, $"{lot.Name} {lot.Amount}")))}")
                : unit.Name));
        }

        private Membership? Membership => engine.ReadAsync(CustomerRef.Of(Identity.User("case"))).AsTask().GetAwaiter().GetResult()?.Slot<LoyaltyState>(LoyaltyNames.Module).In("case");
    }

    /// <summary>Publishes the facts that a rule reads, and never gives them a value.</summary>
    private sealed class Silent(Sequence<string> facts) : CustomerModule<Silent.Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "silent", Codec = new NothingCodec(), Publishes = facts.Select(fact => new FactDeclaration(fact)).ToSequence() };

        protected override Outcome Handle(Nothing state, ModuleContext context) => Outcome.Nothing;

        internal sealed class Nothing;

        private sealed class NothingCodec : SlotCodec<Nothing>
        {
            public override int Version => 1;

            public override Nothing Empty { get; } = new();

            protected override void Write(Nothing state, SlotWriter writer)
            {
            }

            protected override Nothing Read(int version, ref SlotReader reader) => Empty;
        }
    }
}
