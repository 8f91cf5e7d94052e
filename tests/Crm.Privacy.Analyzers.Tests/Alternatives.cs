namespace Crm.Privacy.Analyzers.Tests;

/// <summary>CRM0001: consent in one part of an "or".</summary>
public sealed class Alternatives
{
    private const string Consent = "If.Fact(\"consent.email.marketing\").Is(\"granted\")";
    private const string Gold = "If.Fact(\"loyalty.tea-club.tier\").Is(\"gold\")";
    private const string Often = "If.Purchases().Count().AtLeast(3)";

    [Theory]
    [InlineData($"{Consent} | {Gold}", "1 of its 2")]
    [InlineData($"{Gold} | {Often} | {Consent}", "1 of its 3")]
    [InlineData($"If.Any({Gold}, {Consent})", "1 of its 2")]
    [InlineData($"new Condition.Any([{Gold}, {Consent}, {Consent}])", "2 of its 3")]
    [InlineData($"If.Any({Gold}, {Consent} & {Often})", "1 of its 2")]
    [InlineData($"{Gold} | If.Fact(ConsentEvents.Fact(\"email\", \"marketing\")).Is(\"granted\")", "1 of its 2")]
    [InlineData($"{Gold} | If.Fact($\"consent.{{nameof(String)}}.marketing\").Is(\"granted\")", "1 of its 2")]
    [InlineData($"{Gold} | new Condition.Fact(\"consent.sms.marketing\", new Test.EqualTo(\"granted\"), false)", "1 of its 2")]
    [InlineData($"{Often} & ({Gold} | {Consent})", "1 of its 2")]
    [InlineData($"({Consent} | {Gold}) | ({Often} & {Consent})", "2 of its 3")]
    public async Task An_or_that_lets_others_past_consent_is_found(string condition, string told)
    {
        var found = Assert.Single(await FindAsync(condition));

        Assert.StartsWith("CRM0001 at ", found, StringComparison.Ordinal);
        Assert.Contains($"asks for consent in {told} parts", found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"{Gold} | {Often}")]
    [InlineData($"{Consent} & {Gold}")]
    [InlineData($"{Consent} & ({Gold} | {Often})")]
    [InlineData($"({Consent} & {Gold}) | ({Consent} & {Often})")]
    [InlineData($"{Consent} | If.Fact(\"consent.sms.marketing\").Is(\"granted\")")]
    [InlineData($"If.Any({Consent} & {Gold}, {Consent} | {Consent})")]
    [InlineData($"If.All({Gold}, {Consent})")]
    [InlineData("If.Fact(\"consents\").Is(1) | If.Field(\"customer.consent\").Is(1)")]
    public async Task An_or_that_lets_nobody_past_it_is_not(string condition) => Assert.Empty(await FindAsync(condition));

    private static Task<List<string>> FindAsync(string condition) => Host.FindAsync(new ConsentInAlternatives(), $"static class Chosen {{ public static Condition Segment => {condition}; }}");
}
