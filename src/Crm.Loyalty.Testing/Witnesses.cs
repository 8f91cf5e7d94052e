using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>Lets the witness of a finding happen, in an engine of its own over an empty store, and looks whether what is claimed is so.</summary>
public static class Witnesses
{
    /// <summary>Shows a finding.</summary>
    /// <param name="program">The programme.</param>
    /// <param name="finding">The finding.</param>
    /// <param name="assumptions">What was assumed of prices; null: nothing particular.</param>
    /// <exception cref="LawBroken">What is claimed is not so.</exception>
    public static async ValueTask CheckAsync(LoyaltyProgram program, ProgramFinding finding, LintAssumptions? assumptions = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(finding);
        var shown = await Replayed.RunAsync(program, finding.Witness).ConfigureAwait(false);
        if (await FaultAsync(program, finding.Witness.Claim, shown, assumptions ?? LintAssumptions.Usual).ConfigureAwait(false) is var (found, expected))
        {
            throw new LawBroken($"The witness of '{finding}'", found, expected);
        }
    }

    private static async ValueTask<(string Found, string Expected)?> FaultAsync(LoyaltyProgram program, WitnessClaim claim, Replayed shown, LintAssumptions assumptions)
    {
        if (shown.Receipts.Find(receipt => !receipt.Accepted) is { Refusal: { } refusal } refused)
        {
            return ($"the refusal '{refusal.Code}' of {refused.Key}", "that everything takes effect");
        }

        var last = shown.Steps[^1].Event.OccurredAt ?? default;
        switch (claim)
        {
            case WitnessClaim.EarnsNothing(var rule):
                return By(shown.Receipts, [rule]).Sum() is 0 ? null : (Text($"{By(shown.Receipts, [rule]).Sum()} by rule '{rule}'"), "nothing");
            case WitnessClaim.EarnsLess(var rule, var wanted):
                return By(shown.Receipts, [rule])[^1] is var given && given < wanted && shown.Receipts[^1].Lines.Any(line => line.Subject == rule) ? null : (Text($"{given} by rule '{rule}'"), Text($"less than {wanted}"));
            case WitnessClaim.Earns(var rules, var amounts):
                var purchases = shown.Receipts.Where((_, place) => shown.Steps[place].Event.Kind == EventKinds.PurchaseName);
                return By(purchases, [.. rules]).SequenceEqual(amounts) ? null : (string.Join(", ", By(purchases, [.. rules])), string.Join(", ", amounts));
            case WitnessClaim.NotHeld(var ladder, var tier):
                var held = (await shown.MembershipAsync(Witness.Customer, last).ConfigureAwait(false))?.Standing(ladder)?.Tier;
                var named = program.Ladders.FirstOrDefault(known => known.Name == ladder)?.Tiers.Any(known => known.Name == tier) == true;
                return named && held != tier ? null : (named ? $"that '{held}' is held" : $"no tier '{tier}'", $"that '{tier}' is not held");
            case WitnessClaim.GoneWhenAvailable(var unit, var at):
                var before = (await shown.MembershipAsync(Witness.Customer, at - Duration.FromMinutes(1)).ConfigureAwait(false))?.Wallet(unit).PendingTotal;
                var after = (await shown.MembershipAsync(Witness.Customer, at).ConfigureAwait(false))?.Wallet(unit) ?? Wallets.Wallet.Empty;
                return before > 0 && after.Available + after.PendingTotal == 0 ? null : (Text($"{before} pending before and {after.Available} available then"), "some pending before and nothing then");
            case WitnessClaim.CutOff:
                return shown.Receipts[^1].Lines.Any(line => line.Code == "echoes-dropped") ? null : ("that all echoes were answered", "that the rest is dropped");
            case WitnessClaim.MoneyBack:
                var (paid, back, owed) = (shown.Paid, Given(program, shown, assumptions), await shown.OwedAsync(last).ConfigureAwait(false));
                return back > 0 && back >= paid && owed == 0 ? null : (Text($"{back} back for {paid} paid, and {owed} units owed"), "at least what was paid, and nothing owed");
            case WitnessClaim.Grows(var unit):
                var start = (await shown.MembershipAsync(Witness.Customer, shown.Steps[0].Event.OccurredAt ?? default, afterSteps: Array.FindIndex([.. shown.Steps], step => step.Event.Kind == LoyaltyEvents.AdjustName) + 1).ConfigureAwait(false))?.Wallet(unit).Balance;
                var end = (await shown.MembershipAsync(Witness.Customer, last).ConfigureAwait(false))?.Wallet(unit).Balance;
                return end > start && shown.Paid == 0 ? null : (Text($"{end} {unit} of {start}"), "more than before");
            case WitnessClaim.Gathers(var unit, var gift):
                var gathered = (await shown.MembershipAsync(Witness.Customer, last + Duration.FromHours(1)).ConfigureAwait(false))?.Wallet(unit).Balance;
                return gathered > gift && shown.Paid == 0 ? null : (Text($"{gathered} {unit}"), Text($"more than {gift}, and nothing paid"));
            case WitnessClaim.Calls(var rule, var call):
                var calls = program.Rules.Where(known => known.Name == rule).SelectMany(MachineUse.CallsOf).Distinct(StringComparer.Ordinal).ToList();
                return calls.Contains(call, StringComparer.Ordinal) ? null : (calls.Count == 0 ? "no such call" : string.Join(", ", calls), $"a call of {call} in the code of rule '{rule}'");
            case WitnessClaim.HoldsWorth(var each):
                var worth = 0m;
                foreach (var who in shown.Customers)
                {
                    var membership = await shown.MembershipAsync(who, last + Duration.FromDays(400)).ConfigureAwait(false) ?? new Membership { Program = program.Name };
                    var early = await shown.MembershipAsync(who, last + Duration.FromMinutes(1)).ConfigureAwait(false) ?? membership;
                    worth += each.Sum(one => Math.Max(membership.Wallet(one.Unit).Balance, early.Wallet(one.Unit).Balance) * one.Each);
                }

                return worth > 0 && worth >= shown.Paid ? null : (Text($"{worth} held for {shown.Paid} paid"), "at least what was paid");
            default:
                throw new InvalidOperationException($"Nothing is known of the claim {claim}.");
        }
    }

