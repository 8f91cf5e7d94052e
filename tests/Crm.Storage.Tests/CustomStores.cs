using Crm.Testing;
using Crm.Tests.Shared;
using CustomStore;

namespace Crm.Storage.Tests;

/// <summary>The sample adapter of the tutorial, held to the laws as its author would.</summary>
public sealed class CustomStores
{
    // snippet: theory
    public static TheoryData<string> Laws => [.. StorageLaws.NamesFor<FileStore, FileStores>()];

    [Theory]
    [MemberData(nameof(Laws))]
    public Task The_store_keeps_every_law(string law) =>
        StorageLaws.CheckAsync(law, new FileStores(), cancellationToken: TestContext.Current.CancellationToken);

    // end
    [Fact]
    public async Task What_was_answered_is_there_after_a_crash_in_the_middle_of_a_record()
    {
        var stores = new FileStores();
        await using var _ = stores;
        using (var first = new FileStore(stores.PathOf("default")))
        {
            await first.CommitAsync(Samples.Birth(1), TestContext.Current.CancellationToken);
        }

        await File.AppendAllBytesAsync(stores.PathOf("default"), [200, 0, 0, 0, 1, 2, 3], TestContext.Current.CancellationToken);
        using var again = new FileStore(stores.PathOf("default"));

        Assert.Equal(CommitResult.Done, await again.CommitAsync(Samples.Commit(1, 1, "pos:2"), TestContext.Current.CancellationToken));
        using var third = new FileStore(stores.PathOf("default"));
        Assert.Equal(2, (await third.LoadAsync(CustomerRef.Of(Samples.User(1)), TestContext.Current.CancellationToken)).Version);
    }

    [Fact]
    public void The_sample_is_no_longer_than_a_tutorial_may_be() => Assert.InRange(
        Directory.EnumerateFiles(RepositoryRoot.PathOf("docs/samples/CustomStore"), "*.cs").Sum(file => File.ReadLines(file).Count()),
        1,
        400);
}

// snippet: factory
/// <summary>A folder of its own, with a file for each tenant.</summary>
public sealed class FileStores : IElsewhere, IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("custom-store-").FullName;
    private readonly List<FileStore> opened = [];

    public string PathOf(string tenant) => Path.Combine(folder, tenant + ".log");

    public ValueTask<ICustomerStore> OpenAsync(string tenant, CancellationToken cancellationToken)
    {
        var store = new FileStore(PathOf(tenant), durable: false);
        opened.Add(store);
        return ValueTask.FromResult<ICustomerStore>(store);
    }

    public ValueTask<ICustomerStore> OpenElsewhereAsync(string tenant, CancellationToken cancellationToken) => OpenAsync("elsewhere-" + tenant, cancellationToken);

    public ValueTask DisposeAsync()
    {
        opened.ForEach(store => store.Dispose());
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
// end
