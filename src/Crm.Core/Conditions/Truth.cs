using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>The value of a condition at an instant, and until when it surely stays so.</summary>
/// <remarks>Every leaf of every condition makes one for every event: so it is as small as what two registers hold.</remarks>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Truth
{
    // The tick in which the value may change; the value in the lowest bit and above it how many nanoseconds after that tick begins.
    private readonly TickOrNone tick;
    private readonly int rest;

    /// <summary>A value that stays until an instant.</summary>
    /// <param name="Value">True or false.</param>
    /// <param name="ValidUntil">If nothing happens, the value does not change before this instant; at it, ask again. Null: it never changes by the passing of time.</param>
    public Truth(bool Value, Instant? ValidUntil)
    {
        tick = TickOrNone.Of(ValidUntil);
        rest = Value ? 1 : 0;
        if (ValidUntil is { } until && tick.Instant is { } begun && begun < until)
        {
            rest |= (int)(until - begun).ToInt64Nanoseconds() << 1;
        }
    }

    /// <summary>A value that stays until a tick begins.</summary>
    internal Truth(bool value, TickOrNone until)
    {
        tick = until;
        rest = value ? 1 : 0;
    }

    /// <summary>True or false.</summary>
    public bool Value
    {
        get => (rest & 1) != 0;
        init => rest = (rest & ~1) | (value ? 1 : 0);
    }

    /// <summary>If nothing happens, the value does not change before this instant; at it, ask again. Null: it never changes by the passing of time.</summary>
    public Instant? ValidUntil
    {
        get => tick.Instant is not { } begun ? null : rest >> 1 is 0 ? begun : begun + Duration.FromNanoseconds(rest >> 1);
        init => (tick, rest) = new Truth(Value, value) is var other ? (other.tick, other.rest) : default;
    }

    /// <summary><see cref="ValidUntil"/> as the first tick (100 ns) that is not before it: where instants are kept to the tick, asking earlier would be in vain.</summary>
    public TickOrNone AskAgain => rest >> 1 is 0 ? tick : TickOrNone.Of(tick.Instant?.Moved(Duration.FromTicks(1)));

    /// <summary>Both parts.</summary>
    public void Deconstruct(out bool Value, out Instant? ValidUntil) => (Value, ValidUntil) = (this.Value, this.ValidUntil);

    /// <summary>Whether no passing of time changes it.</summary>
    internal bool IsForGood => tick == default;

    /// <summary>Whether it may change before another does; what never changes comes after all.</summary>
    internal bool ChangesBefore(Truth other) => tick.CompareTo(other.tick) is var order && (order != 0 ? order < 0 : rest >> 1 < other.rest >> 1);

    /// <summary>The other value until the same instant.</summary>
    internal Truth Opposite => this with { Value = !Value };

    /// <summary>A value until the same instant.</summary>
    internal Truth As(bool value) => this with { Value = value };
}
