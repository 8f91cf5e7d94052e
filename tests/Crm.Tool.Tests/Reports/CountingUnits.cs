using Crm.Ledger;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Reports;

public sealed class CountingUnits
{
    private static readonly Instant Start = Instant.FromUtc(2026, 1, 1, 0, 0);

    [Fact]
    public void What_was_issued_and_not_used_up_is_what_is_held_less_what_is_owed() =>
        Prop.ForAll(
            (from movement in Gen.Elements(Enum.GetValues<Movement>().Where(each => each != Movement.Offset).ToArray())
             from lot in Gen.Elements("forever", "debt", "2026-01-05T00:00:00Z", "2026-02-05T00:00:00Z", "pending:2026-01-03T00:00:00Z:2026-01-05T00:00:00Z", "pending:2026-01-20T00:00:00Z:forever", "held:pos:1:base:forever", "reserved")
             from amount in Gen.Choose(-50, 50)
             from day in Gen.Choose(0, 30)
             select Entry(movement, lot, amount == 0 ? 1 : amount, day)).ListOf().ToArbitrary(),
            entries =>
            {
                var count = new UnitCount(Start + Duration.FromDays(10), StoreDefinitions.None);
                foreach (var entry in entries)
                {
                    count.Take(default, entry);
                }

                count.Close();
                return count.Units.Values.All(unit => unit.Issued - unit.Spent - unit.Expired - unit.Reversed - unit.Transferred == unit.Available + unit.Pending + unit.Reserved - unit.Debt);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Theory]
    [InlineData(3, 100, 0)] // the day before it runs out
    [InlineData(4, 0, 100)] // at the instant at which it runs out
    [InlineData(9, 0, 100)]
    public void Units_run_out_whether_or_not_a_worker_has_run(int day, long available, long expired)
    {
        var count = new UnitCount(Start + Duration.FromDays(day), StoreDefinitions.None);
        count.Take(default, Entry(Movement.Issued, "2026-01-05T00:00:00Z", 100, 0));
        count.Close();

        Assert.Equal((100, available, expired), (count.Units["points"].Issued, count.Units["points"].Available, count.Units["points"].Expired));
    }

    [Theory]
    [InlineData("2026-02-05T00:00:00Z", 2, 100, 0, 0)] // the day before it can be spent
    [InlineData("2026-02-05T00:00:00Z", 3, 0, 100, 0)]
    [InlineData("forever@partner", 3, 0, 100, 0)]
    [InlineData("2026-01-05T00:00:00Z", 4, 0, 0, 100)] // it has run out already
    public void Units_become_available_whether_or_not_a_worker_has_run(string lot, int day, long pending, long available, long expired)
    {
        var count = new UnitCount(Start + Duration.FromDays(day), StoreDefinitions.None);
        count.Take(default, Entry(Movement.Issued, $"pending:2026-01-04T00:00:00Z:{lot}", 100, 0));
        count.Close();

        var units = count.Units["points"];
        Assert.Equal((pending, available, expired), (units.Pending, units.Available, units.Expired));
    }

    private static LedgerEntry Entry(Movement movement, string lot, long amount, int day) => new()
    {
        Program = "club",
        Unit = "points",
        Lot = lot,
        Amount = amount,
        Movement = movement,
        Cause = new EventKey("pos", "1"),
        OccurredAt = Start + Duration.FromDays(day),
    };
}
