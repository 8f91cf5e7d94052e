using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Members;

/// <summary>Who does not take part earns nothing, whatever happens to them and whatever day comes.</summary>
public sealed class TakingPartLaws
{
    [Fact]
    public void Who_takes_no_part_is_given_nothing() => Law(program => new LoyaltyModule(program)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Giving_them_what_others_tell_of_is_caught() => Caught(program => new Forgiving(program, stimulus => stimulus is Stimulus.Echoed));

    [Fact]
    public void Giving_them_what_a_day_brings_is_caught() => Caught(program => new Forgiving(program, stimulus => stimulus is Stimulus.Due));

    private static void Caught(Func<LoyaltyProgram, ICustomerModule> module) => Counterfeits.Caught(() => Law(module).Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    private static LoyaltyProgram Program(Enrolment enrolment) => RewardClub.Program() with
    {
        Membership = new() { Enrolment = enrolment, Leaving = LeavePolicy.Keep },
        Rules =
        [
            Samples.Per(1, 1),
            new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", CatchUpDays = 3 },
            new FixedPoints { Name = "tier-gift", Unit = "stars", Points = 20, On = [LoyaltyNames.TierChanged] },
        ],
    };

    // What somebody does who is no member, and the days that pass meanwhile, leave what was ever issued as it was.
    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.Zip(Gen.Elements(Enrolment.Open, Enrolment.ByJoining), Gen.Choose(1, 60))),
        Arb.From(Gen.Zip(Gen.Choose(0, 20), Gen.Choose(0, 6)).ListOf().Where(steps => steps.Count < 12)),
        async Task<bool> (given, steps) =>
        {
            var club = new Club(module(Program(given.Item1)));
            var birthday = Samples.Local(2026, 1, 15, 12).InZone(Samples.HongKong).Date.PlusDays(given.Item2).PlusYears(-30);
            await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(10)) with { Profile = Fields.Of(("birth-date", birthday)) });
            foreach (var (days, what) in steps)
            {
                var (before, takesPart) = (await IssuedAsync(club), await TakesPartAsync(club, given.Item1));
                club.At(club.Now + Duration.FromDays(days));
                await club.RunDue();
                var reached = await IssuedAsync(club);
                var did = await DoAsync(club, what);
                if (!takesPart && (reached != before || (!did && await IssuedAsync(club) != reached)))
                {
                    return false;
                }
            }

            return true;
        });

    // Whether it was joining or resuming, from which on something may be earned.
    private static async Task<bool> DoAsync(Club club, int what)
    {
        var key = club.NextKey();
        await club.Records(what switch
        {
            0 => MemberEvents.Join(key, Samples.Amy),
            1 => MemberEvents.Leave(key, Samples.Amy),
            2 => MemberEvents.Suspend(key, Samples.Amy, "fraud", "staff:17"),
            3 => MemberEvents.Resume(key, Samples.Amy, "cleared", "staff:17"),
            4 => TierEvents.Floor(key, Samples.Amy, "gold", "invitation", "staff:17"),
            5 => TierEvents.Release(key, Samples.Amy, "over", "staff:17"),
            _ => CustomerEvent.Purchase(key, Samples.Amy, Money.Hkd(10)),
        });
        return what is 0 or 3;
    }

    private static async Task<long> IssuedAsync(Club club) => (await club.Ledger()).Where(entry => entry.Movement == Movement.Issued).Sum(entry => entry.Amount);

    private static async Task<bool> TakesPartAsync(Club club, Enrolment enrolment) =>
        (await club.Membership()).Life is { } life ? life.Status == MemberStatus.Member : enrolment == Enrolment.Open;

    /// <summary>Loyalty that takes everybody for a member at some stimuli.</summary>
    private sealed class Forgiving(LoyaltyProgram program, Func<Stimulus, bool> when) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            if (!when(context.Stimulus))
            {
                return inner.Handle(state, context);
            }

            var membership = state.In("tea-club");
            var taken = state.With(membership with { Life = new(MemberStatus.Member, Instant.MinValue, Instant.MinValue, 1, null) });
            return inner.Handle(taken, context) is Outcome.Accepted { State: LoyaltyState next } outcome
                ? outcome with { State = next.With(next.In("tea-club") with { Life = membership.Life }) }
                : Outcome.Nothing;
        }
    }
}
