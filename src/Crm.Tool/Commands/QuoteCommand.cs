using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty quote: what a purchase would earn, with all that follows, and why rules would give nothing. Nothing is written.</summary>
internal static class QuoteCommand
{
    public static Command Create(IClock clock)
    {
        var (common, customer) = (new CommonOptions(), LoyaltyCommand.Customer());
        var spend = new Option<string>("--spend") { Description = "What would be paid.", HelpName = "\"120.00 HKD\"", Required = true };
        var lines = new Option<string[]>("--line") { Description = "An article, its quantity, what it comes to, and its category where it has one; may be repeated.", HelpName = "SKU:QUANTITY:AMOUNT[:CATEGORY]" };
        var channel = new Option<string?>("--channel") { Description = "Where, such as shop or web.", HelpName = "NAME" };
        var brand = new Option<string?>("--brand") { Description = "The brand, where there are several.", HelpName = "NAME" };
        var fields = new Option<string[]>("--field") { Description = $"A field of the purchase; may be repeated. There are: {string.Join(", ", EventKinds.Purchase.Fields.Select(field => field.Name))}.", HelpName = "NAME=VALUE" };
        var lookups = new Option<string[]>("--lookup") { Description = "What the host would have looked up, such as a rate of exchange; may be repeated.", HelpName = "NAME=VALUE" };
        var command = new Command("quote", "What a purchase would earn now, with tiers and rewards that follow, and why rules would give nothing. Writes nothing.") { customer, spend, lines, channel, brand, fields, lookups };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var wrong = new AllWrong();
            var who = wrong.Read(() => IdentityNames.Parse(parsed.GetRequiredValue(customer)));
            var paid = wrong.Read(() => (Money?)MoneyOf(parsed.GetRequiredValue(spend)));
            var articles = (parsed.GetValue(lines) ?? []).Select(line => wrong.Read(() => LineOf(line, paid?.Currency))).ToSequence();
            var purchase = new CustomerEvent
            {
                Key = new EventKey("quote", InstantPattern.ExtendedIso.Format(clock.GetCurrentInstant())),
                Kind = EventKinds.PurchaseName,
                Identity = who,
                Spend = paid,
                Channel = wrong.Read(() => NameOf("--channel", parsed.GetValue(channel))),
                Brand = wrong.Read(() => NameOf("--brand", parsed.GetValue(brand))),
                Lines = articles,
                Fields = TypedFields.Read("--field", parsed.GetValue(fields) ?? [], TypedFields.OfPurchase, wrong),
                Lookups = TypedFields.Read("--lookup", parsed.GetValue(lookups) ?? [], TypedFields.AsWritten, wrong),
            };
            var location = wrong.Read(() => common.Store(parsed));
            if (wrong.Any || location is null)
            {
                throw wrong.Together();
            }

            await using var store = await OpenedStore.OpenAsync(location, OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var engine = await store.EngineAsync(settings, clock, cancellationToken);
            var quote = await engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(purchase), cancellationToken);
            Write(output, quote, await ReceiptText.OfAsync(store, clock, quote.Receipt.EffectiveAt, cancellationToken));
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty quote user:42 --spend \"120.00 HKD\" --store shop.db", "crm loyalty quote user:42 --spend \"52.00 HKD\" --line oolong:1:28.00:tea --line egg-tart:2:24.00:snack --store shop.db --json", "crm loyalty quote user:42 --spend \"60.00 MOP\" --channel shop --field store=central --field tax=0.50 --lookup rate.mop.hkd=0.97 --store shop.db");
    }

    private static void Write(ToolOutput output, Quote quote, ReceiptText texts)
    {
        var (why, whyNot) = ReceiptText.Split(quote.Receipt.Lines);
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("at", InstantPattern.ExtendedIso.Format(quote.Receipt.EffectiveAt));
                    WriteUnits(json, why);
                    json.WriteStartObject("programs");
                    foreach (var program in why.Where(line => line.Program is not null).GroupBy(line => line.Program ?? "", StringComparer.Ordinal).OrderBy(program => program.Key, StringComparer.Ordinal))
                    {
                        json.WriteStartObject(program.Key);
                        WriteUnits(json, program);
                        json.WriteEndObject();
                    }

                    json.WriteEndObject();
                    texts.Write(json, "why", why);
                    texts.Write(json, "whyNot", whyNot);
                    json.WriteStartObject("facts");
                    foreach (var fact in quote.Facts)
                    {
                        json.WriteString(fact.Name, fact.Value.ToString());
                    }

                    json.WriteEndObject();
                });
                break;
            case OutputForm.Csv:
                output.Csv(texts.Table(why.Concat(whyNot), output));
                break;
            default:
                texts.Print(output, why);
                texts.PrintWhyNot(output, whyNot);
                break;
        }
    }

    // Of all programmes together, by the names of units, or of the lines of one.
    private static void WriteUnits(Utf8JsonWriter json, IEnumerable<ReceiptLine> lines)
    {
        json.WriteStartObject("units");
        foreach (var unit in lines.Where(line => line.Unit is not null).GroupBy(line => line.Unit ?? "", StringComparer.Ordinal).OrderBy(unit => unit.Key, StringComparer.Ordinal))
        {
            json.WriteNumber(unit.Key, unit.Sum(line => line.Amount));
        }

        json.WriteEndObject();
    }

    private static Money MoneyOf(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && Currency.TryOf(parts[1], out var currency) && AmountOf(parts[0], currency) is { } money
            ? money
            : throw ToolException.Usage($"--spend: '{text}' is no amount; a number and a currency are expected, such as '120.00 HKD'.");
    }

    // Without a currency, because the spend is wrong, what can be said of a line is said in one whose amounts go as far as any.
    private static EventLine LineOf(string text, Currency? currency)
    {
        var parts = text.Split(':');
        return parts.Length is 3 or 4 && parts[0].Length > 0
            && decimal.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quantity)
            && AmountOf(parts[2], currency ?? Currency.Hkd) is { } amount
            ? new EventLine(parts[0], quantity, amount, parts.Length == 4 ? parts[3] : null)
            : throw ToolException.Usage($"--line: '{text}' is no line; an article, a quantity, an amount and perhaps a category are expected, such as 'oolong:1:28.00:tea'.");
    }

    private static string? NameOf(string option, string? name) => name is null || Names.IsName(name) ? name
        : throw ToolException.Usage($"{option}: '{name}' is no name; lower-case letters, digits, '-', '_' and '.' are expected.");

    // Null for what is no number, or finer or larger than money can be.
    private static Money? AmountOf(string text, Currency currency)
    {
        try
        {
            return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount) ? Money.Of(amount, currency) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
