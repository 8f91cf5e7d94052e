using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>New, existing or sleeping: how long the silence of a customer is, in purchase cycles. The names are those of ECFIT, who published the model (ecfit-saas.com/2020/12/21/nes-2); others call S1 and S2 "E1" and "E2".</summary>
public enum Nes
{
    /// <summary>New: bought on one day, no more than a cycle ago.</summary>
    N,

    /// <summary>Existing: bought on several days, the latest no more than a cycle ago.</summary>
    E0,

    /// <summary>Drowsy: more than one and at most two cycles of silence, however often they had bought.</summary>
    S1,

    /// <summary>Half asleep: more than two and at most three cycles.</summary>
    S2,

    /// <summary>Asleep: more than three cycles.</summary>
    S3,
}

/// <summary>
/// Says where customers stand, and when they will stand elsewhere. What the published definition leaves open is fixed so: silence is counted in whole days of the calendar; a silence of exactly one cycle is still within it (and so for two and three);
/// who has bought on one day only falls asleep as all others do, and never becomes <see cref="Nes.E0"/> without buying again.
/// </summary>
/// <param name="Cycle">Whose cycle.</param>
public sealed record NesRule(PurchaseCycle Cycle)
{
    /// <summary>Where a customer stands on a day; not before the latest purchase.</summary>
    public Nes On(LocalDate day, PurchaseDays days)
    {
        var silence = days.SilenceOn(day);
        return silence <= Cycle.LastDayWithin(days, 1) ? days.Count == 1 ? Nes.N : Nes.E0
            : silence <= Cycle.LastDayWithin(days, 2) ? Nes.S1
            : silence <= Cycle.LastDayWithin(days, 3) ? Nes.S2
            : Nes.S3;
    }

    /// <summary>The first day on which the customer is in a state of sleep, or a deeper one, if nothing more is bought; null where that is beyond the calendar.</summary>
    /// <param name="state">S1: when they fall asleep; S2 or S3: when they sleep so deeply.</param>
    /// <param name="days">The customer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The state is none of sleep.</exception>
    public LocalDate? FirstDayIn(Nes state, PurchaseDays days)
    {
        if (state < Nes.S1)
        {
            throw new ArgumentOutOfRangeException(nameof(state), $"{state} is no state of sleep; S1, S2 or S3 is expected.");
        }

        var silence = Cycle.LastDayWithin(days, state - Nes.E0) + 1;
        return Calendars.Plus(days.Latest, silence);
    }

    /// <summary>The first day after a day on which the customer stands elsewhere, if nothing is bought; null: never.</summary>
    public LocalDate? ChangesAfter(LocalDate day, PurchaseDays days) =>
        new[] { Nes.S1, Nes.S2, Nes.S3 }.Select(state => FirstDayIn(state, days)).Where(first => first > day).DefaultIfEmpty(null).Min();
}

/// <summary>What a <see cref="Nes"/> is called in facts and files.</summary>
public static class NesNames
{
    /// <summary>"N", "E0", "S1", "S2" or "S3".</summary>
    public static string Code(this Nes nes) => nes switch
    {
        Nes.N => "N",
        Nes.E0 => "E0",
        Nes.S1 => "S1",
        Nes.S2 => "S2",
        Nes.S3 => "S3",
        _ => throw new ArgumentOutOfRangeException(nameof(nes), $"There is no state {(int)nes}; N, E0, S1, S2 and S3 are known."),
    };
}
