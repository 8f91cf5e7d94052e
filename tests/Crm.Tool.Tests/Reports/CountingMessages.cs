using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tool.Tests.Support;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Tests.Reports;

public sealed class CountingMessages : IDisposable
{
    private readonly TestFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Messages_that_wait_for_a_later_time_are_deferred_as_of_any_instant()
    {
        var file = folder.PathOf("shop.db");
        await using (var store = SqliteStore.Open(file))
        {
            await store.CommitAsync(Samples.Birth(1) with { RecordedAt = Samples.At(1), Outbox = [Samples.Message(1, "a", hours: 5), Samples.Message(1, "b", hours: 9), Samples.FollowUp(1, "pos:other", hours: 9)] }, Token);
            await store.CommitAsync(Samples.Commit(1, 1) with { RecordedAt = Samples.At(6), Settled = [Samples.Message(1, "a").Id] }, Token);
        }

        Assert.Equal([(0, 0L), (1, 2L), (5, 1L), (9, 0L)], [await DeferredAsync(file, 0), await DeferredAsync(file, 1), await DeferredAsync(file, 5), await DeferredAsync(file, 9)]);
    }

    private static async Task<(int Hours, long Deferred)> DeferredAsync(string file, int hours)
    {
        var tool = await Support.Tool.RunAsync(Samples.At(2_000), Token, "report", "summary", "--store", file, "--as-of", InstantPattern.ExtendedIso.Format(Samples.At(hours)), "--json");

        Assert.Equal(0, tool.Code);
        return (hours, tool.Json.GetProperty("messages").GetProperty("deferred").GetInt64());
    }
}
