using System.CommandLine;
using System.CommandLine.Invocation;
using System.Data.Common;
using Crm.Engine;
using Crm.Storage.Sql;
using Crm.Tool.Commands;
using NodaTime;

namespace Crm.Tool;

/// <summary>The command line without its process: what was typed comes in, text and an exit code come out.</summary>
internal static class CrmTool
{
    /// <summary>Runs one command.</summary>
    /// <param name="args">What was typed after "crm".</param>
    /// <param name="output">Results. With --json exactly one object, with --csv only rows.</param>
    /// <param name="error">Progress and messages.</param>
    /// <param name="clock">Now; null: the system's.</param>
    /// <param name="cancellationToken">Stops the command as Ctrl-C does.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, IClock? clock = null, CancellationToken cancellationToken = default)
    {
#pragma warning disable RS0030 // The place where the tool is put together names the real clock.
        clock ??= SystemClock.Instance;
#pragma warning restore RS0030
        var parsed = Root(clock).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
        {
            foreach (var wrong in parsed.Errors)
            {
                await error.WriteLineAsync(wrong.Message);
            }

            await error.WriteLineAsync($"'{HelpPages.PathOf(parsed.CommandResult.Command)} --help' shows what there is.");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) },
                cancellationToken);
        }
        catch (ToolException wrong)
        {
            await error.WriteLineAsync(wrong.Message);
            return wrong.ExitCode;
        }
        catch (Exception wrong) when (wrong is InvalidEventException)
        {
            await error.WriteLineAsync(wrong.Message);
            return ExitCode.WrongInput;
        }
        catch (Exception wrong) when (wrong is DbException or NewerSchemaException or OlderSchemaException or TooManyConflictsException or UnreadableStateException)
        {
            await error.WriteLineAsync($"The store: {wrong.Message}");
            return ExitCode.Store;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Stopped. What was committed stays; nothing is half written.");
            return ExitCode.Interrupted;
        }
    }

    private static RootCommand Root(IClock clock)
    {
        var root = new RootCommand("Shows itself in a demo, imports sales, reports on them, and checks definitions and stores.")
        {
            DemoCommand.Create(clock),
            ImportCommand.Create(clock),
            new Command("report", "Reports on a store.")
            {
                SummaryCommand.Create(clock), RfmCommand.Create(clock), HabitCommands.Nes(clock), HabitCommands.Stages(clock), HabitCommands.Cohorts(clock), HabitCommands.Pareto(clock), BuyingCommand.Create(clock),
            },
            LoyaltyCommand.Create(clock),
            SegmentsCommand.Create(clock),
            CampaignsCommand.Create(clock),
            new Command("privacy", "Keeps what must be kept, and no longer.") { EraseCommand.Create(clock), RetentionCommand.Create(clock) },
            ValidateCommand.Create(),
            LawsCommand.Create(),
            VerifyCommand.Create(),
            SchemaCommand.Create(),
        };
        HelpPages.AddTo(root);
        return root;
    }
}
