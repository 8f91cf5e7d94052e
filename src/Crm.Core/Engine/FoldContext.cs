using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The one context of a fold, set anew for each stimulus.</summary>
internal sealed class FoldContext(ModuleSet modules, DateTimeZone zone, DayCalendars calendars, bool wantsLines = true) : ModuleContext
{
    private CustomerState? state;
    private Stimulus? stimulus;
    private Fields observations;
    private CustomerId customer;
    private EventKey cause;
    private Instant instant;
    private bool alreadyAccepted;
    private readonly List<string>?[] changedFacts = new List<string>?[modules.Count];
    private int asked;
    private int untold;
    private Amending? amending;
    private JournalInput? recalled;
    private IReadOnlyList<SuppliesLeft> supplies = [];

    public override Stimulus Stimulus => stimulus ?? throw Outside();

    public override CustomerId Customer => customer;

    public override EventKey Cause => cause;

    public override Moment Moment => new(instant, zone) { Calendars = calendars };

    public override bool AlreadyAccepted => alreadyAccepted;

    public override bool WantsLines => wantsLines;

    public override bool IsHeard(string echo) => modules.HandlersFor(echo).Length > 0;

    public override IReadOnlyList<AmendedEvent> Amended => amending?.Events ?? [];

    public override object StateHad(EventKey key, CustomerEvent? happened) => amending is { Events: var events } && events.Any(amended => amended.Whole.Key == key) ? amending.StateHad(asked, key, happened) : base.StateHad(key, happened);

    public override object StateLater(EventKey key, Instant at) => amending is { Events: var events } && events.Any(amended => amended.Whole.Key == key) ? amending.StateLater(asked, at) : base.StateLater(key, at);

    public override IEnumerable<string> RecordedPrograms => recalled?.Entry.Recorded?.Programs ?? [];

    public override RecordedAward? Recorded(string program, DefinitionHash? now)
    {
        if (recalled is not { Entry.Recorded: { } record, Event: { } left } || record.Of(program, now, left, isWhole: !modules.Contracts[asked].Reversible) is not { } award)
        {
            return null;
        }

        WentByRecords = true;
        return award;
    }

    public override Sequence<LedgerEntry> RecordedMovements(string program, DefinitionHash? now)
    {
        if (recalled?.Entry.Recorded?.MovedIn(program, now) is not { IsEmpty: false } moved)
        {
            return [];
        }

        WentByRecords = true;
        return moved;
    }

    public override IReadOnlyList<string> ChangedFacts => changedFacts[asked] ?? (IReadOnlyList<string>)[];

    /// <summary>Whether some module does not know yet of a changed fact that it reads.</summary>
    public bool HasUntold => untold > 0;

    private CustomerState State => state ?? throw Outside();

    public void Enter(CustomerId whom, CustomerState with, EventKey because, Instant at, Fields observed, bool accepted, IReadOnlyList<SuppliesLeft> shortages)
    {
        supplies = shortages;
        customer = whom;
        state = with;
        cause = because;
        instant = at;
        observations = observed;
        alreadyAccepted = accepted;
        TellNobody();
    }

    public void Handle(Stimulus next) => stimulus = next;

    /// <summary>What is left of the event, and what it was recorded to have given.</summary>
    public void Recall(JournalInput input) => recalled = input.Entry.Recorded is null ? null : input;

    /// <summary>Whether the module whose turn it is asked for what was recorded, and got it.</summary>
    public bool WentByRecords { get; private set; }

    /// <summary>What may be asked about the amendment that is told of.</summary>
    public void Tell(Amending of) => amending = of;

    /// <summary>Whose turn it is.</summary>
    public void Ask(int module) => (asked, WentByRecords) = (module, false);

    /// <summary>Whether a module does not know yet of a changed fact that it reads.</summary>
    public bool IsUntold(int module) => changedFacts[module] is { Count: > 0 };

    /// <summary>Notes for the readers of a fact that its owner has changed it.</summary>
    public void FactChanged(int owner, string fact)
    {
        foreach (var reader in modules.ReadersOf(fact))
        {
            if (reader == owner)
            {
                continue;
            }

            var changed = changedFacts[reader] ??= [];
            untold += changed.Count == 0 ? 1 : 0;
            if (!changed.Contains(fact))
            {
                changed.Add(fact);
            }
        }
    }

    /// <summary>The module knows of all changes up to now.</summary>
    public void Told(int module)
    {
        if (IsUntold(module))
        {
            changedFacts[module]?.Clear();
            untold--;
        }
    }

    /// <summary>Forgets changes that nobody is told of any more.</summary>
    public void TellNobody()
    {
        for (var module = 0; untold > 0 && module < changedFacts.Length; module++)
        {
            Told(module);
        }
    }

    public void Leave()
    {
        state = null;
        stimulus = null;
        amending = null;
        recalled = null;
        supplies = [];
    }

    public override bool MayDraw(QuotaDraw draw)
    {
        for (var i = 0; i < supplies.Count; i++)
        {
            if (!supplies[i].Give(draw))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Counts what a module draws from what there is left.</summary>
    public void Draw(Sequence<QuotaDraw> draws)
    {
        for (var i = 0; i < supplies.Count && !draws.IsEmpty; i++)
        {
            foreach (var draw in draws)
            {
                supplies[i].Take(draw);
            }
        }
    }

    public override Scalar Field(string name) => name.StartsWith("lookup.", StringComparison.Ordinal)
        ? Observations.Lookup(observations, name)
        : stimulus switch
        {
            Stimulus.Happened(var happened) => EventFields.ReadScoped(happened, name),
            Stimulus.Echoed(var echo) => name == "event.kind" ? echo.Kind : name.StartsWith("event.", StringComparison.Ordinal) ? echo.Fields[name.AsSpan("event.".Length)] : default,
            _ => default,
        };

    public override bool Observed(Condition.Field leaf) =>
        State.ProfileTruths[modules.Windows.IndexOf(leaf)] ?? leaf.WhenMissing;

    public override Scalar Observed(string field) => State.ObservedValue(modules, field);

    public override Scalar Fact(string name, out Instant? validUntil) => State.Facts.Read(name, instant, out validUntil);

    public override Truth Window(Condition.EventWindow leaf) => State.Observed.Answer(leaf, instant, this);

    public override Scalar Measure(Condition.EventWindow leaf) => State.Observed.Measure(leaf.Meant(this), instant);

    private static InvalidOperationException Outside() =>
        new("A ModuleContext was used after the call it belonged to. Take what is needed from it during Handle, and do not keep it.");
}
