using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>Where events count: empty lists leave it open.</summary>
public sealed record EarningScope
{
    /// <summary>The field of purchases and visits that names the shop.</summary>
    public const string StoreField = EventKinds.StoreField;

    /// <summary>Everywhere.</summary>
    public static EarningScope Everywhere { get; } = new();

    /// <summary>The channels, such as "shop" or "web".</summary>
    public Sequence<string> Channels { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>The shops, as the field "store" of the event names them.</summary>
    public Sequence<string> Stores { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>The brands.</summary>
    public Sequence<string> Brands { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>The same as a filter of events; null: everywhere.</summary>
    internal Condition? AsFilter()
    {
        var parts = new (string Field, Sequence<string> Codes)[] { ("event.channel", Channels), ("event.brand", Brands), ($"event.{StoreField}", Stores) }
            .Where(list => !list.Codes.IsEmpty).Select(list => (Condition)new Condition.Field(list.Field, new Test.OneOf(list.Codes.Select(code => (Scalar)code).ToSequence()), WhenMissing: false)).ToSequence();
        return parts.IsEmpty ? null : new Condition.All(parts);
    }

    /// <summary>Whether an event happened where it counts. An event that does not say where is outside of every list.</summary>
    public bool Covers(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return (Channels.IsEmpty || EarningBasis.Has(Channels, happened.Channel))
            && (Brands.IsEmpty || EarningBasis.Has(Brands, happened.Brand))
            && (Stores.IsEmpty || EarningBasis.Has(Stores, happened.Fields[StoreField].AsCode));
    }
}
