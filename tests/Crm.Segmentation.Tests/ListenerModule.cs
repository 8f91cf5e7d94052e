using Crm.Modules;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Tests;

/// <summary>Writes down the echoes of segments.</summary>
public sealed class ListenerModule : CustomerModule<ListenerState>
{
    public override ModuleContract Contract { get; } = new()
    {
        Name = "listener",
        Codec = new ListenerCodec(),
        Handles = [SegmentNames.Entered, SegmentNames.Left],
    };

    protected override Outcome Handle(ListenerState state, ModuleContext context) => context.Stimulus is Stimulus.Echoed { Echo: var echo }
        ? new Outcome.Accepted { State = new ListenerState(state.Heard.Add($"{(echo.Kind == SegmentNames.Entered ? '+' : '-')}{echo.Fields[SegmentNames.SegmentField]}@{echo.Fields[SegmentNames.VersionField]}")) }
        : Outcome.Nothing;
}

/// <param name="Heard">Such as "+regulars@1" for one who entered by version 1.</param>
public sealed record ListenerState(Sequence<string> Heard);

internal sealed class ListenerCodec : SlotCodec<ListenerState>
{
    public override int Version => 1;

    public override ListenerState Empty => new([]);

    protected override void Write(ListenerState state, SlotWriter writer)
    {
        writer.Whole(state.Heard.Count);
        foreach (var heard in state.Heard)
        {
            writer.Text(heard);
        }
    }

    protected override ListenerState Read(int version, ref SlotReader reader)
    {
        var heard = new string[reader.Int()];
        for (var i = 0; i < heard.Length; i++)
        {
            heard[i] = reader.Code();
        }

        return new ListenerState(heard.ToSequence());
    }
}
