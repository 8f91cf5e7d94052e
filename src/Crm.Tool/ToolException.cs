namespace Crm.Tool;

/// <summary>Ends a command with sentences for the person who called it. Everything known to be wrong is in it.</summary>
internal sealed class ToolException : Exception
{
    public ToolException(int exitCode, params IEnumerable<string> problems)
        : base(string.Join(Environment.NewLine, problems))
    {
        ExitCode = exitCode;
    }

    public int ExitCode { get; }

    /// <summary>The input is wrong.</summary>
    public static ToolException Input(params IEnumerable<string> problems) => new(Tool.ExitCode.WrongInput, problems);

    /// <summary>The command line is wrong.</summary>
    public static ToolException Usage(params IEnumerable<string> problems) => new(Tool.ExitCode.Usage, problems);

    /// <summary>The store is wrong or unreachable.</summary>
    public static ToolException Store(params IEnumerable<string> problems) => new(Tool.ExitCode.Store, problems);
}
