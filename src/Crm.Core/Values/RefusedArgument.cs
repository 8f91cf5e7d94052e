namespace Crm.Values;

/// <summary>What exceptions say to whoever wrote a value, in a file or on a command line, and knows of no parameters.</summary>
public static class RefusedArgument
{
    /// <summary>The message; of an exception about an argument without the name of the parameter, which .NET puts into it.</summary>
    public static string Sentence(this Exception refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        return refused is ArgumentException { ParamName: { } parameter } ? refused.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal) : refused.Message;
    }
}
