using Crm.Campaigns.Journeys;
using Crm.Conditions;
using Crm.Loyalty.Programs;
using Crm.Privacy.Registers;
using Crm.Segmentation.Cases;
using Crm.Segmentation.Segments;

namespace Crm.EndToEnd.Tests;

/// <summary>JSON can escape half a character, and a text of C# can hold one: every reader answers either with its own error.</summary>
public sealed class HalfCharacters
{
    [Fact]
    public void Readers_of_JSON_answer_half_a_character_with_an_error()
    {
        // Attributes are written as UTF-8, so that half a character in one would be none.
        Read("""{"name":"\ud83c"}""");
        Read("{\"name\":\"\uD83C\"}");
        Read("""{"$schema":"segment-cases/1","zone":"\udf75","\ud83c":1}""");
    }

    private static void Read(string json)
    {
        Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read(json));
        Assert.Throws<FormatException>(() => RegisterJson.Read(json));
        Assert.Throws<InvalidSegmentException>(() => SegmentJson.Read(json));
        Assert.Throws<InvalidCasesException>(() => SegmentCases.Read(json));
        Assert.NotEmpty(JourneyJson.Read(json).Errors);
        Assert.NotEmpty(ConditionJson.Read(json).Errors);
    }
}
