using Crm.Engine;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Audiences;

/// <summary>
/// Customers who were chosen, without a word on whether they may be contacted. Nothing can be sent to it: only <see cref="ForChannelAsync"/> gives something that can, whatever conditions chose the
/// customers, so no "or" in a definition can let somebody through who has not consented.
/// </summary>
public sealed class Audience
{
    private static readonly Duration Probed = Duration.FromHours(1);

    private readonly CrmEngine engine;
    private readonly ISendGate? gate;
    private readonly IClock clock;

    internal Audience(CrmEngine engine, ISendGate? gate, IClock clock, string segment, IReadOnlyList<CustomerId> customers)
    {
        this.engine = engine;
        this.gate = gate;
        this.clock = clock;
        Segment = segment;
        Customers = customers;
    }

    /// <summary>The id of the segment that chose them.</summary>
    public string Segment { get; }

    /// <summary>Who was chosen, in the order of their ids.</summary>
    public IReadOnlyList<CustomerId> Customers { get; }

    /// <summary>Those of them whom a message of this purpose may reach by this channel now, as the host's gate says. Unknown is no.</summary>
    /// <param name="channel">The channel, such as "email".</param>
    /// <param name="purpose">The purpose of what is to be sent, which consent is given for.</param>
    /// <param name="brand">The brand that it is sent for, where consent may be given by brand; null: for all that the host sells under.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidOperationException">The host has no gate, so nobody can say who may be contacted.</exception>
    public async ValueTask<SendableAudience> ForChannelAsync(string channel, string purpose, string? brand = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        if (gate is null)
        {
            throw new InvalidOperationException($"Nobody says who may be contacted by '{channel}' for '{purpose}': the host has no {nameof(ISendGate)}. Add privacy, or a gate of your own.");
        }

        var now = clock.GetCurrentInstant();
        var probe = new Message { Occasion = $"audience/{Segment}", Channel = channel, Template = "audience", Purpose = purpose, Brand = brand, DecidedAt = now, UsefulUntil = now + Probed };
        var reachable = new List<CustomerId>();
        var refused = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var asked = new HashSet<CustomerId>();
        foreach (var customer in Customers)
        {
            if (await engine.ReadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false) is not { } view || !asked.Add(view.Customer))
            {
                // Two who were chosen and have been merged since are one.
                continue;
            }

            var answer = await gate.AskAtLeaseAsync(probe, view, cancellationToken).ConfigureAwait(false);
            if (answer.MayLeave)
            {
                reachable.Add(view.Customer);
            }
            else
            {
                var reason = answer.Reason ?? "refused";
                refused[reason] = refused.GetValueOrDefault(reason) + 1;
            }
        }

        reachable.Sort();
        return new SendableAudience(engine, this, (channel, purpose, brand), now, reachable, refused);
    }
}
