using Crm.Testing;

namespace Crm.Storage.Tests;

/// <summary>The kit that a host runs against its own way to select customers, run against ours.</summary>
public sealed class AudienceKit
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Laws => [.. AudienceLaws.All.Select(law => law.Name)];

    [Theory]
    [MemberData(nameof(Laws))]
    public async Task SQLite_keeps_the_laws_of_audiences(string law) => await KeepsAsync(law, new SqliteFactory(SqliteKind.Memory));

    [Theory]
    [MemberData(nameof(Laws))]
    public async Task PostgreSQL_keeps_the_laws_of_audiences(string law) => await KeepsAsync(law, new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()));

    [Theory]
    [MemberData(nameof(Laws))]
    public async Task Each_law_catches_its_counterfeit(string law) =>
        await Assert.ThrowsAsync<LawBroken>(() => AudienceLaws.Named(law).Check(AudienceLaws.Named(law).Counterfeit(), Token));

    [Fact]
    public void An_unknown_law_is_named_with_those_there_are() =>
        Assert.Contains("Everybody_is_named_once_and_in_order", Assert.Throws<ArgumentException>(() => AudienceLaws.Named("none")).Message, StringComparison.Ordinal);

    private static async Task KeepsAsync(string law, StoreFactory factory)
    {
        await using (factory)
        {
            await AudienceLaws.Named(law).Check(factory, Token);
        }
    }
}
