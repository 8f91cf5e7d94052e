using System.Diagnostics;
using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
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
    public async Task A_line_that_was_changed_or_left_out_is_noticed_by_both()
    {
        var ledger = await Ledger();
        var (certificate, lines) = Certified(ledger);
        var changed = lines.Select(line => line.Replace("\t200\t", "\t201\t", StringComparison.Ordinal)).ToList();
        Assert.NotEqual(lines, changed);

        Assert.Equal(1, Recheck(certificate.Head, changed).Code);
        Assert.Equal(1, Recheck(certificate.Head, [.. lines.Skip(1)]).Code);
        Assert.NotEqual(certificate.Head, Certified(ledger.Skip(1)).Certificate.Head);
        Assert.NotEmpty(Certified(ledger.Where(entry => !(entry.Lot == Reservation.Lot && entry.Amount > 0))).Certificate.Faults);
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
        var output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        files.ForEach(File.Delete);
        return (python.ExitCode, output);
    }

    private static string Script([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "certify", "recheck.py");
}
