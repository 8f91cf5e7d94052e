using System.Diagnostics;
using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Accounts;

/// <summary>A ledger is certified here, and again by a script that knows nothing of this library.</summary>
public sealed class Certifying
{
    [Fact]
    public async Task Every_unit_is_spent_gone_or_there_and_what_is_owed_is_named()
    {
        var (certificate, _) = Certified(await Ledger());

        Assert.Empty(certificate.Faults);
        var points = certificate.Accounts.Single(account => account.Account == "tea-club/points").Sums;
        Assert.True(points.IsConserved);
        Assert.Equal((300L, 90L, 0L, 100L, 80L, 30L), (points.Issued, points.Spent, points.Expired, points.Reversed, points.Available, points.Reserved));
    }

    [Fact]
    public async Task A_script_in_another_language_finds_the_same()
    {
        var (certificate, lines) = Certified(await Ledger());
        var (code, output) = Recheck(certificate.Head, lines);

        Assert.Equal(0, code);
        Assert.Contains("tea-club/points issued=300 spent=90 expired=0 reversed=100 transferred=0 available=80 pending=0 reserved=30 debt=0", output);
        Assert.Contains($"{certificate.Entries} entries, head {certificate.Head}", output);
    }

    [Fact]
    public void The_script_can_be_read_at_one_sitting() => Assert.InRange(File.ReadLines(Script()).Count(), 1, 50);

    [Fact]
    public async Task A_line_that_was_changed_doubled_or_left_out_is_noticed_by_both_wherever_it_stands()
    {
        var ledger = await Ledger();
        var (certificate, lines) = Certified(ledger);
        for (var at = 0; at < lines.Count; at++)
        {
            var fields = lines[at].Split('\t');
            fields[at % fields.Length] += "1";
            Assert.Equal(1, Recheck(certificate.Head, [.. lines.Take(at), string.Join('\t', fields), .. lines.Skip(at + 1)]).Code);
            Assert.Equal(1, Recheck(certificate.Head, [.. lines.Take(at + 1), .. lines.Skip(at)]).Code);
            Assert.Equal(1, Recheck(certificate.Head, [.. lines.Take(at), .. lines.Skip(at + 1)]).Code);
            Assert.NotEqual(certificate.Head, Certified([.. ledger.Take(at), ledger[at] with { Amount = ledger[at].Amount + 1 }, .. ledger.Skip(at + 1)]).Certificate.Head);
            Assert.NotEqual(certificate.Head, Certified([.. ledger.Take(at), .. ledger.Skip(at + 1)]).Certificate.Head);
        }
    }

    [Fact]
    public async Task A_ledger_that_does_not_add_up_is_a_fault_to_both_whatever_its_head()
    {
        var ledger = await Ledger();
        foreach (var (broken, fault) in new (List<LedgerEntry>, string)[]
        {
            (ledger.FindAll(entry => !(entry.Lot == Reservation.Lot && entry.Amount > 0)), "tea-club/points: the lot 'reserved' of customer 00000000000000000000000000000007 comes to -40"),
            ([.. ledger, ledger[0] with { Lot = Lot.Debt, Amount = 5 }], "tea-club/points: the lot 'debt' of customer 00000000000000000000000000000007 comes to 5"),
            ([.. ledger, ledger[0] with { Movement = Movement.Offset, Amount = 5 }], "tea-club/points: "),
        })
        {
            var (certificate, lines) = Certified(broken);
            var (code, output) = Recheck(certificate.Head, lines);

            Assert.Contains(certificate.Faults, found => found.Contains(fault, StringComparison.Ordinal));
            Assert.Equal(1, code);
            Assert.Contains(fault, output);
        }
    }

    [Fact]
    public async Task A_lot_of_units_that_is_owed_is_a_fault_to_neither()
    {
        var ledger = await Ledger();
        var (certificate, lines) = Certified([.. ledger, .. new[] { "forever", "idle@shop", "2027-01-01T00:00:00Z@shop", Lot.Debt }.Select(lot => ledger[0] with { Lot = lot, Movement = Movement.Spent, Amount = -1_000 })]);

        Assert.Empty(certificate.Faults);
        Assert.Equal(0, Recheck(certificate.Head, lines).Code);
    }

    private static async Task<List<LedgerEntry>> Ledger()
    {
        var club = RewardClub.With();
        await club.Buys(100, "pos:first");
        await club.Buys(200);
        await club.Redeems(70, unit: "points");
        await club.Reserves("pos:a", 40);
        await club.Captures("pos:a", 20);
        await club.Reserves("pos:b", 30);
        await club.Returns("pos:first", 100);
        return await club.Ledger();
    }

    private static (Certificate Certificate, List<string> Lines) Certified(IEnumerable<LedgerEntry> ledger)
    {
        var conservation = new Conservation();
        var lines = ledger.Select(entry => conservation.Add(new CustomerId(7), entry)).ToList();
        return (conservation.Certify(), lines);
    }

    internal static (int Code, string Output) Recheck(string head, params IEnumerable<IReadOnlyList<string>> exports)
    {
        var files = exports.Select(lines =>
        {
            var file = Path.GetTempFileName();
            File.WriteAllText(file, string.Concat(lines.Select(line => line + "\n")));
            return file;
        }).ToList();
        using var python = Process.Start(new ProcessStartInfo("python3", [Script(), .. files, head]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = python.StandardOutput.ReadToEnd() + python.StandardError.ReadToEnd();
        python.WaitForExit();
        files.ForEach(File.Delete);
        return (python.ExitCode, output);
    }

    private static string Script([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "certify", "recheck.py");
}
