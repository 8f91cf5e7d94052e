using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The one context of a fold, set anew for each stimulus.</summary>
internal sealed class FoldContext(ModuleSet modules, DateTimeZone zone) : ModuleContext
{
    private CustomerState? state;
    private Stimulus? stimulus;
    private Fields observations;
    private CustomerId customer;
    private EventKey cause;
    private Instant instant;
    private bool alreadyAccepted;

    public override Stimulus Stimulus => stimulus ?? throw Outside();

    public override CustomerId Customer => customer;

    public override EventKey Cause => cause;

    public override Moment Moment => new(instant, zone);

    public override bool AlreadyAccepted => alreadyAccepted;

    private CustomerState State => state ?? throw Outside();

    public void Enter(CustomerId whom, CustomerState with, EventKey because, Instant at, Fields observed, bool accepted)
    {
        customer = whom;
        state = with;
        cause = because;
        instant = at;
        observations = observed;
        alreadyAccepted = accepted;
    }

    public void Handle(Stimulus next) => stimulus = next;

    public void Leave()
    {
        state = null;
        stimulus = null;
    }

    public override bool MayDraw(string quota, long amount) => !Observations.IsClosed(observations, quota);

    public override Scalar Field(string name) => name.StartsWith("lookup.", StringComparison.Ordinal)
        ? Observations.Lookup(observations, name)
        : stimulus switch
        {
            Stimulus.Happened(var happened) => EventFields.ReadScoped(happened, name),
            Stimulus.Echoed(var echo) => name == "event.kind" ? echo.Kind : name.StartsWith("event.", StringComparison.Ordinal) ? echo.Fields[name["event.".Length..]] : default,
            _ => default,
        };

    public override bool Observed(Condition.Field leaf) =>
        State.ProfileTruths[modules.Windows.IndexOf(leaf)] ?? leaf.WhenMissing;

    public override Scalar Observed(string field) => State.ProfileValues[modules.ObservedFieldOf(field)];

    public override Scalar Fact(string name, out Instant? validUntil) => State.Facts.Read(name, instant, out validUntil);

    public override Truth Window(Condition.EventWindow leaf) => State.Observed.Answer(leaf, instant);

    private static InvalidOperationException Outside() =>
        new("A ModuleContext was used after the call it belonged to. Take what is needed from it during Handle, and do not keep it.");
}
