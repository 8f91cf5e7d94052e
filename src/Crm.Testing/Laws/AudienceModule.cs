using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Publishes a value of each kind that conditions ask about; one of them runs out.</summary>
internal sealed class AudienceModule : CustomerModule<AudienceState>
{
    /// <summary>A kind of events that no host has by itself.</summary>
    public const string Visit = "town.visit";

    /// <summary>For how long the amount last spent is a fact.</summary>
    public static readonly Duration SpendLasts = Duration.FromHours(2);

    /// <inheritdoc/>
    public override ModuleContract Contract { get; } = new()
    {
        Name = "town",
        Codec = new AudienceCodec(),
        Kinds = [new EventKind(Visit, EventNature.Happening)],
        Handles = [EventKinds.PurchaseName, Visit],
        Publishes = [new FactDeclaration("town.*", Queryable: true)],
    };

    /// <inheritdoc/>
    protected override Outcome Handle(AudienceState state, ModuleContext context) => context.Stimulus is not Stimulus.Happened(var happened)
        ? Outcome.Nothing
        : new Outcome.Accepted
        {
            State = new AudienceState(state.Seen + 1),
            Facts =
            [
                new Fact("town.seen", state.Seen + 1),
                new Fact("town.channel", happened.Channel is { } channel ? channel : default(Scalar)),
                new Fact("town.last", context.Moment.Instant),
                new Fact("town.spend", (happened.Spend?.Amount ?? 0) / 4, context.Moment.Instant + SpendLasts),
            ],
        };
}

/// <summary>How many events were seen.</summary>
internal sealed record AudienceState(long Seen);

internal sealed class AudienceCodec : SlotCodec<AudienceState>
{
    public override int Version => 1;

    public override AudienceState Empty { get; } = new(0);

    protected override void Write(AudienceState state, SlotWriter writer) => writer.Whole(state.Seen);

    protected override AudienceState Read(int version, ref SlotReader reader) => new(reader.Whole());
}
