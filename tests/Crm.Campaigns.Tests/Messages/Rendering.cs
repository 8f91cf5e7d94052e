using System.Text.Json;
using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Messages;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Campaigns.Tests.Messages;

public sealed class Rendering
{
    private static readonly Template Hello = new("hello", new("Dear {{customer.name}}, {{message.spend}} {{message.currency}} & more", "{{customer.name}}，多謝 {{message.spend}}")) { Subject = new Text("Hello {{customer.name}}", "您好") };

    [Fact]
    public async Task A_message_is_written_in_the_language_of_the_customer_with_the_profile_of_the_moment_it_leaves()
    {
        var writer = new StringWriter();
        using var services = Host(writer, Hello);
        var engine = services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync(Purchase("pos:1", Fields.Of(("name", "Amy <3"), ("language", "en"))));
        await engine.RecordAsync(Purchase("pos:2", Fields.Of(("name", "{{customer.phone}}"), ("language", "zh-Hant"))));
        ((FakeClock)services.GetRequiredService<IClock>()).Advance(Duration.FromMinutes(1));

        var report = await engine.PumpAsync();

        Assert.Equal(2, report.Sent);
        Assert.Equal("[email] thanks:pos:1: 您好\n{{customer.phone}}，多謝 52.5\n[email] thanks:pos:2: 您好\n{{customer.phone}}，多謝 52.5\n", writer.ToString());
    }

    [Fact]
    public async Task A_missing_value_fails_the_message_and_is_named()
    {
        var writer = new StringWriter();
        using var services = Host(writer, Hello);
        var engine = services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync(Purchase("pos:1", Fields.Of(("language", "en"))));

        var report = await engine.PumpAsync();
        var amy = await engine.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException();
        var message = new Modules.Message { Occasion = "x", Channel = "email", Template = "hello", Purpose = "marketing", DecidedAt = default, UsefulUntil = default };

        Assert.Equal((0, 1), (report.Sent, report.Failed));
        Assert.Equal("", writer.ToString());
        var missing = Assert.Throws<TemplateException>(() => new HandlebarsRenderer(Hello).Render(message, amy, Language.English));
        Assert.Equal(Reasons.ValueMissing, missing.Reason);
        Assert.Contains("'customer.name'", missing.Message, StringComparison.Ordinal);
        Assert.Equal(Reasons.NoTemplate, Assert.Throws<TemplateException>(() => new HandlebarsRenderer(Hello).Render(message with { Template = "bye" }, amy, Language.English)).Reason);
    }

    [Fact]
    public async Task Facts_have_dots_in_their_names_and_html_is_escaped_only_in_html()
    {
        var town = new Town(Samples.Thanks);
        await town.Closes();
        await town.Records(new CustomerEvent { Key = new EventKey("web", "x"), Kind = "door.knocked", Identity = Samples.Amy, Profile = Fields.Of(("name", "<b>")) });
        var message = new Modules.Message { Occasion = "x", Channel = "email", Template = "t", Purpose = "marketing", DecidedAt = default, UsefulUntil = default };
        var body = new Text("{{#if facts.[door.closed]}}closed{{else}}open{{/if}} {{customer.name}}", "");
        string Body(bool html) => new HandlebarsRenderer(new Template("t", body) { IsHtml = html }).Render(message, town.Amy().GetAwaiter().GetResult(), Language.English).Body;

        Assert.Equal("closed <b>", Body(html: false));
        Assert.Equal("closed &lt;b&gt;", Body(html: true));
    }

    [Fact]
    public void Templates_that_are_not_well_formed_are_said_at_once()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new HandlebarsRenderer(Hello, Hello, new Template("broken", new("{{#if a}}", "好"))));

        Assert.Contains("Two templates are named 'hello'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("The template 'broken' in English is not well formed", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_has_a_line_for_each_message()
    {
        var folder = Directory.CreateTempSubdirectory("campaigns").FullName;
        try
        {
            var town = new Town(Samples.Thanks);
            await town.Buys("pos:1");
            using var channel = new FileChannel("mail", new HandlebarsRenderer(new Template("hello", new("Hello", "你好"))), Path.Combine(folder, "out"));
            var message = Assert.Single(await town.Waiting());
            await channel.SendAsync("a", message, await town.Amy(), CancellationToken.None);
            await channel.SendAsync("a", message, await town.Amy(), CancellationToken.None);

            var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "out", "mail.jsonl"), TestContext.Current.CancellationToken);

            Assert.Equal(2, lines.Length);
            using var line = JsonDocument.Parse(lines[0]);
            Assert.Equal(("a", "thanks:pos:1", "你好"), (line.RootElement.GetProperty("id").GetString(), line.RootElement.GetProperty("occasion").GetString(), line.RootElement.GetProperty("body").GetString()));
            Assert.Contains("你好", lines[1], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Campaigns_without_a_gate_do_not_start_unless_a_reason_is_given()
    {
        using var without = new ServiceCollection().AddCrm(crm => crm.UseMemory().AddCampaigns(campaigns => campaigns.Journey(Samples.Thanks))).BuildServiceProvider();
        using var with = new ServiceCollection().AddCrm(crm => crm.UseMemory().AddCampaigns(campaigns => campaigns.Journey(Samples.Thanks).WithoutGate("All messages are of the service."))).BuildServiceProvider();

        Assert.Contains("WithoutGate", Assert.Throws<InvalidOperationException>(without.GetRequiredService<CrmEngine>).Message, StringComparison.Ordinal);
        Assert.Contains("campaigns", with.GetRequiredService<CrmEngine>().Modules);
    }

    private static ServiceProvider Host(StringWriter writer, Template template)
    {
        writer.NewLine = "\n";
        return new ServiceCollection()
            .AddSingleton<IClock>(FakeClock.At(2026, 1, 15))
            .AddSingleton<ISendGate, FactGate>()
            .AddCrm(crm => crm.UseMemory().AddCampaigns(campaigns => campaigns
                .Journey(Samples.Thanks)
                .Cap("email", new Cap.PerDay(5))
                .Template(template)
                .Channel(provider => new ConsoleChannel("email", provider.GetRequiredService<IMessageRenderer>(), writer))))
            .BuildServiceProvider();
    }

    private static CustomerEvent Purchase(string key, Fields profile) => CustomerEvent.Purchase(key, Samples.Amy, Money.Hkd(52.5m)) with { Profile = profile };
}
