namespace Crm.Tool;

/// <summary>Reads one thing after another that a command was given, whatever is wrong with the ones before, and says all of it at once.</summary>
internal sealed class AllWrong
{
    private readonly List<ToolException> found = [];

    /// <summary>Whether anything is wrong so far.</summary>
    public bool Any => found.Count > 0;

    /// <summary>What was read, or the default of its type where it is wrong.</summary>
    public T? Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ToolException wrong)
        {
            Add(wrong);
            return default;
        }
    }

    /// <summary>Does what reads nothing, and may find something wrong.</summary>
    public void Check(Action check) => Read<object?>(() =>
    {
        check();
        return null;
    });

    public void Add(ToolException wrong) => found.Add(wrong);

    /// <summary>All of it. Where the command line is wrong, the exit code says so; otherwise it is that of what was found first.</summary>
    /// <exception cref="InvalidOperationException">Nothing is wrong.</exception>
    public ToolException Together() => Any
        ? new((found.Find(wrong => wrong.ExitCode == ExitCode.Usage) ?? found[0]).ExitCode, found.Select(wrong => wrong.Message))
        : throw new InvalidOperationException("Nothing is wrong.");
}
