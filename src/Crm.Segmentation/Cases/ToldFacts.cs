using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Segmentation.Cases;

/// <summary>Publishes the facts that a case tells, in place of the modules that would, and declares the kinds of events that no module does.</summary>
internal sealed class ToldFacts(Sequence<string> facts, Sequence<EventKind> kinds) : CustomerModule<ToldFacts.Nothing>
{
    private const string Kind = "case.facts";
    private const string Gone = "gone";
    private const string Scope = EventFields.LookupScope;

    /// <summary>The one customer of a case.</summary>
    public static Identity Somebody { get; } = Identity.User("case");

    public override ModuleContract Contract { get; } = new()
    {
        Name = "case-facts",
        Codec = new NothingCodec(),
        Kinds = [new EventKind(Kind, EventNature.Happening), .. kinds],
        Handles = [Kind],
        Publishes = facts.Select(name => new FactDeclaration(name)).ToSequence(),
    };

    /// <summary>The event that tells facts. They are its look-ups, which may be values of any kind.</summary>
    public static CustomerEvent Event(CaseFacts told, int place) => new()
    {
        Key = new EventKey("case-facts", place.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Kind = Kind,
        Identity = Somebody,
        OccurredAt = told.At,
        Lookups = told.Gone.IsEmpty ? told.Values : told.Values.With(Gone, Scalar.Of(told.Gone)),
    };

    protected override Outcome Handle(Nothing state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var gone = context.Field(Scope + Gone).AsCodes;
        return new Outcome.Accepted
        {
            Facts = facts.Select(name => new Fact(name, context.Field(Scope + name))).Where(fact => !fact.Value.IsMissing || gone.Contains(fact.Name)).ToSequence(),
        };
    }

    internal sealed record Nothing;

    private sealed class NothingCodec : SlotCodec<Nothing>
    {
        public override int Version => 1;

        public override Nothing Empty { get; } = new();

        protected override void Write(Nothing state, SlotWriter writer)
        {
        }

        protected override Nothing Read(int version, ref SlotReader reader) => new();
    }
}
