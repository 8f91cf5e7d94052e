using System.Globalization;
using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>How far a customer has come. Who recommends others is an advocate besides, at whatever stage.</summary>
public enum Stage
{
    /// <summary>Has bought nothing.</summary>
    Prospect,

    /// <summary>Has bought once or a few times.</summary>
    Occasional,

    /// <summary>Buys regularly.</summary>
    Loyal,

    /// <summary>Is among those who are worth most.</summary>
    Core,
}

/// <summary>
/// Says at which stage customers are: core who spent a stated amount in the last twelve months, loyal who bought on enough days and are not overdue (<see cref="Nes.E0"/>), occasional who bought at all. The highest that holds counts.
/// </summary>
/// <param name="Nes">Who is overdue.</param>
public sealed record StageRule(NesRule Nes)
{
    /// <summary>On how many days a loyal customer has bought; 3 unless told, at least 2.</summary>
    public int LoyalDays
    {
        get;
        init => field = value >= 2 ? value : throw new ArgumentOutOfRangeException(nameof(value), string.Create(CultureInfo.InvariantCulture, $"Loyal customers are to have bought on {value} days; at least 2 are expected."));
    }

    = 3;

    /// <summary>The least spend of twelve months of core customers, in the main unit of the currency; <see cref="Concentration.LeastOfTop"/> finds it for a share of the customers. Null: nobody is core.</summary>
    public decimal? CoreSpend { get; init; }

    /// <summary>The stage of a customer on a day.</summary>
    /// <param name="day">Not before the latest purchase.</param>
    /// <param name="days">When the customer bought; null: never.</param>
    /// <param name="spendOfYear">What was spent in the twelve months up to then, net of refunds.</param>
    public Stage On(LocalDate day, PurchaseDays? days, decimal spendOfYear) =>
        days is not { } bought ? Stage.Prospect
        : spendOfYear >= CoreSpend ? Stage.Core
        : bought.Count >= LoyalDays && Nes.On(day, bought) == Habits.Nes.E0 ? Stage.Loyal
        : Stage.Occasional;
}

/// <summary>What a <see cref="Stage"/> is called in facts and files.</summary>
public static class StageNames
{
    /// <summary>"prospect", "occasional", "loyal" or "core".</summary>
    public static string Code(this Stage stage) => stage switch
    {
        Stage.Prospect => "prospect",
        Stage.Occasional => "occasional",
        Stage.Loyal => "loyal",
        Stage.Core => "core",
        _ => throw new ArgumentOutOfRangeException(nameof(stage), $"There is no stage {(int)stage}; prospect, occasional, loyal and core are known."),
    };
}
