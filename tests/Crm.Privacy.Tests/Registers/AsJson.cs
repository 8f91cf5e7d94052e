using Crm.Privacy.Registers;
using Crm.Tests.Shared;
using Crm.Values;

namespace Crm.Privacy.Tests.Registers;

/// <summary>Registers in files.</summary>
public sealed class AsJson
{
    [Fact]
    public void A_register_has_one_canonical_form() => Snapshot.Match(RegisterJson.Write(Samples.Register));

    [Fact]
    public void What_was_written_is_read_back_equal_and_with_the_same_hash()
    {
        var silent = Samples.Register with { Places = null, Disclosures = null, Rights = null, Protection = null, AccessContact = null, DataUser = null, NextReview = null, Supersedes = null };

        foreach (var register in new[] { Samples.Register, silent })
        {
            var read = RegisterJson.Read(RegisterJson.Write(register));
            Assert.Equal(register, read);
            Assert.Equal(register.Hash, read.Hash);
        }
    }

    [Fact]
    public void Another_content_has_another_hash() =>
        Assert.NotEqual(Samples.Register.Hash, (Samples.Register with { Protection = new PublicProtectionStatement(new Text("A lock.", "一把鎖。")) }).Hash);

    [Fact]
    public void Everything_wrong_is_said_at_once_with_its_path()
    {
        var wrong = Assert.Throws<FormatException>(() => RegisterJson.Read("""
            { "id": "tea", "version": "one", "validFrom": "1 May", "name": { "en": "Tea", "zh": "茶" }, "kinds": [ { "id": 7, "obligation": "maybe" } ], "purposes": {}, "protecton": "lock" }
            """));

        Assert.Equal(
            [
                "$.protecton: there is no such property; did you mean 'protection'?",
                "$.name.zh: there is no such property; expected are en, zh-Hant",
                "$.version: 'one' is found where a whole number is expected.",
                "$.validFrom: '1 May' is found where a date such as '2026-11-21' is expected.",
                "$.kinds[0].id: 7 is found where a text is expected.",
                "$.kinds[0].text: nothing is found where a text in 'en' and 'zh-Hant' is expected.",
                "$.kinds[0].source: nothing is found where a text in 'en' and 'zh-Hant' is expected.",
                "$.kinds[0].obligation: 'maybe' is found where one of 'voluntary', 'obligatory' is expected.",
                "$.purposes: an object is found where a list is expected.",
            ],
            wrong.Message.Split(Environment.NewLine));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{ \"id\": 1, \"id\": 2 }")]
    [InlineData("{")]
    public void What_is_no_register_is_refused_in_words(string json) => Assert.Throws<FormatException>(() => RegisterJson.Read(json));
}
