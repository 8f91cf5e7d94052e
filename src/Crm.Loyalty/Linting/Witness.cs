using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Linting;

/// <summary>Events that show a finding in an empty store, and what is claimed of them.</summary>
/// <param name="Steps">What happens, in the order of time.</param>
/// <param name="Claim">What is then so.</param>
public sealed record Witness(Sequence<WitnessStep> Steps, WitnessClaim Claim)
{
    /// <summary>The customer to whom it happens, where it is one.</summary>
    public static Identity Customer { get; } = new("witness", "one");

    /// <summary>Supplies that are filled beforehand.</summary>
    public Sequence<WitnessSupply> Supplies { get; init; }
}

/// <summary>Something that happens in a witness.</summary>
/// <param name="Event">The event, with its instant.</param>
/// <param name="Other">The other customer whom the event names by an id that only the store knows; null: none. He is known by then.</param>
public sealed record WitnessStep(CustomerEvent Event, Identity? Other = null)
{
    /// <summary>The field of the event that the other's id goes into; "" where there is no other.</summary>
    public string OtherField { get; init; } = "";
}

/// <summary>A supply of a witness.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Amount">How much is in it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct WitnessSupply(string Name, long Amount);

/// <summary>What is claimed of a witness.</summary>
public abstract record WitnessClaim
{
    private protected WitnessClaim()
    {
    }

    /// <summary>All events take effect, and none earns anything by a rule.</summary>
    /// <param name="Rule">The rule.</param>
    public sealed record EarnsNothing(string Rule) : WitnessClaim;

    /// <summary>The last event earns so much by a rule, and less than it should.</summary>
    /// <param name="Rule">The rule.</param>
    /// <param name="Wanted">What a single step gives.</param>
    public sealed record EarnsLess(string Rule, long Wanted) : WitnessClaim;

    /// <summary>The purchases earn these amounts by some rules together, one after the other.</summary>
    /// <param name="Rules">The rules.</param>
    /// <param name="Amounts">What each purchase earns.</param>
    public sealed record Earns(Sequence<string> Rules, Sequence<long> Amounts) : WitnessClaim;

    /// <summary>Something was counted for a ladder, and a tier is not held.</summary>
    /// <param name="Ladder">The ladder.</param>
    /// <param name="Tier">The tier.</param>
    public sealed record NotHeld(string Ladder, string Tier) : WitnessClaim;

    /// <summary>Units were earned, became available and were gone at an instant, without anything having been done with them.</summary>
    /// <param name="Unit">The unit.</param>
    /// <param name="At">The instant at which they became available.</param>
    public sealed record GoneWhenAvailable(string Unit, Instant At) : WitnessClaim;

    /// <summary>Rules keep answering each other after the last event, until the engine drops the rest.</summary>
    public sealed record CutOff : WitnessClaim;

    /// <summary>What was paid, less what was paid back, is at most what rewards and payments by units are worth, and nothing is owed.</summary>
    public sealed record MoneyBack : WitnessClaim;

    /// <summary>After the first event, nothing is paid and the balance of a unit grows.</summary>
    /// <param name="Unit">The unit.</param>
    public sealed record Grows(string Unit) : WitnessClaim;

    /// <summary>Nothing is paid, and a customer holds more than any new customer gets.</summary>
    /// <param name="Unit">The unit.</param>
    /// <param name="Gift">What a new customer gets.</param>
    public sealed record Gathers(string Unit, long Gift) : WitnessClaim;

    /// <summary>The code of a rule asks something of the machine.</summary>
    /// <param name="Rule">The rule.</param>
    /// <param name="Call">The call.</param>
    public sealed record Calls(string Rule, string Call) : WitnessClaim;

    /// <summary>What all customers together hold, at what units pay for, is at least what they have paid.</summary>
    /// <param name="Each">What units pay for.</param>
    public sealed record HoldsWorth(Sequence<UnitWorth> Each) : WitnessClaim;
}
