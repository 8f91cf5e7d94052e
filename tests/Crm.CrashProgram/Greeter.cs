using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.CrashProgram;

/// <summary>Thanks for every purchase, asks two hours later how it was, and gives away mugs while there are some.</summary>
public sealed class Greeter : CustomerModule<Greetings>
{
    public const string TakeMug = "mug.take";
    public const string Mugs = "mugs";
    public const string Channel = "file";

    public override ModuleContract Contract { get; } = new()
    {
        Name = "greeter",
        Codec = new GreetingsCodec(),
        Kinds = [new EventKind(TakeMug, EventNature.Request)],
        Handles = [EventKinds.PurchaseName, TakeMug],
        Publishes = [new FactDeclaration("greeter.thanked", Queryable: true), new FactDeclaration("greeter.asked", Queryable: true)],
    };

    /// <summary>The message that thanks for a purchase.</summary>
    public static string Thanks(EventKey purchase) => $"thanks/{purchase}";

    protected override Outcome Handle(Greetings state, ModuleContext context) => context.Stimulus switch
    {
        Stimulus.Happened({ Kind: EventKinds.PurchaseName }) => Told(state with { Thanked = state.Thanked + 1 }, context, Thanks(context.Cause)) with
        {
            Agenda = [new AgendaChange($"ask/{state.Thanked + 1}", context.Moment.Instant + Duration.FromHours(2))],
        },
        Stimulus.Happened({ Kind: TakeMug }) => context.MayDraw(Mugs, 1) || context.AlreadyAccepted
            ? new Outcome.Accepted { State = state with { Mugs = state.Mugs + 1 }, Quotas = [new QuotaDraw(Mugs, 1)] }
            : new Outcome.Refused("no-mugs", new Text("No mug is left.", "杯子已送完。")),
        Stimulus.Due(var entry) => Told(state with { Asked = state.Asked + 1 }, context, entry),
        _ => Outcome.Nothing,
    };

    private static Outcome.Accepted Told(Greetings state, ModuleContext context, string occasion) => new()
    {
        State = state,
        Facts = [new Fact("greeter.thanked", state.Thanked), new Fact("greeter.asked", state.Asked)],
        Messages =
        [
            new Message
            {
                Occasion = occasion,
                Channel = Channel,
                Template = "greeting",
                Purpose = "service",
                DecidedAt = context.Moment.Instant,
                UsefulUntil = context.Moment.Instant + Duration.FromDays(10_000),
            },
        ],
    };
}

public sealed record Greetings(int Thanked, int Asked, int Mugs);

internal sealed class GreetingsCodec : SlotCodec<Greetings>
{
    public override int Version => 1;

    public override Greetings Empty => new(0, 0, 0);

    protected override void Write(Greetings state, SlotWriter writer)
    {
        writer.Whole(state.Thanked);
        writer.Whole(state.Asked);
        writer.Whole(state.Mugs);
    }

    protected override Greetings Read(int version, ref SlotReader reader) => new(reader.Int(), reader.Int(), reader.Int());
}
