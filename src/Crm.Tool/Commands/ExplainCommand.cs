using System.CommandLine;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Redemption;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm loyalty explain: what an event of the past gave and why, and why the other rules gave nothing.</summary>
internal static class ExplainCommand
{
    public static Command Create(IClock clock)
    {
        var (common, customer) = (new CommonOptions(), LoyaltyCommand.Customer());
        var key = new Argument<string>("KEY") { Description = "The event, as its source named it: pos:1042." };
        var command = new Command("explain", "What an event gave and why, as it was answered then, and why other rules gave nothing, as its history says. Reads only.") { customer, key };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var name = parsed.GetRequiredValue(customer);
            var snapshot = await store.Customers.LoadAsync(CustomerRef.Of(IdentityNames.Parse(name)), cancellationToken);
            var who = snapshot.Customer ?? throw ToolException.Input($"The store has no customer who is '{name}'.");
            var history = await store.Customers.LoadHistoryAsync(who, new HistoryStart.Beginning(), cancellationToken);
            var wanted = parsed.GetRequiredValue(key);
            var entry = history.Entries.FirstOrDefault(entry => entry.Event.Key.ToString() == wanted) ?? throw ToolException.Input($"The journal of '{name}' has no event '{wanted}'.");
            var modules = await store.ModulesAsync(cancellationToken);
            Sequence<ReceiptLine> again = modules.Count == 0 || !entry.Receipt.Accepted ? [] : WhyNot(new HistoryReplay(modules, settings.Options), who, history, entry);
            Write(output, entry, ReceiptText.Split(again).WhyNot, await ReceiptText.OfAsync(store, clock, entry.EffectiveAt, cancellationToken));
            return ExitCode.Done;
        });
        return command.WithExamples("crm loyalty explain user:42 pos:1042 --store shop.db", "crm loyalty explain user:42 pos:1042 --store shop.db --lang zh-Hant", "crm loyalty explain user:42 pos:1042 --store shop.db --json");
    }

    // The event is asked again, this time for its reasons too; whatever came after it has not happened yet. Entries are in the order in which they count.
    private static Sequence<ReceiptLine> WhyNot(HistoryReplay replay, CustomerId who, CustomerHistory history, JournalEntry entry) =>
        replay.Run(who, history.Entries.TakeWhile(other => other != entry).Append(LoyaltyEvents.AskingWhyNot(entry)), entry.EffectiveAt, entry.Event.Key, history.Opening).Lines;

    private static void Write(ToolOutput output, JournalEntry entry, List<ReceiptLine> whyNot, ReceiptText texts)
    {
        var receipt = entry.Receipt;
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("key", receipt.Key.ToString());
                    json.WriteString("kind", entry.Event.Kind);
                    json.WriteString("at", InstantPattern.ExtendedIso.Format(receipt.EffectiveAt));
                    json.WriteBoolean("accepted", receipt.Accepted);
                    if (receipt.Refusal is { } refusal)
                    {
                        json.WriteStartObject("refusal");
                        json.WriteString("code", refusal.Code);
                        json.WriteString("en", refusal.Detail.English);
                        json.WriteString("zh-Hant", refusal.Detail.Chinese);
                        json.WriteEndObject();
                    }

                    texts.Write(json, "why", receipt.Lines);
                    texts.Write(json, "whyNot", whyNot);
                });
                break;
            case OutputForm.Csv:
                output.Csv(texts.Table(receipt.Lines.Concat(whyNot), output));
                break;
            default:
                output.Line($"{receipt.Key} {entry.Event.Kind} {InstantPattern.ExtendedIso.Format(receipt.EffectiveAt)}");
                if (receipt.Refusal is { } refused)
                {
                    output.Line($"{refused.Detail.In(output.Language)} ({refused.Code})");
                }

                texts.Print(output, receipt.Lines);
                texts.PrintWhyNot(output, whyNot);
                break;
        }
    }
}
