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

    private static IEnumerable<(CustomerEvent[] Orders, int Place)> History(RuleClaims claims) => RuleCase.All(claims, Histories * 4).Chunk(4)
        .Select((orders, index) => (orders.Select(order => order.Event).OrderBy(order => order.OccurredAt).ToArray(), Place: index % 4))
        .Where(history => history.Item1[history.Place].Spend is { MinorUnits: > 0 });

    private static CustomerEvent Refund(string key, CustomerEvent order, long minorUnits) =>
        CustomerEvent.Refund($"refund:{key}", Identity.User("case"), order.Key.ToString(), new Money(minorUnits, order.Spend?.Currency ?? default)) with { OccurredAt = Instant.FromUtc(2027, 12, 31, 0, 0) };

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

        /// <summary>What the customer holds, as text.</summary>
        public string Held()
        {
            var view = engine.ReadAsync(CustomerRef.Of(Identity.User("case"))).AsTask().GetAwaiter().GetResult();
            var membership = view?.Slot<LoyaltyState>(LoyaltyNames.Module).In("case");
            return string.Join("; ", claims.Units.Select(unit => membership?.Wallet(unit.Name) is { } wallet
                ? string.Create(CultureInfo.InvariantCulture, $"{unit.Name} {wallet.Balance} pending {wallet.PendingTotal} in {string.Join(", ", wallet.Lots.Select(lot => string.Create(CultureInfo.InvariantCulture, $"{lot.Name} {lot.Amount}")))}")
                : unit.Name));
        }
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
