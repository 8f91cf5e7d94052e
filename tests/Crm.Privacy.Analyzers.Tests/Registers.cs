namespace Crm.Privacy.Analyzers.Tests;

/// <summary>CRM0003: purposes that no data register has.</summary>
public sealed class Registers
{
    private const string Code = """
        static class Chosen
        {
            public static ValueTask<SendableAudience> Reach(Audience audience) => audience.ForChannelAsync("email", "marketng");

            public static JourneyMessage Right => new("email", "hello", "marketing", Duration.FromDays(3));

            public static JourneyMessage Service => new("email", "hello", "service", Duration.FromDays(3));

            public static CustomerEvent No(string chosen) => ConsentEvents.Refuse("web:1", Identity.User("amy"), "email", chosen);

            public static Message Of(Instant now) => new() { Occasion = "o", Channel = "email", Template = "t", Purpose = "profiling", DecidedAt = now, UsefulUntil = now };

            public static void Elsewhere(string purpose) => Elsewhere("anything");
        }
        """;

    private static readonly (string, string) Register = ("privacy/tea-club.register.json", """{ "id": "tea-club", "purposes": [{ "id": "marketing", "text": { "en": "Offers" } }, { "id": "accounting" }] }""");

    [Fact]
    public async Task Purposes_that_the_register_lacks_are_found_wherever_they_are_written() => Assert.Equal(
        [
            "CRM0003 at \"marketng\": The purpose 'marketng' is in no data register of the project (tea-club.register.json); there are: accounting, marketing, service.",
            "CRM0003 at \"profiling\": The purpose 'profiling' is in no data register of the project (tea-club.register.json); there are: accounting, marketing, service.",
        ],
        await Host.FindAsync(new UnregisteredPurpose(), "using Crm.Events;\n" + Code, Register));

    [Fact]
    public async Task Several_registers_count_together() =>
        Assert.Empty(await Host.FindAsync(new UnregisteredPurpose(), "using Crm.Events;\n" + Code, Register, ("b.register.json", """{ "purposes": [{ "id": "marketng" }, { "id": "profiling" }] }""")));

    [Theory]
    [InlineData("notes.json", "{}")]
    [InlineData("a.register.json", "{")]
    [InlineData("a.register.json", "[]")]
    public async Task Without_a_register_that_can_be_read_nothing_is_said(string path, string text) => Assert.Empty(await Host.FindAsync(new UnregisteredPurpose(), "using Crm.Events;\n" + Code, (path, text)));
}