    // What each receipt gives by some rules.
    private static List<long> By(IEnumerable<Receipt> receipts, string[] rules) =>
        [.. receipts.Select(receipt => receipt.Lines.Where(line => line is { Module: LoyaltyNames.Module or LoyaltyNames.KeepingModule, Code: LineCodes.Issued } && rules.Contains(line.Subject)).Sum(line => line.Amount))];

    // What rewards that were asked for, and payments by units, are worth.
    private static decimal Given(LoyaltyProgram program, Replayed shown, LintAssumptions assumptions)
    {
        var worth = 0m;
        foreach (var step in shown.Steps)
        {
            var amount = step.Event.Fields["amount"].AsNumber;
            worth += step.Event.Kind switch
            {
                RewardEvents.PayName when program.Payment is { } payment => decimal.Floor(amount / payment.Points) * payment.Value.Amount,
                RewardEvents.RedeemName => step.Event.Fields["quantity"].AsNumber * EachOf(program, step.Event.Fields["reward"].AsCode, assumptions),
                _ => 0,
            };
        }

        return worth;
    }

    private static decimal EachOf(LoyaltyProgram program, string? name, LintAssumptions assumptions) => program.Rewards.First(reward => reward.Name == name).Kind switch
    {
        RewardKind.Discount one => one.Amount.Amount,
        RewardKind.GiftCard one => one.Amount.Amount,
        RewardKind.Cashback one => one.Amount.Amount,
        RewardKind.FreeItem one => assumptions.Prices.First(price => price.Sku == one.Sku).Price.Amount,
        RewardKind.Physical one => assumptions.Prices.First(price => price.Sku == one.Sku).Price.Amount,
        _ => 0,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A witness that has happened.</summary>
    private sealed record Replayed(CrmEngine Engine, FakeClock Clock, LoyaltyProgram Program, Sequence<WitnessStep> Steps, List<Receipt> Receipts)
    {
        public IEnumerable<Identity> Customers => Steps.Select(step => step.Event.Identity).OfType<Identity>().Distinct();

        /// <summary>What was paid, less what was paid back.</summary>
        public decimal Paid => Steps.Sum(step => step.Event.Kind switch
        {
            EventKinds.PurchaseName => step.Event.Spend?.Amount ?? 0,
            EventKinds.RefundName => -(step.Event.Spend?.Amount ?? 0),
            _ => 0,
        });

        public static async ValueTask<Replayed> RunAsync(LoyaltyProgram program, Witness witness, int? most = null)
        {
            var (store, clock) = (new InMemoryStore(), new FakeClock(witness.Steps[0].Event.OccurredAt ?? default));
            var kinds = program.Rules.SelectMany(rule => rule.On).Distinct(StringComparer.Ordinal).Where(kind => Declared(kind)).Select(kind => new EventKind(kind, EventNature.Happening));
            var modules = LoyaltyModule.Of(new Definitions.DefinitionCatalog<LoyaltyProgram>([program.Define()]), kinds).ToList();
            var engine = new CrmEngine(store, modules, new CrmOptions { Zone = DateTimeZoneProviders.Tzdb[program.Zone] }, clock, new SeededIdSource());
            foreach (var supply in witness.Supplies)
            {
                await ((IQuotas)store).SetAsync(supply.Name, supply.Amount, CancellationToken.None).ConfigureAwait(false);
            }

            var receipts = new List<Receipt>();
            foreach (var step in witness.Steps.Take(most ?? int.MaxValue))
            {
                var happened = step.Event;
                clock.Set(happened.OccurredAt ?? clock.GetCurrentInstant());
                if (step.Other is { } other && await engine.ReadAsync(CustomerRef.Of(other)).ConfigureAwait(false) is { } known)
                {
                    happened = happened with { Fields = happened.Fields.With(step.OtherField, known.Customer.ToString()) };
                }

                receipts.Add(await engine.RecordAsync(happened).ConfigureAwait(false));
                await engine.PumpAsync().ConfigureAwait(false);
            }

            return new Replayed(engine, clock, program, witness.Steps, receipts) { Witness = witness };
        }

        public required Witness Witness { get; init; }

        public async ValueTask<Membership?> MembershipAsync(Identity customer, Instant at, int? afterSteps = null)
        {
            if (afterSteps is { } most)
            {
                var begun = await RunAsync(Program, Witness, most).ConfigureAwait(false);
                return await begun.MembershipAsync(customer, at).ConfigureAwait(false);
            }

            Clock.Set(at);
            await Engine.RunDueAsync().ConfigureAwait(false);
            await Engine.PumpAsync().ConfigureAwait(false);
            var module = Program.Cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module;
            return (await Engine.ReadAsync(CustomerRef.Of(customer)).ConfigureAwait(false))?.Slot<LoyaltyState>(module).In(Program.Name);
        }

        public async ValueTask<long> OwedAsync(Instant at)
        {
            var owed = 0L;
            foreach (var customer in Customers)
            {
                owed += (await MembershipAsync(customer, at).ConfigureAwait(false))?.Holdings.Sum(holding => holding.Wallet.Debt) ?? 0;
            }

            return owed;
        }

        // Echoes and occasions have kinds of their own, and others are the modules'.
        private static bool Declared(string kind) => !EventKinds.BuiltIn.Concat(Redemption.LoyaltyEvents.Kinds).Concat(RewardEvents.Kinds).Concat(CartEvents.Kinds).Concat(Stamps.StampEvents.Kinds).Concat(Tiers.TierEvents.Kinds)
            .Concat(Members.MemberEvents.Kinds).Concat(Members.ReferralEvents.Kinds).Concat(Challenges.ChallengeEvents.Kinds).Concat(Openings.OpeningEvents.Kinds).Concat(Pools.PoolEvents.Kinds).Any(known => known.Name == kind)
            && kind is not (Rules.YearlyPoints.Occasion or Rules.SegmentEntry.Entered or Members.MemberEvents.Registered or Members.MemberEvents.Rejoined or LoyaltyNames.TierChanged);
    }
}
