using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Openings;

namespace Crm.Tool.Tests.Import;

public sealed class HalfCharacterTexts
{
    [Theory]
    [InlineData("""{"name":"\ud800"}""", "name")]
    [InlineData("""{"\ud800":1}""", "")]
    [InlineData("""{"rows":[{"when":{"column":"a","equals":"\udc00"},"then":"ignore"}]}""", "rows[0].when.equals")]
    [InlineData("""{"currency":"\ud800\ud800"}""", "currency")]
    public void Half_a_character_is_no_text(string json, string path)
    {
        Assert.Contains(MappingJson.Read(json).Faults, fault => fault.Path == path && fault.Found.Contains("half of a character", StringComparison.Ordinal));
        Assert.Contains(Crm.Tool.Import.Openings.OpeningMappingJson.Read(json.Replace("rows", "program", StringComparison.Ordinal)).Faults, fault => fault.Found.Contains("half of a character", StringComparison.Ordinal));
    }
}
