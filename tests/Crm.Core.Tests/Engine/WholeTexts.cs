using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Core.Tests.Engine;

/// <summary>Half a character and U+0000 are refused before they reach a store: one database would write another text, and another would fail.</summary>
public sealed class WholeTexts
{
    private const string Cut = "x\uD83C";
    private const string Zero = "a\0b";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_text_is_whole_when_UTF8_gives_it_back_and_no_zero_is_in_it() =>
        Prop.ForAll(
            ArbMap.Default.GeneratorFor<int[]>().Select(codes => string.Concat(codes.Select(code => (char)(code % 5 switch { 0 => 0xD83C, 1 => 0xDF75, 2 => 0xFFFF, 3 => code % 3 == 0 ? 0 : 0x8336, _ => 'x' })))).ToArbitrary(),
            text => (StorableText.FaultOf(text) is null) == (!text.Contains('\0', StringComparison.Ordinal) && System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)) == text))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    // Attributes are written as UTF-8, so that half a character in one would be none.
    [Fact]
    public void The_fault_names_its_place() => Assert.Equal(
        ["half a character at place 1", "half a character at place 3", "half a character at place 4", "U+0000 at place 4", null],
        new[] { "\uD83C", "🍵\uDF75", "tea\uD83C🍵", "tea\0", "tea🍵" }.Select(text => StorableText.FaultOf(text)));

    [Fact]
    public void Keys_and_identities_are_whole_texts()
    {
        foreach (var text in new[] { Cut, "\uDF75x", Zero })
        {
            Assert.DoesNotContain(text, Assert.Throws<ArgumentException>(() => Identity.Cookie(text)).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => Identity.Email($"{text}@example.com"));
            Assert.Throws<ArgumentException>(() => EventKey.Parse("pos:" + text));
        }

        Assert.Equal("🍵", Identity.Cookie("🍵").Value);
    }

    [Fact]
    public void Conditions_ask_about_whole_texts()
    {
        foreach (var test in new Crm.Conditions.Test[] { new Crm.Conditions.Test.EqualTo(Zero), new Crm.Conditions.Test.OneOf(["tea", Cut]), new Crm.Conditions.Test.AnyOf([Zero]), new Crm.Conditions.Test.Contains(Cut), new Crm.Conditions.Test.Matches(Zero) })
        {
            Assert.Contains(Crm.Conditions.ConditionCheck.Check(new Crm.Conditions.Condition.Fact("loyalty.tier", test, false), null), error => error.Message.Contains("whole characters", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_text_of_an_event_is_whole_and_what_is_not_is_named_by_its_place()
    {
        var shop = new Shop(new ClubModule(new Crm.Conditions.Condition.Any([])));
        var purchase = Histories.Purchase("till:1", 5_000);

        var fault = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.RecordAsync(
            [
                purchase with { Lines = [new EventLine("tea", 1, Money.Hkd(50)), new EventLine(Cut, 1, Money.Hkd(0), Zero)] },
                purchase with { Actor = Zero },
                purchase with { Fields = Fields.Of((Cut, 1)) },
                purchase with { Fields = Fields.Of(("note", Cut)) },
                purchase with { Lookups = Fields.Of(("weather", Scalar.Of(["rain", Zero]))) },
                purchase with { Profile = Fields.Of(("name", Cut)), ProfileRemoved = [Zero] },
            ],
            cancellationToken: Token));

        Assert.Equal(
            ["article of line 2", "category of line 2", "actor", "name of a field", "field 'note'", "look-up 'weather'", "profile field 'name'", "name of a removed profile field"],
            fault.Problems.Where(problem => problem.Code == "bad-text").Select(problem => problem.Message.Split(" in the ")[1].Split(';')[0]));
        Assert.Null(await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token));
    }

    [Fact]
    public async Task A_merge_and_an_erasure_name_whole_actors()
    {
        var shop = new Shop(new ClubModule(new Crm.Conditions.Condition.Any([])));

        var merge = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy), CustomerRef.Of(Identity.User("ben"))) { Actor = Cut }, Token));
        var erasure = await Assert.ThrowsAsync<InvalidEventException>(async () => await shop.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:2"), CustomerRef.Of(Shop.Amy)) { Actor = Zero }, Token));

        Assert.Contains(merge.Problems, problem => problem.Code == "bad-text");
        Assert.Contains(erasure.Problems, problem => problem.Code == "bad-text");
    }
}
