namespace Crm.Testing.Simulation;

/// <summary>Something that a host waits for. It goes on inside the step that answers it, on the world's own thread.</summary>
internal abstract class SimulatedRequest(int host)
{
    /// <summary>Which host waits.</summary>
    public int Host { get; } = host;

    /// <summary>How many records of the log must be durable before the answer may leave: all that were there, because an answer may tell of any of them.</summary>
    public int Durable { get; protected set; }

    /// <summary>Whether it has been carried out.</summary>
    public bool IsCarriedOut { get; protected set; }

    /// <summary>Whether the connection is gone: then the answer is an exception.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether the one who waits hears that another connection may be had.</summary>
    public bool IsTransient { get; private set; }

    /// <summary>Whether nobody waits for it any more, though it will still arrive.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>The step that answering it is.</summary>
    public virtual SimulatedOperation Answering => SimulatedOperation.AnswerDelivered;

    /// <summary>Whether a database carries it out, so that its connection can break.</summary>
    public virtual bool IsOfDatabase => true;

    /// <summary>The connection breaks.</summary>
    public void Break(bool isTransient)
    {
        IsBroken = true;
        IsTransient = isTransient;
    }

    public abstract void CarryOut();

    public abstract void Answer();
}

/// <summary>A request to the database.</summary>
/// <param name="host">Who asks.</param>
/// <param name="disk">The database.</param>
/// <param name="work">What to do with it; says whether it wrote.</param>
internal sealed class DatabaseRequest<T>(int host, SimulatedDisk disk, Func<SimulatedDisk, T> work) : SimulatedRequest(host)
{
    private readonly TaskCompletionSource<T> completion = new();
    private T? result;
    private Exception? refused;

    public ValueTask<T> Answered => new(completion.Task);

    public override void CarryOut()
    {
        try
        {
            result = work(disk);
        }
#pragma warning disable CA1031 // Whoever asks for what the database does not do hears of it.
        catch (Exception fault) when (fault is not InvariantBroken)
#pragma warning restore CA1031
        {
            refused = fault;
        }

        IsCarriedOut = true;
        Durable = disk.MustBeDurable;
    }

    public override void Answer()
    {
        if (IsBroken || !IsCarriedOut)
        {
            completion.SetException(new SimulatedConnectionLostException(IsTransient));
            return;
        }

        if (refused is not null)
        {
            completion.SetException(refused);
            return;
        }

        completion.SetResult(result ?? throw new InvalidOperationException("A request that was carried out has a result."));
    }
}

/// <summary>A wait that ends by itself: a pause, or a channel that takes a message.</summary>
internal sealed class Wait<T>(int host, SimulatedOperation answering, Func<T> answer) : SimulatedRequest(host)
{
    private readonly TaskCompletionSource<T> completion = new();

    public Task<T> Over => completion.Task;

    public override SimulatedOperation Answering => answering;

    public override bool IsOfDatabase => false;

    public override void CarryOut() => IsCarriedOut = true;

    public override void Answer()
    {
        T result;
        try
        {
            result = answer();
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            completion.SetException(fault);
            return;
        }

        completion.SetResult(result);
    }
}
