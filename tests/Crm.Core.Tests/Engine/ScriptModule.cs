using Crm.Modules;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

/// <summary>A module that a test writes in one line; its state is what it has noted.</summary>
public sealed class ScriptModule(ModuleContract contract, Func<Notes, ModuleContext, Outcome> handle) : CustomerModule<Notes>
{
    public ScriptModule(string name, string[] handles, Func<Notes, ModuleContext, Outcome> handle)
        : this(new ModuleContract { Name = name, Handles = handles.ToSequence(), Codec = NotesCodec.Instance, Publishes = [new FactDeclaration($"{name}.*")] }, handle)
    {
    }

    public override ModuleContract Contract { get; } = contract;

    protected override Outcome Handle(Notes state, ModuleContext context) => handle(state, context);
}

public sealed record Notes(Sequence<string> Lines)
{
    public Outcome.Accepted Plus(string line) => new() { State = new Notes(Lines.Add(line)) };
}

public sealed class NotesCodec(int version = 1) : SlotCodec<Notes>
{
    public static NotesCodec Instance { get; } = new();

    public override int Version => version;

    public override Notes Empty => new([]);

    protected override void Write(Notes state, SlotWriter writer)
    {
        writer.Whole(state.Lines.Count);
        foreach (var line in state.Lines)
        {
            writer.Text(line);
        }
    }

    protected override Notes Read(int version, ref SlotReader reader)
    {
        var lines = new string[reader.Int()];
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = reader.Code();
        }

        return new Notes(lines.ToSequence());
    }
}
