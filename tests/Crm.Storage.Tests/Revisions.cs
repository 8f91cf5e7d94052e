using Crm.Definitions;
using Crm.Testing;

namespace Crm.Storage.Tests;

/// <summary>What is read of revisions that another release wrote.</summary>
public sealed class Revisions
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"revision":"pause","by":"staff:17","definition":{}}""", "'pause'")]
    [InlineData("""{"revision":7,"by":"staff:17","definition":{}}""", "'7'")]
    [InlineData("""{"by":"staff:17","definition":{}}""", "''")]
    public async Task A_change_that_is_unknown_is_refused_and_not_taken_for_a_draft(string content, string named)
    {
        IDocumentStore documents = new InMemoryStore();
        await documents.AddAsync(new StoredDocument("note", "club", 1, content, Samples.Start), Token);
        var log = new RevisionLog<string>(documents, new RevisionFormat<string>("note", ["draft", "activate", "retire"], _ => "{}", json => new Definition<string>("club", 1, Samples.Start, json, DefinitionHash.Of(json))));

        var refused = await Assert.ThrowsAsync<FormatException>(() => log.ReadAsync(Token).AsTask());

        Assert.Equal($"The note 'club', number 1, is a change of the kind {named}; draft, activate or retire is expected. Use the release that wrote it, or a later one.", refused.Message);
    }
}
