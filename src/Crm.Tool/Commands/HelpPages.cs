using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Crm.Tool.Commands;

/// <summary>Help with examples: those of the command and of the commands below it.</summary>
internal static class HelpPages
{
    private static readonly ConditionalWeakTable<Command, string[]> Examples = [];

    /// <summary>Gives a command its examples.</summary>
    public static Command WithExamples(this Command command, params string[] examples)
    {
        Examples.Add(command, examples);
        return command;
    }

    /// <summary>"crm report summary".</summary>
    public static string PathOf(Command command) =>
        command is RootCommand ? "crm" : $"{PathOf(command.Parents.OfType<Command>().First())} {command.Name}";

    /// <summary>Lets --help show the examples.</summary>
    public static void AddTo(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is HelpAction usual)
            {
                option.Action = new WithExamplesAction(usual);
            }
        }
    }

    private static IEnumerable<string> Of(Command command) =>
        (Examples.TryGetValue(command, out var own) ? own : []).Concat(command.Subcommands.SelectMany(Of));

    private sealed class WithExamplesAction(HelpAction usual) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = usual.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            var examples = Of(parseResult.CommandResult.Command).ToList();
            if (examples.Count > 0)
            {
                output.WriteLine("Examples:");
                foreach (var example in examples)
                {
                    output.WriteLine($"  {example}");
                }

                output.WriteLine();
            }

            return code;
        }
    }
}
