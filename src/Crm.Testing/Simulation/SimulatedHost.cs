using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>One process that runs an engine. When it dies, everything that it was doing is forgotten in the middle.</summary>
internal sealed class SimulatedHost
{
    private readonly World world;

    public SimulatedHost(World world, int number)
    {
        this.world = world;
        Number = number;
        Clock = new HostClock(world);
    }

    public int Number { get; }

    public HostClock Clock { get; }

    /// <summary>The engine; null while the host is dead.</summary>
    public CrmEngine? Engine { get; private set; }

    /// <summary>The events that were handed to it and not answered yet.</summary>
    public List<Delivery> InHand { get; } = [];

    /// <summary>What desks have asked it for and have no answer to yet.</summary>
    public List<DeskRequest> AtDesk { get; } = [];

    /// <summary>Whether its store can write several customers all or none, which a merge needs.</summary>
    public bool WritesTogether { get; private set; }

    /// <summary>How many calls of its workers go on.</summary>
    public int Working { get; set; }

    public void Start(SimulatedScenario scenario, IEnumerable<ICustomerModule> modules, bool writesTogether)
    {
        WritesTogether = writesTogether;
        Engine = new CrmEngine(
            writesTogether ? new JoiningHostStore(world, Number, Groups()) : new HostStore(world, Number, Groups()),
            modules,
            scenario.Options with { RememberCustomers = world.Remembers ? 1 + world.Luck.Below(30) : 0 },
            Clock,
            new SeededIdSource((long)world.Luck.Next()),
            new CrmPorts
            {
                Gate = scenario.Gate,
                Channels = scenario.Channels.Select(name => (IMessageChannel)new SimulatedChannel(world, Number, name)).ToSequence(),
                Pacing = new SimulatedPacing(world, Number),
            });
    }

    // One transaction at a time, as SQLite has it, or two, as PostgreSQL; or each call its own.
    private int Groups() => world.Luck.Chance(500) ? 1 + world.Luck.Below(2) : 0;

    public void Crash()
    {
        Engine = null;
        Working = 0;
        InHand.Clear();
        AtDesk.Clear();
    }

    /// <summary>The world's time, and a little wrong.</summary>
    internal sealed class HostClock(World world) : IClock
    {
        public Duration Skew { get; set; }

        public Instant GetCurrentInstant() => world.Now + Skew;
    }

    private sealed class SimulatedPacing(World world, int host) : Pacing
    {
        public override TaskCreationOptions Turns => TaskCreationOptions.None;

        public override void Soon(Func<Task> work) => world.Observe(AfterwardsAsync(work));

        private async Task AfterwardsAsync(Func<Task> work)
        {
            await world.WaitFor(host, SimulatedOperation.GroupBegun, () => true).ConfigureAwait(false);
            await work().ConfigureAwait(false);
        }

        public override Task PauseAsync(int fruitless, CancellationToken cancellationToken) => world.WaitFor(host, SimulatedOperation.PauseOver, () => true);
    }

    private sealed class SimulatedChannel(World world, int host, string name) : IMessageChannel
    {
        public string Name => name;

        public async ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            world.HandedOver(host, id);
            return await world.WaitFor(host, SimulatedOperation.ChannelAnswered, () => world.Luck.Below(100) switch
            {
                < 80 => new SendOutcome.Sent(),
                < 90 => (SendOutcome)new SendOutcome.Later(Duration.FromMinutes(world.Luck.Below(90))),
                < 95 => new SendOutcome.Failed("unknown-address"),
                < 98 => throw new IOException("The channel broke."),
                _ => throw new TaskCanceledException("The channel's client waited too long."),
            }).ConfigureAwait(false);
        }
    }
}

/// <summary>An event on its way from a till.</summary>
/// <param name="happened">The event.</param>
/// <param name="isForged">Whether it bears the key of another event, with other content.</param>
internal sealed class Delivery(Events.CustomerEvent happened, bool isForged = false)
{
    public Events.CustomerEvent Happened { get; } = happened;

    public bool IsForged { get; } = isForged;
}
