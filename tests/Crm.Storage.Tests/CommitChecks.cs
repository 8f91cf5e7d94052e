using Crm.Modules;
using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>A commit refuses itself before a store sees it.</summary>
public sealed class CommitChecks
{
    private static readonly Commit Empty = Samples.Commit(1, 0);

    public static TheoryData<string, Commit> Doubled => new()
    {
        { "slot 'loyalty' twice", Empty with { Slots = [Samples.Slot("loyalty", 1), Samples.Slot("kernel", 1), Samples.Slot("loyalty", 2)] } },
        { "fact 'loyalty.points' twice", Empty with { Facts = [new Fact("loyalty.points", 1), new Fact("loyalty.points", default)] } },
        { "checkpoint '2026-01-01T02:00:00Z' twice", Empty with { Checkpoints = [new Checkpoint(Samples.At(2), []), new Checkpoint(Samples.At(2), [])] } },
        { "outbox item 'welcome' twice", Empty with { Outbox = [Samples.Message(1, "welcome"), Samples.Message(1, "welcome", 5)] } },
        { "fact 'fact-29' twice", Empty with { Facts = [.. Enumerable.Range(0, 30).Select(n => new Fact($"fact-{n}", 1)), new Fact("fact-29", 2)] } },
        { "outbox item 'welcome' out and withdraws it", Empty with { Outbox = [Samples.Message(1, "welcome")], Withdrawn = [Samples.Message(1, "welcome").Id] } },
    };

    [Theory]
    [MemberData(nameof(Doubled), DisableDiscoveryEnumeration = true)]
    public void A_commit_that_writes_one_row_twice_is_refused_with_a_sentence(string what, Commit commit)
    {
        var refused = Assert.Throws<InvalidOperationException>(commit.Check);

        Assert.Contains(what, refused.Message.Replace(Samples.Message(1, "welcome").Id, "welcome", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_no_index_takes_is_refused_with_what_is_allowed()
    {
        var longest = new string('茶', StorableText.LongestName);
        (Empty with { Facts = [new Fact(longest, 1)], Quotas = [new QuotaDraw(longest, 1)] }).Check();
        foreach (var (what, commit) in new[] { ("a fact", Empty with { Facts = [new Fact(longest + "茶", 1)] }), ("a supply", Empty with { Quotas = [new QuotaDraw(longest + "茶", 1)] }) })
        {
            var refused = Assert.Throws<InvalidOperationException>(commit.Check);
            Assert.Contains($"names {what} that begins with '茶", refused.Message, StringComparison.Ordinal);
            Assert.Contains("has 401 characters; at most 400 are expected", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_commit_that_writes_different_rows_of_one_kind_is_not_refused() =>
        (Empty with { Slots = [Samples.Slot("loyalty", 1), Samples.Slot("kernel", 1)], Facts = [new Fact("a", 1), new Fact("b", 1)], Withdrawn = ["else"], Outbox = [Samples.Message(1, "welcome")] }).Check();
}
