using Crm.Loyalty.Memberships;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>Each birthday pays once, from the first that is caught up.</summary>
public sealed class YearlyLaws
{
    private static readonly LocalDate End = new(2028, 12, 31);

    [Fact]
    public void Every_birthday_from_the_first_that_is_caught_up_pays_once() => Law(rule => new LoyaltyModule(Program(rule))).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void Booking_a_birthday_to_the_year_in_which_it_was_paid_is_caught() => Counterfeits.Caught(() => Law(rule => new PaidThisYear(rule)).Check(Config.QuickThrowOnFailure.WithMaxTest(100)));

    // Dates become known around the turn of a year as often as on any other day.
    private static Property Law(Func<YearlyPoints, ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.Zip(Gen.Elements(0, 1, 6, 40, 300), Gen.Elements(LeapDayPolicy.Before, LeapDayPolicy.After))),
        Arb.From(Gen.OneOf(Gen.Choose(0, 366), Gen.Choose(350, 366))),
        Arb.From(Gen.OneOf(Gen.Choose(0, 364), Gen.Choose(0, 8))),
        async Task<bool> (terms, born, known) =>
        {
            var rule = new YearlyPoints { Name = "birthday", Unit = "points", Points = 1, DateField = "birth-date", CatchUpDays = terms.Item1, LeapDay = terms.Item2 };
            var date = new LocalDate(2000, 1, 1).PlusDays(Math.Min(born, 365));
            var club = new Club(module(rule));
            var day = new LocalDate(2026, 1, 1).PlusDays(known);
            club.On(day.Year, day.Month, day.Day);
            await club.Records(LoyaltyEvents.Visit(club.NextKey(), Samples.Amy) with { Profile = Fields.Of(("birth-date", date)) });
            club.On(End.Year, End.Month, End.Day);

            var expected = Enumerable.Range(2025, 4).Select(year => rule.DayIn(year, date)).Count(birthday => birthday >= day.PlusDays(-terms.Item1) && birthday <= End);
            Assert.Equal(expected, await club.Points());
            return true;
        });

    private static Crm.Loyalty.Programs.LoyaltyProgram Program(YearlyPoints rule) => Samples.TeaClub with { Ladders = [], Rules = [rule], Units = [new("points", Crm.Loyalty.Programs.UnitKind.Redeemable)] };

    /// <summary>As it would be if the year were that of the calendar when it was paid.</summary>
    private sealed class PaidThisYear(YearlyPoints rule) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(Program(rule));

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) => inner.Handle(state, context) is Outcome.Accepted { State: LoyaltyState next } outcome
            ? outcome with
            {
                State = next.With(next.In("tea-club") with
                {
                    Tallies = next.In("tea-club").Tallies.Select(tally => tally.Name == "paid/birthday" && state.In("tea-club").Counted(tally.Name, tally.Period) == 0
                        ? tally with { Period = context.Moment.Instant.InZone(Samples.HongKong).Year } : tally).ToSequence(),
                }),
            }
            : Outcome.Nothing;
    }
}
