using System.CommandLine;
using System.Globalization;
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
        var command = new Command("quote", "What a purchase would earn now, with tiers and rewards that follow, and why rules would give nothing. Writes nothing.") { customer, spend, lines, channel };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var who = IdentityNames.Parse(parsed.GetRequiredValue(customer));
            var paid = MoneyOf(parsed.GetRequiredValue(spend));
            var purchase = new CustomerEvent
            {
                Key = new EventKey("quote", InstantPattern.ExtendedIso.Format(clock.GetCurrentInstant())),
                Kind = EventKinds.PurchaseName,
                Identity = who,
                Spend = paid,
                Channel = parsed.GetValue(channel),
                Lines = (parsed.GetValue(lines) ?? []).Select(line => LineOf(line, paid.Currency)).ToSequence(),
            };
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var engine = await store.EngineAsync(settings, clock, cancellationToken);
            Write(output, await engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(purchase), cancellationToken));
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty quote user:42 --spend \"120.00 HKD\" --store shop.db", "crm loyalty quote user:42 --spend \"52.00 HKD\" --line oolong:1:28.00:tea --line egg-tart:2:24.00:snack --store shop.db --json");
    }

    private static void Write(ToolOutput output, Quote quote)
    {
        var (why, whyNot) = ReceiptText.Split(quote.Receipt.Lines);
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("at", InstantPattern.ExtendedIso.Format(quote.Receipt.EffectiveAt));
                    json.WriteStartObject("units");
                    foreach (var (unit, amount) in ReceiptText.Sums(why))
                    {
                        json.WriteNumber(unit, amount);
                    }

                    json.WriteEndObject();
                    ReceiptText.Write(json, "why", why);
                    ReceiptText.Write(json, "whyNot", whyNot);
                    json.WriteStartObject("facts");
                    foreach (var fact in quote.Facts)
                    {
                        json.WriteString(fact.Name, fact.Value.ToString());
                    }

                    json.WriteEndObject();
                });
                break;
            case OutputForm.Csv:
                output.Csv([["code", "subject", "unit", "amount", "text"], .. ReceiptText.Rows(why.Concat(whyNot), output)]);
                break;
            default:
                ReceiptText.Print(output, why);
                foreach (var line in whyNot)
                {
                    output.Line($"{line.Subject}: {ReceiptText.Of(line).In(output.Language)}");
                }

                break;
        }
    }

    private static Money MoneyOf(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && Currency.TryOf(parts[1], out var currency) && AmountOf(parts[0], currency) is { } money
            ? money
            : throw ToolException.Usage($"--spend: '{text}' is no amount; a number and a currency are expected, such as '120.00 HKD'.");
    }

    private static EventLine LineOf(string text, Currency currency)
    {
        var parts = text.Split(':');
        return parts.Length is 3 or 4 && parts[0].Length > 0
            && decimal.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quantity)
            && AmountOf(parts[2], currency) is { } amount
            ? new EventLine(parts[0], quantity, amount, parts.Length == 4 ? parts[3] : null)
            : throw ToolException.Usage($"--line: '{text}' is no line; an article, a quantity, an amount and perhaps a category are expected, such as 'oolong:1:28.00:tea'.");
    }

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
