namespace Crm.Tool;

/// <summary>What the process says when it ends.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The input is wrong: all errors were listed and nothing was written.</summary>
    public const int WrongInput = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The store is wrong or unreachable.</summary>
    public const int Store = 3;

    /// <summary>A check found a fault.</summary>
    public const int Fault = 4;

    /// <summary>Stopped by Ctrl-C (128 + SIGINT, as shells expect).</summary>
    public const int Interrupted = 130;
}
