using System.CommandLine;
using Crm.Loyalty.Programs;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Commands;

/// <summary>The options that several commands share, made anew for each command.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string> store = new("--store") { Description = "The store: a SQLite file, sqlite:FILE, postgresql:CONNECTION-STRING or memory.", HelpName = "STORE" };
    private readonly Option<string> tenant = new("--tenant") { Description = "The tenant, where the store has several.", HelpName = "NAME", DefaultValueFactory = _ => "default" };
    private readonly Option<bool> json = new("--json") { Description = "One JSON object on stdout, and nothing else there." };
    private readonly Option<bool> csv = new("--csv") { Description = "CSV with a header row (RFC 4180)." };
    private readonly Option<string> language = new("--lang") { Description = "The language of tables.", HelpName = "en|zh-Hant", DefaultValueFactory = _ => "en" };
    private readonly Option<string?> asOf = new("--as-of") { Description = "A date (all of that day in the store's zone) or an instant such as 2026-11-21T08:00:00Z. Left out: now.", HelpName = "TIME" };

    private readonly Option<string[]> program = new("--program") { Description = "The JSON file of a loyalty programme that the host has in code, so that the store does not. May be repeated.", HelpName = "FILE.json", DefaultValueFactory = _ => [] };

    /// <summary>Adds the options of every command that writes a result.</summary>
    public CommonOptions AddOutputTo(Command command)
    {
        language.AcceptOnlyFromAmong("en", "zh-Hant");
        command.Options.Add(json);
        command.Options.Add(csv);
        command.Options.Add(language);
        return this;
    }

    /// <summary>Adds the options of every command that opens a store.</summary>
    /// <param name="required">Whether the command always needs one.</param>
    public CommonOptions AddStoreTo(Command command, bool required = true)
    {
        store.Required = required;
        command.Options.Add(store);
        command.Options.Add(tenant);
        return this;
    }

    /// <summary>Adds the options of a report.</summary>
    public CommonOptions AddAsOfTo(Command command)
    {
        command.Options.Add(asOf);
        return this;
    }

    /// <summary>Adds the option by which commands are given what a store does not define.</summary>
    public CommonOptions AddProgramTo(Command command)
    {
        command.Options.Add(program);
        return this;
    }

    /// <summary>The programmes that were given.</summary>
    /// <exception cref="ToolException">Something is wrong with a file.</exception>
    public IReadOnlyList<LoyaltyProgram> Programs(ParseResult parsed) => StoredPrograms.FromFiles(parsed.GetValue(program) ?? []);

    /// <summary>Whether a store was named, for commands that need none.</summary>
    public bool HasStore(ParseResult parsed) => parsed.GetValue(store) is not null;

    public StoreLocation Store(ParseResult parsed)
    {
        var name = parsed.GetValue(tenant) ?? "default";
        return Names.IsName(name)
            ? StoreLocation.Parse(parsed.GetValue(store) ?? throw ToolException.Usage("--store is missing: a SQLite file, sqlite:FILE, postgresql:CONNECTION-STRING or memory is expected."), name)
            : throw ToolException.Usage($"--tenant: '{name}' is not the name of a tenant; lower-case letters, digits, '-', '_' and '.' are expected, such as 'default'.");
    }

    public ToolOutput Output(ParseResult parsed)
    {
        var form = (parsed.GetValue(json), parsed.GetValue(csv)) switch
        {
            (true, true) => throw ToolException.Usage("--json and --csv were both given; give one."),
            (true, false) => OutputForm.Json,
            (false, true) => OutputForm.Csv,
            _ => OutputForm.Tables,
        };
        return new ToolOutput(
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            form,
            parsed.GetValue(language) == "zh-Hant" ? Language.TraditionalChinese : Language.English);
    }

    public AsOf AsOf(ParseResult parsed, IClock clock) => Reports.AsOf.Parse(parsed.GetValue(asOf), clock);
}
