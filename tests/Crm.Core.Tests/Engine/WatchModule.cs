using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Watches conditions as segments and triggers will: a fact while a condition is true, a message whenever it becomes true, and an agenda entry for when it may next change.</summary>
public sealed class WatchModule(bool orderFree, params Condition[] watched) : CustomerModule<WatchState>
{
    public WatchModule(params Condition[] watched)
        : this(orderFree: false, watched)
    {
    }

    public override ModuleContract Contract { get; } = new()
    {
        Name = "watch",
        Codec = new WatchCodec(),
        Kinds = [new EventKind("page-view", EventNature.Happening) { OrderFree = orderFree }],
        Handles = ["*"],
        Publishes = [new FactDeclaration("watch.*", Queryable: true)],
        Conditions = watched.ToSequence(),
    };

    protected override Outcome Handle(WatchState state, ModuleContext context)
    {
        var next = state;
        var facts = new List<Fact>();
        var messages = new List<Message>();
        var agenda = new List<AgendaChange>();
        for (var i = 0; i < watched.Length; i++)
        {
            var truth = context.Evaluate(watched[i]);
            var key = $"{i}";
            agenda.Add(new AgendaChange(key, truth.ValidUntil));
            if (truth.Value == next.IsTrue(i))
            {
                continue;
            }

            next = next.Flip(i);
            facts.Add(new Fact($"watch.{i}", truth.Value ? true : default(Scalar)));
            if (truth.Value)
            {
                messages.Add(new Message
                {
                    Occasion = $"watch:{i}:{next.Flips[i]}",
                    Channel = "email",
                    Template = "hello",
                    Purpose = "service",
                    DecidedAt = context.Moment.Instant,
                    UsefulUntil = context.Moment.Instant + Duration.FromDays(3),
                });
            }
        }

        return new Outcome.Accepted { State = next, Facts = facts.ToSequence(), Messages = messages.ToSequence(), Agenda = agenda.ToSequence() };
    }
}

/// <param name="Flips">How often each condition has changed; true after an odd number.</param>
public sealed record WatchState(Sequence<long> Flips)
{
    public bool IsTrue(int index) => index < Flips.Count && Flips[index] % 2 == 1;

    public WatchState Flip(int index) =>
        new(Enumerable.Range(0, Math.Max(Flips.Count, index + 1)).Select(i => (i < Flips.Count ? Flips[i] : 0) + (i == index ? 1 : 0)).ToSequence());
}

internal sealed class WatchCodec : SlotCodec<WatchState>
{
    public override int Version => 1;

    public override WatchState Empty => new([]);

    protected override void Write(WatchState state, SlotWriter writer)
    {
        writer.Whole(state.Flips.Count);
        foreach (var flips in state.Flips)
        {
            writer.Whole(flips);
        }
    }

    protected override WatchState Read(int version, ref SlotReader reader)
    {
        var flips = new long[reader.Int()];
        for (var i = 0; i < flips.Length; i++)
        {
            flips[i] = reader.Whole();
        }

        return new WatchState(flips.ToSequence());
    }
}
