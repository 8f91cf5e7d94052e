using NodaTime;

namespace Crm.Testing;

/// <summary>A clock that stands still until it is told to go. Safe for several threads.</summary>
/// <param name="now">Where it stands at first.</param>
public sealed class FakeClock(Instant now) : IClock
{
    private readonly Lock gate = new();
    private Instant now = now;

    /// <summary>A clock that stands at midnight of a day in UTC.</summary>
    public static FakeClock At(int year, int month, int day) => new(Instant.FromUtc(year, month, day, 0, 0));

    /// <inheritdoc/>
    public Instant GetCurrentInstant()
    {
        lock (gate)
        {
            return now;
        }
    }

    /// <summary>Sets the clock, forwards or back.</summary>
    public void Set(Instant instant)
    {
        lock (gate)
        {
            now = instant;
        }
    }

    /// <summary>Moves the clock; back when the duration is negative.</summary>
    /// <returns>Where it stands then.</returns>
    public Instant Advance(Duration by)
    {
        lock (gate)
        {
            now += by;
            return now;
        }
    }
}
