using Crm.Modules;
using Crm.Values;

namespace Crm.Customers;

/// <summary>Version 1: tags, stage, changes of stage.</summary>
internal sealed class CustomersStateCodec : SlotCodec<CustomersState>
{
    public override int Version => 1;

    public override CustomersState Empty => CustomersState.Empty;

    protected override void Write(CustomersState state, SlotWriter writer)
    {
        writer.Whole(state.Tags.Count);
        foreach (var tag in state.Tags)
        {
            writer.Text(tag.Name);
            writer.Instant(tag.Since);
            writer.Text(tag.By);
            writer.Instant(tag.Until);
        }

        writer.Text(state.Stage);
        writer.Instant(state.StageUntil);
        writer.Whole(state.Stages.Count);
        foreach (var change in state.Stages)
        {
            writer.Text(change.Stage);
            writer.Instant(change.At);
        }
    }

    protected override CustomersState Read(int version, ref SlotReader reader)
    {
        var tags = new Tag[reader.Int()];
        for (var i = 0; i < tags.Length; i++)
        {
            tags[i] = new Tag(reader.Code(), reader.Instant(), reader.Text(), reader.InstantOrNull());
        }

        var stage = reader.Text();
        var until = reader.InstantOrNull();
        var changes = new StageChange[reader.Int()];
        for (var i = 0; i < changes.Length; i++)
        {
            changes[i] = new StageChange(reader.Code(), reader.Instant());
        }

        return new CustomersState { Tags = tags.ToSequence(), Stage = stage, StageUntil = until, Stages = changes.ToSequence() };
    }
}
