using Crm.Campaigns;
using Crm.Engine;
using Crm.Modules;
using Crm.Testing;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>Lets a simulation happen to an engine: what arrives is recorded in batches, then what is due is handled and what may leave leaves, by the simulation's own clock.</summary>
internal static class DemoRun
{
    private static readonly LocalTime[] Rounds = [new(12, 0), new(16, 0), new(20, 0)];

    /// <param name="store">An empty store.</param>
    /// <param name="shop">What decides.</param>
    /// <param name="simulation">What happens.</param>
    /// <param name="seed">Draws the ids of customers.</param>
    /// <param name="watch">Told after each round how many events have been recorded.</param>
    /// <param name="cancellationToken">Cancels between rounds; what was committed stays.</param>
    public static async Task<DemoResult> RunAsync(OpenedStore store, TeaShop shop, ShopSimulation simulation, long seed, Action<int, int> watch, CancellationToken cancellationToken)
    {
        var clock = new FakeClock(ShopSimulation.Start);
        var channel = new CountingChannel();
        var engine = new CrmEngine(
            store.Customers,
            shop.Modules,
            new CrmOptions { Zone = ShopSimulation.Zone },
            clock,
            new SeededIdSource(seed),
            new CrmPorts { Gate = shop.Gate, Channels = [CampaignsModule.Capped(channel, shop.Plan)] });
        var arrivals = simulation.Arrivals();
        var recorded = 0;
        for (var day = ShopSimulation.Opening; clock.GetCurrentInstant() < simulation.End; day = day.PlusDays(1))
        {
            foreach (var until in Rounds.Select(time => ShopSimulation.Zone.AtLeniently(day.At(time)).ToInstant()).Append(ShopSimulation.Zone.AtStartOfDay(day.PlusDays(1)).ToInstant()))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var first = recorded;
                while (recorded < arrivals.Count && arrivals[recorded].At < until)
                {
                    recorded++;
                }

                clock.Set(until);
                if (recorded > first)
                {
                    await engine.RecordAsync([.. arrivals.Skip(first).Take(recorded - first).Select(arrival => arrival.Event)], RecordMode.Live, cancellationToken);
                }

                await engine.RunDueAsync(int.MaxValue, cancellationToken);
                if (until.InZone(ShopSimulation.Zone).Hour != 0)
                {
                    await engine.PumpAsync(int.MaxValue, cancellationToken);
                }

                watch(recorded, arrivals.Count);
            }
        }

        return new DemoResult(engine, arrivals, channel.Sent);
    }

    /// <summary>Stands in for a mail server: takes everything.</summary>
    private sealed class CountingChannel : IMessageChannel
    {
        public string Name => TeaShop.Channel;

        public long Sent { get; private set; }

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Sent++;
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}

/// <summary>A simulation that has happened.</summary>
/// <param name="Engine">The engine, whose clock stands at the end.</param>
/// <param name="Arrivals">What arrived.</param>
/// <param name="Sent">How many messages the channel took.</param>
internal sealed record DemoResult(CrmEngine Engine, IReadOnlyList<Arrival> Arrivals, long Sent);
