namespace Crm.Analytics.Figures;

/// <summary>The facts in which figures are kept. Whoever has never bought has none of them but the stage and whether they are an advocate.</summary>
public static class FigureNames
{
    /// <summary>The module's name.</summary>
    public const string Module = "analytics";

    /// <summary>Before the names of all figures.</summary>
    public const string Prefix = "analytics.";

    /// <summary>A number: how many days before the day of the step the latest purchase was. Kept in steps.</summary>
    public const string Recency = "analytics.recency";

    /// <summary>A number: on how many days something was bought.</summary>
    public const string Frequency = "analytics.frequency";

    /// <summary>A number: what was spent in all, net of refunds, in the main unit of the currency.</summary>
    public const string Monetary = "analytics.monetary";

    /// <summary>A number: the customer's own mean gap in days, to six decimals. No value before the second day of purchases.</summary>
    public const string Cycle = "analytics.cycle";

    /// <summary>A code: "N", "E0", "S1", "S2" or "S3".</summary>
    public const string Nes = "analytics.nes";

    /// <summary>A date: the first day on which the customer sleeps (S1), if nothing more is bought.</summary>
    public const string Sleeps = "analytics.sleeps";

    /// <summary>A code: "prospect", "occasional", "loyal" or "core".</summary>
    public const string Stage = "analytics.stage";

    /// <summary>A flag: true of advocates; no value of others.</summary>
    public const string Advocate = "analytics.advocate";

    /// <summary>A number: P(alive), 0 to 1, to six decimals. Kept in steps.</summary>
    public const string Alive = "analytics.alive";

    /// <summary>A number: how many purchase days are expected within the horizon, to six decimals. Kept in steps.</summary>
    public const string Expected = "analytics.expected";

    /// <summary>A number: what the customer is yet worth within the horizon, in the main unit of the currency, to four decimals; no value where the model's mean is infinite. Kept in steps.</summary>
    public const string Value = "analytics.value";

    /// <summary>A date: the first day on which P(alive) is below the stated threshold, if nothing more is bought; no value where that is never.</summary>
    public const string Asleep = "analytics.asleep";

    /// <summary>A date: the day of the alarm, if nothing more is bought; no value where that is never.</summary>
    public const string Alarm = "analytics.alarm";
}
