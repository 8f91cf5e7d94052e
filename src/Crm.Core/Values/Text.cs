namespace Crm.Values;

/// <summary>A sentence for people in the two languages that every explanation has.</summary>
/// <param name="English">In English.</param>
/// <param name="Chinese">In Traditional Chinese as written in Hong Kong (zh-Hant).</param>
public readonly record struct Text(string English, string Chinese)
{
    /// <summary>The sentence in one language.</summary>
    public string In(Language language) => language == Language.TraditionalChinese ? Chinese : English;

    /// <summary>The sentence in English.</summary>
    public override string ToString() => English;
}

/// <summary>A language of explanations.</summary>
public enum Language
{
    /// <summary>English ("en").</summary>
    English,

    /// <summary>Traditional Chinese ("zh-Hant").</summary>
    TraditionalChinese,
}
