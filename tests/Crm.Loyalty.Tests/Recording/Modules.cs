using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Publishes the fact "segment.vip" between two kinds of events, as a package before loyalty would.</summary>
internal sealed class VipWhen(string on, string off) : CustomerModule<VipWhen.Nothing>
{
    public override ModuleContract Contract { get; } = new()
    {
        Name = "vip",
        Codec = new NothingCodec(),
        Kinds = [new(on, EventNature.Happening), new(off, EventNature.Happening)],
        Handles = [on, off],
        Publishes = [new("segment.vip")],
    };

    public static CustomerEvent Event(string key, string kind) => new() { Key = EventKey.Parse(key), Kind = kind, Identity = Samples.Amy };

    protected override Outcome Handle(Nothing state, ModuleContext context) => context.Stimulus is Stimulus.Happened happened
        ? new Outcome.Accepted { Facts = [new Fact("segment.vip", happened.Event.Kind == on)] }
        : Outcome.Nothing;

    internal sealed class Nothing;

    internal sealed class NothingCodec : SlotCodec<Nothing>
    {
        private static readonly Nothing None = new();

        public override int Version => 1;

        public override Nothing Empty => None;

        protected override void Write(Nothing state, SlotWriter writer)
        {
        }

        protected override Nothing Read(int version, ref SlotReader reader) => None;
    }
}

/// <summary>Notes the echoes it hears.</summary>
internal sealed class Listener(params string[] kinds) : CustomerModule<VipWhen.Nothing>
{
    public List<string> Heard { get; } = [];

    public List<Echo> Echoes { get; } = [];

    /// <summary>When each was heard.</summary>
    public List<Instant> At { get; } = [];

    public override ModuleContract Contract { get; } = new() { Name = "listener", Codec = new VipWhen.NothingCodec(), Handles = kinds.ToSequence() };

    protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context)
    {
        if (context.Stimulus is Stimulus.Echoed(var echo))
        {
            var what = new[] { "tier", "to", "card", "reward", "challenge", "subject" }.Select(name => echo.Fields[name].AsCode).FirstOrDefault(code => code is not null);
            Echoes.Add(echo);
            At.Add(context.Moment.Instant);
            Heard.Add($"{echo.Fields["direction"].AsCode ?? echo.Kind} {what}");
        }

        return Outcome.Nothing;
    }
}
