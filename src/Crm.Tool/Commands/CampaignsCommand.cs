using System.CommandLine;
using System.Globalization;
using Crm.Campaigns;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Library;
using Crm.Campaigns.Records;
using Crm.Campaigns.Simulation;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Tool.Demo;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm campaigns: what was decided about messages and why, and what other journeys would have decided.</summary>
internal static class CampaignsCommand
{
    public static Command Create(IClock clock) => new("campaigns", "What was decided about messages, and what other journeys would have decided.") { Decisions(clock), Simulate(clock), DeadLetters(clock) };

    private static Command Decisions(IClock clock)
    {
        var common = new CommonOptions();
        var customer = new Argument<string?>("CUSTOMER") { Description = "Who, as an identity: user:42, phone:+85291234567. Left out: everybody.", Arity = ArgumentArity.ZeroOrOne };
        var journey = new Option<string?>("--journey") { Description = "Only decisions of this journey.", HelpName = "NAME" };
        var status = new Option<DecisionStatus?>("--status") { Description = "Only decisions that have come to this.", HelpName = "STATUS" };
        var command = new Command("decisions", "Why messages came, and why others did not: a line for each decision. Reads only.") { customer, journey, status };
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var engine = await store.EngineAsync(settings, clock, cancellationToken);
            var record = new CampaignDecisions(engine, await PlanAsync(store, clock, cancellationToken));
            var query = new DecisionQuery { Journey = parsed.GetValue(journey), Status = parsed.GetValue(status) };
            var decisions = new List<CampaignDecision>();
            if (parsed.GetValue(customer) is { } name)
            {
                var who = CustomerRef.Of(IdentityNames.Parse(name));
                _ = await engine.ReadAsync(who, cancellationToken) ?? throw ToolException.Input($"The store has no customer who is '{name}'.");
                decisions.AddRange(await record.OfAsync(who, query, cancellationToken));
            }
            else
            {
                await foreach (var decision in record.AllAsync(query, cancellationToken))
                {
                    decisions.Add(decision);
                }
            }

            Columns(decisions, output.Language).Write(output);
            return ExitCode.Done;
        });
        return command.WithExamples("crm campaigns decisions user:42 --store shop.db --lang zh-Hant", "crm campaigns decisions --journey win-back --status suppressed --store shop.db --csv");
    }

    private static Command Simulate(IClock clock)
    {
        var common = new CommonOptions();
        var files = new Argument<string[]>("JOURNEY.json") { Description = "Journeys that might be. Each takes the place of the store's journey of its name, in all its versions, from the beginning on.", Arity = ArgumentArity.OneOrMore };
        var imports = new Option<bool>("--imports-as-live") { Description = "Take imported history as if each event had been recorded when it occurred; otherwise nobody is told of it." };
        var everybody = new Option<bool>("--as-if-all-agreed") { Description = "For stores without consents: as if everybody had agreed to every message." };
        var command = new Command("simulate", "Decides the whole history of a store again with other journeys, and says who would have been contacted more, who less, and why. Reads only.") { files, imports, everybody };
        common.AddStoreTo(command).AddAsOfTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            var journeys = FromFiles(parsed.GetRequiredValue(files));
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var modules = await store.ModulesAsync(cancellationToken);
            var now = await PlanAsync(store, clock, cancellationToken);
            var simulation = new CampaignSimulation(modules, settings.Options, GateOf(modules, parsed.GetValue(everybody)));
            var request = new CampaignSimulationRequest { Until = common.AsOf(parsed, clock).Last(settings.Zone), ImportsAsLive = parsed.GetValue(imports) };
            CampaignComparison comparison;
            try
            {
                comparison = await simulation.CompareAsync(store.Scan, now, Replaced(now, journeys), request, cancellationToken);
            }
            catch (ArgumentException wrong)
            {
                // The modules of the store do not have what a journey asks for.
                throw ToolException.Input(wrong.Sentence());
            }

            if (comparison.Then.LeftOut > 0)
            {
                output.Message(string.Create(CultureInfo.InvariantCulture, $"{comparison.Then.LeftOut} customers were left out: entries of theirs were disposed of, or they were merged."));
            }

            Write(output, comparison);
            return ExitCode.Done;
        });
        return command.WithExamples("crm campaigns simulate win-back-2027.json --store shop.db", "crm campaigns simulate thanks.json --store sales.db --imports-as-live --as-if-all-agreed --json");
    }

    private static Command DeadLetters(IClock clock)
    {
        var common = new CommonOptions();
        var command = new Command("dead-letters", "Messages that their channel would never take, that came back, or that were too late to be of use, and why. Reads only.");
        common.AddStoreTo(command).AddOutputTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = common.Output(parsed);
            await using var store = await OpenedStore.OpenAsync(common.Store(parsed), OpenMode.OnlyLook, cancellationToken);
            var settings = await StoreSettings.ReadOrUtcAsync(store.Documents, cancellationToken);
            var rows = new List<object?[]>();
            await foreach (var log in (await store.EngineAsync(settings, clock, cancellationToken)).ReadAllDecisionsAsync(cancellationToken))
            {
                rows.AddRange(log.Outcomes.Where(outcome => outcome.Kind is MessageOutcomes.Failed or MessageOutcomes.Stale or MessageOutcomes.Bounced)
                    .Select(outcome => new object?[] { log.Customer, outcome.Occasion, outcome.Kind["message.".Length..], outcome.Reason, InstantPattern.ExtendedIso.Format(outcome.At) }));
            }

            new ResultTable("deadLetters", [new("customer", new("Customer", "客人")), new("occasion", new("Occasion", "因由")), new("outcome", new("Outcome", "結果")), new("reason", new("Reason", "原因")), new("at", new("At", "時間"))], rows).Write(output);
            return ExitCode.Done;
        });
        return command.WithExamples("crm campaigns dead-letters --store shop.db", "crm campaigns dead-letters --store shop.db --json");
    }

    private static void Write(ToolOutput output, CampaignComparison comparison)
    {
        switch (output.Form)
        {
            case OutputForm.Json:
                output.Line(SimulationJson.Write(comparison));
                break;
            case OutputForm.Csv:
                output.Csv(comparison.Customers.Select(customer => new[] { customer.Customer.ToString(), Whole(customer.Now), Whole(customer.Then) }).Prepend(["customer", "now", "then"]));
                break;
            default:
                output.Line(new Text(
                    $"{Whole(comparison.Now.Sent)} messages now, {Whole(comparison.Then.Sent)} then; {Whole(comparison.More)} of {Whole(comparison.Now.Customers)} customers would get more, {Whole(comparison.Fewer)} fewer.",
                    $"現時 {Whole(comparison.Now.Sent)} 則訊息，假設 {Whole(comparison.Then.Sent)} 則；{Whole(comparison.Now.Customers)} 位客人中，{Whole(comparison.More)} 位會收到更多，{Whole(comparison.Fewer)} 位會較少。").In(output.Language));
                new ResultTable(
                    "changes",
                    [new("journey", new("Journey", "旅程")), new("now", new("Now", "現時")), new("then", new("Then", "假設")), new("count", new("Count", "數目"))],
                    [.. comparison.Changes.Select(change => new object?[] { change.Journey, Status(change.Now, change.NowReason), Status(change.Then, change.ThenReason), change.Count })]).Write(output);
                break;
        }
    }

    private static ResultTable Columns(IReadOnlyList<CampaignDecision> decisions, Language language) => new(
        "decisions",
        [
            new("customer", new("Customer", "客人")), new("journey", new("Journey", "旅程")), new("version", new("Version", "版本")), new("step", new("Step", "步驟")), new("occasion", new("Occasion", "因由")), new("status", new("Status", "結果")),
            new("reason", new("Reason", "原因")), new("lostTo", new("Lost to", "讓予")), new("decidedAt", new("Decided", "決定時間")), new("settledAt", new("Settled", "完結時間")), new("inputs", new("Inputs", "輸入雜湊")), new("why", new("Why", "說明")),
        ],
        [
            .. decisions.Select(decision => new object?[]
            {
                decision.Customer, decision.Journey, (long)decision.Version, decision.Step, decision.Occasion, Status(decision.Status, null), decision.Reason, decision.LostTo, InstantPattern.ExtendedIso.Format(decision.DecidedAt),
                decision.SettledAt is { } at ? InstantPattern.ExtendedIso.Format(at) : null, decision.Inputs.ToString("x32", CultureInfo.InvariantCulture), decision.Text.In(language),
            }),
        ]);

    private static string Status(DecisionStatus? status, string? reason) => status is null ? "-" : reason is null ? $"{status}".ToLowerInvariant() : $"{$"{status}".ToLowerInvariant()} ({reason})";

    private static List<Journey> FromFiles(IEnumerable<string> files)
    {
        var journeys = new List<Journey>();
        var problems = new List<string>();
        foreach (var file in files)
        {
            try
            {
                var reading = JourneyJson.Read(NamedFile.JsonText(file));
                problems.AddRange(reading.Errors.Select(error => $"{file}: {error}"));
                journeys.AddRange(reading.Journey is { } journey ? [journey] : []);
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                problems.Add($"{file}: the journey cannot be read: {wrong.Message}");
            }
        }

        problems.AddRange(journeys.GroupBy(journey => journey.Id, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => $"The journey '{group.Key}' is given {group.Count()} times; once is expected."));
        return problems.Count == 0 ? journeys : throw ToolException.Input(problems);
    }

    // The journeys by which a store decides: those of the demo, or those that hosts have saved in it. What hosts have in code only, the tool does not know.
    private static async ValueTask<CampaignPlan> PlanAsync(OpenedStore store, IClock clock, CancellationToken cancellationToken) =>
        await DemoMark.IsOnAsync(store.Documents, cancellationToken) ? new TeaShop().Plan : await new JourneyLibrary(store.Documents, clock).LoadAsync(cancellationToken: cancellationToken);

    private static CampaignPlan Replaced(CampaignPlan plan, List<Journey> journeys)
    {
        var all = plan.Journeys.All.Where(definition => journeys.TrueForAll(journey => journey.Id != definition.Name)).Concat(journeys.Select(journey => journey.Define())).ToList();
        var caps = all.Concat(plan.Journeys.All).Select(definition => definition.Value.Message.Channel).Distinct(StringComparer.Ordinal).Select(channel => KeyValuePair.Create(channel, plan.CapsOf(channel))).Where(pair => !pair.Value.IsEmpty);
        return new CampaignPlan(new DefinitionCatalog<Journey>(all), caps, plan.Holdout, plan.Quiet);
    }

    private static Agreeing? GateOf(IEnumerable<ICustomerModule> modules, bool everybodyAgreed) => everybodyAgreed || modules.Any(module => module is CampaignsModule)
        ? new Agreeing()
        : throw ToolException.Usage("The store has no consents that the tool could ask. Say --as-if-all-agreed to simulate as if everybody had agreed; a host with its own modules simulates with CampaignSimulation.");

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Asks nobody.</summary>
    private sealed class Agreeing : ISendGate
    {
        public GateAnswer AskAtDecision(Message message, Conditions.IEvidence customer) => new(true);

        public ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult(new GateAnswer(true));
    }
}
