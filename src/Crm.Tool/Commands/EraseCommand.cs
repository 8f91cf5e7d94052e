using System.CommandLine;
using Crm.Engine;
using Crm.Storage;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using NodaTime.Text;
using Text = Crm.Values.Text;

namespace Crm.Tool.Commands;

/// <summary>crm privacy erase: forgets a person and keeps the books.</summary>
internal static class EraseCommand
{
    public static Command Create(IClock clock)
    {
        var (common, customer) = (new CommonOptions(), LoyaltyCommand.Customer());
        var key = new Option<string>("--key") { Description = "The name of the request, source:number; sent again it erases nobody else, and ends what was stopped.", HelpName = "KEY", Required = true };
        var by = new Option<string?>("--by") { Description = "Who carries it out, such as staff:17.", HelpName = "ACTOR" };
        var keep = new Option<bool>("--keep-journal") { Description = "Keeps what was bought, under an id that leads to nobody, until 'crm privacy retention' disposes of it." };
        var removed = new Option<string[]>("--removed-module") { Description = "A module that is gone for good and whose state is to be emptied; again for each.", HelpName = "NAME" };
        var command = new Command("erase", "Forgets a person: identities, profile, waiting messages and journal go, for ever. Ledger, balances and certificates stay as they are, under an id that leads to nobody.") { customer, key, by, keep, removed };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var (name, request) = (parsed.GetRequiredValue(customer), Key(parsed.GetRequiredValue(key)));
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.MustExist, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var engine = await store.EngineAsync(settings, clock, cancellationToken);
            var result = await EraseAsync(
                engine,
                new EraseRequest(request, CustomerRef.Of(IdentityNames.Parse(name))) { Actor = parsed.GetValue(by), KeepJournal = parsed.GetValue(keep), RemovedModules = (parsed.GetValue(removed) ?? []).ToSequence() },
                cancellationToken);
            var erased = result as EraseResult.Erased ?? throw ToolException.Input($"The store has no customer who is '{name}', and no erasure by the key '{request}'.");
            Write(erased, output);
            return ExitCode.Done;
        });
        return command.WithExamples("crm privacy erase user:42 --key desk:17 --by staff:17 --store shop.db", "crm privacy erase user:42 --key desk:17 --keep-journal --store shop.db --json");
    }

    private static EventKey Key(string text)
    {
        try
        {
            return EventKey.Parse(text);
        }
        catch (ArgumentException wrong)
        {
            throw ToolException.Usage($"--key: {wrong.Sentence()}");
        }
    }

    private static async Task<EraseResult> EraseAsync(CrmEngine engine, EraseRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.EraseAsync(request, cancellationToken);
        }
        catch (Exception wrong) when (wrong is KeyReusedException or InvalidOperationException)
        {
            throw ToolException.Input(wrong.Message);
        }
    }

    private static void Write(EraseResult.Erased erased, ToolOutput output)
    {
        var (customer, at) = (erased.Customer.ToString(), InstantPattern.ExtendedIso.Format(erased.At));
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Json(json =>
                {
                    json.WriteString("customer", customer);
                    json.WriteString("at", at);
                });
                break;
            case OutputForm.Csv:
                output.Csv([["customer", "at"], [customer, at]]);
                break;
            default:
                output.Line(new Text($"Forgotten as of {at}. The books stay under {customer}.", $"身分資料已於 {at} 刪除，帳目保留於 {customer}。").In(output.Language));
                break;
        }
    }
}
