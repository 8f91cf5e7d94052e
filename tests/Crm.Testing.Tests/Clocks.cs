using NodaTime;

namespace Crm.Testing.Tests;

public sealed class Clocks
{
    [Fact]
    public void A_fake_clock_stands_still_until_it_is_moved()
    {
        var clock = FakeClock.At(2026, 11, 21);

        Assert.Equal(clock.GetCurrentInstant(), clock.GetCurrentInstant());
        Assert.Equal(Instant.FromUtc(2026, 11, 21, 1, 0), clock.Advance(Duration.FromHours(1)));
        clock.Set(Instant.FromUtc(2020, 1, 1, 0, 0));
        Assert.Equal(Instant.FromUtc(2020, 1, 1, 0, 0), clock.GetCurrentInstant());
    }
}
