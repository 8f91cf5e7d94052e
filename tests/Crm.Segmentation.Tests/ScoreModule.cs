using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests;

/// <summary>A point for each purchase that runs out after ten days, without an echo: its fact changes at instants of which only the fact tells.</summary>
public sealed class ScoreModule : CustomerModule<ScoreState>
{
    public const string Points = "score.points";

    public static readonly Duration Life = Duration.FromDays(10);

    public override ModuleContract Contract { get; } = new()
    {
        Name = "score",
        Codec = new ScoreCodec(),
        Kinds = [new EventKind("page-view", EventNature.Happening)],
        Handles = [EventKinds.PurchaseName],
        Publishes = [new FactDeclaration(Points)],
    };

    protected override Outcome Handle(ScoreState state, ModuleContext context)
    {
        var now = context.Moment.Instant;
        var expiries = context.Stimulus is Stimulus.Happened ? state.Expiries.Append(now + Life) : state.Expiries;
        var left = new ScoreState(expiries.Where(expiry => expiry > now).Order().ToSequence());
        return new Outcome.Accepted
        {
            State = left,
            Facts = [new Fact(Points, left.Expiries.IsEmpty ? default(Scalar) : left.Expiries.Count)],
            Agenda = [new AgendaChange("expire", left.Expiries.IsEmpty ? null : left.Expiries[0])],
        };
    }
}

public sealed record ScoreState(Sequence<Instant> Expiries);

internal sealed class ScoreCodec : SlotCodec<ScoreState>
{
    public override int Version => 1;

    public override ScoreState Empty => new([]);

    protected override void Write(ScoreState state, SlotWriter writer)
    {
        writer.Whole(state.Expiries.Count);
        foreach (var expiry in state.Expiries)
        {
            writer.Instant(expiry);
        }
    }

    protected override ScoreState Read(int version, ref SlotReader reader)
    {
        var expiries = new Instant[reader.Int()];
        for (var i = 0; i < expiries.Length; i++)
        {
            expiries[i] = reader.Instant();
        }

        return new ScoreState(expiries.ToSequence());
    }
}
