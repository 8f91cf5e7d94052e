using NodaTime;

namespace Crm.Hosting;

/// <summary>Remembers when the worker last succeeded. Safe for several threads.</summary>
/// <param name="clock">Now.</param>
public sealed class WorkerPulse(IClock clock)
{
    private readonly Lock gate = new();
    private readonly Instant started = clock.GetCurrentInstant();
    private Instant? succeeded;
    private string? failed;

    /// <summary>How long ago a whole round last succeeded, or since the start when none has.</summary>
    public Duration Silence
    {
        get
        {
            lock (gate)
            {
                return clock.GetCurrentInstant() - (succeeded ?? started);
            }
        }
    }

    /// <summary>The step that failed since the last success; null when none did.</summary>
    public string? Failed
    {
        get
        {
            lock (gate)
            {
                return failed;
            }
        }
    }

    internal void Beat()
    {
        lock (gate)
        {
            succeeded = clock.GetCurrentInstant();
            failed = null;
        }
    }

    internal void Fail(string step)
    {
        lock (gate)
        {
            failed = step;
        }
    }
}
