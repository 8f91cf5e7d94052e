using Crm.Privacy.Registers;
using Crm.Tests.Shared;
using Crm.Values;

namespace Crm.Privacy.Tests.Registers;

/// <summary>What the public reads, and what keeps a register from being published.</summary>
public sealed class Publishing
{
    [Theory]
    [InlineData(Language.English, "en")]
    [InlineData(Language.TraditionalChinese, "zh-Hant")]
    public void A_register_is_a_page_in_each_language(Language language, string part) =>
        Snapshot.Match(RegisterMarkdown.Render(Samples.Register, language), part);

    [Fact]
    public void A_missing_translation_keeps_both_languages_from_being_published()
    {
        var english = Samples.Register with { Name = new Text("Tea Club members", "") };

        var refused = Assert.Throws<RegisterNotPublishableException>(() => RegisterMarkdown.Render(english, Language.English));

        Assert.Equal("name.zh-Hant", Assert.Single(refused.Gaps).Path);
    }

    [Fact]
    public void A_whole_register_may_claim_both_profiles()
    {
        Assert.Empty(Samples.Register.Validate(RegisterProfile.PdpoSchedule3));
        Assert.Empty(Samples.Register.Validate(RegisterProfile.Seed));
    }

    [Fact]
    public void Stating_that_there_are_none_is_not_the_same_as_stating_nothing()
    {
        var silent = Samples.Register with { Places = null };

        Assert.Equal("places", Assert.Single(silent.Validate(RegisterProfile.PdpoSchedule3)).Path);
        Assert.Empty(silent.Validate(RegisterProfile.Seed));
        Assert.DoesNotContain("outside Hong Kong", RegisterMarkdown.Render(silent, Language.English), StringComparison.Ordinal);
    }

    [Fact]
    public void What_each_profile_lacks_is_the_two_items_of_the_one_and_the_one_of_the_other()
    {
        var bare = Samples.Register with { Places = null, AccessContact = null, Protection = null };

        Assert.Equal(["places", "accessContact"], bare.Validate(RegisterProfile.PdpoSchedule3).Select(gap => gap.Path));
        Assert.Equal(["protection"], bare.Validate(RegisterProfile.Seed).Select(gap => gap.Path));
    }

    [Fact]
    public void All_gaps_come_at_once_with_their_places()
    {
        var wrong = Samples.Register with
        {
            Version = 0,
            DataUser = null,
            Kinds = [Samples.Register.Kinds[0] with { Purposes = ["marketng"], Consequence = null, Retention = null }],
        };

        Assert.Equal(
            ["version", "supersedes", "kinds[contact].purposes", "kinds[contact].consequence", "kinds[contact].retention", "disclosures[1].kinds", "dataUser"],
            wrong.Validate(RegisterProfile.PdpoSchedule3).Select(gap => gap.Path));
    }

    [Fact]
    public void What_people_wrote_does_not_become_markup()
    {
        var sly = Samples.Register with { Name = new Text("Tea <script>\n# Club | *x*", "茶會") };

        Assert.StartsWith(@"# Tea \<script> \# Club \| \*x\*", RegisterMarkdown.Render(sly, Language.English), StringComparison.Ordinal);
    }
}
