namespace Crm.Tool.Demo;

/// <summary>How a simulated customer buys.</summary>
/// <param name="Visits">How likely a visit is on an ordinary day, in ten-thousandths.</param>
/// <param name="JoinsLate">Whether the customer joins in the course of the simulation instead of its first weeks.</param>
/// <param name="Lapses">Whether the visits stop for good at some point.</param>
internal sealed record Habit(int Visits, bool JoinsLate, bool Lapses)
{
    private static readonly (Habit Item, int Weight)[] All =
    [
        (new(3_000, JoinsLate: false, Lapses: false), 8),
        (new(900, JoinsLate: false, Lapses: false), 22),
        (new(280, JoinsLate: false, Lapses: false), 34),
        (new(1_100, JoinsLate: false, Lapses: true), 16),
        (new(700, JoinsLate: true, Lapses: false), 20),
    ];

    /// <summary>Heavy, regular, light, lapsing or new.</summary>
    public static Habit Draw(SeededRandom random) => random.Pick<Habit>(All);
}
