using Crm.CrashProgram;
using Crm.Storage;
using Crm.Testing;
using Microsoft.Data.Sqlite;
using NodaTime;

namespace Crm.EndToEnd.Tests.Crashes;

/// <summary>Whoever looks at a shop after its death would see what a crash can do: each of these is done to a shop that was well.</summary>
public sealed class Looking : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("crm-crashes-").FullName;
    private readonly FastClock clock = new(SystemClock.Instance.GetCurrentInstant());

    private string Database => Path.Combine(folder, "shop.db");

    private string Sent => Path.Combine(folder, "sent-1");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_shop_that_is_well_is_well()
    {
        await LiveAsync();

        var seen = Look();
        Assert.Equal([], await seen.LookAsync(1));
        Assert.Equal([], await seen.FinishAsync(2));
    }

    [Theory]
    [InlineData("DELETE FROM crm_event WHERE version = 1", "was acknowledged and is not there")]
    [InlineData("DELETE FROM crm_ledger WHERE version = 1", "the lot")]
    [InlineData("UPDATE crm_slot SET content = (SELECT content FROM crm_slot WHERE name = 'greeter' LIMIT 1) WHERE name = 'loyalty'", "state")]
    [InlineData("DELETE FROM crm_outbox", "were lost")]
    [InlineData("DELETE FROM crm_wakeup", "questions were sent")]
    [InlineData("UPDATE crm_quota SET available = available + 1", "mugs were given away")]
    [InlineData("UPDATE crm_fact SET content = '11' WHERE name = 'loyalty.club.points'", "the balance is 11")]
    public async Task A_shop_that_has_lost_something_is_found_out(string damage, string expected)
    {
        await LiveAsync();
        await DamageAsync(damage);

        var seen = Look();
        var wrong = await seen.LookAsync(1);
        wrong = wrong.Count > 0 ? wrong : await seen.FinishAsync(2); // what was damaged cannot always go on
        Assert.Contains(wrong, sentence => sentence.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_was_handed_over_twice_without_an_interruption_or_within_its_lease_or_after_its_outcome_is_found_out()
    {
        await LiveAsync();
        var seen = Look();
        var line = Diary.Read(Sent).Last(line => line[0] == "sent");
        File.AppendAllText(Sent, string.Join(' ', line) + "\n");

        var wrong = await seen.LookAsync(1);
        File.WriteAllText(Path.Combine(folder, "sent-2"), string.Join(' ', line) + "\n");
        var later = await seen.LookAsync(2);

        Assert.Contains(wrong, sentence => sentence.Contains("nothing had been interrupted", StringComparison.Ordinal));
        Assert.Contains(wrong, sentence => sentence.Contains("while its lease still ran", StringComparison.Ordinal));
        Assert.Contains(later, sentence => sentence.Contains("though its outcome was written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_desk_that_is_well_is_well()
    {
        await WorkAtDeskAsync();

        var seen = new DeskAftermath($"sqlite:{Database}", folder, clock);
        Assert.Equal([], await seen.LookAsync(1));
        Assert.Equal([], await seen.FinishAsync(2));
        Assert.True(seen is { Sold: > 0, Merged: > 0, Disposed: > 0 }, $"{seen.Sold} purchases, {seen.Merged} merges, {seen.Disposed} events disposed of");
    }

    [Theory]
    [InlineData("DELETE FROM crm_ledger WHERE version = 1", "is not in the books")]
    [InlineData("UPDATE crm_ledger SET amount = 2 * amount WHERE movement = 1", "points")]
    [InlineData("DELETE FROM crm_identity WHERE value LIKE 'ben%'", "they are two")]
    [InlineData("UPDATE crm_checkpoint SET opening = NULL WHERE opening IS NOT NULL", "the opening of the journal")]
    [InlineData("DELETE FROM crm_event", "state")]
    public async Task A_desk_that_has_done_something_by_half_is_found_out(string damage, string expected)
    {
        await WorkAtDeskAsync();
        await DamageAsync(damage);

        Assert.Contains(await new DeskAftermath($"sqlite:{Database}", folder, clock).LookAsync(1), sentence => sentence.Contains(expected, StringComparison.Ordinal));
    }

    private async Task WorkAtDeskAsync()
    {
        var store = Worker.Open($"sqlite:{Database}");
        await using var closing = (IAsyncDisposable)store;
        using var acks = new Diary(Path.Combine(folder, "acks-1"));
        var now = new FakeClock(clock.GetCurrentInstant());
        var engine = Club.Engine(store, now, new SeededIdSource());
        for (var turn = 1; turn <= 6; turn++)
        {
            await Desk.SellAndMergeAsync(engine, acks, life: 1, till: 0, turn);
            now.Advance(Duration.FromHours(1));
            await Desk.DisposeAsync(engine, acks, now);
        }
    }

    private async Task DamageAsync(string damage)
    {
        await using var connection = new SqliteConnection($"Data Source={Database};Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = damage;
        Assert.True(await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken) > 0);
    }

    private Aftermath Look() => new($"sqlite:{Database}", folder, clock);

    private async Task LiveAsync()
    {
        var store = Worker.Open($"sqlite:{Database}");
        await using var closing = (IAsyncDisposable)store;
        await ((IQuotas)store).SetAsync(Greeter.Mugs, Aftermath.Mugs, default);
        using var acks = new Diary(Path.Combine(folder, "acks-1"));
        using var sent = new Diary(Sent);
        var channel = new FileChannel(sent, clock);
        var engine = Club.Engine(store, clock, new SeededIdSource(), channel);
        for (var turn = 0; turn < 6; turn++)
        {
            await Worker.SellAsync(engine, acks, life: 1, till: 0, turn);
        }

        await channel.PumpAsync(engine, most: 2);
    }
}
