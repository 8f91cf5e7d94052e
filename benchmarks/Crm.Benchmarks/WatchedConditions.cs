using System.Runtime.CompilerServices;
using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>Watches up to twenty conditions as segments and triggers do: keeps which hold, tells when one changes, and sets the agenda for when it may next change by itself.</summary>
internal sealed class WatchedConditions : CustomerModule<WatchedConditions.State>
{
    private const int Most = 20;
    private readonly Condition[] conditions;
    private readonly string[] names;
    private readonly ConditionIndex index;

    public WatchedConditions(string name, IReadOnlyList<Condition> conditions)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(conditions.Count, Most);
        this.conditions = [.. conditions];
        names = [.. conditions.Select((_, place) => $"{name}.{place}")];
        index = new ConditionIndex(conditions);
        Contract = new ModuleContract
        {
            Name = name,
            Codec = new Codec(),
            Handles = [EventKinds.PurchaseName],
            Emits = ["watched.changed"],
            Publishes = [new FactDeclaration($"{name}.*", Queryable: true)],
            Conditions = this.conditions.ToSequence(),
        };
    }

    public override ModuleContract Contract { get; }

    protected override Outcome Handle(State state, ModuleContext context)
    {
        var changes = new Changes(this, state, context);
        switch (context.Stimulus)
        {
            case Stimulus.Happened(var happened):
                foreach (var place in index.TouchedByEvent(happened))
                {
                    changes.Ask(place);
                }

                break;
            case Stimulus.Due(var key):
                changes.Ask(Array.IndexOf(names, key));
                break;
            default:
                break;
        }

        return changes.Outcome();
    }

    /// <summary>Which conditions hold, and until when in ticks; <see cref="Forever"/> for those that stay so by themselves.</summary>
    internal sealed record State(ulong Holds, long[] Untils)
    {
        public const long Forever = long.MaxValue;

        public long Until(int place) => place < Untils.Length ? Untils[place] : Forever;
    }

    // Gathers what one stimulus changes, so that the state is copied once.
    private ref struct Changes(WatchedConditions watched, State state, ModuleContext context)
    {
        private Room<AgendaChange> agenda;
        private Room<Fact> facts;
        private int moved;
        private int flipped;
        private ulong holds = state.Holds;
        private long[]? untils;

        public void Ask(int place)
        {
            var truth = context.Evaluate(watched.conditions[place]);
            if ((holds & (1UL << place)) != 0 != truth.Value)
            {
                holds ^= 1UL << place;
                facts[flipped++] = new Fact(watched.names[place], truth.Value ? true : default(Scalar));
            }

            var until = truth.ValidUntil?.ToUnixTimeTicks() ?? State.Forever;
            if (state.Until(place) != until)
            {
                untils ??= state.Untils.Length == 0 ? Never(watched.conditions.Length) : [.. state.Untils];
                untils[place] = until;
                agenda[moved++] = new AgendaChange(watched.names[place], truth.ValidUntil);
            }
        }

        public Outcome Outcome() => moved + flipped == 0
            ? Modules.Outcome.Nothing
            : new Outcome.Accepted
            {
                State = new State(holds, untils ?? state.Untils),
                Facts = Sequence.Create<Fact>(facts[..flipped]),
                Agenda = Sequence.Create<AgendaChange>(agenda[..moved]),
            };

        private static long[] Never(int count)
        {
            var untils = new long[count];
            untils.AsSpan().Fill(State.Forever);
            return untils;
        }
    }

    [InlineArray(Most)]
    private struct Room<T>
    {
        private T first;
    }

    private sealed class Codec : SlotCodec<State>
    {
        public override int Version => 1;

        public override State Empty { get; } = new(0, []);

        protected override void Write(State state, SlotWriter writer)
        {
            writer.Bits(state.Holds);
            writer.Whole(state.Untils.Length);
            foreach (var until in state.Untils)
            {
                writer.Whole(until);
            }
        }

        protected override State Read(int version, ref SlotReader reader)
        {
            var holds = reader.Bits();
            var untils = new long[reader.Int()];
            for (var i = 0; i < untils.Length; i++)
            {
                untils[i] = reader.Whole();
            }

            return new State(holds, untils);
        }
    }
}
