using System.Collections.Frozen;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>All versions of all programmes, ready for use.</summary>
internal sealed class LoyaltyPlans
{
    private readonly string[] elsewhere;
    private readonly Definition<LoyaltyProgram>[] others;
    private readonly Lazy<FrozenSet<string>> facts;

    public LoyaltyPlans(DefinitionCatalog<LoyaltyProgram> catalog, IEnumerable<Definition<LoyaltyProgram>> others)
    {
        this.others = [.. others];
        elsewhere = [.. this.others.Select(other => other.Name).Distinct(StringComparer.Ordinal)];
        var errors = catalog.All.SelectMany(Errors).ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidLoyaltyProgramException(null, errors);
        }

        facts = new Lazy<FrozenSet<string>>(() => Facts.ToFrozenSet(StringComparer.Ordinal));
        Programs = catalog.Names.Select(name => new ProgramVersions([.. catalog.All.Where(definition => definition.Name == name)])).ToArray();
    }

    /// <summary>By name.</summary>
    public ProgramVersions[] Programs { get; }

    /// <summary>Whether no other loyalty module of the host has further programmes.</summary>
    public bool AreAll => elsewhere.Length == 0;

    /// <summary>The kinds of events that programmes look at; all, where a date of the profile has to be noticed whatever brings it.</summary>
    public IEnumerable<string> Handled => DateFields.Any() || Programs.SelectMany(versions => versions.All).Any(plan => plan.KeepsFirstDay)
        ? ["*"]
        : Programs.SelectMany(versions => versions.All).SelectMany(plan => plan.Kinds);

    /// <summary>The dates and zones of the profile that rules go by.</summary>
    public IEnumerable<string> DateFields => Programs.SelectMany(versions => versions.All).SelectMany(plan => plan.Yearly).SelectMany(rule => new[] { rule.DateField, rule.ZoneField }).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    public IEnumerable<string> Facts => Programs.SelectMany(versions => versions.All)
        .SelectMany(plan => plan.Units.SelectMany(unit => new[] { unit.Fact, LoyaltyNames.PendingFact(plan.Name, unit.Name), LoyaltyNames.ReservedFact(plan.Name, unit.Name) }).Concat(plan.TierFacts).Append(LoyaltyNames.MemberFact(plan.Name)).Append(LoyaltyNames.PoolFact(plan.Name)).Concat(plan.Cards.SelectMany(card => card.Facts)))
        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <inheritdoc cref="Published(Outcome.Accepted)"/>
    public Outcome Published(Outcome outcome) => outcome is Outcome.Accepted accepted ? Published(accepted) : outcome;

    /// <summary>An outcome without the facts of programmes, units and cards that are gone, which nobody publishes any more.</summary>
    public Outcome.Accepted Published(Outcome.Accepted outcome) =>
        outcome.Facts.All(fact => facts.Value.Contains(fact.Name)) ? outcome : outcome with { Facts = outcome.Facts.Where(fact => facts.Value.Contains(fact.Name)).ToSequence() };

    /// <summary>Whether an event is a request about a programme that another loyalty module of the host has.</summary>
    public bool IsElsewhere(CustomerEvent request) => elsewhere.Length > 0 && request.Fields["program"].AsCode is { } program && Array.IndexOf(elsewhere, program) >= 0;

    /// <summary>The stamp cards that there are here at an instant.</summary>
    public IEnumerable<(string Program, string Card)> CardsHere(Instant at) => Programs.Select(versions => versions.At(at)).OfType<ProgramPlan>().SelectMany(plan => plan.Cards.Select(card => (plan.Name, card.Name)));

    /// <summary>The stamp cards that another loyalty module of the host has at an instant.</summary>
    public IEnumerable<(string Program, string Card)> CardsElsewhere(Instant at) =>
        others.Where(other => other.ActiveFrom <= at).GroupBy(other => other.Name, StringComparer.Ordinal)
            .SelectMany(versions => versions.MaxBy(version => version.Version)!.Value.StampCards.Select(card => (versions.Key, card.Name)));

    /// <summary>The programme that a request means which names none: the only one there is at its instant; null where the host has several, be they another module's. One that begins later takes nothing from what was asked before.</summary>
    public string? OnlyAt(Instant instant)
    {
        if (Programs.Length == 1 || elsewhere.Length > 0)
        {
            return elsewhere.Length == 0 ? Programs[0].Name : null;
        }

        string? only = null;
        foreach (var versions in Programs)
        {
            if (versions.At(instant) is not null)
            {
                if (only is not null)
                {
                    return null;
                }

                only = versions.Name;
            }
        }

        return only;
    }

    /// <summary>The names of all programmes of the host, for whoever named none of them.</summary>
    public string Known => string.Join(", ", Programs.Select(versions => versions.Name).Concat(elsewhere).Order(StringComparer.Ordinal));

    public ProgramVersions? Find(string program) => Named.In(Programs, program, static versions => versions.Name);

    private static IEnumerable<ProgramError> Errors(Definition<LoyaltyProgram> definition)
    {
        var place = $"{definition.Name} version {definition.Version}";
        var errors = LoyaltyProgramValidator.Errors(definition.Value).Select(error => error with { Path = $"{place}, {error.Path}" }).ToList();
        if (errors.Count == 0 && definition.Value.Name != definition.Name)
        {
            errors.Add(new ProgramError(place, $"The definition is named '{definition.Name}' and the programme in it '{definition.Value.Name}'; one name is expected."));
        }

        if (errors.Count == 0 && definition.Value.Hash != definition.Hash)
        {
            errors.Add(new ProgramError(place, $"The definition has the hash {definition.Hash}, but that of its programme is {definition.Value.Hash}; make definitions with LoyaltyProgram.Define."));
        }

        return errors;
    }
}

/// <summary>The versions of one programme.</summary>
internal sealed class ProgramVersions
{
    public ProgramVersions(IReadOnlyList<Definition<LoyaltyProgram>> definitions)
    {
        All = new ProgramPlan[definitions.Count];
        for (var i = 0; i < All.Length; i++)
        {
            All[i] = new ProgramPlan(definitions[i], [.. definitions.Skip(i + 1)], i > 0 ? All[i - 1] : null);
        }
    }

    public ProgramPlan[] All { get; }

    public string Name => All[0].Name;

    public ProgramPlan Latest => All[^1];

    /// <summary>The version that counts at an instant for a member: before the first that is the first, where the programme was given the past of the member.</summary>
    public ProgramPlan? At(Instant instant, LoyaltyState state) =>
        At(instant) ?? (state.In(Name).Counted(LoyaltyNames.CountsPast) > 0 ? All[0] : null);

    /// <summary>The version by which units are kept that come from elsewhere at an instant, whatever became of their kind since they left: the one that counts, otherwise the latest that knows the unit; null where none does.</summary>
    public ProgramPlan? Knowing(string unit, Instant instant) => At(instant) is { } plan && plan.UnitNamed(unit) is not null ? plan : Array.FindLast(All, known => known.UnitNamed(unit) is not null);

    /// <summary>The version that counts at an instant; null before the first.</summary>
    public ProgramPlan? At(Instant instant)
    {
        for (var i = All.Length - 1; i >= 0; i--)
        {
            if (All[i].Definition.ActiveFrom <= instant)
            {
                return All[i];
            }
        }

        return null;
    }
}
