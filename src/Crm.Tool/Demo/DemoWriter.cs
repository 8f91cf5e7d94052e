using System.Globalization;
using Crm.Loyalty.Accounts;
using Crm.Privacy.Registers;
using Crm.Tool.Commands;
using Crm.Tool.Reports;
using Crm.Values;
using NodaTime;
using NodaTime.Text;
using Spectre.Console;
using Text = Crm.Values.Text;

namespace Crm.Tool.Demo;

/// <summary>Shows what a simulation led to.</summary>
internal static class DemoWriter
{
    private static readonly LocalDateTimePattern Minutes = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm");
    private static readonly Language[] Both = [Language.English, Language.TraditionalChinese];

    public static void Write(DemoRequest request, Summary summary, DemoStory? story, ToolOutput output)
    {
        if (output.Form == OutputForm.Tables)
        {
            output.Line(Headline(request).In(output.Language));
        }

        SummaryWriter.Write(summary, output);
        if (output.Form != OutputForm.Tables)
        {
            return;
        }

        foreach (var (unit, figures) in summary.Units)
        {
            output.Line(Balance(unit, figures));
        }

        if (story is not null)
        {
            Timeline(story, output);
            Receipt(story, output);
            WhyNot(story, output);
        }

        Register(output);
    }

    private static Text Headline(DemoRequest request)
    {
        var last = LocalDatePattern.Iso.Format(ShopSimulation.Opening.PlusDays(request.Days - 1));
        var first = LocalDatePattern.Iso.Format(ShopSimulation.Opening);
        return new(
            string.Create(CultureInfo.InvariantCulture, $"A simulated tea shop in Hong Kong, {first} to {last}: {request.Customers:N0} members, seed {request.Seed}."),
            string.Create(CultureInfo.InvariantCulture, $"模擬的香港茶店，{first} 至 {last}：{request.Customers:N0} 名會員，種子 {request.Seed}。"));
    }

    // The figures on the left come from the ledger; those on the right from the wallets' lots.
    private static string Balance(string unit, UnitAccount figures)
    {
        var left = figures.Issued - figures.Spent - figures.Expired - figures.Reversed - figures.Transferred;
        var right = figures.Available + figures.Pending + figures.Reserved - figures.Debt;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{unit}: {figures.Issued:N0} − {figures.Spent:N0} − {figures.Expired:N0} − {figures.Reversed:N0} − {figures.Transferred:N0} {(left == right ? "=" : "≠")} {figures.Available:N0} + {figures.Pending:N0} + {figures.Reserved:N0} − {figures.Debt:N0}");
    }

    private static void Timeline(DemoStory story, ToolOutput output)
    {
        var language = output.Language;
        var table = Titled(
            new Text($"Member {story.Member}, newest first", $"會員 {story.Member}，由新至舊").In(language),
            new Text("Time", "時間").In(language),
            new Text("What happened", "經過").In(language));
        foreach (var entry in story.Timeline)
        {
            table.AddRow(Local(entry.At), Markup.Escape((entry.Module is null ? "" : "  → ") + entry.Sentence.In(language)));
        }

        output.Show(table);
    }

    private static void Receipt(DemoStory story, ToolOutput output)
    {
        var happened = story.Purchase.Event;
        var table = Titled($"{happened.Key}, {Local(story.Purchase.EffectiveAt)}, {happened.Spend}", "What the purchase did", "這次購物的結果");
        foreach (var line in story.Receipt)
        {
            table.AddRow([.. Both.Select(language => Markup.Escape(line.In(language)))]);
        }

        output.Show(table);
    }

    private static void WhyNot(DemoStory story, ToolOutput output)
    {
        var table = Titled($"{story.Member}: {story.WhyNot.Journey}", "Why no message comes now", "現時為何沒有訊息");
        foreach (var finding in story.WhyNot.Findings)
        {
            table.AddRow([.. Both.Select(language => Markup.Escape(finding.Text.In(language)))]);
        }

        output.Show(table);
    }

    private static void Register(ToolOutput output)
    {
        foreach (var language in Both.OrderBy(language => language == output.Language ? 0 : 1))
        {
            output.Line("");
            output.Line(RegisterMarkdown.Render(TeaShopRegister.Register, language));
        }
    }

    private static Table Titled(string title, params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(title));
        foreach (var column in columns)
        {
            table.AddColumn(Markup.Escape(column));
        }

        return table;
    }

    private static string Local(Instant instant) => Minutes.Format(instant.InZone(ShopSimulation.Zone).LocalDateTime);
}
