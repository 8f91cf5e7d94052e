using System.Security.Cryptography;

namespace Crm.Engine;

/// <summary>How an engine waits: for its turn at a customer, for its group, and before it decides again what lost a race. A simulation waits by its own time, in its own order.</summary>
internal abstract class Pacing
{
    /// <summary>Waits as processes do: turns are continued by the thread pool, pauses have a length by chance.</summary>
    public static Pacing Real { get; } = new RealPacing();

    /// <summary>How whoever waits for a turn is continued when the turn comes.</summary>
    public abstract TaskCreationOptions Turns { get; }

    /// <summary>Does something soon, when whoever asks for it has gone on.</summary>
    /// <param name="work">It throws nothing.</param>
    public abstract void Soon(Func<Task> work);

    /// <summary>Waits before the next attempt.</summary>
    /// <param name="fruitless">How many attempts in a row have taught nothing; from 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public abstract Task PauseAsync(int fruitless, CancellationToken cancellationToken);

    private sealed class RealPacing : Pacing
    {
        private const int MostDoublings = 8;

        public override TaskCreationOptions Turns => TaskCreationOptions.RunContinuationsAsynchronously;

        public override void Soon(Func<Task> work) => ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work(), work, preferLocal: false);

        public override Task PauseAsync(int fruitless, CancellationToken cancellationToken) =>
            Task.Delay(RandomNumberGenerator.GetInt32(1 << Math.Min(fruitless, MostDoublings)), cancellationToken);
    }
}
