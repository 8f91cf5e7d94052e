using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Crm.Tests.Shared;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>How many kills there are in all, and when they come.</summary>
internal static class Kills
{
    private const int LatestMilliseconds = 150;

    /// <summary>200, ten times as many when CRM_LONG is 1, or as many as CRM_KILLS says.</summary>
    public static int Wanted { get; } = int.TryParse(Environment.GetEnvironmentVariable("CRM_KILLS"), CultureInfo.InvariantCulture, out var wanted) ? wanted
        : Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 2_000 : 200;

    /// <summary>Decides the moments: another one in every run, or what CRM_KILLS_SEED says. What a process has done by then is never the same twice.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("CRM_KILLS_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <summary>When a life ends, in milliseconds from when it has begun to work.</summary>
    public static int Moment(int round, int life) =>
        BitConverter.ToUInt16(SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Seed} {round} {life}")))) % (LatestMilliseconds + 1);
}

/// <summary>A shop over SQLite is killed at random moments while it records, redeems, pumps and runs timers. Afterwards nothing is lost, doubled or half done.</summary>
public sealed class KillingOverSqlite : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("crm-crashes-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_shop_over_sqlite_that_is_killed_again_and_again_loses_and_doubles_nothing()
    {
        var (kills, receipts, again) = (0, 0, 0);
        for (var round = 0; kills < Kills.Wanted / 2; round++)
        {
            var place = Path.Combine(folder, $"{round}");
            var location = $"sqlite:{Path.Combine(place, "shop.db")}";
            using var shop = new Shop(location, place, "shop");
            var seen = new Aftermath(location, place, shop.Clock);
            kills += await shop.RunAsync(seen, round, _ => Task.CompletedTask, () => Task.CompletedTask);
            (receipts, again) = (receipts + seen.Acknowledged, again + seen.HandedOverAgain);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"CRM_KILLS_SEED={Kills.Seed}: {kills} kills, {receipts} receipts, {again} messages handed over again");
        Assert.True(receipts > kills, $"Only {receipts} receipts were given in {kills} lives.");
    }
}

/// <summary>A shop over PostgreSQL is killed, and so is its server: one connection after the other, or the whole of it by the death of one of its processes.</summary>
public sealed class KillingOverPostgreSql : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("crm-crashes-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_shop_over_postgresql_that_is_killed_or_loses_its_server_loses_and_doubles_nothing()
    {
        var server = FragileServer.Start();
        var (kills, receipts, again) = (0, 0, 0);
        for (var round = 0; kills < Kills.Wanted / 2; round++)
        {
            var schema = PostgreSqlServer.NewSchema();
            var (location, place) = ($"postgresql:{schema}:{server.ConnectionString};Application Name={schema}", Path.Combine(folder, $"{round}"));
            using var shop = new Shop(location, place, "shop");
            var seen = new Aftermath(location, place, shop.Clock);
            kills += await shop.RunAsync(seen, round, async life =>
            {
                switch (life % 5)
                {
                    case 2:
                        await server.TerminateAsync(schema);
                        await Task.Delay(life * 5);
                        break;
                    case 4:
                        await server.CrashAsync(schema);
                        await Task.Delay(life * 5);
                        break;
                    default:
                        break;
                }
            }, () => FragileServer.UntilNobodyIsThereAsync(server.ConnectionString, schema));
            (receipts, again) = (receipts + seen.Acknowledged, again + seen.HandedOverAgain);
            server.Drop(schema);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"CRM_KILLS_SEED={Kills.Seed}: {kills} kills, {server.Terminated} connections ended, {server.Crashes} crashes of the server, {receipts} receipts, {again} messages handed over again");
        Assert.True(receipts > kills, $"Only {receipts} receipts were given in {kills} lives.");
        Assert.True(server.Terminated > 0, "No connection of the shop was ended.");
        Assert.True(server.Crashes > 0 || !server.IsOwn, "The server has never crashed.");
    }
}

/// <summary>A desk is killed while it merges customers and disposes of their journals.</summary>
public sealed class KillingADesk : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("crm-crashes-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_desk_over_sqlite_that_is_killed_again_and_again_merges_and_disposes_wholly_or_not_at_all() =>
        await KillAsync(round => $"sqlite:{Path.Combine(folder, $"{round}", "desk.db")}", _ => Task.CompletedTask, _ => { });

    [Fact]
    public async Task A_desk_over_postgresql_that_is_killed_again_and_again_merges_and_disposes_wholly_or_not_at_all()
    {
        var schemas = new Dictionary<int, string>();
        await KillAsync(
            round => $"postgresql:{schemas[round] = PostgreSqlServer.NewSchema()}:{PostgreSqlServer.ConnectionString};Application Name={schemas[round]}",
            round => FragileServer.UntilNobodyIsThereAsync(PostgreSqlServer.ConnectionString, schemas[round]),
            round => PostgreSqlServer.Execute($"DROP SCHEMA {schemas[round]} CASCADE", PostgreSqlServer.ConnectionString));
    }

    private async Task KillAsync(Func<int, string> open, Func<int, Task> after, Action<int> close)
    {
        var (kills, sold, merged, disposed) = (0, 0, 0, 0);
        for (var round = 0; kills < Kills.Wanted / 20; round++)
        {
            var (location, place) = (open(round), Path.Combine(folder, $"{round}"));
            using var desk = new Shop(location, place, "desk");
            var seen = new DeskAftermath(location, place, desk.Clock);
            var chosen = round;
            kills += await desk.RunAsync(seen, round, _ => Task.CompletedTask, () => after(chosen));
            (sold, merged, disposed) = (sold + seen.Sold, merged + seen.Merged, disposed + seen.Disposed);
            close(round);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"CRM_KILLS_SEED={Kills.Seed}: {kills} kills, {sold} purchases, {merged} merges, {disposed} events disposed of");
        Assert.True(merged > kills, $"Only {merged} merges in {kills} lives.");
        Assert.True(disposed > kills, $"Only {disposed} events were disposed of in {kills} lives.");
    }
}
