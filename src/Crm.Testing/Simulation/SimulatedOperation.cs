namespace Crm.Testing.Simulation;

/// <summary>
/// One step of a simulated world, chosen by luck: something that happens to one of its parts while all others stand still. A crash may come between any two.
/// An event that is recorded without trouble takes six of them: handed over, load carried out, load answered, commit carried out, commit made durable, commit answered.
/// </summary>
public enum SimulatedOperation
{
    /// <summary>A till hands one or several events to a host, for the first time or again.</summary>
    EventHandedOver,

    /// <summary>A request of a host reaches the database and is carried out in its memory.</summary>
    RequestCarriedOut,

    /// <summary>The disk begins to make durable what was written up to now.</summary>
    SyncBegun,

    /// <summary>The disk has made it durable.</summary>
    SyncEnded,

    /// <summary>An answer of the database reaches its host, which goes on until it waits again.</summary>
    AnswerDelivered,

    /// <summary>A connection breaks before the request, or before the answer, arrives.</summary>
    ConnectionLost,

    /// <summary>A pause before another attempt is over.</summary>
    PauseOver,

    /// <summary>A host begins to record the events that came while it recorded those before, all in one transaction.</summary>
    GroupBegun,

    /// <summary>A channel takes a message, or cannot.</summary>
    ChannelAnswered,

    /// <summary>A worker begins to handle what is due, or to let messages leave.</summary>
    WorkerCalled,

    /// <summary>A desk asks a host to make two customers one, for the first time or again.</summary>
    MergeAsked,

    /// <summary>A desk asks a host to forget somebody, for the first time or again.</summary>
    ErasureAsked,

    /// <summary>Time goes by.</summary>
    TimePassed,

    /// <summary>The clock of one host jumps, forwards or back.</summary>
    ClockJumped,

    /// <summary>A host dies with all it was doing.</summary>
    HostCrashed,

    /// <summary>A host that died starts again.</summary>
    HostStarted,

    /// <summary>The database dies: of what was not durable, only a beginning is left.</summary>
    DatabaseCrashed,
}
