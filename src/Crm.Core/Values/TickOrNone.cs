using NodaTime;

namespace Crm.Values;

/// <summary>An instant to the tick (100 ns), or none (the default), in eight bytes: what values of which a customer has many keep instead of an <c>Instant?</c>, which takes three times as much.</summary>
public readonly record struct TickOrNone : IComparable<TickOrNone>
{
    // No instant has the least long as its ticks, so that one stands for none; shifted to 0, the default is none.
    private readonly long shifted;

    private TickOrNone(long shifted) => this.shifted = shifted;

    /// <summary>The instant; null: none.</summary>
    public Instant? Instant => shifted == 0 ? null : NodaTime.Instant.FromUnixTimeTicks(shifted ^ long.MinValue);

    /// <summary>An instant, of which what is finer than a tick is cut off, or none.</summary>
    public static TickOrNone Of(Instant? instant) => instant is { } some ? new(some.ToUnixTimeTicks() ^ long.MinValue) : default;

    /// <summary>The tick of so many ticks since the Unix epoch.</summary>
    internal static TickOrNone At(long ticks) => new(ticks ^ long.MinValue);

    /// <summary>The order of two instants; none comes after all.</summary>
    public int CompareTo(TickOrNone other) => Order.CompareTo(other.Order);

    private long Order => shifted == 0 ? long.MaxValue : shifted ^ long.MinValue;
}
