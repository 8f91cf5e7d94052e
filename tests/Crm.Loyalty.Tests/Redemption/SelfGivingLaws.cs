using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>What gives itself from a balance on is given as soon as the balance is there, whatever brought it there.</summary>
public sealed class SelfGivingLaws
{
    private const int At = 30;

    [Fact]
    public void No_reward_that_gives_itself_waits_for_another_event() => Law(program => new LoyaltyModule(program)).Check(Config.QuickThrowOnFailure.WithMaxTest(80));

    [Fact]
    public void Waiting_for_the_next_event_when_units_become_available_by_a_day_is_caught() => Caught(stimulus => stimulus is Stimulus.Due);

    [Fact]
    public void Waiting_for_the_next_event_when_units_are_given_by_hand_is_caught() => Caught(stimulus => stimulus is Stimulus.Happened { Event.Kind: LoyaltyEvents.AdjustName });

    private static void Caught(Func<Stimulus, bool> waits) => Counterfeits.Caught(() => Law(program => new Waiting(program, waits)).Check(Config.QuickThrowOnFailure.WithMaxTest(80)));

    private static LoyaltyProgram Program(int days) => RewardClub.Program(RewardClub.Mug with { Costs = [new("points", 20)], AutoAt = At }) with
    {
        Rules = [Samples.Per(1, 1) with { Terms = new() { Activation = days == 0 ? Activation.AtOnce : Activation.AfterDays(days), Expiry = LotExpiry.AfterDays(2, LastDay.Included) } }],
        Ladders = [],
    };

    // So few units that the most of a day, ten, holds nothing back.
    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.Choose(0, 3)),
        Arb.From(Gen.Zip(Gen.Choose(0, 40), Gen.Zip(Gen.Choose(0, 3), Gen.Choose(1, 15))).ListOf().Where(steps => steps.Count < 12)),
        async Task<bool> (days, steps) =>
        {
            var club = new Club(module(Program(days)));
            await club.Buys(1);
            foreach (var (hours, (what, amount)) in steps)
            {
                club.At(club.Now + Duration.FromHours(hours));
                if (await club.Points() >= At)
                {
                    return false;
                }

                var key = club.NextKey();
                await (what switch
                {
                    0 => club.Records(LoyaltyEvents.Adjust(key, Samples.Amy, amount, "goodwill", "staff:17", unit: "points")),
                    1 => club.Reserves(key, amount, 180),
                    _ => club.Buys(amount, key),
                });
                if (await club.Points() >= At)
                {
                    return false;
                }
            }

            club.At(club.Now + Duration.FromDays(7));
            await club.RunDue();
            return await club.Points() < At;
        });

    /// <summary>Loyalty whose rewards do not give themselves at some stimuli.</summary>
    private sealed class Waiting(LoyaltyProgram program, Func<Stimulus, bool> waits) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule real = new LoyaltyModule(program);
        private readonly ICustomerModule asked = new LoyaltyModule(program with { Rewards = program.Rewards.Select(reward => reward with { AutoAt = null }).ToSequence() });

        public override ModuleContract Contract => real.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) => (waits(context.Stimulus) ? asked : real).Handle(state, context);
    }
}
